//! Words for what is counted beside the figures, which metrics call by codes.

use crate::domain::contact::stay::Anomaly;
use crate::engine::IncidentKind;
use crate::wire::canonical::Note;
use crate::wire::reject::Reason;

/// In Swedish and in English.
pub(super) type Words = (&'static str, &'static str);

/// Why something could not be read, by the reason's name.
pub(super) fn reject(name: &str) -> Option<Words> {
    Reason::ALL.into_iter().find(|one| one.name() == name).map(of_reason)
}

/// What does not fit, by its name.
pub(super) fn anomaly(name: &str) -> Option<Words> {
    let stay = Anomaly::ALL.into_iter().find(|one| one.name() == name).map(of_anomaly);
    let note = || Note::ALL.into_iter().find(|one| one.name() == name).map(of_note);
    stay.or_else(note).or_else(|| of_bound(name))
}

/// What should not have happened, by its name.
pub(super) fn incident(name: &str) -> Option<Words> {
    IncidentKind::ALL.into_iter().find(|one| one.name() == name).map(of_incident)
}

fn of_reason(reason: Reason) -> Words {
    match reason {
        Reason::Unreadable => ("går inte att tyda", "not decipherable"),
        Reason::WrongType => ("ett fält av fel slag", "a field of the wrong type"),
        Reason::TooLong => ("för långt", "too long"),
        Reason::UnknownType => ("okänd händelsetyp", "unknown event type"),
        Reason::MissingId => ("händelsens id saknas", "no event id"),
        Reason::MissingContact => ("kontakten saknas", "no contact"),
        Reason::MissingQueue => ("kön saknas", "no queue"),
        Reason::MissingAgent => ("medarbetaren saknas", "no agent"),
        Reason::UnknownValue => ("okänt värde", "unknown value"),
        Reason::ImpossibleTime => ("omöjlig tid", "impossible time"),
        Reason::FutureTime => ("tid i framtiden", "time in the future"),
        Reason::TooManyNames => ("för många köer eller källor", "too many queues or sources"),
        Reason::TruncatedRow => ("avkortad rad", "row cut short"),
        Reason::UnknownRow => ("okänt slag av rad", "unknown kind of row"),
        Reason::MissingQuestion => ("frågan saknas", "no question"),
    }
}

fn of_anomaly(anomaly: Anomaly) -> Words {
    match anomaly {
        Anomaly::NegativeWait => ("slut före början, väntan 0", "end before the start, wait 0"),
        Anomaly::Reconstructed => {
            ("början saknades och räknades fram", "start missing and worked out")
        }
        Anomaly::NotReconstructed => {
            ("början saknades och kunde inte räknas fram", "start missing, not to be worked out")
        }
        Anomaly::WithoutStay => {
            ("uppgift om ett samtal som inte finns", "report of a stay that does not exist")
        }
    }
}

fn of_note(note: Note) -> Words {
    match note {
        Note::UnknownDepartment => ("okänd förvaltning", "unknown department"),
        Note::NegativeLength => ("längd under noll", "length below zero"),
        Note::AbsurdLength => ("orimlig längd", "length beyond reason"),
        Note::OtherChannel => ("kontakt på en annan kanal", "contact on another channel"),
        Note::UnknownChannel => ("okänd kanal", "unknown channel"),
        Note::NumberMasked => {
            ("personuppgift borttagen ur text", "personal number or address taken out of a text")
        }
        Note::InternalCall => ("internt samtal, ej räknat", "internal call, not counted"),
    }
}

fn of_incident(kind: IncidentKind) -> Words {
    match kind {
        IncidentKind::LostRange => {
            ("händelser raderades innan de lästes", "events deleted before they were read")
        }
        IncidentKind::TopicRecreated => {
            ("ett ämne med händelser gjordes om", "an input topic was made anew")
        }
        IncidentKind::PartitionsChanged => {
            ("antalet partitioner ändrades", "the number of partitions changed")
        }
        IncidentKind::CorruptLedger => {
            ("en post i huvudboken går inte att läsa", "a record of the ledger cannot be read")
        }
        IncidentKind::SnapshotMismatch => (
            "ögonblicksbilden stämmer inte med huvudboken",
            "the snapshot disagrees with the ledger",
        ),
        IncidentKind::SnapshotAlone => {
            ("ögonblicksbild utan huvudbok", "a snapshot without a ledger")
        }
    }
}

/// Bounds have names alone.
fn of_bound(name: &str) -> Option<Words> {
    let words = match name {
        "observations_over_bound" => {
            ("fler uppgifter om en kontakt än som ryms", "more reports of a contact than fit")
        }
        "contacts_evicted" => ("fler kontakter än som ryms", "more contacts than fit"),
        "restarts_over_bound" => ("fler omstarter än som ryms", "more restarts than fit"),
        "agents_over_bound" => ("fler medarbetare än som ryms", "more agents than fit"),
        "measures_over_bound" => ("fler mått än som ryms", "more measures than fit"),
        "told_over_bound" => ("fler inlagda uppgifter än som ryms", "more told figures than fit"),
        "staffing_over_bound" => {
            ("fler bemanningsuppgifter än som ryms", "more staffing reports than fit")
        }
        "joined_over_bound" => {
            ("fler kopplade kontakter än som ryms", "more joined contacts than fit")
        }
        _ => return None,
    };
    Some(words)
}
