//! Results of citizens' surveys: what share is satisfied (R19, R20).
//!
//! Of each measure the latest result of a department, or of the whole municipality, is shown live: the
//! one whose period ends last, of those the one told last. All of them are kept in [`super::told`].

use super::calendar::Day;
use super::ids::EventId;
use super::units::Timestamp;

/// The longest name of a measure.
const LONGEST_MEASURE: usize = 63;

/// What a survey found. The greater of two is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SurveyResult {
    /// The last day of the survey's period.
    pub until: Day,
    /// When it was told.
    pub time: Timestamp,
    /// To decide between two of one time.
    pub id: EventId,
    /// The share that is satisfied or very satisfied, in millionths: 0 to 1 000 000.
    pub satisfied_millionths: i64,
    /// How many answered.
    pub responses: i64,
    /// Margin of error of the share, in millionths, if it was told.
    pub margin_millionths: Option<i64>,
}

/// Whether a text may name a measure: as a slug, for it becomes a label.
pub fn is_measure(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=LONGEST_MEASURE).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_a_slug() {
        assert!(is_measure("nojd-2016_b"));
        assert!(!["", "Nöjd", "a b", &"x".repeat(64)].into_iter().any(is_measure));
    }
}
