"""What people reply to one ledger while home is away, and to another: the last word counts, and each reply once."""

from datetime import UTC, datetime, timedelta

import pytest
from integration.nation_world import CARRIERS, FIRST, TWO, NationWorld

from broadcast.ledger import opt_outs
from broadcast.ledger.opt_outs import Sides

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
async def nation(nation: NationWorld) -> NationWorld:
    """Nobody reads replies and nothing is sent: each test says when home hears what."""
    for name in CARRIERS:
        await nation.rig.smsc(name)
        nation.rig.connect(name, 500)
    await nation.rig.subscribers("viettel", 10, FIRST)
    await nation.begin(TWO)
    return nation


async def came(
    nation: NationWorld, name: str, reply_no: int, kind: str, second: int, msisdn: int = FIRST
) -> None:
    """To this ledger, at so many seconds past noon."""
    await nation.conn(name).execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword, parts,
                              missing, text)
           VALUES ($1, 0, 1, $2, $3, '1900', $4, $4, 1, 0, $4)""",
        reply_no, msisdn, NOON + timedelta(seconds=second), kind,
    )  # fmt: skip


async def heard(nation: NationWorld, name: str) -> list[str]:
    """Home hears what came to this ledger. Effects, by reply_no."""
    await opt_outs.apply_replies(Sides(nation.rig.conn, nation.conn(name), name), 500)
    return [
        row["effect"] for row in await nation.conn(name).fetch("SELECT effect FROM reply ORDER BY reply_no")
    ]


async def is_out(nation: NationWorld, msisdn: int = FIRST) -> bool:
    query = "SELECT opted_out_at IS NOT NULL FROM subscriber WHERE msisdn = $1"
    return bool(await nation.rig.conn.fetchval(query, msisdn))


async def test_an_opt_in_that_home_hears_after_a_later_opt_out(nation: NationWorld) -> None:
    await came(nation, "north", 1, "opt_in", 0)
    await came(nation, "south", 1, "opt_out", 5)
    assert await heard(nation, "south") == ["opted_out"]
    assert await heard(nation, "north") == ["unchanged"]
    assert await is_out(nation)
    await came(nation, "north", 2, "opt_in", 10)
    assert await heard(nation, "north") == ["unchanged", "opted_in"]
    assert not await is_out(nation)


async def test_an_opt_in_between_two_opt_outs(nation: NationWorld) -> None:
    """The second changed nothing when home heard it; the opt-in came before it all the same."""
    await came(nation, "south", 1, "opt_out", 0)
    await came(nation, "north", 1, "opt_in", 5)
    await came(nation, "south", 2, "opt_out", 10)
    assert await heard(nation, "south") == ["opted_out", "unchanged"]
    assert await heard(nation, "north") == ["unchanged"]
    assert await is_out(nation)


async def test_one_ledger_alone_is_heard_in_its_order(nation: NationWorld) -> None:
    """However late: after an hour without home, say."""
    await came(nation, "north", 1, "opt_out", 0)
    await came(nation, "north", 2, "opt_in", 5)
    assert await heard(nation, "north") == ["opted_out", "opted_in"]
    assert not await is_out(nation)
    await came(nation, "north", 3, "opt_out", 6)
    assert await heard(nation, "north") == ["opted_out", "opted_in", "opted_out"]
    assert await is_out(nation)


async def test_a_ledger_that_was_set_back_gives_a_number_once_more(nation: NationWorld) -> None:
    """It is another one's STOP, and not taken for what that number brought about before."""
    await came(nation, "north", 1, "opt_out", 0)
    assert await heard(nation, "north") == ["opted_out"]
    await nation.conn("north").execute("DELETE FROM reply")
    await came(nation, "north", 1, "opt_out", 60, FIRST + 1)
    assert await heard(nation, "north") == ["opted_out"]
    assert await is_out(nation, FIRST + 1)


async def test_a_ledger_that_forgot_what_home_knows(nation: NationWorld) -> None:
    """It ended between home's commit and its own: the same reply brings about nothing new."""
    await came(nation, "north", 1, "opt_out", 0)
    await heard(nation, "north")
    await nation.conn("north").execute("UPDATE reply SET effect = NULL")
    assert await heard(nation, "north") == ["opted_out"]
    assert await nation.rig.conn.fetchval("SELECT count(*) FROM opt_out") == 1
