//! Whether each number was staffed while it had to be (R4, R5, R21, R22), where the data has gaps, and
//! on which working days no question came in (R26).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::period::Period;
use super::super::sheet::Sheet;
use super::super::sums::Days;
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use crate::domain::calendar::{Day, WorkingDays, Zone};
use crate::domain::coverage::{Coverage, CoverageSpan, Staffed, Stretch};
use crate::domain::event::Channel;
use crate::domain::goal::GoalId;
use crate::domain::ids::Department;
use crate::domain::tally::{Code, code};
use crate::domain::units::{Millis, Timestamp};

/// Gaps in the data that are told one by one, the longest.
const GAPS: usize = 50;

/// Days without a question that are told by their dates.
const DATES: usize = 12;

/// What citizens see: no figure from which it can be read how many were there, or when nobody was.
const STAFFING_FOR_CITIZENS: [&str; 4] = ["staffed", "unstaffed", "unknown", "share"];

/// In milliseconds.
const HALF_HOUR: i64 = 1_800_000;

/// A question that has been received within so many days makes one expect more.
const EXPECTED_DAYS: i32 = 28;

impl Sheet<'_> {
    /// The period's staffing, as far as something is known.
    pub(in crate::report) fn coverage(&self) -> Rc<CoverageSpan> {
        self.coverage_of(self.order.period.span())
    }

    /// That of some days, from the first up to, but not including, the last.
    pub(in crate::report) fn coverage_of(&self, days: Days) -> Rc<CoverageSpan> {
        self.sums.coverage(days, self.known_until)
    }

    /// How long each number was staffed; `None` when no source tells of agents.
    pub(in crate::report) fn staffing_table(&self, span: &CoverageSpan) -> Option<Table> {
        let columns = vec![
            Column::new("open", self.say("Minuter att bemanna", "Minutes to staff")),
            Column::new("staffed", self.say("Bemannade", "Staffed")),
            Column::new("unstaffed", self.say("Obemannade", "Unstaffed")),
            Column::new("unknown", self.say("Okända", "Unknown")),
            Column::new("share", self.say("Andel bemannad", "Share staffed")),
            Column::new("single", self.say("Med en enda person", "With one person alone")),
            Column::new("gap", self.say("Längsta glapp", "Longest gap")),
            Column::new("gap_from", self.say("Började", "Began")),
        ];
        let coverages = self.engine.board().coverages();
        let level = self.level_of(GoalId::Staffed).map(|level| (level.direction, level.percent));
        let row = |id: &str, heading: String, coverage: &Coverage, own: &Coverage| {
            let whole = WholeMinutes::of(coverage);
            // By the same hours those with one person are a part of those that were staffed.
            let single = match own.single <= coverage.staffed {
                true => minutes(own.single).min(whole.staffed),
                false => minutes(own.single),
            };
            let share = coverage.share();
            Row {
                id: id.to_owned(),
                heading,
                cells: vec![
                    Cell::Count(whole.open),
                    Cell::Count(whole.staffed),
                    Cell::Count(whole.unstaffed),
                    Cell::Count(whole.unknown),
                    match share.of {
                        0 => Cell::None,
                        _ => Cell::Share(share, level, self.order.audience.precision()),
                    },
                    Cell::Count(single),
                    Cell::wait(coverage.gap.map(told_gap)),
                    coverage.gap.map_or(Cell::None, |(from, _)| Cell::text(clock(from))),
                ],
            }
        };
        let mut rows: Vec<Row> = span
            .departments
            .iter()
            .filter(|(at, _)| self.order.department.is_none_or(|own| own == **at))
            .map(|(at, coverage)| {
                let slug = self.slug(*at);
                let name = self.engine.display_name(slug).to_owned();
                row(slug, name, coverage, span.own_hours.get(at).unwrap_or(coverage))
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let is_told = span.departments.keys().any(|at| coverages.since(*at).is_some());
        if !is_told || rows.is_empty() {
            return None;
        }
        if self.order.department.is_none() {
            let heading = self.say(
                "Kundtjänst öppen när växeln är öppen",
                "Customer service open while the switchboard is",
            );
            rows.insert(0, row("all", heading, &span.whole, &span.whole));
        }
        let mut table = Table {
            id: "staffing",
            heading: self.say("Bemanning", "Staffing"),
            rows_are: self.say("Nummer", "Number"),
            columns,
            rows,
            notes: vec![self.say(
                "Mål: alltid bemannat medan växeln är öppen, eller under enhetens egna tider där den \
                 är undantagen. Okända minuter är varken bemannade eller obemannade, och andelen är \
                 av den tid man vet något om.",
                "Goal: always staffed while the switchboard is open, or by the unit's own hours \
                 where it is exempt. Unknown minutes are neither staffed nor unstaffed, and the \
                 share is of the time that is known.",
            )],
            drawing: Drawing::Nothing,
        };
        match self.order.audience {
            Audience::Public => table.keep(&STAFFING_FOR_CITIZENS),
            Audience::Internal => table.notes.push(self.say(
                "Påbörjade minuter räknas som obemannade och okända. Minuter med en enda person är \
                 av enhetens egna öppettider. Ett glapp ligger inom en öppettid, i minuter:sekunder.",
                "Minutes begun count as unstaffed and unknown. Minutes with one person alone are of \
                 the unit's own hours. A gap lies within one opening, in minutes:seconds.",
            )),
        }
        Some(table)
    }

    /// Of one day, half-hour by half-hour, how long nobody was there.
    pub(in crate::report) fn staffing_course(&self, span: &CoverageSpan) -> Option<Table> {
        let Period::Day(day) = self.order.period else { return None };
        let coverages = self.engine.board().coverages();
        let is_told = |at: &Department| {
            let is_asked = self.order.department.is_none_or(|own| own == *at);
            is_asked && coverages.since(*at).is_some()
        };
        let mut half_hours: BTreeMap<Department, BTreeMap<i64, Millis>> = BTreeMap::new();
        for department in span.departments.keys().copied().filter(is_told) {
            let rules = self.engine.rules();
            let course = coverages.course(Some(department), day, self.known_until, rules);
            let of = half_hours.entry(department).or_default();
            for ((from, until), state) in course {
                for at in from.0.div_euclid(HALF_HOUR)..=(until.0 - 1).div_euclid(HALF_HOUR) {
                    let begins = (at * HALF_HOUR).max(from.0);
                    let ends = ((at + 1) * HALF_HOUR).min(until.0);
                    // What is unknown leaves no number.
                    if state != Staffed::Unknown {
                        let is_empty = i64::from(state == Staffed::Nobody);
                        of.entry(at).or_default().0 += is_empty * (ends - begins);
                    }
                }
            }
        }
        let known: BTreeSet<i64> = half_hours.values().flat_map(|of| of.keys().copied()).collect();
        let (first, last) = (*known.first()?, *known.last()?);
        let columns = (first..=last).map(|at| {
            let heading = clock(Timestamp(at * HALF_HOUR))[11..].to_owned();
            Column::new(heading.clone(), heading)
        });
        let mut rows: Vec<Row> = half_hours
            .iter()
            .map(|(at, of)| Row {
                id: self.slug(*at).to_owned(),
                heading: self.engine.display_name(self.slug(*at)).to_owned(),
                cells: (first..=last)
                    .map(|at| of.get(&at).map_or(Cell::None, |ms| Cell::Count(minutes_up(*ms))))
                    .collect(),
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Some(Table {
            id: "staffing_course",
            heading: self.say(
                "Obemannade minuter, halvtimme för halvtimme",
                "Unstaffed minutes, half-hour by half-hour",
            ),
            rows_are: self.say("Nummer", "Number"),
            columns: columns.collect(),
            rows,
            notes: Vec::new(),
            drawing: Drawing::Heat,
        })
    }

    /// When nothing was heard of for too long; the total first.
    pub(in crate::report) fn gap_table(&self, span: &CoverageSpan) -> Table {
        let length = |(from, until): Stretch| until.since(from);
        let mut longest = joined(&span.dark);
        longest.sort_by_key(|gap| (std::cmp::Reverse(length(*gap)), gap.0));
        let left_out = longest.len().saturating_sub(GAPS);
        longest.truncate(GAPS);
        longest.sort_unstable();
        let mut rows = vec![Row {
            id: "total".to_owned(),
            heading: self.say("Tillsammans", "Together"),
            cells: vec![Cell::None, Cell::Count(minutes(span.dark_length()))],
        }];
        rows.extend(longest.into_iter().map(|gap| Row {
            id: clock(gap.0),
            heading: clock(gap.0),
            cells: vec![Cell::text(clock(gap.1)), Cell::Count(minutes(length(gap)))],
        }));
        let limit = minutes(self.engine.rules().data_gap());
        let told = self.say(
            "Växelns öppettid där ingen källa hördes av på mer än så många minuter:",
            "The switchboard's open time in which no source was heard of for more than so many \
             minutes:",
        );
        let mut notes = vec![format!("{told} {limit}.")];
        if left_out > 0 {
            let more = self.say("Kortare luckor som inte visas:", "Shorter gaps not shown:");
            notes.push(format!("{more} {left_out}."));
        }
        Table {
            id: "data_gaps",
            heading: self.say("Uppgifternas luckor", "Gaps in the data"),
            rows_are: self.say("Från", "From"),
            columns: vec![
                Column::new("until", self.say("Till", "Until")),
                Column::new("minutes", self.say("Minuter utan uppgifter", "Minutes without data")),
            ],
            rows,
            notes,
            drawing: Drawing::Nothing,
        }
    }

    /// The days on which each department received questions.
    fn intakes(&self, (from, end): Days) -> BTreeMap<Department, BTreeSet<Day>> {
        let mut received: BTreeMap<Department, BTreeSet<Day>> = BTreeMap::new();
        for day in from.until(end) {
            for (line, tally) in self.engine.board().cells().day(day) {
                let of = |channel: Channel| {
                    tally.get(code::QUESTION + code::QUESTION_STRIDE * channel as Code)
                };
                if of(Channel::Email) + of(Channel::EService) > 0 {
                    received.entry(line.department).or_default().insert(day);
                }
            }
        }
        received
    }

    /// The working days on which a department that has questions received none; `None` when none has.
    pub(in crate::report) fn intake_table(&self) -> Option<Table> {
        let zone = Zone::stockholm();
        let (from, end) = self.order.period.span();
        // A day that is not over may still bring a question.
        let end = end.min(zone.day_of(self.known_until));
        let from = self.first_day().map_or(from, |first| from.max(first));
        let looked_at = (from.min(end.plus(-EXPECTED_DAYS)), end);
        let received = self.sums.intakes.of(looked_at, || self.intakes(looked_at));
        let working: Vec<Day> =
            from.until(end.max(from)).filter(|day| WorkingDays::is_working_day(*day)).collect();
        let is_ours = |at: &Department| self.order.department.is_none_or(|own| own == *at);
        let mut rows: Vec<Row> = received
            .iter()
            .filter(|(at, _)| is_ours(at))
            .map(|(at, days)| {
                let silent: Vec<String> = working
                    .iter()
                    .filter(|day| !days.contains(*day))
                    .map(ToString::to_string)
                    .collect();
                let mut dates = silent.iter().take(DATES).cloned().collect::<Vec<_>>().join(", ");
                if silent.len() > DATES {
                    dates.push_str(" …");
                }
                let slug = self.slug(*at);
                Row {
                    id: slug.to_owned(),
                    heading: self.engine.display_name(slug).to_owned(),
                    cells: vec![
                        Cell::Count(working.len() as i64),
                        Cell::Count(silent.len() as i64),
                        if dates.is_empty() { Cell::None } else { Cell::text(dates) },
                    ],
                }
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        (!rows.is_empty() && !working.is_empty()).then(|| Table {
            id: "intake",
            heading: self.say("Arbetsdagar utan frågor", "Working days without questions"),
            rows_are: self.say("Förvaltning", "Department"),
            columns: vec![
                Column::new("working_days", self.say("Arbetsdagar", "Working days")),
                Column::new("without", self.say("Utan frågor", "Without questions")),
                Column::new("dates", self.say("Vilka", "Which")),
            ],
            rows,
            notes: vec![self.say(
                "Förvaltningar som har fått frågor via e-post eller e-tjänst under perioden eller de \
                 fyra veckorna före dess slut. En dag utan frågor kan vara lugn, eller så kommer \
                 frågorna inte fram.",
                "Departments that received questions by e-mail or e-service in the period or the \
                 four weeks before its end. A day without any may be quiet, or questions do not get \
                 through.",
            )],
            drawing: Drawing::Nothing,
        })
    }
}

/// Stretches that meet, as one.
fn joined(stretches: &[Stretch]) -> Vec<Stretch> {
    let mut joined: Vec<Stretch> = Vec::new();
    for (from, until) in stretches {
        match joined.last_mut() {
            Some(last) if last.1 == *from => last.1 = *until,
            Some(_) | None => joined.push((*from, *until)),
        }
    }
    joined
}

/// A number's time in whole minutes, so that the three kinds are together the time it was open.
pub(super) struct WholeMinutes {
    pub(super) open: i64,
    pub(super) staffed: i64,
    pub(super) unstaffed: i64,
    pub(super) unknown: i64,
}

impl WholeMinutes {
    /// Those begun count as unstaffed first, then as unknown; the rest was staffed.
    pub(super) fn of(coverage: &Coverage) -> WholeMinutes {
        let open = minutes(coverage.open).max(i64::from(coverage.open.0 > 0));
        let unstaffed = minutes_up(coverage.unstaffed).min(open);
        let unknown = minutes_up(coverage.unknown).min(open - unstaffed);
        WholeMinutes { open, staffed: open - unstaffed - unknown, unstaffed, unknown }
    }
}

/// As it is told: a gap shorter than a second as one, never as none.
fn told_gap((from, until): Stretch) -> Millis {
    until.since(from).max(Millis(1_000))
}

/// Whole minutes, to the nearest.
fn minutes(length: Millis) -> i64 {
    (length.0 + 30_000).div_euclid(60_000)
}

/// Whole minutes, those begun included: a gap is never told as none.
fn minutes_up(length: Millis) -> i64 {
    (length.0 + 59_999).div_euclid(60_000)
}

/// Local date and time.
fn clock(at: Timestamp) -> String {
    let local = Zone::stockholm().rfc3339(at);
    format!("{} {}", &local[..10], &local[11..16])
}
