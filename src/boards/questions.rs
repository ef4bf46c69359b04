//! Questions by e-mail and e-service: a promise of two working days (goal 4).

use serde_json::json;

use super::panel::{GREEN, Panel, RED, Reading};
use super::query::{DEPARTMENT, buckets, each, gauge, named, rate};
use super::{Board, Departments, words};
use crate::metrics::names::{self, Family};

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-questions",
        title: "E-post och e-tjänster",
        description: "Frågor som väntar på svar och hur snart svaren kommer. Löftet är svar inom \
                      två arbetsdagar.",
        refresh: "1m",
        from: "now-7d",
        departments: Departments::Many,
        is_technical: false,
        panels: vec![open(), overdue(), deadline(), waiting(), within(), flow(), answer()],
    }
}

fn total(family: &Family) -> String {
    format!("sum({})", gauge(family, DEPARTMENT))
}

fn open() -> Panel {
    Panel::stat(
        "Obesvarade nu",
        "Frågor som ingen person har svarat på. Automatiska kvitton är inget svar.",
    )
    .size(8, 5)
    .unit("none")
    .ask(Reading::Instant, "Obesvarade", total(&names::QUESTIONS_OPEN))
}

fn overdue() -> Panel {
    let words = [(0, GREEN, "Inga försenade")];
    Panel::stat("Försenade nu", "Frågor vars två arbetsdagar har gått utan svar.")
        .size(8, 5)
        .unit("none")
        .colors(&[(None, GREEN), (Some(1.0), RED)])
        .words(&words)
        .ask(Reading::Instant, "Försenade", total(&names::QUESTIONS_OVERDUE))
}

fn deadline() -> Panel {
    Panel::stat("Nästa sista tid", "Då går tiden ut för den öppna fråga som har bråttomast.")
        .size(8, 5)
        .unit("dateTimeAsLocal")
        .ask(
            Reading::Instant,
            "Nästa",
            format!("1000 * min({})", each(&names::QUESTIONS_NEXT, DEPARTMENT)),
        )
}

fn waiting() -> Panel {
    Panel::table(
        "Per förvaltning och kanal",
        "Obesvarade och försenade frågor, och när nästa tid går ut.",
    )
    .size(24, 10)
    .unit("none")
    .ask(Reading::Table, "", named(&gauge(&names::QUESTIONS_OPEN, DEPARTMENT)))
    .ask(Reading::Table, "", gauge(&names::QUESTIONS_OVERDUE, DEPARTMENT))
    .ask(Reading::Table, "", format!("1000 * {}", gauge(&names::QUESTIONS_NEXT, DEPARTMENT)))
    .columns(&[
        ("name", "Förvaltning"),
        ("channel", "Kanal"),
        ("Value #A", "Obesvarade"),
        ("Value #B", "Försenade"),
        ("Value #C", "Nästa sista tid"),
        ("department", "department"),
    ])
    .department_field("Förvaltning")
    .field("Kanal", &[("mappings", words::channels())])
    .field("Nästa sista tid", &[("unit", json!("dateTimeAsLocal"))])
    .fault_field("Försenade", 1.0)
}

/// Of those answered, not of those received: what is still open is on the panels above.
fn within() -> Panel {
    let sum = |family| format!("sum({})", rate(family, DEPARTMENT));
    Panel::curves(
        "Svar inom två arbetsdagar, per dygn",
        "Andel av de besvarade frågorna vars första svar från en person kom i tid, och antalet \
         besvarade. Månadens siffra står i rapporten.",
    )
    .unit("percentunit")
    .default("decimals", json!(1))
    .default("max", json!(1))
    .default("min", json!(0))
    .interval("1d")
    .ask(
        Reading::Range,
        "Andel i tid",
        format!("{} / {}", sum(&names::QUESTIONS_WITHIN), sum(&names::QUESTIONS_ANSWERED)),
    )
    .ask(Reading::Range, "Besvarade", format!("86400 * {}", sum(&names::QUESTIONS_ANSWERED)))
    .count_axis("Besvarade")
}

fn flow() -> Panel {
    let hourly = |family| format!("3600 * sum by (channel) ({})", rate(family, DEPARTMENT));
    Panel::curves(
        "Inkomna och besvarade per timme",
        "Frågor som kom och frågor som en person svarade på.",
    )
    .unit("none")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .interval("1h")
    .ask(Reading::Range, "{{channel}}: inkomna", hourly(&names::QUESTIONS_RECEIVED))
    .ask(Reading::Range, "{{channel}}: besvarade", hourly(&names::QUESTIONS_ANSWERED))
    .named_series(&[
        ("email: inkomna", "E-post: inkomna"),
        ("email: besvarade", "E-post: besvarade"),
        ("e_service: inkomna", "E-tjänst: inkomna"),
        ("e_service: besvarade", "E-tjänst: besvarade"),
    ])
}

fn answer() -> Panel {
    Panel::heatmap(
        "Arbetstid till första svar",
        "Hur lång arbetstid det gick från fråga till svar, med åtta timmar på en arbetsdag: två \
         arbetsdagar är 16 timmar. Ljusare är fler svar.",
    )
    .size(24, 9)
    .interval("1h")
    .ask(Reading::Heatmap, "{{le}}", buckets(&names::QUESTION_ANSWER, DEPARTMENT))
}
