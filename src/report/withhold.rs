//! What citizens are not told of a department, since it is so small that it points at somebody.
//!
//! A department's number of calls (or questions) under five is withheld. Since the sum of all
//! departments is told, others are withheld with it until what is withheld together can no longer
//! be taken apart: at least two, and ten together; where even all of them are less than that, the sum
//! is withheld too. Shares need twenty.
//!
//! Citizens see months, and the longer periods that the same months add up to. So a number that a month
//! withholds is withheld in every longer period that it is a month of; its share may be told.
//!
//! Goals 2 and 3, and goal 3 of those who had to wait, are of nearly the same calls: what their numbers
//! differ by is how many were refused, or answered at once. So of a department only goal 2's number is
//! told, whatever the numbers are, and nothing of those who had to wait: a share of few in whole percent
//! is as good as their number.

use std::collections::BTreeMap;

use super::figures::{Measure, Span};
use crate::domain::goal::Goal;
use crate::domain::ids::Department;

/// Fewer than this are withheld.
const COUNT_MIN: i64 = 5;
/// Fewer than this together could be taken apart.
pub(super) const TOGETHER_MIN: i64 = 2 * COUNT_MIN;
/// Shares over fewer than this are withheld.
pub(super) const SHARE_MIN: i64 = 20;

/// Whether citizens are told of how many a department's share is.
pub(super) fn is_number_told(measure: Measure) -> bool {
    match measure {
        Measure::Calls(Goal::Sm1 | Goal::Sm2) | Measure::Questions | Measure::FirstContact => true,
        Measure::Calls(Goal::Sm3 | Goal::Sm3w) => false,
    }
}

/// Whether citizens are told anything of a department in a measure.
pub(super) fn is_told_of_departments(measure: Measure) -> bool {
    measure != Measure::Calls(Goal::Sm3w)
}

/// Whether the whole municipality's number would tell what is withheld of its departments.
pub(super) fn is_whole_withheld(span: &Span, measure: Measure) -> bool {
    let hidden = withheld(span, measure);
    let of = |department: &Department| span.departments[department].share(measure).of;
    !hidden.is_empty() && (hidden.len() < 2 || hidden.iter().map(of).sum::<i64>() < TOGETHER_MIN)
}

/// The departments whose number is withheld in a measure.
pub(super) fn withheld(span: &Span, measure: Measure) -> Vec<Department> {
    let counts: BTreeMap<Department, i64> = span
        .departments
        .iter()
        .map(|(department, figures)| (*department, figures.share(measure).of))
        .filter(|(_, of)| *of > 0)
        .collect();
    let mut rising: Vec<(i64, Department)> = counts.into_iter().map(|(at, of)| (of, at)).collect();
    rising.sort_unstable();
    let mut hidden = rising.iter().take_while(|(of, _)| *of < COUNT_MIN).count();
    if hidden > 0 {
        let sum = |hidden: usize| rising[..hidden].iter().map(|(of, _)| of).sum::<i64>();
        while hidden < rising.len() && (hidden < 2 || sum(hidden) < TOGETHER_MIN) {
            hidden += 1;
        }
    }
    rising.into_iter().take(hidden).map(|(_, department)| department).collect()
}
