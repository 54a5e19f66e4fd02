"""A migration leaves its row, names who knows nothing of it, and waits for an alert that is being sent."""

from collections.abc import AsyncIterator

import pytest
from integration.old_ledger import make_schema

from broadcast.actions.database import migrate
from broadcast.actions.notices import Notice
from broadcast.actions.session import Session
from broadcast.errors import RefusedError
from broadcast.store import migrations
from broadcast.store.migrations import OldLedger
from broadcast.store.pool import connect


@pytest.fixture
async def behind(empty_database_url: str, told: list[Notice]) -> AsyncIterator[Session]:
    """One migration is missing, and a worker lives."""
    conn = await connect(empty_database_url, check_schema=False)
    await make_schema(conn, len(migrations.files()) - 1)
    await conn.execute(
        "INSERT INTO worker (host, pid, expires_at) VALUES ('a', 7, now() + interval '1 hour')"
    )
    yield Session(conn, None, told.append)
    await conn.close()


async def send(session: Session) -> None:
    await session.connection.execute(
        """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy, grace_s,
                                 expires_at, state, drafted_by, hears_opted_out)
           VALUES ('x', 'routine', 1, 'B', 'x', 'gsm0338', '{}', 'hold', 0, now() + interval '1 hour', 'running',
                   'an', false)"""
    )


async def test_it_names_the_workers_of_before(behind: Session, told: list[Notice]) -> None:
    (done,) = await migrate(behind, during_alert=False)
    assert [each.version for each in done.applied] == [len(migrations.files())]
    assert [each.pid for each in done.old_workers] == [7]
    assert not (await migrations.status(behind.connection)).pending
    (again,) = await migrate(behind, during_alert=False)
    assert (list(again.applied), [each.pid for each in again.old_workers], told) == ([], [7], [])


async def test_not_during_an_alert(behind: Session) -> None:
    await send(behind)
    with pytest.raises(RefusedError, match=r"by 1 workers \(a \(7\)\).*--during-alert"):
        await migrate(behind, during_alert=False)
    assert len((await migrations.status(behind.connection)).pending) == 1
    (done,) = await migrate(behind, during_alert=True)
    assert len(done.applied) == 1


async def test_nothing_to_do_is_no_danger_to_an_alert(behind: Session) -> None:
    await migrate(behind, during_alert=False)
    await send(behind)
    (done,) = await migrate(behind, during_alert=False)
    assert list(done.applied) == []


async def test_an_old_ledger_is_told_before_it_is_moved(
    behind: Session, told: list[Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = OldLedger(9_000_000_000, 600.0)

    async def found(_: object) -> OldLedger:
        assert (await migrations.status(behind.connection)).pending
        return moved

    monkeypatch.setattr(migrations, "old_ledger", found)
    await migrate(behind, during_alert=False)
    assert told == [moved]
