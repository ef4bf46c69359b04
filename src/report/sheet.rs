//! What a periodic report tells, and in which order.
//!
//! Every figure is a sum of cells over whole days, so a day's report and a year's are made alike.
//! The verdict is on the plain proportion, since the figure is a full count; the interval is
//! Wilson's and for display only.

use std::collections::BTreeMap;

use super::document::{DEFINITION_FCR, DEFINITION_SM4};
use super::figures::{Figures, Measure, Place, Span};
use super::number;
use super::period::Period;
use super::table::{Audience, Cell, Column, Drawing, Language, Report, Row, Table};
use super::withhold::{SHARE_MIN, withheld};
use crate::domain::calendar::{Day, WorkingDays, Zone};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::{Direction, Goal, Verdict};
use crate::domain::ids::Department;
use crate::domain::rules::{DEFINITIONS, Targets};
use crate::domain::units::{Millis, Share, Timestamp};
use crate::engine::Engine;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which days.
    pub period: Period,
    /// Whose; `None` for the whole municipality.
    pub department: Option<Department>,
    /// For whom.
    pub audience: Audience,
    /// In what language.
    pub language: Language,
}

/// Goals on calls that have a level of their own; `SM3w` is told beside goal 3.
const JUDGED: [Measure; 3] =
    [Measure::Calls(Goal::Sm1), Measure::Calls(Goal::Sm2), Measure::Calls(Goal::Sm3)];
/// What departments are compared by.
const COMPARED: [Measure; 5] = [
    Measure::Calls(Goal::Sm1),
    Measure::Calls(Goal::Sm2),
    Measure::Calls(Goal::Sm3),
    Measure::Questions,
    Measure::FirstContact,
];
/// The columns of the goals that citizens see: what has decimals, or tells few calls beside a share,
/// is for the municipality.
const GOALS_FOR_CITIZENS: [&str; 7] =
    ["level", "outcome", "verdict", "of", "previous", "a_year_before", "year_to_date"];
/// 97.5 % quantile of the normal distribution, for 95 % intervals.
const WILSON_Z: f64 = 1.959_964;

impl Engine {
    /// A report from everything that was folded. Heat tables need the quarter-hours of the period:
    /// keep all of them for periods before the last two months.
    pub fn report(&self, order: &Order) -> Report {
        Sheet::new(self, order).report()
    }

    /// The first day that has figures, and the last.
    pub fn days_with_figures(&self) -> Option<(Day, Day)> {
        let mut days = self.board().cells().days().map(|(day, ..)| day);
        let first = days.next()?;
        Some((first, days.last().unwrap_or(first)))
    }
}

/// A report being made.
pub(super) struct Sheet<'a> {
    pub(super) engine: &'a Engine,
    pub(super) order: &'a Order,
    span: Span,
    targets: Option<Targets>,
    /// The last event's time: by it and not by the clock, so that a ledger gives one report.
    known_until: Timestamp,
}

impl<'a> Sheet<'a> {
    fn new(engine: &'a Engine, order: &'a Order) -> Self {
        let (from, end) = order.period.span();
        // The level in force on the period's last day is the one that it is held against.
        let last = Zone::stockholm().day_start(end).minus(Millis(1));
        let targets = engine.rules().at(last).targets;
        let known_until = engine.last_event().unwrap_or(last);
        let span = Span::of(engine.board(), (from, end), known_until);
        Sheet { engine, order, span, targets, known_until }
    }

    pub(super) fn say(&self, swedish: &str, english: &str) -> String {
        self.order.language.pick(swedish, english).to_owned()
    }

    fn report(&self) -> Report {
        let order = self.order;
        let (from, end) = order.period.span();
        let slug = order.department.map(|at| self.slug(at).to_owned());
        let whose = match order.department {
            None => self.say("hela kommunen", "the whole municipality"),
            Some(at) => self.engine.display_name(self.slug(at)).to_owned(),
        };
        let mut tables = vec![self.goal_table()];
        if order.department.is_none() {
            tables.push(self.department_table());
        }
        // Of one department, days and dispositions are so small that citizens could work them out.
        if order.department.is_none() || order.audience == Audience::Internal {
            tables.push(self.volume_table());
            tables.push(self.course_table());
        }
        if order.audience == Audience::Internal {
            tables.extend(self.heat_tables());
            tables.push(self.quality_table());
        }
        Report {
            period: order.period.to_string(),
            from: from.to_string(),
            until: end.previous().to_string(),
            department: slug,
            audience: order.audience.name(),
            language: order.language.code(),
            rules_version: self.engine.rules().version(),
            definitions_version: DEFINITIONS,
            title: format!(
                "{} {}: {whose}",
                self.say("Servicemål", "Service goals"),
                order.period.name()
            ),
            sentences: self
                .so_far()
                .into_iter()
                .chain(COMPARED.into_iter().filter_map(|measure| self.sentence(measure)))
                .collect(),
            tables,
            definitions: Measure::ALL
                .into_iter()
                .map(|measure| (measure.id().to_owned(), definition(measure).to_owned()))
                .collect(),
        }
    }

    /// Up to when something is known, where that is not the whole period.
    fn so_far(&self) -> Option<String> {
        let zone = Zone::stockholm();
        let (_, end) = self.order.period.span();
        (self.known_until < zone.day_start(end)).then(|| {
            let told = self.say("Den senaste händelsen är från", "The latest event is of");
            let local = zone.rfc3339(self.known_until);
            format!("{told} {} {}.", &local[..10], &local[11..16])
        })
    }

    fn slug(&self, department: Department) -> &str {
        self.engine.names().departments.name(department.0)
    }

    fn own(&self, span: &Span) -> Figures {
        span.figures(self.order.department)
    }

    fn level(&self, measure: Measure) -> Option<(Direction, u8)> {
        match measure {
            Measure::Calls(goal) => {
                self.targets.map(|targets| (goal.direction(), targets.of(goal)))
            }
            // No level is configured for these.
            Measure::Questions | Measure::FirstContact => None,
        }
    }

    fn name(&self, measure: Measure) -> String {
        match measure {
            Measure::Calls(Goal::Sm1) => {
                self.say("Mål 1: svar inom tre signaler", "Goal 1: within three rings")
            }
            Measure::Calls(Goal::Sm2) => {
                self.say("Mål 2: svar inom fem minuter", "Goal 2: within five minutes")
            }
            Measure::Calls(Goal::Sm3) => self.say("Mål 3: förlorade samtal", "Goal 3: lost calls"),
            Measure::Calls(Goal::Sm3w) => {
                self.say("Mål 3, av dem som fick vänta", "Goal 3, of those who had to wait")
            }
            Measure::Questions => self.say(
                "Mål 4: e-post och e-tjänst inom två arbetsdagar",
                "Goal 4: e-mail and e-service within two working days",
            ),
            Measure::FirstContact => {
                self.say("Löst vid första kontakten", "Settled at the first contact")
            }
        }
    }

    fn level_words(&self, goal: Measure) -> String {
        match self.level(goal) {
            None => self.say("ingen nivå inlagd", "no level set"),
            Some((Direction::AtLeast, percent)) => {
                format!("{} {percent}\u{a0}%", self.say("minst", "at least"))
            }
            Some((Direction::AtMost, percent)) => {
                format!("{} {percent}\u{a0}%", self.say("högst", "at most"))
            }
        }
    }

    fn verdict_words(&self, goal: Measure, share: Share) -> String {
        match self.verdict(goal, share) {
            None => "–".to_owned(),
            Some(Verdict::NoCalls) => self.say("inga samtal", "no calls"),
            Some(Verdict::Met) => self.say("✓ uppfyllt", "✓ met"),
            Some(Verdict::Missed) => self.say("✗ ej uppfyllt", "✗ missed"),
        }
    }

    fn verdict(&self, measure: Measure, share: Share) -> Option<Verdict> {
        let Measure::Calls(goal) = measure else { return None };
        self.level(measure).map(|(_, target)| goal.judge(share, target))
    }

    /// Whether a department's number in a measure is withheld from this reader.
    fn is_withheld(&self, measure: Measure, department: Department) -> bool {
        self.order.audience == Audience::Public
            && withheld(&self.span, measure).contains(&department)
    }

    /// The same of whom the report is about.
    fn is_own_withheld(&self, measure: Measure) -> bool {
        self.order.department.is_some_and(|own| self.is_withheld(measure, own))
    }

    /// A share as this reader may see it.
    fn share(&self, measure: Measure, share: Share) -> Cell {
        let is_small = self.order.audience == Audience::Public && share.of < SHARE_MIN;
        match share.of {
            ..=0 => Cell::None,
            _ if is_small || self.is_own_withheld(measure) => Cell::Hidden,
            _ => Cell::Share(share, self.level(measure), self.order.audience.precision()),
        }
    }

    /// The change from another share, in percentage points, where both may be seen.
    fn change(&self, goal: Measure, share: Share, from: Share) -> Cell {
        match (self.share(goal, share), self.share(goal, from)) {
            (Cell::Share(..), Cell::Share(..)) => {
                number::points(share, from).map_or(Cell::None, Cell::Points)
            }
            (Cell::Hidden, _) | (_, Cell::Hidden) => Cell::Hidden,
            _ => Cell::None,
        }
    }

    /// What a measure says, in words; `None` for one without a level and without anything counted.
    fn sentence(&self, measure: Measure) -> Option<String> {
        let share = self.own(&self.span).share(measure);
        let name = self.name(measure);
        let cell = self.share(measure, share);
        let language = self.order.language;
        if cell == Cell::None {
            let none = self.say("inga samtal", "no calls");
            return self.level(measure).map(|_| format!("{name}: {none}."));
        }
        if cell == Cell::Hidden {
            let why = self.say("för få för att visa", "too few to be shown");
            return Some(format!("{name}: {why}."));
        }
        let told = cell.shown(language);
        let of = Cell::Count(share.of).shown(language);
        let what = match measure {
            Measure::Calls(Goal::Sm1) => self.say(
                "samtal till växeln besvarades i tid",
                "calls to the switchboard were answered in time",
            ),
            Measure::Calls(Goal::Sm2) => self
                .say("besök i kön besvarades i tid", "visits to the queue were answered in time"),
            Measure::Calls(Goal::Sm3 | Goal::Sm3w) => {
                self.say("samtal i kön förlorades", "calls in the queue were lost")
            }
            Measure::Questions => {
                self.say("frågor besvarades i tid", "questions were answered in time")
            }
            Measure::FirstContact => self.say(
                "frågor i kundtjänst löstes direkt",
                "questions at the desk were settled there",
            ),
        };
        let share_of = format!("{told} {} {of} {what}", self.say("av", "of"));
        let verdict = match self.verdict(measure, share) {
            Some(Verdict::Met) => self.say("är uppfyllt", "is met"),
            Some(Verdict::Missed) => self.say("är inte uppfyllt", "is missed"),
            Some(Verdict::NoCalls) | None => return Some(format!("{name}: {share_of}.")),
        };
        let goal_of = self.say("Målet", "The goal of");
        Some(format!("{name}: {share_of}. {goal_of} {} {verdict}.", self.level_words(measure)))
    }

    /// Each goal: this period, those it is compared with, and the verdict.
    fn goal_table(&self) -> Table {
        let period = self.order.period;
        let of = |span| self.own(&Span::of(self.engine.board(), span, self.known_until));
        let [now, before, last_year, to_date] = [
            self.own(&self.span),
            of(period.previous().span()),
            of(period.a_year_before().span()),
            of(period.year_to_date()),
        ];
        let columns = vec![
            Column::new("level", self.say("Mål", "Goal")),
            Column::new("outcome", self.say("Utfall", "Outcome")),
            Column::new("verdict", self.say("Bedömning", "Verdict")),
            Column::new("of", self.say("Antal", "Number")),
            Column::new("missed", self.say("Missade", "Missed")),
            Column::new("interval", self.say("Osäkerhet (95 %)", "Interval (95 %)")),
            Column::new("previous", period.previous().name()),
            Column::new("change", self.say("Ändring", "Change")),
            Column::new("a_year_before", period.a_year_before().name()),
            Column::new("year_to_date", self.say("Hittills i år", "Year to date")),
            Column::new("of_answered", self.say("Av besvarade", "Of answered")),
            Column::new("of_offered", self.say("Av alla inkomna", "Of all offered")),
        ];
        let row = |goal: Measure| {
            let count = now.count(goal);
            let share = count.share;
            let outcome = self.share(goal, share);
            let interval = match wilson(share) {
                Some((low, high)) if outcome.value().is_some() => Cell::Interval(low, high),
                Some(_) | None => outcome.clone(),
            };
            let of = match self.is_own_withheld(goal) {
                true => Cell::Hidden,
                false => Cell::Count(share.of),
            };
            let verdict = match outcome == Cell::Hidden {
                true => Cell::Hidden,
                false => Cell::text(self.verdict_words(goal, share)),
            };
            let over = |of: i64| match goal.direction() {
                Direction::AtLeast => self.share(goal, Share { met: share.met, of }),
                Direction::AtMost => Cell::None,
            };
            Row {
                id: goal.id().to_owned(),
                heading: self.name(goal),
                cells: vec![
                    Cell::text(self.level_words(goal)),
                    outcome,
                    verdict,
                    of,
                    Cell::Count(goal.missed(share)),
                    interval,
                    self.share(goal, before.share(goal)),
                    self.change(goal, share, before.share(goal)),
                    self.share(goal, last_year.share(goal)),
                    self.share(goal, to_date.share(goal)),
                    over(count.of_answered),
                    over(count.of_offered),
                ],
            }
        };
        let mut table = Table {
            id: "goals",
            heading: self.say("Målen", "The goals"),
            rows_are: self.say("Mål", "Goal"),
            columns,
            rows: Measure::ALL.into_iter().map(row).collect(),
            notes: vec![self.say(
                "Utfallet avrundas aldrig så att ett missat mål ser uppfyllt ut.",
                "An outcome is never rounded so that a missed goal looks met.",
            )],
            drawing: Drawing::Nothing,
        };
        match self.order.audience {
            Audience::Public => table.keep(&GOALS_FOR_CITIZENS),
            Audience::Internal => table.notes.push(self.say(
                "Osäkerheten är Wilsons intervall, endast som läshjälp: siffran är en totalräkning. \
                 Ändringar är i procentenheter.",
                "The interval is Wilson's and only an aid: the figure is a full count. Changes are \
                 in percentage points.",
            )),
        }
        table
    }

    /// The departments side by side.
    fn department_table(&self) -> Table {
        let mut columns = Vec::new();
        for measure in COMPARED {
            let id = measure.id();
            columns.push(Column::new(id, self.name(measure)));
            columns.push(Column::new(format!("{id}_of"), self.say("antal", "number")));
            if JUDGED.contains(&measure) {
                let verdict = self.say("bedömning", "verdict");
                columns.push(Column::new(format!("{id}_verdict"), verdict));
            }
        }
        let departments: Vec<(&Department, &Figures)> =
            self.span.departments.iter().filter(|(_, figures)| !figures.is_empty()).collect();
        let mut rows: Vec<Row> = departments
            .iter()
            .map(|(at, _)| Row {
                id: self.slug(**at).to_owned(),
                heading: self.engine.display_name(self.slug(**at)).to_owned(),
                cells: Vec::new(),
            })
            .collect();
        for measure in COMPARED {
            for (row, (at, figures)) in rows.iter_mut().zip(&departments) {
                let share = figures.share(measure);
                let (outcome, of) = match share.of {
                    0 => (Cell::None, Cell::None),
                    _ if self.is_withheld(measure, **at) => (Cell::Hidden, Cell::Hidden),
                    of => (self.share(measure, share), Cell::Count(of)),
                };
                let verdict = match outcome.value() {
                    Some(_) => Cell::text(self.verdict_words(measure, share)),
                    None => outcome.clone(),
                };
                row.cells.extend([outcome, of]);
                if JUDGED.contains(&measure) {
                    row.cells.push(verdict);
                }
            }
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        Table {
            id: "departments",
            heading: self.say("Förvaltningarna", "The departments"),
            rows_are: self.say("Förvaltning", "Department"),
            columns,
            rows,
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        }
    }

    /// How many calls, what became of them, and how long they waited.
    fn volume_table(&self) -> Table {
        let columns = vec![
            Column::new("offered", self.say("Inkomna", "Offered")),
            Column::new("per_working_day", self.say("Per arbetsdag", "Per working day")),
            Column::new("answered", self.say("Besvarade", "Answered")),
            Column::new("abandoned", self.say("Förlorade", "Abandoned")),
            Column::new("short_abandoned", self.say("Därav korta avbrott", "Of them short")),
            Column::new("otherwise", self.say("Slutade på annat sätt", "Ended otherwise")),
            Column::new("turned_away", self.say("Avvisade eller stängt", "Turned away")),
            Column::new("outside_hours", self.say("Utanför öppettid", "Outside hours")),
            Column::new("machine", self.say("Först mötta av maskin", "First met by a machine")),
            Column::new("mean_wait", self.say("Medelsvarstid", "Average speed of answer")),
            Column::new("p50_wait", self.say("Median", "Median")),
            Column::new("p90_wait", self.say("90 % inom", "90 % within")),
            Column::new("longest_wait", self.say("Längst", "Longest")),
        ];
        let figures = self.own(&self.span);
        let last = Zone::stockholm().day_of(self.known_until);
        let days = self.order.period.days().filter(|day| *day <= last);
        let working = days.filter(|day| WorkingDays::is_working_day(*day)).count() as i64;
        let row = |id: &str, heading: String, place: &Place| {
            let stays = |disposition| place.stays(disposition);
            let (answered, abandoned) =
                (stays(Disposition::Answered), stays(Disposition::Abandoned));
            let per_day = (working > 0).then(|| (20 * place.offered() + working) / (2 * working));
            let waits = place.answer_waits();
            let wait = |at: usize| Cell::wait(waits.map(|waits| waits[at]));
            Row {
                id: id.to_owned(),
                heading,
                cells: vec![
                    Cell::Count(place.offered()),
                    per_day.map_or(Cell::None, Cell::Tenths),
                    Cell::Count(answered),
                    Cell::Count(abandoned),
                    Cell::Count(place.short_abandoned()),
                    Cell::Count(place.queued() - answered - abandoned),
                    Cell::Count(place.offered() - place.queued()),
                    Cell::Count(place.outside_hours()),
                    Cell::Count(place.met_by_machine()),
                    Cell::wait(place.mean_answer_wait()),
                    wait(0),
                    wait(1),
                    wait(2),
                ],
            }
        };
        let places = [
            ("switchboard", self.say("Växeln", "Switchboard"), &figures.switchboard),
            ("queue", self.say("Kundtjänst", "Customer service"), &figures.queue),
        ];
        Table {
            id: "volumes",
            heading: self.say("Samtal och väntetider", "Calls and waits"),
            rows_are: self.say("Plats", "Place"),
            columns,
            rows: places
                .into_iter()
                .filter(|(_, _, place)| place.offered() > 0)
                .map(|(id, heading, place)| row(id, heading, place))
                .collect(),
            notes: vec![self.say(
                "Väntetider i minuter:sekunder, av besvarade samtal; percentiler ur \
                 sammanslagna histogram.",
                "Waits in minutes:seconds, of answered calls; percentiles from merged histograms.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    /// Day by day up to a month, else month by month.
    fn course_table(&self) -> Table {
        let (from, end) = self.order.period.span();
        let by_month = end.0 - from.0 > 31;
        let mut spans: BTreeMap<String, (Day, Day)> = BTreeMap::new();
        for day in from.until(end) {
            let name = if by_month { day.month().to_string() } else { day.to_string() };
            spans.entry(name).or_insert((day, day)).1 = day.next();
        }
        let mut columns = vec![Column::new("offered", self.say("Inkomna", "Offered"))];
        columns.extend(JUDGED.map(|goal| Column::new(goal.id(), self.name(goal))));
        let rows = spans.into_iter().filter_map(|(name, span)| {
            let figures = self.own(&Span::of(self.engine.board(), span, self.known_until));
            let offered = figures.switchboard.offered() + figures.queue.offered();
            let mut cells = vec![Cell::Count(offered)];
            cells.extend(JUDGED.map(|goal| self.share(goal, figures.share(goal))));
            (offered > 0).then(|| Row { id: name.clone(), heading: name, cells })
        });
        Table {
            id: "course",
            heading: match by_month {
                true => self.say("Månad för månad", "Month by month"),
                false => self.say("Dag för dag", "Day by day"),
            },
            rows_are: match by_month {
                true => self.say("Månad", "Month"),
                false => self.say("Dag", "Day"),
            },
            columns,
            rows: rows.collect(),
            notes: Vec::new(),
            drawing: Drawing::Lines,
        }
    }

    /// What was counted beside the figures, since the ledger began.
    fn quality_table(&self) -> Table {
        let quality = self.engine.quality();
        let row = |id: &str, heading: String, n: i64| Row {
            id: id.to_owned(),
            heading,
            cells: vec![Cell::Count(n)],
        };
        let mut rows = vec![
            row("events", self.say("Händelser", "Events"), quality.events),
            row("repeats", self.say("Upprepade", "Repeated"), quality.repeats),
            row("late", self.say("För sena, ej räknade", "Too late, not counted"), quality.late),
            row(
                "open_contacts",
                self.say("Kontakter där någon väntar", "Contacts in which someone waits"),
                quality.open_contacts,
            ),
        ];
        let reject = |(reason, n): &(&'static str, i64)| {
            row(
                &format!("reject_{reason}"),
                format!("{} {reason}", self.say("Oläsliga:", "Unreadable:")),
                *n,
            )
        };
        rows.extend(quality.rejects.iter().map(reject));
        let anomaly = |(kind, n): &(&'static str, i64)| {
            row(
                &format!("anomaly_{kind}"),
                format!("{} {kind}", self.say("Avvikelse:", "Anomaly:")),
                *n,
            )
        };
        rows.extend(quality.anomalies.iter().map(anomaly));
        Table {
            id: "quality",
            heading: self.say("Uppgifternas kvalitet", "Quality of the data"),
            rows_are: self.say("Vad", "What"),
            columns: vec![Column::new("count", self.say("Antal", "Number"))],
            rows,
            notes: vec![self.say(
                "Räknat sedan huvudboken började, inte för perioden.",
                "Counted since the ledger began, not for the period.",
            )],
            drawing: Drawing::Nothing,
        }
    }
}

/// What a share means, for readers of figures.
fn definition(measure: Measure) -> &'static str {
    match measure {
        Measure::Calls(goal) => goal.definition(),
        Measure::Questions => DEFINITION_SM4,
        Measure::FirstContact => DEFINITION_FCR,
    }
}

/// Wilson's interval of a share, 95 %.
fn wilson(share: Share) -> Option<(f64, f64)> {
    let ratio = share.ratio()?;
    let (n, z2) = (share.of as f64, WILSON_Z * WILSON_Z);
    let centre = (ratio + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = WILSON_Z / (1.0 + z2 / n) * (ratio * (1.0 - ratio) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}
