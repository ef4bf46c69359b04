//! The goals' levels: what the period is held against, who decided it, and what is to be said about
//! that.

use super::super::figures::Measure;
use super::super::sheet::Sheet;
use super::super::table::{Cell, Column, Drawing, Language, Row, Table};
use crate::domain::goal::{Direction, Goal, GoalId};
use crate::domain::level::{Decision, Level};

impl Sheet<'_> {
    /// The level that the period is held against: that of its last day.
    pub(in crate::report) fn level_of(&self, goal: GoalId) -> Option<Level<'_>> {
        let (_, end) = self.order.period.span();
        self.engine.rules().level(goal, end.previous())
    }

    /// Every goal with its level and the decision behind it.
    pub(in crate::report) fn level_table(&self) -> Table {
        let row = |goal: GoalId| {
            let level = self.level_of(goal);
            let decided = |told: &dyn Fn(&Decision) -> String| {
                level.map_or(Cell::None, |level| Cell::text(told(level.decided)))
            };
            let until = level.and_then(|level| level.decided.valid_until);
            let remarks = self.remarks(goal);
            Row {
                id: goal.id().to_owned(),
                heading: self.goal_name(goal),
                cells: vec![
                    Cell::text(self.level_words(goal)),
                    decided(&|decision| decision.valid_from.to_string()),
                    until.map_or(Cell::None, |until| Cell::text(until.to_string())),
                    decided(&|decision| decision.decided_by.clone()),
                    decided(&|decision| decision.decided_on.clone()),
                    Cell::text(goal.definition_id()),
                    if remarks.is_empty() { Cell::None } else { Cell::text(remarks.join("; ")) },
                ],
            }
        };
        Table {
            id: "levels",
            heading: self.say("Målens nivåer", "The goals' levels"),
            rows_are: self.say("Mål", "Goal"),
            columns: vec![
                Column::new("level", self.say("Nivå", "Level")),
                Column::new("valid_from", self.say("Gäller från", "Holds from")),
                Column::new("valid_until", self.say("Beslutad till och med", "Decided until")),
                Column::new("decided_by", self.say("Beslutad av", "Decided by")),
                Column::new("decided_on", self.say("Beslutad den", "Decided on")),
                Column::new("definition", self.say("Definition", "Definition")),
                Column::new("remark", self.say("Anmärkning", "Remark")),
            ],
            rows: GoalId::ALL.into_iter().map(row).collect(),
            notes: vec![self.say(
                "Perioden bedöms mot nivån på sin sista dag. Ett beslut utan slutdatum är fattat \
                 för det år då det börjar gälla.",
                "The period is held against the level of its last day. A decision without an end \
                 is made for the year in which it begins.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    /// What is to be said of a goal's level: carried over, or another one earlier in the period.
    fn remarks(&self, goal: GoalId) -> Vec<String> {
        let carried = self.carried_over_since(goal).map(|since| match self.order.language {
            Language::Swedish => format!("nivån från {since} gäller tills vidare"),
            Language::English => format!("the level from {since} holds until further notice"),
        });
        carried.into_iter().chain(self.changes(goal)).collect()
    }

    /// From when the level is that goes on though nobody has decided so for the period's last day.
    fn carried_over_since(&self, goal: GoalId) -> Option<String> {
        let level = self.level_of(goal).filter(|level| level.carried_over)?;
        Some(match level.decided.valid_from.date() {
            (year, 1, 1) => year.to_string(),
            _ => level.decided.valid_from.to_string(),
        })
    }

    /// The changes of a goal's level within the period.
    fn changes(&self, goal: GoalId) -> Vec<String> {
        let (from, end) = self.order.period.span();
        let rules = self.engine.rules();
        let told = |decision: &Decision| {
            let on = decision.valid_from;
            let was = match rules.level(goal, on.previous()) {
                Some(level) => self.percent_words(goal, level.percent),
                None => self.say("inget mål", "no goal"),
            };
            let is = self.percent_words(goal, decision.percent);
            match self.order.language {
                Language::Swedish => format!("ändrad {on} från {was} till {is}"),
                Language::English => format!("changed on {on} from {was} to {is}"),
            }
        };
        rules.levels().changes(goal, from, end).map(told).collect()
    }

    /// The same as notes below the goals that the report tells of.
    pub(in crate::report) fn level_notes(&self) -> Vec<String> {
        let goals = GoalId::ALL;
        let short = |goal| self.goal_name(goal).split(':').next().unwrap_or_default().to_owned();
        let carried: Vec<String> = goals
            .iter()
            .filter_map(|goal| Some((short(*goal), self.carried_over_since(*goal)?)))
            .map(|(name, since)| format!("{name} ({} {since})", self.say("från", "from")))
            .collect();
        let undecided = self.say(
            "Utan beslut för perioden gäller nivån tills vidare",
            "Not decided for the period, so the level holds until further notice",
        );
        let carried = Some(carried).filter(|carried| !carried.is_empty());
        let carried = carried.map(|carried| format!("{undecided}: {}.", carried.join(", ")));
        let changed = goals.into_iter().flat_map(|goal| {
            let level = self.say("nivån är", "the level was");
            let note = move |change| format!("{}: {level} {change}.", short(goal));
            self.changes(goal).into_iter().map(note)
        });
        changed.chain(carried).collect()
    }

    /// A goal's name for people.
    pub(in crate::report) fn goal_name(&self, goal: GoalId) -> String {
        match goal {
            GoalId::Sm1 => self.name(Measure::Calls(Goal::Sm1)),
            GoalId::Sm2 => self.name(Measure::Calls(Goal::Sm2)),
            GoalId::Sm3 => self.name(Measure::Calls(Goal::Sm3)),
            GoalId::Sm4 => self.name(Measure::Questions),
            GoalId::Fcr => self.name(Measure::FirstContact),
            GoalId::Satisfaction => self.say("Nöjda medborgare", "Satisfied citizens"),
            GoalId::Staffed => self.say("Bemannat nummer", "A staffed number"),
        }
    }

    /// A goal's level in words, or from when it has one.
    pub(in crate::report) fn level_words(&self, goal: GoalId) -> String {
        if let Some(level) = self.level_of(goal) {
            return self.percent_words(goal, level.percent);
        }
        match self.engine.rules().levels().of(goal).next() {
            Some(first) => {
                format!("{} {}", self.say("gäller från", "applies from"), first.valid_from)
            }
            None => self.say("ingen nivå inlagd", "no level set"),
        }
    }

    pub(in crate::report) fn percent_words(&self, goal: GoalId, percent: u8) -> String {
        match goal.direction() {
            Direction::AtLeast if percent == 100 => "100\u{a0}%".to_owned(),
            Direction::AtLeast => format!("{} {percent}\u{a0}%", self.say("minst", "at least")),
            Direction::AtMost => format!("{} {percent}\u{a0}%", self.say("högst", "at most")),
        }
    }
}
