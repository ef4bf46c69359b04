//! Which level of which goal holds on which day, decided by whom (R36).
//!
//! The level of a goal on a day is that of its latest decision whose first day has come. A decision
//! covers the days up to its `valid_until`; one without covers the calendar year in which it begins.
//! The level of a decision holds on past what it covers, until the next one begins, and then it is
//! *carried over*: whoever shows it says so. Before a goal's first decision there is no level, and
//! so no verdict (R1).
//!
//! A level changes no count. It is what counts are held against, so a decision that comes after the
//! days it speaks of needs no counting anew.

use super::calendar::Day;
use super::goal::{Direction, GoalId, Verdict, judge};
use super::units::Share;

/// One decision of a goal's level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Of which goal.
    pub goal: GoalId,
    /// The level in whole percent, 0 to 100.
    pub percent: u8,
    /// The first day on which it holds.
    pub valid_from: Day,
    /// The last day that the decision covers; `None` for the end of the year of `valid_from`.
    pub valid_until: Option<Day>,
    /// Who decided: an office, never a person's name.
    pub decided_by: String,
    /// When: a year, a month or a day (`2013`, `2013-08`, `2013-08-26`), as exact as it is known.
    pub decided_on: String,
}

impl Decision {
    /// Whether it was decided for a day, from `valid_from` on.
    pub fn covers(&self, day: Day) -> bool {
        match self.valid_until {
            Some(until) => day <= until,
            None => day.date().0 == self.valid_from.date().0,
        }
    }
}

/// A goal's level on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level<'a> {
    /// The good side.
    pub direction: Direction,
    /// Whole percent, 0 to 100.
    pub percent: u8,
    /// By whom, when and from when.
    pub decided: &'a Decision,
    /// Whether nobody has decided for this day, so that the last level goes on.
    pub carried_over: bool,
}

impl Level<'_> {
    /// The verdict on a share, by whole numbers.
    pub fn judge(&self, share: Share) -> Verdict {
        judge(self.direction, share, self.percent)
    }
}

/// All decisions, in order of goal and first day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<Decision>);

impl Levels {
    /// The first day of the service goals, 2014-01-01 (R1).
    pub const FROM: Day = Day(16_071);

    /// From decisions in any order. Of two that begin on one day the later in the list holds.
    pub fn new(decisions: Vec<Decision>) -> Levels {
        let mut ordered: Vec<Decision> = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let key = (decision.goal, decision.valid_from);
            match ordered.binary_search_by_key(&key, |other| (other.goal, other.valid_from)) {
                Ok(at) => ordered[at] = decision,
                Err(at) => ordered.insert(at, decision),
            }
        }
        Levels(ordered)
    }

    /// The guideline's: 90, 90 and at most 10 percent, two working days for every question, 70 and
    /// from 2016 on 80 percent settled and satisfied, a number that is always staffed.
    pub fn guideline() -> Levels {
        let of_goal = |goal: GoalId| {
            goal.guideline().iter().map(move |(year, percent)| Decision {
                goal,
                percent: *percent,
                valid_from: Day::from_ymd(*year, 1, 1).unwrap_or(Levels::FROM),
                valid_until: None,
                decided_by: "riktlinjen Luleå Direkt".to_owned(),
                decided_on: "2013-08".to_owned(),
            })
        };
        Levels::new(GoalId::ALL.into_iter().flat_map(of_goal).collect())
    }

    /// The guideline's latest levels at all times, for logs from elsewhere: they know nothing of
    /// when this municipality's goals began.
    pub fn always() -> Levels {
        let latest = |goal: GoalId| {
            let decision = Levels::guideline().of(goal).last().cloned()?;
            Some(Decision { valid_from: Day(0), valid_until: Some(Day::END), ..decision })
        };
        Levels::new(GoalId::ALL.into_iter().filter_map(latest).collect())
    }

    /// No level at all, and so no verdict.
    pub fn none() -> Levels {
        Levels(Vec::new())
    }

    /// The level of a goal on a day; `None` before its first decision.
    pub fn on(&self, goal: GoalId, day: Day) -> Option<Level<'_>> {
        let decided = self.of(goal).take_while(|decision| decision.valid_from <= day).last()?;
        Some(Level {
            direction: goal.direction(),
            percent: decided.percent,
            decided,
            carried_over: !decided.covers(day),
        })
    }

    /// The decisions that set another level within a stretch of days, from its second day up to, but
    /// not including, `end`.
    pub fn changes(&self, goal: GoalId, from: Day, end: Day) -> impl Iterator<Item = &Decision> {
        let within =
            move |decision: &&Decision| from < decision.valid_from && decision.valid_from < end;
        let before = move |day: Day| self.on(goal, day.previous()).map(|level| level.percent);
        self.of(goal)
            .filter(within)
            .filter(move |decision| before(decision.valid_from) != Some(decision.percent))
    }

    /// The decisions of a goal, by their first days.
    pub fn of(&self, goal: GoalId) -> impl Iterator<Item = &Decision> {
        self.0.iter().filter(move |decision| decision.goal == goal)
    }

    /// Every decision, in order of goal and first day.
    pub fn all(&self) -> &[Decision] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn decision(percent: u8, from: &str, until: Option<&str>) -> Decision {
        Decision {
            goal: GoalId::Fcr,
            percent,
            valid_from: day(from),
            valid_until: until.map(day),
            decided_by: "kommundirektören".to_owned(),
            decided_on: "2026-11-02".to_owned(),
        }
    }

    /// The level of first-contact resolution on a day, and whether it is carried over.
    fn on(levels: &Levels, date: &str) -> Option<(u8, bool)> {
        levels.on(GoalId::Fcr, day(date)).map(|level| (level.percent, level.carried_over))
    }

    #[test]
    fn the_guideline_has_every_goal_from_2014_and_raises_two_in_2016() {
        let levels = Levels::guideline();
        assert_eq!(Levels::FROM, day("2014-01-01"));
        let all = |date: &str| {
            GoalId::ALL.map(|goal| levels.on(goal, day(date)).map(|level| level.percent))
        };
        assert_eq!(all("2013-12-31"), [None; 7]);
        let of = |percents: [u8; 7]| percents.map(Some);
        assert_eq!(all("2014-01-01"), of([90, 90, 10, 100, 70, 70, 100]));
        assert_eq!(all("2015-12-31"), of([90, 90, 10, 100, 70, 70, 100]));
        assert_eq!(all("2016-01-01"), of([90, 90, 10, 100, 80, 80, 100]));
        assert_eq!(all("2026-11-28"), of([90, 90, 10, 100, 80, 80, 100]));
    }

    #[test]
    fn a_year_without_a_decision_has_the_last_level_and_says_so() {
        let levels = Levels::guideline();
        assert_eq!(on(&levels, "2014-12-31"), Some((70, false)));
        assert_eq!(on(&levels, "2015-01-01"), Some((70, true)));
        assert_eq!(on(&levels, "2016-12-31"), Some((80, false)));
        assert_eq!(on(&levels, "2017-01-01"), Some((80, true)));
    }

    #[test]
    fn a_decision_covers_its_last_day_and_goes_on_after_it() {
        let levels = Levels::new(vec![
            decision(85, "2027-01-01", Some("2028-06-30")),
            decision(70, "2026-01-01", Some("2026-03-31")),
        ]);
        assert_eq!(on(&levels, "2025-12-31"), None);
        assert_eq!(on(&levels, "2026-03-31"), Some((70, false)));
        assert_eq!(on(&levels, "2026-04-01"), Some((70, true)));
        assert_eq!(on(&levels, "2027-01-01"), Some((85, false)));
        assert_eq!(on(&levels, "2028-06-30"), Some((85, false)));
        assert_eq!(on(&levels, "2028-07-01"), Some((85, true)));
        assert_eq!(levels.on(GoalId::Satisfaction, day("2027-01-01")), None);
    }

    #[test]
    fn a_change_within_a_stretch_is_told_and_a_repeated_level_is_none() {
        let levels = Levels::new(vec![
            decision(80, "2026-01-01", None),
            decision(80, "2027-01-01", None),
            decision(85, "2027-07-01", None),
        ]);
        let within = |from: &str, end: &str| -> Vec<String> {
            let changes = levels.changes(GoalId::Fcr, day(from), day(end));
            changes.map(|decision| decision.valid_from.to_string()).collect()
        };
        assert_eq!(within("2027-01-01", "2028-01-01"), ["2027-07-01"]);
        // From its second day up to its last: a level of the first day is the whole stretch's.
        assert_eq!(within("2027-07-01", "2027-08-01"), [""; 0]);
        assert_eq!(within("2027-06-30", "2027-07-02"), ["2027-07-01"]);
        assert_eq!(within("2027-06-01", "2027-07-01"), [""; 0]);
        // A goal that begins within the stretch had none before.
        assert_eq!(within("2025-07-01", "2026-07-01"), ["2026-01-01"]);
    }

    #[test]
    fn a_log_from_elsewhere_is_held_against_the_latest_levels() {
        let levels = Levels::always();
        assert_eq!(on(&levels, "2004-05-01"), Some((80, false)));
        assert_eq!(on(&levels, "2026-05-01"), Some((80, false)));
    }

    proptest! {
        /// Against a walk over every day: the level is the one that began last, in whatever order
        /// the decisions are listed.
        #[test]
        fn the_level_of_a_day_is_the_one_that_began_last(
            made in proptest::collection::vec((0..900_i32, 0..=100_u8, proptest::option::of(0..900_i32)), 0..6),
        ) {
            let first = day("2026-01-01");
            let decisions: Vec<Decision> = made
                .iter()
                .map(|(from, percent, length)| Decision {
                    valid_from: first.plus(*from),
                    valid_until: length.map(|length| first.plus(from + length)),
                    ..decision(*percent, "2026-01-01", None)
                })
                .collect();
            let levels = Levels::new(decisions.clone());
            let mut now: Option<Decision> = None;
            for at in first.previous().until(first.plus(1_000)) {
                let begun = decisions.iter().rfind(|decision| decision.valid_from == at);
                now = begun.cloned().or(now);
                let level = levels.on(GoalId::Fcr, at);
                prop_assert_eq!(level.map(|level| level.decided.clone()), now.clone());
                let is_open = now.as_ref().is_some_and(|now| match now.valid_until {
                    Some(until) => until >= at,
                    None => now.valid_from.month().year == at.month().year,
                });
                prop_assert_eq!(level.is_some_and(|level| !level.carried_over), is_open);
            }
        }
    }
}
