//! How each goal has gone since it began, month by month, and which half-hours of the week are hard.
//!
//! A month's figure is that of the month's report: the same sums, up to the last event, held against
//! the level of the month's last day. Everything here is plain values, so that whoever draws them
//! needs the engine no longer.

use std::collections::BTreeMap;

use super::figures::{Measure, Span};
use super::section::heat::{lost, ninth_wait};
use super::sums::Week;
use crate::domain::calendar::{Day, Month, Weekday, Zone};
use crate::domain::coverage::Coverage;
use crate::domain::goal::{Direction, Goal, GoalId, Verdict};
use crate::domain::ids::Department;
use crate::domain::level::{Level, Levels};
use crate::domain::question::DeadlineRule;
use crate::domain::told::{Found, Period, Scale};
use crate::domain::units::{Millis, Share, Timestamp};
use crate::engine::Engine;

/// Months that are told at most, the latest: ten years.
const MONTHS_MAX: usize = 120;

/// Results of one survey's question that are told at most, the latest.
const RESULTS_MAX: usize = 60;

/// Every goal of the municipality and of each department.
#[derive(Clone, Debug, PartialEq)]
pub struct Trends {
    /// The last event: what came after it is not known.
    pub known_until: Timestamp,
    /// Every month since the first with figures, the present one last; at most ten years.
    pub months: Vec<Month>,
    /// What the figures are held against.
    pub levels: Levels,
    /// The present limit of goal 1.
    pub switchboard_limit: Millis,
    /// The present limit of goal 2.
    pub queue_limit: Millis,
    /// The present rule of goal 4.
    pub deadline: DeadlineRule,
    /// The whole municipality.
    pub whole: Trend,
    /// The departments that anything is known of, in order of their slugs.
    pub departments: Vec<Trend>,
    /// The rules that staffing was measured by.
    rules_version: u32,
    /// Before this day, how numbers were staffed can change no more.
    settled_until: Option<Day>,
}

/// The goals of one department, or of all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// Stable ASCII name; empty for the whole municipality.
    pub slug: String,
    /// Name for people; empty likewise.
    pub name: String,
    /// By goal in the order of [`GoalId::ALL`], each month of [`Trends::months`]. Satisfaction is not
    /// counted by months and has none.
    shares: [Vec<Share>; GoalId::ALL.len()],
    /// Citizens' answers, by question; one that took the place of another stands after it.
    pub surveys: Vec<Survey>,
}

/// One question of a survey and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Which: a slug.
    pub measure: String,
    /// How it is worded, if it was told.
    pub wording: Option<String>,
    /// The question that it took the place of: figures before and after cannot be compared.
    pub replaces: Option<String>,
    /// By period, the latest last.
    pub results: Vec<SurveyOutcome>,
}

/// What one survey found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyOutcome {
    /// Of when.
    pub period: Period,
    /// Those who are satisfied or very satisfied, in millionths.
    pub share: Share,
    /// How many answered.
    pub responses: i64,
}

/// What a stretch of days says about a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of how many how many; of the staffed number in milliseconds.
    pub share: Share,
    /// The level that it is held against; `None` before there was one.
    pub level: Option<(Direction, u8)>,
    /// Nobody has decided a level for these days, so that the last one goes on.
    pub carried_over: bool,
    /// `None` without a level.
    pub verdict: Option<Verdict>,
}

impl Outcome {
    fn of(share: Share, level: Option<Level<'_>>) -> Outcome {
        Outcome {
            share,
            level: level.map(|level| (level.direction, level.percent)),
            carried_over: level.is_some_and(|level| level.carried_over),
            verdict: level.map(|level| level.judge(share)),
        }
    }
}

impl Trends {
    /// A department's goals; those of all without a slug. `None` when nothing is known of it.
    pub fn of(&self, slug: Option<&str>) -> Option<&Trend> {
        match slug {
            None => Some(&self.whole),
            Some(slug) => self.departments.iter().find(|trend| trend.slug == slug),
        }
    }

    /// The present month.
    pub fn this_month(&self) -> Month {
        self.months.last().copied().unwrap_or_else(|| Day::FIRST.month())
    }

    /// A goal in a month of [`Trends::months`], by its place there.
    pub fn month(&self, trend: &Trend, goal: GoalId, at: usize) -> Outcome {
        let share = trend.shares[goal as usize].get(at).copied().unwrap_or_default();
        let level = self.months.get(at).and_then(|month| self.level_of(goal, *month));
        Outcome::of(share, level)
    }

    /// A goal in the last month that is over; `None` when no month is.
    pub fn last_closed(&self, trend: &Trend, goal: GoalId) -> Option<Outcome> {
        let at = self.months.len().checked_sub(2)?;
        Some(self.month(trend, goal, at))
    }

    /// A goal in the present month so far.
    pub fn month_to_date(&self, trend: &Trend, goal: GoalId) -> Outcome {
        self.month(trend, goal, self.months.len().saturating_sub(1))
    }

    /// A goal in the present year so far, held against the level of the present month.
    pub fn year_to_date(&self, trend: &Trend, goal: GoalId) -> Outcome {
        let now = self.this_month();
        let months = self.months.iter().zip(&trend.shares[goal as usize]);
        let of_year = months.filter(|(month, _)| month.year == now.year);
        let share = of_year.fold(Share::default(), |sum, (_, share)| sum.merge(*share));
        Outcome::of(share, self.level_of(goal, now))
    }

    /// What a survey's result says about satisfaction.
    pub fn satisfaction(&self, result: &SurveyOutcome) -> Outcome {
        Outcome::of(result.share, self.levels.on(GoalId::Satisfaction, result.period.until))
    }

    /// The place of a month whose staffing is known for good under these rules.
    fn settled(&self, month: Month, rules_version: u32) -> Option<(&Trends, usize)> {
        let is_same = self.rules_version == rules_version;
        let until = self.settled_until.filter(|_| is_same)?;
        let at = self.months.iter().position(|of| *of == month)?;
        (month.next().first_day() <= until).then_some((self, at))
    }

    /// The level that a month is held against: that of its last day.
    pub fn level_of(&self, goal: GoalId, month: Month) -> Option<Level<'_>> {
        self.levels.on(goal, month.next().first_day().previous())
    }
}

impl Trend {
    /// Whether anything was counted, or told, of a goal.
    pub fn has(&self, goal: GoalId) -> bool {
        match goal {
            GoalId::Satisfaction => !self.surveys.is_empty(),
            GoalId::Sm1
            | GoalId::Sm2
            | GoalId::Sm3
            | GoalId::Sm4
            | GoalId::Fcr
            | GoalId::Staffed => self.shares[goal as usize].iter().any(|share| share.of > 0),
        }
    }

    /// The question asked last: of those that no other took the place of.
    pub fn latest_question(&self) -> Option<&Survey> {
        let replaced = |survey: &&Survey| {
            let of = |other: &Survey| other.replaces.as_ref() == Some(&survey.measure);
            !self.surveys.iter().any(of)
        };
        let latest = self.surveys.iter().filter(replaced);
        let of =
            |survey: &Survey| survey.results.last().map(|one| (one.period.until, one.period.from));
        latest.filter(|survey| of(survey).is_some()).max_by_key(|survey| of(survey))
    }

    /// The latest result of the latest question.
    pub fn latest_survey(&self) -> Option<&SurveyOutcome> {
        self.latest_question().and_then(|survey| survey.results.last())
    }
}

impl Engine {
    /// How every goal has gone up to the reader's clock.
    pub fn trends(&self, now: Timestamp) -> Trends {
        self.trends_after(now, None)
    }

    /// The same from what was told before: how numbers were staffed in months that nothing can
    /// change any more is not measured again, which would be most of the time.
    pub fn trends_after(&self, now: Timestamp, before: Option<&Trends>) -> Trends {
        let zone = Zone::stockholm();
        let rules = self.rules();
        let known_until = self.last_event().unwrap_or(now);
        let this_month = zone.day_of(now).month();
        let first = self.board().cells().days().next().map(|(day, ..)| day.month());
        let mut months: Vec<Month> =
            std::iter::successors(Some(this_month), |month| Some(month.previous()))
                .take_while(|month| first.is_some_and(|first| first <= *month))
                .take(MONTHS_MAX)
                .collect();
        months.reverse();
        if months.is_empty() {
            months.push(this_month);
        }
        let slugs = &self.names().departments;
        let mut whole = Trend::default();
        let mut departments: Vec<Trend> = slugs
            .iter()
            .map(|slug| Trend {
                slug: slug.to_owned(),
                name: self.display_name(slug).to_owned(),
                ..Trend::default()
            })
            .collect();
        for (at, month) in months.iter().enumerate() {
            let days = (month.first_day(), month.next().first_day());
            self.count(days, known_until, at, &mut whole, &mut departments);
            let settled = before.and_then(|before| before.settled(*month, rules.version()));
            match settled {
                Some((before, at_before)) => {
                    let staffed = |slug: &str| {
                        let trend = before.of(Some(slug).filter(|slug| !slug.is_empty()))?;
                        trend.shares[GoalId::Staffed as usize].get(at_before).copied()
                    };
                    for trend in std::iter::once(&mut whole).chain(&mut departments) {
                        let share = staffed(&trend.slug).unwrap_or_default();
                        trend.put(GoalId::Staffed, at, share);
                    }
                }
                None => self.measure(days, known_until, at, &mut whole, &mut departments),
            }
        }
        self.add_surveys(&mut whole, &mut departments);
        departments.retain(|trend| GoalId::ALL.into_iter().any(|goal| trend.has(goal)));
        departments.sort_by(|a, b| a.slug.cmp(&b.slug));
        let set = rules.at(now);
        Trends {
            known_until,
            months,
            levels: rules.levels().clone(),
            switchboard_limit: set.switchboard_limit,
            queue_limit: set.queue_limit,
            deadline: set.question_deadline,
            whole,
            departments,
            rules_version: rules.version(),
            settled_until: self.board().coverages().settled_until(),
        }
    }

    /// One month more.
    fn count(
        &self,
        days: (Day, Day),
        known_until: Timestamp,
        at: usize,
        whole: &mut Trend,
        departments: &mut [Trend],
    ) {
        const COUNTED: [Measure; 5] = [
            Measure::Calls(Goal::Sm1),
            Measure::Calls(Goal::Sm2),
            Measure::Calls(Goal::Sm3),
            Measure::Questions,
            Measure::FirstContact,
        ];
        let span = Span::of_goals(self.board(), days, known_until);
        for measure in COUNTED {
            whole.put(measure.goal(), at, span.all.share(measure));
            for (own, trend) in (0..).map(Department).zip(&mut *departments) {
                let figures = span.departments.get(&own);
                let share = figures.map_or(Share::default(), |figures| figures.share(measure));
                trend.put(measure.goal(), at, share);
            }
        }
    }

    /// How numbers were staffed in one month more.
    fn measure(
        &self,
        days: (Day, Day),
        known_until: Timestamp,
        at: usize,
        whole: &mut Trend,
        departments: &mut [Trend],
    ) {
        let coverages = self.board().coverages();
        let covered = coverages.staffed(days, known_until, self.rules(), departments.len());
        let mut all = Coverage::default();
        covered.values().for_each(|coverage| all.merge(coverage));
        whole.put(GoalId::Staffed, at, all.share());
        for (own, trend) in (0..).map(Department).zip(departments) {
            let share = covered.get(&own).map_or(Share::default(), Coverage::share);
            trend.put(GoalId::Staffed, at, share);
        }
    }

    fn add_surveys(&self, whole: &mut Trend, departments: &mut [Trend]) {
        let told = self.told();
        for (measure, scale, slot, entry) in told.surveys() {
            let Found::Outcome(outcome) = &entry.found else { continue };
            if scale != Scale::Share {
                continue;
            }
            let trend = match slot.department {
                None => Some(&mut *whole),
                Some(Department(at)) => departments.get_mut(usize::from(at)),
            };
            let Some(trend) = trend else { continue };
            if trend.surveys.last().is_none_or(|last| last.measure != measure) {
                let measure = measure.to_owned();
                trend.surveys.push(Survey { measure, ..Survey::default() });
            }
            let Some(survey) = trend.surveys.last_mut() else { continue };
            // They come in order of their periods, and what the last one says of the question holds.
            survey.wording = outcome.wording.clone().or(survey.wording.take());
            survey.replaces = outcome.replaces.clone().or(survey.replaces.take());
            survey.results.push(SurveyOutcome {
                period: slot.period,
                share: Share { met: outcome.value, of: 1_000_000 },
                responses: outcome.responses,
            });
        }
        for trend in std::iter::once(whole).chain(departments) {
            for survey in &mut trend.surveys {
                let over = survey.results.len().saturating_sub(RESULTS_MAX);
                survey.results.drain(..over);
            }
            trend.surveys.sort_by_key(|one| one.results.first().map(|result| result.period));
        }
    }
}

impl Trend {
    fn put(&mut self, goal: GoalId, at: usize, share: Share) {
        let shares = &mut self.shares[goal as usize];
        shares.resize(at, Share::default());
        shares.push(share);
    }
}

/// Which half-hours of the week are hard, in the queues.
#[derive(Clone, Debug)]
pub struct WeekHours {
    /// The first day that is counted.
    pub from: Day,
    /// The last one.
    pub until: Day,
    whole: Vec<HalfHour>,
    departments: BTreeMap<String, Vec<HalfHour>>,
}

/// One half-hour of one weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfHour {
    /// By the clock on the wall, from 0.
    pub half_hour: usize,
    /// The day.
    pub weekday: Weekday,
    /// How long nine of ten waited at most; `None` without waits.
    pub ninth_wait: Option<Millis>,
    /// Those who gave up, short abandons left out.
    pub lost: Share,
}

impl WeekHours {
    /// A department's half-hours in order of (half-hour, weekday); those of all without a slug.
    pub fn of(&self, slug: Option<&str>) -> &[HalfHour] {
        match slug {
            None => &self.whole,
            Some(slug) => self.departments.get(slug).map_or(&[], Vec::as_slice),
        }
    }
}

impl Engine {
    /// The half-hours of the days from the first up to, but not including, the last. Quarter-hours are
    /// kept for two months.
    pub fn hours(&self, (from, end): (Day, Day)) -> WeekHours {
        let sums = self.sums();
        let heat = sums.heat((from, end));
        let told = |week: &Week| -> Vec<HalfHour> {
            week.iter()
                .map(|((half_hour, weekday), tally)| HalfHour {
                    half_hour: *half_hour,
                    weekday: *weekday,
                    ninth_wait: ninth_wait(tally),
                    lost: lost(tally),
                })
                .collect()
        };
        let slugs = &self.names().departments;
        let departments = slugs.iter().enumerate().filter_map(|(at, slug)| {
            let week = heat.week(Some(Department(u16::try_from(at).ok()?)))?;
            Some((slug.to_owned(), told(week)))
        });
        WeekHours {
            from,
            until: end.previous(),
            whole: heat.week(None).map(told).unwrap_or_default(),
            departments: departments.collect(),
        }
    }
}
