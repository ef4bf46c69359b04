"""Reads the same report in every format, each by a reader of that format alone, and finds the numbers
equal: CSV by the csv module, JSON, HTML by the html parser, XLSX by openpyxl with its number formats.

    python3 read_back.py FOLDER     every NAME.json in it with NAME.csv, NAME.html and NAME.xlsx
"""

import csv
import datetime
import html.parser
import json
import pathlib
import sys

import openpyxl

SPACE = "\u00a0"


def from_json(document):
    """Numbers by (table, row, column)."""
    return {
        (table["id"], row["id"], column["id"]): float(cell)
        for table in document["tables"]
        for row in table["rows"]
        for column, cell in zip(table["columns"], row["cells"], strict=True)
        if isinstance(cell, (int, float)) and not isinstance(cell, bool)
    }


def from_csv(path):
    """Numbers and their units."""
    text = path.read_bytes().decode("utf-8")
    # RFC 4180: CRLF ends every record, and no other line end is in the text.
    assert text.endswith("\r\n") and text.count("\r\n") == text.count("\n"), path
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    numbers, units = {}, {}
    for record in reader:
        assert None not in record and None not in record.values(), record
        if record["value"]:
            place = (record["table"], record["row"], record["column"])
            assert place not in numbers, place
            numbers[place] = float(record["value"])
            units[place] = record["unit"]
    return numbers, units


class Page(html.parser.HTMLParser):
    """The body cells of every table, by the heading's id."""

    def __init__(self):
        super().__init__()
        self.tables, self.heading, self.cell, self.is_body = {}, None, None, False

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "h2":
            self.heading = attributes["id"]
        elif tag == "tbody":
            self.is_body = True
            self.tables[self.heading] = []
        elif tag == "tr" and self.is_body:
            self.tables[self.heading].append([])
        elif tag == "td":
            self.cell = ["", attributes["class"]]
            self.tables[self.heading][-1].append(self.cell)

    def handle_data(self, data):
        if self.cell is not None:
            self.cell[0] += data

    def handle_endtag(self, tag):
        if tag == "td":
            self.cell = None
        elif tag == "tbody":
            self.is_body = False


def shown(text, language):
    """A number as people read it; None for words, ranges and nothing."""
    bare = text.replace(SPACE, "").removesuffix("%")
    point = "," if language == "sv" else "."
    try:
        if ":" in bare:
            value = 0.0
            for part in bare.split(":"):
                value = 60 * value + float(part)
            return value
        return float(bare.lstrip("±+").replace("−", "-").replace(point, "."))
    except ValueError:
        return None


def by_place(document, cells):
    """Cells that stand in the order of the document's tables, rows and columns."""
    for table in document["tables"]:
        rows = cells(table)
        assert len(rows) == len(table["rows"]), table["id"]
        for row, line in zip(table["rows"], rows):
            assert len(line) == len(table["columns"]), (table["id"], row["id"])
            for column, cell in zip(table["columns"], line):
                yield (table["id"], row["id"], column["id"]), cell


def from_html(path, document):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    assert list(page.tables) == [table["id"] for table in document["tables"]]
    numbers = {}
    for place, (text, kind) in by_place(document, lambda table: page.tables[table["id"]]):
        number = None if "words" in kind else shown(text, document["language"])
        if number is not None:
            numbers[place] = number
    return numbers


def formats(unit, precision, language):
    """How Excel is told to show a number: the reader's own signs stand for its comma and point."""
    space = f'"{SPACE}"' if language == "sv" else ""
    return {
        "count": "#,##0",
        "mean": "#,##0.0",
        "percentage_points": '+0.0;"\u2212"0.0;"±"0.0',
        "percent": f"{precision}{space}%",
        "seconds": "[m]:ss",
    }[unit]


def from_xlsx(path, document, units):
    book = openpyxl.load_workbook(path)
    # What the report says comes before its tables.
    sheets = dict(zip((table["id"] for table in document["tables"]), book.worksheets[1:], strict=True))
    assert book.worksheets[0]["A1"].value == document["title"]
    said = [cell.value for cell in book.worksheets[0]["A"]]
    assert all(sentence in said for sentence in document["sentences"]), said
    precision = "0" if document["audience"] == "public" else "0.0"

    def cells(table):
        last = 4 + len(table["rows"])
        width = 1 + len(table["columns"])
        return list(sheets[table["id"]].iter_rows(5, last, 2, width))

    numbers = {}
    for place, cell in by_place(document, cells):
        value = cell.value
        if value is None or isinstance(value, str):
            continue
        unit = units[place]
        wanted = formats(unit, precision, document["language"])
        assert cell.number_format == wanted, (place, cell.number_format, wanted)
        if unit == "seconds":
            # Excel's lengths are parts of a day; openpyxl gives some as times.
            if isinstance(value, datetime.time):
                value = datetime.timedelta(
                    hours=value.hour, minutes=value.minute, seconds=value.second,
                    microseconds=value.microsecond,
                )
            if isinstance(value, datetime.timedelta):
                value = value.total_seconds() / 86_400
            number = round(value * 86_400)
        elif unit == "percent":
            number = round(value * 1_000) / 10
        else:
            number = float(value)
        numbers[place] = number
    return numbers


def same(found, told, what):
    for place in sorted(found.keys() | told.keys()):
        if found.get(place) != told.get(place):
            sys.exit(f"{what}: {place} is {found.get(place)}, not {told.get(place)}")


def main():
    reports = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    assert reports, "no report"
    for path in reports:
        document = json.loads(path.read_text(encoding="utf-8"))
        told = from_json(document)
        numbers, units = from_csv(path.with_suffix(".csv"))
        same(numbers, told, f"{path.stem}.csv")
        same(from_html(path.with_suffix(".html"), document), told, f"{path.stem}.html")
        same(from_xlsx(path.with_suffix(".xlsx"), document, units), told, f"{path.stem}.xlsx")
        print(f"{path.stem}: {len(told)} numbers, equal in four formats")


if __name__ == "__main__":
    main()
