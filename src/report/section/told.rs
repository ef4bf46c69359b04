//! What people told: satisfaction, an outside evaluator's figures beside ours, the channels, and what
//! is said and done about the goals. Each is a source of its own; nothing here is added to a figure
//! that was counted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::figures::{Measure, Span};
use super::super::number;
use super::super::period::Period;
use super::super::sheet::Sheet;
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use super::super::withhold::{SHARE_MIN, is_told_of_departments, withheld};
use crate::domain::calendar::Month;
use crate::domain::event::Channel;
use crate::domain::goal::{Direction, GoalId};
use crate::domain::ids::{Department, EventId};
use crate::domain::told::{
    Counted, Entry, Found, Outcome, Period as ToldPeriod, Scale, Slot, Subject,
};
use crate::domain::units::{Share, Timestamp};

/// A question that was asked, with what came of it by period and whose it is.
struct Series<'t> {
    measure: &'t str,
    scale: Scale,
    results: BTreeMap<(Option<Department>, ToldPeriod), &'t Outcome>,
    /// When each was told.
    told_at: BTreeMap<(Option<Department>, ToldPeriod), (Timestamp, EventId)>,
}

impl Series<'_> {
    /// A stable name for programs. An index is another thing than a share of the same name.
    fn id(&self) -> String {
        match self.scale {
            Scale::Share => self.measure.to_owned(),
            Scale::Index => format!("{}_index", self.measure),
        }
    }

    /// What was told last of the question itself.
    fn of_last<'o>(&'o self, what: impl Fn(&'o Outcome) -> Option<&'o str>) -> Option<&'o str> {
        let told = self.results.iter().filter_map(|((_, at), one)| Some((*at, what(one)?)));
        told.max_by_key(|(at, _)| *at).map(|(_, what)| what)
    }

    fn first(&self) -> Option<ToldPeriod> {
        self.results.keys().map(|(_, period)| *period).min()
    }

    fn of(&self, whose: Option<Department>) -> impl Iterator<Item = (ToldPeriod, &Outcome)> {
        let own = self.results.iter().filter(move |((of, _), _)| *of == whose);
        own.map(|((_, period), outcome)| (*period, *outcome))
    }

    /// The result that holds: of the period that ends last, and of those the one told last.
    fn latest(&self, whose: Option<Department>) -> Option<(ToldPeriod, &Outcome)> {
        self.of(whose).max_by_key(|(period, _)| (period.until, self.told_at.get(&(whose, *period))))
    }
}

/// A value as a share, to be shown like any other.
pub(super) fn share(outcome: &Outcome) -> Share {
    Share { met: outcome.value, of: 1_000_000 }
}

/// Ten-thousandths of a point or percent to tenths.
pub(super) fn tenths(value: i64) -> i64 {
    (value + 500).div_euclid(1_000)
}

impl Sheet<'_> {
    /// The level that satisfaction is held against in a period. The one place where it is looked up:
    /// a level given here is shown, drawn and never rounded up to.
    pub(super) fn satisfaction_level(&self, period: ToldPeriod) -> Option<(Direction, u8)> {
        let level = self.engine.rules().level(GoalId::Satisfaction, period.until)?;
        Some((level.direction, level.percent))
    }

    /// Satisfaction, period by period, and department by department where the whole is reported.
    pub(in crate::report) fn satisfaction_tables(&self) -> Vec<Table> {
        let series = self.series();
        let whose = self.order.department;
        let own: Vec<&Series<'_>> =
            series.iter().filter(|series| series.of(whose).next().is_some()).collect();
        let mut tables = Vec::new();
        if !own.is_empty() {
            tables.push(self.satisfaction_table(&own));
        }
        if whose.is_none() {
            tables.extend(self.satisfaction_by_department(&series));
        }
        tables
    }

    /// Every question that was asked of a period that had begun before the report's was over.
    fn series(&self) -> Vec<Series<'_>> {
        let (_, end) = self.order.period.span();
        let mut all: Vec<Series<'_>> = Vec::new();
        for (measure, scale, slot, entry) in self.told.surveys() {
            let Found::Outcome(outcome) = &entry.found else { continue };
            if slot.period.from >= end {
                continue;
            }
            if all.last().is_none_or(|last| (last.measure, last.scale) != (measure, scale)) {
                let (results, told_at) = (BTreeMap::new(), BTreeMap::new());
                all.push(Series { measure, scale, results, told_at });
            }
            if let Some(series) = all.last_mut() {
                let key = (slot.department, slot.period);
                series.results.insert(key, outcome);
                series.told_at.insert(key, (entry.time, entry.id));
            }
        }
        // In the order in which they were asked, so that a series stands before what replaced it.
        all.sort_by_key(Series::first);
        all
    }

    fn question(&self, series: &Series<'_>) -> String {
        let name = match series.of_last(|outcome| outcome.wording.as_deref()) {
            Some(wording) => format!("{wording} ({})", series.measure),
            None => series.measure.to_owned(),
        };
        match series.scale {
            Scale::Share => format!("{}: {name}", self.say("Nöjda", "Satisfied")),
            Scale::Index => format!("{}: {name}", self.say("Index 0–100", "Index 0–100")),
        }
    }

    fn satisfaction_table(&self, all: &[&Series<'_>]) -> Table {
        let whose = self.order.department;
        let mut columns = Vec::new();
        for series in all {
            let id = series.id();
            columns.push(Column::new(id.clone(), self.question(series)));
            columns.push(Column::new(format!("{id}_n"), self.say("Antal svar", "Answers")));
            let margin = self.say("Felmarginal (procentenheter)", "Margin (percentage points)");
            columns.push(Column::new(format!("{id}_margin"), margin));
        }
        let periods: BTreeSet<ToldPeriod> =
            all.iter().flat_map(|series| series.of(whose)).map(|(period, _)| period).collect();
        let rows = periods.into_iter().map(|period| {
            let cells = all.iter().flat_map(|series| {
                let outcome = series.results.get(&(whose, period)).copied();
                outcome.map_or([Cell::None, Cell::None, Cell::None], |outcome| {
                    self.outcome_cells(outcome, series.scale, self.satisfaction_level(period))
                })
            });
            Row { id: period.to_string(), heading: period_name(period), cells: cells.collect() }
        });
        let rows = rows.collect();
        let mut notes: Vec<String> = all.iter().filter_map(|series| self.broken(series)).collect();
        notes.push(self.say(
            "Andel nöjda eller mycket nöjda, ur medborgarnas svar; inmatat, inte räknat ur samtalen. \
             Ett index är ett medelvärde och ingen andel.",
            "Share satisfied or very satisfied, of citizens' answers; entered, not counted from \
             calls. An index is a mean and no share.",
        ));
        Table {
            id: "satisfaction",
            heading: self.say("Nöjdhet", "Satisfaction"),
            rows_are: self.say("Period", "Period"),
            columns,
            rows,
            notes,
            drawing: Drawing::Lines,
        }
    }

    /// That a question took the place of another: its answers cannot be held against the other's.
    fn broken(&self, series: &Series<'_>) -> Option<String> {
        let replaced = series.of_last(|outcome| outcome.replaces.as_deref())?;
        let first = series.first()?;
        Some(match self.order.language.pick("sv", "en") {
            "sv" => format!(
                "Serien är bruten: frågan ”{replaced}” ersattes av ”{}” från och med {first}, med en \
                 annan formulering; talen före och efter kan inte jämföras.",
                series.measure
            ),
            _ => format!(
                "The series is broken: the question \"{replaced}\" was replaced by \"{}\" from {first} \
                 on, with another wording; figures before and after cannot be compared.",
                series.measure
            ),
        })
    }

    /// The latest result of each department.
    fn satisfaction_by_department(&self, all: &[Series<'_>]) -> Option<Table> {
        let departments: BTreeSet<Department> =
            all.iter().flat_map(|series| series.results.keys()).filter_map(|(of, _)| *of).collect();
        let asked = |series: &&Series<'_>| series.results.keys().any(|(of, _)| of.is_some());
        let all: Vec<&Series<'_>> = all.iter().filter(asked).collect();
        let mut columns = Vec::new();
        for series in &all {
            let id = series.id();
            columns.push(Column::new(id.clone(), self.question(series)));
            columns.push(Column::new(format!("{id}_n"), self.say("Antal svar", "Answers")));
            columns.push(Column::new(format!("{id}_period"), self.say("Period", "Period")));
        }
        let mut rows: Vec<Row> = departments
            .into_iter()
            .map(|department| {
                let cells = all.iter().flat_map(|series| {
                    let latest = series.latest(Some(department));
                    latest.map_or([Cell::None, Cell::None, Cell::None], |(period, outcome)| {
                        let level = self.satisfaction_level(period);
                        let [value, n, _] = self.outcome_cells(outcome, series.scale, level);
                        [value, n, Cell::text(period_name(period))]
                    })
                });
                Row {
                    id: self.slug(department).to_owned(),
                    heading: self.engine.display_name(self.slug(department)).to_owned(),
                    cells: cells.collect(),
                }
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        (!rows.is_empty()).then(|| Table {
            id: "satisfaction_departments",
            heading: self.say("Nöjdhet per förvaltning", "Satisfaction by department"),
            rows_are: self.say("Förvaltning", "Department"),
            columns,
            rows,
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        })
    }

    /// Value, number of answers and margin as this reader may see them.
    pub(super) fn outcome_cells(
        &self,
        outcome: &Outcome,
        scale: Scale,
        level: Option<(Direction, u8)>,
    ) -> [Cell; 3] {
        let Outcome { value, responses, margin, .. } = *outcome;
        let is_public = self.order.audience == Audience::Public;
        if is_public && responses < SHARE_MIN {
            return [Cell::Hidden, Cell::Hidden, Cell::Hidden];
        }
        let shown = match scale {
            Scale::Share => Cell::Share(share(outcome), level, self.order.audience.precision()),
            Scale::Index if is_public => Cell::Count((value + 5_000).div_euclid(10_000)),
            Scale::Index => Cell::Tenths(tenths(value)),
        };
        let margin = margin.map_or(Cell::None, |margin| Cell::Tenths(tenths(margin)));
        [shown, Cell::Count(responses), margin]
    }

    /// What the latest survey of each question says, in words; the one that is told as a goal is left
    /// out.
    pub(in crate::report) fn satisfaction_sentences(&self) -> Vec<String> {
        let language = self.order.language;
        let series = self.series();
        let told =
            series.iter().filter(|series| series.scale == Scale::Share).filter_map(|series| {
                let (period, outcome) = series.latest(self.order.department)?;
                if self.is_told_as_goal(series.measure, period) {
                    return None;
                }
                let level = self.satisfaction_level(period);
                let [value, n, _] = self.outcome_cells(outcome, series.scale, level);
                let name =
                    format!("{} {}", self.say("Nöjdhet", "Satisfaction"), period_name(period));
                if value == Cell::Hidden {
                    let why = self.say("för få svar för att visa", "too few answers to be shown");
                    return Some((series.measure, format!("{name} ({}): {why}.", series.measure)));
                }
                let sentence = format!(
                    "{name} ({}): {} {} {} {}.",
                    series.measure,
                    value.shown(language),
                    self.say("av", "of"),
                    n.shown(language),
                    self.say(
                        "svarande var nöjda eller mycket nöjda",
                        "were satisfied or very satisfied"
                    )
                );
                Some((series.measure, sentence))
            });
        // Of a series that was replaced the last word is another one's.
        let replaced: BTreeSet<&str> = series
            .iter()
            .filter_map(|series| series.of_last(|outcome| outcome.replaces.as_deref()))
            .collect();
        told.filter(|(of, _)| !replaced.contains(of)).map(|(_, told)| told).collect()
    }

    /// An outside evaluator's figures of periods within the report's, ours of the same beside them.
    pub(in crate::report) fn evaluator_table(&self) -> Option<Table> {
        let rows: Vec<Row> = self
            .within()
            .filter_map(|(slot, entry)| {
                let Subject::Evaluator { measure, scale, evaluator } = &slot.subject else {
                    return None;
                };
                let Found::Outcome(outcome) = &entry.found else { return None };
                (slot.department == self.order.department).then(|| {
                    let [value, n, margin] = self.outcome_cells(outcome, *scale, None);
                    let (ours, our_n, our_share) = self.ours(measure, *scale, slot);
                    let difference = match (self.order.audience, scale, our_share) {
                        (Audience::Internal, Scale::Share, Some(ours)) => {
                            number::points(ours, share(outcome)).map_or(Cell::None, Cell::Points)
                        }
                        (Audience::Internal | Audience::Public, _, _) => Cell::None,
                    };
                    let period = slot.period.to_string();
                    Row {
                        id: format!("{evaluator}.{measure}.{}.{period}", scale.name()),
                        heading: self.measure_name(measure),
                        cells: vec![
                            Cell::text(evaluator.clone()),
                            Cell::text(period_name(slot.period)),
                            value,
                            n,
                            margin,
                            ours,
                            our_n,
                            difference,
                        ],
                    }
                })
            })
            .collect();
        let mut table = Table {
            id: "evaluator",
            heading: self.say("Extern utvärderare", "Outside evaluator"),
            rows_are: self.say("Mått", "Measure"),
            columns: vec![
                Column::new("evaluator", self.say("Utvärderare", "Evaluator")),
                Column::new("period", self.say("Period", "Period")),
                Column::new("value", self.say("Utvärderarens tal", "The evaluator's figure")),
                Column::new("n", self.say("Antal", "Number")),
                Column::new(
                    "margin",
                    self.say("Felmarginal (procentenheter)", "Margin (percentage points)"),
                ),
                Column::new("ours", self.say("Vårt tal", "Our figure")),
                Column::new("ours_n", self.say("Antal hos oss", "Our number")),
                Column::new("difference", self.say("Vårt minus deras", "Ours less theirs")),
            ],
            rows,
            notes: vec![self.say(
                "Två källor sida vid sida, aldrig sammanvägda. Utvärderarens tal är inmatade.",
                "Two sources side by side, never blended. The evaluator's figures are entered.",
            )],
            drawing: Drawing::Nothing,
        };
        if self.order.audience == Audience::Public {
            table.keep(&["evaluator", "period", "value", "n", "margin", "ours", "ours_n"]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    /// Our figure of the measure that an evaluator looked at, in the same period.
    fn ours(&self, measure: &str, scale: Scale, slot: &Slot) -> (Cell, Cell, Option<Share>) {
        let subject = Subject::Survey { measure: measure.to_owned(), scale };
        if let Some(Entry { found: Found::Outcome(outcome), .. }) =
            self.told.get(&Slot { subject, ..slot.clone() })
        {
            let [value, n, _] = self.outcome_cells(outcome, scale, None);
            return (value, n, (scale == Scale::Share).then(|| share(outcome)));
        }
        let Some(measure) = self.counted(measure).filter(|_| scale == Scale::Share) else {
            return (Cell::None, Cell::None, None);
        };
        let days = (slot.period.from, slot.period.until.next());
        let span = Span::of(self.engine.board(), days, self.known_until);
        let share = span.figures(slot.department).share(measure);
        if share.of <= 0 {
            return (Cell::None, Cell::None, None);
        }
        let is_withheld =
            slot.department.is_some_and(|own| withheld(&span, measure).contains(&own));
        if self.order.audience == Audience::Public && (is_withheld || share.of < SHARE_MIN) {
            return (Cell::Hidden, Cell::Hidden, None);
        }
        let is_department = self.order.audience == Audience::Public && slot.department.is_some();
        if is_department && !is_told_of_departments(measure) {
            return (Cell::Hidden, Cell::Hidden, None);
        }
        let cell = Cell::Share(share, self.level(measure), self.order.audience.precision());
        // Beside the months, the number of other days would tell what is withheld of a month.
        let n = match is_department {
            true => Cell::Hidden,
            false => Cell::Count(share.of),
        };
        (cell, n, Some(share))
    }

    /// The measure of ours that a name in small letters means.
    fn counted(&self, name: &str) -> Option<Measure> {
        Measure::ALL.into_iter().find(|measure| measure.id().eq_ignore_ascii_case(name))
    }

    fn measure_name(&self, name: &str) -> String {
        let goal = || GoalId::ALL.into_iter().find(|goal| goal.id().eq_ignore_ascii_case(name));
        match self.counted(name) {
            Some(measure) => self.name(measure),
            None => goal().map_or_else(|| name.to_owned(), |goal| self.goal_name(goal)),
        }
    }

    /// What was told of periods within the report's.
    fn within(&self) -> impl Iterator<Item = (&Slot, &Entry)> {
        let span = self.order.period.span();
        self.told.iter().filter(move |(slot, _)| slot.period.is_within(span))
    }

    /// By which ways people came: what was counted, and what was entered by hand. A month's counts are
    /// of no use for less than a month.
    pub(in crate::report) fn channel_table(&self) -> Option<Table> {
        let (from, end) = self.order.period.span();
        let figures = self.own(&self.span);
        let switchboard = figures.switchboard.offered();
        // A call that is passed on is one call. A department's own are those that came to its desk.
        let (phone, phone_from) = match switchboard {
            0 => (
                figures.queue.visits(),
                self.say("räknat: besök i förvaltningens köer", "counted: visits to its queues"),
            ),
            calls => {
                (calls, self.say("räknat: samtal till växeln", "counted: calls to the switchboard"))
            }
        };
        let counted = self.say("räknat", "counted");
        let mut rows = vec![
            ("phone", self.say("Telefon", "Telephone"), phone, phone_from),
            (
                Channel::Email.name(),
                self.say("E-post", "E-mail"),
                figures.questions_by(Channel::Email),
                counted.clone(),
            ),
            (
                Channel::EService.name(),
                self.say("E-tjänst", "E-service"),
                figures.questions_by(Channel::EService),
                counted,
            ),
        ];
        let mut has_any = false;
        let mut months: BTreeSet<Month> = BTreeSet::new();
        let mut day = from;
        while day < end {
            // Only months that are wholly within.
            if day == day.month().first_day() && day.month().next().first_day() <= end {
                months.insert(day.month());
            }
            day = day.month().next().first_day();
        }
        let mut notes = Vec::new();
        for channel in Counted::ALL {
            let mut told: BTreeSet<Month> = BTreeSet::new();
            let mut sum = 0;
            for (slot, entry) in self.within() {
                let is_own = self.order.department.is_none_or(|own| slot.department == Some(own));
                if let (true, Subject::Count(of), Found::Count(n)) =
                    (is_own, &slot.subject, &entry.found)
                    && *of == channel
                {
                    told.insert(slot.period.from.month());
                    sum += n;
                }
            }
            has_any |= !told.is_empty();
            let name = match channel {
                Counted::Visit => self.say("Besök", "Visits"),
                Counted::Post => self.say("Post", "Letters"),
            };
            if told.is_empty() {
                continue;
            }
            let missing = months.len().saturating_sub(told.len());
            if missing > 0 {
                notes.push(format!(
                    "{name}: {} {} {} {}.",
                    self.say("inga antal inmatade för", "no counts were entered for"),
                    missing,
                    self.say("av månaderna i perioden, som har", "of the months of the period, of"),
                    self.say(
                        &format!("{} månader", months.len()),
                        &format!("{} in all", months.len())
                    )
                ));
            }
            rows.push((channel.name(), name, sum, self.say("inmatat för hand", "entered by hand")));
        }
        let total: i64 = rows.iter().map(|(_, _, n, _)| n).sum();
        if total == 0 && !has_any {
            return None;
        }
        notes.push(self.say(
            "Andelarna är av dem som syns här: en kontaktväg utan uppgifter saknas i summan.",
            "Shares are of what is seen here: a channel without figures is missing in the sum.",
        ));
        let precision = self.order.audience.precision();
        Some(Table {
            id: "channels",
            heading: self.say("Kontaktvägar", "Channels"),
            rows_are: self.say("Kontaktväg", "Channel"),
            columns: vec![
                Column::new("count", self.say("Antal", "Number")),
                Column::new("share", self.say("Andel", "Share")),
                Column::new("source", self.say("Källa", "Source")),
            ],
            rows: rows
                .into_iter()
                .map(|(id, heading, met, source)| Row {
                    id: id.to_owned(),
                    heading,
                    cells: vec![
                        Cell::Count(met),
                        match total {
                            0 => Cell::None,
                            of => Cell::Share(Share { met, of }, None, precision),
                        },
                        Cell::text(source),
                    ],
                })
                .collect(),
            notes,
            drawing: Drawing::Nothing,
        })
    }

    /// What is said of the goals in the period. Citizens read what is meant for them.
    pub(in crate::report) fn note_table(&self) -> Option<Table> {
        let is_whole = self.order.department.is_none();
        let rows: Vec<Row> = self
            .within()
            .filter_map(|(slot, entry)| {
                let Subject::Note { goal } = &slot.subject else { return None };
                let Found::Note { text, is_public } = &entry.found else { return None };
                let is_told = *is_public || self.order.audience == Audience::Internal;
                if !is_told || !(is_whole || slot.department == self.order.department) {
                    return None;
                }
                let goal = goal.as_deref();
                let (slug, whose) = match slot.department {
                    None => (String::new(), self.say("Hela kommunen", "The whole municipality")),
                    Some(of) => {
                        let slug = self.slug(of).to_owned();
                        let name = self.engine.display_name(&slug).to_owned();
                        (slug, name)
                    }
                };
                Some(Row {
                    id: format!("{slug}.{}.{}", goal.unwrap_or("all"), slot.period),
                    heading: match goal {
                        None => self.say("Allmänt", "In general"),
                        Some(goal) => self.measure_name(goal),
                    },
                    cells: vec![
                        Cell::text(whose),
                        Cell::text(period_name(slot.period)),
                        Cell::text(text.clone()),
                        Cell::text(match is_public {
                            true => self.say("offentlig", "public"),
                            false => self.say("intern", "internal"),
                        }),
                    ],
                })
            })
            .collect();
        let mut table = Table {
            id: "notes",
            heading: self.say("Kommentarer och åtgärder", "Comments and measures taken"),
            rows_are: self.say("Om", "About"),
            columns: vec![
                Column::new("department", self.say("Förvaltning", "Department")),
                Column::new("period", self.say("Period", "Period")),
                Column::new("text", self.say("Kommentar", "Comment")),
                Column::new("audience", self.say("För", "For")),
            ],
            rows,
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        };
        if self.order.audience == Audience::Public {
            table.keep(&["department", "period", "text"]);
        }
        (!table.rows.is_empty()).then_some(table)
    }

    /// What these figures mean, where there are any.
    pub(in crate::report) fn told_definitions(&self) -> Vec<(String, String)> {
        let has = |of: fn(&Subject) -> bool| self.told.iter().any(|(slot, _)| of(&slot.subject));
        let mut all = Vec::new();
        let of = |scale: Scale| self.told.surveys().any(|(_, of, ..)| of == scale);
        if of(Scale::Index) {
            let text = self.say(
                "medelvärde av svar som räknas 0, 25, 50, 75 eller 100; ingen andel",
                "mean of answers that count 0, 25, 50, 75 or 100; no share",
            );
            all.push(("satisfaction_index", text));
        }
        if has(|subject| matches!(subject, Subject::Evaluator { .. })) {
            let text = self.say(
                "vad en utvärderare utifrån har funnit, en egen källa; vårt tal är räknat ur händelserna \
                 i samma period",
                "what an outside evaluator found, a source of its own; ours is counted from the events \
                 of the same period",
            );
            all.push(("evaluator", text));
        }
        all.into_iter().map(|(id, text)| (id.to_owned(), text)).collect()
    }
}

/// What a period is called.
pub(super) fn period_name(period: ToldPeriod) -> String {
    let name = period.to_string();
    name.parse::<Period>().map_or(name, Period::name)
}
