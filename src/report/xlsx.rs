//! A report as a workbook: a sheet for each table, numbers as numbers, so that Excel shows them in
//! its reader's own form (decimal comma in Sweden).

use std::collections::BTreeSet;

use rust_xlsxwriter::{
    ConditionalFormat2ColorScale, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook,
    Worksheet, XlsxError,
};

use super::number::Precision;
use super::table::{Cell, Drawing, Language, Report, Table};

/// Excel's bound on a sheet's name.
const SHEET_NAME_MAX: usize = 31;
const FIRST_WIDTH: f64 = 34.0;
/// Of the narrowest and the widest column, in characters.
const WIDTHS: (usize, usize) = (9, 60);
/// Characters that a note has at least beside each other.
const NOTE_WIDTH: f64 = 90.0;
/// Of a column that nobody set, in characters.
const UNSET_WIDTH: f64 = 8.43;
/// Of one line, in points.
const LINE_HEIGHT: f64 = 15.0;
const PROSE_WIDTH: f64 = 110.0;

/// How each kind of value is shown.
struct Formats {
    heading: Format,
    title: Format,
    note: Format,
    row: Format,
    number_heading: Format,
    long_heading: Format,
    long_text: Format,
    prose: Format,
    left: Format,
    text: Format,
    count: Format,
    tenths: Format,
    points: Format,
    percent: Format,
    percent_tenths: Format,
    wait: Format,
}

impl Formats {
    fn new(language: Language) -> Formats {
        let number =
            |format: &str| Format::new().set_num_format(format).set_align(FormatAlign::Top);
        // Excel puts the reader's own decimal comma and thousands in; the space before the percent
        // sign is Swedish and has to be written.
        let space = language.pick("\"\u{a0}\"", "");
        Formats {
            heading: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            title: Format::new().set_bold().set_font_size(14),
            number_heading: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_align(FormatAlign::Right),
            long_heading: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_indent(1),
            long_text: Format::new().set_text_wrap().set_align(FormatAlign::Top).set_indent(1),
            note: Format::new().set_italic().set_text_wrap().set_align(FormatAlign::Top),
            row: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
            prose: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            left: Format::new().set_align(FormatAlign::Left),
            text: Format::new().set_align(FormatAlign::Right).set_align(FormatAlign::Top),
            count: number("#,##0"),
            tenths: number("#,##0.0"),
            points: number("+0.0;\"\u{2212}\"0.0;\"±\"0.0"),
            percent: number(&format!("0{space}%")),
            percent_tenths: number(&format!("0.0{space}%")),
            wait: number("[m]:ss"),
        }
    }
}

impl Report {
    /// The report as the bytes of an XLSX workbook: what it says on the first sheet, and then a sheet
    /// for each table. The same report gives the same bytes.
    ///
    /// # Errors
    ///
    /// What the library cannot write, such as more rows than a sheet can have.
    pub fn to_xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let language = self.language.parse().unwrap_or_default();
        let formats = Formats::new(language);
        let mut workbook = Workbook::new();
        // The moment of writing would make every copy another one.
        let written = ExcelDateTime::parse_from_str(&self.until)?;
        workbook.set_properties(
            &DocProperties::new().set_title(&self.title).set_creation_datetime(&written),
        );
        let mut names = BTreeSet::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name(sheet_name(language.pick("Sammanfattning", "Summary"), &mut names))?;
        self.write_summary(sheet, language, &formats)?;
        for table in &self.tables {
            let sheet = workbook.add_worksheet();
            sheet.set_name(sheet_name(&table.heading, &mut names))?;
            self.write_table(sheet, table, language, &formats)?;
        }
        workbook.save_to_buffer()
    }

    /// What the report says in words, and what its figures mean.
    fn write_summary(
        &self,
        sheet: &mut Worksheet,
        language: Language,
        formats: &Formats,
    ) -> Result<(), XlsxError> {
        sheet.write_with_format(0, 0, &self.title, &formats.title)?;
        sheet.write(1, 0, format!("{} – {}", self.from, self.until))?;
        sheet.set_column_width(0, FIRST_WIDTH)?;
        sheet.set_column_width(1, PROSE_WIDTH)?;
        let mut line = 3;
        for sentence in &self.sentences {
            sheet.merge_range(line, 0, line, 1, sentence, &formats.prose)?;
            sheet.set_row_height(line, height(sentence, FIRST_WIDTH + PROSE_WIDTH))?;
            line += 1;
        }
        line += 1;
        let heading = language.pick("Definitioner", "Definitions");
        sheet.write_with_format(line, 0, heading, &formats.heading)?;
        for (id, definition) in &self.definitions {
            line += 1;
            sheet.write_with_format(line, 0, id, &formats.row)?;
            sheet.write_with_format(line, 1, definition, &formats.prose)?;
            sheet.set_row_height(line, height(definition, PROSE_WIDTH))?;
        }
        let versions = [
            (language.pick("Regelversion", "Rules version"), self.rules_version),
            (language.pick("Definitionsversion", "Definitions version"), self.definitions_version),
        ];
        line += 2;
        sheet.merge_range(line, 0, line, 1, &self.edition_words(), &formats.prose)?;
        for (name, version) in versions {
            line += 1;
            sheet.write_with_format(line, 0, name, &formats.row)?;
            sheet.write_with_format(line, 1, version, &formats.left)?;
        }
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        Ok(())
    }

    fn write_table(
        &self,
        sheet: &mut Worksheet,
        table: &Table,
        language: Language,
        formats: &Formats,
    ) -> Result<(), XlsxError> {
        sheet.write_with_format(0, 0, &self.title, &formats.title)?;
        sheet.write(1, 0, &table.heading)?;
        sheet.write_with_format(3, 0, &table.rows_are, &formats.heading)?;
        let widths = widths(table, language);
        for (at, width) in (0..).zip(&widths) {
            sheet.set_column_width(at, *width)?;
        }
        let mut highest = height(&table.rows_are, widths[0]);
        for (at, column) in (1..).zip(&table.columns) {
            let format = match table.is_prose(usize::from(at) - 1) {
                true => &formats.long_heading,
                false => &formats.number_heading,
            };
            sheet.write_with_format(3, at, &column.heading, format)?;
            highest = highest.max(height(&column.heading, widths[usize::from(at)]));
        }
        sheet.set_row_height(3, highest)?;
        sheet.set_freeze_panes(4, 1)?;
        let mut line = 4;
        for row in &table.rows {
            sheet.write_with_format(line, 0, &row.heading, &formats.row)?;
            let mut highest = height(&row.heading, widths[0]);
            for (at, cell) in (1..).zip(&row.cells) {
                if let (Cell::Text(text), true) = (cell, table.is_prose(usize::from(at) - 1)) {
                    sheet.write_with_format(line, at, text, &formats.long_text)?;
                    highest = highest.max(height(text, widths[usize::from(at)]));
                } else {
                    write(sheet, (line, at), cell, language, formats)?;
                }
            }
            sheet.set_row_height(line, highest)?;
            line += 1;
        }
        let last_column = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
        if table.drawing == Drawing::Heat && line > 4 {
            let shades = ConditionalFormat2ColorScale::new()
                .set_minimum_color("FFFFFF")
                .set_maximum_color("4F94C0");
            sheet.add_conditional_format(4, 1, line - 1, last_column, &shades)?;
        }
        // Over as many columns as a line of prose needs, so that the print is no wider than the table.
        let (mut until, mut width) = (0, widths[0]);
        while until == 0 || width < NOTE_WIDTH {
            until += 1;
            width += widths.get(usize::from(until)).copied().unwrap_or(UNSET_WIDTH);
        }
        for note in &table.notes {
            line += 1;
            sheet.merge_range(line, 0, line, until, note, &formats.note)?;
            sheet.set_row_height(line, height(note, width))?;
        }
        sheet.set_repeat_rows(3, 3)?;
        sheet.set_landscape().set_print_fit_to_pages(1, 0);
        Ok(())
    }
}

/// How wide each column has to be, the rows' headings first: as its widest value, or as a heading that
/// is broken between words.
fn widths(table: &Table, language: Language) -> Vec<f64> {
    let length = |text: &str| text.chars().count();
    let word = |text: &str| text.split_whitespace().map(length).max().unwrap_or(0);
    let bounded = |width: usize| (width + 2).clamp(WIDTHS.0, WIDTHS.1) as f64;
    let first = table.rows.iter().map(|row| length(&row.heading)).max().unwrap_or(0);
    let first = bounded(first.max(word(&table.rows_are)).min(FIRST_WIDTH as usize));
    let columns = table.columns.iter().enumerate().map(|(at, column)| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(at));
        let widest = cells.map(|cell| length(&cell.shown(language))).max().unwrap_or(0);
        bounded(widest.max(word(&column.heading)).max(length(&column.heading).div_ceil(3)))
    });
    std::iter::once(first).chain(columns).collect()
}

/// How high a row has to be for a text that is broken between words.
fn height(text: &str, width: f64) -> f64 {
    let most = (width as usize).max(1);
    let (mut lines, mut used) = (1, 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > most {
            (lines, used) = (lines + 1, length);
        } else {
            used += length + usize::from(used > 0);
        }
    }
    f64::from(lines) * LINE_HEIGHT
}

/// A heading as the name of a sheet: within Excel's bound, without what it forbids, and no other's.
fn sheet_name(heading: &str, names: &mut BTreeSet<String>) -> String {
    let allowed: String = heading.replace(['[', ']', ':', '*', '?', '/', '\\', '\''], "");
    let cut = |most: usize| allowed.chars().take(most).collect::<String>();
    let mut name = cut(SHEET_NAME_MAX);
    let mut number = 2;
    // Excel takes capitals and small letters for the same.
    while !names.insert(name.to_lowercase()) {
        name = format!("{} {number}", cut(SHEET_NAME_MAX - 4));
        number += 1;
    }
    name
}

/// Percent as a part of one, without the dust of a division twice.
fn of_one(percent: f64) -> f64 {
    (percent * 10.0).round() / 1_000.0
}

fn write(
    sheet: &mut Worksheet,
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
        Cell::Tenths(_) => (cell.value(), &formats.tenths),
        Cell::Points(_) => (cell.value(), &formats.points),
        // Excel's own percent are parts of one, its times parts of a day.
        Cell::Share(_, _, Precision::Whole) => (cell.value().map(of_one), &formats.percent),
        Cell::Share(..) => (cell.value().map(of_one), &formats.percent_tenths),
        Cell::Wait(_) => (cell.value().map(|v| v / 86_400.0), &formats.wait),
    };
    if let Some(value) = value {
        sheet.write_with_format(line, at, value, format)?;
    }
    Ok(())
}
