//! Recounts what contacts tell beside answers and waits: where they began, how they were passed on,
//! whose questions they were and where they were settled, and which promises to ring back were kept.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::calendar::{Calendar, is_working_day, next};
use super::event::{Callback, Escalation, Event, NONE, Names, What, way};
use super::recount::{Disposition, Stay, visits};

const QUARTER_MS: i64 = 900_000;
const KEEPABLE_MS: i64 = 30 * 86_400_000;

/// Quarter-hour, department and queue.
type Key = (i64, u16, u16);

/// Counts by place and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways(BTreeMap<Key, BTreeMap<&'static str, i64>>);

#[derive(Serialize)]
struct WayJson<'a> {
    from: String,
    department: &'a str,
    place: &'static str,
    queue: Option<&'a str>,
    #[serde(flatten)]
    counts: Map<String, Value>,
}

fn key(stay: &Stay) -> Key {
    (stay.offered.div_euclid(QUARTER_MS), stay.department, stay.queue)
}

fn is_answered(stay: &Stay) -> bool {
    stay.ended.is_some_and(|(how, _)| how == Disposition::Answered)
}

impl Ways {
    fn add(&mut self, key: Key, name: &'static str, n: i64) {
        if n != 0 {
            *self.0.entry(key).or_default().entry(name).or_default() += n;
        }
    }

    /// Counts a contact by its stays, in order.
    pub(super) fn contact(&mut self, stays: &[Stay]) {
        let Some(first) = stays.first() else { return };
        let origin = match (first.queue, first.direct) {
            (NONE, _) => "contacts_from_switchboard",
            (_, true) => "contacts_from_direct",
            (_, false) => "contacts_from_unknown",
        };
        self.add(key(first), origin, 1);
        let answered: Vec<&Stay> = stays.iter().filter(|stay| is_answered(stay)).collect();
        if !answered.is_empty() {
            self.add(key(first), "contacts_answered", 1);
            let passes = answered.iter().map(|stay| stay.passes.len() as i64).sum();
            self.add(key(first), "contact_passes", passes);
        }
        self.passed_on(&answered);
        self.sent(stays);
        for stay in stays {
            self.stay(stay);
        }
    }

    /// How the switchboard passed its calls on. One that came back, no desk having answered since, is
    /// the same call, and the last word counts.
    fn passed_on(&mut self, answered: &[&Stay]) {
        let mut calls: Vec<(&Stay, Option<bool>)> = Vec::new();
        let mut comes_back = false;
        for stay in answered {
            let at_switchboard = stay.queue == NONE;
            if at_switchboard {
                let how = stay.passes.last().copied();
                match calls.last_mut() {
                    Some(call) if comes_back => {
                        call.1 = how;
                        self.add(key(stay), "returned", 1);
                    }
                    Some(_) | None => calls.push((*stay, how)),
                }
            }
            comes_back = at_switchboard && !stay.passes.is_empty();
        }
        for (stay, how) in calls {
            match how {
                Some(true) => self.add(key(stay), "passed_by_matter", 1),
                Some(false) => self.add(key(stay), "passed_by_name", 1),
                None => {}
            }
        }
    }

    /// Whether the desks that the switchboard chose were the right ones.
    fn sent(&mut self, stays: &[Stay]) {
        let place = |of: &Stay| stays.iter().position(|stay| std::ptr::eq(stay, of));
        for (first, last) in visits(stays) {
            let (Some(from), Some(until)) = (place(first), place(last)) else { continue };
            let by_switchboard = from > 0 && {
                let before = &stays[from - 1];
                before.queue == NONE && is_answered(before)
            };
            if !by_switchboard {
                continue;
            }
            self.add(key(first), "sent_here", 1);
            if is_answered(last) {
                let taken_over =
                    last.questions.iter().any(|(_, to)| *to == Some(Escalation::TakesOver));
                let sent_away = last.passes.last() == Some(&true) && !taken_over;
                let goes_on = until + 1 < stays.len() || sent_away;
                self.add(key(first), if goes_on { "sent_on" } else { "sent_right" }, 1);
            }
        }
    }

    fn stay(&mut self, stay: &Stay) {
        for (_, outcome) in &stay.questions {
            let name = match outcome {
                None => continue,
                Some(Escalation::TakesOver) => "escalated_takes_over",
                Some(Escalation::WillCallBack) => "escalated_will_call_back",
                Some(Escalation::AskedToCallLater) => "escalated_asked_to_call_later",
                Some(Escalation::Other) => "escalated_other",
            };
            self.add(key(stay), name, 1);
        }
        if !is_answered(stay) {
            return;
        }
        self.add(key(stay), "wrap_up_ms", stay.wrap_up_ms);
        if stay.queue == NONE {
            return;
        }
        let asked = stay.questions.len() as i64;
        if asked == 0 {
            return self.add(key(stay), "unclassified", 1);
        }
        let handling = stay.talk_ms + stay.wrap_up_ms;
        let mut parts: BTreeMap<u16, i64> = BTreeMap::new();
        for (place, (matter, _)) in stay.questions.iter().enumerate() {
            let rest = if place == 0 { handling % asked } else { 0 };
            *parts.entry(*matter).or_default() += handling / asked + rest;
        }
        for (matter, millis) in parts {
            let key = (key(stay).0, matter, stay.queue);
            self.add(key, "matter_contacts", 1);
            self.add(key, "matter_handling_ms", millis);
        }
    }

    /// Counts a contact's promises to ring back. Each has its own question.
    pub(super) fn callbacks(&mut self, events: &[Event], calendar: &Calendar) {
        let mut promises: BTreeMap<u8, Vec<(Callback, &Event)>> = BTreeMap::new();
        for event in events {
            if let What::Callback { step, question } = event.what {
                promises.entry(question).or_default().push((step, event));
            }
        }
        for steps in promises.values() {
            let of = |wanted| steps.iter().filter(move |(step, _)| *step == wanted);
            let Some((_, promise)) = of(Callback::Promised).next() else { continue };
            let key = (promise.time.div_euclid(QUARTER_MS), promise.department, promise.queue);
            let kept = of(Callback::Kept)
                .map(|(_, event)| event.time)
                .find(|at| at - promise.time <= KEEPABLE_MS);
            self.add(key, "callbacks_promised", 1);
            match kept {
                Some(at) => {
                    self.add(key, "callbacks_kept", 1);
                    let within = at <= second_working_day(promise.time, calendar);
                    self.add(key, "callbacks_kept_within_target", i64::from(within));
                }
                None => {
                    let given_up = of(Callback::Expired).next().is_some();
                    self.add(key, "callbacks_expired", i64::from(given_up));
                }
            }
        }
    }

    /// Counts where a question was settled that came otherwise than by telephone: at `quarter` on a
    /// department, if anybody said so. Gives whether it was settled where it came in.
    pub(super) fn settled(&mut self, told: &Event, (quarter, department): (i64, u16)) -> bool {
        let What::Settled { outcome, .. } = told.what else { return false };
        let (classified, resolved) = match way(told) {
            "email" => ("classified_email", "resolved_email"),
            "e_service" => ("classified_e_service", "resolved_e_service"),
            "visit" => ("classified_visit", "resolved_visit"),
            _ => ("classified_post", "resolved_post"),
        };
        let key = (quarter, department, NONE);
        self.add(key, classified, 1);
        self.add(
            key,
            match outcome {
                None => resolved,
                Some(Escalation::TakesOver) => "other_escalated_takes_over",
                Some(Escalation::WillCallBack) => "other_escalated_will_call_back",
                Some(Escalation::AskedToCallLater) => "other_escalated_asked_to_call_later",
                Some(Escalation::Other) => "other_escalated_other",
            },
            1,
        );
        outcome.is_none()
    }

    /// How often something was counted in all.
    pub(super) fn sum(&self, name: &str) -> i64 {
        self.0.values().filter_map(|counts| counts.get(name)).sum()
    }

    /// As JSON, the quarter-hours told by `text`.
    pub(super) fn to_json(&self, names: &Names, text: impl Fn(i64) -> String) -> Vec<Value> {
        let rows = self.0.iter().map(|(&(quarter, department, queue), counts)| WayJson {
            from: text(quarter),
            department: &names.departments[usize::from(department)],
            place: if queue == NONE { "switchboard" } else { "queue" },
            queue: (queue != NONE).then(|| names.queues[usize::from(queue)].as_str()),
            counts: counts.iter().map(|(name, n)| ((*name).to_owned(), (*n).into())).collect(),
        });
        rows.map(|row| serde_json::to_value(row).expect("text and whole numbers")).collect()
    }
}

/// The end of the second working day after the day of a moment.
pub(super) fn second_working_day(at: i64, calendar: &Calendar) -> i64 {
    let mut date = calendar.local_date(at);
    for _ in 0..2 {
        date = next(date);
        while !is_working_day(date) {
            date = next(date);
        }
    }
    calendar.midnight(next(date))
}
