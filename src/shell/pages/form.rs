//! Swedish number form: decimal comma, no-break space before % and between thousands.

use crate::domain::goal::Direction;
use crate::domain::units::{Millis, Share};

const NO_BREAK_SPACE: char = '\u{a0}';

/// A share with one decimal, rounded to its bad side, so that a figure that misses its goal never
/// shows the goal: 89.96 % is `89,9 %` where the goal is at least 90. `None` without calls.
pub(super) fn percent(share: Share, direction: Direction) -> Option<String> {
    if share.of <= 0 {
        return None;
    }
    let tenths = match direction {
        Direction::AtLeast => share.met * 1_000 / share.of,
        Direction::AtMost => (share.met * 1_000 + share.of - 1) / share.of,
    };
    Some(format!("{},{}{NO_BREAK_SPACE}%", tenths / 10, tenths % 10))
}

/// A whole number.
pub(super) fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(NO_BREAK_SPACE);
        }
        text.push(digit);
    }
    text
}

/// A length of time as `4:05` or `1:04:05`, whole seconds begun not counted.
pub(super) fn clock_length(length: Millis) -> String {
    let seconds = length.0.max(0) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A limit in words: `fem minuter`, `15 sekunder`.
pub(super) fn limit(limit: Millis) -> String {
    const WORDS: [&str; 11] =
        ["två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv"];
    let seconds = limit.0 / 1_000;
    let thousandths = limit.0 % 1_000;
    match (seconds / 60, seconds % 60, thousandths) {
        (1, 0, 0) => "en minut".into(),
        (minutes @ 2..=12, 0, 0) => format!("{} minuter", WORDS[minutes as usize - 2]),
        (minutes, 0, 0) if minutes > 0 => format!("{minutes} minuter"),
        (_, _, 0) => format!("{seconds} sekunder"),
        _ => format!("{seconds},{thousandths:03} sekunder"),
    }
}

/// A department's name that may be broken where its long compound joins, for narrow screens.
pub(super) fn breakable(name: &str) -> String {
    const JOINT: &str = "förvaltning";
    let mut text = String::new();
    for (at, piece) in name.split(JOINT).enumerate() {
        if at > 0 {
            if text.ends_with(char::is_alphabetic) {
                text.push('\u{ad}');
            }
            text.push_str(JOINT);
        }
        text.push_str(piece);
    }
    text
}

/// The order of Swedish names: å, ä and ö come last, capitals count as small letters.
pub(super) fn sort_key(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|c| match c {
            'å' => '\u{f0000}',
            'ä' => '\u{f0001}',
            'ö' => '\u{f0002}',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_misses_never_shows_the_goal() {
        let least = |met, of| percent(Share { met, of }, Direction::AtLeast).unwrap();
        let most = |met, of| percent(Share { met, of }, Direction::AtMost).unwrap();
        assert_eq!(least(8_996, 10_000), "89,9\u{a0}%");
        assert_eq!(least(90, 100), "90,0\u{a0}%");
        assert_eq!(least(1, 1), "100,0\u{a0}%");
        assert_eq!(most(1_001, 10_000), "10,1\u{a0}%");
        assert_eq!(most(10, 100), "10,0\u{a0}%");
        assert_eq!(most(0, 7), "0,0\u{a0}%");
        assert_eq!(percent(Share { met: 0, of: 0 }, Direction::AtMost), None);
    }

    #[test]
    fn numbers_and_times_are_written_in_swedish() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(number(-1_000), "−1\u{a0}000");
        assert_eq!(clock_length(Millis(5_999)), "0:05");
        assert_eq!(clock_length(Millis(3_599_999)), "59:59");
        assert_eq!(clock_length(Millis(3_600_000)), "1:00:00");
        assert_eq!(clock_length(Millis(-4)), "0:00");
        assert_eq!(limit(Millis(300_000)), "fem minuter");
        assert_eq!(limit(Millis(15_000)), "15 sekunder");
        assert_eq!(limit(Millis(90_000)), "90 sekunder");
        assert_eq!(limit(Millis(60_000)), "en minut");
        assert_eq!(limit(Millis(900_000)), "15 minuter");
        assert_eq!(limit(Millis(17_500)), "17,500 sekunder");
    }

    #[test]
    fn long_names_may_be_broken_at_their_joint() {
        assert_eq!(breakable("Socialförvaltningen"), "Social\u{ad}förvaltningen");
        assert_eq!(breakable("Teknisk förvaltning"), "Teknisk förvaltning");
        assert_eq!(breakable("Förvaltning"), "Förvaltning");
        assert_eq!(breakable("Räddningstjänsten"), "Räddningstjänsten");
    }

    #[test]
    fn swedish_letters_come_last() {
        let mut names = ["Öppen", "Äldre", "Åre", "zon", "Bygg"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["Bygg", "zon", "Åre", "Äldre", "Öppen"]);
    }
}
