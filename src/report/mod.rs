//! Stand-in for the reports.
#![allow(missing_docs)]

use std::io;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    Quarter,
    Hour,
    Day,
    Month,
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "quarter" => Ok(Interval::Quarter),
            "hour" => Ok(Interval::Hour),
            "day" => Ok(Interval::Day),
            "month" => Ok(Interval::Month),
            _ => Err(format!("unknown interval \"{text}\"; there are: quarter, hour, day, month")),
        }
    }
}

#[derive(Debug)]
pub struct Document {
    pub(crate) applied: i64,
    pub(crate) rejects: i64,
}

impl Document {
    pub fn to_json(&self) -> String {
        format!("{{\"quality\": {{\"events\": {}, \"rejects\": {}}}}}", self.applied, self.rejects)
    }

    pub fn write_csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "events,rejects\n{},{}", self.applied, self.rejects)
    }

    pub fn write_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "events {}\nrejects {}", self.applied, self.rejects)
    }
}
