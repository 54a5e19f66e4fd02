"""What an SMSC says reaches people's spreadsheets as text."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broadcast.cli import campaign_doubts, campaign_replies
from broadcast.ledger.books import Doubted
from broadcast.ledger.replies import Reply

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
CONNECTION: Any = None


def rows(file: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with file.open(encoding=encoding, newline="") as source:
        return list(csv.DictReader(source))


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
    doubted = Doubted("viettel", 84320000001, "-lost", AT, None, None)
    campaign_doubts._write(file, [campaign_doubts._line(doubted, reveal=False)])
    (line,) = rows(file)
    assert (line["msisdn"], line["reason"], line["since"]) == (
        "84320***001",
        "'-lost",
        "2026-03-01T08:00:00+00:00",
    )
