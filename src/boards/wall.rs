//! The board on the wall of customer service: how it goes today, seen across a room.

use serde_json::json;

use super::panel::{GREEN, Panel, RED, Reading, YELLOW};
use super::query::{FIRING, each, gauge, margin, named, printed, staffing};
use super::{Board, Departments, words};
use crate::metrics::names;

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-wall",
        title: "Väggtavla",
        description: "Dagens servicemål, kön just nu och vilka nummer som är bemannade.",
        refresh: "10s",
        from: "now/d",
        departments: Departments::None,
        is_technical: false,
        panels: vec![
            goal(
                "SM1",
                "Mål 1 i dag: svar inom tre signaler",
                "Andel samtal till växeln i dag som en person besvarat i tid. Målet är minst 90 %.",
            ),
            goal(
                "SM2",
                "Mål 2 i dag: svar inom fem minuter",
                "Andel samtal till kundtjänst i dag som besvarats inom fem minuter, av alla som \
                 kom in under öppettid utom korta avbrott.",
            ),
            goal(
                "SM3",
                "Mål 3 i dag: förlorade samtal",
                "Andel av dagens samtal i kön där den som ringde gav upp. Målet är högst 10 %.",
            ),
            waiting(),
            longest(),
            agents(),
            data_age(),
            waiting_by_department(),
            alerts(),
            staffed(),
        ],
    }
}

/// A goal of the whole municipality today: the share, a word, and how many calls.
fn goal(id: &str, title: &'static str, description: &'static str) -> Panel {
    let today = format!("goal=\"{id}\", window=\"today\"");
    let share = gauge(&names::ALL_WINDOW_RATIO, &today);
    Panel::stat(title, description)
        .size(8, 6)
        .unit("none")
        .ask(Reading::Instant, "Andel", printed(&share))
        .ask(Reading::Instant, "Läge", margin(&share))
        .ask(Reading::Instant, "Samtal", gauge(&names::ALL_WINDOW_ELIGIBLE, &today))
        .share_field("Andel")
        .verdict_field("Läge")
}

fn waiting() -> Panel {
    Panel::stat(
        "Väntar nu",
        "Samtal som väntar i kön just nu, och hur många av dem som väntat för länge.",
    )
    .unit("none")
    .ask(Reading::Instant, "Väntar", gauge(&names::ALL_WAITING, ""))
    .ask(Reading::Instant, "Över fem minuter", gauge(&names::ALL_WAITING_OVER, ""))
    .fault_field("Över fem minuter", 1.0)
}

fn longest() -> Panel {
    Panel::stat(
        "Längsta väntetid nu",
        "Så länge har den väntat som väntat längst. Målet är fem minuter.",
    )
    .unit("dthms")
    .colors(&[(None, GREEN), (Some(240.0), YELLOW), (Some(300.0), RED)])
    .ask(Reading::Instant, "Längst", gauge(&names::ALL_LONGEST_WAIT, ""))
}

fn agents() -> Panel {
    Panel::stat(
        "Medarbetare",
        "Inloggade just nu och hur många av dem som är lediga för nästa samtal. Lediga visas inte \
         när det skulle röja vad enstaka personer gör.",
    )
    .unit("none")
    .ask(Reading::Instant, "Inloggade", gauge(&names::ALL_AGENTS_LOGGED_IN, ""))
    .ask(Reading::Instant, "Lediga", gauge(&names::ALL_AGENTS, "state=\"ready\""))
}

fn data_age() -> Panel {
    let age = |family| format!("time() - max({})", each(family, ""));
    Panel::stat(
        "Siffrornas ålder",
        "Tid sedan tavlan senast räknades om, och sedan den senaste händelsen från telefonin. \
         Under dagen bör båda vara korta.",
    )
    .unit("dthms")
    .ask(Reading::Instant, "Uträkning", age(&names::READER_CLOCK))
    .ask(Reading::Instant, "Senaste händelse", age(&names::LAST_EVENT))
    .fault_field("Uträkning", 120.0)
}

fn waiting_by_department() -> Panel {
    Panel::table("Kön per förvaltning", "Väntande samtal och längsta väntetid just nu.")
        .unit("none")
        .ask(Reading::Table, "", named(&gauge(&names::WAITING, "")))
        .ask(Reading::Table, "", gauge(&names::LONGEST_WAIT, ""))
        .ask(Reading::Table, "", staffing(""))
        .columns(&[
            ("name", "Förvaltning"),
            ("Value #A", "Väntar"),
            ("Value #B", "Längsta väntetid"),
            ("Value #C", "Nummer"),
            ("department", "department"),
        ])
        .department_field("Förvaltning")
        .field("Längsta väntetid", &[("unit", json!("dthms"))])
        .field("Nummer", &words::staffing_properties())
}

fn alerts() -> Panel {
    Panel::table("Larm", "Larm som gäller just nu. Tomt när allt är som det ska.")
        .unit("none")
        .ask(Reading::Table, "", FIRING.to_owned())
        .columns(&[
            ("alertname", "Larm"),
            ("severity", "Allvar"),
            ("department", "department"),
            ("goal", "Mål"),
        ])
        .field("department", &[("displayName", json!("Förvaltning"))])
        .field("Mål", &[("mappings", words::goals())])
        .field("Allvar", &[("mappings", words::severities())])
        .default("noValue", json!("Inga larm"))
}

fn staffed() -> Panel {
    Panel::timeline(
        "Bemannade nummer i dag",
        "Om någon är inloggad och inte pausad, medan förvaltningens telefon är öppen.",
    )
    .size(24, 9)
    .unit("none")
    .words(words::STAFFING)
    .ask(Reading::Range, "{{name}}", named(&staffing("")))
}
