//! Every measure with the level that it is held against on a day, since when and until when, and
//! what its share means.

use serde::Serialize;

use super::figures::Measure;
use super::live::direction_word;
use super::sheet::definition;
use crate::domain::calendar::{Day, Zone};
use crate::domain::goal::Goal;
use crate::domain::rules::{DEFINITIONS, RuleSet, Rules};
use crate::domain::units::Timestamp;
use crate::engine::Engine;

/// The goals of a day.
#[derive(Clone, Debug, Serialize)]
pub struct GoalLevels {
    on: String,
    rules_version: u32,
    definitions_version: u32,
    goals: Vec<Level>,
}

/// One measure on that day.
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
    /// The first day on which all of the above holds; `None` when it always has.
    valid_from: Option<String>,
    /// The last one; `None` while no end is known.
    valid_until: Option<String>,
    decided_by: Option<String>,
    decided_on: Option<String>,
    definition: &'static str,
}

/// Who decided a level, and on which day.
#[derive(Clone, Debug, Default)]
struct Decision {
    by: Option<String>,
    on: Option<Day>,
}

/// What a set of rules says of a measure: what has to stay the same for a level to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    target_percent: Option<u8>,
    limit_seconds: Option<f64>,
    deadline_rule: Option<&'static str>,
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
            goals: Measure::ALL.map(|measure| Level::new(rules, measure, on)).to_vec(),
        }
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

impl Level {
    fn new(rules: &Rules, measure: Measure, on: Day) -> Level {
        let zone = Zone::stockholm();
        let noon = zone.at_wall_clock(on, 720);
        let sets: Vec<(Timestamp, &RuleSet)> = rules.sets().collect();
        let at = sets.partition_point(|(from, _)| *from <= noon).saturating_sub(1);
        let held = Held::of(sets[at].1, measure);
        let same = |(_, set): &&(Timestamp, &RuleSet)| Held::of(set, measure) == held;
        let first = sets[..=at].iter().rev().take_while(same).last();
        let next = sets[at..].iter().find(|set| !same(set));
        let decision = decision(sets[at].1, measure);
        Level {
            id: measure.id(),
            direction: direction_word(measure.direction()),
            in_force: held.target_percent.is_some(),
            target_percent: held.target_percent,
            limit_seconds: held.limit_seconds,
            deadline_rule: held.deadline_rule,
            valid_from: first
                .filter(|(from, _)| from.0 != i64::MIN)
                .map(|(from, _)| zone.day_of(*from).to_string()),
            valid_until: next.map(|(from, _)| zone.day_of(*from).previous().to_string()),
            decided_by: decision.by,
            decided_on: decision.on.map(|day| day.to_string()),
            definition: definition(measure),
        }
    }
}

impl Held {
    fn of(set: &RuleSet, measure: Measure) -> Held {
        let (mut target_percent, mut limit_seconds, mut deadline_rule) = (None, None, None);
        match measure {
            Measure::Calls(goal) => {
                target_percent = set.targets.map(|targets| targets.of(goal));
                limit_seconds = match goal {
                    Goal::Sm1 => Some(set.switchboard_limit.as_seconds()),
                    Goal::Sm2 => Some(set.queue_limit.as_seconds()),
                    Goal::Sm3 | Goal::Sm3w => None,
                };
            }
            // No level is configured for these.
            Measure::Questions => deadline_rule = Some(set.question_deadline.name()),
            Measure::FirstContact => {}
        }
        Held { target_percent, limit_seconds, deadline_rule }
    }
}

/// Who decided. The rules do not tell it: this is the one place to say it when they do.
fn decision(_set: &RuleSet, _measure: Measure) -> Decision {
    Decision::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::OpeningHours;
    use crate::domain::ids::Department;
    use crate::domain::rules::Targets;

    fn rules() -> Rules {
        let day = |text| Day::parse(text).unwrap();
        let before = RuleSet::guideline(Department(1));
        let first = RuleSet { targets: Some(Targets::GUIDELINE), ..before.clone() };
        let tighter = Targets { sm2_percent: 95, ..Targets::GUIDELINE };
        let second = RuleSet { targets: Some(tighter), ..first.clone() };
        Rules::new(7, before, OpeningHours::always())
            .with_set(RuleSet::GOALS_FROM, first)
            .with_set(day("2026-07-01"), second)
    }

    #[track_caller]
    fn level(on: &str, id: &str) -> (Option<u8>, Option<String>, Option<String>) {
        let levels = GoalLevels::new(&rules(), Day::parse(on).unwrap());
        let found = levels.goals.into_iter().find(|level| level.id == id).unwrap();
        assert_eq!(found.in_force, found.target_percent.is_some());
        (found.target_percent, found.valid_from, found.valid_until)
    }

    #[test]
    fn a_level_goes_on_until_it_is_another() {
        let told = |day: &str| Some(day.to_owned());
        let (start, end, change) = (told("2014-01-01"), told("2026-06-30"), told("2026-07-01"));
        assert_eq!(level("2013-12-31", "SM1"), (None, None, told("2013-12-31")));
        assert_eq!(level("2014-01-01", "SM2"), (Some(90), start.clone(), end.clone()));
        assert_eq!(level("2026-06-30", "SM2"), (Some(90), start.clone(), end));
        assert_eq!(level("2026-07-01", "SM2"), (Some(95), change, None));
        // The change was of goal 2 alone.
        assert_eq!(level("2026-07-01", "SM1"), (Some(90), start, None));
        assert_eq!(level("2026-07-01", "SM4"), (None, None, None));
    }
}
