//! Where questions were settled that did not come by telephone (first-contact resolution, R6, R28).
//!
//! What is told of such a question is held with its other steps, under the question's own id, and is a
//! pure function of them. It counts once: that it was passed on outweighs that it was settled,
//! whichever came first, and the last outcome stands. Where the receipt of the question is known, it
//! counts in that quarter-hour, on that channel and on the department of the question; else where and
//! when it was first told of.

use super::event::{Channel, Escalation, Observation, Step, Way, What};
use super::ids::Department;
use super::pack::{Reader, Writer};
use super::question::Question;
use super::tally::{Code, code};
use super::units::Timestamp;

/// What became of one question, as the figures see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Decides quarter-hour and date.
    pub at: Timestamp,
    /// The department it counts on.
    pub department: Department,
    /// How the question came.
    pub way: Way,
    /// What became of it where it was passed on to a case officer; `None` where it was settled.
    pub passed_on: Option<Escalation>,
}

/// What observations of one question tell of where it was settled.
pub(super) fn settlement(seen: &[Observation], question: Option<&Question>) -> Option<Settlement> {
    let told = |observation: &Observation| match observation.what {
        What::Question(Step::Settled(way)) => Some((way, None)),
        What::Question(Step::PassedOn(way, outcome)) => Some((way, Some(outcome))),
        What::Question(
            Step::Received(_) | Step::Reclassified | Step::Replied { .. } | Step::Closed,
        )
        | What::Offered { .. }
        | What::QueueEntered { .. }
        | What::QueueRejected(_)
        | What::MetByMachine
        | What::Ringing
        | What::NoAnswer
        | What::Answered { .. }
        | What::Abandoned { .. }
        | What::Left { .. }
        | What::Passed { .. }
        | What::Resolved { .. }
        | What::Escalated { .. }
        | What::Ended { .. }
        | What::Callback(_) => None,
    };
    let (first, (way, _)) =
        seen.iter().find_map(|observation| Some((observation, told(observation)?)))?;
    let passed_on = seen.iter().filter_map(told).filter_map(|(_, outcome)| outcome).next_back();
    let said = first.department.unwrap_or(Department::UNKNOWN);
    let (at, department, received) = match question {
        Some(question) => (question.received_at, question.department, Some(question.channel)),
        None => (first.time, said, None),
    };
    let way = match received {
        Some(Channel::Email) => Way::Email,
        Some(Channel::EService) => Way::EService,
        Some(Channel::Other) | None => way,
    };
    Some(Settlement { at, department, way, passed_on })
}

impl Settlement {
    /// What it adds to its cell.
    pub fn cell_entries(&self, mut add: impl FnMut(Code, i64)) {
        let of_way = code::SETTLED + 2 * self.way as Code;
        add(of_way, 1);
        match self.passed_on {
            None => add(of_way + 1, 1),
            Some(outcome) => add(code::SETTLED_ESCALATED + outcome as Code, 1),
        }
    }

    /// Writes it in packed form, its time as the distance from one that the reader knows.
    pub fn pack_after(&self, known: Timestamp, out: &mut Writer<'_>) {
        out.signed(self.at.0.wrapping_sub(known.0));
        out.unsigned(u64::from(self.department.0));
        let outcome = self.passed_on.map_or(0, |outcome| outcome as u8 + 1);
        out.byte(self.way as u8 | outcome << 2);
    }

    /// Reads what [`Settlement::pack_after`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack_after(known: Timestamp, input: &mut Reader<'_>) -> Option<Settlement> {
        let at = Timestamp(known.0.wrapping_add(input.signed()?));
        let department = Department(input.index()?);
        let byte = input.byte()?;
        let passed_on = match (byte >> 2).checked_sub(1) {
            None => None,
            Some(outcome) => Some(*Escalation::ALL.get(usize::from(outcome))?),
        };
        Some(Settlement { at, department, way: Way::ALL[usize::from(byte & 3)], passed_on })
    }
}
