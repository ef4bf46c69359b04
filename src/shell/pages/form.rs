//! Lengths of time, limits and names as pages show them.

use crate::domain::calendar::Month;
use crate::domain::units::Millis;
use crate::report::Language;

/// A length of time as `4:05` or `1:04:05`, whole seconds begun not counted.
pub(super) fn clock_length(length: Millis) -> String {
    let seconds = length.0.max(0) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A month: `oktober 2026`.
pub(super) fn month(Month { year, month }: Month, language: Language) -> String {
    format!("{} {year}", month_name(month, language))
}

/// A month's name without its year.
pub(super) fn month_name(month: u8, language: Language) -> &'static str {
    const SWEDISH: [&str; 12] = [
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ];
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let at = usize::from(month.clamp(1, 12) - 1);
    language.pick(SWEDISH[at], ENGLISH[at])
}

/// A length of time in hours and minutes, minutes begun included: `6 h 12 min`.
pub(super) fn hours(length: Millis) -> String {
    let minutes = (length.0.max(0) + 59_999) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}\u{a0}min"),
        (hours, 0) => format!("{hours}\u{a0}h"),
        (hours, minutes) => format!("{hours}\u{a0}h {minutes}\u{a0}min"),
    }
}

/// A limit in words: `fem minuter`, `15 sekunder`.
pub(super) fn limit(limit: Millis, language: Language) -> String {
    const SWEDISH: [&str; 11] =
        ["två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv"];
    const ENGLISH: [&str; 11] = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    let seconds = limit.0 / 1_000;
    let thousandths = limit.0 % 1_000;
    let many = language.pick("minuter", "minutes");
    let of_seconds = language.pick("sekunder", "seconds");
    match (seconds / 60, seconds % 60, thousandths) {
        (1, 0, 0) => language.pick("en minut", "one minute").into(),
        (minutes @ 2..=12, 0, 0) => {
            let at = minutes as usize - 2;
            format!("{} {many}", language.pick(SWEDISH[at], ENGLISH[at]))
        }
        (minutes, 0, 0) if minutes > 0 => format!("{minutes} {many}"),
        (_, _, 0) => format!("{seconds} {of_seconds}"),
        _ => format!("{seconds}{}{thousandths:03} {of_seconds}", language.pick(",", ".")),
    }
}

/// How long a file is: `118 kB`, `1,2 MB`.
pub(super) fn size(bytes: u64, language: Language) -> String {
    match bytes {
        0..1_000 => format!("1{NO_BREAK}kB"),
        1_000..1_000_000 => format!("{}{NO_BREAK}kB", (bytes + 500) / 1_000),
        _ => {
            let tenths = (bytes + 50_000) / 100_000;
            let point = language.pick(",", ".");
            format!("{}{point}{}{NO_BREAK}MB", tenths / 10, tenths % 10)
        }
    }
}

/// A space at which no line is broken.
const NO_BREAK: char = '\u{a0}';

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
    fn lengths_and_limits_are_written_in_the_readers_language() {
        assert_eq!(clock_length(Millis(5_999)), "0:05");
        assert_eq!(clock_length(Millis(3_599_999)), "59:59");
        assert_eq!(clock_length(Millis(3_600_000)), "1:00:00");
        assert_eq!(clock_length(Millis(-4)), "0:00");
        let both = |ms| [Language::Swedish, Language::English].map(|of| limit(Millis(ms), of));
        assert_eq!(both(300_000), ["fem minuter", "five minutes"]);
        assert_eq!(both(15_000), ["15 sekunder", "15 seconds"]);
        assert_eq!(both(90_000), ["90 sekunder", "90 seconds"]);
        assert_eq!(both(60_000), ["en minut", "one minute"]);
        assert_eq!(both(900_000), ["15 minuter", "15 minutes"]);
        assert_eq!(both(17_500), ["17,500 sekunder", "17.500 seconds"]);
    }

    #[test]
    fn sizes_are_told_in_words_people_know() {
        let both = |bytes| [Language::Swedish, Language::English].map(|of| size(bytes, of));
        assert_eq!(both(0), ["1\u{a0}kB", "1\u{a0}kB"]);
        assert_eq!(both(1_499), ["1\u{a0}kB", "1\u{a0}kB"]);
        assert_eq!(both(118_200), ["118\u{a0}kB", "118\u{a0}kB"]);
        assert_eq!(both(1_249_999), ["1,2\u{a0}MB", "1.2\u{a0}MB"]);
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
