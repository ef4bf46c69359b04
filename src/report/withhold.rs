//! What citizens are not told of a department, since it is so small that it points at somebody.
//!
//! A department's number of calls (or questions) under five is withheld. Since the sum of all
//! departments is told, others are withheld with it until what is withheld together can no longer
//! be taken apart: at least two, and ten together. Shares need twenty.

use std::collections::BTreeMap;

use super::figures::{Measure, Span};
use crate::domain::ids::Department;

/// Fewer than this are withheld.
const COUNT_MIN: i64 = 5;
/// Shares over fewer than this are withheld.
pub(super) const SHARE_MIN: i64 = 20;

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
        while hidden < rising.len() && (hidden < 2 || sum(hidden) < 2 * COUNT_MIN) {
            hidden += 1;
        }
    }
    rising.into_iter().take(hidden).map(|(_, department)| department).collect()
}
