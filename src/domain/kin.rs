//! Facts that join contacts, whichever partition they came in: who rang again within 24 hours, and
//! which question was put again in another contact.
//!
//! Contacts bring entries. A call stands under the caller's pseudonym of its own day and under that
//! of the day before; a question put in a call stands under its name. An entry *follows* when an
//! earlier one under the same key lies within the window before it, the window's end included.
//!
//! - What is counted of an entry depends on the set of entries alone: neither on the order in which
//!   they come and go, nor on repeats.
//! - Entries are let go when nothing within a window of them can be told any more. What was counted
//!   of them stays; the pseudonym is forgotten.
//! - There are at most so many; at the bound the oldest go first and are counted.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use super::cell::{CellKey, Line};
use super::ids::{Caller, ContactId, QuestionTag};
use super::pack::{Reader, Writer};
use super::tally::{Code, code};
use super::units::{Millis, Quarter, Timestamp};

/// A contact of the same caller so long after another one is a repeat, the end included (R15).
/// Real time: the night of 25 hours has room for an hour more.
pub const REPEAT_WINDOW: Millis = Millis::from_hours(24);

/// A question put again so long after the last time is the same question, the end included; and
/// passed on so long after it was first put, it was not settled at the first contact (R28).
pub const QUESTION_WINDOW: Millis = Millis::from_hours(7 * 24);

/// What a contact brings of one caller or of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The contact.
    pub contact: ContactId,
    /// When: of a call its first offer, of a question the first word about it.
    pub at: Timestamp,
    /// Where it is counted.
    pub cell: CellKey,
    /// Whose, or of what.
    pub what: What,
}

/// What an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A call of a known caller.
    Call {
        /// Under the day's key and under that of the day before.
        caller: Caller,
        /// The caller hung up at last.
        abandoned: bool,
        /// The caller was asked to ring later.
        asked_to_call_later: bool,
    },
    /// A question put in a call.
    Question {
        /// Which.
        question: QuestionTag,
        /// Whether it was passed on, not settled there.
        passed_on: bool,
    },
}

/// The record that brought an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Whose: which chain of the fold.
    pub chain: u32,
    /// Its place in the chain.
    pub sequence: u64,
}

impl What {
    /// For how long after it an entry can decide what is counted of others.
    pub fn reach(self) -> Millis {
        match self {
            What::Call { .. } => REPEAT_WINDOW,
            What::Question { .. } => QUESTION_WINDOW,
        }
    }
}

/// Where an entry stands: its key, its time, its contact.
type Place = (u64, Timestamp, ContactId);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    caller: Caller,
    cell: CellKey,
    abandoned: bool,
    asked_to_call_later: bool,
    /// What is counted of it; holds where it stands under its own day.
    counted: Option<Follows>,
}

/// Of the call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Follows {
    abandoned: bool,
    asked_to_call_later: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Put {
    cell: CellKey,
    passed_on: bool,
    /// Counted as put again.
    again: bool,
    /// Counted as passed on in another contact later.
    undone: bool,
}

/// The entries of all partitions, and what is counted of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kin {
    calls: BTreeMap<Place, Call>,
    /// Calls among the above; each stands there twice.
    call_count: usize,
    questions: BTreeMap<Place, Put>,
    passed_on: BTreeMap<Place, Origin>,
    evicted: i64,
    /// Since they were taken last.
    deltas: Vec<(CellKey, Code, i64)>,
    /// Likewise: questions that turned out not to be settled, and what brought the entry which says
    /// so. It comes up to a window later, so in another period.
    undone: Vec<(CellKey, Origin)>,
}

impl Kin {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.call_count + self.questions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries that went at the bound.
    pub fn evicted(&self) -> i64 {
        self.evicted
    }

    /// What has changed in the counts since this was last asked.
    pub fn take_deltas(&mut self) -> Vec<(CellKey, Code, i64)> {
        std::mem::take(&mut self.deltas)
    }

    /// Which questions turned out not to be settled since this was last asked, and by which record.
    pub fn take_undone(&mut self) -> Vec<(CellKey, Origin)> {
        std::mem::take(&mut self.undone)
    }

    /// Takes in an entry; what stood in its place is replaced. Over `most` entries, a fiftieth of
    /// them goes, the oldest first.
    pub fn insert(&mut self, entry: Entry, most: usize, origin: Origin) {
        self.remove(entry);
        let Entry { contact, at, cell, what } = entry;
        match what {
            What::Call { caller, abandoned, asked_to_call_later } => {
                let call = Call { caller, cell, abandoned, asked_to_call_later, counted: None };
                for key in keys(caller) {
                    self.calls.insert((key, at, contact), call);
                }
                self.call_count += 1;
                self.judge_call((caller.own.0, at, contact));
                self.judge_calls_after(caller, at, contact);
            }
            What::Question { question, passed_on } => {
                let place = (question.0, at, contact);
                let put = Put { cell, passed_on, again: false, undone: false };
                self.questions.insert(place, put);
                if passed_on {
                    self.passed_on.insert(place, origin);
                }
                self.judge_question(place, true);
                self.judge_questions_around(place);
            }
        }
        if self.len() > most {
            self.evict(most - most / 50);
        }
    }

    /// Takes an entry back. One that is not there, or was let go, changes nothing.
    pub fn remove(&mut self, entry: Entry) {
        let Entry { contact, at, what, .. } = entry;
        match what {
            What::Call { caller, .. } => {
                let Some(known) = self.calls.remove(&(caller.own.0, at, contact)) else { return };
                self.calls.remove(&(caller.before.0, at, contact));
                self.call_count -= 1;
                self.count_call(known.cell, known.counted, -1);
                self.judge_calls_after(caller, at, contact);
            }
            What::Question { question, .. } => {
                let place = (question.0, at, contact);
                let Some(known) = self.questions.remove(&place) else { return };
                self.passed_on.remove(&place);
                self.count_question(known, -1);
                self.judge_questions_around(place);
            }
        }
    }

    /// Lets go of calls and of questions before these times. What is counted stays.
    pub fn forget_before(&mut self, calls: Timestamp, questions: Timestamp) {
        let own = |(key, ..): &Place, call: &Call| *key == call.caller.own.0;
        let mut gone = 0;
        self.calls.retain(|place, call| {
            let stays = place.1 >= calls;
            gone += usize::from(!stays && own(place, call));
            stays
        });
        self.call_count -= gone;
        self.questions.retain(|place, _| place.1 >= questions);
        self.passed_on.retain(|place, _| place.1 >= questions);
    }

    fn evict(&mut self, room: usize) {
        let calls = self.calls.iter().filter(|(place, call)| place.0 == call.caller.own.0);
        let mut times: Vec<Timestamp> =
            calls.map(|(place, _)| place.1).chain(self.questions.keys().map(|at| at.1)).collect();
        let excess = times.len().saturating_sub(room);
        if excess == 0 {
            return;
        }
        let (_, last, _) = times.select_nth_unstable(excess - 1);
        let until = last.plus(Millis(1));
        let before = self.len();
        self.forget_before(until, until);
        self.evicted += (before - self.len()) as i64;
    }

    /// Counts a call by the one before it.
    fn judge_call(&mut self, place: Place) {
        let (_, at, contact) = place;
        let Some(call) = self.calls.get(&place).copied() else { return };
        let before = |key: u64| {
            let earlier = (key, Timestamp(i64::MIN), ContactId(0))..(key, at, contact);
            self.calls.range(earlier).next_back()
        };
        let last = keys(call.caller)
            .into_iter()
            .filter_map(before)
            .max_by_key(|((_, at, id), _)| (*at, *id));
        let counted = last.filter(|((_, earlier, _), _)| at.since(*earlier) <= REPEAT_WINDOW).map(
            |(_, Call { abandoned, asked_to_call_later, .. })| Follows {
                abandoned: *abandoned,
                asked_to_call_later: *asked_to_call_later,
            },
        );
        if counted != call.counted {
            self.count_call(call.cell, call.counted, -1);
            self.count_call(call.cell, counted, 1);
            if let Some(call) = self.calls.get_mut(&place) {
                call.counted = counted;
            }
        }
    }

    /// Counts the calls again that come next after a place, by either key.
    fn judge_calls_after(&mut self, caller: Caller, at: Timestamp, contact: ContactId) {
        for key in keys(caller) {
            let after = self.calls.range(after((key, at, contact), END)).next();
            if let Some(((_, at, contact), call)) = after {
                let place = (call.caller.own.0, *at, *contact);
                self.judge_call(place);
            }
        }
    }

    fn count_call(&mut self, cell: CellKey, counted: Option<Follows>, sign: i64) {
        let Some(Follows { abandoned, asked_to_call_later }) = counted else { return };
        self.deltas.push((cell, code::REPEATS, sign));
        if abandoned {
            self.deltas.push((cell, code::REPEATS_AFTER_ABANDONED, sign));
        }
        if asked_to_call_later {
            self.deltas.push((cell, code::REPEATS_AFTER_ASKED, sign));
        }
    }

    /// Counts a question by those before and after it. Whether it was put before is settled for the
    /// first one of a window, whose forerunners may have been let go.
    fn judge_question(&mut self, place: Place, with_forerunners: bool) {
        let (key, at, _) = place;
        let Some(known) = self.questions.get(&place).copied() else { return };
        let again = match with_forerunners {
            false => known.again,
            true => {
                let from = (key, at.minus(QUESTION_WINDOW), ContactId(0));
                self.questions.range(from..place).next_back().is_some()
            }
        };
        let later = after(place, at.plus(QUESTION_WINDOW));
        let later = self.passed_on.range(later).next().map(|(_, origin)| *origin);
        let by = later.filter(|_| !again && !known.passed_on);
        let judged = Put { again, undone: by.is_some(), ..known };
        if judged != known {
            self.count_question(known, -1);
            self.count_question(judged, 1);
            self.questions.insert(place, judged);
            self.undone.extend(by.map(|by| (known.cell, by)));
        }
    }

    /// Counts the questions again that depend on one place: the next one, and the first one that has
    /// it in its window. The others of that window follow the first one, whatever comes after.
    fn judge_questions_around(&mut self, place: Place) {
        let (key, at, _) = place;
        let next = self.questions.range(after(place, END)).next().map(|(place, _)| *place);
        let from = (key, at.minus(QUESTION_WINDOW), ContactId(0));
        let first = self.questions.range(from..place).next().map(|(place, _)| *place);
        if let Some(next) = next {
            self.judge_question(next, true);
        }
        if let Some(first) = first {
            self.judge_question(first, false);
        }
    }

    fn count_question(&mut self, put: Put, sign: i64) {
        let Put { cell, passed_on, again, undone } = put;
        if again {
            self.deltas.push((cell, code::ASKED_AGAIN, sign));
        }
        if undone || (again && !passed_on) {
            self.deltas.push((cell, code::RESOLVED_AGAIN, sign));
        }
    }

    /// Writes entries and what is counted of them.
    pub fn pack(&self, out: &mut Writer<'_>) {
        debug_assert!(self.deltas.is_empty(), "they are taken with every record");
        out.signed(self.evicted);
        out.unsigned(self.call_count as u64);
        for ((key, at, contact), call) in &self.calls {
            if *key != call.caller.own.0 {
                continue;
            }
            let Call { caller, cell, abandoned, asked_to_call_later, counted } = call;
            let what = What::Call {
                caller: *caller,
                abandoned: *abandoned,
                asked_to_call_later: *asked_to_call_later,
            };
            Entry { contact: *contact, at: *at, cell: *cell, what }.pack(Timestamp(0), false, out);
            out.byte(counted.map_or(0, |counted| {
                1 | u8::from(counted.abandoned) << 1 | u8::from(counted.asked_to_call_later) << 2
            }));
        }
        out.unsigned(self.questions.len() as u64);
        for ((key, at, contact), put) in &self.questions {
            let Put { cell, passed_on, again, undone } = *put;
            let what = What::Question { question: QuestionTag(*key), passed_on };
            Entry { contact: *contact, at: *at, cell, what }.pack(Timestamp(0), false, out);
            out.byte(u8::from(again) | u8::from(undone) << 1);
            if let Some(Origin { chain, sequence }) = self.passed_on.get(&(*key, *at, *contact)) {
                out.unsigned(u64::from(*chain));
                out.unsigned(*sequence);
            }
        }
    }

    /// Reads what [`Kin::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Kin> {
        let mut kin = Kin { evicted: input.signed()?, ..Kin::default() };
        for _ in 0..input.count(LEAST_ENTRY)? {
            let (entry, _) = Entry::unpack(Timestamp(0), input)?;
            let Entry { contact, at, cell, what } = entry;
            let What::Call { caller, abandoned, asked_to_call_later } = what else { return None };
            let counted = match input.byte()? {
                0 => None,
                flags => {
                    Some(Follows { abandoned: flags & 2 != 0, asked_to_call_later: flags & 4 != 0 })
                }
            };
            let call = Call { caller, cell, abandoned, asked_to_call_later, counted };
            kin.calls.insert((caller.before.0, at, contact), Call { counted: None, ..call });
            kin.calls.insert((caller.own.0, at, contact), call);
            kin.call_count += 1;
        }
        for _ in 0..input.count(LEAST_ENTRY)? {
            let (entry, _) = Entry::unpack(Timestamp(0), input)?;
            let Entry { contact, at, cell, what } = entry;
            let What::Question { question, passed_on } = what else { return None };
            let flags = input.byte()?;
            let place = (question.0, at, contact);
            let put = Put { cell, passed_on, again: flags & 1 != 0, undone: flags & 2 != 0 };
            kin.questions.insert(place, put);
            if passed_on {
                let chain = u32::try_from(input.unsigned()?).ok()?;
                kin.passed_on.insert(place, Origin { chain, sequence: input.unsigned()? });
            }
        }
        Some(kin)
    }
}

/// The last time there is.
const END: Timestamp = Timestamp(i64::MAX);

/// What stands under the same key behind a place, up to a time.
fn after(place: Place, until: Timestamp) -> (std::ops::Bound<Place>, std::ops::Bound<Place>) {
    (Excluded(place), Included((place.0, until, ContactId(u64::MAX))))
}

/// The keys under which a call stands.
fn keys(caller: Caller) -> [u64; 2] {
    let Caller { own, before } = caller;
    [own.0, before.0]
}

/// The bytes that an entry takes at least.
pub const LEAST_ENTRY: usize = 8 + 1 + 1 + 1 + 2 + 8;

const GONE: u8 = 1;
const QUESTION: u8 = 2;
const PASSED_ON: u8 = 4;
const ABANDONED: u8 = 4;
const ASKED: u8 = 8;

impl Entry {
    /// Writes the entry, its time as the distance from one that the reader knows, and whether it is
    /// taken back.
    pub fn pack(&self, known: Timestamp, is_gone: bool, out: &mut Writer<'_>) {
        let Entry { contact, at, cell, what } = self;
        out.fixed(&contact.0.to_le_bytes());
        let flag = |is: bool, flag: u8| u8::from(is) * flag;
        out.byte(
            flag(is_gone, GONE)
                | match what {
                    What::Call { abandoned, asked_to_call_later, .. } => {
                        flag(*abandoned, ABANDONED) | flag(*asked_to_call_later, ASKED)
                    }
                    What::Question { passed_on, .. } => QUESTION | flag(*passed_on, PASSED_ON),
                },
        );
        out.signed(at.0.wrapping_sub(known.0));
        out.signed(i64::from(cell.quarter.0) - i64::from(at.quarter().0));
        cell.line.pack(out);
        match what {
            What::Call { caller, .. } => caller.pack(out),
            What::Question { question, .. } => out.fixed(&question.0.to_le_bytes()),
        }
    }

    /// Reads what [`Entry::pack`] wrote: the entry, and whether it is taken back. `None` on foreign
    /// bytes.
    pub fn unpack(known: Timestamp, input: &mut Reader<'_>) -> Option<(Entry, bool)> {
        let contact = ContactId(u64::from_le_bytes(input.fixed()?));
        let flags = input.byte()?;
        let at = Timestamp(known.0.wrapping_add(input.signed()?));
        let quarter = i64::from(at.quarter().0).checked_add(input.signed()?)?;
        let quarter = Quarter(i32::try_from(quarter).ok()?);
        let cell = CellKey { quarter, line: Line::unpack(input)? };
        let what = match flags & QUESTION {
            0 => What::Call {
                caller: Caller::unpack(input)?,
                abandoned: flags & ABANDONED != 0,
                asked_to_call_later: flags & ASKED != 0,
            },
            _ => What::Question {
                question: QuestionTag(u64::from_le_bytes(input.fixed()?)),
                passed_on: flags & PASSED_ON != 0,
            },
        };
        Some((Entry { contact, at, cell, what }, flags & GONE != 0))
    }
}

#[cfg(test)]
#[path = "kin_tests.rs"]
mod tests;
