//! How today has gone so far, by quarter-hour of the offer.
//!
//! Only quarter-hours that changed since the last picture are summed again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{CellKey, Cells, GoalCount, Line, offered};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::Goal;
use crate::domain::ids::Department;
use crate::domain::snapshot::{
    Course, DepartmentView, PlaceCourse, QuarterCourse, WaitCount, bounds,
};
use crate::domain::tally::{Bounds, Tally, code};
use crate::domain::units::{Millis, Quarter, Timestamp};

/// Today's quarter-hours of every department.
#[derive(Debug)]
pub(super) struct Courses {
    today: Option<Day>,
    /// The quarter-hours of that day.
    span: Range<Quarter>,
    changed: BTreeSet<Quarter>,
    /// By department.
    quarters: Vec<BTreeMap<Quarter, QuarterCourse>>,
}

impl Default for Courses {
    fn default() -> Self {
        let nothing = Quarter(0);
        Courses {
            today: None,
            span: nothing..nothing,
            changed: BTreeSet::new(),
            quarters: Vec::new(),
        }
    }
}

impl Courses {
    /// Tells that a cell is about to change.
    pub(super) fn touched(&mut self, key: CellKey) {
        if self.span.contains(&key.quarter) {
            self.changed.insert(key.quarter);
        }
    }

    /// Fills in today's course of every department (in the order of their indices) and of all.
    /// Waits are counted up to each of the queues' bounds and the limit of goal 2.
    pub(super) fn fill(
        &mut self,
        now: Timestamp,
        (cells, exact): (&Cells, &Bounds),
        limit: Option<Millis>,
        views: &mut [DepartmentView],
        all: &mut DepartmentView,
    ) {
        let zone = Zone::stockholm();
        let today = zone.day_of(now);
        let (first, last) = (zone.day_start(today).quarter(), zone.day_end(today).quarter());
        if self.today != Some(today) {
            self.today = Some(today);
            self.span = first..last;
            self.quarters.clear();
            self.changed = cells.quarters_in(first, last).map(|(key, _)| key.quarter).collect();
        }
        self.quarters.resize_with(views.len(), BTreeMap::new);
        for quarter in std::mem::take(&mut self.changed) {
            self.sum(quarter, cells);
        }
        let mut waits = vec![Course::default(); views.len()];
        let mut edges: Vec<Millis> = bounds::QUEUE.map(Millis::from_seconds).into();
        edges.extend(limit);
        edges.sort_unstable();
        edges.dedup();
        for (line, tally) in cells.day(today).filter(|(line, _)| line.queue.is_some()) {
            if let Some(course) = waits.get_mut(usize::from(line.department.0)) {
                count_waits(course, &edges, exact, tally);
            }
        }
        let mut total = Course::default();
        let mut total_quarters: BTreeMap<Quarter, QuarterCourse> = BTreeMap::new();
        for ((view, mut course), quarters) in views.iter_mut().zip(waits).zip(&self.quarters) {
            for (quarter, one) in quarters {
                total_quarters.entry(*quarter).or_insert(QuarterCourse::new(*quarter)).merge(one);
            }
            total.merge(&course);
            course.quarters = quarters.values().copied().collect();
            view.course = Arc::new(course);
        }
        total.quarters = total_quarters.into_values().collect();
        all.course = Arc::new(total);
    }

    fn sum(&mut self, quarter: Quarter, cells: &Cells) {
        for quarters in &mut self.quarters {
            quarters.remove(&quarter);
        }
        for (key, tally) in cells.quarters_in(quarter, Quarter(quarter.0 + 1)) {
            let Department(at) = key.line.department;
            if let Some(quarters) = self.quarters.get_mut(usize::from(at))
                && offered(tally) != 0
            {
                let one = quarters.entry(quarter).or_insert(QuarterCourse::new(quarter));
                add(one, key.line, tally);
            }
        }
    }
}

fn add(course: &mut QuarterCourse, line: Line, tally: &Tally) {
    let (place, goal) = match line.queue {
        None => (&mut course.switchboard, Goal::Sm1),
        Some(_) => (&mut course.queue, Goal::Sm2),
    };
    place.merge(&PlaceCourse {
        offered: offered(tally),
        answered: tally.stays(Disposition::Answered),
        abandoned: tally.stays(Disposition::Abandoned),
        goal: GoalCount::of_line(goal, line, tally).share,
    });
}

fn count_waits(course: &mut Course, edges: &[Millis], exact: &Bounds, tally: &Tally) {
    for (disposition, count) in Disposition::ALL.into_iter().zip(&mut course.dispositions) {
        *count += tally.stays(disposition);
    }
    if course.waits.is_empty() {
        let ends = edges.iter().copied().map(Some).chain([None]);
        course.waits = ends.map(|until| WaitCount { until, ..WaitCount::default() }).collect();
    }
    let kinds = [
        (code::ANSWERED_SLOT, tally.stays(Disposition::Answered)),
        (code::ABANDONED_SLOT, tally.stays(Disposition::Abandoned)),
    ];
    for (at, (kind, all)) in kinds.into_iter().enumerate() {
        let mut before = 0;
        for count in &mut course.waits {
            let within = count.until.map_or(all, |until| exact.within(tally, kind, until));
            let n = if at == 0 { &mut count.answered } else { &mut count.abandoned };
            *n += within - before;
            before = within;
        }
    }
}
