"""Archives that an older version wrote."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from broadcast.archive.archived_books import ArchivedBooks
from broadcast.archive.read import DOUBTS, Archive
from broadcast.ledger.books import Doubt, Doubted

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


async def test_doubts_of_before_first_copies_were_told_of(tmp_path: Path) -> None:
    doubt = {"carrier": "viettel", "reason": "link_lost", "since": AT, "ended_at": AT}
    rows = [
        {**doubt, "msisdn": 84320000002, "ended_as": "resent"},
        {**doubt, "msisdn": 84320000001, "ended_as": "closed"},
        {**doubt, "msisdn": 84320000002, "ended_as": "resent"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / DOUBTS)
    books = ArchivedBooks(Archive(tmp_path, "typhoon", 1, (), {}))
    assert [(each.msisdn, each.first_copy) for each in await books.doubted()] == [
        (84320000001, None), (84320000002, None), (84320000002, None),
    ]  # fmt: skip
    assert await books.doubted("closed") == [
        Doubted("viettel", 84320000001, "link_lost", AT, AT, "closed", None)
    ]
    assert await books.resent() == {"viettel": {84320000002: 2}}
    assert set(await books.doubts()) == {
        Doubt("viettel", "link_lost", "resent", 2),
        Doubt("viettel", "link_lost", "closed", 1),
    }
