//! A single desk with a known answer: Poisson arrivals, exponential handling and patience, a fixed
//! number of agents (Erlang-A). It runs on the desks of the municipality, so the table in DOMAIN
//! section 6 judges them.

use super::Record;
use super::agenda::Agenda;
use super::chance::Chance;
use super::desk::{Customer, Desk, Exit, Rules, Told, Wake};
use super::event::{self, AgentName, AgentState, Cause, Event, Names, Source, What};

const STATION: u64 = 40;
/// 2026-01-05T00:00:00Z, a Monday.
const START_MS: i64 = 1_767_571_200_000;
const CALLS_AN_HOUR: f64 = 60.0;
const HANDLING_SECONDS: f64 = 300.0;
const PATIENCE_SECONDS: f64 = 420.0;

/// Canonical events of `calls` calls at one queue (`erlang`, of a department `erlang`) with this
/// many agents: 60 calls an hour, handling of 300 s and patience of 420 s on average, all
/// exponential. The agents log in at the start and stay; calls come round the clock. Without
/// faults, in order of time.
pub fn erlang_a(staff: u16, calls: u32, seed: u64) -> impl Iterator<Item = Record> {
    let names = Names {
        departments: vec!["erlang".to_owned()],
        queues: vec!["erlang".to_owned()],
        numbers: vec!["[\"erlang\"]".to_owned()],
    };
    Station::new(staff, calls, seed).map(move |event| Record {
        arrival_ms: event.time,
        key: event::key(&event),
        payload: event::payload(&event, &names),
        every_partition: false,
    })
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    Call,
    Wake(Wake),
}

/// The station as a stream of events.
struct Station {
    desk: Desk,
    chance: Chance,
    agenda: Agenda<Moment>,
    calls: u32,
    left: u32,
    written: u32,
    /// Events of the current moment, the last first.
    pending: Vec<Event>,
}

impl Station {
    fn new(staff: u16, calls: u32, seed: u64) -> Self {
        let rules = Rules { capacity: usize::MAX, diverts_at: f64::INFINITY, rings: false };
        let mut agenda = Agenda::new();
        for agent in 0..staff {
            agenda.add(START_MS, Moment::Wake(Wake::LogIn { agent }));
        }
        let mut station = Station {
            desk: Desk::new(rules, staff),
            chance: Chance::new(seed, STATION, i64::from(staff)),
            agenda,
            calls: 0,
            left: calls,
            written: 0,
            pending: Vec::new(),
        };
        station.expect_call(START_MS);
        station
    }

    fn milliseconds(&mut self, mean_seconds: f64) -> i64 {
        (self.chance.exponential(mean_seconds) * 1_000.0).round() as i64
    }

    fn expect_call(&mut self, now: i64) {
        if self.left > 0 {
            self.left -= 1;
            let gap = self.milliseconds(3_600.0 / CALLS_AN_HOUR);
            self.agenda.add(now + gap, Moment::Call);
        }
    }

    fn live(&mut self, now: i64, moment: Moment) {
        match moment {
            Moment::Call => {
                self.calls += 1;
                let call = self.calls;
                self.write(now, call, What::Offered { direct: true, caller: None });
                let customer = Customer {
                    call,
                    talk_ms: self.milliseconds(HANDLING_SECONDS),
                    wrap_up_ms: 0,
                    leaves_at: now + self.milliseconds(PATIENCE_SECONDS),
                    leaves: Exit::HungUp,
                };
                self.desk.offer(now, customer, &mut self.chance);
                self.expect_call(now);
            }
            Moment::Wake(wake) => self.desk.wake(now, wake, &mut self.chance),
        }
        for (at, wake) in std::mem::take(&mut self.desk.wakes) {
            self.agenda.add(at, Moment::Wake(wake));
        }
        for (call, told) in std::mem::take(&mut self.desk.told) {
            self.hear(now, call.unwrap_or(0), told);
        }
        self.pending.reverse();
    }

    fn hear(&mut self, now: i64, call: u32, told: Told) {
        let name = |number| AgentName { desk: 0, number };
        let ended = |talk_ms: Option<i64>, cause| What::Ended {
            talk_ms: talk_ms.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
            wrap_up_ms: None,
            cause,
        };
        match told {
            Told::Rejected(reason) => self.write(now, call, What::Rejected(reason)),
            Told::Entered { position } => self.write(now, call, What::Entered { position }),
            Told::Answered { agent } => {
                self.write(now, call, What::Answered { agent: name(agent) });
            }
            Told::Exited { position, .. } => {
                self.write(now, call, What::Abandoned { position });
                self.write(now, call, ended(None, Cause::CallerHungUp));
            }
            Told::Talked { talk_ms, .. } => {
                self.write(now, call, ended(Some(talk_ms), Cause::CallerHungUp));
            }
            Told::Agent { agent, state } => {
                // Before the first call only: the agents log in.
                if self.calls == 0 && state == AgentState::Ready {
                    self.write(now, 0, What::Agent { agent: name(agent), state });
                }
            }
            Told::Ringing { .. } | Told::NoAnswer { .. } | Told::Forgotten => {}
        }
    }

    fn write(&mut self, time: i64, contact: u32, what: What) {
        self.written += 1;
        self.pending.push(Event {
            time,
            number: self.written,
            day: i32::try_from(START_MS / 86_400_000).expect("within two centuries"),
            contact,
            department: 0,
            queue: 0,
            segment: u8::from(contact != 0),
            source: Source::Queues,
            what,
        });
    }
}

impl Iterator for Station {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.pending.is_empty() {
            let (now, moment) = self.agenda.next()?;
            self.live(now, moment);
        }
        self.pending.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Abandoned, within 300 s, answered, offered.
    type Batch = [f64; 4];

    const CALLS: u32 = 400_000;
    const BATCH: u32 = 4_000;

    fn batches(staff: u16) -> Vec<Batch> {
        let mut batches = vec![[0.0; 4]; (CALLS / BATCH) as usize];
        let mut offered: HashMap<u32, i64> = HashMap::new();
        for event in Station::new(staff, CALLS, 7) {
            let batch = &mut batches[(event.contact.saturating_sub(1) / BATCH) as usize];
            if let What::Offered { .. } = event.what {
                batch[3] += 1.0;
                offered.insert(event.contact, event.time);
            } else if let What::Abandoned { .. } = event.what {
                batch[0] += 1.0;
            } else if let What::Answered { .. } = event.what {
                let wait = event.time - offered[&event.contact];
                batch[1] += f64::from(u8::from(wait <= 300_000));
                batch[2] += 1.0;
            }
        }
        batches
    }

    /// The ratio of two counts over all batches, and its standard error by batch means.
    fn ratio(batches: &[Batch], top: usize, bottom: usize) -> (f64, f64) {
        let sum = |index: usize| batches.iter().map(|batch| batch[index]).sum::<f64>();
        let ratio = sum(top) / sum(bottom);
        let count = batches.len() as f64;
        let spread: f64 =
            batches.iter().map(|batch| (batch[top] - ratio * batch[bottom]).powi(2)).sum();
        (ratio, (spread / (count - 1.0) / count).sqrt() / (sum(bottom) / count))
    }

    #[test]
    fn the_desk_gives_the_erlang_a_table() {
        let table = [
            (4, 0.27337, 0.90525, 0.65779),
            (5, 0.16120, 0.96902, 0.81282),
            (6, 0.08732, 0.99128, 0.90472),
            (7, 0.04366, 0.99784, 0.95427),
            (8, 0.02024, 0.99952, 0.97929),
        ];
        for (staff, abandoned, of_answered, of_offered) in table {
            let batches = batches(staff);
            assert_eq!(batches.iter().map(|batch| batch[3]).sum::<f64>(), f64::from(CALLS));
            for ((top, bottom), expected) in
                [((0, 3), abandoned), ((1, 2), of_answered), ((1, 3), of_offered)]
            {
                let (value, error) = ratio(&batches, top, bottom);
                let off = (value - expected) / error;
                assert!(off.abs() < 3.0, "{staff} agents: {value} is {off} errors off {expected}");
            }
        }
    }

    #[test]
    fn the_records_are_in_order_and_read_as_json() {
        let records: Vec<Record> = erlang_a(4, 100, 1).collect();
        assert!(records.is_sorted_by_key(|record| record.arrival_ms));
        for record in &records {
            let event: serde_json::Value = serde_json::from_str(&record.payload).unwrap();
            assert_eq!(event["source"], "ko");
        }
    }
}
