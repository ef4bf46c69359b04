//! Points in time, lengths of time and shares, each with its unit in its type.

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds; negative only as an intermediate result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

impl Millis {
    /// So many whole seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Millis(seconds * 1_000)
    }

    /// So many whole hours.
    pub const fn from_hours(hours: i64) -> Self {
        Millis(hours * 3_600_000)
    }

    /// The same length in seconds.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }
}

impl Timestamp {
    /// The earliest time an event may have: 2000-01-01T00:00:00Z. Anything before is a clock that
    /// was never set.
    pub const EARLIEST: Timestamp = Timestamp(946_684_800_000);

    /// The time from `earlier` to this one; negative if it is the other way round.
    pub fn since(self, earlier: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// This time moved forward.
    #[must_use]
    pub fn plus(self, length: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(length.0))
    }

    /// This time moved back.
    #[must_use]
    pub fn minus(self, length: Millis) -> Timestamp {
        Timestamp(self.0.saturating_sub(length.0))
    }

    /// The quarter-hour that contains this time. Quarter-hours are the same in UTC and in
    /// Europe/Stockholm, whose offsets are whole hours.
    pub fn quarter(self) -> Quarter {
        Quarter(self.0.div_euclid(Quarter::MILLIS) as i32)
    }

    /// The minute that contains this time, counted from 1970-01-01T00:00Z.
    pub fn minute(self) -> i32 {
        self.0.div_euclid(60_000) as i32
    }
}

/// A quarter of an hour, counted from 1970-01-01T00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(pub i32);

impl Quarter {
    /// Its length in milliseconds.
    pub const MILLIS: i64 = 900_000;

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * Self::MILLIS)
    }
}

/// `met` out of `of`. Shares add up across hours and departments; percentages do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many meet the condition.
    pub met: i64,
    /// How many there are.
    pub of: i64,
}

impl Share {
    /// Both parts added.
    #[must_use]
    pub fn merge(self, other: Share) -> Share {
        Share { met: self.met + other.met, of: self.of + other.of }
    }

    /// The share as a ratio in 0..=1; `None` when there is nothing to share.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.met as f64 / self.of as f64)
    }
}
