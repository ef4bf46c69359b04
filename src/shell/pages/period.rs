//! What periods are called on pages, and in which groups they are listed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::form;
use crate::report::{Language, Period};

/// A period's name: `Oktober 2026`.
pub(super) fn name(period: Period, language: Language) -> String {
    let (swedish, english) = match period {
        Period::Day(day) => {
            let weekday = day.weekday();
            (format!("{} {day}", weekday.name()), format!("{} {day}", weekday.english()))
        }
        Period::Week { year, week } => (period.name(), format!("week {week} {year}")),
        Period::Month(month) => (period.name(), form::month(month, Language::English)),
        Period::Tertial { year, number } => {
            (format!("tertial {number} {year}"), format!("tertial {number} {year}"))
        }
        Period::JanuaryToAugust(year) => (period.name(), format!("January–August {year}")),
        Period::Year(_) => (period.name(), period.name()),
    };
    capital(language.pick(&swedish, &english))
}

/// The first day and the last.
pub(super) fn days(period: Period) -> String {
    let (from, end) = period.span();
    format!("{from} – {}", end.previous())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A group of periods, in the order in which groups are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Months,
    Tertials,
    Interim,
    Years,
    Weeks,
    Days,
}

impl Group {
    pub(super) fn of(period: Period) -> Group {
        match period {
            Period::Day(_) => Group::Days,
            Period::Week { .. } => Group::Weeks,
            Period::Month(_) => Group::Months,
            Period::Tertial { .. } => Group::Tertials,
            Period::JanuaryToAugust(_) => Group::Interim,
            Period::Year(_) => Group::Years,
        }
    }

    pub(super) fn title(self, language: Language) -> &'static str {
        match self {
            Group::Months => language.pick("Månader", "Months"),
            Group::Tertials => language.pick("Tertial", "Four-month periods"),
            Group::Interim => language.pick("Delår januari–augusti", "Interim, January–August"),
            Group::Years => language.pick("Hela år", "Whole years"),
            Group::Weeks => language.pick("Veckor", "Weeks"),
            Group::Days => language.pick("Dagar", "Days"),
        }
    }
}

/// Periods by group, and in each the newest first.
pub(super) fn sorted<T>(
    of: impl IntoIterator<Item = (Period, T)>,
) -> Vec<(Group, Vec<(Period, T)>)> {
    let mut groups = BTreeMap::<Group, Vec<(Period, T)>>::new();
    for (period, one) in of {
        groups.entry(Group::of(period)).or_default().push((period, one));
    }
    for periods in groups.values_mut() {
        periods.sort_by_key(|(period, _)| Reverse(period.span()));
    }
    groups.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_a_name_in_both_languages() {
        for (period, swedish, english) in [
            ("2026-10-05", "Måndag 2026-10-05", "Monday 2026-10-05"),
            ("2026-W41", "Vecka 41 2026", "Week 41 2026"),
            ("2026-10", "Oktober 2026", "October 2026"),
            ("2026-T2", "Tertial 2 2026", "Tertial 2 2026"),
            ("2026-jan-aug", "Januari–augusti 2026", "January–August 2026"),
            ("2026", "2026", "2026"),
        ] {
            let period = period.parse().unwrap();
            assert_eq!(name(period, Language::Swedish), swedish);
            assert_eq!(name(period, Language::English), english);
        }
    }

    #[test]
    fn groups_come_in_their_order_and_periods_the_newest_first() {
        let periods = ["2026-W40", "2026-09", "2025-12", "2026", "2026-10", "2026-T2"];
        let periods = periods.map(|text| (text.parse::<Period>().unwrap(), ()));
        let listed: Vec<String> = sorted(periods)
            .into_iter()
            .flat_map(|(_, periods)| periods)
            .map(|(period, ())| period.to_string())
            .collect();
        assert_eq!(listed, ["2026-10", "2026-09", "2025-12", "2026-T2", "2026", "2026-W40"]);
    }
}
