//! What citizens answered: satisfaction is told by surveys and not by months.

use super::Teller;
use crate::domain::goal::GoalId;
use crate::domain::told::Period as ToldPeriod;
use crate::report::{Period, Survey, SurveyOutcome};
use crate::shell::pages::chart::Point;

impl Teller<'_> {
    /// Every result in its order, with its question.
    fn results(&self) -> impl Iterator<Item = (&Survey, bool, &SurveyOutcome)> {
        self.trend.surveys.iter().flat_map(|survey| {
            let results = survey.results.iter().enumerate();
            results.map(move |(at, result)| (survey, at == 0, result))
        })
    }

    pub(super) fn period(&self, period: ToldPeriod) -> String {
        let name = period.to_string();
        match name.parse::<Period>() {
            Ok(Period::Month(month)) => self.month(month),
            Ok(Period::Year(year)) => year.to_string(),
            Ok(
                other @ (Period::Day(_)
                | Period::Week { .. }
                | Period::Tertial { .. }
                | Period::JanuaryToAugust(_)),
            ) => self.say(&other.name(), &name).to_owned(),
            Err(_) => name,
        }
    }

    pub(super) fn survey_points(&self) -> Vec<Point> {
        self.results()
            .map(|(_, is_first, result)| Point { is_break: is_first, ..self.survey_point(result) })
            .collect()
    }

    /// Those of the latest question alone: answers to another wording cannot be compared.
    pub(super) fn latest_points(&self) -> Vec<Point> {
        let latest = self.trend.latest_question();
        let results = latest.into_iter().flat_map(|survey| &survey.results);
        results.map(|result| self.survey_point(result)).collect()
    }

    fn survey_point(&self, result: &SurveyOutcome) -> Point {
        Point {
            name: result.period.to_string(),
            long_name: self.period(result.period),
            ..self.point(&self.trends.satisfaction(result))
        }
    }

    pub(super) fn survey_rows(&self) -> Vec<(String, Vec<String>)> {
        let mut rows: Vec<(String, Vec<String>)> = self
            .results()
            .map(|(survey, _, result)| {
                let question = survey.wording.as_deref().unwrap_or(&survey.measure);
                let name = format!("{} ({question})", self.period(result.period));
                let outcome = self.trends.satisfaction(result);
                let of = Some(self.count(result.responses));
                (name, self.cells(GoalId::Satisfaction, &outcome, of))
            })
            .collect();
        rows.reverse();
        rows
    }
}
