//! The exact figures that the simulated events must give.
//!
//! A naive recount: it takes each contact's delivered events with the times that stand in them,
//! groups them by the stay that each names, and applies DOMAIN section 3 word by word. It knows
//! nothing of how the events came about.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::calendar::{Calendar, Hours};
use super::event::{Event, NONE, Names, Source, What, channel};
use super::municipality::Parameters;
use super::recount::{Disposition, Stay, stays, visits};
use super::staffing::Staffing;
use super::ways::{Ways, second_working_day};

/// The limits, in seconds, for which exact counts are kept.
pub const LIMITS: [i64; 11] = [5, 10, 12, 15, 18, 20, 30, 60, 120, 300, 600];
const QUARTER_MS: i64 = 900_000;
const SHORT_MS: i64 = 5_000;
const SM1_MS: i64 = 15_000;
const SM2_MS: i64 = 300_000;

/// How many calls a queue refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The queue was full.
    pub full: i64,
    /// Nobody was logged in.
    pub no_agent: i64,
    /// Sent elsewhere before it entered.
    pub diverted: i64,
}

/// Counts of exits within each of [`LIMITS`], inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within(pub [i64; LIMITS.len()]);

impl Serialize for Within {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(LIMITS.len()))?;
        for (limit, count) in LIMITS.iter().zip(self.0) {
            map.serialize_entry(&limit.to_string(), &count)?;
        }
        map.end()
    }
}

impl Within {
    fn count(&mut self, wait_ms: i64) {
        for (limit, count) in LIMITS.iter().zip(&mut self.0) {
            *count += i64::from(wait_ms <= limit * 1_000);
        }
    }

    fn add(&mut self, other: Within) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }
}

/// Waits of all stays that ended in an answer, a hang-up or another way out, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// All of them together.
    pub sum: i64,
    /// The longest.
    pub max: i64,
}

/// What one quarter-hour of offers at one place came to. The names are those of `replay --json`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are defined by DOMAIN section 3")]
pub struct Row {
    pub offered: i64,
    pub outside_hours: i64,
    pub closed: i64,
    pub rejected: Rejected,
    pub queued: i64,
    pub answered: i64,
    pub abandoned: i64,
    pub short_abandoned: i64,
    pub timed_out: i64,
    pub left_empty: i64,
    pub key_exit: i64,
    pub withdrawn: i64,
    pub callback: i64,
    pub overflowed: i64,
    pub lost_by_restart: i64,
    pub lost_track: i64,
    pub waiting: i64,
    pub answered_within: Within,
    pub abandoned_within: Within,
    pub wait_ms: Waits,
    pub talk_ms: i64,
    pub transferred: i64,
    pub ring_no_answer: i64,
}

impl Row {
    /// Adds another row, for sums over days, queues or departments.
    pub fn add(&mut self, other: &Row) {
        self.offered += other.offered;
        self.outside_hours += other.outside_hours;
        self.closed += other.closed;
        self.rejected.full += other.rejected.full;
        self.rejected.no_agent += other.rejected.no_agent;
        self.rejected.diverted += other.rejected.diverted;
        self.queued += other.queued;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.short_abandoned += other.short_abandoned;
        self.timed_out += other.timed_out;
        self.left_empty += other.left_empty;
        self.key_exit += other.key_exit;
        self.withdrawn += other.withdrawn;
        self.callback += other.callback;
        self.overflowed += other.overflowed;
        self.lost_by_restart += other.lost_by_restart;
        self.lost_track += other.lost_track;
        self.waiting += other.waiting;
        self.answered_within.add(other.answered_within);
        self.abandoned_within.add(other.abandoned_within);
        self.wait_ms.sum += other.wait_ms.sum;
        self.wait_ms.max = self.wait_ms.max.max(other.wait_ms.max);
        self.talk_ms += other.talk_ms;
        self.transferred += other.transferred;
        self.ring_no_answer += other.ring_no_answer;
    }
}

/// Which row: quarter-hour of the offer, department, and queue (none at the switchboard).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey {
    /// UTC milliseconds of the start of the quarter-hour.
    pub from_ms: i64,
    /// Slug of the department.
    pub department: String,
    /// Name of the queue; none at the switchboard.
    pub queue: Option<String>,
}

/// A goal's parts: `met` of `of`, and the other two denominators that readers compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Goal {
    /// Calls that meet the condition (for SM3: lost calls).
    pub met: i64,
    /// The goal's own denominator.
    pub of: i64,
    /// Answered, within opening hours.
    pub of_answered: i64,
    /// Everything offered, also outside hours.
    pub of_offered: i64,
}

impl Goal {
    fn add(&mut self, other: Goal) {
        self.met += other.met;
        self.of += other.of;
        self.of_answered += other.of_answered;
        self.of_offered += other.of_offered;
    }
}

/// Questions of a department by one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Questions {
    /// All of them.
    received: i64,
    /// A person replied.
    answered: i64,
    /// A person replied within two working days.
    within: i64,
}

/// The goals that follow from calls and questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "the ids are defined by DOMAIN section 3")]
pub enum GoalId {
    SM1,
    SM2,
    SM3,
    #[serde(rename = "SM3w")]
    SM3W,
    SM4,
    FCR,
    REPEATS,
}

/// A contact of a known caller: when it was first offered, which, and the department.
type FirstOffer = (i64, (i32, u32), u16);

/// The exact figures of a simulation.
#[derive(Clone, Debug)]
pub struct Truth {
    parameters: Parameters,
    names: Names,
    calendar: Calendar,
    hours: Hours,
    rows: BTreeMap<(i64, u16, u16), Row>,
    goals: BTreeMap<(i64, u16, GoalId), Goal>,
    restarts: Vec<(Source, i64)>,
    /// Questions by department and channel.
    questions: BTreeMap<(u16, &'static str), Questions>,
    /// Of those without an answer: the last moment to answer in time, quarter-hour, department.
    unanswered: Vec<(i64, i64, u16)>,
    /// When they are judged, if not at the latest time of all.
    judged_at: Option<i64>,
    /// Contacts with a stay that no event ended: judged when everything has been heard.
    unfinished: Vec<Vec<Event>>,
    callers: BTreeMap<u32, Vec<FirstOffer>>,
    latest: i64,
    staffing: Staffing,
    ways: Ways,
}

impl Truth {
    pub(super) fn new(parameters: Parameters, names: Names, calendar: Calendar) -> Self {
        Truth {
            parameters,
            names,
            hours: Hours::new(calendar.clone()),
            calendar,
            rows: BTreeMap::new(),
            goals: BTreeMap::new(),
            restarts: Vec::new(),
            questions: BTreeMap::new(),
            unanswered: Vec::new(),
            judged_at: None,
            unfinished: Vec::new(),
            callers: BTreeMap::new(),
            latest: i64::MIN,
            staffing: Staffing::default(),
            ways: Ways::default(),
        }
    }

    /// Hears an event that arrives; of the contacts' own events only the time.
    pub(super) fn hear(&mut self, event: &Event) {
        self.latest = self.latest.max(event.time);
        self.staffing.hear(event);
        if event.what == What::Started {
            self.restarts.push((event.source, event.time));
        }
    }

    /// Counts a contact whose events are all given, in order of time. The restarts that touch it
    /// must have been heard.
    pub(super) fn contact(&mut self, events: &[Event]) {
        self.ways.callbacks(events, &self.calendar);
        let offers: Vec<(&Event, Option<u32>)> = events
            .iter()
            .filter_map(|event| {
                let What::Offered { caller, .. } = event.what else { return None };
                Some((event, caller))
            })
            .collect();
        if let Some(first) =
            offers.iter().map(|(offer, _)| *offer).min_by_key(|offer| (offer.time, offer.segment))
            && let Some(caller) = offers.iter().find_map(|(_, caller)| *caller)
        {
            let contact = (first.day, first.contact);
            self.callers.entry(caller).or_default().push((first.time, contact, first.department));
        }
        if stays(events, &[], None).iter().any(|stay| stay.ended.is_none()) {
            self.unfinished.push(events.to_vec());
        } else {
            let stays = stays(events, &self.restarts, None);
            self.count(&stays);
        }
    }

    /// Judges what was still waiting, at the latest time in any event.
    pub(super) fn finish(&mut self) {
        for events in std::mem::take(&mut self.unfinished) {
            let stays = stays(&events, &self.restarts, Some(self.latest));
            self.count(&stays);
        }
    }

    /// Judges unanswered questions at a moment (UTC milliseconds) in place of the latest event.
    #[must_use]
    pub fn judged_at(mut self, at_ms: i64) -> Self {
        self.judged_at = Some(at_ms);
        self
    }

    /// Counts a question whose events are all given.
    pub(super) fn question(&mut self, events: &[Event]) {
        let Some(receipt) = events.iter().find(|event| event.what == What::QuestionReceived) else {
            return;
        };
        for told in events {
            if let What::Settled { in_person, .. } = told.what {
                // What is told of an e-mail counts with its receipt.
                let at = if in_person { told.time } else { receipt.time }.div_euclid(QUARTER_MS);
                let met = i64::from(self.ways.settled(told, (at, told.department)));
                let goal = Goal { met, of: 1, of_answered: 1, of_offered: 1 };
                self.goals.entry((at, told.department, GoalId::FCR)).or_default().add(goal);
            }
        }
        let human = What::QuestionReplied { human: true };
        let answer =
            events.iter().filter(|event| event.what == human).map(|event| event.time).min();
        // The end of the second working day after the day of receipt.
        let due = second_working_day(receipt.time, &self.calendar);
        let within = answer.is_some_and(|at| at <= due);
        let sums = self.questions.entry((receipt.department, channel(receipt))).or_default();
        sums.received += 1;
        sums.answered += i64::from(answer.is_some());
        sums.within += i64::from(within);
        let quarter = receipt.time.div_euclid(QUARTER_MS);
        let goal = Goal {
            met: i64::from(within),
            of: 1,
            of_answered: i64::from(answer.is_some()),
            of_offered: 1,
        };
        let key = (quarter, receipt.department, GoalId::SM4);
        self.goals.entry(key).or_default().add(goal);
        if answer.is_none() {
            self.unanswered.push((due, quarter, receipt.department));
        }
    }

    /// The goals, without the questions that may still be answered in time.
    fn judged(&self) -> BTreeMap<(i64, u16, GoalId), Goal> {
        let mut goals = self.goals.clone();
        // Word by word: another contact of the same caller has an earlier first offer, no more than
        // 24 hours before.
        for contacts in self.callers.values() {
            for &(at, contact, department) in contacts {
                let is_repeat = contacts.iter().any(|&(other, id, _)| {
                    (other, id) < (at, contact) && at - other <= 24 * 3_600_000
                });
                let key = (at.div_euclid(QUARTER_MS), department, GoalId::REPEATS);
                goals.entry(key).or_default().add(Goal {
                    met: i64::from(is_repeat),
                    of: 1,
                    of_answered: 1,
                    of_offered: 1,
                });
            }
        }
        let now = self.judged_at.unwrap_or(self.latest);
        for (_, quarter, department) in self.unanswered.iter().filter(|(due, ..)| now <= *due) {
            let goal = goals.entry((*quarter, *department, GoalId::SM4)).or_default();
            goal.of -= 1;
        }
        goals
    }

    fn count(&mut self, stays: &[Stay]) {
        self.ways.contact(stays);
        for stay in stays {
            self.count_stay(stay);
        }
        for visit in visits(stays) {
            self.count_visit(visit);
        }
    }

    fn count_stay(&mut self, stay: &Stay) {
        let quarter = stay.offered.div_euclid(QUARTER_MS);
        let open = self.hours.is_open(stay.offered);
        let row = self.rows.entry((quarter, stay.department, stay.queue)).or_default();
        row.offered += 1;
        row.outside_hours += i64::from(!open);
        row.ring_no_answer += stay.no_answers;
        row.talk_ms += stay.talk_ms;
        let wait = stay.wait_ms();
        let mut short = false;
        let mut queued = true;
        let mut ended_waiting = true;
        match stay.ended.map_or(Disposition::Waiting, |(disposition, _)| disposition) {
            Disposition::Answered => {
                row.answered += 1;
                row.answered_within.count(wait);
                row.transferred += stay.passed;
            }
            Disposition::Abandoned => {
                row.abandoned += 1;
                row.abandoned_within.count(wait);
                short = wait <= SHORT_MS;
                row.short_abandoned += i64::from(short);
            }
            Disposition::TimedOut => row.timed_out += 1,
            Disposition::LeftEmpty => row.left_empty += 1,
            Disposition::KeyExit => row.key_exit += 1,
            Disposition::Withdrawn => row.withdrawn += 1,
            Disposition::Callback => row.callback += 1,
            Disposition::Overflowed => row.overflowed += 1,
            Disposition::LostByRestart => {
                row.lost_by_restart += 1;
                ended_waiting = false;
            }
            Disposition::LostTrack => {
                row.lost_track += 1;
                ended_waiting = false;
            }
            Disposition::Waiting => {
                row.waiting += 1;
                ended_waiting = false;
            }
            Disposition::Full => {
                row.rejected.full += 1;
                queued = false;
            }
            Disposition::NoAgent => {
                row.rejected.no_agent += 1;
                queued = false;
            }
            Disposition::Diverted => {
                row.rejected.diverted += 1;
                queued = false;
            }
            Disposition::Closed => {
                row.closed += 1;
                queued = false;
            }
        }
        row.queued += i64::from(queued);
        if queued && ended_waiting {
            row.wait_ms.sum += wait;
            row.wait_ms.max = row.wait_ms.max.max(wait);
        }
        let is = |disposition| stay.ended.is_some_and(|(ended, _)| ended == disposition);
        let answered = is(Disposition::Answered);
        let goal = |met: bool, of: bool, answered: bool| Goal {
            met: i64::from(open && met),
            of: i64::from(open && of),
            of_answered: i64::from(open && answered),
            of_offered: 1,
        };
        let mut add = |id, goal| {
            self.goals.entry((quarter, stay.department, id)).or_default().add(goal);
        };
        if stay.queue == NONE {
            let of = !is(Disposition::Closed) && !short && stay.ended.is_some();
            add(GoalId::SM1, goal(answered && wait <= SM1_MS, of, answered));
        } else {
            let lost = is(Disposition::Abandoned) && !short;
            let of = queued && !short;
            add(GoalId::SM3, goal(lost, of, answered));
            let at_once = answered && wait == 0;
            add(GoalId::SM3W, goal(lost, of && !at_once, answered));
            let (met, of) = (stay.resolved, stay.classified);
            add(GoalId::FCR, Goal { met, of, of_answered: of, of_offered: of });
        }
    }

    /// `visit` is the first and the last stay of a chain at desks.
    fn count_visit(&mut self, (first, last): (&Stay, &Stay)) {
        let quarter = first.offered.div_euclid(QUARTER_MS);
        let open = self.hours.is_open(first.offered);
        let mut goal = Goal { of_offered: 1, ..Goal::default() };
        if let Some((disposition, at)) = last.ended.filter(|_| open) {
            let wait = at - first.offered;
            let answered = disposition == Disposition::Answered;
            let short = disposition == Disposition::Abandoned && wait <= SHORT_MS;
            goal.met = i64::from(answered && wait <= SM2_MS);
            goal.of = i64::from(!short && disposition != Disposition::Closed);
            goal.of_answered = i64::from(answered);
        }
        self.goals.entry((quarter, first.department, GoalId::SM2)).or_default().add(goal);
    }

    /// The rows, in order of quarter-hour, department (as given) and queue.
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, &Row)> {
        self.rows.iter().map(|(&(quarter, department, queue), row)| {
            let key = RowKey {
                from_ms: quarter * QUARTER_MS,
                department: self.department(department).to_owned(),
                queue: self.queue(queue).map(str::to_owned),
            };
            (key, row)
        })
    }

    /// A goal over everything, or over one department.
    pub fn goal(&self, id: GoalId, department: Option<&str>) -> Goal {
        let mut sum = Goal::default();
        for (&(_, of, goal_id), goal) in &self.judged() {
            if goal_id == id && department.is_none_or(|slug| slug == self.department(of)) {
                sum.add(*goal);
            }
        }
        sum
    }

    /// How often something beside answers and waits was counted, by its name in the document.
    pub fn way(&self, name: &str) -> i64 {
        self.ways.sum(name)
    }

    /// The whole truth as one JSON value; [`Truth::write_json`] needs less memory.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("every key is text and every number finite")
    }

    /// Writes the whole truth as one JSON document.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer(out, self).map_err(io::Error::from)
    }

    fn department(&self, department: u16) -> &str {
        &self.names.departments[usize::from(department)]
    }

    fn queue(&self, queue: u16) -> Option<&str> {
        (queue != NONE).then(|| self.names.queues[usize::from(queue)].as_str())
    }

    fn totals(&self) -> Vec<GoalJson<'_>> {
        let mut sums: BTreeMap<(GoalId, Option<u16>), Goal> = BTreeMap::new();
        for (&(_, department, id), goal) in &self.judged() {
            sums.entry((id, None)).or_default().add(*goal);
            sums.entry((id, Some(department))).or_default().add(*goal);
        }
        sums.into_iter()
            .map(|((id, department), goal)| GoalJson {
                from: None,
                id,
                department: department.map(|department| self.department(department)),
                goal,
            })
            .collect()
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    from: &'a str,
    until: &'a str,
    department: &'a str,
    place: &'a str,
    queue: Option<&'a str>,
    #[serde(flatten)]
    row: &'a Row,
}

#[derive(Serialize)]
struct GoalJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    id: GoalId,
    department: Option<&'a str>,
    #[serde(flatten)]
    goal: Goal,
}

#[derive(Serialize)]
struct QuestionsJson<'a> {
    department: &'a str,
    channel: &'static str,
    #[serde(flatten)]
    counts: Questions,
}

#[derive(Serialize)]
struct Definitions {
    #[serde(rename = "SM1_limit_ms")]
    sm1: i64,
    #[serde(rename = "SM2_limit_ms")]
    sm2: i64,
    short_abandon_ms: i64,
    silence_ms: i64,
    limits_seconds: [i64; LIMITS.len()],
    opening_hours: &'static str,
    half_days_close: Option<String>,
}

impl Serialize for Truth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definitions = Definitions {
            sm1: SM1_MS,
            sm2: SM2_MS,
            short_abandon_ms: SHORT_MS,
            silence_ms: super::recount::SILENCE_MS,
            limits_seconds: LIMITS,
            opening_hours: "07:30-16:30 Europe/Stockholm, working days",
            half_days_close: self
                .parameters
                .half_day_close
                .map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
        };
        let text = |quarter: i64| self.calendar.local_text(quarter * QUARTER_MS);
        let rows = Each(|| {
            self.rows.iter().map(move |(&(quarter, department, queue), row)| {
                let (from, until) = (text(quarter), text(quarter + 1));
                let place = if queue == NONE { "switchboard" } else { "queue" };
                let row = RowJson {
                    from: &from,
                    until: &until,
                    department: self.department(department),
                    place,
                    queue: self.queue(queue),
                    row,
                };
                serde_json::to_value(row).expect("text and whole numbers")
            })
        });
        let judged = self.judged();
        let goals = Each(|| {
            judged.iter().map(move |(&(quarter, department, id), goal)| GoalJson {
                from: Some(text(quarter)),
                id,
                department: Some(self.department(department)),
                goal: *goal,
            })
        });
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seed", &self.parameters.seed)?;
        map.serialize_entry("from", &self.parameters.from.to_string())?;
        map.serialize_entry("to", &self.parameters.to.to_string())?;
        map.serialize_entry("scale", &self.parameters.scale)?;
        map.serialize_entry("definitions", &definitions)?;
        map.serialize_entry("rows", &rows)?;
        map.serialize_entry("goals", &goals)?;
        map.serialize_entry("totals", &self.totals())?;
        let questions = Each(|| {
            self.questions.iter().map(|(&(department, channel), counts)| QuestionsJson {
                department: self.department(department),
                channel,
                counts: *counts,
            })
        });
        map.serialize_entry("questions", &questions)?;
        let staffing = self.staffing.minutes(&self.parameters, &self.calendar);
        map.serialize_entry("staffing", &staffing)?;
        map.serialize_entry("contacts", &self.ways.to_json(&self.names, text))?;
        map.end()
    }
}

/// A sequence that is made while it is written.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
