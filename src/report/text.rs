//! A document as CSV (RFC 4180, comma, dot decimals) and as a table for a terminal.

use std::io;

use super::document::{Document, Row, WaitSeconds};

const COLUMNS: [&str; 32] = [
    "from",
    "until",
    "department",
    "place",
    "queue",
    "offered",
    "outside_hours",
    "closed",
    "rejected_full",
    "rejected_no_agent",
    "rejected_diverted",
    "queued",
    "answered",
    "abandoned",
    "short_abandoned",
    "timed_out",
    "left_empty",
    "key_exit",
    "withdrawn",
    "callback",
    "overflowed",
    "lost_by_restart",
    "lost_track",
    "waiting",
    "answered_within_15",
    "answered_within_300",
    "wait_seconds_sum",
    "wait_seconds_p90",
    "wait_seconds_max",
    "talk_seconds_sum",
    "transferred",
    "ring_no_answer",
];

impl Document {
    /// Writes the rows, one a line, under a line of column names.
    ///
    /// # Errors
    ///
    /// Whatever the output says.
    pub fn write_csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "{}\r", COLUMNS.join(","))?;
        for row in &self.rows {
            let counts = [
                row.offered,
                row.outside_hours,
                row.closed,
                row.rejected.full,
                row.rejected.no_agent,
                row.rejected.diverted,
                row.queued,
                row.answered,
                row.abandoned,
                row.short_abandoned,
                row.timed_out,
                row.left_empty,
                row.key_exit,
                row.withdrawn,
                row.callback,
                row.overflowed,
                row.lost_by_restart,
                row.lost_track,
                row.waiting,
                within(row, "15"),
                within(row, "300"),
            ];
            let mut cells = vec![
                row.from.clone().unwrap_or_default(),
                row.until.clone().unwrap_or_default(),
                quoted(&row.department),
                row.place.to_owned(),
                row.queue.as_deref().map(quoted).unwrap_or_default(),
            ];
            cells.extend(counts.iter().map(i64::to_string));
            let WaitSeconds { sum, p90, max, .. } = row.wait_seconds;
            cells.push(sum.to_string());
            cells.push(p90.map(|at| at.to_string()).unwrap_or_default());
            cells.push(max.map(|at| at.to_string()).unwrap_or_default());
            cells.push(row.talk_seconds_sum.to_string());
            cells.push(row.transferred.to_string());
            cells.push(row.ring_no_answer.to_string());
            writeln!(out, "{}\r", cells.join(","))?;
        }
        Ok(())
    }

    /// Writes the totals, the goals and what is odd about the data, for reading.
    ///
    /// # Errors
    ///
    /// Whatever the output says.
    pub fn write_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let head = [
            "department",
            "place",
            "offered",
            "answered",
            "abandoned",
            "short",
            "other",
            "waiting",
            "p50 s",
            "p90 s",
            "max s",
        ];
        let seconds = |at: Option<f64>| at.map_or("–".to_owned(), |at| format!("{at:.0}"));
        let mut lines = vec![head.map(str::to_owned).to_vec()];
        for row in &self.totals {
            let other = row.offered - row.answered - row.abandoned - row.waiting;
            lines.push(vec![
                row.department.clone(),
                row.queue.clone().unwrap_or_else(|| row.place.to_owned()),
                row.offered.to_string(),
                row.answered.to_string(),
                row.abandoned.to_string(),
                row.short_abandoned.to_string(),
                other.to_string(),
                row.waiting.to_string(),
                seconds(row.wait_seconds.p50),
                seconds(row.wait_seconds.p90),
                seconds(row.wait_seconds.max),
            ]);
        }
        aligned(out, &lines, 2)?;
        writeln!(out)?;
        let mut lines = vec![
            ["goal", "department", "met", "of", "percent", "target", "verdict"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for goal in &self.goals {
            let percent = if goal.of > 0 {
                format!("{:.1}", (goal.met as f64 * 1_000.0 / goal.of as f64).floor() / 10.0)
            } else {
                "–".to_owned()
            };
            let sign = if goal.direction == "at_most" { "≤" } else { "≥" };
            lines.push(vec![
                goal.id.to_owned(),
                goal.department.clone().unwrap_or_else(|| "(all)".to_owned()),
                goal.met.to_string(),
                goal.of.to_string(),
                percent,
                goal.target_percent.map_or("–".to_owned(), |target| format!("{sign} {target}")),
                goal.verdict.to_owned(),
            ]);
        }
        aligned(out, &lines, 2)?;
        let quality = self.quality();
        writeln!(out)?;
        writeln!(
            out,
            "{} events, {} repeats, {} late, {} set aside, {} contacts open",
            quality.events, quality.repeats, quality.late, quality.set_aside, quality.open_contacts
        )?;
        for (what, counts) in [("rejected", &quality.rejects), ("anomaly", &quality.anomalies)] {
            for (name, n) in counts {
                writeln!(out, "{what} {name}: {n}")?;
            }
        }
        Ok(())
    }
}

fn within(row: &Row, bound: &str) -> i64 {
    row.answered_within.get(bound).and_then(serde_json::Value::as_i64).unwrap_or(0)
}

/// Quoted where RFC 4180 asks for it. A leading `=`, `+`, `-` or `@` would be a formula to a
/// spreadsheet, so it gets an apostrophe.
fn quoted(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.into() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Columns as wide as their widest cell; the first `left` to the left, the others to the right.
fn aligned(out: &mut dyn io::Write, lines: &[Vec<String>], left: usize) -> io::Result<()> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|c| c.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for line in lines {
        let cells: Vec<String> =
            line.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| {
                    if column < left {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
