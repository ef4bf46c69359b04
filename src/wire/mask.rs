//! Telephone numbers, personal identity numbers and e-mail addresses in what people write, put out of
//! sight before anything is kept: a note is about a goal, never about a person.
//!
//! When in doubt it is taken out. What is told apart from them: counts with their thousands apart
//! (`2 000`), dates (`2026-10-05`) and percentages.

/// What stands in its place.
pub const MASK: &str = "[nummer borttaget]";

/// Digits of a telephone number with its area code: Swedish ones have nine or ten.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The text without numbers and addresses of people, and how many were taken out.
pub fn masked(text: &str) -> (String, usize) {
    let mut taken: Vec<(usize, usize)> = addresses(text);
    taken.extend(numbers(text));
    taken.sort_unstable();
    let (mut out, mut at, mut count) = (String::with_capacity(text.len()), 0, 0);
    for (from, until) in taken {
        // Digits within an address are gone with it, and what hangs on to one goes too.
        if from < at {
            at = at.max(until);
            continue;
        }
        out.push_str(&text[at..from]);
        out.push_str(MASK);
        (at, count) = (until, count + 1);
    }
    out.push_str(&text[at..]);
    (out, count)
}

/// Where there are e-mail addresses: something without a space on both sides of an @.
fn addresses(text: &str) -> Vec<(usize, usize)> {
    let of_name = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    let of_host = |c: char| c.is_alphanumeric() || ".-".contains(c);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let name = text[..at].chars().rev().take_while(|c| of_name(*c)).map(char::len_utf8);
        let host = text[at + 1..].chars().take_while(|c| of_host(*c)).map(char::len_utf8);
        let (name, host): (usize, usize) = (name.sum(), host.sum());
        // The stop of a sentence is not part of it.
        let host = text[at + 1..at + 1 + host].trim_end_matches(['.', '-']).len();
        if name > 0 && host > 0 {
            found.push((at - name, at + 1 + host));
        }
    }
    found
}

/// Digits that stand together, and what is before them.
#[derive(Clone, Copy, Debug)]
struct Group<'t> {
    from: usize,
    digits: &'t str,
    /// A plus directly before the first digit.
    has_plus: bool,
}

impl Group<'_> {
    fn until(&self) -> usize {
        self.from + self.digits.len()
    }
}

/// Where there are numbers of people.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let groups = groups(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        // The longest that begins here.
        let mut longest = None;
        let mut digits = 0;
        for end in at..groups.len() {
            if end > at && !is_between(&text[groups[end - 1].until()..groups[end].from]) {
                break;
            }
            digits += groups[end].digits.len();
            if digits > *DIGITS.end() {
                break;
            }
            if is_of_person(text, &groups[at..=end]) {
                longest = Some(end);
            }
        }
        match longest {
            None => at += 1,
            Some(end) => {
                let from = groups[at].from - usize::from(groups[at].has_plus);
                found.push((from, groups[end].until()));
                at = end + 1;
            }
        }
    }
    found
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let mut rest = 0;
    while let Some(from) = text[rest..].find(|c: char| c.is_ascii_digit()).map(|at| rest + at) {
        let length = text[from..].bytes().take_while(u8::is_ascii_digit).count();
        let has_plus = text[..from].ends_with('+');
        groups.push(Group { from, digits: &text[from..from + length], has_plus });
        rest = from + length;
    }
    groups
}

/// What may stand between the digits of one number.
fn is_between(text: &str) -> bool {
    let allowed = |c: char| " \u{a0}\u{202f}-–./()+".contains(c);
    (1..=4).contains(&text.chars().count()) && text.chars().all(allowed)
}

fn is_of_person(text: &str, groups: &[Group<'_>]) -> bool {
    let [first, rest @ ..] = groups else { return false };
    let digits: String = groups.iter().map(|group| group.digits).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    let breaks = || groups.windows(2).map(|two| &text[two[0].until()..two[1].from]);
    if is_identity(&digits, &lengths) {
        return true;
    }
    let has_room = DIGITS.contains(&digits.len());
    if first.has_plus && has_room && rest.iter().all(|group| !group.has_plus) {
        return true;
    }
    // With an area code; 05-10-2026 is a date and 0,12345678 no whole number.
    let is_date = lengths == [2, 2, 4];
    let is_coded = first.digits.starts_with('0') && !first.digits.starts_with("000");
    if is_coded && has_room && !is_date {
        return true;
    }
    // A subscriber's alone, as it is said within the town: 45 30 00 or 123 45 67.
    matches!(lengths[..], [2 | 3, 2, 2]) && breaks().all(|between| between.trim().is_empty())
}

/// A personal identity number or a coordination number: date of birth and four digits.
fn is_identity(digits: &str, lengths: &[usize]) -> bool {
    let date = match (digits.len(), lengths) {
        (10, [10] | [6, 4]) => digits,
        (12, [12] | [8, 4]) if digits.starts_with("18") => &digits[2..],
        (12, [12] | [8, 4]) if digits.starts_with("19") => &digits[2..],
        (12, [12] | [8, 4]) if digits.starts_with("20") => &digits[2..],
        _ => return false,
    };
    let number = |at: usize| date.get(at..at + 2).and_then(|two| two.parse::<u8>().ok());
    // A coordination number has 60 more in its day.
    let is_day = |day: u8| (1..=31).contains(&day) || (61..=91).contains(&day);
    number(2).is_some_and(|month| (1..=12).contains(&month)) && number(4).is_some_and(is_day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_addresses_of_people_are_taken_out() {
        for number in [
            "070-123 45 67",
            "0701234567",
            "070 123 45 67",
            "0920-45 30 00",
            "0920/453000",
            "08-123 456 78",
            "+46 920 453000",
            "+46 (0)920 45 30 00",
            "0046920453000",
            "045-30 30 30",
            "070.123.45.67",
            "070\u{a0}123\u{a0}45\u{a0}67",
            "45 30 00",
            "123 45 67",
            "19800101-1234",
            "198001011234",
            "800101-1234",
            "8001011234",
            "800101+1234",
            "19800161-1234",
            "20100101–1234",
            "anna@lulea.se",
            "anna.åström-b@sub.lulea.se",
        ] {
            for (before, after) in [
                ("", ""),
                ("Ring ", " i dag"),
                ("(", ")"),
                ("tel:", "."),
                ("2 000 samtal, ", ", 5 st"),
            ] {
                let text = format!("{before}{number}{after}");
                let expected = (format!("{before}{MASK}{after}"), 1);
                assert_eq!(masked(&text), expected, "{text}");
            }
        }
        let two = "anna@lulea.se eller 070-123 45 67";
        assert_eq!(masked(two), (format!("{MASK} eller {MASK}"), 2));
        assert_eq!(masked("ring 2 070-123 45 67").0, format!("ring 2 {MASK}"));
        assert_eq!(masked("a070123@x.se").0, MASK);
        assert_eq!(masked("anna@lulea@pitea.se").0, MASK);
    }

    #[test]
    fn counts_dates_and_percentages_stay() {
        for text in [
            "",
            "2 000 samtal",
            "1 234 567 kronor",
            "12 345 678",
            "2026-10-05",
            "den 5 oktober 2026",
            "05-10-2026",
            "2026-10-05 07:30",
            "kl. 07:30–16:30",
            "90,5 %",
            "2014–2016",
            "Q1/2026",
            "från 85,2 till 90,4 procent",
            "+5,2 procentenheter",
            "+1 200 samtal",
            "3 av 10",
            "§ 12",
            "KS 2026/123",
            "5 @ 20 kr",
            "@",
            "mål 1, 2 och 3",
            "15–20 sekunder",
            "1 000 000 000",
            "vecka 40-41 2026",
            "2026-10",
            "300 s",
            "0,12",
            "12/5",
        ] {
            assert_eq!(masked(text), (text.to_owned(), 0));
        }
    }

    proptest! {
        #[test]
        fn what_is_masked_stays_masked(text in "[0-9a-z+@. ()å–-]{0,60}") {
            let (once, count) = masked(&text);
            prop_assert_eq!(count == 0, once == text);
            prop_assert!(!once.contains('@') || !addresses(&once).iter().any(|_| true));
            let (again, _) = masked(&once);
            prop_assert_eq!(numbers(&again).len(), 0);
        }

        #[test]
        fn a_number_never_comes_through(
            before in "[a-zåäö,: ]{0,12}",
            after in "[a-zåäö,: ]{0,12}",
            number in "07[0-9]-[0-9]{3} [0-9]{2} [0-9]{2}",
        ) {
            let (text, count) = masked(&format!("{before}{number}{after}"));
            prop_assert_eq!(text, format!("{before}{MASK}{after}"));
            prop_assert_eq!(count, 1);
        }
    }
}
