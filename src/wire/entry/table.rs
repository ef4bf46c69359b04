//! A table of what is entered (RFC 4180): a first row with the names of the fields, then one thing a
//! row. Spreadsheets that write decimal commas separate by semicolons; both are read.

use std::collections::BTreeMap;

use super::{Circumstances, Entered, Field, event};
use crate::wire::event::Text;
use crate::wire::told::Telling;

/// Bytes of a table.
pub const LARGEST: usize = 8 << 20;
/// Rows of a table.
const ROWS: usize = 10_000;

/// One row, and the line that it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// What it tells.
    pub entered: Entered,
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Column {
    Kind,
    Field(Field),
}

/// Reads a whole table.
///
/// # Errors
///
/// Every fault of every row, each with the number of its line.
pub fn read(bytes: &[u8], at: &Circumstances<'_>) -> Result<Vec<Line>, Vec<String>> {
    if bytes.len() > LARGEST {
        let size = bytes.len();
        return Err(vec![format!("has {size} bytes; cut it into tables of {LARGEST} at most")]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        vec![format!("line {line}: is no UTF-8; save the table as \"CSV UTF-8\"")]
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    let mut slots: BTreeMap<Vec<String>, (u64, String)> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            // All of it is UTF-8, rows may have any length, and text in memory is always read.
            Err(error) => return Err(vec![error.to_string()]),
        };
        // A record begins behind the one before: blank lines are skipped from there.
        let start = record.position().map_or(0, |at| at.byte() as usize).min(text.len());
        let blank = text.as_bytes()[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n'));
        let number =
            1 + text.as_bytes()[..start + blank.count()].iter().filter(|b| **b == b'\n').count()
                as u64;
        let cells: Vec<&str> = record.iter().map(str::trim).collect();
        let Some(columns) = &columns else {
            match header(&cells) {
                Ok(found) => columns = Some(found),
                Err(found) => {
                    return Err(found
                        .iter()
                        .map(|fault| format!("line {number}: {fault}"))
                        .collect());
                }
            }
            continue;
        };
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        if lines.len() >= ROWS {
            faults.push(format!("line {number}: is beyond {ROWS} rows; cut the table up"));
            break;
        }
        let found = row(columns, &cells, at).and_then(|entered| {
            let id = entered.event.id.as_str().to_owned();
            match slots.insert(slot(&entered), (number, id.clone())) {
                Some((other, before)) if before != id => Err(vec![format!(
                    "says of the same thing something else than line {other}; leave one of them out"
                )]),
                Some(_) | None => Ok(entered),
            }
        });
        match found {
            Ok(entered) => lines.push(Line { number, entered }),
            Err(found) => {
                faults.extend(found.iter().map(|fault| format!("line {number}: {fault}")));
            }
        }
    }
    if faults.is_empty() && lines.is_empty() {
        faults.push("has no row to enter below its first one".to_owned());
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

fn header(cells: &[&str]) -> Result<Vec<Column>, Vec<String>> {
    let (mut columns, mut faults) = (Vec::new(), Vec::new());
    for (at, cell) in cells.iter().enumerate() {
        let name = cell.to_lowercase();
        if cells[..at].iter().any(|before| before.to_lowercase() == name) {
            faults.push(format!("there are two columns \"{cell}\""));
        }
        match Field::ALL.into_iter().find(|field| field.name() == name) {
            Some(field) => columns.push(Column::Field(field)),
            None if name == "type" => columns.push(Column::Kind),
            None => {
                let known = Field::ALL.map(Field::name).join(", ");
                faults.push(format!("unknown column \"{cell}\"; there are type, {known}"));
            }
        }
    }
    if !columns.iter().any(|column| matches!(column, Column::Kind)) && faults.is_empty() {
        let why = "the column type is missing; the first row holds the names of the columns";
        faults.push(why.to_owned());
    }
    if faults.is_empty() { Ok(columns) } else { Err(faults) }
}

fn row(columns: &[Column], cells: &[&str], at: &Circumstances<'_>) -> Result<Entered, Vec<String>> {
    if cells.len() != columns.len() {
        let (has, needs) = (cells.len(), columns.len());
        let quote = "put what holds a separator in quotes";
        return Err(vec![format!("has {has} fields and the first row {needs}; {quote}")]);
    }
    let mut kind = "";
    let mut fields = Vec::new();
    for (column, cell) in columns.iter().zip(cells) {
        match column {
            Column::Kind => kind = cell,
            Column::Field(field) if !cell.is_empty() => fields.push((*field, *cell)),
            Column::Field(_) => {}
        }
    }
    let telling = Telling::ALL.into_iter().find(|one| one.name() == kind || one.kind() == kind);
    let telling = telling.ok_or_else(|| {
        let known = Telling::ALL.map(Telling::name).join(", ");
        vec![format!("type \"{kind}\" is unknown; take {known}")]
    })?;
    event(telling, &fields, at)
}

/// What stands for where it is kept: two rows of one must say the same.
fn slot(entered: &Entered) -> Vec<String> {
    let event = &entered.event;
    let text = |field: &Option<Text<'_>>| field.as_ref().map_or("", Text::as_str).to_owned();
    let scale = event.scale.as_ref().map_or("share", Text::as_str).to_owned();
    let mut slot = vec![event.kind.as_str().to_owned(), scale];
    slot.extend(
        [
            &event.measure,
            &event.evaluator,
            &event.channel,
            &event.goal,
            &event.department,
            &event.period,
        ]
        .map(text),
    );
    slot
}
