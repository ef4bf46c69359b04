//! What a contact changes: in cells, in panes, and in what joins it to others.

use hashbrown::HashMap;

use crate::domain::board::PaneKey;
use crate::domain::callback::Callback;
use crate::domain::cell::{CellKey, Line};
use crate::domain::contact::contribution::{Contribution, Fact, Tie};
use crate::domain::ids::ContactId;
use crate::domain::kin::Entry;
use crate::domain::tally::{Bounds, Tally, code};
use crate::domain::units::Timestamp;

pub(super) fn add_cells(
    cells: &mut HashMap<CellKey, Tally>,
    contribution: &Contribution,
    sign: i64,
    bounds: &Bounds,
) {
    let Contribution { stays, questions, settlements, callbacks, ties } = contribution;
    for fact in stays {
        let Fact { department, queue, outside_hours, .. } = *fact;
        let line = Line { department, queue, outside_hours };
        let tally = cells.entry(CellKey { quarter: fact.offered_at.quarter(), line }).or_default();
        fact.cell_entries(bounds, |code, n| tally.add(code, sign * n));
        let quarter = fact.offered_at.quarter();
        fact.matter_entries(|(department, millis)| {
            let line = Line { department, queue, outside_hours: false };
            let tally = cells.entry(CellKey { quarter, line }).or_default();
            tally.add(code::MATTER_CONTACTS, sign);
            tally.add(code::MATTER_HANDLING_MS, sign * millis);
        });
    }
    for question in questions {
        let line = Line::of_questions(question.department);
        let quarter = question.received_at.quarter();
        let tally = cells.entry(CellKey { quarter, line }).or_default();
        question.cell_entries(|code, n| tally.add(code, sign * n));
    }
    for settlement in settlements {
        let line = Line::of_questions(settlement.department);
        let tally = cells.entry(CellKey { quarter: settlement.at.quarter(), line }).or_default();
        settlement.cell_entries(|code, n| tally.add(code, sign * n));
    }
    for callback in callbacks {
        let Callback { department, queue, .. } = *callback;
        let line = Line { department, queue, outside_hours: false };
        let quarter = callback.promised_at.quarter();
        let tally = cells.entry(CellKey { quarter, line }).or_default();
        callback.cell_entries(|code, n| tally.add(code, sign * n));
    }
    for tie in ties.iter().filter(|tie| matches!(tie, Tie::Call { .. })) {
        if let Some(fact) = stays.get(tie.stay()) {
            cells.entry(fact.cell()).or_default().add(code::KNOWN_CALLERS, sign);
        }
    }
}

/// What a change of one contact changes in what joins it to others. Nothing is told of entries that
/// the other partitions may have let go of.
pub(super) fn add_entries(
    entries: &mut Vec<(Entry, bool)>,
    contact: ContactId,
    (before, after): (&Contribution, &Contribution),
    oldest: Timestamp,
) {
    if before.ties.is_empty() && after.ties.is_empty() {
        return;
    }
    for (from, to, is_gone) in [(before, after, true), (after, before, false)] {
        let changed = from.entries(contact).filter(|entry| {
            entry.at >= oldest && !to.entries(contact).any(|other| other == *entry)
        });
        entries.extend(changed.map(|entry| (entry, is_gone)));
    }
}

pub(super) fn add_panes(
    panes: &mut HashMap<PaneKey, Tally>,
    contribution: &Contribution,
    sign: i64,
    oldest: i32,
) {
    for fact in &contribution.stays {
        fact.pane_entries(|at, code, n| {
            if at.minute() >= oldest {
                panes.entry((at.minute(), fact.department)).or_default().add(code, sign * n);
            }
        });
    }
}

pub(super) fn sorted<K: Ord + Copy>(deltas: HashMap<K, Tally>) -> Vec<(K, Tally)> {
    let mut deltas: Vec<(K, Tally)> =
        deltas.into_iter().filter(|(_, tally)| !tally.is_empty()).collect();
    deltas.sort_unstable_by_key(|(key, _)| *key);
    deltas
}
