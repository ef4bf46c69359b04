//! A report as a workbook: a sheet for each table, numbers as numbers, so that Excel shows them in
//! its reader's own form (decimal comma in Sweden).

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

use super::number::Precision;
use super::table::{Cell, Language, Report};

/// Excel's bound on a sheet's name.
const SHEET_NAME_MAX: usize = 31;
const FIRST_WIDTH: f64 = 34.0;
const WIDTH: f64 = 16.0;

/// How each kind of value is shown.
struct Formats {
    heading: Format,
    title: Format,
    note: Format,
    row: Format,
    text: Format,
    count: Format,
    tenths: Format,
    percent: Format,
    percent_tenths: Format,
    wait: Format,
}

impl Formats {
    fn new() -> Formats {
        let number = |format: &str| Format::new().set_num_format(format);
        Formats {
            heading: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            title: Format::new().set_bold().set_font_size(14),
            note: Format::new().set_italic(),
            row: Format::new().set_bold(),
            text: Format::new().set_align(FormatAlign::Right),
            count: number("#,##0"),
            tenths: number("#,##0.0"),
            percent: number("0%"),
            percent_tenths: number("0.0%"),
            wait: number("[m]:ss"),
        }
    }
}

impl Report {
    /// The report as the bytes of an XLSX workbook; the same report gives the same bytes.
    ///
    /// # Errors
    ///
    /// What the library cannot write, such as more rows than a sheet can have.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let formats = Formats::new();
        let language = self.language.parse().unwrap_or_default();
        let mut workbook = Workbook::new();
        // The moment of writing would make every copy another one.
        let written = ExcelDateTime::parse_from_str(&self.until)?;
        workbook.set_properties(
            &DocProperties::new().set_title(&self.title).set_creation_datetime(&written),
        );
        for table in &self.tables {
            let sheet = workbook.add_worksheet();
            sheet.set_name(
                table
                    .heading
                    .replace([':', '/'], "")
                    .chars()
                    .take(SHEET_NAME_MAX)
                    .collect::<String>(),
            )?;
            sheet.write_with_format(0, 0, &self.title, &formats.title)?;
            sheet.write(1, 0, &table.heading)?;
            if self.edition.is_some() {
                sheet.write_with_format(2, 0, self.edition_words(), &formats.note)?;
            }
            sheet.write_with_format(3, 0, &table.rows_are, &formats.heading)?;
            sheet.set_column_width(0, FIRST_WIDTH)?;
            for (at, column) in (1..).zip(&table.columns) {
                sheet.write_with_format(3, at, &column.heading, &formats.heading)?;
                sheet.set_column_width(at, WIDTH)?;
            }
            sheet.set_freeze_panes(4, 1)?;
            let mut line = 4;
            for row in &table.rows {
                sheet.write_with_format(line, 0, &row.heading, &formats.row)?;
                for (at, cell) in (1..).zip(&row.cells) {
                    write(sheet, (line, at), cell, language, &formats)?;
                }
                line += 1;
            }
            for note in &table.notes {
                line += 1;
                sheet.write_with_format(line, 0, note, &formats.note)?;
            }
            sheet.set_landscape().set_print_fit_to_pages(1, 0);
        }
        workbook.save_to_buffer()
    }
}

fn write(
    sheet: &mut rust_xlsxwriter::Worksheet,
    (line, at): (u32, u16),
    cell: &Cell,
    language: Language,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let (value, format) = match cell {
        Cell::None => return Ok(()),
        Cell::Hidden | Cell::Text(_) | Cell::Interval(..) => {
            let text = cell.shown(language);
            sheet.write_with_format(line, at, text, &formats.text)?;
            return Ok(());
        }
        Cell::Count(_) => (cell.value(), &formats.count),
        Cell::Tenths(_) | Cell::Points(_) => (cell.value(), &formats.tenths),
        // Excel's own percent are parts of one, its times parts of a day.
        Cell::Share(_, _, Precision::Whole) => (cell.value().map(|v| v / 100.0), &formats.percent),
        Cell::Share(..) => (cell.value().map(|v| v / 100.0), &formats.percent_tenths),
        Cell::Wait(_) => (cell.value().map(|v| v / 86_400.0), &formats.wait),
    };
    if let Some(value) = value {
        sheet.write_with_format(line, at, value, format)?;
    }
    Ok(())
}
