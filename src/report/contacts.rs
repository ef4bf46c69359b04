//! What contacts tell beside answers and waits, as rows of the document: where they began, how they were
//! passed on, what became of questions and of promises to ring back, and whose matters they were.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::contact::path::{Origin, Passing};
use crate::domain::event::{Escalation, Way};
use crate::domain::ids::{Department, Names, Queue};
use crate::domain::tally::{Code, Tally, code};

/// The counts of one place in one interval (or in all). A count of 0 is left out.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ContactRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    department: String,
    place: &'static str,
    queue: Option<String>,
    #[serde(flatten)]
    counts: BTreeMap<String, i64>,
}

/// What is counted by one code each.
const COUNTS: [(&str, Code); 13] = [
    ("contacts_answered", code::CONTACTS_ANSWERED),
    ("contact_passes", code::CONTACT_PASSES),
    ("sent_here", code::SENT_HERE),
    ("sent_right", code::SENT_RIGHT),
    ("sent_on", code::SENT_ON),
    ("unclassified", code::UNCLASSIFIED),
    ("wrap_up_ms", code::WRAP_UP_MS),
    ("callbacks_promised", code::CALLBACKS_PROMISED),
    ("callbacks_kept", code::CALLBACKS_KEPT),
    ("callbacks_kept_within_target", code::CALLBACKS_KEPT_WITHIN),
    ("callbacks_expired", code::CALLBACKS_EXPIRED),
    ("matter_contacts", code::MATTER_CONTACTS),
    ("matter_handling_ms", code::MATTER_HANDLING_MS),
];

/// How a way of passing on is named.
fn passing(passing: Passing) -> &'static str {
    match passing {
        Passing::Not => "passed_not",
        Passing::ByMatter => "passed_by_matter",
        Passing::ByName => "passed_by_name",
        Passing::Unsaid => "passed_unsaid",
        Passing::Returned => "returned",
    }
}

fn counts(tally: &Tally) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    let mut add = |name: String, code: Code| {
        let n = tally.get(code);
        if n != 0 {
            counts.insert(name, n);
        }
    };
    for (name, code) in COUNTS {
        add(name.to_owned(), code);
    }
    for origin in Origin::ALL {
        add(format!("contacts_from_{}", origin.name()), origin.code());
    }
    for way in Passing::ALL {
        if let Some(code) = way.code() {
            add(passing(way).to_owned(), code);
        }
    }
    for outcome in Escalation::ALL {
        add(format!("escalated_{}", outcome.name()), code::ESCALATED + outcome as Code);
        let of_other = code::SETTLED_ESCALATED + outcome as Code;
        add(format!("other_escalated_{}", outcome.name()), of_other);
    }
    for way in Way::ALL {
        let of_way = code::SETTLED + 2 * way as Code;
        add(format!("classified_{}", way.name()), of_way);
        add(format!("resolved_{}", way.name()), of_way + 1);
    }
    counts
}

/// The row of a place, if it has anything of this kind.
pub(super) fn contact_row(
    span: Option<(String, String)>,
    (department, queue): (Department, Option<Queue>),
    tally: &Tally,
    names: &Names,
) -> Option<ContactRow> {
    let counts = counts(tally);
    let (from, until) = span.unzip();
    (!counts.is_empty()).then(|| ContactRow {
        from,
        until,
        department: names.departments.name(department.0).to_owned(),
        place: if queue.is_some() { "queue" } else { "switchboard" },
        queue: queue.map(|queue| names.queues.name(queue.0).to_owned()),
        counts,
    })
}
