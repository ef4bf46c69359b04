//! The month's goals, for managers: where each department stands and where it is heading.

use serde_json::json;

use super::panel::{Panel, Reading};
use super::query::{DEPARTMENT, gauge, margin, named, printed, target};
use super::{Board, Departments, words};
use crate::metrics::names::{self, Family};

/// The variant of goal 3 is no promise of its own.
const PROMISES: &str = "goal!=\"SM3w\"";

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-goals",
        title: "Mål månad",
        description: "Servicemålen i kalendermånaden hittills. Månadens slutliga siffror står i \
                      rapporterna.",
        refresh: "1m",
        from: "now/M",
        departments: Departments::Many,
        is_technical: false,
        panels: vec![
            whole(),
            by_department(),
            cumulative(
                "Mål 1 och 2 hittills i månaden",
                "Andelen sedan månadens början, dag för dag, med den nivå som ska nås.",
                &["SM1", "SM2"],
            ),
            cumulative(
                "Mål 3 hittills i månaden",
                "Andelen förlorade samtal sedan månadens början. Den ska ligga under nivån.",
                &["SM3"],
            ),
            days(
                "Hela kommunen, dag för dag",
                "Om målen nåddes varje dag. Dagar utan samtal är tomma.",
                "{{goal}}",
                day_margin(&names::ALL_WINDOW_RATIO, PROMISES),
            )
            .field("SM1", &[("displayName", json!("Mål 1"))])
            .field("SM2", &[("displayName", json!("Mål 2"))])
            .field("SM3", &[("displayName", json!("Mål 3"))]),
            days(
                "Mål 2 per förvaltning, dag för dag",
                "Om kundtjänst svarade inom fem minuter, varje dag.",
                "{{name}}",
                day_of_departments("SM2"),
            ),
            days(
                "Mål 3 per förvaltning, dag för dag",
                "Om förlorade samtal höll sig under nivån, varje dag.",
                "{{name}}",
                day_of_departments("SM3"),
            ),
        ],
    }
}

/// The columns after the names.
fn columns(panel: Panel) -> Panel {
    panel
        .field("Mål", &[("mappings", words::goals())])
        .share_field("Andel")
        .verdict_field("Läge")
        .share_field("Utrymme kvar")
        .share_field("Prognos")
        .verdict_field("Prognosens läge")
        .unit("none")
}

const SHOWN: [(&str, &str); 7] = [
    ("Value #A", "Andel"),
    ("Value #B", "Läge"),
    ("Value #C", "Samtal"),
    ("Value #D", "Missade"),
    ("Value #E", "Utrymme kvar"),
    ("Value #F", "Prognos"),
    ("Value #G", "Prognosens läge"),
];

fn whole() -> Panel {
    let month = format!("{PROMISES}, window=\"month\"");
    let share = gauge(&names::ALL_WINDOW_RATIO, &month);
    let projected = gauge(&names::ALL_MONTH_PROJECTED, PROMISES);
    let panel = Panel::table(
        "Hela kommunen hittills i månaden",
        "Utrymme kvar är hur stor del av de missar som månaden tål som återstår. Prognosen säger \
         var månaden hamnar om resten går som de senaste fem öppna dagarna; den är ingen \
         publicerad siffra.",
    )
    .size(24, 5)
    .ask(Reading::Table, "", printed(&share))
    .ask(Reading::Table, "", margin(&share))
    .ask(Reading::Table, "", gauge(&names::ALL_WINDOW_ELIGIBLE, &month))
    .ask(Reading::Table, "", gauge(&names::ALL_WINDOW_MISSED, &month))
    .ask(Reading::Table, "", gauge(&names::ALL_MONTH_REMAINING, PROMISES))
    .ask(Reading::Table, "", printed(&projected))
    .ask(Reading::Table, "", margin(&projected))
    .columns(&[&[("goal", "Mål")], &SHOWN[..]].concat());
    columns(panel)
}

fn by_department() -> Panel {
    let promised = format!("{PROMISES}, {DEPARTMENT}");
    let month = format!("{promised}, window=\"month\"");
    let share = gauge(&names::WINDOW_RATIO, &month);
    let projected = gauge(&names::MONTH_PROJECTED, &promised);
    let names_first = [("name", "Förvaltning"), ("goal", "Mål")];
    let panel = Panel::table(
        "Förvaltningarna hittills i månaden",
        "En rad för varje mål och förvaltning. Klicka på en förvaltning för att se dess dag. Utan \
         samtal finns ingen andel.",
    )
    .size(24, 12)
    // The names come with the counts, which are there also without calls.
    .ask(Reading::Table, "", printed(&share))
    .ask(Reading::Table, "", margin(&share))
    .ask(Reading::Table, "", named(&gauge(&names::WINDOW_ELIGIBLE, &month)))
    .ask(Reading::Table, "", gauge(&names::WINDOW_MISSED, &month))
    .ask(Reading::Table, "", gauge(&names::MONTH_REMAINING, &promised))
    .ask(Reading::Table, "", printed(&projected))
    .ask(Reading::Table, "", margin(&projected))
    .columns(&[&names_first, &SHOWN[..], &[("department", "department")]].concat())
    .department_field("Förvaltning");
    columns(panel)
}

fn cumulative(title: &'static str, description: &'static str, goals: &[&str]) -> Panel {
    let panel = Panel::curves(title, description)
        .unit("percentunit")
        .default("decimals", json!(1))
        .interval("15m");
    goals.iter().fold(panel, |panel, goal| {
        let number = goal.trim_start_matches("SM");
        let month = format!("goal=\"{goal}\", window=\"month\"");
        let level = format!("Mål {number}: nivå");
        let dashes = json!({"fill": "dash", "dash": [8, 6]});
        panel
            .ask(Reading::Range, &format!("Mål {number}"), gauge(&names::ALL_WINDOW_RATIO, &month))
            .ask(Reading::Range, &level, target(goal))
            .field(&level, &[("custom.lineStyle", dashes), ("custom.fillOpacity", json!(0))])
    })
}

fn days(title: &'static str, description: &'static str, legend: &str, expression: String) -> Panel {
    Panel::history(title, description).size(24, 8).unit("none").interval("1d").verdict().ask(
        Reading::Range,
        legend,
        expression,
    )
}

fn day_of_departments(goal: &str) -> String {
    let matchers = format!("goal=\"{goal}\", {DEPARTMENT}");
    named(&day_margin(&names::WINDOW_RATIO, &matchers))
}

/// How far the last "today" of each day was from the level. A day's cell stands at its midnight in
/// Sweden and looks ahead; on the two days that clocks change it may begin or end an hour off,
/// when nobody calls.
fn day_margin(ratio: &Family, matchers: &str) -> String {
    let today = gauge(ratio, &format!("window=\"today\", {matchers}"));
    format!("last_over_time(({})[23h:5m] offset -23h)", margin(&today))
}
