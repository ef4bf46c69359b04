//! A broker that goes away and comes back, and a network that does.

use std::thread;
use std::time::Duration;

use crate::installation::{Installation, Node, PARTITIONS, SESSION, counters, protocol};
use crate::load::{Load, repeated};
use crate::proxy::{Proxy, Way};
use crate::support::{Broker, Day, ends, metric_total, metric_value, wait_until};

const LIMIT: Duration = Duration::from_secs(90);
const SHORT: Duration = Duration::from_millis(700);
/// Past the limit of an append, so that the same is sent again, whether it has landed or not.
const AMBIGUOUS: Duration = Duration::from_secs(8);
/// Past the session, the limit of an append, and the time after which figures are hidden.
const LONG: Duration = Duration::from_secs(13);

#[test]
fn a_broker_stopped_and_killed_and_started_again_under_load() {
    let Some(broker) = Broker::start() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(broker.address(), &day);
    let (mut one, mut other) = (here.node("one"), here.node("other"));
    one.start();
    other.start();
    one.wait_ready();
    other.wait_ready();
    let load = Load::start(broker.address(), &here.topic, repeated(&day, PARTITIONS, 2, 40));
    for (progress, is_killed) in [(0.2, false), (0.5, true), (0.8, true)] {
        wait_until("some of the load", LIMIT, || load.progress() > progress);
        let before = one.consumed();
        match is_killed {
            true => broker.kill(),
            false => broker.stop(),
        }
        broker.start_again();
        wait_until("it to be read on", LIMIT, || {
            one.consumed() > before && other.consumed() > before
        });
        let how = if is_killed { "killed" } else { "stopped" };
        println!("broker: {how} at {:.0} % and started", 100.0 * progress);
    }
    load.finish("broker");
    here.assert_truth(&day, &[&one, &other]);
    for node in [&one, &other] {
        println!("{}: {}", node.name, protocol(&node.daemon().metrics()));
    }
    here.assert_sound(&one);
    one.stop();
    other.stop();
}

#[test]
fn a_network_cut_before_and_after_delivery() {
    let Some(broker) = Broker::start() else { return };
    let day = Day::settled(5.0);
    let (to, at) = broker.proxied();
    let proxy = Proxy::start(at, to);
    let here = Installation::new(broker.address(), &day);
    // Nobody takes over, so that what it has under way is its own to settle.
    let mut node = here.node_behind(&proxy, "one", 10 * SESSION);
    node.start();
    node.wait_ready();
    let load = Load::start(broker.address(), &here.topic, repeated(&day, PARTITIONS, 2, 50));
    let cuts = [
        (Way::NoAnswers, SHORT),
        (Way::NoRequests, SHORT),
        (Way::Closed, SHORT),
        (Way::NoAnswers, AMBIGUOUS),
        (Way::NoRequests, AMBIGUOUS),
        (Way::NoAnswers, AMBIGUOUS),
        (Way::NoAnswers, LONG),
        (Way::NoRequests, LONG),
    ];
    let ledger = format!("{}.ledger", here.topic);
    let records = |topic| ends(broker.address(), topic).iter().sum::<i64>();
    for (way, length) in cuts {
        // Everything flows, so that a commit is under way whenever the cut comes.
        wait_until("it to keep up", LIMIT, || node.consumed() + 1_000 >= records(&here.topic));
        let before = node.consumed();
        let landed = records(&ledger);
        let lost = cut(&proxy, way, length, || {
            if length == LONG {
                assert_hidden(&node);
            }
            println!("network: {} records landed meanwhile", records(&ledger) - landed);
        });
        wait_until("it to be read on", LIMIT, || {
            let response = node.daemon().get("/-/ready");
            response.status == 200 && node.consumed() > before
        });
        let said = protocol(&node.daemon().metrics());
        println!("network: {way:?} for {length:?}, {lost} bytes lost; it goes on: {said}");
    }
    load.finish("network");
    here.assert_truth(&day, &[&node]);
    let metrics = node.daemon().metrics();
    assert!(metric_total(&metrics, "svarstid_ledger_append_failures_total") > 0);
    let copies = [("verdict", "copy")];
    let copies = metric_value(&metrics, "svarstid_ledger_read_total", &copies);
    assert!(copies.is_some_and(|count| count > 0.0), "no record has landed twice");
    here.assert_sound(&node);
    node.stop();
}

/// What has not been heard of for long is not shown as if it were new.
#[track_caller]
fn assert_hidden(node: &Node) {
    let metrics = node.daemon().metrics();
    assert_eq!(metric_total(&metrics, "svarstid_caught_up"), 0);
    assert_eq!(metric_total(&metrics, "svarstid_ledger_stale"), 1);
    assert_eq!(counters(&metrics), Vec::<&str>::new());
    let said = node.daemon().get("/-/ready");
    assert_eq!(said.status, 503);
    assert!(said.text().contains("nothing has been heard of the ledger"), "{}", said.text());
}

/// Cuts the way for a time, looks at the end of it, and gives how many bytes were lost.
fn cut(proxy: &Proxy, way: Way, length: Duration, look: impl FnOnce()) -> usize {
    let lost = proxy.lost();
    proxy.set(way);
    // A cut lasts its time, whatever happens.
    thread::sleep(length);
    look();
    proxy.set(Way::Open);
    let lost = proxy.lost() - lost;
    assert!(lost > 0 || way == Way::Closed, "{way:?}");
    lost
}

#[test]
fn an_instance_cut_off_is_followed_by_another_and_comes_back() {
    let Some(broker) = Broker::start() else { return };
    let day = Day::settled(5.0);
    let (to, at) = broker.proxied();
    let proxy = Proxy::start(at, to);
    let here = Installation::new(broker.address(), &day);
    let (mut cut_off, mut other) =
        (here.node_behind(&proxy, "cut-off", SESSION), here.node("other"));
    cut_off.start();
    other.start();
    let load = Load::start(broker.address(), &here.topic, repeated(&day, PARTITIONS, 2, 70));
    for way in [Way::NoAnswers, Way::NoRequests, Way::Closed] {
        wait_until("both to own partitions", LIMIT, || {
            let (one, other) = (cut_off.assigned(), other.assigned());
            one > 0 && other > 0 && one + other == i64::from(PARTITIONS)
        });
        let lost = cut(&proxy, way, LONG, || {
            assert_hidden(&cut_off);
            assert_eq!(other.assigned(), i64::from(PARTITIONS), "it did not take over");
        });
        println!("cut off: {way:?} for {LONG:?}, {lost} bytes lost; the other took over");
        cut_off.wait_ready();
    }
    load.finish("cut off");
    here.assert_truth(&day, &[&cut_off, &other]);
    for node in [&cut_off, &other] {
        println!("{}: {}", node.name, protocol(&node.daemon().metrics()));
    }
    here.assert_sound(&other);
    cut_off.stop();
    other.stop();
}
