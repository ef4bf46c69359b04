//! One department's day, for its manager: what came in, how long it waited, who was there.

use serde_json::json;

use super::panel::{GREEN, Panel, RED, Reading, YELLOW};
use super::query::{DEPARTMENT, buckets, gauge, margin, printed, rate, staffing};
use super::{Board, Departments, words};
use crate::metrics::names::{self, Family};

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-department",
        title: "Förvaltning",
        description: "En förvaltnings samtal: målen, kön, väntetiderna och bemanningen.",
        refresh: "30s",
        from: "now/d",
        departments: Departments::One,
        is_technical: false,
        panels: vec![
            waiting(),
            longest(),
            agents(),
            staffed_now(),
            goals(),
            rates(),
            waits(),
            queue(),
            heatmap(
                "Väntan till svar",
                "Hur länge de som fick svar hade väntat. Ljusare är fler samtal.",
                &names::QUEUE_ANSWER_WAIT,
            ),
            heatmap(
                "Väntan till avbrott",
                "Hur länge de som gav upp hade väntat. Ljusare är fler samtal.",
                &names::QUEUE_ABANDON_WAIT,
            ),
            timeline(),
            dispositions(),
            switchboard(),
        ],
    }
}

fn waiting() -> Panel {
    Panel::stat("Väntar nu", "Samtal i förvaltningens kö just nu, och de som väntat för länge.")
        .unit("none")
        .ask(Reading::Instant, "Väntar", gauge(&names::WAITING, DEPARTMENT))
        .ask(Reading::Instant, "Över fem minuter", gauge(&names::WAITING_OVER, DEPARTMENT))
}

fn longest() -> Panel {
    Panel::stat(
        "Längsta väntetid nu",
        "Så länge har den väntat som väntat längst. Målet är fem minuter.",
    )
    .unit("dthms")
    .colors(&[(None, GREEN), (Some(240.0), YELLOW), (Some(300.0), RED)])
    .ask(Reading::Instant, "Längst", gauge(&names::LONGEST_WAIT, DEPARTMENT))
}

fn agents() -> Panel {
    let ready = format!("state=\"ready\", {DEPARTMENT}");
    Panel::stat(
        "Medarbetare",
        "Inloggade just nu och hur många som är lediga. Lediga visas inte när färre än tre är \
         inloggade, så att ingen enskild kan ses.",
    )
    .unit("none")
    .ask(Reading::Instant, "Inloggade", gauge(&names::AGENTS_LOGGED_IN, DEPARTMENT))
    .ask(Reading::Instant, "Lediga", gauge(&names::AGENTS, &ready))
}

fn staffed_now() -> Panel {
    Panel::stat("Numret nu", "Om telefonen är öppen och om någon är inloggad och inte pausad.")
        .unit("none")
        .words(words::STAFFING)
        .ask(Reading::Instant, "Numret", staffing(DEPARTMENT))
}

/// The goals in all windows: the share never without its count.
fn goals() -> Panel {
    let matchers = format!("goal!=\"SM3w\", {DEPARTMENT}");
    let share = gauge(&names::WINDOW_RATIO, &matchers);
    Panel::table(
        "Målen just nu och hittills",
        "En rad för varje mål och tid. Väntat antal är medel för samma timmar de senaste fyra \
         veckorna. Ett läge med få samtal säger lite.",
    )
    .size(24, 9)
    .unit("none")
    .ask(Reading::Table, "", printed(&share))
    .ask(Reading::Table, "", margin(&share))
    .ask(Reading::Table, "", gauge(&names::WINDOW_ELIGIBLE, &matchers))
    .ask(Reading::Table, "", gauge(&names::WINDOW_MISSED, &matchers))
    .ask(Reading::Table, "", gauge(&names::WINDOW_EXPECTED, &matchers))
    .columns(&[
        ("goal", "Mål"),
        ("window", "Tid"),
        ("Value #A", "Andel"),
        ("Value #B", "Läge"),
        ("Value #C", "Samtal"),
        ("Value #D", "Missade"),
        ("Value #E", "Väntat antal"),
    ])
    .field("Mål", &[("mappings", words::goals())])
    .field("Tid", &[("mappings", words::windows())])
    .share_field("Andel")
    .verdict_field("Läge")
    .field("Väntat antal", &[("decimals", json!(0))])
}

/// Calls in an hour at the pace of a counter.
fn hourly(family: &Family, matchers: &str) -> String {
    format!("3600 * {}", rate(family, matchers))
}

fn rates() -> Panel {
    Panel::curves(
        "Samtal i kön per timme",
        "I den takt som samtal kom, besvarades och gavs upp. Förlorade innehåller korta avbrott.",
    )
    .unit("none")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .interval("1m")
    .ask(Reading::Range, "Inkomna", hourly(&names::QUEUE_OFFERED, DEPARTMENT))
    .ask(Reading::Range, "Besvarade", hourly(&names::QUEUE_ANSWERED, DEPARTMENT))
    .ask(Reading::Range, "Inom fem minuter", hourly(&names::QUEUE_WITHIN, DEPARTMENT))
    .ask(Reading::Range, "Förlorade", hourly(&names::QUEUE_ABANDONED, DEPARTMENT))
    .ask(Reading::Range, "varav korta avbrott", hourly(&names::QUEUE_SHORT, DEPARTMENT))
}

fn waits() -> Panel {
    let percentiles =
        [("50", "Hälften"), ("90", "Nio av tio"), ("95", "19 av 20"), ("max", "Längst")];
    let panel = Panel::curves(
        "Väntetid i kön senaste timmen",
        "Så länge väntade hälften, nio av tio och 19 av 20 som längst, av dem som besvarades eller \
         gav upp.",
    )
    .unit("dthms")
    .default("min", json!(0))
    .colors(&[(None, GREEN), (Some(300.0), RED)]);
    percentiles.iter().fold(panel, |panel, (percentile, legend)| {
        let hour = format!("window=\"1h\", percentile=\"{percentile}\", {DEPARTMENT}");
        panel.ask(Reading::Range, legend, gauge(&names::QUEUE_WAIT, &hour))
    })
}

fn queue() -> Panel {
    Panel::curves("Kön", "Hur många som väntade, och hur många av dem över fem minuter.")
        .size(24, 7)
        .unit("none")
        .default("min", json!(0))
        .ask(Reading::Range, "Väntar", gauge(&names::WAITING, DEPARTMENT))
        .ask(Reading::Range, "Över fem minuter", gauge(&names::WAITING_OVER, DEPARTMENT))
}

fn heatmap(title: &'static str, description: &'static str, family: &Family) -> Panel {
    Panel::heatmap(title, description).interval("5m").ask(
        Reading::Heatmap,
        "{{le}}",
        buckets(family, DEPARTMENT),
    )
}

fn timeline() -> Panel {
    Panel::timeline(
        "Öppet och bemannat",
        "När telefonen var öppen, och om någon då var inloggad och inte pausad.",
    )
    .size(24, 5)
    .unit("none")
    .words(words::STAFFING)
    .ask(Reading::Range, "Numret", staffing(DEPARTMENT))
}

fn dispositions() -> Panel {
    Panel::curves(
        "Samtal som slutade på annat sätt, per timme",
        "Varken besvarade eller förlorade: kopplade vidare, uppringda senare, avvisade, stängt.",
    )
    .unit("none")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .interval("5m")
    .ask(Reading::Range, "{{disposition}}", hourly(&names::QUEUE_LEFT, DEPARTMENT))
    .named_series(words::DISPOSITIONS)
}

fn switchboard() -> Panel {
    Panel::curves(
        "Samtal till växeln per timme",
        "Endast för den förvaltning som har växeln; för andra är allt noll.",
    )
    .unit("none")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .interval("1m")
    .ask(Reading::Range, "Inkomna", hourly(&names::SWITCHBOARD_OFFERED, DEPARTMENT))
    .ask(Reading::Range, "Besvarade", hourly(&names::SWITCHBOARD_ANSWERED, DEPARTMENT))
    .ask(Reading::Range, "Inom tre signaler", hourly(&names::SWITCHBOARD_WITHIN, DEPARTMENT))
    .ask(Reading::Range, "Förlorade", hourly(&names::SWITCHBOARD_ABANDONED, DEPARTMENT))
    .ask(Reading::Range, "varav korta avbrott", hourly(&names::SWITCHBOARD_SHORT, DEPARTMENT))
}
