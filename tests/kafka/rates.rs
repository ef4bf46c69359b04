//! What the boards draw of instances that are killed and followed by others: the same curves as of
//! one that nothing ever happened to.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::time::Duration;

use svarstid::boards;
use svarstid::simulate::Parameters;

use crate::installation::{Installation, PARTITIONS};
use crate::load::Load;
use crate::support::{Day, Prometheus, TempDir, ends, kafka, now, produce, wait_until};

const LIMIT: Duration = Duration::from_secs(60);
/// What rates look back over, in scrapes of a second.
const RATE_RANGE_SECONDS: u64 = 10;
/// Two rates over the same events differ by what falls into one second more or less of the ten, at
/// either end.
const TOLERANCE: f64 = 1.4;
/// Where next to nothing happens one event is much: so many in a range are let pass.
const FEW_EVENTS: f64 = 3.0;

/// A second, or an hour where the expression draws by the hour.
fn unit_seconds(expression: &str) -> f64 {
    if expression.contains("3600 *") || expression.contains("* 3600") { 3_600.0 } else { 1.0 }
}

/// The boards' expressions that hold a rate with the instances folded into one, for a job.
fn folded_rates(job: &str) -> Vec<(String, String)> {
    let range = format!("{RATE_RANGE_SECONDS}s");
    let values = [
        ("job", job),
        ("instance", ".+"),
        ("department", ".+"),
        ("__rate_interval", range.as_str()),
        ("__range", "1h"),
    ];
    let asked = boards::all().into_iter().flat_map(|board| board.asked(&values));
    let mut found: Vec<(String, String)> = asked
        .filter(|asked| asked.expression.contains("max without (instance) (rate("))
        .map(|asked| (format!("{}: {}", asked.board, asked.panel), asked.expression))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The values of each series by its labels, the job left out.
fn curves(prometheus: &Prometheus, expression: &str, seconds: u64) -> BTreeMap<String, Vec<f64>> {
    let found = prometheus.samples(&format!("({expression})[{seconds}s:1s]"));
    found
        .into_iter()
        .map(|(mut labels, values)| {
            labels.as_object_mut().unwrap().remove("job");
            (labels.to_string(), values)
        })
        .collect()
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
}

#[test]
fn restarts_and_takeovers_leave_no_jump_in_what_the_boards_draw() {
    let Some(brokers) = kafka() else { return };
    // A seed whose last call without an end was lost before noon: six hours later, while events still
    // come in, it is judged by the daemon as by the truth.
    let parameters = Parameters {
        scale: 8.0,
        ..Parameters::new(10, "2026-10-05".parse().unwrap(), "2026-10-07".parse().unwrap())
    };
    let day = Day::of(parameters);
    let mut first = day.written(PARTITIONS);
    let second = first.split_off(first.len() / 3);
    let here = Installation::new(&brokers, &day);
    let (mut one, mut other) = (here.node("one"), here.node("other"));
    let mut witness = here.node("witness");
    for node in [&mut one, &mut other, &mut witness] {
        node.start();
    }
    produce(&brokers, &here.topic, first);
    let read: i64 = ends(&brokers, &here.topic).iter().sum();
    wait_until("a third to be read", LIMIT, || {
        [&one, &other, &witness].iter().all(|node| node.consumed() == read)
    });
    let job = |name: &str, targets: &[String]| {
        format!(
            "  - job_name: {name}\n    static_configs:\n      - targets: [{}]\n",
            targets.join(", ")
        )
    };
    let address = |at: std::net::SocketAddr| format!("'{at}'");
    let configuration = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n{}{}",
        job("svarstid", &[address(one.listen), address(other.listen)]),
        job("witness", &[address(witness.listen)])
    );
    let Some(prometheus) = Prometheus::start_on(TempDir::new(), &configuration) else { return };
    wait_until("scrapes", LIMIT, || {
        prometheus.value("min(count_over_time(svarstid_caught_up[1m]))").is_some_and(|n| n > 2.0)
    });

    let began = now();
    let load = Load::start(&brokers, &here.topic, second);
    let mut is_one = true;
    for progress in [0.1, 0.25, 0.4, 0.55, 0.7, 0.85] {
        wait_until("some of the load", LIMIT, || load.progress() > progress);
        let node = if is_one { &mut one } else { &mut other };
        node.kill();
        node.start();
        // The other is killed only after this one has been scraped again.
        wait_until("it to be there again", LIMIT, || {
            prometheus
                .value(
                    "count(svarstid_queue_calls_offered_total{job=\"svarstid\"}) \
                              == 2 * count(svarstid_queue_calls_offered_total{job=\"witness\"})",
                )
                .is_some()
        });
        is_one = !is_one;
    }
    load.finish("rates");
    here.assert_truth(&day, &[&one, &other, &witness]);
    // What one shows and another is only about to show would be a jump of its own.
    let true_at = prometheus.value("time()").unwrap();
    wait_until("all to be scraped once more", LIMIT, || {
        prometheus.value(&format!("min(timestamp(up)) > {true_at}")).is_some()
    });
    let seconds = began.elapsed().as_secs();

    let (mut compared, mut moved) = (0, 0);
    for ((panel, expression), (_, theirs)) in
        folded_rates("svarstid").iter().zip(folded_rates("witness"))
    {
        let (drawn, witnessed) =
            (curves(&prometheus, expression, seconds), curves(&prometheus, &theirs, seconds));
        assert!(!drawn.is_empty(), "{panel}: {expression} gives nothing");
        for (labels, values) in &drawn {
            let true_values = witnessed.get(labels).map_or(&[][..], Vec::as_slice);
            let least = FEW_EVENTS * unit_seconds(expression) / RATE_RANGE_SECONDS as f64;
            let (high, true_high) = (highest(values), highest(true_values));
            assert!(
                high <= true_high * TOLERANCE + least,
                "{panel} {labels}: {high}, where {true_high} is true"
            );
            assert!(
                values.len() + 2 >= true_values.len(),
                "{panel} {labels}: {} moments, where there were {}",
                values.len(),
                true_values.len()
            );
            compared += 1;
            moved += i32::from(true_high > 0.0);
        }
    }
    println!("rates: {compared} curves of the boards compared over {seconds} s, {moved} moved");
    assert!(moved > 20, "{moved}");
    for node in [&mut one, &mut other, &mut witness] {
        node.stop();
    }
}
