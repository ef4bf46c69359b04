//! The goals that are no share of calls or questions: satisfied citizens, by a survey that somebody
//! entered, and the staffed number, by minutes. They stand in the goals' table below the counted ones.
//!
//! - The survey is the one whose period ends last within the report's; it is compared with answers to
//!   the same question only, and no other source is ever mixed in.
//! - Staffing is held against its level in milliseconds. Time of which nothing is known is in neither
//!   part of the share.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::super::number;
use super::super::sheet::Sheet;
use super::super::sums::Days;
use super::super::table::{Cell, Column, Row};
use super::staffing::WholeMinutes;
use super::told::{period_name, share, tenths};
use crate::domain::coverage::{Coverage, CoverageSpan};
use crate::domain::goal::{GoalId, Verdict};
use crate::domain::ids::Department;
use crate::domain::level::Level;
use crate::domain::told::{Found, Outcome, Period as ToldPeriod, Scale};
use crate::domain::units::Share;

/// How long numbers were staffed, of the time that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Staffed {
    /// Milliseconds.
    share: Share,
    /// Minutes of which something is known, and those without anybody, as the staffing table has them.
    minutes: i64,
    unstaffed: i64,
    /// Numbers of which something is known, and those of them that were never without anybody.
    numbers: i64,
    always: i64,
}

impl Staffed {
    fn add(&mut self, coverage: &Coverage) {
        let share = coverage.share();
        if share.of == 0 {
            return;
        }
        self.share = self.share.merge(share);
        let whole = WholeMinutes::of(coverage);
        self.minutes += whole.staffed + whole.unstaffed;
        self.unstaffed += whole.unstaffed;
        self.numbers += 1;
        self.always += i64::from(coverage.unstaffed.0 == 0);
    }
}

/// The survey that a period is judged by.
#[derive(Clone, Copy, Debug)]
struct Surveyed<'t> {
    measure: &'t str,
    period: ToldPeriod,
    outcome: &'t Outcome,
}

impl Sheet<'_> {
    /// Both goals as rows of the goals' table.
    pub(in crate::report) fn other_goal_rows(&self) -> [Row; 2] {
        [self.satisfied_row(), self.staffed_row()]
    }

    /// What has to be known to read them.
    pub(in crate::report) fn other_goal_notes(&self) -> [String; 2] {
        let staffed = match self.order.department {
            None => self.say(
                "Bemannat nummer: antalet är minuter, förvaltningarnas sammanlagda. Minuter utan \
                 uppgifter ingår inte.",
                "A staffed number: the number is minutes, the departments' together. Minutes \
                 without data are left out.",
            ),
            Some(_) => self.say(
                "Bemannat nummer: antalet är minuter. Minuter utan uppgifter ingår inte.",
                "A staffed number: the number is minutes. Minutes without data are left out.",
            ),
        };
        [self.satisfied_note(), staffed]
    }

    /// Both goals in words.
    pub(in crate::report) fn other_goal_sentences(&self) -> Vec<String> {
        self.staffed_sentence().into_iter().chain(self.satisfied_sentence()).collect()
    }

    /// Whether a survey's result is told as the goal's outcome.
    pub(in crate::report) fn is_told_as_goal(&self, measure: &str, period: ToldPeriod) -> bool {
        let told = self.surveyed(self.order.period.span(), None);
        told.is_some_and(|told| told.measure == measure && told.period == period)
    }

    /// The columns of the departments' table that tell of staffing.
    pub(in crate::report) fn staffed_columns(&self) -> [Column; 3] {
        [
            Column::new("STAFFED", self.goal_name(GoalId::Staffed)),
            Column::new("STAFFED_of", self.say("minuter", "minutes")),
            Column::new("STAFFED_verdict", self.say("bedömning", "verdict")),
        ]
    }

    /// Those columns of one department.
    pub(in crate::report) fn staffed_cells(&self, department: Department) -> [Cell; 3] {
        let mut staffed = Staffed::default();
        let coverage = self.coverage();
        coverage.departments.get(&department).into_iter().for_each(|of| staffed.add(of));
        match staffed.share.of {
            0 => [Cell::None, Cell::None, Cell::None],
            _ => [
                self.staffed_share(&staffed),
                Cell::Count(staffed.minutes),
                Cell::text(self.staffed_verdict(&staffed)),
            ],
        }
    }

    /// Departments of whose staffing something is known.
    pub(in crate::report) fn staffed_departments(&self) -> BTreeSet<Department> {
        let coverage = self.coverage();
        let known = coverage.departments.iter().filter(|(_, of)| of.share().of > 0);
        known.map(|(at, _)| *at).collect()
    }

    fn staffed(&self, span: &CoverageSpan) -> Staffed {
        let mut staffed = Staffed::default();
        let own = |at: &Department| self.order.department.is_none_or(|own| own == *at);
        let departments = span.departments.iter().filter(|(at, _)| own(at));
        departments.for_each(|(_, coverage)| staffed.add(coverage));
        staffed
    }

    fn staffed_of(&self, days: Days) -> Staffed {
        self.staffed(&self.coverage_of(days))
    }

    fn staffed_share(&self, staffed: &Staffed) -> Cell {
        let level = self.level_of(GoalId::Staffed).map(|level| (level.direction, level.percent));
        match staffed.share.of {
            0 => Cell::None,
            _ => Cell::Share(staffed.share, level, self.order.audience.precision()),
        }
    }

    fn staffed_verdict(&self, staffed: &Staffed) -> String {
        let none = self.say("inga uppgifter", "no data");
        self.judged(self.level_of(GoalId::Staffed), staffed.share, none)
    }

    /// A verdict in words.
    fn judged(&self, level: Option<Level<'_>>, share: Share, none: String) -> String {
        match level.map(|level| level.judge(share)) {
            None => "–".to_owned(),
            Some(Verdict::NoCalls) => none,
            Some(Verdict::Met) => self.say("✓ uppfyllt", "✓ met"),
            Some(Verdict::Missed) => self.say("✗ ej uppfyllt", "✗ missed"),
        }
    }

    fn staffed_row(&self) -> Row {
        let period = self.order.period;
        let [now, before, last_year, to_date] = [
            self.staffed(&self.coverage()),
            self.staffed_of(period.previous().span()),
            self.staffed_of(period.a_year_before().span()),
            self.staffed_of(period.year_to_date()),
        ];
        let change = number::points(now.share, before.share).map_or(Cell::None, Cell::Points);
        Row {
            id: GoalId::Staffed.id().to_owned(),
            heading: self.goal_name(GoalId::Staffed),
            cells: vec![
                Cell::text(self.level_words(GoalId::Staffed)),
                self.staffed_share(&now),
                Cell::text(self.staffed_verdict(&now)),
                Cell::Count(now.minutes),
                Cell::Count(now.unstaffed),
                Cell::None,
                self.staffed_share(&before),
                change,
                self.staffed_share(&last_year),
                self.staffed_share(&to_date),
                Cell::None,
                Cell::None,
            ],
        }
    }

    fn staffed_sentence(&self) -> Option<String> {
        let staffed = self.staffed(&self.coverage());
        let level = self.level_of(GoalId::Staffed);
        let name = self.goal_name(GoalId::Staffed);
        if staffed.share.of == 0 {
            let none = self.say("inga uppgifter", "no data");
            return level.map(|_| format!("{name}: {none}."));
        }
        let language = self.order.language;
        let count = |n| Cell::Count(n).shown(language);
        let told = self.staffed_share(&staffed).shown(language);
        let of = self.say("av", "of");
        let minutes = match self.order.department {
            Some(_) => self.say("minuter var bemannade", "minutes were staffed"),
            None => format!(
                "{}; {} {of} {} {}",
                self.say(
                    "minuter var bemannade, förvaltningarnas minuter sammanlagda",
                    "minutes were staffed, the departments' minutes together",
                ),
                count(staffed.always),
                count(staffed.numbers),
                self.say(
                    "förvaltningar var bemannade hela tiden",
                    "departments were staffed all the time",
                ),
            ),
        };
        let share_of = format!("{name}: {told} {of} {} {minutes}.", count(staffed.minutes));
        Some(self.with_verdict(share_of, GoalId::Staffed, level, staffed.share))
    }

    /// A sentence, and whether it means that a goal is met.
    fn with_verdict(
        &self,
        told: String,
        goal: GoalId,
        level: Option<Level<'_>>,
        share: Share,
    ) -> String {
        let verdict = match level.map(|level| (level, level.judge(share))) {
            Some((level, Verdict::Met)) => (level, self.say("är uppfyllt", "is met")),
            Some((level, Verdict::Missed)) => (level, self.say("är inte uppfyllt", "is missed")),
            Some((_, Verdict::NoCalls)) | None => return told,
        };
        let goal_of = self.say("Målet", "The goal of");
        let (level, verdict) = verdict;
        format!("{told} {goal_of} {} {verdict}.", self.percent_words(goal, level.percent))
    }

    /// The survey whose period ends last within some days: of a question, or of whichever was asked.
    /// Of several that end on one day the longest holds, for a year is asked about as a year; then the
    /// wording that was not replaced, and the one told last.
    fn surveyed(&self, days: Days, of: Option<&str>) -> Option<Surveyed<'_>> {
        let shares = || {
            self.told.surveys().filter_map(|(measure, scale, slot, entry)| match &entry.found {
                Found::Outcome(outcome) if scale == Scale::Share => {
                    Some((measure, slot, entry, outcome))
                }
                Found::Outcome(_) | Found::Count(_) | Found::Note { .. } => None,
            })
        };
        let is_replaced = |measure: &str| {
            shares().any(|(_, _, _, outcome)| outcome.replaces.as_deref() == Some(measure))
        };
        shares()
            .filter(|(measure, slot, ..)| {
                let is_asked = of.is_none_or(|of| of == *measure);
                is_asked && slot.department == self.order.department && slot.period.is_within(days)
            })
            .max_by_key(|(measure, slot, entry, _)| {
                let ToldPeriod { until, from } = slot.period;
                (until, Reverse(from), !is_replaced(measure), entry.time, entry.id)
            })
            .map(|(measure, slot, _, outcome)| Surveyed { measure, period: slot.period, outcome })
    }

    /// The level that a survey is held against: that of its own last day.
    fn level_of_survey(&self, period: ToldPeriod) -> Option<Level<'_>> {
        self.engine.rules().level(GoalId::Satisfaction, period.until)
    }

    /// Value and number of answers of a survey as this reader may see them.
    fn surveyed_cells(&self, told: Surveyed<'_>) -> [Cell; 3] {
        let level = self.satisfaction_level(told.period);
        self.outcome_cells(told.outcome, Scale::Share, level)
    }

    fn satisfied_row(&self) -> Row {
        let period = self.order.period;
        let id = GoalId::Satisfaction.id().to_owned();
        let name = self.goal_name(GoalId::Satisfaction);
        let Some(now) = self.surveyed(period.span(), None) else {
            let mut cells = vec![Cell::None; 12];
            cells[0] = Cell::text(self.level_words(GoalId::Satisfaction));
            cells[2] = Cell::text(self.say("ingen mätning", "no survey"));
            return Row { id, heading: name, cells };
        };
        let same = |days| self.surveyed(days, Some(now.measure));
        let before = same(period.previous().span());
        let value = |told: Option<Surveyed<'_>>| match told {
            None => Cell::None,
            Some(told) => {
                let [value, ..] = self.surveyed_cells(told);
                value
            }
        };
        let level = self.level_of_survey(now.period);
        let [outcome, n, _] = self.surveyed_cells(now);
        let verdict = match outcome == Cell::Hidden {
            true => Cell::Hidden,
            false => {
                let none = self.say("ingen mätning", "no survey");
                Cell::text(self.judged(level, share(now.outcome), none))
            }
        };
        let change =
            before.and_then(|before| number::points(share(now.outcome), share(before.outcome)));
        let level = match level {
            Some(level) => self.percent_words(GoalId::Satisfaction, level.percent),
            None => self.level_words(GoalId::Satisfaction),
        };
        Row {
            id,
            heading: format!("{name}: {}, {}", now.measure, period_name(now.period)),
            cells: vec![
                Cell::text(level),
                outcome,
                verdict,
                n,
                Cell::None,
                Cell::None,
                value(before),
                change.map_or(Cell::None, Cell::Points),
                value(same(period.a_year_before().span())),
                value(same(period.year_to_date())),
                Cell::None,
                Cell::None,
            ],
        }
    }

    fn satisfied_note(&self) -> String {
        let name = self.goal_name(GoalId::Satisfaction);
        let Some(told) = self.surveyed(self.order.period.span(), None) else {
            let none = self.say(
                "ingen undersökning gäller en tid inom perioden",
                "no survey is of a time within the period",
            );
            return format!("{name}: {none}.");
        };
        let mut note = format!("{name}: {} {}", self.say("frågan", "the question"), told.measure);
        if let Some(wording) = &told.outcome.wording {
            note += &format!(" (”{wording}”)");
        }
        note += &self.say("; antalet är svar", "; the number is answers");
        note += &self.margin_words(told);
        note += &self.say(
            ". Jämförelser är med samma fråga, aldrig med en annan källa.",
            ". Compared with the same question only, never with another source.",
        );
        note
    }

    /// The margin of error behind a comma; nothing where there is none to see.
    fn margin_words(&self, told: Surveyed<'_>) -> String {
        match (self.surveyed_cells(told), told.outcome.margin) {
            ([Cell::Hidden, ..], _) | (_, None) => String::new(),
            (_, Some(margin)) => format!(
                ", {} {} {}",
                self.say("felmarginal", "margin of error"),
                Cell::Tenths(tenths(margin)).shown(self.order.language),
                self.say("procentenheter", "percentage points"),
            ),
        }
    }

    fn satisfied_sentence(&self) -> Option<String> {
        let name = self.goal_name(GoalId::Satisfaction);
        let Some(told) = self.surveyed(self.order.period.span(), None) else {
            let none = self.say("ingen mätning i perioden", "no survey in the period");
            return self.level_of(GoalId::Satisfaction).map(|_| format!("{name}: {none}."));
        };
        let [value, n, _] = self.surveyed_cells(told);
        let which = format!("{name} ({}), {}", told.measure, period_name(told.period));
        if value == Cell::Hidden {
            let why = self.say("för få svar för att visa", "too few answers to be shown");
            return Some(format!("{which}: {why}."));
        }
        let language = self.order.language;
        let said = format!(
            "{which}: {} {} {} {}{}.",
            value.shown(language),
            self.say("av", "of"),
            n.shown(language),
            self.say("svarande var nöjda eller mycket nöjda", "were satisfied or very satisfied"),
            self.margin_words(told),
        );
        let level = self.level_of_survey(told.period);
        Some(self.with_verdict(said, GoalId::Satisfaction, level, share(told.outcome)))
    }
}
