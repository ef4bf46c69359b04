//! A contact's way through the municipality: where it began, how the switchboard passed it on, whether
//! that was right the first time, and of which departments its questions were.
//!
//! - A contact is one journey; it counts once, at its first stay.
//! - A call that comes back to the switchboard, with nobody at a desk having answered since it was
//!   passed on, is no call of its own: how it is passed on in the end counts, at the first answer.
//! - A pass is right the first time when the desk that answers does not send the caller on. Sent on is
//!   a caller who comes to another desk or the switchboard after the answer, or who was passed on by
//!   matter without a case officer taking over. Nobody having answered is neither.

use super::contribution::Fact;
use super::stay::{Disposition, Stay, visits};
use crate::domain::event::{Escalation, Place};
use crate::domain::ids::Department;
use crate::domain::pack::{Reader, Writer};
use crate::domain::tally::{Code, code};

/// Where a contact began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Origin {
    /// At the switchboard.
    Switchboard,
    /// Dialled straight to a desk.
    Direct,
    /// At a desk, and the source does not say how it came there: a telephone system whose
    /// switchboard writes no events says nothing of it.
    Unknown,
}

impl Origin {
    /// Every origin in the order of its number.
    pub const ALL: [Origin; 3] = [Origin::Switchboard, Origin::Direct, Origin::Unknown];

    /// The name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Switchboard => "switchboard",
            Origin::Direct => "direct",
            Origin::Unknown => "unknown",
        }
    }

    /// Where it is counted.
    pub const fn code(self) -> Code {
        code::CONTACT_FROM + self as Code
    }
}

/// How a stay was passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Passing {
    /// Not at all: the caller was helped here.
    #[default]
    Not,
    /// By the matter.
    ByMatter,
    /// By the name of a person.
    ByName,
    /// The source does not say by what.
    Unsaid,
    /// The call had come back to the switchboard, and counts where it was answered first.
    Returned,
}

impl Passing {
    /// Every kind in the order of its number.
    pub const ALL: [Passing; 5] =
        [Passing::Not, Passing::ByMatter, Passing::ByName, Passing::Unsaid, Passing::Returned];

    /// What a source says of it.
    pub fn of(by_matter: Option<bool>) -> Passing {
        match by_matter {
            Some(true) => Passing::ByMatter,
            Some(false) => Passing::ByName,
            None => Passing::Unsaid,
        }
    }

    /// Where it is counted; being helped here is what is left.
    pub fn code(self) -> Option<Code> {
        (self != Passing::Not).then(|| code::PASSED + self as Code - 1)
    }
}

/// What became of a visit to a desk that the switchboard sent there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Sent {
    /// Not sent by the switchboard.
    #[default]
    Not,
    /// Nobody has answered.
    Unanswered,
    /// Answered, and not sent on.
    Right,
    /// Answered, and sent on.
    Onward,
}

impl Sent {
    const ALL: [Sent; 4] = [Sent::Not, Sent::Unanswered, Sent::Right, Sent::Onward];
}

/// A contact, as it is counted at its first stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it began.
    pub origin: Origin,
    /// A person answered somewhere in it.
    pub answered: bool,
    /// How often those who answered passed it on; 0 without an answer.
    pub passes: u16,
}

/// The part of a stay's facts that tells of the contact's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The contact that begins with this stay.
    pub contact: Option<Begun>,
    /// How the switchboard passed the call on (answered stays there).
    pub passed: Passing,
    /// What became of the visit that begins with this stay.
    pub sent: Sent,
}

/// Departments that questions of one stay may be of; those of further ones count on the first.
pub const MATTERS: usize = 4;

/// Of which departments the questions of one stay were, and how many of each, in the order in which
/// they were first spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matters<D>([Option<(D, u16)>; MATTERS]);

impl<D> Default for Matters<D> {
    fn default() -> Self {
        Matters([const { None }; MATTERS])
    }
}

impl<D: Copy + PartialEq> Matters<D> {
    /// Adds questions of a department.
    pub fn add(&mut self, department: D, questions: u16) {
        let at = self
            .0
            .iter()
            .position(|slot| slot.is_none_or(|(known, _)| known == department))
            .unwrap_or(0);
        let (_, n) = self.0[at].get_or_insert((department, 0));
        *n = n.saturating_add(questions);
    }

    /// The departments, with the number of questions of each.
    pub fn iter(&self) -> impl Iterator<Item = (D, u16)> + '_ {
        self.0.iter().flatten().copied()
    }
}

impl Matters<Department> {
    /// The parts of a length that each department bears: as many as it had questions. What is left
    /// of an uneven split goes to the first.
    pub fn split(&self, millis: i64) -> impl Iterator<Item = (Department, i64)> + '_ {
        let questions: i64 = self.iter().map(|(_, n)| i64::from(n)).sum();
        let each = millis / questions.max(1);
        let mut rest = millis - each * questions;
        self.iter().map(move |(department, n)| {
            (department, each * i64::from(n) + std::mem::take(&mut rest))
        })
    }

    /// The same with other departments; `None` when one has no other.
    pub fn renamed(
        &self,
        mut name: impl FnMut(Department) -> Option<Department>,
    ) -> Option<Matters<Department>> {
        let mut renamed = *self;
        for (department, _) in renamed.0.iter_mut().flatten() {
            *department = name(*department)?;
        }
        Some(renamed)
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.byte(self.iter().count() as u8);
        for (department, n) in self.iter() {
            out.unsigned(u64::from(department.0));
            out.unsigned(u64::from(n));
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Matters<Department>> {
        let mut matters = Matters::default();
        let count = usize::from(input.byte()?);
        for slot in matters.0.get_mut(..count)? {
            *slot = Some((Department(input.index()?), input.index()?));
        }
        Some(matters)
    }
}

/// Works out the ways of a contact's journeys.
pub(super) fn paths(stays: &[Stay], facts: &mut [Fact]) {
    let mut from = 0;
    while let Some(first) = stays.get(from) {
        let more = stays[from..].iter().take_while(|stay| stay.journey == first.journey).count();
        journey(&stays[from..from + more], &mut facts[from..from + more]);
        from += more;
    }
    visits(stays, |visit| {
        let Some(before) = visit.first.checked_sub(1).map(|at| &stays[at]) else { return };
        let last = &stays[visit.last];
        let sent = before.journey == last.journey
            && before.place == Place::Switchboard
            && before.disposition == Disposition::Answered;
        if sent {
            let goes_on =
                stays.get(visit.last + 1).is_some_and(|stay| stay.journey == last.journey)
                    || last.passed == Passing::ByMatter
                        && last.escalated[Escalation::TakesOver as usize] == 0;
            facts[visit.first].path.sent = match (last.disposition, goes_on) {
                (Disposition::Answered, true) => Sent::Onward,
                (Disposition::Answered, false) => Sent::Right,
                (_, _) => Sent::Unanswered,
            };
        }
    });
}

fn journey(stays: &[Stay], facts: &mut [Fact]) {
    let answered = |stay: &&Stay| stay.disposition == Disposition::Answered;
    facts[0].path.contact = Some(Begun {
        origin: match stays[0].place {
            Place::Switchboard => Origin::Switchboard,
            Place::Queue(_) if stays[0].direct => Origin::Direct,
            Place::Queue(_) => Origin::Unknown,
        },
        answered: stays.iter().any(|stay| answered(&stay)),
        passes: stays.iter().fold(0, |sum: u16, stay| sum.saturating_add(stay.transferred)),
    });
    // The answer at the switchboard that no answer at a desk has followed yet, while it was passed on.
    let mut open: Option<usize> = None;
    for (at, stay) in stays.iter().enumerate().filter(|(_, stay)| answered(stay)) {
        if stay.place != Place::Switchboard {
            open = None;
            continue;
        }
        match open {
            Some(first) => {
                facts[first].path.passed = stay.passed;
                facts[at].path.passed = Passing::Returned;
            }
            None => facts[at].path.passed = stay.passed,
        }
        open = (stay.passed != Passing::Not).then(|| open.unwrap_or(at));
    }
}

impl Path {
    /// What it adds to the stay's cell.
    pub(super) fn cell_entries(&self, add: &mut impl FnMut(Code, i64)) {
        if let Some(contact) = self.contact {
            add(contact.origin.code(), 1);
            if contact.answered {
                add(code::CONTACTS_ANSWERED, 1);
                add(code::CONTACT_PASSES, i64::from(contact.passes));
            }
        }
        if let Some(code) = self.passed.code() {
            add(code, 1);
        }
        if self.sent != Sent::Not {
            add(code::SENT_HERE, 1);
            add(code::SENT_RIGHT, i64::from(self.sent == Sent::Right));
            add(code::SENT_ON, i64::from(self.sent == Sent::Onward));
        }
    }

    /// One byte, and the passes of a contact that was answered.
    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        let (begun, answered) =
            self.contact.map_or((0, false), |contact| (contact.origin as u8 + 1, contact.answered));
        let way = (self.passed as u8) << 3 | (self.sent as u8) << 6;
        out.byte(begun | u8::from(answered) << 2 | way);
        if let Some(contact) = self.contact.filter(|contact| contact.answered) {
            out.unsigned(u64::from(contact.passes));
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Path> {
        let byte = input.byte()?;
        let answered = byte & 4 != 0;
        let contact = match (byte & 3, answered) {
            (0, false) => None,
            (0, true) => return None,
            (begun, _) => Some(Begun {
                origin: Origin::ALL[usize::from(begun - 1)],
                answered,
                passes: if answered { input.index()? } else { 0 },
            }),
        };
        Some(Path {
            contact,
            passed: *Passing::ALL.get(usize::from(byte >> 3 & 7))?,
            sent: Sent::ALL[usize::from(byte >> 6)],
        })
    }
}
