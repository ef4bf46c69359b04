//! What a periodic report tells, and in which order.
//!
//! Every figure is a sum of cells over whole days, so a day's report and a year's are made alike.
//! The verdict is on the plain proportion, since the figure is a full count; the interval is
//! Wilson's and for display only.

use std::collections::BTreeMap;

use super::figures::{Figures, Place, Span, waits};
use super::number;
use super::period::Period;
use super::table::{Audience, Cell, Column, Drawing, Language, Report, Row, Table};
use crate::domain::calendar::{Day, Weekday, WorkingDays, Zone};
use crate::domain::cell::queued;
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::{Direction, Goal, Verdict};
use crate::domain::ids::Department;
use crate::domain::rules::DEFINITIONS;
use crate::domain::tally::{Tally, code};
use crate::domain::units::{Millis, Quarter, Share, Timestamp};
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

/// Fewer calls than this are withheld from the public where they are of one department.
const PUBLIC_COUNT_MIN: i64 = 5;
/// Shares over fewer calls than this are withheld from the public.
const PUBLIC_SHARE_MIN: i64 = 20;
/// Goals that reports give a verdict on; `SM3w` is told beside goal 3.
const JUDGED: [Goal; 3] = [Goal::Sm1, Goal::Sm2, Goal::Sm3];
/// 97.5 % quantile of the normal distribution, for 95 % intervals.
const WILSON_Z: f64 = 1.959_964;
/// Half-hours of a day.
const HALF_HOURS: usize = 48;

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
struct Sheet<'a> {
    engine: &'a Engine,
    order: &'a Order,
    span: Span,
    goals: Vec<(Goal, Option<u8>)>,
}

impl<'a> Sheet<'a> {
    fn new(engine: &'a Engine, order: &'a Order) -> Self {
        let (from, end) = order.period.span();
        // The level in force on the period's last day is the one that it is held against.
        let last = Zone::stockholm().day_start(end).minus(Millis(1));
        let targets = engine.rules().at(last).targets;
        let goals = Goal::ALL.map(|goal| (goal, targets.map(|targets| targets.of(goal))));
        let span = Span::of(engine.board().cells(), from, end);
        Sheet { engine, order, span, goals: goals.to_vec() }
    }

    fn say(&self, swedish: &str, english: &str) -> String {
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
        tables.push(self.volume_table());
        tables.push(self.course_table());
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
                .chain(JUDGED.into_iter().map(|goal| self.sentence(goal)))
                .collect(),
            tables,
            definitions: Goal::ALL
                .into_iter()
                .map(|goal| (goal.id().to_owned(), goal.definition().to_owned()))
                .collect(),
        }
    }

    /// Up to when there are figures, where that is not the whole period. By the events and not by
    /// the clock: the same ledger gives the same report on any day.
    fn so_far(&self) -> Option<String> {
        let last = Zone::stockholm().day_of(self.engine.last_event()?);
        (last.next() < self.order.period.span().1).then(|| {
            let told = self.say(
                "Perioden är inte slut: siffrorna gäller till och med",
                "The \
                period is not over: the figures are those up to and including",
            );
            format!("{told} {last}.")
        })
    }

    fn slug(&self, department: Department) -> &str {
        self.engine.names().departments.name(department.0)
    }

    fn own(&self, span: &Span) -> Figures {
        span.figures(self.order.department)
    }

    fn level(&self, goal: Goal) -> Option<(Direction, u8)> {
        let (_, target) = self.goals.iter().find(|(of, _)| *of == goal)?;
        target.map(|target| (goal.direction(), target))
    }

    fn goal_name(&self, goal: Goal) -> String {
        match goal {
            Goal::Sm1 => self.say("Mål 1: svar inom tre signaler", "Goal 1: within three rings"),
            Goal::Sm2 => self.say("Mål 2: svar inom fem minuter", "Goal 2: within five minutes"),
            Goal::Sm3 => self.say("Mål 3: förlorade samtal", "Goal 3: lost calls"),
            Goal::Sm3w => {
                self.say("Mål 3, av dem som fick vänta", "Goal 3, of those who had to wait")
            }
        }
    }

    fn level_words(&self, goal: Goal) -> String {
        match self.level(goal) {
            None => self.say("inget mål beslutat", "no goal in force"),
            Some((Direction::AtLeast, percent)) => {
                format!("{} {percent}\u{a0}%", self.say("minst", "at least"))
            }
            Some((Direction::AtMost, percent)) => {
                format!("{} {percent}\u{a0}%", self.say("högst", "at most"))
            }
        }
    }

    fn verdict_words(&self, goal: Goal, share: Share) -> String {
        let Some((_, target)) = self.level(goal) else { return "–".to_owned() };
        match goal.judge(share, target) {
            Verdict::NoCalls => self.say("inga samtal", "no calls"),
            Verdict::Met => self.say("✓ uppfyllt", "✓ met"),
            Verdict::Missed => self.say("✗ ej uppfyllt", "✗ missed"),
        }
    }

    /// A share as this reader may see it.
    fn share(&self, goal: Goal, share: Share) -> Cell {
        let is_small = self.order.audience == Audience::Public && share.of < PUBLIC_SHARE_MIN;
        match share.of {
            ..=0 => Cell::None,
            _ if is_small => Cell::Hidden,
            _ => Cell::Share(share, self.level(goal), self.order.audience.precision()),
        }
    }

    /// The change from another share, in percentage points, where both may be seen.
    fn change(&self, goal: Goal, share: Share, from: Share) -> Cell {
        match (self.share(goal, share), self.share(goal, from)) {
            (Cell::Share(..), Cell::Share(..)) => {
                number::points(share, from).map_or(Cell::None, Cell::Points)
            }
            (Cell::Hidden, _) | (_, Cell::Hidden) => Cell::Hidden,
            _ => Cell::None,
        }
    }

    /// A count as this reader may see it.
    fn count(&self, n: i64) -> Cell {
        let is_small = self.order.audience == Audience::Public
            && self.order.department.is_some()
            && (1..PUBLIC_COUNT_MIN).contains(&n);
        if is_small { Cell::Hidden } else { Cell::Count(n) }
    }

    fn sentence(&self, goal: Goal) -> String {
        let share = self.own(&self.span).share(goal);
        let name = self.goal_name(goal);
        let cell = self.share(goal, share);
        let language = self.order.language;
        if cell == Cell::None {
            return format!("{name}: {}.", self.say("inga samtal", "no calls"));
        }
        if cell == Cell::Hidden {
            let why = self.say("för få samtal för att visa", "too few calls to be shown");
            return format!("{name}: {why}.");
        }
        let told = cell.shown(language);
        let of = Cell::Count(share.of).shown(language);
        let what = match goal {
            Goal::Sm1 => self.say(
                "samtal till växeln besvarades i tid",
                "calls to the \
                switchboard were answered in time",
            ),
            Goal::Sm2 => self.say(
                "besök i kön besvarades i tid",
                "visits to the queue were \
                answered in time",
            ),
            Goal::Sm3 | Goal::Sm3w => self.say(
                "samtal i kön förlorades",
                "calls in the queue \
                were lost",
            ),
        };
        let share_of = format!("{told} {} {of} {what}", self.say("av", "of"));
        let Some((_, target)) = self.level(goal) else { return format!("{name}: {share_of}.") };
        let verdict = match goal.judge(share, target) {
            Verdict::Met => self.say("är uppfyllt", "is met"),
            Verdict::Missed => self.say("är inte uppfyllt", "is missed"),
            Verdict::NoCalls => return format!("{name}: {share_of}."),
        };
        let goal_of = self.say("Målet", "The goal of");
        format!("{name}: {share_of}. {goal_of} {} {verdict}.", self.level_words(goal))
    }

    /// Each goal: this period, those it is compared with, and the verdict.
    fn goal_table(&self) -> Table {
        let period = self.order.period;
        let cells = self.engine.board().cells();
        let of = |(from, end): (Day, Day)| self.own(&Span::of(cells, from, end));
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
        let row = |goal: Goal| {
            let count = now.count(goal);
            let share = count.share;
            let outcome = self.share(goal, share);
            let interval = match wilson(share) {
                Some((low, high)) if outcome.value().is_some() => Cell::Interval(low, high),
                Some(_) | None => outcome.clone(),
            };
            let over = |of: i64| match goal.direction() {
                Direction::AtLeast => self.share(goal, Share { met: share.met, of }),
                Direction::AtMost => Cell::None,
            };
            Row {
                id: goal.id().to_owned(),
                heading: self.goal_name(goal),
                cells: vec![
                    Cell::text(self.level_words(goal)),
                    outcome,
                    Cell::text(self.verdict_words(goal, share)),
                    self.count(share.of),
                    self.count(goal.missed(share)),
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
        Table {
            id: "goals",
            heading: self.say("Målen", "The goals"),
            rows_are: self.say("Mål", "Goal"),
            columns,
            rows: Goal::ALL.into_iter().map(row).collect(),
            notes: vec![self.say(
                "Utfallet avrundas aldrig så att ett missat mål ser uppfyllt ut. Osäkerheten är \
                 Wilsons intervall, endast som läshjälp: siffran är en totalräkning. Ändringar är i procentenheter.",
                "An outcome is never rounded so that a missed goal looks met. The interval is \
                 Wilson's and only an aid: the figure is a full count. Changes are in percentage points.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    /// The departments side by side.
    fn department_table(&self) -> Table {
        let mut columns = Vec::new();
        for goal in JUDGED {
            let id = goal.id();
            columns.push(Column::new(id, self.goal_name(goal)));
            columns.push(Column::new(format!("{id}_of"), self.say("antal", "number")));
            columns.push(Column::new(format!("{id}_verdict"), self.say("bedömning", "verdict")));
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
        for goal in JUDGED {
            let shares: Vec<Share> =
                departments.iter().map(|(_, figures)| figures.share(goal)).collect();
            let counts: Vec<i64> = shares.iter().map(|share| share.of).collect();
            let hidden = match self.order.audience {
                Audience::Public => withheld(&counts),
                Audience::Internal => vec![false; counts.len()],
            };
            for ((row, share), is_hidden) in rows.iter_mut().zip(shares).zip(hidden) {
                row.cells.extend(match is_hidden {
                    true => [Cell::Hidden, Cell::Hidden, Cell::Hidden],
                    false if share.of == 0 => [Cell::None, Cell::None, Cell::None],
                    false => {
                        let shown = self.share(goal, share);
                        let verdict = match shown == Cell::Hidden {
                            true => Cell::Hidden,
                            false => Cell::text(self.verdict_words(goal, share)),
                        };
                        [shown, Cell::Count(share.of), verdict]
                    }
                });
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
        let working = self.order.period.days().filter(|day| WorkingDays::is_working_day(*day));
        let working = working.count() as i64;
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
                    self.count(place.offered()),
                    per_day.map_or(Cell::None, Cell::Tenths),
                    self.count(answered),
                    self.count(abandoned),
                    self.count(place.short_abandoned()),
                    self.count(place.queued() - answered - abandoned),
                    self.count(place.offered() - place.queued()),
                    self.count(place.outside_hours()),
                    self.count(place.met_by_machine()),
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
        let cells = self.engine.board().cells();
        let mut columns = vec![Column::new("offered", self.say("Inkomna", "Offered"))];
        columns.extend(JUDGED.map(|goal| Column::new(goal.id(), self.goal_name(goal))));
        let rows = spans.into_iter().filter_map(|(name, (from, end))| {
            let figures = self.own(&Span::of(cells, from, end));
            let offered = figures.switchboard.offered() + figures.queue.offered();
            let mut cells = vec![self.count(offered)];
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

    /// Weekday by half-hour, in queues: how long nine of ten waited at most, and how many gave up.
    fn heat_tables(&self) -> [Table; 2] {
        let zone = Zone::stockholm();
        let (from, end) = self.order.period.span();
        let until = zone.day_start(end).minus(Millis(1)).quarter();
        let cells = self.engine.board().cells();
        let mut tallies: BTreeMap<(usize, Weekday), Tally> = BTreeMap::new();
        let until = Quarter(until.0 + 1);
        for (key, tally) in cells.quarters_in(zone.day_start(from).quarter(), until) {
            let is_ours = self.order.department.is_none_or(|own| own == key.line.department);
            if is_ours && key.line.queue.is_some() && !key.line.outside_hours {
                let (half_hour, weekday) = half_hour(key.quarter.start());
                tallies.entry((half_hour, weekday)).or_default().merge(tally);
            }
        }
        let weekdays: Vec<Weekday> = Weekday::ALL
            .into_iter()
            .filter(|weekday| tallies.keys().any(|(_, of)| of == weekday))
            .collect();
        let columns: Vec<Column> = weekdays
            .iter()
            .map(|day| Column::new(day.english(), self.weekday_name(*day)))
            .collect();
        let table = |id, heading, value: &dyn Fn(&Tally) -> Cell| {
            let rows = (0..HALF_HOURS).filter_map(|half_hour| {
                let cell = |weekday: &Weekday| tallies.get(&(half_hour, *weekday)).map(value);
                let cells: Vec<Option<Cell>> = weekdays.iter().map(cell).collect();
                let name = format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30);
                cells.iter().any(Option::is_some).then(|| Row {
                    id: name.clone(),
                    heading: name,
                    cells: cells.into_iter().map(|cell| cell.unwrap_or(Cell::None)).collect(),
                })
            });
            Table {
                id,
                heading,
                rows_are: self.say("Från klockan", "From"),
                columns: columns.clone(),
                rows: rows.collect(),
                notes: Vec::new(),
                drawing: Drawing::Heat,
            }
        };
        let wait = |tally: &Tally| {
            let kinds = [code::WAITS_ANSWERED, code::WAITS_ABANDONED, code::WAITS_OTHER];
            Cell::wait(waits(tally, &kinds, [0.9]).map(|[wait]| wait))
        };
        let lost = |tally: &Tally| {
            let short = tally.get(code::SHORT_ABANDONED);
            let met = tally.stays(Disposition::Abandoned) - short;
            let share = Share { met, of: queued(tally) - short };
            match share.of {
                ..=0 => Cell::None,
                _ => Cell::Share(share, None, self.order.audience.precision()),
            }
        };
        [
            table(
                "wait_by_half_hour",
                self.say("Väntetid i kö: nio av tio väntade högst", "Nine of ten waited at most"),
                &wait,
            ),
            table(
                "lost_by_half_hour",
                self.say("Andel förlorade i kö", "Share lost in the queue"),
                &lost,
            ),
        ]
    }

    fn weekday_name(&self, weekday: Weekday) -> String {
        self.say(weekday.name(), weekday.english())
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

/// The half-hour by the clock on the wall, and the weekday.
fn half_hour(at: Timestamp) -> (usize, Weekday) {
    let zone = Zone::stockholm();
    let day = zone.day_of(at);
    let local = at.0 + i64::from(zone.offset_seconds(at)) * 1_000;
    ((local.rem_euclid(86_400_000) / 1_800_000) as usize, day.weekday())
}

/// Wilson's interval of a share, 95 %.
fn wilson(share: Share) -> Option<(f64, f64)> {
    let ratio = share.ratio()?;
    let (n, z2) = (share.of as f64, WILSON_Z * WILSON_Z);
    let centre = (ratio + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = WILSON_Z / (1.0 + z2 / n) * (ratio * (1.0 - ratio) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// Which of a column's counts are withheld: the small ones, and where that is only one of them the
/// next smallest too, since the sum of all is told and would give it away.
fn withheld(counts: &[i64]) -> Vec<bool> {
    let mut hidden: Vec<bool> = counts.iter().map(|n| (1..PUBLIC_COUNT_MIN).contains(n)).collect();
    if hidden.iter().filter(|is_hidden| **is_hidden).count() == 1 {
        let next = (0..counts.len())
            .filter(|at| !hidden[*at] && counts[*at] > 0)
            .min_by_key(|at| (counts[*at], *at));
        if let Some(next) = next {
            hidden[next] = true;
        }
    }
    hidden
}
