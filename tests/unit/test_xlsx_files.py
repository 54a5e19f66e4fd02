"""An XLSX file holds what was given, of the kind that it is: read back by a library that is not ours, and as XML."""

import ast
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

import broadcast
from broadcast.xlsx_files import LONGEST_TEXT, XlsxWriter, xlsx

AT = datetime(2026, 3, 1, 8, 0, 30, tzinfo=UTC)


def hanoi() -> ZoneInfo:
    return ZoneInfo("Asia/Ho_Chi_Minh")


def written(folder: Path, *rows: Sequence[object], columns: Sequence[str] = ("a",)) -> bytes:
    sink = io.BytesIO()
    with xlsx(sink, folder, "rows", columns, hanoi) as sheet:
        for row in rows:
            sheet.row(row)
    assert list(folder.iterdir()) == []  # what lay beside is gone
    return sink.getvalue()


def read(content: bytes) -> list[list[Any]]:
    """Every sheet's cells, heads among them."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets]


def test_a_cell_is_of_its_kind(tmp_path: Path) -> None:
    row = ("84912345678", 12, 1.5, Decimal("120.50"), True, AT, None, "", 10**15, -(10**14))
    content = written(tmp_path, row, columns="abcdefghij")
    ((head, cells),) = read(content)
    assert head == list("abcdefghij")
    local = AT.astimezone(hanoi()).replace(tzinfo=None)
    assert cells == ["84912345678", 12, 1.5, 120.5, True, local, None, None, str(10**15), -(10**14)]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [sheet.cell(2, column).data_type for column in range(1, 7)] == ["s", "n", "n", "n", "b", "d"]
    assert sheet.cell(2, 6).number_format == 'yyyy-mm-dd hh:mm:ss" +07:00"'
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:J2")


FORMULAS = (
    "=1+1",
    '=HYPERLINK("http://a.example")',
    "+84",
    "-1",
    "@SUM(1)",
    "http://a.example",
    "{=1}",
    "007",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    content = written(tmp_path, [text], columns=[text])
    assert read(content) == [[[text], [text]]]
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        xml = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in xml and "hyperlink" not in xml
        assert xml.count('t="inlineStr"') == 2


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_whatever_people_wrote_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Carriage returns as XML reads them; openpyxl leaves the escapes of control characters as they are."""
    columns = [f"c{each}" for each in range(len(texts))]
    ((_, *rows),) = read(written(tmp_path_factory.mktemp("x"), texts, columns=columns))
    kept = [unescaped(cell) for cell in (rows[0] if rows else [])]
    assert kept + [""] * (len(texts) - len(kept)) == [
        text.replace("\r\n", "\n").replace("\r", "\n") for text in texts
    ]


def unescaped(cell: str | None) -> str:
    return (
        ""
        if cell is None
        else str(openpyxl.utils.escape.unescape(cell)).replace("\r\n", "\n").replace("\r", "\n")
    )


def test_a_text_too_long_for_a_cell_is_cut(tmp_path: Path) -> None:
    assert read(written(tmp_path, ["x" * (LONGEST_TEXT + 1)]))[0][1] == ["x" * LONGEST_TEXT]


def test_more_rows_than_a_sheet_has_go_to_further_ones() -> None:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"constant_memory": True}) as book:
        writer = XlsxWriter(book, "rows", ["n", "twice"], hanoi, rows_a_sheet=3)
        for number in range(5):
            writer.row((number, 2 * number))
        writer.close()
    found = openpyxl.load_workbook(sink)
    assert found.sheetnames == ["rows", "rows 2", "rows 3"]
    assert read(sink.getvalue()) == [
        [["n", "twice"], [0, 0], [1, 2]],
        [["n", "twice"], [2, 4], [3, 6]],
        [["n", "twice"], [4, 8]],
    ]
    assert [(each.freeze_panes, each.auto_filter.ref) for each in found.worksheets] == [
        ("A2", "A1:B3"), ("A2", "A1:B3"), ("A2", "A1:B2"),
    ]  # fmt: skip


def test_no_rows_are_a_head(tmp_path: Path) -> None:
    assert read(written(tmp_path)) == [[["a"]]]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    sink = io.BytesIO()
    with pytest.raises(ValueError, match="of the block"), xlsx(sink, tmp_path, "rows", ["a"], hanoi) as sheet:
        sheet.row(["x"])
        raise ValueError("of the block")
    assert (sink.getvalue(), list(tmp_path.iterdir())) == (b"", [])


def test_every_xlsx_file_is_written_by_it() -> None:
    """So that no other cell can be a formula."""
    root = Path(broadcast.__file__).parent
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "xlsxwriter" in ast.unparse(node)
    }
    assert users == {"xlsx_files.py"}
