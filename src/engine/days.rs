//! What is counted beside the figures, by day, so that a report tells how good the data of its period
//! was: what came too late, twice or unreadable, what did not fit, and what should not have happened.
//!
//! - An event counts on its own local date, also one that came too late to be in any figure: the
//!   period is told what it lacks. What cannot be read has no time and counts on the day that the
//!   partition had come to by its largest event time; before the first event there is no such day,
//!   and it counts in the totals alone. An anomaly of a contact counts on the day of the contact's
//!   first observation, whichever that turns out to be; an incident on the day on which it was found.
//! - By department: what came too late or twice, where it says whose it is, and the anomalies of
//!   contacts, on the department of the first stay. All else is of nobody.
//! - Days are kept for 25 months behind the newest, months for good. There is a bound by nature: some
//!   800 days and 1 200 months, of each six counts a department and less than a hundred in all.
//! - It is a sum over records: neither how records are cut nor in which order the chains are folded
//!   matters.

use std::collections::{BTreeMap, BTreeSet};

use super::codec;
use super::incident::{Incident, IncidentKind};
use super::record::{
    ANOMALY_KINDS, BOUND_KINDS, JOINED_OVER_BOUND, STAFFING_OVER_BOUND, anomaly_names,
};
use crate::domain::calendar::{Day, Zone};
use crate::domain::contact::Contact;
use crate::domain::contact::contribution::Contribution;
use crate::domain::ids::Department;
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;
use crate::wire::reject::Reason;

/// On which day, whose, and what: a place of [`codec`], or one of those below.
pub(super) type DayKey = (Day, Department, u8);

/// The bytes that one takes at least.
pub(super) const LEAST_DAY: usize = 4;

// Durable, the places of `codec` too.
const EVENTS: u8 = 0;
pub(super) const LATE: u8 = 2;
pub(super) const REPEATED: u8 = 3;
pub(super) const SET_ASIDE: u8 = 4;
const INCIDENTS: u8 = codec::PLACES as u8;
const LOST: u8 = INCIDENTS + 32;

/// Days are kept so long behind the newest: 25 months.
const KEPT_DAYS: i32 = 762;

pub(super) fn reject(reason: Reason) -> u8 {
    codec::REJECTS as u8 + reason as u8
}

/// By the index in [`super::record::Counts::anomalies`].
pub(super) fn anomaly(kind: usize) -> u8 {
    codec::anomaly(kind) as u8
}

/// Whether it is known on which day an anomaly of this kind was met: not of contacts that went at a
/// bound, nor of what the fold counts itself.
pub fn is_kept_by_day(kind: &str) -> bool {
    ![BOUND_KINDS[1], STAFFING_OVER_BOUND, JOINED_OVER_BOUND].contains(&kind)
}

/// What a commit counts.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    counts: BTreeMap<DayKey, i64>,
    /// The day that is counted on, and from when to when it is.
    today: Option<(Day, Timestamp, Timestamp)>,
    /// Events of that day that are not among the counts yet.
    events: i64,
}

impl Gathering {
    /// Counts on the day of a time from now on; `None` is of no day.
    pub(super) fn turn(&mut self, time: Option<Timestamp>) {
        if let (Some(time), Some((_, from, end))) = (time, self.today)
            && from <= time
            && time < end
        {
            return;
        }
        self.settle();
        let zone = Zone::stockholm();
        self.today = time.map(|time| {
            let day = zone.day_of(time);
            (day, zone.day_start(day), zone.day_end(day))
        });
    }

    fn settle(&mut self) {
        let events = std::mem::take(&mut self.events);
        if let (Some((day, ..)), 1..) = (self.today, events) {
            self.put((day, Department::UNKNOWN, EVENTS), events);
        }
    }

    /// One more event.
    pub(super) fn event(&mut self) {
        self.events += 1;
    }

    /// One more of something that is nobody's.
    pub(super) fn add(&mut self, place: u8) {
        self.add_of(Department::UNKNOWN, place);
    }

    /// One more of something of a department.
    pub(super) fn add_of(&mut self, department: Department, place: u8) {
        if let Some((day, ..)) = self.today {
            self.put((day, department, place), 1);
        }
    }

    pub(super) fn put(&mut self, key: DayKey, n: i64) {
        *self.counts.entry(key).or_default() += n;
    }

    /// Adds the anomalies of a contact, or takes them away.
    pub(super) fn strange(
        &mut self,
        contact: &Contact,
        contribution: &Contribution,
        anomalies: &[u16],
        sign: i64,
    ) {
        if anomalies.iter().all(|n| *n == 0) {
            return;
        }
        let Some(first) = contact.first_time() else { return };
        let day = Zone::stockholm().day_of(first);
        let of_stay = contribution.stays.first().map(|fact| fact.department);
        let of_question = contribution.questions.first().map(|question| question.department);
        let department = of_stay.or(of_question).unwrap_or(Department::UNKNOWN);
        for (kind, n) in anomalies.iter().enumerate().filter(|(_, n)| **n > 0) {
            self.put((day, department, anomaly(kind)), sign * i64::from(*n));
        }
    }

    /// Everything that was counted, in order.
    pub(super) fn finish(mut self) -> Vec<(DayKey, i64)> {
        self.settle();
        self.counts.into_iter().filter(|(_, n)| *n != 0).collect()
    }
}

/// What was counted beside the figures, by day and by month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    days: BTreeMap<DayKey, i64>,
    /// By their first days.
    months: BTreeMap<DayKey, i64>,
    newest: Option<Day>,
}

/// What was counted beside the figures in a stretch of days. Only what occurred has a name here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayQuality {
    /// Records read.
    pub events: i64,
    /// Seen before.
    pub repeats: i64,
    /// Left out as late.
    pub late: i64,
    /// Known kinds without a figure yet.
    pub set_aside: i64,
    /// By reason.
    pub rejects: BTreeMap<&'static str, i64>,
    /// By kind.
    pub anomalies: BTreeMap<&'static str, i64>,
    /// By kind.
    pub incidents: BTreeMap<&'static str, i64>,
    /// Events that were deleted before they were read.
    pub lost: i64,
}

fn add(counts: &mut BTreeMap<DayKey, i64>, key: DayKey, n: i64) {
    let sum = counts.entry(key).or_default();
    *sum += n;
    if *sum == 0 {
        counts.remove(&key);
    }
}

impl Days {
    pub(super) fn add(&mut self, key: DayKey, n: i64) {
        let (day, department, place) = key;
        let is_newer = self.newest.is_none_or(|newest| newest < day);
        if is_newer {
            let before = self.kept_from();
            self.newest = Some(day);
            if self.kept_from() != before {
                self.close();
            }
        }
        match self.kept_from().is_some_and(|from| day < from) {
            true => add(&mut self.months, (day.month().first_day(), department, place), n),
            false => add(&mut self.days, key, n),
        }
    }

    pub(super) fn incident(&mut self, incident: &Incident) {
        let day = Zone::stockholm().day_of(incident.found);
        self.add((day, Department::UNKNOWN, INCIDENTS + incident.kind as u8), 1);
        if incident.kind == IncidentKind::LostRange {
            let lost = incident.last - incident.first + 1;
            self.add((day, Department::UNKNOWN, LOST), lost);
        }
    }

    /// The first day that is kept as a day: that of a month.
    fn kept_from(&self) -> Option<Day> {
        self.newest.map(|newest| newest.plus(-KEPT_DAYS).month().first_day())
    }

    fn close(&mut self) {
        let Some(from) = self.kept_from() else { return };
        let kept = self.days.split_off(&(from, Department(0), 0));
        for ((day, department, place), n) in std::mem::replace(&mut self.days, kept) {
            add(&mut self.months, (day.month().first_day(), department, place), n);
        }
    }

    /// What there is of the days from one up to another. Of months whose days are kept no longer, only
    /// whole ones.
    fn within(&self, (from, end): (Day, Day)) -> impl Iterator<Item = (DayKey, i64)> + '_ {
        let span = (from, Department(0), 0)..(end, Department(0), 0);
        let whole = move |key: &DayKey| key.0.month().next().first_day() <= end;
        let months = self.months.range(span.clone()).filter(move |(key, _)| whole(key));
        months.chain(self.days.range(span)).map(|(key, n)| (*key, *n))
    }

    /// Of one department, or of all.
    pub(super) fn of(&self, days: (Day, Day), department: Option<Department>) -> DayQuality {
        let mut all = DayQuality::default();
        for ((_, of, place), n) in self.within(days) {
            if department.is_none_or(|own| own == of) {
                all.add(place, n);
            }
        }
        all
    }

    /// Departments of which something was counted.
    pub(super) fn departments(&self, days: (Day, Day)) -> Vec<Department> {
        let all: BTreeSet<Department> = self.within(days).map(|((_, of, _), _)| of).collect();
        all.into_iter().collect()
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.byte(u8::from(self.newest.is_some()));
        if let Some(newest) = self.newest {
            out.signed(i64::from(newest.0));
        }
        for counts in [&self.days, &self.months] {
            out.unsigned(counts.len() as u64);
            for ((day, department, place), n) in counts {
                out.signed(i64::from(day.0));
                out.unsigned(u64::from(department.0));
                out.byte(*place);
                out.signed(*n);
            }
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Days> {
        let day = |input: &mut Reader<'_>| Some(Day(i32::try_from(input.signed()?).ok()?));
        let newest = match input.byte()? {
            0 => None,
            _ => Some(day(input)?),
        };
        let mut days = Days { newest, ..Days::default() };
        for counts in [&mut days.days, &mut days.months] {
            for _ in 0..input.count(LEAST_DAY)? {
                let key = (day(input)?, Department(input.index()?), input.byte()?);
                counts.insert(key, input.signed()?);
            }
        }
        Some(days)
    }
}

impl DayQuality {
    fn add(&mut self, place: u8, n: i64) {
        let at = usize::from(place);
        let rejects = Reason::ALL.into_iter().map(|reason| (reject(reason), reason.name()));
        let found = rejects.into_iter().find(|(of, _)| *of == place);
        let kind =
            || (0..ANOMALY_KINDS).zip(anomaly_names()).find(|(of, _)| codec::anomaly(*of) == at);
        let incident = || IncidentKind::ALL.get(at.checked_sub(usize::from(INCIDENTS))?);
        match place {
            EVENTS => self.events += n,
            LATE => self.late += n,
            REPEATED => self.repeats += n,
            SET_ASIDE => self.set_aside += n,
            LOST => self.lost += n,
            _ => {
                if let Some((_, name)) = found {
                    *self.rejects.entry(name).or_default() += n;
                } else if let Some((_, name)) = kind() {
                    *self.anomalies.entry(name).or_default() += n;
                } else if let Some(kind) = incident() {
                    *self.incidents.entry(kind.name()).or_default() += n;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn span(from: &str, end: &str) -> (Day, Day) {
        (day(from), day(end))
    }

    #[test]
    fn days_become_months_after_25_months_in_whatever_order_they_came() {
        let told = ["2024-01-31", "2024-02-01", "2024-02-29", "2026-03-03", "2026-03-04"];
        let fold = |order: &[&str]| {
            let mut days = Days::default();
            order.iter().for_each(|at| days.add((day(at), Department(1), LATE), 1));
            days
        };
        let days = fold(&told);
        let mut backwards = told;
        backwards.reverse();
        assert_eq!(fold(&backwards), days);
        assert_eq!((days.days.len(), days.months.len()), (4, 1));
        let late = |from, end| days.of(span(from, end), None).late;
        assert_eq!(late("2024-01-01", "2024-02-01"), 1);
        assert_eq!(late("2024-02-01", "2024-03-01"), 2);
        assert_eq!(late("2024-01-31", "2024-02-01"), 0, "a day of a month that is one by now");
        assert_eq!(late("2024-01-01", "2024-01-31"), 0, "less than the month");
        assert_eq!(late("2026-03-04", "2026-03-05"), 1);
        assert_eq!(late("2024-01-01", "2027-01-01"), 5);
        // One day more, and February is a month too.
        let mut later = fold(&told);
        later.add((day("2026-04-03"), Department(1), LATE), 1);
        assert_eq!((later.days.len(), later.months.len()), (3, 2));
        assert_eq!(later.of(span("2024-02-01", "2024-03-01"), None).late, 2);
    }

    #[test]
    fn what_is_written_is_read_and_what_sums_to_nothing_is_not_there() {
        let mut days = Days::default();
        days.add((day("2024-01-31"), Department(3), REPEATED), 2);
        days.add((day("2026-10-05"), Department(0), anomaly(0)), 4);
        days.add((day("2026-10-05"), Department(0), reject(Reason::TooLong)), 1);
        days.add((day("2026-10-06"), Department(0), LATE), 1);
        days.add((day("2026-10-06"), Department(0), LATE), -1);
        let mut bytes = Vec::new();
        days.pack(&mut Writer(&mut bytes));
        let mut input = Reader(&bytes);
        assert_eq!(Days::unpack(&mut input).as_ref(), Some(&days));
        assert!(input.is_empty());
        (0..bytes.len()).for_each(|cut| assert_eq!(Days::unpack(&mut Reader(&bytes[..cut])), None));
        let all = days.of(span("2024-01-01", "2027-01-01"), None);
        assert_eq!((all.repeats, all.late), (2, 0));
        assert_eq!(all.rejects, [("too_long", 1)].into());
        assert_eq!(all.anomalies, [("negative_wait", 4)].into());
        assert_eq!(days.of(span("2024-01-01", "2027-01-01"), Some(Department(3))).repeats, 2);
        assert_eq!(days.departments(span("2026-01-01", "2027-01-01")), [Department(0)]);
    }

    #[test]
    fn an_incident_counts_on_the_day_it_was_found_and_tells_what_was_lost() {
        let found = Zone::stockholm().day_start(day("2026-10-05"));
        let kind = IncidentKind::LostRange;
        let mut days = Days::default();
        days.incident(&Incident { kind, input: 0, first: 10, last: 14, found });
        let quality = days.of(span("2026-10-05", "2026-10-06"), None);
        assert_eq!((quality.lost, quality.incidents), (5, [("lost_range", 1)].into()));
        assert_eq!(days.of(span("2026-10-04", "2026-10-05"), None), DayQuality::default());
    }
}
