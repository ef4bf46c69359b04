//! Every goal with the level that it is held against on a day, who decided it and when, since when
//! and until when it holds, and what its share means.

use serde::Serialize;

use super::figures::Measure;
use super::live::direction_word;
use super::sheet::definition;
use crate::domain::calendar::{Day, Zone};
use crate::domain::goal::{Goal, GoalId};
use crate::domain::rules::{DEFINITIONS, Rules};
use crate::engine::Engine;

/// The goals of a day.
#[derive(Clone, Debug, Serialize)]
pub struct GoalLevels {
    on: String,
    rules_version: u32,
    definitions_version: u32,
    goals: Vec<Level>,
}

/// One goal on that day.
#[derive(Clone, Debug, Serialize)]
struct Level {
    id: &'static str,
    direction: &'static str,
    /// Whether there is a verdict.
    in_force: bool,
    target_percent: Option<u8>,
    limit_seconds: Option<f64>,
    /// Goal 4: how the last moment follows from the receipt.
    deadline_rule: Option<&'static str>,
    /// The first day of the decision; `None` while none is in force.
    valid_from: Option<String>,
    /// The last day before the next decision; `None` while none is known.
    valid_until: Option<String>,
    decided_by: Option<String>,
    /// A year, a month or a day, as exact as it is known.
    decided_on: Option<String>,
    /// Nobody has decided for this day, so that the last level goes on.
    carried_over: bool,
    definition: &'static str,
}

impl Engine {
    /// The goals of a day.
    pub fn goal_levels(&self, on: Day) -> GoalLevels {
        GoalLevels::new(self.rules(), on)
    }
}

impl GoalLevels {
    fn new(rules: &Rules, on: Day) -> GoalLevels {
        GoalLevels {
            on: on.to_string(),
            rules_version: rules.version(),
            definitions_version: DEFINITIONS,
            goals: GoalId::ALL.map(|goal| Level::new(rules, goal, on)).to_vec(),
        }
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

impl Level {
    fn new(rules: &Rules, goal: GoalId, on: Day) -> Level {
        let set = rules.at(Zone::stockholm().at_wall_clock(on, 720));
        let level = rules.level(goal, on);
        let next = rules.levels().of(goal).find(|decision| decision.valid_from > on);
        let decided = level.map(|level| level.decided);
        Level {
            id: goal.id(),
            direction: direction_word(goal.direction()),
            in_force: level.is_some(),
            target_percent: level.map(|level| level.percent),
            limit_seconds: match goal {
                GoalId::Sm1 => Some(set.switchboard_limit.as_seconds()),
                GoalId::Sm2 => Some(set.queue_limit.as_seconds()),
                GoalId::Sm3
                | GoalId::Sm4
                | GoalId::Fcr
                | GoalId::Satisfaction
                | GoalId::Staffed => None,
            },
            deadline_rule: (goal == GoalId::Sm4).then(|| set.question_deadline.name()),
            valid_from: decided.map(|decision| decision.valid_from.to_string()),
            valid_until: next.map(|decision| decision.valid_from.previous().to_string()),
            decided_by: decided.map(|decision| decision.decided_by.clone()),
            decided_on: decided.map(|decision| decision.decided_on.clone()),
            carried_over: level.is_some_and(|level| level.carried_over),
            definition: meaning(goal),
        }
    }
}

fn meaning(goal: GoalId) -> &'static str {
    match goal {
        GoalId::Sm1 => definition(Measure::Calls(Goal::Sm1)),
        GoalId::Sm2 => definition(Measure::Calls(Goal::Sm2)),
        GoalId::Sm3 => definition(Measure::Calls(Goal::Sm3)),
        GoalId::Sm4 => definition(Measure::Questions),
        GoalId::Fcr => definition(Measure::FirstContact),
        GoalId::Satisfaction => {
            "citizens who are satisfied or very satisfied / all who answered the survey"
        }
        GoalId::Staffed => {
            "minutes with somebody logged in and not paused / minutes that the number is open and of \
             which something is known"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::OpeningHours;
    use crate::domain::ids::Department;
    use crate::domain::level::{Decision, Levels};
    use crate::domain::rules::RuleSet;

    fn rules() -> Rules {
        let mut decisions = Levels::guideline().all().to_vec();
        decisions.push(Decision {
            goal: GoalId::Sm2,
            percent: 95,
            valid_from: Day::parse("2026-07-01").unwrap(),
            valid_until: None,
            decided_by: "kommundirektören".to_owned(),
            decided_on: "2026-06-02".to_owned(),
        });
        Rules::new(7, RuleSet::guideline(Department(1)), OpeningHours::always())
            .with_levels(Levels::new(decisions))
    }

    #[track_caller]
    fn level(on: &str, id: &str) -> (Option<u8>, Option<String>, Option<String>, bool) {
        let levels = GoalLevels::new(&rules(), Day::parse(on).unwrap());
        let found = levels.goals.into_iter().find(|level| level.id == id).unwrap();
        assert_eq!(found.in_force, found.target_percent.is_some());
        (found.target_percent, found.valid_from, found.valid_until, found.carried_over)
    }

    #[test]
    fn a_level_goes_on_until_it_is_another() {
        let told = |day: &str| Some(day.to_owned());
        let (start, change) = (told("2014-01-01"), told("2026-07-01"));
        assert_eq!(level("2013-12-31", "SM1"), (None, None, told("2013-12-31"), false));
        assert_eq!(
            level("2014-01-01", "SM2"),
            (Some(90), start.clone(), told("2026-06-30"), false)
        );
        assert_eq!(level("2026-06-30", "SM2"), (Some(90), start.clone(), told("2026-06-30"), true));
        assert_eq!(level("2026-07-01", "SM2"), (Some(95), change, None, false));
        // The change was of goal 2 alone.
        assert_eq!(level("2026-07-01", "SM1"), (Some(90), start, None, true));
        assert_eq!(level("2015-06-01", "FCR").0, Some(70));
        assert_eq!(level("2016-01-01", "FCR").0, Some(80));
    }
}
