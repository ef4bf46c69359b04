//! The files of `tests/data/queue_log` (sources and figures stand in its README), row by row.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::Names;
use crate::wire::canonical::{Arrival, Decoder, Limits, is_blank};
use crate::wire::follow::{Line as TextLine, Lines};
use crate::wire::identity::{IdKey, Pseudonyms};

const SIX_HOURS: Millis = Millis::from_hours(6);

/// Feeds a file as `replay` does; gives the events and the reasons of the rejects.
fn feed(resolver: &mut Resolver, file: &[u8]) -> (Vec<Event<'static>>, Vec<Reason>) {
    let (mut out, mut rejects) = (Vec::new(), Vec::new());
    let mut give = |line: TextLine<'_>| match line {
        TextLine::Whole { bytes, .. } if is_blank(bytes) => {}
        TextLine::Whole { offset, bytes } => {
            rejects.extend(resolver.row(offset, bytes, &mut out).err().map(|got| got.reason));
        }
        TextLine::TooLong { .. } => rejects.push(Reason::TooLong),
    };
    let mut lines = Lines::new(0);
    lines.push(file, &mut give);
    lines.finish(&mut give);
    (out, rejects)
}

fn text<'e>(text: &'e Option<Text<'_>>) -> &'e str {
    text.as_ref().map_or("", Text::as_str)
}

/// One event in short: seconds since `base`, type, contact, queue, and what it reports.
fn short(event: &Event<'_>, base: i64) -> String {
    let millis = time::parse(event.time.as_str()).unwrap().0 - base * 1_000;
    let mut line = format!("{}", millis as f64 / 1_000.0);
    let detail = [&event.disposition, &event.reason, &event.state, &event.mode];
    for part in [event.kind.as_str(), text(&event.contact), text(&event.queue)]
        .into_iter()
        .chain(detail.into_iter().map(text))
        .filter(|part| !part.is_empty())
    {
        line = format!("{line} {part}");
    }
    for (name, millis) in
        [("wait", event.wait_ms), ("ring", event.ring_ms), ("talk", event.talk_ms)]
    {
        if let Some(millis) = millis {
            line = format!("{line} {name}={millis}");
        }
    }
    line
}

/// Checks the events of a file against lines written by hand.
fn check(file: &[u8], base: i64, expected: &str) -> (Vec<Event<'static>>, Vec<Reason>, Counts) {
    let mut resolver = Resolver::new("pbx", SIX_HOURS);
    let (events, rejects) = feed(&mut resolver, file);
    let got: Vec<String> = events.iter().map(|event| short(event, base)).collect();
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(got, expected);
    let mut ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");
    // The daemon takes every event that goes out.
    let names = Names::new(10, 10, 10, true);
    let (ids, pseudonyms) = (IdKey::new(b"k"), Pseudonyms::new(Some(b"p")));
    let mut decoder = Decoder::new(names, ids, pseudonyms, Limits::default());
    for event in &events {
        assert!(decoder.event(event, &Arrival::default()).is_ok());
    }
    (events, rejects, resolver.counts())
}

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/data/queue_log/", $name))
    };
}

#[test]
fn an_answered_call() {
    let (events, ..) = check(
        data!("docs_answered.log"),
        1_699_286_234,
        "0 queue.entered pbx/1699286234.123 8000
         6 contact.answered pbx/1699286234.123 8000 wait=6000 ring=3000
         31 contact.ended pbx/1699286234.123 8000 wait=6000 talk=25000",
    );
    assert_eq!(text(&events[0].caller), "7145");
    assert_eq!(events[0].position, Some(1));
    assert_eq!(text(&events[1].agent), "7140");
    assert_eq!(text(&events[2].cause), "caller");
    assert_eq!(events.iter().map(|e| e.ordinal.unwrap()).collect::<Vec<_>>(), [0, 55, 118]);
    assert_eq!(events[0].time.as_str(), "2023-11-06T15:57:14.000Z");
}

#[test]
fn a_restart_with_a_caller_waiting() {
    check(
        data!("restart.log"),
        1_596_512_941,
        "-321015 system.started
         -320963 system.started
         -255681 system.started
         -248646 system.started
         -240647 system.started
         -2461 agent.state sales ready
         0 queue.entered pbx/1596512941.163 support
         68 contact.abandoned pbx/1596512941.163 support wait=68000
         113 queue.entered pbx/1596513054.164 sales
         687 system.started",
    );
}

#[test]
fn ends_without_a_start_keep_their_own_contact() {
    check(
        data!("no_start.log"),
        1_266_833_932,
        "0 contact.no_answer pbx/1266833925.10 9000 ring=1000
         0 contact.no_answer pbx/1266833925.10 9000 ring=1000
         1 contact.no_answer pbx/1266833925.10 9000 ring=2000
         1 contact.answered pbx/1266833925.10 9000 wait=2000
         5 contact.ended pbx/1266833925.10 9000 wait=2000 talk=4000
         73 contact.no_answer pbx/1266833996.31 9000 ring=3000
         106 contact.answered pbx/1266833996.30 9000 wait=36000",
    );
}

#[test]
fn agents_and_fractions_of_seconds() {
    let (events, ..) = check(
        data!("wazo_agents.log"),
        1_341_343_643,
        "0.896 agent.state ready
         43.249 agent.state logged_out
         44.327 agent.state ready
         44.346 agent.state q1 ready
         44.348 agent.state q2 ready
         57632.64 queue.rejected pbx/1341401275.9 q1 no_agent",
    );
    assert_eq!(text(&events[0].agent), "Agent/3001");
    assert!(events[0].numbers.is_empty());
}

/// Two queue stays, both answered, waits 12 and 7 s, nothing left open: each stay's events go out
/// under one contact, and no end is without its entry.
#[test]
fn ids_that_swap_on_an_attended_transfer() {
    let (_, rejects, counts) = check(
        data!("swapped_ids.log"),
        1_717_397_300,
        "0 queue.entered pbx/1717397300.239821 1500
         12 contact.answered pbx/1717397300.239821 1500 wait=12000 ring=11000
         90 queue.entered pbx/1717397390.239830 1509
         97 contact.answered pbx/1717397390.239830 1509 wait=7000 ring=6000
         105 contact.passed pbx/1717397300.239821 1500 attended
         105 contact.ended pbx/1717397300.239821 1500 wait=12000 talk=93000
         150 contact.ended pbx/1717397390.239830 1509 wait=7000 talk=53000",
    );
    assert!(rejects.is_empty());
    assert_eq!(counts, Counts { rows: 7, events: 7, set_aside: 1, adopted: 1, forgotten: 0 });
}

#[test]
fn joined_calls_are_one_contact_from_then_on() {
    let mut resolver = Resolver::new("pbx", SIX_HOURS);
    feed(&mut resolver, data!("swapped_ids.log"));
    let (events, _) = feed(
        &mut resolver,
        b"1717397460|1717397390.239830|1510|NONE|ENTERQUEUE||1|1\n\
          1717397470|1717397300.239821|1510|a|CONNECT|10|x|1\n",
    );
    assert_eq!(short(&events[0], 1_717_397_300), "160 queue.entered pbx/1717397300.239821 1510");
    assert_eq!(text(&events[1].contact), "pbx/1717397300.239821");
}

#[test]
fn every_way_out_of_a_queue() {
    check(
        data!("dispositions.log"),
        1_750_000_000,
        "0 queue.entered pbx/1750000000.1 q
         30 queue.left pbx/1750000000.1 q timed_out wait=30000
         100 queue.entered pbx/1750000100.2 q
         130 queue.left pbx/1750000100.2 q timed_out
         200 queue.entered pbx/1750000200.3 q
         212 queue.left pbx/1750000200.3 q key_exit wait=12000
         300 queue.entered pbx/1750000300.4 q
         309 queue.left pbx/1750000300.4 q left_empty wait=9000
         309 contact.abandoned pbx/1750000300.4 q wait=9000
         400 queue.entered pbx/1750000400.5 q
         420 queue.left pbx/1750000400.5 q left_empty
         500 queue.entered pbx/1750000500.6 q
         515 queue.left pbx/1750000500.6 q withdrawn wait=15000
         600 queue.entered pbx/1750000600.7 q
         605 contact.abandoned pbx/1750000600.7 q wait=5000
         700 queue.entered pbx/1750000700.8 q
         706 contact.abandoned pbx/1750000700.8 q wait=6000
         800 queue.rejected pbx/1750000800.9 q full
         801 queue.rejected pbx/1750000801.10 q no_agent
         802 queue.rejected pbx/1750000802.11 q closed
         803 queue.rejected pbx/1750000803.12 q diverted
         804 queue.rejected pbx/1750000804.13 q diverted
         805 queue.rejected pbx/@1104 q full",
    );
}

#[test]
fn calls_that_are_passed_on() {
    let (events, ..) = check(
        data!("transfers.log"),
        1_750_010_000,
        "0 queue.entered pbx/1750010000.1 q
         8 contact.no_answer pbx/1750010000.1 q ring=5000
         10 contact.answered pbx/1750010000.1 q wait=10000 ring=2000
         70 contact.passed pbx/1750010000.1 q blind
         70 contact.ended pbx/1750010000.1 q wait=10000 talk=60000
         100 queue.entered pbx/1750010100.3 q
         104 contact.answered pbx/1750010100.3 q wait=4000 ring=4000
         124 contact.passed pbx/1750010100.3 q blind
         124 contact.ended pbx/1750010100.3 q wait=4000 talk=20000
         200 queue.entered pbx/1750010200.5 q
         203 contact.answered pbx/1750010200.5 q wait=3000 ring=3000
         243 contact.passed pbx/1750010200.5 q attended
         243 contact.ended pbx/1750010200.5 q wait=3000 talk=40000
         300 queue.entered pbx/1750010300.7 q
         302 contact.answered pbx/1750010300.7 q wait=2000 ring=2000
         352 contact.passed pbx/1750010300.7 q attended
         352 contact.ended pbx/1750010300.7 q wait=2000 talk=50000",
    );
    let to: Vec<&str> =
        events.iter().filter(|e| e.mode.is_some()).map(|event| text(&event.to)).collect();
    assert_eq!(to, ["300", "301", "VoiceMail", ""]);
}

#[test]
fn the_same_call_again() {
    check(
        data!("again.log"),
        1_750_020_000,
        "0 queue.entered pbx/1750020000.1 q1
         60 queue.left pbx/1750020000.1 q1 timed_out wait=60000
         60 queue.entered pbx/1750020000.1 q1
         80 contact.answered pbx/1750020000.1 q1 wait=20000 ring=5000
         110 contact.ended pbx/1750020000.1 q1 wait=20000 talk=30000
         200 queue.entered pbx/1750020200.3 q1
         210 contact.answered pbx/1750020200.3 q1 wait=10000 ring=1000
         240 contact.passed pbx/1750020200.3 q1 blind
         240 contact.ended pbx/1750020200.3 q1 wait=10000 talk=30000
         241 queue.entered pbx/1750020200.3 q2
         256 contact.answered pbx/1750020200.3 q2 wait=15000 ring=6000
         296 contact.ended pbx/1750020200.3 q2 wait=15000 talk=40000",
    );
}

#[test]
fn faulty_rows() {
    let (_, rejects, counts) = check(
        data!("faults.log"),
        1_750_030_000,
        "0 queue.entered pbx/1750030000.1 q
         0 contact.answered pbx/1750030000.1 q wait=0 ring=0
         50 contact.ended pbx/1750030000.1 q wait=0 talk=50000
         100 queue.entered pbx/1750030100.3 q
         108 contact.answered pbx/1750030100.3 q
         138 contact.ended pbx/1750030100.3 q
         200 contact.ended pbx/1750030200.5 q wait=7000 talk=40000
         300 queue.entered pbx/1750030300.6 q
         318 contact.abandoned pbx/1750030300.6 q wait=18000
         400 contact.answered pbx/@473 q wait=5000 ring=1000
         420 contact.ended pbx/@473 q wait=5000 talk=20000
         600.25 queue.entered pbx/1750030600.12 q
         604.75 contact.abandoned pbx/1750030600.12 q wait=4000",
    );
    let expected = [
        Reason::TruncatedRow,
        Reason::TruncatedRow,
        Reason::UnknownRow,
        Reason::ImpossibleTime,
        Reason::MissingQueue,
    ];
    assert_eq!(rejects, expected);
    assert_eq!((counts.rows, counts.adopted), (18, 2));
}

/// Two callers enter in the same second and are thrown out together. The second row of each exit
/// must not be taken for the other caller's.
#[test]
fn an_exit_written_twice_takes_nobody_else_along() {
    check(
        b"1750000000|1.1|q|NONE|ENTERQUEUE||1|1\n\
          1750000000|1.2|q|NONE|ENTERQUEUE||2|2\n\
          1750000009|1.1|q|NONE|EXITEMPTY|1|1|9\n\
          1750000009|1.1|q|NONE|ABANDON|1|1|9\n\
          1750000010|1.2|q|NONE|EXITEMPTY|1|2|10\n",
        1_750_000_000,
        "0 queue.entered pbx/1.1 q
         0 queue.entered pbx/1.2 q
         9 queue.left pbx/1.1 q left_empty wait=9000
         9 contact.abandoned pbx/1.1 q wait=9000
         10 queue.left pbx/1.2 q left_empty wait=10000",
    );
}

#[test]
fn the_nearest_stay_and_then_the_oldest() {
    let entered = "1750000000|1.1|q|NONE|ENTERQUEUE||1|1\n\
                   1750000001|1.2|q|NONE|ENTERQUEUE||2|2\n\
                   1750000001|1.3|q|NONE|ENTERQUEUE||3|3\n\
                   1750000003|1.4|q|NONE|ENTERQUEUE||4|4\n";
    let contact = |row: &str| {
        let mut resolver = Resolver::new("pbx", SIX_HOURS);
        let (events, _) = feed(&mut resolver, format!("{entered}{row}\n").as_bytes());
        text(&events[4].contact).to_owned()
    };
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|10|x|1"), "pbx/1.1");
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|9|x|1"), "pbx/1.2");
    // A second before the fourth and a second after the second and third: all equally near.
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|8|x|1"), "pbx/1.2");
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|7|x|1"), "pbx/1.4");
    // Two seconds away, or of unknown length: nobody's.
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|5|x|1"), "pbx/9.9");
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT||x|1"), "pbx/9.9");
    assert_eq!(contact("1750000010|9.9|q|a|CONNECT|-10|x|1"), "pbx/9.9");
    assert_eq!(contact("1750000010|9.9|other|a|CONNECT|10|x|1"), "pbx/9.9");
    assert_eq!(contact("1750000010|1.4|q|a|CONNECT|10|x|1"), "pbx/1.4");
}

#[test]
fn silence_and_restart_end_the_search() {
    let contact = |rows: &str| {
        let mut resolver = Resolver::new("pbx", SIX_HOURS);
        let (events, _) = feed(&mut resolver, rows.as_bytes());
        text(&events.last().unwrap().contact).to_owned()
    };
    let entered = "1750000000|1.1|q|NONE|ENTERQUEUE||1|1\n";
    assert_eq!(contact(&format!("{entered}1750021600|9.9|q|a|CONNECT|21600|x|1\n")), "pbx/1.1");
    assert_eq!(contact(&format!("{entered}1750021601|9.9|q|a|CONNECT|21601|x|1\n")), "pbx/9.9");
    let restart = "1750000001|NONE|NONE|NONE|QUEUESTART|\n";
    let after = "1750000010|9.9|q|a|CONNECT|10|x|1\n";
    assert_eq!(contact(&format!("{entered}{after}")), "pbx/1.1");
    assert_eq!(contact(&format!("{entered}{restart}{after}")), "pbx/9.9");
}

#[test]
fn state_is_bounded() {
    let mut resolver = Resolver::new("pbx", SIX_HOURS);
    let mut out = Vec::new();
    for call in 0..110_000 {
        let row = format!("1750000000|1.{call}|q|NONE|ENTERQUEUE||1|1");
        resolver.row(call, row.as_bytes(), &mut out).unwrap();
    }
    let (calls, stays) = resolver.stays.held();
    assert_eq!(calls, 100_000);
    assert!(stays <= 10_000);
    assert_eq!(resolver.counts().forgotten, 10_000 + 110_000 - stays as u64);
    // A day later everything is forgotten.
    for call in 0..SWEEP {
        resolver.row(call, b"1750086400|NONE|NONE|NONE|CONFIGRELOAD|", &mut out).unwrap();
    }
    assert_eq!(resolver.stays.held(), (0, 0));
    assert_eq!(format!("{:?}", Resolver::new("p", SIX_HOURS)).find("1."), None);
}

/// `forward` rebuilds its state by feeding the last rows again: the events after it are the same.
#[test]
fn state_comes_back_by_feeding_the_rows_again() {
    for file in [&data!("swapped_ids.log")[..], data!("again.log"), data!("faults.log")] {
        let rows: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
        let (whole, _) = feed(&mut Resolver::new("pbx", SIX_HOURS), file);
        for cut in 0..rows.len() {
            let mut resolver = Resolver::new("pbx", SIX_HOURS);
            let offset = rows[..cut].concat().len() as u64;
            feed(&mut resolver, &rows[..cut].concat());
            let mut out = Vec::new();
            let mut at = offset;
            for row in &rows[cut..] {
                resolver.row(at, row.strip_suffix(b"\n").unwrap(), &mut out).ok();
                at += row.len() as u64;
            }
            assert_eq!(out, whole[whole.len() - out.len()..]);
        }
    }
}

proptest! {
    #[test]
    fn mutated_files_do_no_harm(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..30),
        swaps in proptest::collection::vec((any::<usize>(), any::<usize>()), 0..10),
    ) {
        let mut file = [&data!("swapped_ids.log")[..], data!("faults.log"), data!("again.log")].concat();
        for (at, byte) in changes {
            let at = at % file.len();
            file[at] = byte;
        }
        let mut rows: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
        for (one, other) in swaps {
            let count = rows.len();
            rows.swap(one % count, other % count);
        }
        let mut resolver = Resolver::new("pbx", SIX_HOURS);
        let (events, rejects) = feed(&mut resolver, &rows.concat());
        let counts = resolver.counts();
        prop_assert_eq!(counts.events, events.len() as u64);
        let passed = events.iter().filter(|event| event.mode.is_some()).count() as u64;
        prop_assert_eq!(counts.rows, counts.events - passed + counts.set_aside + rejects.len() as u64);
        for event in &events {
            // Each end of a stay goes out under a contact that was seen, or under its own.
            prop_assert!(event.contact.is_some() == event.queue.is_some() || event.agent.is_some());
        }
    }
}
