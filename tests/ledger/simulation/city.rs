//! The events of a day of a very small municipality, laid out in partitions with the faults of the
//! data, and the figures that they must give.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::units::Timestamp;
use svarstid::simulate::{Parameters, Simulation};

use super::chance::Chance;
use super::faults::{Fault, Faults};
use super::truth::{assert_equal, configuration_text};

/// Days that the runs share, since making one takes longer than a run.
const CITIES: usize = 24;
const HOUR: i64 = 3_600_000;

struct Told {
    time: i64,
    key: String,
    is_everywhere: bool,
    bytes: Arc<[u8]>,
}

/// One day.
pub(super) struct City {
    told: Vec<Told>,
    truth: Value,
    /// By the program's lateness in hours, then by the version of the rules.
    configs: [Vec<Config>; 2],
}

/// One record of an input.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// When it can be read, in simulated ms.
    pub(super) at: u64,
    pub(super) bytes: Arc<[u8]>,
}

/// What the municipality tells in one run.
pub(super) struct Day {
    city: &'static City,
    /// Whether events come later than the lateness, which the independent truth knows nothing of.
    is_late: bool,
    pub(super) partitions: Vec<Vec<Event>>,
    /// Simulated ms in which everything is told.
    pub(super) length: u64,
    first: i64,
    last: i64,
}

impl City {
    fn of(seed: u64) -> &'static City {
        static MADE: [OnceLock<City>; CITIES] = [const { OnceLock::new() }; CITIES];
        let at = seed as usize % CITIES;
        MADE[at].get_or_init(|| City::new(at as u64))
    }

    fn new(number: u64) -> City {
        let scale = [0.02, 0.05, 0.1][number as usize % 3];
        let day = |text: &str| text.parse().expect("a date");
        let parameters = Parameters {
            scale,
            restarts_per_week: 12,
            every_agent_state: number.is_multiple_of(2),
            ..Parameters::new(number, day("2026-10-05"), day("2026-10-06"))
        };
        let texts = rules_texts(&configuration_text(&parameters));
        // Calls of the simulator may end two hours after anything else was heard of them. Whether an
        // end that comes after T still finds its call depends on where commits are cut.
        let configs = ["", "[limits]\nlateness_hours = 1\nsilence_hours = 3\n"].map(|limits| {
            let parse = |text: &String| {
                Config::parse(&format!("{limits}{text}"), &[]).expect("the settings are right")
            };
            texts.iter().map(parse).collect()
        });
        let slug = parameters.departments[0].slug.clone();
        let mut simulation = Simulation::new(parameters).expect("the parameters are right");
        let mut heartbeats = 0;
        let mut told: Vec<Told> = simulation
            .by_ref()
            .filter(|record| {
                // They would be most of such a small town's events.
                heartbeats += u32::from(record.payload.contains("system.heartbeat"));
                !record.payload.contains("system.heartbeat") || heartbeats % 16 == 0
            })
            .map(|record| Told {
                time: time_of(&record.payload),
                key: record.key,
                is_everywhere: record.every_partition,
                bytes: record.payload.into_bytes().into(),
            })
            .collect();
        told.extend((0..24).map(|number| by_hand(number, &slug)));
        let last = told.iter().map(|told| told.time).max().unwrap_or(0);
        let truth = simulation.into_truth().judged_at(end_after(last));
        City { told, truth: truth.to_json(), configs }
    }
}

/// The rules as they are, a change in the years to come, and a department and a queue more.
fn rules_texts(text: &str) -> Vec<String> {
    let change = "[[change]]\nvalid_from = \"2031-01-01\"\nqueue_limit_seconds = 200\n";
    let more = "[[department]]\nslug = \"hamnen\"\nname = \"Hamnen\"\n\
                [[queue]]\nname = \"hamnen\"\ndepartment = \"hamnen\"\n\
                valid_from = \"2031-01-01\"\n";
    vec![
        format!("[rules]\nversion = 1\n{text}"),
        format!("[rules]\nversion = 2\n{text}{change}"),
        format!("[rules]\nversion = 3\n{text}{more}{change}"),
    ]
}

/// When all that is silent is lost track of, and no question can be answered in time any more.
fn end_after(last: i64) -> i64 {
    last + 30 * 24 * HOUR
}

/// What people tell in the course of the day: the same things several times, and otherwise.
fn by_hand(number: i64, slug: &str) -> Told {
    let time = format!("2026-10-05T{:02}:15:00Z", 6 + number % 8);
    let (id, n) = (format!("told-{number}"), number % 5);
    let event = match number % 4 {
        0 => json!({"type": "survey.result", "measure": "nojd", "value": 60 + n, "period": "2025"}),
        1 => json!({"type": "evaluator.result", "measure": "sm1", "evaluator": "scb", "value": n,
                    "period": "2025"}),
        2 => json!({"type": "count.entered", "channel": "visit", "period": "2026-09"}),
        _ => {
            json!({"type": "note.entered", "text": format!("sagt {n} gånger"), "period": "2026-09"})
        }
    };
    let mut event = event;
    let more = json!({"id": id, "time": time, "n": 100 + n, "department": slug});
    event.as_object_mut().expect("an object").extend(more.as_object().expect("one too").clone());
    let kind = event["type"].as_str().expect("a type").to_owned();
    let bytes = event.to_string();
    Told {
        time: time_of(&bytes),
        key: kind,
        is_everywhere: false,
        bytes: bytes.into_bytes().into(),
    }
}

fn time_of(payload: &str) -> i64 {
    let event: Value = serde_json::from_str(payload).expect("an event is JSON");
    let time = event["time"].as_str().expect("an event has a time");
    time.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

impl Day {
    pub(super) fn new(seed: u64, chance: &mut Chance, faults: &mut Faults) -> Day {
        let city = City::of(seed);
        let is_late = faults.is_given_to(Fault::TooLate);
        let partitions = chance.between(1, 4) as usize;
        let length = chance.pick(&[1_000, 3_000, 6_000]);
        let within = match is_late {
            true => chance.pick(&[1, HOUR * 2 / 3]),
            false => chance.pick(&[1, HOUR, 20 * HOUR]),
        };
        // Arrival in event time, for each partition it goes to.
        let mut placed: Vec<(i64, u64, usize, Arc<[u8]>)> = Vec::new();
        for told in &city.told {
            let own = own_partition(&told.key, partitions);
            for partition in (0..partitions).filter(|at| told.is_everywhere || *at == own) {
                let copies =
                    if faults.strikes(Fault::Repeated, chance) { chance.between(2, 3) } else { 1 };
                for _ in 0..copies {
                    let mut arrives = told.time;
                    if faults.strikes(Fault::Displaced, chance)
                        || faults.is_given_to(Fault::Displaced) && within > HOUR
                    {
                        arrives += (chance.next() % within as u64) as i64;
                    }
                    if faults.strikes(Fault::TooLate, chance) {
                        arrives += HOUR + (chance.next() % (6 * HOUR) as u64) as i64;
                    }
                    placed.push((arrives, chance.next(), partition, Arc::clone(&told.bytes)));
                }
                if faults.strikes(Fault::Garbage, chance) {
                    let bytes = garbage(&told.bytes, chance);
                    placed.push((told.time, chance.next(), partition, bytes));
                }
            }
        }
        placed.sort_by_key(|(arrives, dice, _, _)| (*arrives, *dice));
        // Some of it is there from the start, the rest comes in bursts.
        let backlog = chance.pick(&[0, 0, placed.len() / 2, placed.len()]);
        let burst = chance.pick(&[1, 8, 64]);
        let mut day = Day {
            city,
            is_late,
            partitions: vec![Vec::new(); partitions],
            length,
            first: city.told.iter().map(|told| told.time).min().unwrap_or(0),
            last: city.told.iter().map(|told| told.time).max().unwrap_or(0),
        };
        let count = placed.len().max(1);
        for (number, (_, _, partition, bytes)) in placed.into_iter().enumerate() {
            let at = match number < backlog {
                true => 0,
                false => length * (number / burst * burst) as u64 / count as u64,
            };
            day.partitions[partition].push(Event { at, bytes });
        }
        day
    }

    /// The program's settings, by version of the rules.
    pub(super) fn configs(&self) -> &'static [Config] {
        &self.city.configs[usize::from(self.is_late)]
    }

    /// Event time at a moment of the run.
    pub(super) fn clock(&self, now: u64) -> Timestamp {
        Timestamp(self.first + (self.last - self.first) * now as i64 / self.length as i64)
    }

    /// When all that is silent is lost track of, whatever a wrong clock said.
    pub(super) fn end(&self) -> Timestamp {
        Timestamp(end_after(self.last))
    }

    pub(super) fn knows_truth(&self) -> bool {
        !self.is_late
    }

    pub(super) fn compare_with_truth(&self, document: &str) {
        assert_equal(&self.city.truth, &serde_json::from_str(document).expect("JSON"));
    }
}

fn own_partition(key: &str, partitions: usize) -> usize {
    let mix = |hash: usize, byte: u8| hash.wrapping_mul(31).wrapping_add(usize::from(byte));
    key.bytes().fold(7, mix) % partitions
}

fn garbage(event: &[u8], chance: &mut Chance) -> Arc<[u8]> {
    match chance.below(4) {
        0 => Arc::from(&b"\xff\xfe no event"[..]),
        1 => Arc::from(&b"{}"[..]),
        2 => Arc::from(&b""[..]),
        _ => Arc::from(&event[..event.len() / 2]),
    }
}
