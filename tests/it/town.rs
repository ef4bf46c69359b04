//! A small town: scripts of [`crate::cases`] and whatever else is told, and the reports of it.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::ids::Department;
use svarstid::engine::Engine;
use svarstid::report::{Audience, Language, Order, Report};
use svarstid::wire::canonical::Arrival;

use crate::cases::{self, CONFIG};
use crate::oracle;

/// One whose events come one after another. Nothing is late unless a script says so.
pub(crate) struct Town {
    pub(crate) engine: Engine,
    offset: i64,
}

impl Town {
    pub(crate) fn new(config: &str) -> Town {
        let config = Config::parse(config, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut engine = oracle::engine(&config);
        engine.set_rules(&config);
        engine.open_partition("town", 0);
        Town { engine, offset: 0 }
    }

    /// The town of the cases after a script.
    pub(crate) fn of(script: &str) -> Town {
        Town::new(CONFIG).plays(script)
    }

    /// The lines of a script, and then the end of all there is.
    pub(crate) fn plays(mut self, script: &str) -> Town {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let event = cases::event(self.offset as usize, line);
            self.take(&event);
        }
        self.ends()
    }

    /// What somebody told on 5 November 2026.
    pub(crate) fn tells(mut self, kind: &str, more: Value) -> Town {
        let id = format!("told {}", self.offset);
        let mut event = json!({"id": id, "type": kind, "time": "2026-11-05T08:00:00Z"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.take(&event.to_string());
        self.ends()
    }

    /// A day on which the telephone system is heard of every ten minutes, and what its agents did,
    /// each as local time, agent, state and the department whose number it is.
    pub(crate) fn staffed(mut self, day: &str, agents: &[[&str; 4]]) -> Town {
        let zone = Zone::stockholm();
        let of_day = Day::parse(day).unwrap();
        let mut events: Vec<(i64, Value)> = (0..1_440)
            .step_by(10)
            .map(|minute| {
                let at = zone.at_wall_clock(of_day, minute);
                (at.0, json!({"id": format!("h{day}{minute}"), "type": "system.heartbeat"}))
            })
            .collect();
        for (n, [time, agent, state, number]) in agents.iter().enumerate() {
            let (hours, minutes) = time.split_once(':').unwrap();
            let minute = hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap();
            let event = json!({
                "id": format!("a{day}{n}"), "type": "agent.state", "agent": agent, "state": state,
                "numbers": [number],
            });
            events.push((zone.at_wall_clock(of_day, minute).0, event));
        }
        events.sort_by_key(|(at, _)| *at);
        for (at, mut event) in events {
            let time = jiff::Timestamp::from_millisecond(at).unwrap().to_string();
            event["time"] = json!(time);
            event["source"] = json!("pbx");
            self.take(&event.to_string());
        }
        self.ends()
    }

    fn take(&mut self, event: &str) {
        self.engine.event(0, self.offset, event.as_bytes(), &Arrival::default());
        self.offset += 1;
    }

    fn ends(mut self) -> Town {
        self.engine.tick();
        let rejects: Vec<_> =
            self.engine.quality().rejects.into_iter().filter(|(_, n)| *n > 0).collect();
        assert!(rejects.is_empty(), "{rejects:?}");
        self
    }

    /// The report of a period: of one department or of all, in Swedish.
    pub(crate) fn report_of(&self, period: &str, slug: Option<&str>, audience: Audience) -> Report {
        let find = |slug| Department(self.engine.names().departments.find(slug).unwrap());
        self.engine.report(&Order {
            period: period.parse().unwrap(),
            department: slug.map(find),
            audience,
            language: Language::Swedish,
        })
    }

    /// The whole municipality's, for itself.
    pub(crate) fn report(&self, period: &str) -> Report {
        self.report_of(period, None, Audience::Internal)
    }

    /// Cells of the report of a period, as `table/row/column`.
    pub(crate) fn figures<const N: usize>(&self, period: &str, places: [&str; N]) -> [Value; N] {
        let report = self.report(period);
        places.map(|place| cell(&report, place))
    }

    /// The same as one.
    pub(crate) fn figure(&self, period: &str, place: &str) -> Value {
        cell(&self.report(period), place)
    }
}

/// One cell of a report's JSON, as `table/row/column`; `null` where there is none.
pub(crate) fn cell(report: &Report, place: &str) -> Value {
    let report: Value = serde_json::from_str(&report.to_json()).unwrap();
    let (table, rest) = place.split_once('/').unwrap();
    // The name of a row may have a slash in it.
    let (row, column) = rest.rsplit_once('/').unwrap();
    let of = |list: &Value, id: &str| list.as_array()?.iter().position(|one| one["id"] == id);
    let found = || {
        let table = &report["tables"][of(&report["tables"], table)?];
        let (row, column) = (of(&table["rows"], row)?, of(&table["columns"], column)?);
        Some(table["rows"][row]["cells"][column].clone())
    };
    match found() {
        Some(Value::String(text)) => json!(text.replace('\u{a0}', " ")),
        Some(value) => value,
        None => Value::Null,
    }
}
