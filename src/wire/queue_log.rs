//! One row of an Asterisk `queue_log`: `epoch|callid|queue|agent|event|data…`.
//!
//! The formats are those of `app_queue.c` in its various ages and of the distributions that write
//! rows of their own (XiVO and Wazo: FULL, JOINEMPTY, LEAVEEMPTY, CLOSED, DIVERT_*, WRAPUPSTART).
//! A missing or empty field is `None`: old versions wrote fewer, and whole fields have been empty.
//! Text that is not UTF-8 is read as Latin-1, since names of agents and queues are typed by people
//! on old systems; so no row is lost to an "å".
//!
//! Set aside, as they change no figure: CONFIGRELOAD; SYSCOMPAT; DID, INFO and CALLSTATUS, which
//! only describe a call; AGENTDUMP and RINGCANCELED, after which the caller goes on waiting or has
//! an exit row as well; WRAPUPSTART, since wrap-up counts as staffed and no row tells its end;
//! PENALTY, PAUSEREASON and UNPAUSEREASON, which change nothing about who is logged in.

use std::borrow::Cow;

use crate::domain::event::AgentState;
use crate::domain::units::Timestamp;

use super::event::Text;
use super::reject::{Reason, Reject};

/// The longest row, bytes.
const ROW_BYTES: usize = 1 << 20;

/// The longest id or name within a row, bytes; with the source's name before it, it still fits a
/// canonical field.
const FIELD_BYTES: usize = 128;

/// Times from here on are not written by a telephone system: 9998-12-31.
const END: Timestamp = Timestamp(253_370_678_400_000);

/// A row that was read. Lengths are milliseconds as reported, negative ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// When, UTC.
    pub time: Timestamp,
    /// The call; `None` for `NONE`, `REALTIME` and an empty field.
    pub call: Option<Text<'a>>,
    /// The queue; `None` for `NONE` and an empty field.
    pub queue: Option<Text<'a>>,
    /// The agent; `None` for `NONE` and an empty field.
    pub agent: Option<Text<'a>>,
    /// What happened.
    pub event: RowEvent<'a>,
}

/// What a row tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowEvent<'a> {
    /// ENTERQUEUE(url|caller|position).
    Entered {
        /// The caller's number.
        caller: Option<Text<'a>>,
        /// Place in the queue.
        position: Option<u32>,
    },
    /// CONNECT(hold|channel|ring).
    Connected {
        /// Wait until the answer.
        hold_ms: Option<i64>,
        /// How long the agent's phone rang.
        ring_ms: Option<i64>,
    },
    /// ABANDON(position|original position|wait).
    Abandoned {
        /// Place in the queue at the end.
        position: Option<u32>,
        /// Wait until the hang-up.
        wait_ms: Option<i64>,
    },
    /// COMPLETEAGENT and COMPLETECALLER(hold|talk|original position).
    Completed {
        /// Wait until the answer.
        hold_ms: Option<i64>,
        /// Length of the conversation.
        talk_ms: Option<i64>,
        /// Who hung up: `agent` or `caller`.
        cause: &'static str,
    },
    /// RINGNOANSWER(milliseconds).
    NoAnswer {
        /// How long the agent's phone rang.
        ring_ms: Option<i64>,
    },
    /// EXITWITHTIMEOUT, EXITWITHKEY, EXITEMPTY, LEAVEEMPTY and WITHDRAW.
    Left {
        /// The canonical disposition.
        disposition: &'static str,
        /// Wait until then.
        wait_ms: Option<i64>,
    },
    /// TRANSFER, BLINDTRANSFER and ATTENDEDTRANSFER.
    Passed {
        /// The canonical mode.
        mode: &'static str,
        /// The extension or application.
        to: Option<Text<'a>>,
        /// Wait until the answer.
        hold_ms: Option<i64>,
        /// Length of the conversation.
        talk_ms: Option<i64>,
    },
    /// FULL, JOINEMPTY, CLOSED and DIVERT_*.
    Refused {
        /// The canonical reason.
        reason: &'static str,
    },
    /// Logins, members and pauses.
    Agent {
        /// What the agent does from here on.
        state: AgentState,
    },
    /// QUEUESTART: the telephone system started.
    Started,
    /// A row that changes no figure.
    SetAside,
}

/// Reads one row, without its line end.
///
/// # Errors
///
/// `too_long`, `unreadable` (a NUL), `truncated_row` (fewer than five fields, or no event),
/// `impossible_time`, `unknown_row`.
pub fn parse_row(line: &[u8]) -> Result<Row<'_>, Reject> {
    read(line).map_err(|reason| Reject::new(reason, line.len()))
}

fn read(line: &[u8]) -> Result<Row<'_>, Reason> {
    if line.len() > ROW_BYTES {
        return Err(Reason::TooLong);
    }
    if line.contains(&0) {
        return Err(Reason::Unreadable);
    }
    let mut fields = line.splitn(6, |byte| *byte == b'|').map(<[u8]>::trim_ascii);
    let mut next = || fields.next().ok_or(Reason::TruncatedRow);
    let (epoch, call, queue, agent, event) = (next()?, next()?, next()?, next()?, next()?);
    let data = Data(fields.next().unwrap_or_default());
    if event.is_empty() {
        return Err(Reason::TruncatedRow);
    }
    let time = millis(epoch).map(Timestamp).ok_or(Reason::ImpossibleTime)?;
    if !(Timestamp::EARLIEST..END).contains(&time) {
        return Err(Reason::ImpossibleTime);
    }
    Ok(Row {
        time,
        call: name(call)?,
        queue: name(queue)?,
        agent: name(agent)?,
        event: read_event(event, data)?,
    })
}

fn read_event<'a>(event: &[u8], data: Data<'a>) -> Result<RowEvent<'a>, Reason> {
    Ok(match event {
        b"ENTERQUEUE" => RowEvent::Entered { caller: data.text(1)?, position: data.position(2) },
        b"CONNECT" => RowEvent::Connected { hold_ms: data.seconds(0), ring_ms: data.seconds(2) },
        b"ABANDON" => RowEvent::Abandoned { position: data.position(0), wait_ms: data.seconds(2) },
        b"COMPLETEAGENT" | b"COMPLETECALLER" => RowEvent::Completed {
            hold_ms: data.seconds(0),
            talk_ms: data.seconds(1),
            cause: if event == b"COMPLETEAGENT" { "agent" } else { "caller" },
        },
        b"RINGNOANSWER" => RowEvent::NoAnswer { ring_ms: data.whole(0) },
        b"EXITWITHTIMEOUT" => left("timed_out", data.seconds(2)),
        // The key comes before the positions.
        b"EXITWITHKEY" => left("key_exit", data.seconds(3)),
        b"EXITEMPTY" | b"LEAVEEMPTY" => left("left_empty", data.seconds(2)),
        b"WITHDRAW" => left("withdrawn", data.seconds(2)),
        b"TRANSFER" | b"BLINDTRANSFER" => RowEvent::Passed {
            mode: "blind",
            to: data.text(0)?,
            hold_ms: data.seconds(2),
            talk_ms: data.seconds(3),
        },
        b"ATTENDEDTRANSFER" => attended(data)?,
        b"FULL" => RowEvent::Refused { reason: "full" },
        b"JOINEMPTY" => RowEvent::Refused { reason: "no_agent" },
        b"CLOSED" => RowEvent::Refused { reason: "closed" },
        b"AGENTLOGIN" | b"AGENTCALLBACKLOGIN" | b"UNPAUSE" | b"UNPAUSEALL" => {
            RowEvent::Agent { state: AgentState::Ready }
        }
        b"AGENTLOGOFF" | b"AGENTCALLBACKLOGOFF" | b"REMOVEMEMBER" => {
            RowEvent::Agent { state: AgentState::LoggedOut }
        }
        b"PAUSE" | b"PAUSEALL" => RowEvent::Agent { state: AgentState::Paused },
        b"ADDMEMBER" if data.field(0) == Some(b"PAUSED") => {
            RowEvent::Agent { state: AgentState::Paused }
        }
        b"ADDMEMBER" => RowEvent::Agent { state: AgentState::Ready },
        b"QUEUESTART" => RowEvent::Started,
        b"CONFIGRELOAD" | b"SYSCOMPAT" | b"DID" | b"INFO" | b"CALLSTATUS" | b"AGENTDUMP"
        | b"RINGCANCELED" | b"WRAPUPSTART" | b"PENALTY" | b"PAUSEREASON" | b"UNPAUSEREASON" => {
            RowEvent::SetAside
        }
        _ if event.starts_with(b"DIVERT_") => RowEvent::Refused { reason: "diverted" },
        _ => return Err(Reason::UnknownRow),
    })
}

fn left(disposition: &'static str, wait_ms: Option<i64>) -> RowEvent<'static> {
    RowEvent::Left { disposition, wait_ms }
}

/// ATTENDEDTRANSFER(method|…|hold|talk|position): BRIDGE and APP have one field between, LINK has
/// two, and an application's name may hold a bar; so the lengths are counted from the end.
fn attended(data: Data<'_>) -> Result<RowEvent<'_>, Reason> {
    // The dialplan's QueueLog() adds a bar of its own to the fifth field.
    let fields = match data.0.strip_suffix(b"|") {
        Some(shorter) if shorter.iter().filter(|byte| **byte == b'|').count() >= 4 => shorter,
        Some(_) | None => data.0,
    };
    let mut from_end = fields.rsplit(|byte| *byte == b'|').map(<[u8]>::trim_ascii);
    let enough = fields.iter().filter(|byte| **byte == b'|').count() >= 4;
    let (talk, hold) = match (enough, from_end.nth(1), from_end.next()) {
        (true, talk, hold) => (talk, hold),
        (false, ..) => (None, None),
    };
    Ok(RowEvent::Passed {
        mode: "attended",
        to: if data.field(0) == Some(b"APP") { data.text(1)? } else { None },
        hold_ms: hold.and_then(millis),
        talk_ms: talk.and_then(millis),
    })
}

/// Everything after the event.
#[derive(Clone, Copy)]
struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    fn field(self, at: usize) -> Option<&'a [u8]> {
        let field = self.0.split(|byte| *byte == b'|').nth(at)?.trim_ascii();
        (!field.is_empty()).then_some(field)
    }

    fn text(self, at: usize) -> Result<Option<Text<'a>>, Reason> {
        self.field(at).map(text).transpose()
    }

    /// A length in seconds, whole or with a fraction, in milliseconds.
    fn seconds(self, at: usize) -> Option<i64> {
        self.field(at).and_then(millis)
    }

    fn whole(self, at: usize) -> Option<i64> {
        std::str::from_utf8(self.field(at)?).ok()?.parse().ok()
    }

    fn position(self, at: usize) -> Option<u32> {
        std::str::from_utf8(self.field(at)?).ok()?.parse().ok()
    }
}

/// Seconds as milliseconds; what is finer is cut off.
fn millis(field: &[u8]) -> Option<i64> {
    let (sign, digits) = match field {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let (whole, fraction) = (parts.next()?, parts.next());
    // Twelve digits are thirty thousand years.
    if whole.is_empty() || whole.len() > 12 || fraction.is_some_and(<[u8]>::is_empty) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(3);
    let value = whole
        .iter()
        .copied()
        .chain(padded)
        .fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(sign * value)
}

/// A name, if there is one.
fn name(field: &[u8]) -> Result<Option<Text<'_>>, Reason> {
    match field {
        b"" | b"NONE" | b"REALTIME" => Ok(None),
        field => text(field).map(Some),
    }
}

fn text(field: &[u8]) -> Result<Text<'_>, Reason> {
    if field.len() > FIELD_BYTES {
        return Err(Reason::TooLong);
    }
    Ok(Text(match std::str::from_utf8(field) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(field.iter().map(|byte| char::from(*byte)).collect()),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(rest: &str) -> RowEvent<'_> {
        let line = format!("1366720340|1366720340.303267|MYQUEUE|SIP/8007|{rest}");
        parse_row(line.leak().as_bytes()).unwrap().event
    }

    fn reason(line: &[u8]) -> Reason {
        parse_row(line).unwrap_err().reason
    }

    #[test]
    fn the_row_of_the_manual() {
        // https://docs.asterisk.org/Operation/Logging/Queue-Logs/
        let row = parse_row(b"1366720340|1366720340.303267|MYQUEUE|SIP/8007|RINGNOANSWER|1000");
        assert_eq!(
            row.unwrap(),
            Row {
                time: Timestamp(1_366_720_340_000),
                call: Some("1366720340.303267".into()),
                queue: Some("MYQUEUE".into()),
                agent: Some("SIP/8007".into()),
                event: RowEvent::NoAnswer { ring_ms: Some(1_000) },
            }
        );
    }

    #[test]
    fn every_row_in_its_older_and_newer_forms() {
        let entered = |caller: Option<&'static str>, position| RowEvent::Entered {
            caller: caller.map(Text::from),
            position,
        };
        assert_eq!(event("ENTERQUEUE||7009|1"), entered(Some("7009"), Some(1)));
        assert_eq!(event("ENTERQUEUE||01773597776"), entered(Some("01773597776"), None));
        assert_eq!(event("ENTERQUEUE"), entered(None, None));
        let connected = |hold_ms, ring_ms| RowEvent::Connected { hold_ms, ring_ms };
        assert_eq!(event("CONNECT|6|1699286234.124|3"), connected(Some(6_000), Some(3_000)));
        assert_eq!(event("CONNECT|2|1266833933.27"), connected(Some(2_000), None));
        assert_eq!(event("CONNECT|0|1266833933.27|0"), connected(Some(0), Some(0)));
        assert_eq!(event("CONNECT||1266833933.27|"), connected(None, None));
        let abandoned = |position, wait_ms| RowEvent::Abandoned { position, wait_ms };
        assert_eq!(event("ABANDON|1|1|68"), abandoned(Some(1), Some(68_000)));
        assert_eq!(event("ABANDON|1|1|"), abandoned(Some(1), None));
        let completed = |hold_ms, talk_ms, cause| RowEvent::Completed { hold_ms, talk_ms, cause };
        assert_eq!(event("COMPLETEAGENT|1|3|1"), completed(Some(1_000), Some(3_000), "agent"));
        assert_eq!(event("COMPLETECALLER|2|4|1"), completed(Some(2_000), Some(4_000), "caller"));
        assert_eq!(event("COMPLETECALLER|-1|4"), completed(Some(-1_000), Some(4_000), "caller"));
        assert_eq!(event("EXITWITHTIMEOUT|1"), left("timed_out", None));
        assert_eq!(event("EXITWITHTIMEOUT|1|2|30"), left("timed_out", Some(30_000)));
        assert_eq!(event("EXITWITHKEY|#|1"), left("key_exit", None));
        assert_eq!(event("EXITWITHKEY|1|1|2|12"), left("key_exit", Some(12_000)));
        assert_eq!(event("EXITEMPTY|1|1|9"), left("left_empty", Some(9_000)));
        assert_eq!(event("LEAVEEMPTY"), left("left_empty", None));
        assert_eq!(event("WITHDRAW|1|1|9|admin"), left("withdrawn", Some(9_000)));
        let passed = |mode, to: Option<&'static str>, hold_ms, talk_ms| RowEvent::Passed {
            mode,
            to: to.map(Text::from),
            hold_ms,
            talk_ms,
        };
        let (hold, talk) = (Some(5_000), Some(60_000));
        assert_eq!(event("TRANSFER|200|default|5|60|1"), passed("blind", Some("200"), hold, talk));
        assert_eq!(event("TRANSFER|200|default"), passed("blind", Some("200"), None, None));
        assert_eq!(
            event("BLINDTRANSFER|200|default|5|60|1"),
            passed("blind", Some("200"), hold, talk)
        );
        for (row, to) in [
            ("ATTENDEDTRANSFER|BRIDGE|3f2c|5|60|1", None),
            ("ATTENDEDTRANSFER|BRIDGE|3f2c|5|60|1|", None),
            ("ATTENDEDTRANSFER|APP|voicemail|5|60|1", Some("voicemail")),
            ("ATTENDEDTRANSFER|LINK|Local/1|Local/2|5|60|1", None),
        ] {
            assert_eq!(event(row), passed("attended", to, hold, talk), "{row}");
        }
        assert_eq!(event("ATTENDEDTRANSFER|BRIDGE|3f2c|||"), passed("attended", None, None, None));
        assert_eq!(event("ATTENDEDTRANSFER|BRIDGE"), passed("attended", None, None, None));
        for (row, reason) in [
            ("FULL|", "full"),
            ("JOINEMPTY|", "no_agent"),
            ("CLOSED", "closed"),
            ("DIVERT_CA_RATIO|", "diverted"),
            ("DIVERT_HOLDTIME|", "diverted"),
        ] {
            assert_eq!(event(row), RowEvent::Refused { reason }, "{row}");
        }
        for (row, state) in [
            ("AGENTLOGIN|SIP/1", AgentState::Ready),
            ("AGENTLOGOFF|SIP/1|3600", AgentState::LoggedOut),
            ("AGENTCALLBACKLOGIN|1002@pcm-dev", AgentState::Ready),
            ("AGENTCALLBACKLOGOFF|1002@pcm-dev|43|CommandLogoff", AgentState::LoggedOut),
            ("ADDMEMBER|", AgentState::Ready),
            ("ADDMEMBER|PAUSED", AgentState::Paused),
            ("REMOVEMEMBER|", AgentState::LoggedOut),
            ("PAUSE|Lunch", AgentState::Paused),
            ("UNPAUSE|", AgentState::Ready),
            ("PAUSEALL|", AgentState::Paused),
            ("UNPAUSEALL|", AgentState::Ready),
        ] {
            assert_eq!(event(row), RowEvent::Agent { state }, "{row}");
        }
        assert_eq!(event("QUEUESTART|"), RowEvent::Started);
        for row in
            ["CONFIGRELOAD|", "DID|123", "INFO|x", "SYSCOMPAT|x", "AGENTDUMP", "RINGCANCELED|9"]
        {
            assert_eq!(event(row), RowEvent::SetAside, "{row}");
        }
        assert_eq!(event("WRAPUPSTART|30"), RowEvent::SetAside);
    }

    #[test]
    fn times_and_names() {
        let time = |epoch: &str| {
            let line = format!("{epoch}|NONE||REALTIME|QUEUESTART|");
            parse_row(line.as_bytes()).map(|row| row.time.0).map_err(|reject| reject.reason)
        };
        assert_eq!(time("1366720340"), Ok(1_366_720_340_000));
        assert_eq!(time("1366720340.5"), Ok(1_366_720_340_500));
        assert_eq!(time("1366720340.123999"), Ok(1_366_720_340_123));
        assert_eq!(time("946684800"), Ok(946_684_800_000));
        for epoch in
            ["946684799.999", "0", "-1", "", "1e9", "1366720340.", "9999999999999", "999999999999"]
        {
            assert_eq!(time(epoch), Err(Reason::ImpossibleTime), "{epoch}");
        }
        let row = parse_row(b"1366720340|NONE||REALTIME|QUEUESTART|\r").unwrap();
        assert_eq!((row.call, row.queue, row.agent), (None, None, None));
        let row = parse_row(b"1366720340 | 1.2 | V\xe4xel | Local / 2001 |CONNECT|1").unwrap();
        assert_eq!(row.queue, Some("Växel".into()));
        assert_eq!(row.call, Some("1.2".into()));
    }

    #[test]
    fn rows_that_cannot_be_taken() {
        assert_eq!(reason(b""), Reason::TruncatedRow);
        assert_eq!(reason(b"1366720340|1366"), Reason::TruncatedRow);
        assert_eq!(reason(b"1366720340|1.2|q|a|"), Reason::TruncatedRow);
        assert_eq!(reason(b"1366720340|1.2|q|a|ENTERQ"), Reason::UnknownRow);
        assert_eq!(reason(b"1366720340|1.2|q|a|EXPLODED|1"), Reason::UnknownRow);
        assert_eq!(reason(b"1366720340|1.2|q|a|CONN\0ECT|1"), Reason::Unreadable);
        let long = format!("1366720340|{}|q|a|CONNECT|1", "1".repeat(129));
        assert_eq!(reason(long.as_bytes()), Reason::TooLong);
        assert_eq!(reason(&vec![b'|'; (1 << 20) + 1]), Reason::TooLong);
    }

    proptest! {
        #[test]
        fn random_bytes_do_no_harm(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            rest in proptest::collection::vec(
                prop_oneof![Just(b'|'), Just(b'-'), Just(b'.'), b'0'..=b'9', any::<u8>()], 0..40),
        ) {
            parse_row(&bytes).ok();
            for event in ["ENTERQUEUE", "CONNECT", "ATTENDEDTRANSFER", "EXITWITHKEY"] {
                let mut line = format!("1366720340|1.2|q|a|{event}|").into_bytes();
                line.extend(&rest);
                let read = parse_row(&line);
                prop_assert!(read.is_ok() || rest.contains(&0));
            }
        }
    }
}
