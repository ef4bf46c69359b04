//! Numbers as people read them in Swedish: decimal comma, no-break spaces, and rounding that never
//! makes a missed goal look kept.

use crate::domain::goal::Direction;
use crate::domain::units::Share;

/// Between digits and before the percent sign.
const NO_BREAK: char = '\u{a0}';

/// How exact a share is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Whole percent, for citizens.
    Whole,
    /// One decimal, inside.
    Tenths,
}

impl Precision {
    /// Parts of a whole that are told apart.
    fn parts(self) -> i128 {
        match self {
            Precision::Whole => 100,
            Precision::Tenths => 1_000,
        }
    }
}

/// A share in the smallest parts that are shown, held against a level: rounded to the nearest, but
/// never onto the good side of a level that it misses (89.96 % of at least 90 % is 89,9 %). `None`
/// without anything to count over.
pub(super) fn rounded(
    share: Share,
    goal: Option<(Direction, u8)>,
    precision: Precision,
) -> Option<i64> {
    if share.of <= 0 {
        return None;
    }
    let (met, of) = (i128::from(share.met), i128::from(share.of));
    let parts = precision.parts();
    let nearest = (2 * met * parts + of).div_euclid(2 * of);
    let held = match goal {
        Some((Direction::AtLeast, percent)) => {
            let level = i128::from(percent) * parts / 100;
            let is_missed = 100 * met < i128::from(percent) * of;
            if is_missed { nearest.min(level - 1) } else { nearest.max(level) }
        }
        Some((Direction::AtMost, percent)) => {
            let level = i128::from(percent) * parts / 100;
            let is_missed = 100 * met > i128::from(percent) * of;
            if is_missed { nearest.max(level + 1) } else { nearest.min(level) }
        }
        None => nearest,
    };
    i64::try_from(held).ok()
}

/// The same as text: `89,9 %`.
pub(super) fn percent(
    share: Share,
    goal: Option<(Direction, u8)>,
    precision: Precision,
) -> Option<String> {
    let parts = rounded(share, goal, precision)?;
    Some(match precision {
        Precision::Whole => format!("{parts}{NO_BREAK}%"),
        Precision::Tenths => format!("{},{}{NO_BREAK}%", parts / 10, parts % 10),
    })
}

/// A number of tenths: `41,2`.
pub(super) fn tenths(tenths: i64) -> String {
    let sign = if tenths < 0 { "−" } else { "" };
    let whole = count((tenths / 10).abs());
    format!("{sign}{whole},{}", (tenths % 10).abs())
}

/// A count with its thousands apart: `12 345`.
pub(super) fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::new();
    if n < 0 {
        text.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(NO_BREAK);
        }
        text.push(digit);
    }
    text
}

/// A difference of two shares in tenths of a percentage point, from their unrounded values.
pub(super) fn points(share: Share, from: Share) -> Option<i64> {
    Some(((share.ratio()? - from.ratio()?) * 1_000.0).round() as i64)
}

/// A difference: `+1,2`.
pub(super) fn signed_tenths(difference: i64) -> String {
    let sign = match difference {
        0 => "±",
        1.. => "+",
        _ => "",
    };
    format!("{sign}{}", tenths(difference))
}

/// A length in whole seconds as minutes and seconds: `4:05`, `1:02:03`.
pub(super) fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT_LEAST_90: Option<(Direction, u8)> = Some((Direction::AtLeast, 90));
    const AT_MOST_10: Option<(Direction, u8)> = Some((Direction::AtMost, 10));

    fn shown(met: i64, of: i64, goal: Option<(Direction, u8)>) -> [String; 2] {
        [Precision::Tenths, Precision::Whole]
            .map(|precision| percent(Share { met, of }, goal, precision).unwrap())
            .map(|text| text.replace(NO_BREAK, " "))
    }

    #[test]
    fn a_missed_goal_never_rounds_up_to_it() {
        assert_eq!(shown(8_996, 10_000, AT_LEAST_90), ["89,9 %", "89 %"]);
        assert_eq!(shown(8_996, 10_000, None), ["90,0 %", "90 %"]);
        assert_eq!(shown(9_000, 10_000, AT_LEAST_90), ["90,0 %", "90 %"]);
        assert_eq!(shown(1_001, 10_000, AT_MOST_10), ["10,1 %", "11 %"]);
        assert_eq!(shown(1_000, 10_000, AT_MOST_10), ["10,0 %", "10 %"]);
        assert_eq!(shown(1, 3, None), ["33,3 %", "33 %"]);
        assert_eq!(shown(0, 3, AT_LEAST_90), ["0,0 %", "0 %"]);
        assert_eq!(percent(Share { met: 0, of: 0 }, None, Precision::Whole), None);
    }

    #[test]
    fn numbers_are_written_as_in_swedish() {
        assert_eq!(count(0), "0");
        assert_eq!(count(-1_234_567).replace(NO_BREAK, " "), "−1 234 567");
        assert_eq!(count(999), "999");
        assert_eq!(clock(245), "4:05");
        assert_eq!(clock(3_723), "1:02:03");
        let share = |met, of| Share { met, of };
        let shown = |share, from| points(share, from).map(signed_tenths);
        assert_eq!(shown(share(912, 1_000), share(9, 10)).as_deref(), Some("+1,2"));
        assert_eq!(shown(share(1, 2), share(1, 2)).as_deref(), Some("±0,0"));
        assert_eq!(shown(share(1, 2), share(3, 5)).as_deref(), Some("−10,0"));
        assert_eq!(shown(share(1, 2), share(0, 0)), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_on_the_side_of_the_level_that_it_is(
            of in 1..200_000_i64,
            part in 0.0..=1.0_f64,
            percent in 0..=100_u8,
            at_least in any::<bool>(),
        ) {
            let met = (of as f64 * part) as i64;
            let direction = if at_least { Direction::AtLeast } else { Direction::AtMost };
            for (precision, parts) in [(Precision::Whole, 100), (Precision::Tenths, 1_000)] {
                let share = Share { met, of };
                let shown = rounded(share, Some((direction, percent)), precision).unwrap();
                let level = i64::from(percent) * parts / 100;
                let is_met = match direction {
                    Direction::AtLeast => 100 * met >= i64::from(percent) * of,
                    Direction::AtMost => 100 * met <= i64::from(percent) * of,
                };
                let looks_met = match direction {
                    Direction::AtLeast => shown >= level,
                    Direction::AtMost => shown <= level,
                };
                prop_assert_eq!(is_met, looks_met);
                // Never more than one part from the truth.
                let truth = met as f64 / of as f64 * parts as f64;
                prop_assert!((shown as f64 - truth).abs() <= 1.0);
            }
        }
    }
}
