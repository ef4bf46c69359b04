//! Who answered: the desks side by side, and what each department asked of the desks it shares
//! (R7–R9). Every day counts on the desk that the department or the queue had on that day.

use std::collections::{BTreeMap, BTreeSet};

use super::super::figures::{Figures, Gathered, Measure};
use super::super::sheet::{JUDGED, Sheet};
use super::super::table::{Cell, Column, Drawing, Row, Table};
use crate::domain::calendar::Zone;
use crate::domain::contact::stay::Disposition;
use crate::domain::desk::{Desk, DeskKind};
use crate::domain::goal::Goal;
use crate::domain::ids::Department;
use crate::domain::units::Share;

/// What desks are compared by: goal 1 is the switchboard's.
const OF_DESKS: [Measure; 4] = [
    Measure::Calls(Goal::Sm2),
    Measure::Calls(Goal::Sm3),
    Measure::Questions,
    Measure::FirstContact,
];

impl Sheet<'_> {
    /// The desks, and how the load of the shared ones is split; none where no desk has a name, since
    /// each department is its own then.
    pub(in crate::report) fn desk_tables(&self) -> Vec<Table> {
        if self.engine.rules().desks().entries().is_empty() {
            return Vec::new();
        }
        let desks = self.by_desk();
        let mut tables = vec![self.desk_table(&desks)];
        let load = self.load_table(&desks);
        if !load.rows.is_empty() {
            tables.push(load);
        }
        tables
    }

    /// What is counted of each desk, and within it of each department.
    fn by_desk(&self) -> BTreeMap<(Desk, Department), Figures> {
        let (rules, board) = (self.engine.rules(), self.engine.board());
        let mut gathered = Gathered::default();
        for day in self.order.period.days() {
            for (line, tally) in board.cells().day(day) {
                let desk = rules.desk_of(line.department, line.queue, day);
                gathered.add((desk, line.department), line, tally);
            }
        }
        let mut figures = gathered.figures();
        let (from, end) = self.order.period.span();
        for question in board.questions().filter(|one| one.is_pending(self.known_until)) {
            let day = Zone::stockholm().day_of(question.received_at);
            if from <= day && day < end {
                let desk = rules.desk_of(question.department, None, day);
                let of = figures.entry((desk, question.department)).or_default();
                of.questions().share.of -= 1;
            }
        }
        figures
    }

    fn desk_table(&self, by_desk: &BTreeMap<(Desk, Department), Figures>) -> Table {
        let mut columns = vec![
            Column::new("kind", self.say("Form", "Kind")),
            Column::new("offered", self.say("Samtal i kö", "Calls in queue")),
        ];
        for measure in OF_DESKS {
            let id = measure.id();
            columns.push(Column::new(id, self.name(measure)));
            columns.push(Column::new(format!("{id}_of"), self.say("antal", "number")));
            if JUDGED.contains(&measure) {
                let verdict = self.say("bedömning", "verdict");
                columns.push(Column::new(format!("{id}_verdict"), verdict));
            }
        }
        let desks: BTreeSet<Desk> = by_desk.keys().map(|(desk, _)| *desk).collect();
        let row = |desk: Desk| {
            let of = by_desk.range((desk, Department(0))..=(desk, Department(u16::MAX)));
            let figures = Figures::sum(of.map(|(_, figures)| figures));
            // What only the switchboard answered for has no row among desks.
            if figures.queue.offered() == 0 && figures.share(Measure::Questions).of == 0 {
                return None;
            }
            let (id, heading, kind) = self.desk_words(desk);
            let mut cells = vec![Cell::text(kind), Cell::Count(figures.queue.offered())];
            for measure in OF_DESKS {
                let share = figures.share(measure);
                let (outcome, of) = match share.of {
                    ..=0 => (Cell::None, Cell::None),
                    of => (self.share(measure, share), Cell::Count(of)),
                };
                let verdict = match outcome.value() {
                    Some(_) => Cell::text(self.verdict_words(measure, share)),
                    None => outcome.clone(),
                };
                cells.extend([outcome, of]);
                if JUDGED.contains(&measure) {
                    cells.push(verdict);
                }
            }
            Some(Row { id, heading, cells })
        };
        let mut notes = vec![self.say(
            "Varje dag räknas på den kundtjänst som förvaltningen eller kön hade den dagen. Mål 1 \
             mäts i växeln och står hos förvaltningarna.",
            "Every day counts on the desk that the department or the queue had on that day. Goal 1 \
             is the switchboard's and stands with the departments.",
        )];
        notes.extend(self.moves());
        Table {
            id: "desks",
            heading: self.say("Kundtjänsterna", "The desks"),
            rows_are: self.say("Kundtjänst", "Desk"),
            columns,
            rows: desks.into_iter().filter_map(row).collect(),
            notes,
            drawing: Drawing::Nothing,
        }
    }

    /// What each department asked of the desks that are shared.
    fn load_table(&self, by_desk: &BTreeMap<(Desk, Department), Figures>) -> Table {
        let pooled = |desk: Desk| match desk {
            Desk::Named(at) => {
                let entry = &self.engine.rules().desks().entries()[usize::from(at)];
                entry.kind == DeskKind::Pooled
            }
            Desk::Of(_) => false,
        };
        let of_pool = || by_desk.iter().filter(|((desk, _), _)| pooled(*desk));
        let mut talked: BTreeMap<Desk, i64> = BTreeMap::new();
        for ((desk, _), figures) in of_pool() {
            *talked.entry(*desk).or_default() += figures.queue.talk().0;
        }
        let rows = of_pool().filter(|(_, figures)| figures.queue.offered() > 0).map(
            |((desk, department), figures)| {
                let (desk_id, desk_name, _) = self.desk_words(*desk);
                let slug = self.slug(*department);
                let talk = figures.queue.talk().0;
                let share = Share { met: talk, of: talked.get(desk).copied().unwrap_or(0) };
                let share = match share.of {
                    ..=0 => Cell::None,
                    _ => Cell::Share(share, None, self.order.audience.precision()),
                };
                Row {
                    id: format!("{desk_id}/{slug}"),
                    heading: format!("{desk_name}: {}", self.engine.display_name(slug)),
                    cells: vec![
                        Cell::Count(figures.queue.offered()),
                        Cell::Count(figures.queue.stays(Disposition::Answered)),
                        Cell::Tenths((talk + 3_000).div_euclid(6_000)),
                        share,
                    ],
                }
            },
        );
        Table {
            id: "pool",
            heading: self.say(
                "Samlad kundtjänst efter uppringd förvaltning",
                "Pooled desks by the department that was rung",
            ),
            rows_are: self.say(
                "Kundtjänst och uppringd förvaltning",
                "Desk and the department that was rung",
            ),
            columns: vec![
                Column::new("offered", self.say("Samtal i kö", "Calls in queue")),
                Column::new("answered", self.say("Besvarade", "Answered")),
                Column::new("talk_minutes", self.say("Samtalsminuter", "Minutes of talk")),
                Column::new("talk_share", self.say("Andel av minuterna", "Share of the minutes")),
            ],
            rows: rows.collect(),
            notes: vec![self.say(
                "Räknar alla samtal på den förvaltning vars nummer eller kö uppringaren kom in på, vad \
                 frågan än gällde.",
                "Counts all calls on the department whose number or queue the caller came in on, \
                 whatever the matter was.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    /// A desk's name for programs, its name for people, and its kind in words.
    fn desk_words(&self, desk: Desk) -> (String, String, String) {
        let own = self.say("egen", "own");
        match desk {
            Desk::Named(at) => {
                let entry = &self.engine.rules().desks().entries()[usize::from(at)];
                let kind = match entry.kind {
                    DeskKind::Pooled => self.say("samlad", "pooled"),
                    DeskKind::Own => own,
                };
                (entry.slug.clone(), entry.name.clone(), kind)
            }
            Desk::Of(department) => {
                let slug = self.slug(department);
                (slug.to_owned(), self.engine.display_name(slug).to_owned(), own)
            }
        }
    }

    /// Which departments changed their desk within the period, and on which day.
    fn moves(&self) -> Vec<String> {
        let rules = self.engine.rules();
        let departments = self.span.departments.keys();
        let of = |department: &Department| {
            let mut days = self.order.period.days();
            let mut last = rules.desk_of(*department, None, days.next()?);
            let mut told = Vec::new();
            for day in days {
                let desk = rules.desk_of(*department, None, day);
                if desk != last {
                    let who = self.engine.display_name(self.slug(*department));
                    let name = |desk: Desk| match desk {
                        Desk::Named(_) => self.desk_words(desk).1,
                        Desk::Of(_) => self.say("egen kundtjänst", "a desk of its own"),
                    };
                    let (to, from) = (self.say("från", "from"), self.say("förut", "before"));
                    told.push(format!("{who}: {} {to} {day} ({from} {}).", name(desk), name(last)));
                    last = desk;
                }
            }
            Some(told)
        };
        departments.filter_map(of).flatten().collect()
    }
}
