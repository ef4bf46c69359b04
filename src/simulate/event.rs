//! One simulated event, small while it waits for its turn, and its canonical JSON (DOMAIN 5.1).
//!
//! A national day is close to a million events, so an event is a few numbers until it leaves.

use std::fmt::Write as _;

/// No department, or no queue.
pub(super) const NONE: u16 = u16::MAX;

/// The telephone systems that write events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The switchboard.
    Switchboard,
    /// The queues and their agents.
    Queues,
}

impl Source {
    pub(super) const ALL: [Source; 2] = [Source::Switchboard, Source::Queues];

    pub(super) fn name(self) -> &'static str {
        match self {
            Source::Switchboard => "vaxel",
            Source::Queues => "ko",
        }
    }
}

/// Ways out of a queue that are neither an answer nor a hang-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    TimedOut,
    LeftEmpty,
    KeyExit,
    Withdrawn,
    Callback,
    Overflowed,
}

/// Why a place did not take a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    Full,
    NoAgent,
    Diverted,
    Closed,
}

/// What became of a question that the desk could not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escalation {
    TakesOver,
    WillCallBack,
    AskedToCallLater,
    Other,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgentState {
    LoggedOut,
    Ready,
    Ringing,
    Talking,
    WrapUp,
    Paused,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    CallerHungUp,
    AgentHungUp,
    Passed,
    Closed,
    LeftQueue,
}

/// Where a call was passed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Queue(u16),
    Extension(u16),
}

/// An agent: the desk (or `NONE` for the operators) and a number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AgentName {
    pub(super) desk: u16,
    pub(super) number: u16,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Offered {
        direct: bool,
        caller: Option<u32>,
    },
    MetByMachine,
    Entered {
        position: u32,
    },
    Rejected(Rejection),
    Ringing {
        agent: AgentName,
        ring: u16,
    },
    NoAnswer {
        agent: AgentName,
    },
    Answered {
        agent: AgentName,
    },
    Abandoned {
        position: u32,
    },
    Left(Leaving),
    Passed {
        blind: bool,
        by_matter: bool,
        to: Target,
    },
    /// `matter` is the department whose question it was.
    Resolved {
        question: u8,
        matter: u16,
    },
    Escalated {
        question: u8,
        matter: u16,
        outcome: Escalation,
    },
    /// `question` is 0 for a place kept in the queue.
    Callback {
        step: Callback,
        question: u8,
    },
    Ended {
        talk_ms: Option<u32>,
        wrap_up_ms: Option<u32>,
        cause: Cause,
    },
    Agent {
        agent: AgentName,
        state: AgentState,
    },
    QuestionReceived,
    QuestionReplied {
        human: bool,
    },
    QuestionClosed,
    /// Where a question was settled that did not come by telephone: with its e-mail, or at a visit
    /// or by post.
    Settled {
        in_person: bool,
        outcome: Option<Escalation>,
    },
    Started,
    Heartbeat,
}

/// What becomes of a promise to ring back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    Promised,
    Attempted,
    Kept,
    Expired,
}

/// One event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// UTC milliseconds; the true time until the source's clock has stamped it.
    pub(super) time: i64,
    /// Number of the event within the day that made it.
    pub(super) number: u32,
    /// Day (since 1970) that made it.
    pub(super) day: i32,
    /// Number of the contact within its day; of a question for `Question…`.
    pub(super) contact: u32,
    pub(super) department: u16,
    /// The desk of a stay, `NONE` at the switchboard.
    pub(super) queue: u16,
    /// Number of the stay within its contact, from 1; 0 outside any stay.
    pub(super) segment: u8,
    pub(super) source: Source,
    pub(super) what: What,
}

/// What the numbers in events stand for.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) departments: Vec<String>,
    pub(super) queues: Vec<String>,
    /// Per desk, the departments whose number its agents staff, as JSON.
    pub(super) numbers: Vec<String>,
}

/// How a question came in: one in five by an electronic service.
pub(super) fn channel(question: &Event) -> &'static str {
    if question.contact.is_multiple_of(5) { "e_service" } else { "email" }
}

/// How somebody came who asked without a telephone.
pub(super) fn way(asked: &Event) -> &'static str {
    let in_person = matches!(asked.what, What::Settled { in_person: true, .. });
    match (in_person, asked.contact.is_multiple_of(2)) {
        (true, true) => "post",
        (true, false) => "visit",
        (false, _) => channel(asked),
    }
}

/// Which partition an event belongs to.
pub(super) fn key(event: &Event) -> String {
    match event.what {
        What::Started | What::Heartbeat => String::new(),
        What::Agent { agent, .. } => agent_text(agent),
        What::QuestionReceived
        | What::QuestionReplied { .. }
        | What::QuestionClosed
        | What::Settled { in_person: false, .. } => format!("q{}-{:05}", event.day, event.contact),
        What::Settled { in_person: true, .. } => format!("v{}-{:05}", event.day, event.contact),
        What::Offered { .. }
        | What::MetByMachine
        | What::Entered { .. }
        | What::Rejected(_)
        | What::Ringing { .. }
        | What::NoAnswer { .. }
        | What::Answered { .. }
        | What::Abandoned { .. }
        | What::Left(_)
        | What::Passed { .. }
        | What::Resolved { .. }
        | What::Escalated { .. }
        | What::Callback { .. }
        | What::Ended { .. } => format!("c{}-{:05}", event.day, event.contact),
    }
}

/// The canonical JSON of an event. Every text in it is ASCII without quotes or backslashes, which
/// `Parameters` checks for the names that it is given, so nothing needs escaping.
pub(super) fn payload(event: &Event, names: &Names) -> String {
    let mut out = String::with_capacity(300);
    out.push_str("{\"id\":\"e");
    number(&mut out, "", i64::from(event.day));
    number(&mut out, "-", i64::from(event.number));
    text(&mut out, "\",\"type", kind(event.what));
    out.push_str(",\"time\":\"");
    time(&mut out, event.time);
    text(&mut out, "\",\"source", event.source.name());
    identity(&mut out, event);
    if event.department != NONE {
        text(&mut out, ",\"department", &names.departments[usize::from(event.department)]);
    }
    if event.queue != NONE {
        text(&mut out, ",\"queue", &names.queues[usize::from(event.queue)]);
    }
    if event.segment != 0 {
        text(&mut out, ",\"place", if event.queue == NONE { "switchboard" } else { "queue" });
    }
    details(&mut out, event, names);
    out.push('}');
    out
}

fn identity(out: &mut String, event: &Event) {
    match event.what {
        What::Started | What::Heartbeat | What::Agent { .. } => {}
        What::QuestionReceived
        | What::QuestionReplied { .. }
        | What::QuestionClosed
        | What::Settled { .. } => {
            let question = key(event);
            text(out, ",\"contact", &question);
            text(out, ",\"question", &question);
            text(out, ",\"channel", way(event));
        }
        What::Offered { .. }
        | What::MetByMachine
        | What::Entered { .. }
        | What::Rejected(_)
        | What::Ringing { .. }
        | What::NoAnswer { .. }
        | What::Answered { .. }
        | What::Abandoned { .. }
        | What::Left(_)
        | What::Passed { .. }
        | What::Resolved { .. }
        | What::Escalated { .. }
        | What::Callback { .. }
        | What::Ended { .. } => {
            let contact = key(event);
            text(out, ",\"contact", &contact);
            if event.segment != 0 {
                text(out, ",\"segment", &contact);
                out.pop();
                number(out, ".", i64::from(event.segment));
                out.push('"');
            }
        }
    }
}

fn details(out: &mut String, event: &Event, names: &Names) {
    match event.what {
        What::Offered { direct, caller } => {
            if event.queue == NONE {
                text(out, ",\"dialled", "0920-453000");
            } else if direct {
                text(out, ",\"dialled", &names.queues[usize::from(event.queue)]);
                out.push_str(",\"direct\":true");
            }
            if let Some(caller) = caller {
                text(out, ",\"caller", &caller_text(caller));
            }
        }
        What::Entered { position } | What::Abandoned { position } => {
            number(out, ",\"position\":", i64::from(position));
        }
        What::Rejected(reason) => text(out, ",\"reason", rejection(reason)),
        What::Ringing { agent, ring } => {
            text(out, ",\"agent", &agent_text(agent));
            number(out, ",\"ring\":", i64::from(ring));
        }
        What::NoAnswer { agent } | What::Answered { agent } => {
            text(out, ",\"agent", &agent_text(agent));
        }
        What::Left(disposition) => text(out, ",\"disposition", leaving(disposition)),
        What::Passed { blind, by_matter, to } => {
            text(out, ",\"mode", if blind { "blind" } else { "attended" });
            text(out, ",\"by", if by_matter { "matter" } else { "name" });
            match to {
                Target::Queue(queue) => text(out, ",\"to", &names.queues[usize::from(queue)]),
                Target::Extension(extension) => text(out, ",\"to", &format!("ext-{extension:04}")),
            }
        }
        What::Resolved { question, matter } => {
            question_of(out, event, question);
            matter_of(out, names, matter);
        }
        What::Settled { outcome, .. } => {
            if let Some(outcome) = outcome {
                text(out, ",\"outcome", escalation(outcome));
            }
        }
        What::Callback { question, .. } => {
            if question != 0 {
                question_of(out, event, question);
            }
        }
        What::Escalated { question, matter, outcome } => {
            question_of(out, event, question);
            matter_of(out, names, matter);
            text(out, ",\"outcome", escalation(outcome));
        }
        What::Ended { talk_ms, wrap_up_ms, cause } => {
            if let Some(talk) = talk_ms {
                number(out, ",\"talk_ms\":", i64::from(talk));
            }
            if let Some(wrap_up) = wrap_up_ms {
                number(out, ",\"wrap_up_ms\":", i64::from(wrap_up));
            }
            text(out, ",\"cause", cause_text(cause));
        }
        What::Agent { agent, state } => {
            text(out, ",\"agent", &agent_text(agent));
            text(out, ",\"state", agent_state(state));
            out.push_str(",\"numbers\":");
            out.push_str(&names.numbers[usize::from(agent.desk)]);
        }
        What::QuestionReplied { human } => {
            text(out, ",\"by_whom", if human { "human" } else { "automatic" });
        }
        What::MetByMachine
        | What::QuestionReceived
        | What::QuestionClosed
        | What::Started
        | What::Heartbeat => {}
    }
}

fn matter_of(out: &mut String, names: &Names, matter: u16) {
    if matter != NONE {
        text(out, ",\"matter_department", &names.departments[usize::from(matter)]);
    }
}

fn question_of(out: &mut String, event: &Event, question: u8) {
    text(out, ",\"question", &format!("q-{}-{}-{}", key(event), event.segment, question));
}

/// Appends `name":"value"`; `name` brings the comma and the opening quote.
fn text(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("\":\"");
    out.push_str(value);
    out.push('"');
}

fn number(out: &mut String, name: &str, value: i64) {
    out.push_str(name);
    write!(out, "{value}").expect("a String takes everything");
}

/// RFC 3339 in UTC with milliseconds, by Howard Hinnant's `civil_from_days`.
fn time(out: &mut String, ms: i64) {
    let days = ms.div_euclid(86_400_000);
    let in_day = ms.rem_euclid(86_400_000);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    write!(
        out,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        in_day / 3_600_000,
        in_day / 60_000 % 60,
        in_day / 1_000 % 60,
        in_day % 1_000
    )
    .expect("a String takes everything");
}

/// A number from the ranges that the Swedish telecoms authority keeps free for fiction, with four
/// more digits, so that callers can be told apart and none of them can exist.
fn caller_text(caller: u32) -> String {
    let line = caller % 495;
    let (range, first) = match line / 100 {
        0 => ("+468465004", 0),
        1 => ("+463139006", 0),
        2 => ("+464062804", 0),
        3 => ("+469803192", 0),
        _ => ("+467017406", 5),
    };
    format!("{range}{:02}{:04}", first + line % 100, caller / 495 % 10_000)
}

fn agent_text(agent: AgentName) -> String {
    if agent.desk == NONE {
        format!("telefonist-{}", agent.number)
    } else {
        format!("medarbetare-{}-{}", agent.desk, agent.number)
    }
}

fn kind(what: What) -> &'static str {
    match what {
        What::Offered { .. } => "contact.offered",
        What::MetByMachine => "contact.met_by_machine",
        What::Entered { .. } => "queue.entered",
        What::Rejected(_) => "queue.rejected",
        What::Ringing { .. } => "contact.ringing",
        What::NoAnswer { .. } => "contact.no_answer",
        What::Answered { .. } => "contact.answered",
        What::Abandoned { .. } => "contact.abandoned",
        What::Left(_) => "queue.left",
        What::Passed { .. } => "contact.passed",
        What::Resolved { .. } => "contact.resolved",
        What::Escalated { .. } => "contact.escalated",
        What::Callback { step: Callback::Promised, .. } => "callback.promised",
        What::Callback { step: Callback::Attempted, .. } => "callback.attempted",
        What::Callback { step: Callback::Kept, .. } => "callback.kept",
        What::Callback { step: Callback::Expired, .. } => "callback.expired",
        What::Settled { outcome: None, .. } => "contact.resolved",
        What::Settled { outcome: Some(_), .. } => "contact.escalated",
        What::Ended { .. } => "contact.ended",
        What::Agent { .. } => "agent.state",
        What::QuestionReceived => "question.received",
        What::QuestionReplied { .. } => "question.replied",
        What::QuestionClosed => "question.closed",
        What::Started => "system.started",
        What::Heartbeat => "system.heartbeat",
    }
}

fn leaving(leaving: Leaving) -> &'static str {
    match leaving {
        Leaving::TimedOut => "timed_out",
        Leaving::LeftEmpty => "left_empty",
        Leaving::KeyExit => "key_exit",
        Leaving::Withdrawn => "withdrawn",
        Leaving::Callback => "callback",
        Leaving::Overflowed => "overflowed",
    }
}

fn rejection(reason: Rejection) -> &'static str {
    match reason {
        Rejection::Full => "full",
        Rejection::NoAgent => "no_agent",
        Rejection::Diverted => "diverted",
        Rejection::Closed => "closed",
    }
}

fn escalation(outcome: Escalation) -> &'static str {
    match outcome {
        Escalation::TakesOver => "takes_over",
        Escalation::WillCallBack => "will_call_back",
        Escalation::AskedToCallLater => "asked_to_call_later",
        Escalation::Other => "other",
    }
}

fn agent_state(state: AgentState) -> &'static str {
    match state {
        AgentState::LoggedOut => "logged_out",
        AgentState::Ready => "ready",
        AgentState::Ringing => "ringing",
        AgentState::Talking => "talking",
        AgentState::WrapUp => "wrap_up",
        AgentState::Paused => "paused",
    }
}

fn cause_text(cause: Cause) -> &'static str {
    match cause {
        Cause::CallerHungUp => "caller_hung_up",
        Cause::AgentHungUp => "agent_hung_up",
        Cause::Passed => "passed",
        Cause::Closed => "closed",
        Cause::LeftQueue => "left_queue",
    }
}
