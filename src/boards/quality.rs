//! Quality: how many questions are settled at once, and what citizens say.

use serde_json::json;

use super::panel::{Panel, Reading};
use super::query::{DEPARTMENT, above, gauge, named, printed_against, rate};
use super::{Board, Departments};
use crate::metrics::names::{self, Family};

const SATISFACTION: &str = "SATISFACTION";
const RESOLUTION: &str = "FCR";

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-quality",
        title: "Kvalitet",
        description: "Andel frågor som löses vid första kontakten och andel nöjda medborgare, mot \
                      de nivåer som gäller i dag.",
        refresh: "5m",
        from: "now-90d",
        departments: Departments::Many,
        is_technical: false,
        panels: vec![
            satisfied(),
            departments(),
            resolution(),
            classified(),
            resolution_by_department(),
            satisfaction_over_time(),
        ],
    }
}

fn satisfied() -> Panel {
    let share = gauge(&names::ALL_SURVEY_SATISFIED, "");
    Panel::stat(
        "Nöjda medborgare, senaste undersökningen",
        "Andel nöjda eller mycket nöjda i hela kommunen, för varje mått, och antalet svar. \
         Läget är mot den nivå som gäller i dag.",
    )
    .size(24, 5)
    .unit("none")
    .ask(Reading::Instant, "Andel ({{measure}})", printed_against(&share, SATISFACTION))
    .ask(Reading::Instant, "Läge ({{measure}})", above(&share, SATISFACTION))
    .ask(Reading::Instant, "Svar ({{measure}})", gauge(&names::ALL_SURVEY_RESPONSES, ""))
    .query_field("A", &[("unit", json!("percentunit")), ("decimals", json!(1))])
    .verdict_query("B")
}

fn departments() -> Panel {
    let share = gauge(&names::SURVEY_SATISFIED, DEPARTMENT);
    Panel::table(
        "Nöjda per förvaltning, senaste undersökningen",
        "Andel nöjda med antalet svar bakom. Läget är mot den nivå som gäller i dag.",
    )
    .size(24, 8)
    .unit("none")
    .ask(Reading::Table, "", named(&printed_against(&share, SATISFACTION)))
    .ask(Reading::Table, "", above(&share, SATISFACTION))
    .ask(Reading::Table, "", gauge(&names::SURVEY_RESPONSES, DEPARTMENT))
    .columns(&[
        ("name", "Förvaltning"),
        ("measure", "Mått"),
        ("Value #A", "Andel"),
        ("Value #B", "Läge"),
        ("Value #C", "Svar"),
        ("department", "department"),
    ])
    .department_field("Förvaltning")
    .share_field("Andel")
    .verdict_field("Läge")
}

/// Of a week, since a day has few questions.
fn share(by: &str) -> String {
    let sum = |family: &Family| format!("sum{by} ({})", rate(family, DEPARTMENT));
    let (resolved, classified) =
        (sum(&names::FIRST_CONTACT_RESOLVED), sum(&names::FIRST_CONTACT_CLASSIFIED));
    format!("{resolved} / {classified}")
}

fn resolution() -> Panel {
    Panel::curves(
        "Löst vid första kontakten, vecka för vecka",
        "Andel av frågorna vid disken som löstes där, av dem som man vet hur det gick för. Den \
         streckade linjen är målets nivå. Månadernas siffror står i rapporterna.",
    )
    .unit("percentunit")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .default("max", json!(1))
    .interval("7d")
    .ask(Reading::Range, "Lösningsgrad", share(""))
    .level_of(RESOLUTION)
}

fn classified() -> Panel {
    let weekly = |family| format!("7 * 86400 * sum({})", rate(family, DEPARTMENT));
    Panel::curves(
        "Frågor bakom lösningsgraden, vecka för vecka",
        "Frågor som man vet hur det gick för, och de av dem som löstes vid disken.",
    )
    .unit("none")
    .default("decimals", json!(0))
    .default("min", json!(0))
    .interval("7d")
    .ask(Reading::Range, "Kända", weekly(&names::FIRST_CONTACT_CLASSIFIED))
    .ask(Reading::Range, "Lösta", weekly(&names::FIRST_CONTACT_RESOLVED))
}

fn resolution_by_department() -> Panel {
    Panel::curves(
        "Löst vid första kontakten per förvaltning, vecka för vecka",
        "Samma andel för varje vald förvaltning. Den streckade linjen är målets nivå.",
    )
    .unit("percentunit")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .default("max", json!(1))
    .interval("7d")
    .ask(Reading::Range, "{{name}}", named(&share(" by (department)")))
    .level_of(RESOLUTION)
}

fn satisfaction_over_time() -> Panel {
    Panel::curves(
        "Nöjda över tid",
        "Senaste undersökningens andel för hela kommunen, mått för mått. Den streckade linjen är \
         målets nivå. Välj ett år eller mer.",
    )
    .unit("percentunit")
    .default("decimals", json!(1))
    .default("min", json!(0))
    .default("max", json!(1))
    .interval("1d")
    .ask(Reading::Range, "{{measure}}", gauge(&names::ALL_SURVEY_SATISFIED, ""))
    .level_of(SATISFACTION)
}
