//! Staffing: whether each number had someone to answer it, and how many call when.

use serde_json::json;

use super::panel::{GREEN, Panel, Reading, YELLOW};
use super::query::{DEPARTMENT, each, gauge, named, staffing};
use super::{Board, Departments, words};
use crate::metrics::names;

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-staffing",
        title: "Bemanning",
        description: "Om det finns någon som svarar på varje nummer, och hur många som ringer när.",
        refresh: "1m",
        from: "now/d",
        departments: Departments::Many,
        is_technical: false,
        panels: vec![
            switchboard(),
            timeline(),
            unstaffed(),
            without_data(),
            states(),
            logged_in(),
            expected(),
            offered(),
        ],
    }
}

fn switchboard() -> Panel {
    Panel::timeline(
        "Växeln",
        "När huvudnumret är öppet: då ska varje förvaltning ha ett bemannat nummer.",
    )
    .size(24, 4)
    .unit("none")
    .words(words::OPENING)
    .ask(Reading::Range, "Växeln", gauge(&names::SWITCHBOARD_OPEN, ""))
}

fn timeline() -> Panel {
    Panel::timeline(
        "Bemannade nummer",
        "Om någon är inloggad och inte pausad, medan förvaltningens telefon är öppen. Okänt betyder \
         att telefonin inte har sagt något om medarbetare där.",
    )
    .size(24, 10)
    .unit("none")
    .words(words::STAFFING)
    .ask(Reading::Range, "{{name}}", named(&staffing(DEPARTMENT)))
}

/// The growth of a counter that is never reset: no look is missed, and nothing is invented. What the
/// ledger counted before Prometheus looked first is of no use to anyone.
fn unstaffed() -> Panel {
    let counted = |then: &str| {
        let seconds = each(&names::UNSTAFFED_SECONDS, DEPARTMENT);
        format!("max without (instance) ({seconds}{then})")
    };
    let first = format!("min_over_time({}[$__range])", each(&names::UNSTAFFED_SECONDS, DEPARTMENT));
    let before = format!("({} or max without (instance) ({first}))", counted(" offset $__range"));
    let minutes = format!("({} - {before}) / 60", counted(""));
    Panel::table(
        "Obemannade minuter under den valda tiden",
        "Minuter då numret skulle ha varit bemannat och ingen fanns att svara, räknade av tjänsten \
         medan tiden går: en sen rättelse syns i rapporterna. Tid utan uppgifter räknas inte.",
    )
    .size(12, 9)
    .unit("none")
    .default("decimals", json!(1))
    .ask(Reading::Table, "", named(&minutes))
    .columns(&[("name", "Förvaltning"), ("Value", "Obemannade"), ("department", "department")])
    .department_field("Förvaltning")
    .fault_field("Obemannade", 1.0)
}

fn without_data() -> Panel {
    Panel::stat(
        "Utan uppgifter i dag",
        "Växelns öppettid i dag där ingen källa hördes av på länge: då är bemanningen okänd.",
    )
    .size(24, 4)
    .unit("s")
    .colors(&[(None, GREEN), (Some(1.0), YELLOW)])
    .ask(Reading::Instant, "Utan uppgifter", gauge(&names::WITHOUT_DATA, ""))
}

fn states() -> Panel {
    let by_state = format!("sum by (state) ({})", gauge(&names::AGENTS, DEPARTMENT));
    Panel::curves(
        "Medarbetare efter vad de gör",
        "Summan av valda förvaltningar med minst tre inloggade; andra visas inte, så att ingen \
         enskild kan ses. En medarbetare i flera förvaltningar räknas i var och en.",
    )
    .size(12, 9)
    .unit("none")
    .default("min", json!(0))
    .ask(Reading::Range, "{{state}}", by_state)
    .named_series(words::STATES)
}

fn logged_in() -> Panel {
    Panel::curves("Inloggade medarbetare", "Antal inloggade, även pausade.")
        .size(24, 8)
        .unit("none")
        .default("min", json!(0))
        .ask(Reading::Range, "{{name}}", named(&gauge(&names::AGENTS_LOGGED_IN, DEPARTMENT)))
        .ask(Reading::Range, "Hela kommunen", gauge(&names::ALL_AGENTS_LOGGED_IN, ""))
}

fn expected() -> Panel {
    let hour = "goal=\"SM3\", window=\"1h\"";
    let came = each(&names::ALL_WINDOW_ELIGIBLE, hour);
    Panel::curves(
        "Samtal senaste timmen mot det väntade",
        "Samtal till kundtjänst i hela kommunen under den senaste timmen, samma timme förra veckan \
         och medel av de fyra senaste veckorna.",
    )
    .size(24, 8)
    .unit("none")
    .default("decimals", json!(0))
    .default("min", json!(0))
    .ask(Reading::Range, "Senaste timmen", format!("max without (instance) ({came})"))
    .ask(Reading::Range, "Förra veckan", format!("max without (instance) ({came} offset 1w)"))
    .ask(Reading::Range, "Väntat", gauge(&names::ALL_WINDOW_EXPECTED, hour))
}

/// A bar an hour: what came within it, counted by the daemon and not by growth of a counter.
fn offered() -> Panel {
    let hour = format!("goal=\"SM3\", window=\"1h\", {DEPARTMENT}");
    let bars = json!({
        "drawStyle": "bars",
        "fillOpacity": 70,
        "lineWidth": 0,
        "stacking": {"mode": "normal", "group": "A"},
    });
    Panel::curves(
        "Inkomna samtal, timme för timme",
        "Samtal till kundtjänst i timmen före varje hel timme. Välj en vecka eller mer för att se \
         veckodagarna.",
    )
    .size(24, 9)
    .unit("none")
    .default("min", json!(0))
    .default("custom", bars)
    .interval("1h")
    .ask(Reading::Range, "{{name}}", named(&gauge(&names::WINDOW_ELIGIBLE, &hour)))
}
