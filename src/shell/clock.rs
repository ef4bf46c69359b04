//! The only file that reads a clock.
//!
//! [`Clock`] is the reader's clock at which windows end; it may be scaled for a rehearsal.
//! [`Stopwatch`] measures how long the shell itself takes; no figure depends on it.

use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use crate::domain::units::Timestamp;
use crate::wire::time;

/// The fastest clock: a day in a second.
const SPEED_MAX: f64 = 86_400.0;

/// What time it is.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    Real,
    /// A clock that began at a time of its own and runs faster or slower.
    Scaled {
        /// What it said first.
        start: Timestamp,
        /// Its seconds per second.
        speed: f64,
        /// When that was.
        since: Stopwatch,
    },
}

impl Clock {
    /// A clock that says `start` now and runs `speed` times as fast as time.
    ///
    /// # Errors
    ///
    /// A speed that is not over 0 and at most 86 400.
    pub fn scaled(start: Timestamp, speed: f64) -> Result<Clock, String> {
        if speed > 0.0 && speed <= SPEED_MAX {
            Ok(Clock::Scaled { start, speed, since: Stopwatch::start() })
        } else {
            Err(format!("speed {speed} is outside 0 to {SPEED_MAX}; take 60 for a minute a second"))
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Real => system_time(),
            Clock::Scaled { start, speed, since } => {
                let passed = since.passed().as_secs_f64() * 1_000.0 * speed;
                Timestamp(start.0.saturating_add(passed as i64))
            }
        }
    }

    /// How long it really takes until this clock says `time`; zero once it has.
    pub fn until(&self, time: Timestamp) -> Duration {
        let speed = match self {
            Clock::Real => 1.0,
            Clock::Scaled { speed, .. } => *speed,
        };
        let millis = time.since(self.now()).0.max(0) as f64 / speed;
        // Rounded up, so that nobody who sleeps so long wakes just before.
        Duration::from_millis(millis.ceil() as u64)
    }
}

/// `2026-10-05T07:00:00+02:00x60`: the clock begins when it is read.
impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write it as 2026-10-05T07:00:00+02:00x60";
        let (start, speed) = text
            .rsplit_once('x')
            .ok_or_else(|| format!("clock \"{text}\" has no speed; {example}"))?;
        let start = time::parse(start)
            .ok_or_else(|| format!("clock \"{text}\" begins at no time; {example}"))?;
        let speed: f64 = speed
            .parse()
            .map_err(|_| format!("clock \"{text}\" has a speed that is no number; {example}"))?;
        Clock::scaled(start, speed)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Measures how long something takes, whatever becomes of the system's clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[expect(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    pub fn passed(&self) -> Duration {
        self.0.elapsed()
    }

    /// What is left of `limit`.
    pub fn left_of(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.passed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_begins_where_it_is_told_and_runs_as_fast() {
        let clock: Clock = "2026-10-05T07:00:00+02:00x60".parse().unwrap();
        let start = time::parse("2026-10-05T05:00:00Z").unwrap();
        let now = clock.now();
        assert!((0..600_000).contains(&now.since(start).0), "{now:?}");
        let wait = clock.until(start.plus(crate::domain::units::Millis(6_000_000)));
        assert!(wait > Duration::from_secs(80) && wait <= Duration::from_secs(100), "{wait:?}");
        assert_eq!(clock.until(start), Duration::ZERO);
    }

    #[test]
    fn a_clock_that_cannot_be_says_how_to_write_it() {
        for text in ["", "60", "x60", "2026-10-05x60", "2026-10-05T07:00:00Z", "now"] {
            let said = text.parse::<Clock>().unwrap_err();
            assert!(said.contains("2026-10-05T07:00:00+02:00x60"), "{said}");
        }
        for speed in ["0", "-1", "NaN", "inf", "86401"] {
            let text = format!("2026-10-05T07:00:00Zx{speed}");
            assert!(text.parse::<Clock>().unwrap_err().contains("outside 0 to 86400"), "{text}");
        }
    }
}
