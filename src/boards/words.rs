//! Words that several boards show for what metrics call by codes.

use serde_json::{Value, json};

use super::panel::{GREEN, GREY, RED, YELLOW, numbers, texts};

/// What the numbers of [`super::query::staffing`] mean.
pub(super) const STAFFING: &[(i64, &str, &str)] =
    &[(0, GREY, "Stängt"), (1, RED, "Obemannad"), (2, GREEN, "Bemannad"), (3, YELLOW, "Okänt")];

/// Whether something is open.
pub(super) const OPENING: &[(i64, &str, &str)] = &[(0, GREY, "Stängt"), (1, GREEN, "Öppet")];

/// A column of [`STAFFING`].
pub(super) fn staffing_properties() -> [(&'static str, Value); 2] {
    [
        ("mappings", json!([numbers(STAFFING)])),
        ("custom.cellOptions", json!({"type": "color-text"})),
    ]
}

pub(super) fn goals() -> Value {
    texts(&[
        ("SM1", "1 Svar inom tre signaler"),
        ("SM2", "2 Svar inom fem minuter"),
        ("SM3", "3 Förlorade samtal"),
    ])
}

pub(super) fn severities() -> Value {
    texts(&[("critical", "Akut"), ("warning", "Varning"), ("info", "Upplysning")])
}

pub(super) fn channels() -> Value {
    texts(&[("email", "E-post"), ("e_service", "E-tjänst")])
}

pub(super) fn incidents() -> Value {
    texts(&[
        ("lost_range", "Händelser raderades innan de lästes"),
        ("topic_recreated", "Ett ämne med händelser gjordes om"),
        ("partitions_changed", "Antalet partitioner ändrades"),
        ("corrupt_ledger", "En post i huvudboken går inte att läsa"),
        ("snapshot_mismatch", "Ögonblicksbilden stämmer inte med huvudboken"),
        ("snapshot_alone", "Ögonblicksbild utan huvudbok"),
    ])
}

pub(super) fn windows() -> Value {
    texts(&[
        ("15m", "Senaste kvarten"),
        ("1h", "Senaste timmen"),
        ("today", "I dag"),
        ("5d", "Fem öppna dagar"),
        ("week", "Veckan"),
        ("month", "Månaden"),
    ])
}

/// What agents do.
pub(super) const STATES: &[(&str, &str)] = &[
    ("logged_out", "Utloggade"),
    ("ready", "Lediga"),
    ("ringing", "Det ringer"),
    ("talking", "I samtal"),
    ("wrap_up", "Efterarbete"),
    ("paused", "Pausade"),
];

/// How stays end but by an answer or a hang-up.
pub(super) const DISPOSITIONS: &[(&str, &str)] = &[
    ("timed_out", "Tiden gick ut"),
    ("left_empty", "Ingen inloggad kvar"),
    ("key_exit", "Knappval"),
    ("withdrawn", "Återtaget"),
    ("callback", "Återuppringning"),
    ("overflowed", "Till annan kö"),
    ("lost_by_restart", "Telefonin startade om"),
    ("lost_track", "Okänt slut"),
    ("closed", "Stängt"),
    ("rejected_full", "Avvisat: fullt"),
    ("rejected_no_agent", "Avvisat: ingen inloggad"),
    ("rejected_diverted", "Avvisat: hänvisat"),
];
