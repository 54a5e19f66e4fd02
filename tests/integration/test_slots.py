"""Workers that come and go, with a heartbeat once in ten minutes: what one lets go the other takes at once."""

import asyncio

import pytest
from integration.rig import Rig
from waiting import until

from broadcast.engine import heartbeat


@pytest.fixture
async def slots(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A carrier with four binds and 2,000 TPS."""
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 600.0)
    await rig.smsc("viettel")
    rig.connect("viettel", 2000, sessions=4)
    await rig.subscribers("viettel", 1)
    return rig


async def shared(slots: Rig, *granted: int) -> bool:
    """By the workers, in the order in which they came."""
    rows = await slots.conn.fetch(
        "SELECT sum(granted_tps) AS tps FROM bind_slot WHERE bound GROUP BY worker_no ORDER BY worker_no"
    )
    return [row["tps"] for row in rows] == [*granted]


async def test_who_comes_and_who_goes_is_heard_of_at_once(slots: Rig) -> None:
    first = slots.worker()
    await until(lambda: shared(slots, 2000), "the first has all")
    slots.worker()
    await until(lambda: shared(slots, 1000, 1000), "each has half")
    await slots.stop(first)
    await until(lambda: shared(slots, 2000), "the second has all")


async def test_where_nothing_moves_nobody_is_woken(slots: Rig) -> None:
    slots.worker()
    slots.worker()
    await until(lambda: shared(slots, 1000, 1000), "each has half")
    heard = list[object]()
    await slots.conn.add_listener(heartbeat.SLOTS_CHANNEL, lambda *told: heard.append(told))

    async def silent() -> bool:
        heard.clear()
        await asyncio.sleep(1.0)
        return not heard

    await until(silent, "what told of that is heard")
    for each in slots.workers:
        each._shift._heartbeat._wake.set()
    await asyncio.sleep(1.5)
    assert not heard
    await slots.conn.execute("UPDATE bind_slot SET granted_tps = 1 WHERE slot_no = 0")
    await until(lambda: bool(heard), "somebody is told")
    await until(lambda: shared(slots, 1000, 1000), "it is put right")


async def test_what_is_given_away_is_taken_off_a_grant_that_is_not_in_force_yet(slots: Rig) -> None:
    made = slots.worker()
    await until(lambda: shared(slots, 2000), "it has all")
    (lane,) = made._shift._lanes.values()

    def in_force() -> int:
        lane.pump()
        return lane.pacer.grant

    await until(lambda: in_force() == 2000, "its grant is in force")
    lane.set_grant(4000)
    made._shift._heartbeat._lower(lane.carrier_no, 3000)
    await until(lambda: in_force() > 2000, "the raise is in force")
    await asyncio.sleep(0.2)
    assert in_force() == 3000
