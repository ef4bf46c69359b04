//! Who answers for whom (R7–R9): desks, and from which day to which each answers for a department or
//! has a queue.
//!
//! A call counts on its department for ever; which desk that department had is asked of the day of
//! the offer. A department in no desk runs its own.

use std::collections::BTreeMap;

use super::calendar::Day;
use super::ids::{Department, Queue};

/// Whether several departments share a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskKind {
    /// Departments buy a place in it (samlad kundtjänst).
    Pooled,
    /// One department's own (egen kundtjänst).
    Own,
}

/// A desk that has a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskEntry {
    /// Its name for programs: `[a-z0-9-]+`.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Shared or one department's.
    pub kind: DeskKind,
}

/// Who answers for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Desk {
    /// The entry of this place in [`Desks::entries`].
    Named(u16),
    /// The department itself.
    Of(Department),
}

/// What a desk answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// Whatever counts on the department.
    Department(Department),
    /// Whatever is offered to the queue, whichever department it counts on.
    Queue(Queue),
}

/// From when until when, and which entry; without a day, for ever.
type Stay = (Option<Day>, Option<Day>, u16);

/// Every desk, and what each answers for from which day to which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desks {
    entries: Vec<DeskEntry>,
    members: BTreeMap<Member, Vec<Stay>>,
}

impl Desks {
    /// These desks, which answer for nobody yet.
    pub fn new(entries: Vec<DeskEntry>) -> Desks {
        Desks { entries, members: BTreeMap::new() }
    }

    /// Lets a desk answer for a member from a day (or from the beginning) up to and with another (or
    /// until the member's next desk).
    #[must_use]
    pub fn with(
        mut self,
        member: Member,
        desk: u16,
        from: Option<Day>,
        until: Option<Day>,
    ) -> Desks {
        let stays = self.members.entry(member).or_default();
        let at = stays.partition_point(|(other, ..)| *other <= from);
        stays.insert(at, (from, until, desk));
        self
    }

    /// The desks that have a name.
    pub fn entries(&self) -> &[DeskEntry] {
        &self.entries
    }

    /// Who answers for a department's calls in a queue on a day: the desk that has the queue, else
    /// the one that the department is in, else the department itself.
    pub fn of(&self, department: Department, queue: Option<Queue>, day: Day) -> Desk {
        let queue = queue.and_then(|queue| self.find(Member::Queue(queue), day));
        let named = queue.or_else(|| self.find(Member::Department(department), day));
        named.map_or(Desk::Of(department), Desk::Named)
    }

    fn find(&self, member: Member, day: Day) -> Option<u16> {
        let stays = self.members.get(&member)?;
        let (_, until, desk) = stays.iter().rev().find(|(from, ..)| *from <= Some(day))?;
        until.is_none_or(|until| day <= until).then_some(*desk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_is_in_the_desk_of_the_day_and_else_its_own() {
        let day = |text| Day::parse(text).unwrap();
        let entry = |slug: &str| DeskEntry {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            kind: DeskKind::Pooled,
        };
        let (social, culture) = (Department(1), Department(2));
        let desks = Desks::new(vec![entry("pool"), entry("east")])
            .with(Member::Department(social), 1, Some(day("2026-10-15")), Some(day("2026-10-31")))
            .with(Member::Department(social), 0, None, None)
            .with(Member::Queue(Queue(7)), 0, Some(day("2026-10-20")), None);
        let of = |department, queue: Option<u16>, text| {
            desks.of(department, queue.map(Queue), day(text))
        };
        assert_eq!(of(social, None, "2026-10-14"), Desk::Named(0));
        assert_eq!(of(social, Some(3), "2026-10-15"), Desk::Named(1));
        assert_eq!(of(social, None, "2026-10-31"), Desk::Named(1));
        // The stay has ended, and the one before it ended when it began.
        assert_eq!(of(social, None, "2026-11-01"), Desk::Of(social));
        // A queue's desk goes before the department's.
        assert_eq!(of(social, Some(7), "2026-10-19"), Desk::Named(1));
        assert_eq!(of(social, Some(7), "2026-10-20"), Desk::Named(0));
        assert_eq!(of(culture, Some(7), "2026-10-20"), Desk::Named(0));
        assert_eq!(of(culture, None, "2026-10-20"), Desk::Of(culture));
    }
}
