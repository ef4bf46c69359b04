//! Questions by e-mail and e-service, from the receipt to the first reply by a person (goal 4).
//!
//! A question is held as a call is: as a bounded set of observations, of which everything here is a
//! pure function. So repeats, reordering and spread over partitions change nothing.
//!
//! - It counts in the quarter-hour of its receipt. An earlier receipt of the same question wins.
//! - Its clock runs from the receipt; a reclassification does not reset it. The question counts on
//!   the department it was last given to before a person replied; after that nothing moves it.
//! - A reply by a person counts up to [`ANSWERABLE`] after the receipt, also one whose clock says
//!   that it came before the receipt. Automatic receipts never count.
//! - A question that was closed without a reply is open no more, and was not answered in time.
//!   Should a person reply all the same, that counts.
//! - Once it was answered, or can be no longer, what comes after more than T of silence is of
//!   another question: the first one may have been let go by then, and the figures must not depend
//!   on that.

use super::calendar::{Day, WorkingDays, Zone};
use super::event::{Channel, Observation, Step, What};
use super::ids::Department;
use super::pack::{Reader, Writer};
use super::rules::Rules;
use super::settlement::{Settlement, settlement};
use super::tally::{Code, code};
use super::units::{Millis, Timestamp};

/// A question is held so long for its answer; what comes later is no answer to it. After half a year
/// it has long been overdue, and the period it counts in has been accounted for.
pub const ANSWERABLE: Millis = Millis::from_hours(180 * 24);

/// By which rule the last moment of an answer in time follows from the receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeadlineRule {
    /// The end (24:00) of the second working day strictly after the date of receipt: the
    /// guideline's two working days (R27).
    #[default]
    Strict,
    /// What is received on a day off counts as received on the next working day, then two more.
    Roll,
    /// As `Roll`; what is received after 16:30 counts as received on the next working day.
    RollCutoff,
}

/// Minutes after midnight, 16:30, of [`DeadlineRule::RollCutoff`].
const CUTOFF: u16 = 16 * 60 + 30;

impl DeadlineRule {
    /// Every rule.
    pub const ALL: [DeadlineRule; 3] =
        [DeadlineRule::Strict, DeadlineRule::Roll, DeadlineRule::RollCutoff];

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            DeadlineRule::Strict => "strict",
            DeadlineRule::Roll => "roll",
            DeadlineRule::RollCutoff => "roll_cutoff",
        }
    }

    /// The last moment, inclusive, to answer in time what was received at a time.
    pub fn deadline(self, received: Timestamp) -> Timestamp {
        let zone = Zone::stockholm();
        let mut day = zone.day_of(received);
        let rolls = match self {
            DeadlineRule::Strict => false,
            DeadlineRule::Roll => !WorkingDays::is_working_day(day),
            DeadlineRule::RollCutoff => {
                !WorkingDays::is_working_day(day) || received > zone.at_wall_clock(day, CUTOFF)
            }
        };
        if rolls {
            day = WorkingDays::nth_after(day, 1);
        }
        zone.day_end(WorkingDays::nth_after(day, 2))
    }
}

/// The eight hours of a working day, 08:00 to 16:00, in minutes after midnight.
const WORKING_HOURS: [u16; 2] = [8 * 60, 16 * 60];

/// Upper bounds in working hours at which the times to an answer are counted: an hour, half a day,
/// then 1, 2, 3, 5 and 10 working days. Stored counts know them by their place: new ones go last.
pub const WORKING_BOUNDS_HOURS: [i64; 7] = [1, 4, 8, 16, 24, 40, 80];

/// The working time between two moments: the part of it from 08:00 to 16:00 on working days.
pub fn working_time(from: Timestamp, until: Timestamp) -> Millis {
    let zone = Zone::stockholm();
    let days = zone.day_of(from).until(zone.day_of(until).next());
    let of_day = |day: Day| {
        let [opens, closes] = WORKING_HOURS.map(|minute| zone.at_wall_clock(day, minute));
        until.min(closes).since(from.max(opens)).0.max(0)
    };
    Millis(days.filter(|day| WorkingDays::is_working_day(*day)).map(of_day).sum())
}

/// One question as the figures see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// When it was received; decides quarter-hour and date.
    pub received_at: Timestamp,
    /// The department it counts on.
    pub department: Department,
    /// How it came in.
    pub channel: Channel,
    /// The last moment, inclusive, to answer it in time.
    pub due_at: Timestamp,
    /// When a person first replied.
    pub answered_at: Option<Timestamp>,
    /// Working time from the receipt to that reply; 0 without one.
    pub worked: Millis,
    /// Closed without a reply by a person.
    pub closed: bool,
}

/// Works out the questions that observations of one tell of, in order, and counts replies that came
/// before the receipt. Where each was settled is told beside them.
pub fn questions(
    seen: &[Observation],
    rules: &Rules,
    silence: Millis,
    questions: &mut Vec<Question>,
    settlements: &mut Vec<Settlement>,
) -> u16 {
    questions.clear();
    settlements.clear();
    let mut early = 0;
    let mut from = 0;
    for at in 1..=seen.len() {
        let splits = at == seen.len()
            || (seen[at].time.since(seen[at - 1].time) > silence
                && !awaits(&seen[from..at], seen[at].time));
        if splits {
            let question = question(&seen[from..at], rules);
            settlements.extend(settlement(&seen[from..at], question.as_ref()));
            if let Some(question) = question {
                early +=
                    u16::from(question.answered_at.is_some_and(|at| at < question.received_at));
                questions.push(question);
            }
            from = at;
        }
    }
    early
}

/// Whether something that comes at a time may still be the answer.
fn awaits(seen: &[Observation], at: Timestamp) -> bool {
    let received = seen.iter().find_map(received);
    received.is_some_and(|(received, _)| {
        at.since(received.time) <= ANSWERABLE && answer(seen, received.time).is_none()
    })
}

fn received(observation: &Observation) -> Option<(&Observation, Channel)> {
    let What::Question(Step::Received(channel)) = observation.what else { return None };
    Some((observation, channel))
}

/// The place of the first reply by a person.
fn answer(seen: &[Observation], received_at: Timestamp) -> Option<usize> {
    seen.iter().position(|observation| {
        matches!(observation.what, What::Question(Step::Replied { by_person: true }))
            && observation.time.since(received_at) <= ANSWERABLE
    })
}

fn question(seen: &[Observation], rules: &Rules) -> Option<Question> {
    let (received, channel) = seen.iter().find_map(received)?;
    let received_at = received.time;
    let answer = answer(seen, received_at);
    let in_time = |observation: &&Observation| observation.time.since(received_at) <= ANSWERABLE;
    let given_to = seen[..answer.unwrap_or(seen.len())]
        .iter()
        .filter(in_time)
        .filter(|observation| matches!(observation.what, What::Question(Step::Reclassified)))
        .filter_map(|observation| observation.department)
        .next_back();
    let is_closed = || {
        let mut steps = seen.iter().filter(in_time).map(|observation| &observation.what);
        steps.any(|what| matches!(what, What::Question(Step::Closed)))
    };
    let answered_at = answer.map(|at| seen[at].time);
    Some(Question {
        received_at,
        department: given_to.or(received.department).unwrap_or(Department::UNKNOWN),
        channel,
        // For ever by the rules in force at the receipt.
        due_at: rules.at(received_at).question_deadline.deadline(received_at),
        answered_at,
        worked: answered_at.map_or(Millis(0), |at| working_time(received_at, at)),
        closed: answer.is_none() && is_closed(),
    })
}

/// Beside the channel.
const ANSWERED: u8 = 4;
const CLOSED: u8 = 8;

impl Question {
    /// Whether a person replied in time.
    pub fn is_within(&self) -> bool {
        self.answered_at.is_some_and(|at| at <= self.due_at)
    }

    /// Whether a reply by a person is awaited.
    pub fn is_open(&self) -> bool {
        self.answered_at.is_none() && !self.closed
    }

    /// Whether a reply is awaited and can still come in time.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.is_open() && now <= self.due_at
    }

    /// What the question adds to its cell.
    pub fn cell_entries(&self, mut add: impl FnMut(Code, i64)) {
        let of_channel = code::QUESTION + code::QUESTION_STRIDE * self.channel as Code;
        add(of_channel, 1);
        if self.answered_at.is_some() {
            add(of_channel + code::QUESTION_ANSWERED, 1);
            add(of_channel + code::QUESTION_WITHIN, i64::from(self.is_within()));
            add(code::WORKED_MS, self.worked.0);
            let slot = WORKING_BOUNDS_HOURS
                .iter()
                .position(|hours| self.worked <= Millis::from_hours(*hours));
            add(code::WORKED_SLOT + slot.unwrap_or(WORKING_BOUNDS_HOURS.len()) as Code, 1);
        }
    }

    /// Writes the question in packed form, the receipt as its distance from a time that the reader
    /// knows.
    pub fn pack_after(&self, known: Timestamp, out: &mut Writer<'_>) {
        out.signed(self.received_at.0.wrapping_sub(known.0));
        out.unsigned(u64::from(self.department.0));
        let answered = u8::from(self.answered_at.is_some()) * ANSWERED;
        let closed = u8::from(self.closed) * CLOSED;
        out.byte(self.channel as u8 | answered | closed);
        out.signed(self.due_at.since(self.received_at).0);
        if let Some(at) = self.answered_at {
            out.signed(at.since(self.received_at).0);
            out.signed(self.worked.0);
        }
    }

    /// Reads what [`Question::pack_after`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack_after(known: Timestamp, input: &mut Reader<'_>) -> Option<Question> {
        let received_at = Timestamp(known.0.wrapping_add(input.signed()?));
        let department = Department(input.index()?);
        let byte = input.byte()?;
        let channel = *Channel::ALL.get(usize::from(byte & 3))?;
        let mut question = Question {
            received_at,
            department,
            channel,
            due_at: received_at.plus(Millis(input.signed()?)),
            answered_at: None,
            worked: Millis(0),
            closed: byte & CLOSED != 0,
        };
        if byte & ANSWERED != 0 {
            question.answered_at = Some(received_at.plus(Millis(input.signed()?)));
            question.worked = Millis(input.signed()?);
        }
        Some(question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[track_caller]
    fn deadlines(received: &str, expected: [&str; 3]) {
        let found = DeadlineRule::ALL.map(|rule| rule.deadline(at(received)));
        assert_eq!(found, expected.map(at), "{received}");
    }

    #[test]
    fn the_last_moment_is_the_end_of_the_second_working_day() {
        // Monday in office hours: all rules agree.
        let end = "2026-10-08T00:00:00+02:00";
        deadlines("2026-10-05T09:00:00+02:00", [end; 3]);
        // After 16:30 one rule rolls; at 16:30 it does not.
        deadlines("2026-10-05T16:30:00+02:00", [end; 3]);
        let next = "2026-10-09T00:00:00+02:00";
        deadlines("2026-10-05T16:30:00.001+02:00", [end, end, next]);
        // On a Saturday: Monday and Tuesday, or Monday as the day of receipt and two more.
        let (tuesday, wednesday) = ("2026-10-14T00:00:00+02:00", "2026-10-15T00:00:00+02:00");
        deadlines("2026-10-10T12:00:00+02:00", [tuesday, wednesday, wednesday]);
        // At midnight the next day has begun.
        deadlines("2026-10-06T00:00:00+02:00", [next; 3]);
    }

    #[test]
    fn new_years_eve_and_the_days_after_are_no_working_days() {
        // The 31st is a Thursday, the 1st a Friday; Monday the 4th and Tuesday the 5th.
        let strict = "2027-01-06T00:00:00+01:00";
        // The 6th is a holiday: the 4th as the day of receipt, then the 5th and the 7th.
        let rolled = "2027-01-08T00:00:00+01:00";
        deadlines("2026-12-31T10:00:00+01:00", [strict, rolled, rolled]);
    }

    #[test]
    fn the_day_of_winter_time_is_an_hour_longer() {
        deadlines("2026-10-23T10:00:00+02:00", ["2026-10-28T00:00:00+01:00"; 3]);
    }

    #[test]
    fn a_working_day_has_eight_hours() {
        let worked = |from, until| working_time(at(from), at(until)).0;
        let hour = Millis::from_hours(1).0;
        assert_eq!(worked("2026-10-05T09:00:00+02:00", "2026-10-05T11:00:00+02:00"), 2 * hour);
        assert_eq!(worked("2026-10-05T06:00:00+02:00", "2026-10-05T22:00:00+02:00"), 8 * hour);
        // Friday 15:00 to Monday 09:00.
        assert_eq!(worked("2026-10-09T15:00:00+02:00", "2026-10-12T09:00:00+02:00"), 2 * hour);
        // Over the end of summer time.
        assert_eq!(worked("2026-10-23T15:00:00+02:00", "2026-10-26T09:00:00+01:00"), 2 * hour);
        assert_eq!(worked("2026-10-10T12:00:00+02:00", "2026-10-11T12:00:00+02:00"), 0);
        assert_eq!(worked("2026-10-05T11:00:00+02:00", "2026-10-05T09:00:00+02:00"), 0);
    }
}
