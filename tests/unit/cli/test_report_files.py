"""What an SMSC says reaches people's spreadsheets as text."""

import csv
import errno
import os
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from stat import S_IMODE
from typing import Any

import openpyxl
import pytest

from broadcast.cli import campaign_doubts, campaign_replies, files
from broadcast.errors import InputError
from broadcast.ledger.books import Doubted
from broadcast.ledger.replies import Reply

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
CONNECTION: Any = None
DOUBTED = Doubted("viettel", 84320000001, "-lost", AT, None, None)


def rows(file: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with file.open(encoding=encoding, newline="") as source:
        return list(csv.DictReader(source))


def cells(file: Path) -> list[dict[str, Any]]:
    head, *rest = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rest]


async def test_replies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def every(*_: object) -> AsyncIterator[Reply]:
        yield Reply(1, AT, "viettel", None, "@1022", "", "", "none", 1, 0, "cảm ơn;=1+1\r-2")

    monkeypatch.setattr(campaign_replies.replies, "every", every)
    file = tmp_path / "replies.csv"
    await campaign_replies._write(file, [CONNECTION], 1, reveal=False)
    (line,) = rows(file, "utf-8-sig")
    assert (line["received_at"], line["msisdn"]) == ("2026-03-01T08:00:00+00:00", "")
    assert (line["destination"], line["text"]) == ("'@1022", "cảm ơn;'=1+1\\r-2")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")


def test_doubts(tmp_path: Path) -> None:
    file = tmp_path / "doubts.csv"
    doubted = DOUBTED
    campaign_doubts._write(file, [campaign_doubts._line(doubted, reveal=False)])
    (line,) = rows(file)
    assert (line["msisdn"], line["reason"], line["since"]) == (
        "84320***001",
        "'-lost",
        "2026-03-01T08:00:00+00:00",
    )


def test_the_same_as_xlsx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed, numbers masked, and no more for others to read than the CSV."""
    monkeypatch.setattr(files, "time_zone", lambda: timezone(timedelta(hours=7)))
    file = tmp_path / "doubts.XLSX"
    campaign_doubts._write(file, [campaign_doubts._line(DOUBTED, reveal=False)])
    (line,) = cells(file)
    assert (line["msisdn"], line["reason"], line["ended_at"]) == ("84320***001", "-lost", None)
    assert line["since"] == datetime(2026, 3, 1, 15)  # noqa: DTZ001  # a spreadsheet's time has no zone
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["doubts.XLSX"]


@pytest.mark.parametrize("name", ["there.xlsx", "there.csv"])
def test_a_full_disk_is_told_and_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kept = tmp_path / name
    kept.write_text("of yesterday")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(InputError, match="No space left"),
        files.replacing_sheet(kept, "rows", ["a"]) as sheet,
    ):
        sheet.row(["x"])
        monkeypatch.setattr(zipfile.ZipFile, "write", full)
        monkeypatch.setattr(os, "fchmod", full)
    assert kept.read_text() == "of yesterday"
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_device_is_written_to(tmp_path: Path, ending: str) -> None:
    link = tmp_path / f"full.{ending}"
    link.symlink_to("/dev/full")
    with (
        pytest.raises(InputError, match="No space left"),
        files.replacing_sheet(link, "rows", ["a"]) as sheet,
    ):
        for _ in range(10_000):
            sheet.row(["x" * 100])
    assert [each.name for each in tmp_path.iterdir()] == [link.name]
