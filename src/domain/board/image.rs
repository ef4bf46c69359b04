//! A picture of the board that another thread writes to disk, and a board made from one.

use std::collections::BTreeMap;

use super::Board;
use super::counters::Counters;
use super::windows::Windows;
use crate::domain::blocks::Blocks;
use crate::domain::cell::Cells;
use crate::domain::contact::contribution::Fact;
use crate::domain::ids::{ContactId, Department};
use crate::domain::pack::{Reader, Writer};
use crate::domain::question::Question;
use crate::domain::staffing::Staffing;
use crate::domain::tally::Bounds;
use crate::domain::units::Timestamp;

/// Of the bytes below.
const FORMAT: u8 = 3;

/// The bytes that a fact takes at least.
const LEAST_FACT: usize = 11;
/// The bytes that a question takes at least.
const LEAST_QUESTION: usize = 4;

/// Everything that a board's figures come from, as it was at one moment. Cells and panes are shared
/// with the board until it changes them.
#[derive(Clone, Debug)]
pub struct BoardImage {
    cells: Cells,
    panes: Blocks<Department>,
    counters: Counters,
    open: BTreeMap<ContactId, Vec<Fact>>,
    questions: BTreeMap<ContactId, Vec<Question>>,
    staffing: Staffing,
}

impl BoardImage {
    /// Appends the picture in packed form. Equal boards give equal bytes.
    pub fn pack(&self, out: &mut Vec<u8>) {
        let out = &mut Writer(out);
        out.byte(FORMAT);
        self.cells.pack(out);
        self.panes.pack(out);
        self.counters.pack(out);
        out.unsigned(self.open.len() as u64);
        for (contact, facts) in &self.open {
            out.fixed(&contact.0.to_le_bytes());
            out.unsigned(facts.len() as u64);
            facts.iter().for_each(|fact| fact.pack(out));
        }
        out.unsigned(self.questions.len() as u64);
        for (contact, questions) in &self.questions {
            out.fixed(&contact.0.to_le_bytes());
            out.unsigned(questions.len() as u64);
            questions.iter().for_each(|question| question.pack_after(Timestamp(0), out));
        }
        self.staffing.pack(out);
    }
}

impl Board {
    /// The board as it is now. It costs a pointer for each quarter-hour, day and minute, and a copy
    /// of the counters, of who waits and of the agents.
    pub fn image(&self) -> BoardImage {
        BoardImage {
            cells: self.cells.clone(),
            panes: self.panes.clone(),
            counters: self.counters.clone(),
            open: self.open.clone(),
            questions: self.questions.clone(),
            staffing: self.staffing.clone(),
        }
    }

    /// A board from what [`BoardImage::pack`] wrote: it goes on as the one that the picture was
    /// taken of. `None` on foreign bytes. Bounds and how long quarter-hours are kept are the
    /// reader's own; departments and queues are indices into the names of that time.
    pub fn unpack(input: &mut Reader<'_>, bounds: Bounds, keep_days: i32) -> Option<Board> {
        if input.byte()? != FORMAT {
            return None;
        }
        Some(Board {
            cells: Cells::unpack(input, keep_days)?,
            panes: Blocks::unpack(input)?,
            counters: Counters::unpack(input)?,
            open: unpack_open(input)?,
            questions: unpack_questions(input)?,
            staffing: Staffing::unpack(input)?,
            bounds,
            windows: Windows::default(),
        })
    }
}

fn unpack_open(input: &mut Reader<'_>) -> Option<BTreeMap<ContactId, Vec<Fact>>> {
    let mut open = BTreeMap::new();
    for _ in 0..input.count(8 + 1 + LEAST_FACT)? {
        let contact = ContactId(u64::from_le_bytes(input.fixed()?));
        let count = input.count(LEAST_FACT)?;
        let mut facts = Vec::with_capacity(count);
        for _ in 0..count {
            facts.push(Fact::unpack(input)?);
        }
        let rises = open.last_key_value().is_none_or(|(last, _)| *last < contact);
        if !rises || !facts.iter().any(Fact::is_open) {
            return None;
        }
        open.insert(contact, facts);
    }
    Some(open)
}

fn unpack_questions(input: &mut Reader<'_>) -> Option<BTreeMap<ContactId, Vec<Question>>> {
    let mut all = BTreeMap::new();
    for _ in 0..input.count(8 + 1 + LEAST_QUESTION)? {
        let contact = ContactId(u64::from_le_bytes(input.fixed()?));
        let mut questions = Vec::new();
        for _ in 0..input.count(LEAST_QUESTION)? {
            questions.push(Question::unpack_after(Timestamp(0), input)?);
        }
        let rises = all.last_key_value().is_none_or(|(last, _)| *last < contact);
        if !rises || questions.is_empty() || !questions.iter().all(Question::is_open) {
            return None;
        }
        all.insert(contact, questions);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::board::PaneKey;
    use crate::domain::calendar::Day;
    use crate::domain::cell::{CellKey, Line};
    use crate::domain::contact::contribution::Contribution;
    use crate::domain::contact::packed::tests::{fact_at, question_at};
    use crate::domain::event::{AgentReport, AgentState};
    use crate::domain::ids::{AgentId, EventId, Names, Queue};
    use crate::domain::rules::Rules;
    use crate::domain::snapshot::Snapshot;
    use crate::domain::tally::Tally;
    use crate::domain::units::Millis;

    const NOON: i64 = 1_791_194_400_000;
    const DAY: i64 = 86_400_000;
    const KEEP_DAYS: i32 = 20;

    #[derive(Clone, Debug)]
    enum Step {
        /// A record of a partition: facts that come, and how many of the earlier ones go.
        Record(usize, Vec<Fact>, usize),
        Open(u64, Vec<Fact>),
        Questions(usize, Vec<Question>),
        Await(u64, Vec<Question>),
        Forget(u64),
        Agent(AgentReport),
    }

    fn fact() -> impl Strategy<Value = Fact> {
        let times = prop_oneof![-30 * DAY..0, -3_600_000..0i64, -DAY..0];
        fact_at(times.prop_map(|ms| Timestamp(NOON + ms)))
    }

    fn step() -> impl Strategy<Value = Step> {
        let times = || (-30 * DAY..0).prop_map(|ms| Timestamp(NOON + ms));
        let questions = || proptest::collection::vec(question_at(times()), 0..4);
        let facts = || proptest::collection::vec(fact(), 0..4);
        let agent = (0..5u64, 0..9i64, any::<u64>(), 0..AgentState::ALL.len(), 0..5u16);
        let agent = agent.prop_map(|(agent, minute, id, state, at)| AgentReport {
            agent: AgentId(agent),
            time: Timestamp(NOON - minute * 60_000),
            id: EventId(id),
            state: AgentState::ALL[state],
            departments: if at < 2 { vec![Department(at)] } else { Vec::new() },
            queue: (at == 4).then_some(Queue(at)),
        });
        prop_oneof![
            4 => (0..3usize, facts(), 0..3usize).prop_map(|(p, f, n)| Step::Record(p, f, n)),
            2 => (0..9u64, facts()).prop_map(|(contact, facts)| Step::Open(contact, facts)),
            1 => (0..3usize, questions()).prop_map(|(p, seen)| Step::Questions(p, seen)),
            1 => (9..15u64, questions()).prop_map(|(contact, seen)| Step::Await(contact, seen)),
            1 => (0..9u64).prop_map(Step::Forget),
            1 => agent.prop_map(Step::Agent),
        ]
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        proptest::collection::vec(step(), 0..20)
    }

    fn rules_and_names() -> (Rules, Names) {
        let mut names = Names::new(9, 9, 9, false);
        for slug in ["växel", "vård", "skola"] {
            names.departments.intern(slug);
        }
        let rules =
            Rules::always_open(Department(1)).with_queue(Queue(4), Some(Day::FIRST), Department(2));
        (rules, names)
    }

    fn bounds() -> Bounds {
        Bounds::new([Millis(7_000)])
    }

    /// A board, and the facts that it has counted, by partition.
    struct Run {
        board: Board,
        counted: Vec<(usize, Fact)>,
        lowered: i64,
    }

    impl Run {
        fn new(board: Board, counted: Vec<(usize, Fact)>) -> Run {
            Run { board, counted, lowered: 0 }
        }

        fn count(&mut self, partition: usize, facts: &[(Fact, i64)]) {
            let mut cells: BTreeMap<CellKey, Tally> = BTreeMap::new();
            let mut panes: BTreeMap<PaneKey, Tally> = BTreeMap::new();
            for (fact, sign) in facts {
                let line = Line {
                    department: fact.department,
                    queue: fact.queue,
                    outside_hours: fact.outside_hours,
                };
                let quarter = fact.offered_at.quarter();
                let cell = cells.entry(CellKey { quarter, line }).or_default();
                fact.cell_entries(&bounds(), |code, n| cell.add(code, sign * n));
                fact.pane_entries(|at, code, n| {
                    panes.entry((at.minute(), fact.department)).or_default().add(code, sign * n);
                });
            }
            self.lowered +=
                self.board.add_cells(partition, cells.iter().map(|(key, delta)| (*key, delta)));
            let oldest = Timestamp(NOON - 7_200_000).minute();
            self.board.add_panes(panes.iter().map(|(key, delta)| (*key, delta)), oldest);
        }

        fn step(&mut self, step: &Step) {
            match step {
                Step::Record(partition, facts, gone) => {
                    let mut delta: Vec<(Fact, i64)> = facts.iter().map(|f| (*f, 1)).collect();
                    for _ in 0..*gone {
                        let mine = self.counted.iter().position(|(of, _)| of == partition);
                        delta.extend(mine.map(|at| (self.counted.remove(at).1, -1)));
                    }
                    self.count(*partition, &delta);
                    self.counted.extend(facts.iter().map(|fact| (*partition, *fact)));
                }
                Step::Open(contact, facts) => {
                    let stays = facts.clone();
                    let contribution = Contribution { stays, ..Contribution::default() };
                    self.board.set_live(ContactId(*contact), &contribution);
                }
                Step::Questions(partition, questions) => {
                    let mut cells: BTreeMap<CellKey, Tally> = BTreeMap::new();
                    for question in questions {
                        let quarter = question.received_at.quarter();
                        let line = Line::of_questions(question.department);
                        let cell = cells.entry(CellKey { quarter, line }).or_default();
                        question.cell_entries(|code, n| cell.add(code, n));
                    }
                    let deltas = cells.iter().map(|(key, delta)| (*key, delta));
                    self.lowered += self.board.add_cells(*partition, deltas);
                }
                Step::Await(contact, questions) => {
                    let questions = questions.clone();
                    let contribution = Contribution { questions, ..Contribution::default() };
                    self.board.set_live(ContactId(*contact), &contribution);
                }
                Step::Forget(contact) => self.board.forget(ContactId(*contact)),
                Step::Agent(report) => {
                    self.board.report(report.clone());
                }
            }
        }

        fn bytes(&self) -> Vec<u8> {
            let mut bytes = Vec::new();
            self.board.image().pack(&mut bytes);
            bytes
        }

        fn snapshot(&mut self) -> Snapshot {
            let (rules, names) = rules_and_names();
            self.board.snapshot(Timestamp(NOON), &rules, &names, &BTreeMap::new())
        }
    }

    fn run(steps: &[Step]) -> Run {
        let mut run = Run::new(Board::new(bounds(), KEEP_DAYS), Vec::new());
        steps.iter().for_each(|step| run.step(step));
        run
    }

    fn unpack(bytes: &[u8]) -> Option<Board> {
        let mut input = Reader(bytes);
        Board::unpack(&mut input, bounds(), KEEP_DAYS).filter(|_| input.is_empty())
    }

    #[test]
    fn a_picture_goes_to_another_thread() {
        fn sent<T: Send + 'static>(_: &T) {}
        sent(&run(&[]).board.image());
    }

    #[test]
    fn another_format_is_not_read() {
        let mut bytes = run(&[]).bytes();
        assert!(unpack(&bytes).is_some());
        bytes[0] += 1;
        assert!(unpack(&bytes).is_none());
        assert!(unpack(&[]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_board_that_was_packed_is_the_same_board_and_goes_on_alike(
            first in steps(),
            then in steps(),
        ) {
            let mut run = run(&first);
            let bytes = run.bytes();
            let mut read = Run::new(unpack(&bytes).unwrap(), run.counted.clone());
            prop_assert_eq!(read.snapshot(), run.snapshot());
            prop_assert_eq!(read.bytes(), bytes);
            run.lowered = 0;
            for step in &then {
                run.step(step);
                read.step(step);
            }
            prop_assert_eq!(read.lowered, run.lowered);
            prop_assert_eq!(read.snapshot(), run.snapshot());
            prop_assert_eq!(read.bytes(), run.bytes());
        }

        #[test]
        fn a_picture_stays_as_it_was_taken(first in steps(), then in steps()) {
            let mut run = run(&first);
            let (image, bytes) = (run.board.image(), run.bytes());
            then.iter().for_each(|step| run.step(step));
            let mut later = Vec::new();
            image.pack(&mut later);
            prop_assert_eq!(later, bytes);
        }

        #[test]
        fn damaged_bytes_do_no_harm(
            steps in steps(),
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), 1..=255u8), 0..3),
            cut in proptest::option::of(any::<proptest::sample::Index>()),
        ) {
            let mut bytes = run(&steps).bytes();
            for (at, flip) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
                prop_assert!(unpack(&bytes).is_none());
            } else if let Some(board) = unpack(&bytes) {
                let again = Run::new(board, Vec::new()).bytes();
                prop_assert_eq!(unpack(&again).map(|b| Run::new(b, Vec::new()).bytes()), Some(again));
            }
        }

        #[test]
        fn random_bytes_do_no_harm(
            bytes in proptest::collection::vec(prop_oneof![0..4u8, any::<u8>()], 0..200),
        ) {
            let mut of_this_format = vec![FORMAT];
            of_this_format.extend(bytes);
            prop_assert!(unpack(&of_this_format).is_none_or(|b| b.open.len() < 200));
        }
    }
}
