"""What an SMSC says reaches people's spreadsheets as text."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from broadcast.reports import files
from broadcast.reports.recipients import Recipient
from broadcast.sheets import sheet
from broadcast.words import utc

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
CONNECTION: Any = None


async def test_recipients(monkeypatch: pytest.MonkeyPatch) -> None:
    async def recipients(*_: object) -> AsyncIterator[Recipient]:
        yield Recipient("viettel", 84320000001, "undeliverable", AT, None, "=1+1", "@id -2;+3")

    monkeypatch.setattr(files, "recipients", recipients)
    file = StringIO()
    with sheet(file, Path("list.csv"), "recipients", files.RECIPIENTS, utc) as rows:
        assert await files.write_recipients(rows, CONNECTION, 1, reveal=True, status="exercise") == 1
    assert list(csv.DictReader(StringIO(file.getvalue()))) == [
        {"carrier": "viettel", "msisdn": "84320000001", "state": "undeliverable", "settled_at": "", "err": "'=1+1",
         "submitted_at": "2026-03-01T08:00:00+00:00", "smsc_ids": "'@id -2;'+3", "status": "exercise"}
    ]  # fmt: skip
