//! From the events of one contact to its stays and visits, as DOMAIN section 3 says it, for events
//! that all name their stay.

use std::collections::BTreeMap;

use super::event::{Escalation, Event, Leaving, NONE, Rejection, Source, What};

/// Waiting and silent for so long is lost track of.
pub(super) const SILENCE_MS: i64 = 6 * 3_600_000;
/// Exits so close to the first are one exit.
const ONE_EXIT_MS: i64 = 5_000;

/// How a stay ended, the strongest exit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disposition {
    Answered,
    Callback,
    Withdrawn,
    KeyExit,
    TimedOut,
    Overflowed,
    LeftEmpty,
    Abandoned,
    LostByRestart,
    LostTrack,
    Full,
    NoAgent,
    Diverted,
    Closed,
    Waiting,
}

/// One stay at one place.
#[derive(Clone, Debug)]
pub(super) struct Stay {
    pub(super) department: u16,
    pub(super) queue: u16,
    pub(super) offered: i64,
    /// How and when; none while still waiting.
    pub(super) ended: Option<(Disposition, i64)>,
    pub(super) talk_ms: i64,
    pub(super) passed: i64,
    pub(super) no_answers: i64,
    /// Questions of which it was said where they were settled, and those settled here.
    pub(super) classified: i64,
    pub(super) resolved: i64,
    /// Whose questions they were, and where they went, in the order in which they were put.
    pub(super) questions: Vec<(u16, Option<Escalation>)>,
    pub(super) direct: bool,
    /// Whether by the matter, for each time that it was passed on.
    pub(super) passes: Vec<bool>,
    pub(super) wrap_up_ms: i64,
}

impl Stay {
    /// From the offer to the exit; a clock that went back makes it 0.
    pub(super) fn wait_ms(&self) -> i64 {
        self.ended.map_or(0, |(_, at)| (at - self.offered).max(0))
    }
}

/// The stays of a contact in order of their offers. `events` are all of one contact, in order of
/// time. `end` is the latest time that anything was heard of at all, or none when that is not
/// known yet: then whoever waits may still be lost track of.
pub(super) fn stays(events: &[Event], restarts: &[(Source, i64)], end: Option<i64>) -> Vec<Stay> {
    let mut stays: Vec<(u8, Stay)> = events
        .iter()
        .filter(|event| matches!(event.what, What::Offered { .. }))
        .map(|offer| (offer.segment, stay(offer, events, restarts, end)))
        .collect();
    stays.sort_by_key(|(segment, stay)| (stay.offered, *segment));
    stays.into_iter().map(|(_, stay)| stay).collect()
}

fn stay(offer: &Event, events: &[Event], restarts: &[(Source, i64)], end: Option<i64>) -> Stay {
    let mut stay = Stay {
        department: offer.department,
        queue: offer.queue,
        offered: offer.time,
        ended: None,
        talk_ms: 0,
        passed: 0,
        no_answers: 0,
        classified: 0,
        resolved: 0,
        questions: Vec::new(),
        direct: matches!(offer.what, What::Offered { direct: true, .. }),
        passes: Vec::new(),
        wrap_up_ms: 0,
    };
    let mut settled: BTreeMap<u8, (u16, Option<Escalation>)> = BTreeMap::new();
    let mut exits: Vec<(i64, Disposition)> = Vec::new();
    let mut refusal = None;
    for event in events.iter().filter(|event| event.segment == offer.segment) {
        match event.what {
            What::Answered { .. } => exits.push((event.time, Disposition::Answered)),
            What::Abandoned { .. } => exits.push((event.time, Disposition::Abandoned)),
            What::Left(leaving) => exits.push((event.time, left(leaving))),
            What::Rejected(reason) => refusal = Some((rejected(reason), event.time)),
            What::NoAnswer { .. } => stay.no_answers += 1,
            What::Passed { by_matter, .. } => {
                stay.passed += 1;
                stay.passes.push(by_matter);
            }
            What::Resolved { question, matter } => {
                settled.entry(question).or_insert((matter, None));
            }
            What::Escalated { question, matter, outcome } => {
                settled.insert(question, (matter, Some(outcome)));
            }
            What::Ended { talk_ms: Some(talk_ms), wrap_up_ms, .. } => {
                stay.talk_ms += i64::from(talk_ms);
                stay.wrap_up_ms += wrap_up_ms.map_or(0, i64::from);
            }
            What::Ended { talk_ms: None, .. }
            | What::Offered { .. }
            | What::MetByMachine
            | What::Entered { .. }
            | What::Ringing { .. }
            | What::Callback { .. }
            | What::Settled { .. }
            | What::Agent { .. }
            | What::QuestionReceived
            | What::QuestionReplied { .. }
            | What::QuestionClosed
            | What::Started
            | What::Heartbeat => {}
        }
    }
    stay.classified = settled.len() as i64;
    stay.resolved = settled.values().filter(|(_, passed_on)| passed_on.is_none()).count() as i64;
    stay.questions = settled.into_values().collect();
    if refusal.is_some() {
        stay.ended = refusal;
        return stay;
    }
    let restart =
        restarts.iter().filter(|&&(source, at)| source == offer.source && at > offer.time);
    exits.extend(restart.map(|&(_, at)| (at, Disposition::LostByRestart)).min());
    exits.extend(lost_at(offer, events, end).map(|at| (at, Disposition::LostTrack)));
    let Some(first) = exits.iter().map(|&(at, _)| at).min() else { return stay };
    stay.ended = exits
        .iter()
        .filter(|&&(at, _)| at - first <= ONE_EXIT_MS)
        .map(|&(at, disposition)| (disposition, at))
        .min();
    stay
}

/// When a waiting stay would be lost track of: so long after the last word of its contact before
/// the silence.
fn lost_at(offer: &Event, events: &[Event], end: Option<i64>) -> Option<i64> {
    let end = end?;
    let mut last = offer.time;
    for event in events.iter().filter(|event| event.time > offer.time) {
        if event.time - last > SILENCE_MS {
            break;
        }
        last = event.time;
    }
    Some(last + SILENCE_MS).filter(|&at| at <= end)
}

fn left(leaving: Leaving) -> Disposition {
    match leaving {
        Leaving::TimedOut => Disposition::TimedOut,
        Leaving::LeftEmpty => Disposition::LeftEmpty,
        Leaving::KeyExit => Disposition::KeyExit,
        Leaving::Withdrawn => Disposition::Withdrawn,
        Leaving::Callback => Disposition::Callback,
        Leaving::Overflowed => Disposition::Overflowed,
    }
}

fn rejected(reason: Rejection) -> Disposition {
    match reason {
        Rejection::Full => Disposition::Full,
        Rejection::NoAgent => Disposition::NoAgent,
        Rejection::Diverted => Disposition::Diverted,
        Rejection::Closed => Disposition::Closed,
    }
}

/// The first and the last stay of every visit: chains of stays at desks without an answer by a
/// person between them.
pub(super) fn visits(stays: &[Stay]) -> Vec<(&Stay, &Stay)> {
    let mut visits: Vec<(&Stay, &Stay)> = Vec::new();
    let mut goes_on = false;
    for stay in stays {
        let answered = stay.ended.is_some_and(|(how, _)| how == Disposition::Answered);
        if stay.queue == NONE {
            goes_on = goes_on && !answered;
            continue;
        }
        match visits.last_mut() {
            Some((_, last)) if goes_on => *last = stay,
            Some(_) | None => visits.push((stay, stay)),
        }
        goes_on = !answered;
    }
    visits
}
