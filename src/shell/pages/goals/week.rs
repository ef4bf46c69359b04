//! The hard half-hours of the week: waits and lost calls, each as squares and as a table.

use super::Teller;
use crate::domain::calendar::Weekday;
use crate::report::{Cell, HalfHour, Precision};
use crate::shell::pages::chart::{Square, Week};
use crate::shell::pages::figure::Figure;
use crate::shell::pages::form;

impl Teller<'_> {
    /// How long nine of ten waited, by half-hours of the week.
    pub(super) fn waits(&self, week: &[HalfHour]) -> Figure {
        let title =
            self.say("Väntetid i kö: nio av tio väntade högst", "Nine of ten waited at most");
        let wait =
            |one: &HalfHour| Some((one.ninth_wait?.0 as f64, form::clock_length(one.ninth_wait?)));
        self.week("heat-wait", title, week, wait)
    }

    /// How many gave up, by half-hours of the week.
    pub(super) fn lost(&self, week: &[HalfHour]) -> Figure {
        let title = self.say("Andel förlorade i kö", "Share lost in the queue");
        let lost = |one: &HalfHour| {
            let shown = Cell::Share(one.lost, None, Precision::Whole);
            Some((one.lost.ratio()?, shown.shown(self.view.locale.language)))
        };
        self.week("heat-lost", title, week, lost)
    }

    fn week(
        &self,
        id: &'static str,
        title: &'static str,
        week: &[HalfHour],
        value: impl Fn(&HalfHour) -> Option<(f64, String)>,
    ) -> Figure {
        let weekdays: Vec<Weekday> = Weekday::ALL
            .into_iter()
            .filter(|weekday| week.iter().any(|one| one.weekday == *weekday))
            .collect();
        let first = week.iter().map(|one| one.half_hour).min().unwrap_or(0);
        let last = week.iter().map(|one| one.half_hour).max().unwrap_or(0);
        let name = |half: usize| format!("{:02}:{:02}", half / 2, half % 2 * 30);
        let rows: Vec<String> = (first..=last).map(name).collect();
        let day = |weekday: &Weekday| self.say(weekday.name(), weekday.english());
        let known: Vec<(&HalfHour, f64, String)> = week
            .iter()
            .filter_map(|one| value(one).map(|(height, shown)| (one, height, shown)))
            .collect();
        let highest = known.iter().map(|(_, height, _)| *height).fold(0.0, f64::max);
        let squares: Vec<Square> = known
            .iter()
            .filter_map(|(one, height, shown)| {
                let shade = if highest > 0.0 { (height / highest * 4.0).round() as u8 } else { 0 };
                let column = weekdays.iter().position(|weekday| *weekday == one.weekday)?;
                Some(Square { at: (one.half_hour - first, column), shown: shown.clone(), shade })
            })
            .collect();
        let hardest = known.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let told = hardest.map_or_else(String::new, |(one, _, shown)| {
            format!(
                "{} {} {} {}: {shown}.",
                self.say("Högst på", "Highest on"),
                day(&one.weekday),
                self.say("från klockan", "from"),
                name(one.half_hour)
            )
        });
        let short = |weekday: &Weekday| day(weekday).chars().take(3).collect::<String>();
        let columns: Vec<String> = weekdays.iter().map(short).collect();
        let svg =
            Week { id, title, told: &told, columns: &columns, rows: &rows, squares: &squares }
                .svg();
        let cell = |half: usize, weekday: &Weekday| {
            let found =
                known.iter().find(|(one, ..)| one.half_hour == half && one.weekday == *weekday);
            found.map_or_else(|| "–".to_owned(), |(.., shown)| shown.clone())
        };
        Figure {
            id,
            title: title.to_owned(),
            told: Some(told),
            svg,
            key: Vec::new(),
            numbers: self.view.locale.say("Siffrorna i en tabell", "The numbers in a table"),
            heads: std::iter::once(self.say("Från klockan", "From").to_owned())
                .chain(weekdays.iter().map(|weekday| day(weekday).to_owned()))
                .collect(),
            rows: (first..=last)
                .map(|half| (name(half), weekdays.iter().map(|day| cell(half, day)).collect()))
                .collect(),
            nothing: known
                .is_empty()
                .then(|| self.view.locale.say("Inga samtal i köerna.", "No calls in the queues.")),
        }
    }
}
