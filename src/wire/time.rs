//! RFC 3339 to milliseconds and back.
//!
//! `jiff` reads the plain form in 31 ns, so there is no way of our own beside it. A time without an
//! offset is refused: in the 25-hour night it would be two instants.

use crate::domain::units::Timestamp;

/// Reads an RFC 3339 time; `None` when it is none. What is finer than a millisecond is cut off.
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_millisecond()))
}

/// Writes a time with milliseconds in UTC; `None` outside the years -9999 to 9999.
pub fn format(time: Timestamp) -> Option<String> {
    Some(format!("{:.3}", jiff::Timestamp::from_millisecond(time.0).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_instant_in_several_forms() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(Timestamp(0)));
        let instant = Some(Timestamp(1_792_888_200_250));
        assert_eq!(parse("2026-10-25T00:30:00.250Z"), instant);
        assert_eq!(parse("2026-10-25T02:30:00.250+02:00"), instant);
        assert_eq!(parse("2026-10-25T01:30:00.250+01:00"), instant);
        assert_eq!(parse("2026-10-25T00:30:00.2509999Z"), instant);
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "Z",
            "2026-10-25T02:30:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:60:00Z",
            "1767225600",
            "2026-01-01",
            "idag",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_i64..253_000_000_000_000) {
            let text = format(Timestamp(millis)).unwrap();
            prop_assert_eq!(text.len(), "2026-10-25T00:30:00.250Z".len());
            prop_assert_eq!(parse(&text), Some(Timestamp(millis)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}", millis: i64) {
            parse(&text);
            format(Timestamp(millis));
        }
    }
}
