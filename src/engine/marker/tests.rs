//! Markers in every order that the protocol allows.

use proptest::prelude::*;

use super::*;
use crate::domain::cell::{CellKey, Line};
use crate::domain::ids::{Caller, CallerPseudonym, ContactId, Department, QuestionTag};
use crate::domain::kin::{Entry, What};
use crate::domain::schedule::Kind;
use crate::domain::tally::Tally;
use crate::engine::chain::Link;
use crate::engine::watermark::Watermark;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn october() -> Period {
    "2026-10".parse().unwrap()
}

fn at(text: &str, minute: u16) -> Timestamp {
    Zone::stockholm().at_wall_clock(day(text), minute)
}

/// A record that counts something at each of these times.
fn record(sequence: u64, cells: &[Timestamp], markers: &[Marker]) -> Record {
    let cell = |at: &Timestamp| {
        let line = Line { department: Department(1), queue: None, outside_hours: false };
        (CellKey { quarter: at.quarter(), line }, Tally::default())
    };
    Record {
        link: Link { sequence, ..Link::default() },
        rules: None,
        watermark: Watermark::default(),
        last_event: None,
        ticked: None,
        restarts: Vec::new(),
        rejudge: None,
        cells: cells.iter().map(cell).collect(),
        panes: Vec::new(),
        changes: Vec::new(),
        agents: Vec::new(),
        told: Vec::new(),
        entries: Vec::new(),
        heard: Vec::new(),
        counts: Vec::new(),
        incidents: Vec::new(),
        days: Vec::new(),
        markers: markers.to_vec(),
    }
}

/// Chains as records have made them.
#[derive(Clone)]
struct Chains {
    marks: Vec<Marks>,
    sequences: Vec<u64>,
    schedule: Schedule,
    first: Option<Day>,
    also: BTreeSet<Period>,
}

impl Chains {
    fn new(partitions: usize) -> Chains {
        Chains {
            marks: vec![Marks::default(); partitions],
            sequences: vec![0; partitions],
            schedule: Schedule { kinds: vec![Kind::Month], ..Schedule::default() },
            first: Some(day("2026-10-05")),
            also: BTreeSet::new(),
        }
    }

    fn take(&mut self, chain: usize, cells: &[Timestamp], markers: &[Marker]) {
        self.sequences[chain] += 1;
        let record = record(self.sequences[chain], cells, markers);
        self.marks[chain].take(&record, Hash([chain as u8; 16]), &Coverages::default());
    }

    fn due(&self, chain: usize, now: Timestamp) -> Vec<Marker> {
        let all: Vec<&Marks> = self.marks.iter().collect();
        let also = &self.also;
        due(&all, chain, Moment { schedule: &self.schedule, now, first: self.first, also })
    }

    /// Lets a chain have what is due.
    fn step(&mut self, chain: usize, now: Timestamp) -> Vec<Marker> {
        let due = self.due(chain, now);
        if !due.is_empty() {
            self.take(chain, &[], &due);
        }
        due
    }

    fn complete(&self) -> u16 {
        complete(&self.marks.iter().collect::<Vec<_>>(), october())
    }
}

/// The third working day after October, and the days of two rounds after it.
const FIRST: &str = "2026-11-04";
const SECOND: &str = "2026-11-05";
const THIRD: &str = "2026-11-06";
const SEVEN: u16 = 420;

#[test]
fn an_edition_is_complete_when_every_chain_has_its_marker() {
    let mut chains = Chains::new(2);
    assert_eq!(chains.due(0, at(FIRST, SEVEN - 1)), []);
    let marker = Marker { period: october(), edition: 1, day: day(FIRST) };
    assert_eq!(chains.step(0, at(FIRST, SEVEN)), [marker]);
    assert_eq!(chains.complete(), 0);
    assert_eq!(chains.step(0, at(FIRST, SEVEN)), [], "once is enough");
    // The other's clock is behind, it is Saturday there, or it has another schedule: it follows.
    chains.schedule.kinds.clear();
    assert_eq!(chains.step(1, at("2026-10-31", 60)), [marker]);
    assert_eq!(chains.complete(), 1);
    let mark = chains.marks[1].mark(october(), 1).unwrap();
    assert_eq!((mark.sequence, mark.record), (1, Hash([1; 16])));
}

#[test]
fn without_figures_nothing_is_due() {
    let mut chains = Chains::new(1);
    chains.first = None;
    assert_eq!(chains.due(0, at(FIRST, SEVEN)), []);
}

#[test]
fn a_marker_that_comes_twice_counts_once_and_one_too_far_not_at_all() {
    let mut chains = Chains::new(1);
    let marker = |edition| Marker { period: october(), edition, day: day(FIRST) };
    chains.take(0, &[], &[marker(1)]);
    chains.take(0, &[], &[marker(1)]);
    assert_eq!(chains.marks[0].mark(october(), 1).unwrap().sequence, 1);
    assert_eq!(chains.complete(), 1);
    chains.take(0, &[], &[marker(3)]);
    assert_eq!(chains.complete(), 1);
}

#[test]
fn what_the_markers_record_tells_belongs_to_the_edition() {
    let mut chains = Chains::new(1);
    let now = at(FIRST, SEVEN);
    let due = chains.due(0, now);
    chains.take(0, &[at("2026-10-31", 1_439)], &due);
    assert_eq!(chains.due(0, at(SECOND, SEVEN)), []);
}

#[test]
fn a_change_behind_the_marker_gives_another_edition_on_the_next_round() {
    for (told, is_of_october) in [
        (at("2026-09-30", 1_439), false),
        (at("2026-10-01", 0), true),
        (at("2026-10-31", 1_439), true),
        (at("2026-11-01", 0), false),
    ] {
        let mut chains = Chains::new(2);
        (0..2).for_each(|chain| drop(chains.step(chain, at(FIRST, SEVEN))));
        chains.take(1, &[told], &[]);
        assert_eq!(chains.due(0, at(FIRST, 1_439)), [], "one a day");
        assert_eq!(chains.due(0, at(SECOND, SEVEN - 1)), []);
        let wanted = Marker { period: october(), edition: 2, day: day(SECOND) };
        let due = chains.due(0, at(SECOND, SEVEN));
        assert_eq!(due, if is_of_october { vec![wanted] } else { Vec::new() }, "{told:?}");
        if !is_of_october {
            continue;
        }
        // A change that comes between the two chains' markers is of the edition in one of them and
        // behind it in the other.
        chains.step(0, at(SECOND, SEVEN));
        chains.take(0, &[told], &[]);
        chains.take(1, &[told], &[]);
        assert_eq!(chains.due(0, at(THIRD, SEVEN)), [], "the second is not complete");
        assert_eq!(chains.step(1, at(SECOND, SEVEN)), [wanted]);
        assert_eq!(chains.complete(), 2);
        let third = Marker { period: october(), edition: 3, day: day(THIRD) };
        assert_eq!(chains.due(1, at(THIRD, SEVEN)), [third]);
    }
}

#[test]
fn what_joins_contacts_may_change_a_later_period() {
    let call = What::Call {
        caller: Caller { own: CallerPseudonym(1), before: CallerPseudonym(2) },
        abandoned: false,
        asked_to_call_later: false,
    };
    let question = What::Question { question: QuestionTag(1), passed_on: false };
    for (what, told, is_of_october) in [
        (call, at("2026-09-29", 1_439), false),
        (call, at("2026-08-05", 0), false),
        (call, at("2026-09-30", 0), true),
        (call, at("2026-10-31", 1_439), true),
        (call, at("2026-11-01", 0), false),
        // Shares of September, of October the year before and of the year so far are printed too.
        (question, at("2025-12-24", 1_439), false),
        (question, at("2025-12-25", 0), true),
        (question, at("2026-09-23", 1_439), true),
        (question, at("2026-11-01", 0), false),
    ] {
        let mut chains = Chains::new(1);
        chains.step(0, at(FIRST, SEVEN));
        let line = Line { department: Department(1), queue: None, outside_hours: false };
        let cell = CellKey { quarter: told.quarter(), line };
        let entry = Entry { contact: ContactId(1), at: told, cell, what };
        for is_gone in [false, true] {
            let mut chains = chains.clone();
            let brought = Record { entries: vec![(entry, is_gone)], ..record(2, &[], &[]) };
            chains.marks[0].take(&brought, Hash([0; 16]), &Coverages::default());
            assert_eq!(chains.marks[0].is_changed(october()), is_of_october, "{what:?} {told:?}");
        }
    }
}

#[test]
fn a_question_passed_on_in_the_next_period_changes_the_one_before_if_it_is_told_behind_the_marker()
{
    let mut chains = Chains::new(1);
    chains.take(0, &[], &[]);
    chains.step(0, at(FIRST, SEVEN));
    let put = at("2026-10-30", 600);
    for (sequence, of, is_changed) in
        [(2, put, false), (3, at("2026-11-01", 0), false), (3, put, true)]
    {
        chains.marks[0].join(of, false, sequence);
        assert_eq!(chains.marks[0].is_changed(october()), is_changed, "{sequence} {of:?}");
    }
}

#[test]
fn joined_shares_of_what_a_period_is_compared_with_are_printed_in_it() {
    for (of, is_compared, is_changed) in [
        (at("2026-09-30", 600), false, false),
        (at("2026-09-30", 600), true, true),
        (at("2025-10-01", 0), true, true),
        (at("2025-11-01", 0), true, false),
        (at("2026-01-01", 0), true, true),
        (at("2025-12-31", 1_439), true, false),
    ] {
        let mut chains = Chains::new(1);
        chains.step(0, at(FIRST, SEVEN));
        chains.marks[0].join(of, is_compared, 9);
        assert_eq!(chains.marks[0].is_changed(october()), is_changed, "{of:?} {is_compared}");
    }
}

#[test]
fn what_time_alone_decides_gives_another_edition_once_a_day() {
    let mut chains = Chains::new(2);
    (0..2).for_each(|chain| drop(chains.step(chain, at(FIRST, SEVEN))));
    chains.also.insert(october());
    assert_eq!(chains.due(0, at(FIRST, SEVEN + 60)), []);
    let second = Marker { period: october(), edition: 2, day: day(SECOND) };
    assert_eq!(chains.step(1, at(SECOND, SEVEN)), [second]);
    chains.also.clear();
    assert_eq!(chains.step(0, at(SECOND, SEVEN)), [second], "the other follows");
}

#[test]
fn days_off_have_no_round() {
    let mut chains = Chains::new(1);
    chains.step(0, at(FIRST, SEVEN));
    chains.take(0, &[at("2026-10-05", 600)], &[]);
    assert_eq!(chains.due(0, at("2026-11-07", 600)), [], "a Saturday");
    assert_eq!(chains.due(0, at("2026-11-09", 600)).len(), 1);
}

#[test]
fn a_period_that_ended_25_months_ago_is_left_as_it_is() {
    let mut chains = Chains::new(1);
    chains.step(0, at(FIRST, SEVEN));
    chains.take(0, &[at("2026-10-05", 600)], &[]);
    let end = day("2026-11-01");
    let last = end.plus(REVISED_DAYS);
    assert_eq!(last.to_string(), "2028-12-02");
    // A Saturday; the working days on both sides of it.
    let octobers =
        |now| chains.due(0, now).into_iter().filter(|one| one.period == october()).count();
    assert_eq!(octobers(at("2028-12-01", SEVEN)), 1);
    assert_eq!(octobers(at("2028-12-04", SEVEN)), 0);
}

#[test]
fn markers_and_marks_are_read_as_they_were_written() {
    let mut chains = Chains::new(1);
    chains.schedule = Schedule::default();
    chains.first = Some(day("2026-08-01"));
    chains.step(0, at("2026-09-03", SEVEN));
    chains.take(0, &[at("2026-08-05", 600)], &[]);
    chains.step(0, at("2026-09-04", SEVEN));
    assert_eq!(chains.marks[0].periods().count(), 3);
    let mut bytes = Vec::new();
    chains.marks[0].pack(&mut Writer(&mut bytes));
    let mut input = Reader(&bytes);
    assert_eq!(Marks::unpack(&mut input).as_ref(), Some(&chains.marks[0]));
    assert!(input.is_empty());
    for cut in 0..bytes.len() {
        assert_eq!(Marks::unpack(&mut Reader(&bytes[..cut])), None, "{cut}");
    }
    let marker = Marker { period: october(), edition: 7, day: day(FIRST) };
    bytes.clear();
    marker.pack(&mut Writer(&mut bytes));
    assert!(bytes.len() >= LEAST_MARKER);
    assert_eq!(Marker::unpack(&mut Reader(&bytes)), Some(marker));
}

/// What happens next: a chain tells something of a day, or is asked what is due at a moment.
#[derive(Clone, Debug)]
enum Step {
    Tell(usize, bool),
    Ask(usize, u16),
    /// The owner asked and wrote, and the record was lost with a takeover.
    Lose(usize, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3usize, any::<bool>()).prop_map(|(chain, is_ours)| Step::Tell(chain, is_ours)),
        (0..3usize, 0..30u16).prop_map(|(chain, hours)| Step::Ask(chain, hours)),
        (0..3usize, 0..30u16).prop_map(|(chain, hours)| Step::Lose(chain, hours)),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn in_any_order_editions_come_one_after_the_other_and_one_a_day(steps in steps()) {
        let mut chains = Chains::new(3);
        // The naive reading: which records of October stand behind the last marker of each chain.
        let mut behind = [false; 3];
        let mut now = at(FIRST, 0);
        for step in steps {
            match step {
                Step::Tell(chain, is_ours) => {
                    let told = if is_ours { "2026-10-07" } else { "2026-11-03" };
                    chains.take(chain, &[at(told, 600)], &[]);
                    behind[chain] |= is_ours && chains.marks[chain].edition(october()) > 0;
                }
                Step::Ask(chain, hours) => {
                    now = Timestamp(now.0 + i64::from(hours) * 3_600_000);
                    if chains.step(chain, now).iter().any(|one| one.period == october()) {
                        behind[chain] = false;
                    }
                }
                Step::Lose(chain, hours) => {
                    now = Timestamp(now.0 + i64::from(hours) * 3_600_000);
                    drop(chains.due(chain, now));
                }
            }
            for (chain, marks) in chains.marks.iter().enumerate() {
                prop_assert_eq!(marks.is_changed(october()), behind[chain]);
            }
            let editions: Vec<u16> =
                chains.marks.iter().map(|marks| marks.edition(october())).collect();
            let (least, most) = (editions.iter().min(), editions.iter().max());
            prop_assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", editions);
            let days: Vec<Day> = (1..=*most.unwrap())
                .filter_map(|edition| {
                    let mut marks = chains.marks.iter();
                    marks.find_map(|marks| marks.mark(october(), edition)).map(|mark| mark.day)
                })
                .collect();
            prop_assert!(days.is_sorted_by(|a, b| a < b), "{:?}", days);
        }
        // Left in peace, every chain comes to the same edition, and it stays there.
        for _ in 0..8 {
            let tomorrow = Zone::stockholm().day_of(now).next();
            now = Zone::stockholm().at_wall_clock(tomorrow, 720);
            for _ in 0..2 {
                (0..3).for_each(|chain| drop(chains.step(chain, now)));
            }
        }
        prop_assert!(chains.complete() >= 1);
        let editions = chains.marks.iter().map(|marks| marks.edition(october()));
        prop_assert!(editions.into_iter().all(|edition| edition == chains.complete()));
        prop_assert!(!chains.marks.iter().any(|marks| marks.is_changed(october())));
    }
}
