//! Whether each department's number was staffed, for how long, and where the longest gap was
//! (R4, R5, R21, R22).
//!
//! An agent who is logged in and not paused staffs the number of each department that the agent was
//! last said to answer for. How many do so is a step function of ±1 at moments, so a report that is
//! told late changes exactly what lies between it and the agent's next one, and neither the order of
//! reports nor their partitions matter.
//!
//! - The steps are exact to the millisecond as long as a late report may fall between. Later each
//!   day keeps, for good, when nobody, one and more than one were there: what figures are made of.
//!   Opening hours come in when figures are asked for, and nowhere before.
//! - Silence is not staffing: open time in which no source was heard of for longer than a limit is
//!   unknown, and so is everything before the first report about a number.
//! - What is counted while time goes ([`Coverages::unstaffed`]) never goes down. It sees a report from
//!   the moment at which its chain told it, so it is the same on every instance; a report that came
//!   too late corrects the periods and not that counter.

mod agents;
mod heard;
mod image;
mod measure;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calendar::{Day, OpeningHours, Zone};
use super::event::AgentReport;
use super::ids::{AgentId, Department};
use super::pack::{Reader, Writer};
use super::rules::Rules;
use super::units::{Millis, Timestamp};

use agents::{Reports, Taken, WHOLE};
use heard::Heard;
use measure::{Known, cut, dark, measure};
use steps::{Level, Steps};

pub use measure::{Coverage, Staffed, Stretch};

/// Who counts while time goes waits so long for what is told in disorder.
const GRACE: Millis = Millis::from_seconds(60);

/// Steps that are kept at most before the oldest days are closed all the same.
const STEPS: usize = 1 << 20;

/// The step functions of all departments, and when anything was heard at all.
#[derive(Clone, Debug, Default)]
pub struct Coverages {
    agents: BTreeMap<AgentId, Reports>,
    steps: Steps,
    /// Days that nothing can change any more, by department.
    closed: BTreeMap<Day, Arc<[u8]>>,
    /// The first day that is not closed.
    open_from: Option<Day>,
    /// The first report about each department.
    since: BTreeMap<Department, Timestamp>,
    heard: Heard,
    counted: Counted,
    over_bound: i64,
}

/// What is counted while time goes.
#[derive(Clone, Debug, Default)]
struct Counted {
    steps: Steps,
    since: BTreeMap<Department, Timestamp>,
    heard: Heard,
    /// How far it has been counted for good.
    until: Option<Day>,
    /// How far it can be counted.
    frontier: Option<Timestamp>,
    unstaffed: BTreeMap<Department, Millis>,
}

/// How far the chains have come; `None` while one of them has not begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Before it, no report can come any more.
    pub settled: Option<Timestamp>,
    /// Before it, every chain has told what came in time.
    pub frontier: Option<Timestamp>,
}

/// Figures of a stretch of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageSpan {
    /// By department, by the hours in which its number has to be staffed.
    pub departments: BTreeMap<Department, Coverage>,
    /// By department, by its own opening hours.
    pub own_hours: BTreeMap<Department, Coverage>,
    /// Anybody of any department, by the switchboard's hours.
    pub whole: Coverage,
    /// The switchboard's hours without data, in rising order.
    pub dark: Vec<Stretch>,
}

/// How one number has been staffed on one day so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaffedDay {
    /// When it has to be staffed on that day, what is still to come included.
    pub hours: Vec<Stretch>,
    /// Those hours as far as time has come, cut into stretches of one state.
    pub course: Vec<(Stretch, Staffed)>,
}

impl CoverageSpan {
    /// The switchboard's hours without data, all together.
    pub fn dark_length(&self) -> Millis {
        Millis(self.dark.iter().map(|(from, until)| until.since(*from).0).sum())
    }

    /// Adds later days.
    pub fn merge(&mut self, later: &CoverageSpan) {
        for (department, coverage) in &later.departments {
            self.departments.entry(*department).or_default().merge(coverage);
        }
        for (department, coverage) in &later.own_hours {
            self.own_hours.entry(*department).or_default().merge(coverage);
        }
        self.whole.merge(&later.whole);
        self.dark.extend_from_slice(&later.dark);
    }
}

impl Coverages {
    /// Takes in a report. `known_at` is how far its chain had come before it was told.
    pub fn report(&mut self, report: &AgentReport, known_at: Option<Timestamp>) {
        let in_time = known_at.is_none_or(|at| at < report.time.plus(GRACE));
        let seen_from = match known_at {
            Some(at) if !in_time => at.minus(GRACE).plus(Millis(1)),
            Some(_) | None => report.time,
        };
        let agent = self.agents.entry(report.agent).or_default();
        let Counted { steps: seen, since: seen_since, .. } = &mut self.counted;
        if agent.take(report, seen_from, &mut self.steps, seen) == Taken::Repeat {
            return;
        }
        self.over_bound += agent.keep_bound();
        for of in report.departments.iter().copied().chain([WHOLE]) {
            earliest(&mut self.since, of, report.time);
            earliest(seen_since, of, seen_from);
        }
    }

    /// From when to when a report decides who staffs what, once it and the others of its record are
    /// taken in; without an end as long as nothing follows it.
    pub fn holds(&self, report: &AgentReport, others: &[AgentReport]) -> (Timestamp, Timestamp) {
        let follows = |time: Timestamp, queue, has_departments: bool| {
            time > report.time
                && queue == report.queue
                // What one says of departments goes on until another says so.
                && (has_departments || report.departments.is_empty())
        };
        let own = others.iter().filter(|other| other.agent == report.agent);
        let own = own
            .filter(|other| follows(other.time, other.queue, !other.departments.is_empty()))
            .map(|other| other.time);
        let kept = self.agents.get(&report.agent).into_iter().flat_map(Reports::kept);
        let kept = kept.filter(|(time, queue, has)| follows(*time, *queue, *has));
        let until = own.chain(kept.map(|(time, ..)| time)).min();
        // Before the first report of a number nothing was known of it.
        let whose = report.departments.iter().chain([&WHOLE]);
        let known = whose.filter_map(|of| self.since.get(of)).max().copied();
        let until = until.unwrap_or(Timestamp(i64::MAX));
        (report.time, until.max(known.unwrap_or(until)))
    }

    /// Whether anything was heard in a minute since 1970.
    pub fn has_heard(&self, minute: i32) -> bool {
        self.heard.has(minute)
    }

    /// Takes in minutes since 1970 in which something was heard.
    pub fn hear(&mut self, minutes: &[i32], known_at: Option<Timestamp>) {
        for minute in minutes {
            self.heard.add(*minute);
            let end = Timestamp((i64::from(*minute) + 1) * 60_000);
            if known_at.is_none_or(|at| at < end.plus(GRACE)) {
                self.counted.heard.add(*minute);
            }
        }
    }

    /// Closes days that nothing can change any more, and counts those that are over.
    pub fn advance(&mut self, progress: Progress, rules: &Rules) {
        let zone = Zone::stockholm();
        if let Some(frontier) = progress.frontier {
            let frontier = Timestamp(i64::from(frontier.minus(GRACE).minute()) * 60_000);
            if self.counted.frontier.is_none_or(|known| known < frontier) {
                self.counted.frontier = Some(frontier);
                self.count_days(zone.day_of(frontier), rules);
            }
        }
        let settled = progress.settled.map(|at| zone.day_of(at));
        match settled {
            Some(day) if self.open_from.is_none_or(|open| open < day) => self.close_until(day),
            Some(_) | None => {}
        }
        if self.steps.len() > STEPS
            && let Some(first) = self.steps.first()
        {
            self.over_bound += 1;
            self.close_until(zone.day_of(first).plus(30));
        }
    }

    /// Bounds that were met: reports let go too early, and days closed too early.
    pub fn over_bound(&self) -> i64 {
        self.over_bound
    }

    /// Since when something is known of a department's staffing.
    pub fn since(&self, department: Department) -> Option<Timestamp> {
        self.since.get(&department).copied()
    }

    /// The first day whose figures can still change; `None` before any is closed.
    pub fn settled_until(&self) -> Option<Day> {
        self.open_from
    }

    fn close_until(&mut self, day: Day) {
        let zone = Zone::stockholm();
        let first = self.open_from.or_else(|| self.steps.first().map(|at| zone.day_of(at)));
        for one in first.unwrap_or(day).until(day) {
            let mut bytes = Vec::new();
            let mut out = Writer(&mut bytes);
            let (start, end) = (zone.day_start(one), zone.day_end(one));
            for department in self.steps.departments() {
                let levels = clipped(self.steps.levels(department, (start, end)));
                if levels.iter().any(|(_, level)| *level > 0) {
                    pack_levels(department, start, &levels, &mut out);
                }
            }
            if !bytes.is_empty() {
                self.closed.insert(one, bytes.into());
            }
        }
        let start = zone.day_start(day);
        self.steps.fold_before(start);
        self.open_from = Some(day);
        let seen_before = self.counted.until.map_or(Timestamp(i64::MIN), |day| zone.day_start(day));
        self.agents.values_mut().for_each(|agent| agent.let_go(start, seen_before));
    }

    /// When how many agents were there on a day; more than two may be told as two.
    fn levels_on(&self, day: Day) -> impl Fn(Department) -> Vec<Level> + '_ {
        let zone = Zone::stockholm();
        let (start, end) = (zone.day_start(day), zone.day_end(day));
        let is_closed = self.open_from.is_some_and(|open| day < open);
        let mut closed = BTreeMap::new();
        if let Some(bytes) = self.closed.get(&day).filter(|_| is_closed) {
            let mut input = Reader(bytes);
            while let Some((department, levels)) = unpack_levels(start, &mut input) {
                closed.insert(department, levels);
            }
        }
        move |department| match is_closed {
            true => closed.get(&department).cloned().unwrap_or_else(|| vec![(start, 0)]),
            false => self.steps.levels(department, (start, end)),
        }
    }

    /// The figures of the days from `from` up to, but not including, `end`, as far as time had come
    /// at `until`, for so many departments.
    pub fn span(
        &self,
        (from, end): (Day, Day),
        until: Timestamp,
        rules: &Rules,
        departments: usize,
    ) -> CoverageSpan {
        let zone = Zone::stockholm();
        let mut span = CoverageSpan::default();
        for day in from.until(end) {
            let (start, over) = (zone.day_start(day), zone.day_end(day));
            if start >= until {
                break;
            }
            let silences = self.heard.silences((start, over.min(until)));
            let switchboard = rules.hours(rules.at(start).switchboard_department);
            let open = opened(switchboard, day, until);
            let dark_now = dark(&silences, &open, rules.data_gap());
            let levels_of = self.levels_on(day);
            let of = |department, open: &[Stretch], dark: &[Stretch]| {
                let levels = levels_of(department);
                let since = self.since(department);
                measure(open, Known { levels: &levels, since, dark })
            };
            span.whole.merge(&of(WHOLE, &open, &dark_now));
            for department in (0..departments as u16).map(Department) {
                if department == Department::UNKNOWN && self.since(department).is_none() {
                    continue;
                }
                let judged = opened(rules.staffed_hours(department, start), day, until);
                let dark_judged = dark(&silences, &judged, rules.data_gap());
                let coverage = of(department, &judged, &dark_judged);
                span.departments.entry(department).or_default().merge(&coverage);
                let own = opened(rules.hours(department), day, until);
                let coverage = match own == judged {
                    true => coverage,
                    false => of(department, &own, &dark(&silences, &own, rules.data_gap())),
                };
                span.own_hours.entry(department).or_default().merge(&coverage);
            }
            span.dark.extend(dark_now);
        }
        span
    }

    /// How long each of so many numbers was staffed by the hours in which it has to be: a part of
    /// [`Coverages::span`], at a fraction of its time.
    pub fn staffed(
        &self,
        (from, end): (Day, Day),
        until: Timestamp,
        rules: &Rules,
        departments: usize,
    ) -> BTreeMap<Department, Coverage> {
        let zone = Zone::stockholm();
        let mut staffed: BTreeMap<Department, Coverage> = BTreeMap::new();
        let known = (0..departments as u16).map(Department);
        let known: Vec<Department> = known.filter(|of| self.since.contains_key(of)).collect();
        for day in from.until(end) {
            let (start, over) = (zone.day_start(day), zone.day_end(day));
            if start >= until {
                break;
            }
            let silences = self.heard.silences((start, over.min(until)));
            let levels_of = self.levels_on(day);
            let mut judged: Option<(&OpeningHours, Vec<Stretch>, Vec<Stretch>)> = None;
            for department in &known {
                let hours = rules.staffed_hours(*department, start);
                // Nearly all have the same.
                if judged.as_ref().is_none_or(|(of, ..)| !std::ptr::eq(*of, hours)) {
                    let open = opened(hours, day, until);
                    let dark = dark(&silences, &open, rules.data_gap());
                    judged = Some((hours, open, dark));
                }
                let Some((_, open, dark)) = &judged else { continue };
                let levels = levels_of(*department);
                let known = Known { levels: &levels, since: self.since(*department), dark };
                staffed.entry(*department).or_default().merge(&measure(open, known));
            }
        }
        staffed
    }

    /// How the numbers of so many departments have been staffed on a day so far, in the order of
    /// their indices; `None` for one of whose agents nothing was ever heard.
    pub fn courses(
        &self,
        day: Day,
        until: Timestamp,
        rules: &Rules,
        departments: usize,
    ) -> Vec<Option<StaffedDay>> {
        let zone = Zone::stockholm();
        let (start, over) = (zone.day_start(day), zone.day_end(day));
        let silences = self.heard.silences((start, over.min(until).max(start)));
        let levels_of = self.levels_on(day);
        let course = |department: Department| {
            let since = Some(self.since(department)?);
            let hours = rules.staffed_hours(department, start);
            let open = opened(hours, day, until);
            let dark = dark(&silences, &open, rules.data_gap());
            let levels = levels_of(department);
            let known = Known { levels: &levels, since, dark: &dark };
            let hours = hours.intervals(day).collect();
            Some(StaffedDay { hours, course: joined(&open, known) })
        };
        (0..departments as u16).map(|at| course(Department(at))).collect()
    }

    /// One day of a department (or of all), cut into stretches of one state by the hours in which
    /// its number has to be staffed.
    pub fn course(
        &self,
        department: Option<Department>,
        day: Day,
        until: Timestamp,
        rules: &Rules,
    ) -> Vec<(Stretch, Staffed)> {
        let zone = Zone::stockholm();
        let (start, over) = (zone.day_start(day), zone.day_end(day));
        let hours = match department {
            Some(department) => rules.staffed_hours(department, start),
            None => rules.hours(rules.at(start).switchboard_department),
        };
        let open = opened(hours, day, until);
        let silences = self.heard.silences((start, over.min(until).max(start)));
        let dark = dark(&silences, &open, rules.data_gap());
        let department = department.unwrap_or(WHOLE);
        let levels = self.levels_on(day)(department);
        let known = Known { levels: &levels, since: self.since(department), dark: &dark };
        joined(&open, known)
    }

    /// The switchboard's open time without data on a day so far; `None` when nothing was ever heard.
    pub fn without_data(&self, day: Day, now: Timestamp, rules: &Rules) -> Option<Millis> {
        if self.heard.is_empty() {
            return None;
        }
        let zone = Zone::stockholm();
        let start = zone.day_start(day);
        let open = opened(rules.hours(rules.at(start).switchboard_department), day, now);
        let silences = self.heard.silences((start, now.max(start)));
        let dark = dark(&silences, &open, rules.data_gap());
        Some(Millis(dark.iter().map(|(from, until)| until.since(*from).0).sum()))
    }

    /// Open time without anybody since the ledger began, of so many departments, counted while time
    /// goes: it never shrinks. `None` for one of whose agents nothing was ever heard.
    pub fn unstaffed(&self, departments: usize, rules: &Rules) -> Vec<Option<Millis>> {
        let counted = &self.counted;
        let today = counted.until.zip(counted.frontier);
        let today = today.map(|(day, frontier)| (day, counted.decided(day, frontier)));
        let of = |department: Department| {
            counted.since.get(&department)?;
            let before = counted.unstaffed.get(&department).copied().unwrap_or_default();
            let today = today.as_ref().map_or(Millis(0), |(day, decided)| {
                counted.of_day(department, *day, decided, rules)
            });
            Some(Millis(before.0 + today.0))
        };
        (0..departments as u16).map(|at| of(Department(at))).collect()
    }

    fn count_days(&mut self, day: Day, rules: &Rules) {
        let counted = &mut self.counted;
        let zone = Zone::stockholm();
        let first = match counted.until {
            Some(until) => until,
            None => {
                let Some(first) = counted.since.values().min() else { return };
                zone.day_of(*first).min(day)
            }
        };
        let departments: Vec<Department> = counted.since.keys().copied().collect();
        for one in first.until(day) {
            let decided = counted.decided(one, zone.day_end(one));
            for department in departments.iter().filter(|of| **of != WHOLE) {
                let more = counted.of_day(*department, one, &decided, rules);
                counted.unstaffed.entry(*department).or_default().0 += more.0;
            }
        }
        if counted.until != Some(day) {
            counted.until = Some(day);
            counted.steps.fold_before(zone.day_start(day));
            counted.heard.forget_before(zone.day_start(day));
        }
    }
}

impl Counted {
    /// How far a day is decided, and its silences: one that goes on may yet become time without data.
    fn decided(&self, day: Day, until: Timestamp) -> (Timestamp, Vec<Stretch>) {
        let zone = Zone::stockholm();
        let (start, over) = (zone.day_start(day), zone.day_end(day));
        let until = over.min(until);
        let mut silences = self.heard.silences((start, until));
        match silences.pop_if(|(_, end)| until < over && *end == until) {
            Some((from, _)) => (from, silences),
            None => (until, silences),
        }
    }

    /// A day's unstaffed time, as far as it is decided.
    fn of_day(
        &self,
        department: Department,
        day: Day,
        (until, silences): &(Timestamp, Vec<Stretch>),
        rules: &Rules,
    ) -> Millis {
        let start = Zone::stockholm().day_start(day);
        let open = opened(rules.staffed_hours(department, start), day, *until);
        let levels = self.steps.levels(department, (start, *until));
        let since = self.since.get(&department).copied();
        let dark = dark(silences, &open, rules.data_gap());
        measure(&open, Known { levels: &levels, since, dark: &dark }).unstaffed
    }
}

/// Open time cut into stretches of one state, neighbours of one state as one.
fn joined(open: &[Stretch], known: Known<'_>) -> Vec<(Stretch, Staffed)> {
    let mut course: Vec<(Stretch, Staffed)> = Vec::new();
    cut(open, known, |stretch, state| match course.last_mut() {
        Some((last, of)) if last.1 == stretch.0 && *of == state => last.1 = stretch.1,
        Some(_) | None => course.push((stretch, state)),
    });
    course
}

/// The open stretches of a day, as far as time has come.
fn opened(hours: &OpeningHours, day: Day, until: Timestamp) -> Vec<Stretch> {
    let stretches = hours.intervals(day).map(|(opens, closes)| (opens, closes.min(until)));
    stretches.filter(|(opens, closes)| opens < closes).collect()
}

fn earliest(since: &mut BTreeMap<Department, Timestamp>, of: Department, at: Timestamp) {
    let known = since.entry(of).or_insert(at);
    *known = at.min(*known);
}

/// Nobody, one, or more: what is kept for good.
fn clipped(levels: Vec<Level>) -> Vec<Level> {
    let mut clipped: Vec<Level> =
        levels.into_iter().map(|(at, level)| (at, level.clamp(0, 2))).collect();
    clipped.dedup_by_key(|(_, level)| *level);
    clipped
}

fn pack_levels(department: Department, start: Timestamp, levels: &[Level], out: &mut Writer<'_>) {
    out.unsigned(u64::from(department.0));
    out.unsigned(levels.len() as u64);
    let mut before = start;
    for (at, level) in levels {
        // Two bits tell how many.
        out.unsigned((at.since(before).0 as u64) << 2 | *level as u64);
        before = *at;
    }
}

/// `None` at the end and on foreign bytes.
fn unpack_levels(start: Timestamp, input: &mut Reader<'_>) -> Option<(Department, Vec<Level>)> {
    let department = Department(input.index()?);
    let mut at = start;
    let mut levels = Vec::new();
    for _ in 0..input.count(1)? {
        let step = input.unsigned()?;
        at = at.plus(Millis(i64::try_from(step >> 2).ok()?));
        levels.push((at, (step & 3) as i32));
    }
    Some((department, levels))
}
