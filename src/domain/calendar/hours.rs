//! When a unit is open, by the clock on the wall and as instants.

use std::collections::BTreeMap;

use super::{DAY_MILLIS, Day, HalfDay, WorkingDays, Zone};
use crate::domain::units::Timestamp;

/// A stretch of a day by the clock on the wall: minutes after local midnight, from inclusive, until
/// exclusive, `from < until <= 1440`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from: u16,
    until: u16,
}

impl Span {
    /// Minutes on a wall clock's day, whatever the day's real length.
    pub const DAY_MINUTES: u16 = 1_440;

    /// `None` unless `from < until <= 1440`.
    pub fn new(from: u16, until: u16) -> Option<Span> {
        (from < until && until <= Self::DAY_MINUTES).then_some(Span { from, until })
    }

    /// First minute.
    pub fn from(self) -> u16 {
        self.from
    }

    /// First minute after.
    pub fn until(self) -> u16 {
        self.until
    }
}

/// A week's hours and how holidays and half days change them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weekly {
    /// Monday first; each day's spans in rising order without overlap.
    pub days: [Vec<Span>; 7],
    /// Whether the unit keeps its weekly hours on holidays. Offices do not; a tourist office may.
    pub open_on_holidays: bool,
    /// When a half day ends, in minutes after midnight, by [`HalfDay::index`]; `None` keeps the
    /// weekly hours.
    pub half_days: [Option<u16>; 4],
}

/// The hours of one date, whatever the week says; no spans is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialDay {
    /// Which date.
    pub day: Day,
    /// In rising order without overlap.
    pub spans: Vec<Span>,
}

/// When a unit is open. Special dates come first, then holidays, then half days, then the week.
///
/// The hours of every day from [`Day::FIRST`] to [`Day::END`] are worked out at the start, so a
/// question on the hot path is two table lookups. Outside those days a unit is closed, unless it
/// is always open.
#[derive(Clone, Debug)]
pub struct OpeningHours {
    weeks: Vec<(Day, Weekly)>,
    special: BTreeMap<Day, Vec<Span>>,
    always: bool,
    /// Index into `shapes` for each day from [`Day::FIRST`] on.
    shape_of: Vec<u16>,
    /// The distinct days: stretches in milliseconds since the day's start. Switch days have shapes
    /// of their own.
    shapes: Vec<Vec<(i64, i64)>>,
}

impl OpeningHours {
    /// Weekly hours, each in force from its day until the next one's, and special dates. Before the
    /// first day in force the unit is closed.
    pub fn new(weeks: Vec<(Day, Weekly)>, special: Vec<SpecialDay>) -> Self {
        let mut weeks = weeks;
        weeks.sort_by_key(|(from, _)| *from);
        let special = special.into_iter().map(|day| (day.day, day.spans)).collect();
        let (shape_of, shapes) = (Vec::new(), Vec::new());
        let mut hours = OpeningHours { weeks, special, always: false, shape_of, shapes };
        hours.tabulate();
        hours
    }

    /// Never closed: for replays without a configuration.
    pub fn always() -> Self {
        OpeningHours {
            weeks: Vec::new(),
            special: BTreeMap::new(),
            always: true,
            shape_of: Vec::new(),
            shapes: Vec::new(),
        }
    }

    /// Whether the unit is open at a time. Opening is inclusive, closing exclusive.
    pub fn is_open(&self, at: Timestamp) -> bool {
        if self.always {
            return true;
        }
        let zone = Zone::stockholm();
        let day = zone.day_of(at);
        let into = at.since(zone.day_start(day)).0;
        self.shape(day).iter().any(|&(from, until)| from <= into && into < until)
    }

    /// The open stretches of a local day as instants, from inclusive, until exclusive, in order.
    pub fn intervals(&self, day: Day) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let zone = Zone::stockholm();
        let start = zone.day_start(day).0;
        let whole = self.always.then(|| (start, zone.day_end(day).0));
        let shaped =
            self.shape(day).iter().map(move |&(from, until)| (start + from, start + until));
        whole.into_iter().chain(shaped).map(|(from, until)| (Timestamp(from), Timestamp(until)))
    }

    /// Open milliseconds within `[from, until)`; 0 when `until` is not after `from`. The cost grows
    /// with the number of days.
    pub fn open_millis(&self, from: Timestamp, until: Timestamp) -> i64 {
        if until <= from {
            return 0;
        }
        if self.always {
            return until.since(from).0;
        }
        let zone = Zone::stockholm();
        let first = zone.day_of(from).max(Day::FIRST);
        let end = zone.day_of(until).next().min(Day::END);
        first
            .until(end)
            .flat_map(|day| self.intervals(day))
            .map(|(opens, closes)| closes.min(until).since(opens.max(from)).0.max(0))
            .sum()
    }

    /// Whether the unit opens at all on a local day.
    pub fn opens_on(&self, day: Day) -> bool {
        self.always || !self.shape(day).is_empty()
    }

    /// The last `n` days up to and including `day` on which the unit opens, in rising order; fewer
    /// when there are no more of them since [`Day::FIRST`].
    pub fn last_open_days(&self, day: Day, n: usize) -> Vec<Day> {
        let days = Day::FIRST.until(day.min(Day(i32::MAX - 1)).next()).rev();
        let mut found: Vec<Day> = days.filter(|day| self.opens_on(*day)).take(n).collect();
        found.reverse();
        found
    }

    /// The hours of a local day by the clock on the wall, for people (R3).
    pub fn spans(&self, day: Day) -> Vec<Span> {
        if self.always {
            return Span::new(0, Span::DAY_MINUTES).into_iter().collect();
        }
        if let Some(spans) = self.special.get(&day) {
            return spans.clone();
        }
        let Some((_, week)) = self.weeks.iter().rev().find(|(from, _)| *from <= day) else {
            return Vec::new();
        };
        if !week.open_on_holidays && WorkingDays::holiday(day).is_some() {
            return Vec::new();
        }
        let closes = WorkingDays::half_day(day)
            .and_then(|half: HalfDay| week.half_days.get(half.index()).copied().flatten());
        let closes = closes.unwrap_or(Span::DAY_MINUTES);
        let spans = &week.days[day.weekday().index()];
        spans.iter().filter_map(|span| Span::new(span.from, span.until.min(closes))).collect()
    }

    fn shape(&self, day: Day) -> &[(i64, i64)] {
        let at = usize::try_from(i64::from(day.0) - i64::from(Day::FIRST.0)).ok();
        let shape = at.and_then(|at| self.shape_of.get(at));
        shape.and_then(|&shape| self.shapes.get(usize::from(shape))).map_or(&[], Vec::as_slice)
    }

    fn tabulate(&mut self) {
        let mut index: BTreeMap<Vec<(i64, i64)>, u16> = BTreeMap::new();
        for day in Day::FIRST.until(Day::END) {
            let shape = self.instants(day);
            let next = index.len();
            let at = *index.entry(shape).or_insert_with_key(|shape| {
                self.shapes.push(shape.clone());
                u16::try_from(next).expect("there are fewer days than 65 536")
            });
            self.shape_of.push(at);
        }
    }

    /// The day's hours in milliseconds since its start. On a switch day hours by the wall clock may
    /// vanish (02:00–03:00 in spring) or last longer.
    fn instants(&self, day: Day) -> Vec<(i64, i64)> {
        let zone = Zone::stockholm();
        let start = zone.day_start(day);
        let length = zone.day_end(day).since(start).0;
        let into = |minute: u16| match length {
            DAY_MILLIS => i64::from(minute) * 60_000,
            _ => zone.at_wall_clock(day, minute).since(start).0,
        };
        let spans = self.spans(day).into_iter().map(|span| (into(span.from), into(span.until)));
        spans.filter(|(from, until)| from < until).collect()
    }
}
