//! What is known of the quality of the data.

use super::super::sheet::Sheet;
use super::super::table::{Cell, Column, Drawing, Row, Table};

impl Sheet<'_> {
    /// What was counted beside the figures, since the ledger began.
    pub(in crate::report) fn quality_table(&self) -> Table {
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
                "Räknat sedan huvudboken började, inte för perioden: det sparas inte per dag.",
                "Counted since the ledger began, not for the period: it is not kept by day.",
            )],
            drawing: Drawing::Nothing,
        }
    }
}
