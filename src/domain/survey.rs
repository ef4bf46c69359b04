//! Results of citizens' surveys: what share is satisfied (R19, R20).
//!
//! Of each measure the latest result of a department, or of the whole municipality, holds: the one
//! whose period ends last, of those the one told last. That is a maximum, so the order in which
//! results come does not matter. The wording of a question may change: then it is another measure.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Day, Month};
use super::ids::{Department, EventId};
use super::pack::{Reader, Writer};
use super::units::Timestamp;

/// The longest name of a measure.
const LONGEST_MEASURE: usize = 63;

/// A result as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Whose; `None` for the whole municipality.
    pub department: Option<Department>,
    /// Of which question: a name that [`is_measure`] allows.
    pub measure: String,
    /// What was found.
    pub result: SurveyResult,
}

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

/// The latest results, by measure and whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surveys(BTreeMap<(String, Option<Department>), SurveyResult>);

/// Whether a text may name a measure: as a slug, for it becomes a label.
pub fn is_measure(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=LONGEST_MEASURE).contains(&text.len()) && text.bytes().all(allowed)
}

/// The last day of a period: of a year (`2026`), a month (`2026-10`) or a day (`2026-10-05`).
pub fn period_end(text: &str) -> Option<Day> {
    let whole = match text.len() {
        4 => format!("{text}-12-31"),
        7 => {
            let first = Day::parse(&format!("{text}-01"))?;
            let Month { year, month } = first.month();
            return Day::from_ymd(year, month, first.month().length());
        }
        _ => text.to_owned(),
    };
    Day::parse(&whole)
}

impl Surveys {
    /// Takes in a result.
    pub fn take(&mut self, survey: Survey) {
        let key = (survey.measure, survey.department);
        let latest = self.0.entry(key).or_insert(survey.result);
        *latest = (*latest).max(survey.result);
    }

    /// Takes in the results of another.
    pub fn merge(&mut self, other: &Surveys) {
        for (measure, department, result) in other.iter() {
            let measure = measure.to_owned();
            self.take(Survey { department, measure, result: *result });
        }
    }

    /// The results in order of (measure, department).
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Department>, &SurveyResult)> {
        self.0.iter().map(|((measure, department), result)| (measure.as_str(), *department, result))
    }

    /// The measures there are results of.
    pub fn measures(&self) -> BTreeSet<&str> {
        self.0.keys().map(|(measure, _)| measure.as_str()).collect()
    }

    /// Writes the results in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.0.len() as u64);
        for (measure, department, result) in self.iter() {
            let measure = measure.to_owned();
            Survey { department, measure, result: *result }.pack(out);
        }
    }

    /// Reads what [`Surveys::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Surveys> {
        let mut surveys = Surveys::default();
        for _ in 0..input.count(LEAST_SURVEY)? {
            surveys.take(Survey::unpack(input)?);
        }
        Some(surveys)
    }
}

/// The bytes that a result takes at least.
pub const LEAST_SURVEY: usize = 16;

impl Survey {
    /// Writes the result in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.department.map_or(0, |department| u64::from(department.0) + 1));
        out.text(&self.measure);
        let result = &self.result;
        out.signed(i64::from(result.until.0));
        out.signed(result.time.0);
        out.fixed(&result.id.0.to_le_bytes());
        out.signed(result.satisfied_millionths);
        out.signed(result.responses);
        out.signed(result.margin_millionths.unwrap_or(-1));
    }

    /// Reads what [`Survey::pack`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Survey> {
        let department = match input.unsigned()? {
            0 => None,
            department => Some(Department(u16::try_from(department - 1).ok()?)),
        };
        let measure = input.text().filter(|text| is_measure(text))?.to_owned();
        let result = SurveyResult {
            until: Day(i32::try_from(input.signed()?).ok()?),
            time: Timestamp(input.signed()?),
            id: EventId(u64::from_le_bytes(input.fixed()?)),
            satisfied_millionths: input.signed()?,
            responses: input.signed()?,
            margin_millionths: Some(input.signed()?).filter(|margin| *margin >= 0),
        };
        Some(Survey { department, measure, result })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn survey() -> impl Strategy<Value = Survey> {
        let names = (proptest::option::of(0..3u16), "[ab]");
        let told = (0..3i32, 0..3i64, any::<u64>());
        let found = (0..=1_000_000i64, 0..500i64, proptest::option::of(0..90_000i64));
        (names, told, found).prop_map(|((department, measure), (until, time, id), found)| Survey {
            department: department.map(Department),
            measure,
            result: SurveyResult {
                until: Day(until),
                time: Timestamp(time),
                id: EventId(id),
                satisfied_millionths: found.0,
                responses: found.1,
                margin_millionths: found.2,
            },
        })
    }

    #[test]
    fn a_period_is_a_year_a_month_or_a_day() {
        let end = |text| period_end(text).map(|day| day.to_string());
        assert_eq!(end("2016").as_deref(), Some("2016-12-31"));
        assert_eq!(end("2016-02").as_deref(), Some("2016-02-29"));
        assert_eq!(end("2016-10-05").as_deref(), Some("2016-10-05"));
        assert_eq!([end("16"), end("2016-13"), end("2016-T1"), end("")], [None, None, None, None]);
    }

    #[test]
    fn a_measure_is_a_slug() {
        assert!(is_measure("nojd-2016_b"));
        assert!(!["", "Nöjd", "a b", &"x".repeat(64)].into_iter().any(is_measure));
    }

    proptest! {
        #[test]
        fn the_latest_holds_in_any_order(told in proptest::collection::vec(survey(), 0..20)) {
            let (mut surveys, mut backwards) = (Surveys::default(), Surveys::default());
            told.iter().for_each(|one| surveys.take(one.clone()));
            told.iter().rev().chain(&told).for_each(|one| backwards.take(one.clone()));
            prop_assert_eq!(&surveys, &backwards);
            for (measure, department, result) in surveys.iter() {
                let same = |one: &&Survey| one.measure == measure && one.department == department;
                let latest = told.iter().filter(same).map(|one| one.result).max();
                prop_assert_eq!(latest, Some(*result));
            }
            let mut bytes = Vec::new();
            surveys.pack(&mut Writer(&mut bytes));
            let mut input = Reader(&bytes);
            prop_assert_eq!(Surveys::unpack(&mut input), Some(surveys));
            prop_assert!(input.is_empty());
        }
    }
}
