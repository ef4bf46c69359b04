//! The step functions as bytes, for the snapshot file.

use std::collections::BTreeMap;

use super::agents::Reports;
use super::heard::Heard;
use super::steps::Steps;
use super::{Counted, Coverages, unpack_levels};
use crate::domain::calendar::Day;
use crate::domain::ids::{AgentId, Department};
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::{Millis, Timestamp};

impl Coverages {
    /// Writes everything in packed form. Equal ones give equal bytes.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.agents.len() as u64);
        for (agent, reports) in &self.agents {
            out.fixed(&agent.0.to_le_bytes());
            reports.pack(out);
        }
        self.steps.pack(out);
        out.unsigned(self.closed.len() as u64);
        for (day, bytes) in &self.closed {
            out.signed(i64::from(day.0));
            out.bytes(bytes);
        }
        pack_day(self.open_from, out);
        pack_times(self.since.iter().map(|(of, at)| (*of, at.0)), out);
        self.heard.pack(out);
        out.signed(self.over_bound);
        let counted = &self.counted;
        counted.steps.pack(out);
        pack_times(counted.since.iter().map(|(of, at)| (*of, at.0)), out);
        counted.heard.pack(out);
        pack_day(counted.until, out);
        out.byte(u8::from(counted.frontier.is_some()));
        if let Some(frontier) = counted.frontier {
            out.signed(frontier.0);
        }
        pack_times(counted.unstaffed.iter().map(|(of, length)| (*of, length.0)), out);
    }

    /// Reads what [`Coverages::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Coverages> {
        let mut all = Coverages::default();
        for _ in 0..input.count(8 + 2)? {
            let agent = AgentId(u64::from_le_bytes(input.fixed()?));
            if all.agents.last_key_value().is_some_and(|(last, _)| *last >= agent) {
                return None;
            }
            all.agents.insert(agent, Reports::unpack(input)?);
        }
        all.steps = Steps::unpack(input)?;
        for _ in 0..input.count(2)? {
            let day = Day(i32::try_from(input.signed()?).ok()?);
            let bytes = input.bytes()?;
            let mut levels = Reader(bytes);
            while !levels.is_empty() {
                unpack_levels(Timestamp(0), &mut levels)?;
            }
            all.closed.insert(day, bytes.into());
        }
        all.open_from = unpack_day(input)?;
        all.since = unpack_times(input, Timestamp)?;
        all.heard = Heard::unpack(input)?;
        all.over_bound = input.signed()?;
        all.counted = Counted {
            steps: Steps::unpack(input)?,
            since: unpack_times(input, Timestamp)?,
            heard: Heard::unpack(input)?,
            until: unpack_day(input)?,
            frontier: match input.byte()? {
                0 => None,
                _ => Some(Timestamp(input.signed()?)),
            },
            unstaffed: unpack_times(input, Millis)?,
        };
        Some(all)
    }
}

fn pack_day(day: Option<Day>, out: &mut Writer<'_>) {
    out.byte(u8::from(day.is_some()));
    if let Some(day) = day {
        out.signed(i64::from(day.0));
    }
}

fn unpack_day(input: &mut Reader<'_>) -> Option<Option<Day>> {
    Some(match input.byte()? {
        0 => None,
        _ => {
            let day = Day(i32::try_from(input.signed()?).ok()?);
            // Years would pass by day for day.
            Some(day).filter(|day| (Day::FIRST..Day::END).contains(day)).map(Some)?
        }
    })
}

fn pack_times(times: impl ExactSizeIterator<Item = (Department, i64)>, out: &mut Writer<'_>) {
    out.unsigned(times.len() as u64);
    for (department, time) in times {
        out.unsigned(u64::from(department.0));
        out.signed(time);
    }
}

fn unpack_times<T>(
    input: &mut Reader<'_>,
    of: impl Fn(i64) -> T,
) -> Option<BTreeMap<Department, T>> {
    let count = input.count(2)?;
    (0..count).map(|_| Some((Department(input.index()?), of(input.signed()?)))).collect()
}
