"""What people reply to one ledger while home is away, and to another: the last word counts, and each reply once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from integration.nation_world import FIRST, NationWorld, ledger, nation
from integration.rig import Rig

from broadcast.ledger import opt_outs
from broadcast.ledger.opt_outs import Sides

TWO = {"north": ledger("north", "viettel"), "south": ledger("south", "mobifone")}
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
async def world(
    rig: Rig, two_databases: list[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NationWorld]:
    """Nobody reads replies and nothing is sent: each test says when home hears what."""
    async with nation(rig, two_databases, monkeypatch) as made:
        for name in ("viettel", "mobifone"):
            await made.rig.smsc(name)
            made.rig.connect(name, 500)
        await made.rig.subscribers("viettel", 10, FIRST)
        await made.begin(TWO)
        yield made


async def came(
    world: NationWorld, name: str, reply_no: int, kind: str, second: int, msisdn: int = FIRST
) -> None:
    """To this ledger, at so many seconds past noon."""
    await world.conn(name).execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword, parts,
                              missing, text)
           VALUES ($1, 0, 1, $2, $3, '1900', $4, $4, 1, 0, $4)""",
        reply_no, msisdn, NOON + timedelta(seconds=second), kind,
    )  # fmt: skip


async def heard(world: NationWorld, name: str) -> list[str]:
    """Home hears what came to this ledger. Effects, by reply_no."""
    await opt_outs.apply_replies(Sides(world.rig.conn, world.conn(name), name), 500)
    return [
        row["effect"] for row in await world.conn(name).fetch("SELECT effect FROM reply ORDER BY reply_no")
    ]


async def is_out(world: NationWorld, msisdn: int = FIRST) -> bool:
    query = "SELECT opted_out_at IS NOT NULL FROM subscriber WHERE msisdn = $1"
    return bool(await world.rig.conn.fetchval(query, msisdn))


async def test_an_opt_in_that_home_hears_after_a_later_opt_out(world: NationWorld) -> None:
    await came(world, "north", 1, "opt_in", 0)
    await came(world, "south", 1, "opt_out", 5)
    assert await heard(world, "south") == ["opted_out"]
    assert await heard(world, "north") == ["unchanged"]
    assert await is_out(world)
    await came(world, "north", 2, "opt_in", 10)
    assert await heard(world, "north") == ["unchanged", "opted_in"]
    assert not await is_out(world)


async def test_an_opt_in_between_two_opt_outs(world: NationWorld) -> None:
    """The second changed nothing when home heard it; the opt-in came before it all the same."""
    await came(world, "south", 1, "opt_out", 0)
    await came(world, "north", 1, "opt_in", 5)
    await came(world, "south", 2, "opt_out", 10)
    assert await heard(world, "south") == ["opted_out", "unchanged"]
    assert await heard(world, "north") == ["unchanged"]
    assert await is_out(world)


async def test_one_ledger_alone_is_heard_in_its_order(world: NationWorld) -> None:
    """However late: after an hour without home, say."""
    await came(world, "north", 1, "opt_out", 0)
    await came(world, "north", 2, "opt_in", 5)
    assert await heard(world, "north") == ["opted_out", "opted_in"]
    assert not await is_out(world)
    await came(world, "north", 3, "opt_out", 6)
    assert await heard(world, "north") == ["opted_out", "opted_in", "opted_out"]
    assert await is_out(world)


async def test_a_ledger_that_was_set_back_gives_a_number_once_more(world: NationWorld) -> None:
    """It is another one's STOP, and not taken for what that number brought about before."""
    await came(world, "north", 1, "opt_out", 0)
    assert await heard(world, "north") == ["opted_out"]
    await world.conn("north").execute("DELETE FROM reply")
    await came(world, "north", 1, "opt_out", 60, FIRST + 1)
    assert await heard(world, "north") == ["opted_out"]
    assert await is_out(world, FIRST + 1)


async def test_a_ledger_that_forgot_what_home_knows(world: NationWorld) -> None:
    """It ended between home's commit and its own: the same reply brings about nothing new."""
    await came(world, "north", 1, "opt_out", 0)
    await heard(world, "north")
    await world.conn("north").execute("UPDATE reply SET effect = NULL")
    assert await heard(world, "north") == ["opted_out"]
    assert await world.rig.conn.fetchval("SELECT count(*) FROM opt_out") == 1
