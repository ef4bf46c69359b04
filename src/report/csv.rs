//! A report as comma-separated values (RFC 4180): one value a line, so that tables of all shapes
//! stand in one file and none has to be taken apart. Every line tells of which edition it is and by
//! which rules and definitions it was counted, since lines are copied into other tables.

use std::io;

use super::table::{Cell, Report};

/// The first line.
const COLUMNS: &str = "period,department,table,row,column,value,unit,text,edition,rules_version,\
     definitions_version";

impl Report {
    /// Writes the report: dot decimals, no thousands, an empty value where there is none, and an empty
    /// edition for a report that is not published.
    ///
    /// # Errors
    ///
    /// Whatever the output says.
    pub fn write_csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        write!(out, "{COLUMNS}\r\n")?;
        let department = self.department.as_deref().unwrap_or("");
        let edition = self.edition.map(|number| number.to_string()).unwrap_or_default();
        let [rules, definitions] =
            [self.rules_version, self.definitions_version].map(|version| version.to_string());
        for table in &self.tables {
            for row in &table.rows {
                for (column, cell) in table.columns.iter().zip(&row.cells) {
                    let value = cell.value().map(|value| value.to_string()).unwrap_or_default();
                    let text = match cell {
                        Cell::Hidden => "hidden".to_owned(),
                        Cell::Text(text) => harmless(text),
                        Cell::Interval(low, high) => {
                            format!("{:.1}-{:.1}", 100.0 * low, 100.0 * high)
                        }
                        Cell::None
                        | Cell::Count(_)
                        | Cell::Tenths(_)
                        | Cell::Points(_)
                        | Cell::Share(..)
                        | Cell::Wait(_) => String::new(),
                    };
                    let fields = [
                        &self.period,
                        department,
                        table.id,
                        &row.id,
                        &column.id,
                        &value,
                        cell.unit(),
                        &text,
                        &edition,
                        &rules,
                        &definitions,
                    ];
                    write!(out, "{}\r\n", fields.map(quoted).join(","))?;
                }
            }
        }
        Ok(())
    }
}

/// What somebody wrote is no formula to a spreadsheet: a leading `=`, `+`, `-` or `@` gets an
/// apostrophe.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() }
}

/// Quoted where the standard asks for it.
fn quoted(field: &str) -> String {
    match field.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
