"""The engine drives a way to reach people that is no SMPP: files that lines are appended to, receipts and all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from integration.rig import TEXT, Rig
from integration.spool_clerk import Clerk
from spool_channel import SpoolChannel
from waiting import until

from broadcast.config import Bind, Carrier
from broadcast.reports.received import received

FIRST = 84320000000
PEOPLE = 400
WINDOW = 30
LONG = f"{TEXT} {TEXT} {TEXT}"
NOBODY = set(range(FIRST, FIRST + 20))
BUSY = set(range(FIRST + 20, FIRST + 50))
UNDELIVERABLE = set(range(FIRST + 40, FIRST + 80))
ENDS = {"rejected": 20, "undeliverable": 40, "delivered": PEOPLE - 60}


@asynccontextmanager
async def spooled(rig: Rig, folder: Path) -> AsyncIterator[Clerk]:
    """A carrier over two spools, and who carries them out. The bind is but the slots and their window."""
    bind = Bind("localhost", 1, "spool", sessions=2, window=WINDOW)
    rig.config.carriers["viettel"] = Carrier(tps=5000, binds=(bind,), retry_delay_s=0.1)  # type: ignore[index]
    rig.channel = lambda carrier: SpoolChannel(folder, carrier)
    await rig.subscribers("viettel", PEOPLE, FIRST)
    clerk = Clerk(folder, nobody=NOBODY, busy=BUSY, undeliverable=UNDELIVERABLE)
    working = asyncio.create_task(clerk.run(), name="clerk")
    try:
        yield clerk
        assert not working.done()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def all_acked(clerk: Clerk) -> None:
    await until(lambda: not clerk.unacked, "everything handed over is acknowledged")


async def lost(rig: Rig, count: int) -> bool:
    return bool(await rig.conn.fetchval("SELECT count(*) FROM in_doubt WHERE reason = 'link_lost'") == count)


@pytest.mark.parametrize(("text", "parts"), [("Stay at home.", 1), (LONG, 4)])
async def test_everybody_ends_as_the_spool_says(rig: Rig, tmp_path: Path, text: str, parts: int) -> None:
    async with spooled(rig, tmp_path / "spool") as clerk:
        rig.worker()
        campaign = await rig.launch(text=text)
        assert await rig.finish(campaign) == ENDS
        assert clerk.parts.keys() == set(range(FIRST + 20, FIRST + PEOPLE))
        for taken in clerk.parts.values():
            assert ["".join(copies) for _, copies in sorted(taken.items())] == [
                text[start : start + 40] for start in range(0, len(text), 40)
            ]
        clerk.write('message +84320000100 BOYTE "STOP"')
        clerk.write("what is this")
        await all_acked(clerk)
        said = await received(rig.conn, "viettel")
        assert said is not None
        assert (said.received, said.unreadable) == (parts * (PEOPLE - 20), 1)
    opted_out = "SELECT count(*) FROM subscriber WHERE msisdn = 84320000100 AND opted_out_at IS NOT NULL"

    async def heard() -> bool:
        return bool(await rig.conn.fetchval(opted_out))

    await until(heard, "the answer is read")


async def test_who_was_on_a_spool_that_is_cut_is_in_doubt_and_sent_to_again(rig: Rig, tmp_path: Path) -> None:
    async with spooled(rig, tmp_path / "spool") as clerk:
        clerk.silent = True
        rig.worker()
        campaign = await rig.launch(text="Stay at home.")
        await until(lambda: clerk.submits == 2 * WINDOW, "two windows are on their way")
        for slot_no in range(2):
            (tmp_path / "spool" / str(slot_no) / "cut").touch()
        await until(lambda: lost(rig, 2 * WINDOW), "what was on both is in doubt")
        clerk.silent = False
        for slot_no in range(2):
            (tmp_path / "spool" / str(slot_no) / "cut").unlink()
        assert await rig.finish(campaign) == ENDS
        assert max(len(copies) for taken in clerk.parts.values() for copies in taken.values()) <= 2
