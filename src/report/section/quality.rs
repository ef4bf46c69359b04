//! What is known of the quality of the data.

use super::super::sheet::Sheet;
use super::super::table::{Cell, Column, Drawing, Row, Table};
use super::quality_words;
use crate::domain::calendar::Day;
use crate::engine::{DayQuality, is_kept_by_day};

impl Sheet<'_> {
    /// What was counted beside the figures: in the period, and for the whole municipality since the
    /// ledger began too.
    pub(in crate::report) fn quality_table(&self) -> Table {
        let days = self.order.period.span();
        let of_period = self.engine.quality_of(days, self.order.department);
        let (rows, columns) = match self.order.department {
            None => self.whole_quality(&of_period),
            Some(_) => self.own_quality(&of_period),
        };
        let mut notes = vec![self.say(
            "En händelse räknas den dag då den ägde rum, också när den kom för sent eller två gånger; \
             en oläslig den dag som uppgifterna då hade hunnit till, en avvikelse den dag då kontakten \
             började, en incident den dag då den upptäcktes.",
            "An event counts on the day on which it happened, also if it came too late or twice; an \
             unreadable one on the day that the data had come to, an anomaly on the day on which the \
             contact began, an incident on the day on which it was found.",
        )];
        if self.order.department.is_some() {
            notes.push(self.say(
                "Det som inte säger vilken förvaltning det gäller finns bara i hela kommunens rapport.",
                "What does not say whose it is stands only in the whole municipality's report.",
            ));
        }
        Table {
            id: "quality",
            heading: self.say("Uppgifternas kvalitet", "Quality of the data"),
            rows_are: self.say("Vad", "What"),
            columns,
            rows,
            notes,
            drawing: Drawing::Nothing,
        }
    }

    fn whole_quality(&self, of_period: &DayQuality) -> (Vec<Row>, Vec<Column>) {
        let quality = self.engine.quality();
        let row = |id: String, heading: String, period: Option<i64>, all: i64| Row {
            id,
            heading,
            cells: vec![period.map_or(Cell::None, Cell::Count), Cell::Count(all)],
        };
        let known = |id: &str, heading: String, period: i64, all: i64| {
            row(id.to_owned(), heading, Some(period), all)
        };
        let mut rows = vec![
            known("events", self.say("Händelser", "Events"), of_period.events, quality.events),
            known("repeats", self.repeats_words(), of_period.repeats, quality.repeats),
            known("late", self.late_words(), of_period.late, quality.late),
            row(
                "open_contacts".to_owned(),
                self.say("Kontakter där någon väntar nu", "Contacts in which someone waits now"),
                None,
                quality.open_contacts,
            ),
        ];
        for (reason, all) in &quality.rejects {
            let of = self.coded(quality_words::reject(reason), reason);
            let heading = format!("{} {of}", self.say("Oläsliga:", "Unreadable:"));
            let n = of_period.rejects.get(reason).copied().unwrap_or(0);
            rows.push(known(&format!("reject_{reason}"), heading, n, *all));
        }
        for (kind, all) in &quality.anomalies {
            let n =
                is_kept_by_day(kind).then(|| of_period.anomalies.get(kind).copied().unwrap_or(0));
            rows.push(row(format!("anomaly_{kind}"), self.anomaly_words(kind), n, *all));
        }
        let ever = self.engine.quality_of((Day::FIRST, Day::END), None);
        for (kind, all) in &ever.incidents {
            let of = self.coded(quality_words::incident(kind), kind);
            let heading = format!("{} {of}", self.say("Incident:", "Incident:"));
            let n = of_period.incidents.get(kind).copied().unwrap_or(0);
            rows.push(known(&format!("incident_{kind}"), heading, n, *all));
        }
        if ever.lost > 0 {
            let heading = self.say(
                "Händelser som raderades innan de hann läsas",
                "Events that were deleted before they were read",
            );
            rows.push(known("lost", heading, of_period.lost, ever.lost));
        }
        let columns = vec![
            Column::new("count", self.say("I perioden", "In the period")),
            Column::new("since", self.say("Sedan huvudboken började", "Since the ledger began")),
        ];
        (rows, columns)
    }

    /// Of one department, what says whose it is.
    fn own_quality(&self, of_period: &DayQuality) -> (Vec<Row>, Vec<Column>) {
        let row =
            |id: String, heading: String, n: i64| Row { id, heading, cells: vec![Cell::Count(n)] };
        let mut rows = vec![
            row("repeats".to_owned(), self.repeats_words(), of_period.repeats),
            row("late".to_owned(), self.late_words(), of_period.late),
        ];
        rows.extend(
            of_period
                .anomalies
                .iter()
                .map(|(kind, n)| row(format!("anomaly_{kind}"), self.anomaly_words(kind), *n)),
        );
        (rows, vec![Column::new("count", self.say("I perioden", "In the period"))])
    }

    /// The departments side by side; `None` when nothing says whose it is.
    pub(in crate::report) fn quality_by_department(&self) -> Option<Table> {
        let days = self.order.period.span();
        let mut rows: Vec<Row> = self
            .engine
            .quality_departments(days)
            .into_iter()
            .map(|at| (at, self.engine.quality_of(days, Some(at))))
            .map(|(at, of)| (at, of.repeats, of.late, of.anomalies.values().sum::<i64>()))
            .filter(|(_, repeats, late, anomalies)| *repeats + *late + *anomalies > 0)
            .map(|(at, repeats, late, anomalies)| Row {
                id: self.slug(at).to_owned(),
                heading: self.engine.display_name(self.slug(at)).to_owned(),
                cells: [repeats, late, anomalies].map(Cell::Count).to_vec(),
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        (!rows.is_empty()).then(|| Table {
            id: "quality_departments",
            heading: self.say(
                "Uppgifternas kvalitet per förvaltning",
                "Quality of the data by department",
            ),
            rows_are: self.say("Förvaltning", "Department"),
            columns: vec![
                Column::new("repeats", self.repeats_words()),
                Column::new("late", self.late_words()),
                Column::new("anomalies", self.say("Avvikelser", "Anomalies")),
            ],
            rows,
            notes: vec![self.say(
                "I perioden. Det som inte säger vilken förvaltning det gäller är ingen förvaltnings.",
                "In the period. What does not say whose it is belongs to no department.",
            )],
            drawing: Drawing::Nothing,
        })
    }

    fn repeats_words(&self) -> String {
        self.say("Upprepade", "Repeated")
    }

    fn late_words(&self) -> String {
        self.say("För sena, ej räknade", "Too late, not counted")
    }

    fn anomaly_words(&self, kind: &str) -> String {
        let of = self.coded(quality_words::anomaly(kind), kind);
        format!("{} {of}", self.say("Avvikelse:", "Anomaly:"))
    }

    /// Its words, or the code where there are none.
    fn coded(&self, words: Option<quality_words::Words>, code: &str) -> String {
        words.map_or_else(|| code.to_owned(), |(swedish, english)| self.say(swedish, english))
    }
}
