"""A database that is lost as it answers: what it had committed by then is neither forgotten nor held for ever.

Found by chaos seed 8: a slice that was leased in the moment before an immediate stop was never sent.
"""

from typing import Any

import asyncpg
import pytest
from integration.rig import Rig
from waiting import until

from broadcast.engine.leases import Leases
from broadcast.engine.sessions import Sessions


def lost() -> Exception:
    """What asyncpg says then."""
    return asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


class Losing:
    """A connection that is lost once, when it has rows to give."""

    def __init__(self, connection: asyncpg.Connection, given: list[Any]) -> None:
        self._connection, self._given = connection, given

    async def fetch(self, query: str, *values: Any) -> Any:
        rows = await self._connection.fetch(query, *values)
        if rows and not self._given:
            self._given += rows
            raise lost()
        return rows


async def test_a_slice_whose_lease_was_never_heard_of(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    original, given = Leases.lease_slices, list[Any]()

    async def losing(self: Leases, connection: asyncpg.Connection, *values: Any) -> Any:
        return await original(self, Losing(connection, given), *values)  # type: ignore[arg-type]

    monkeypatch.setattr(Leases, "lease_slices", losing)
    await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 3000)
    rig.worker()
    campaign = await rig.launch()
    assert await rig.finish(campaign, 20) == {"delivered": 3000}
    assert given


async def test_slots_that_were_taken_and_never_heard_of(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    original, given = Leases.share_slots, list[Any]()

    async def losing(self: Leases, *values: Any) -> Any:
        changes = await original(self, *values)
        if not given:
            given.extend(changes)
            raise lost()
        return changes

    monkeypatch.setattr(Leases, "share_slots", losing)
    await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 2000, sessions=2)
    await rig.subscribers("viettel", 100)
    rig.worker()
    assert await rig.finish(await rig.launch(), 20) == {"delivered": 100}
    assert len(given[0].held) == 2


async def test_a_slot_whose_release_was_lost_goes_to_another_worker(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is lost before it is told."""
    original, given = Sessions.released, list[Any]()

    def losing(self: Sessions) -> Any:
        keys = original(self)
        if keys and not given:
            given.extend(keys)
            raise lost()
        return keys

    monkeypatch.setattr(Sessions, "released", losing)
    await rig.smsc("viettel")
    rig.connect("viettel", 2000, sessions=2)
    await rig.subscribers("viettel", 1)

    async def bound_by(workers: int) -> bool:
        rows = await rig.conn.fetch("SELECT worker_no FROM bind_slot WHERE bound")
        return len(rows) == 2 and len({row["worker_no"] for row in rows}) == workers

    rig.worker()
    await until(lambda: bound_by(1), "one worker holds both slots")
    rig.worker()
    await until(lambda: bound_by(2), "each holds one")
    assert given
