"""Who enters a list while an alert runs: everybody once, exactly counted, whatever ends in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pytest
from acting import acting
from integration import steps
from integration.lists_world import add, listed
from integration.replies_world import came, quiet_rig, read
from integration.rig import Rig

from broadcast.campaign import campaigns, entrants
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.plan import Plan
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.reports.audit import audit
from broadcast.store.pool import connect

FIRST = 84320000000  # viettel's
FRENCH, KOREAN = 33612345678, 821012345678


async def everybody(conn: asyncpg.Connection, campaign: Campaign) -> list[int]:
    rows = await conn.fetch(
        """SELECT m FROM slice, unnest(msisdns) AS m WHERE campaign_id = $1
            UNION ALL SELECT m FROM exclusion, unnest(msisdns) AS m WHERE campaign_id = $1""",
        campaign.campaign_id,
    )
    return sorted(row["m"] for row in rows)


async def balanced(rig: Rig, campaign: Campaign) -> dict[str, int]:
    """The tallies, which are what rows say, and the audience."""
    found = await audit(rig.conn, campaign.campaign_id)
    assert found.problems == ()
    assert found.audience == sum((await rig.states(campaign)).values())
    return await rig.states(campaign)


@pytest.fixture
async def rig(
    tmp_path: Path, database_url: str, conn: asyncpg.Connection, config: Config
) -> AsyncIterator[Rig]:
    """Ten subscribers of viettel; nothing is sent."""
    async with quiet_rig(tmp_path, database_url, conn, config) as made:
        yield made


async def launched(rig: Rig, *names: str, **more: Any) -> Campaign:
    return await rig.launch(plan=Plan(lists=names), **more)


async def test_late_entrants_are_in_it_once(rig: Rig) -> None:
    await listed(rig, "da-nang", [FIRST, FIRST + 1, FRENCH])
    running = await launched(rig, "da-nang")
    assert await everybody(rig.conn, running) == [FRENCH, FIRST, FIRST + 1]
    done = await add(rig, running, "da-nang", [FIRST + 1, FIRST + 5, FIRST + 999, FRENCH, KOREAN])
    assert (done.new, done.entered) == (3, entrants.Entered(entered=3, already=2))
    again = await add(rig, running, "da-nang", [FIRST + 1, FIRST + 5, FIRST + 999, FRENCH, KOREAN])
    assert (again.new, again.entered) == (0, entrants.Entered(already=5))
    assert await everybody(rig.conn, running) == sorted(
        [FRENCH, KOREAN, FIRST, FIRST + 1, FIRST + 5, FIRST + 999]
    )
    assert await balanced(rig, running) == {"waiting": 6}
    assert (await campaigns.get(rig.conn, running.campaign_id)).audience == 6
    events = await rig.conn.fetch("SELECT actor, details FROM campaign_event WHERE event = 'entered'")
    assert [row["actor"] for row in events] == ["an"]


async def test_who_opted_out_is_left_out_but_not_of_an_emergency(rig: Rig) -> None:
    await rig.conn.execute("UPDATE subscriber SET opted_out_at = now() WHERE msisdn = $1", FIRST + 3)
    await listed(rig, "da-nang", [FIRST])
    health, emergency = await launched(rig, "da-nang", category="health"), await launched(rig, "da-nang")
    for running, waiting, excluded in ((health, 2, 1), (emergency, 3, 0)):
        done = await add(rig, running, "da-nang", [FIRST + 3, FIRST + 4])
        assert done.entered is not None
        assert done.entered.excluded == ({"opted_out": 1} if excluded else {})
        expected = {"waiting": waiting, "excluded": excluded}
        assert await balanced(rig, running) == {name: many for name, many in expected.items() if many}


async def test_a_visitor_who_answers_stop_hears_emergencies_alone(rig: Rig) -> None:
    """What runs lets them go, the next alert leaves them out, and so does whoever enters a list later."""
    await listed(rig, "visitors", [FRENCH, KOREAN])
    running = await launched(rig, "visitors", category="health")
    assert await balanced(rig, running) == {"waiting": 2}
    await came(rig, b"STOP", FRENCH)
    await read(rig)
    assert await balanced(rig, running) == {"waiting": 1, "excluded": 1}
    health = await launched(rig, "visitors", category="health")
    assert await balanced(rig, health) == {"waiting": 1, "excluded": 1}
    assert (
        await rig.conn.fetchval("SELECT reason FROM exclusion WHERE campaign_id = $1", health.campaign_id)
    ) == ("opted_out")
    emergency = await launched(rig, "visitors", category="emergency")
    assert await balanced(rig, emergency) == {"waiting": 2}
    await listed(rig, "later", [KOREAN])
    late = await launched(rig, "later", category="health")
    assert (await add(rig, late, "later", [FRENCH])).entered.excluded == {"opted_out": 1}
    assert await balanced(rig, late) == {"waiting": 1, "excluded": 1}
    await came(rig, b"START", FRENCH)
    await read(rig)
    again = await launched(rig, "visitors", category="health")
    assert await balanced(rig, again) == {"waiting": 2}


async def test_who_opts_out_at_that_moment_is_looked_for_before_anybody_is_sent_to(rig: Rig) -> None:
    await listed(rig, "da-nang", [FIRST])
    health = await launched(rig, "da-nang", category="health")
    await add(rig, health, "da-nang", [FIRST + 3])
    assert await rig.conn.fetchval("SELECT recalled FROM slice WHERE $1 = ANY (msisdns)", FIRST + 3)


async def test_other_carriers_people_are_told_of(rig: Rig) -> None:
    await listed(rig, "da-nang", [FIRST])
    running = await launched(rig, "da-nang")
    done = await add(rig, running, "da-nang", [84912345678])
    assert done.entered == entrants.Entered(unreached=1)
    assert await balanced(rig, running) == {"waiting": 1}


async def test_each_state_has_one_answer(rig: Rig) -> None:
    await listed(rig, "da-nang", [FIRST])
    await listed(rig, "other", [FIRST])
    waiting = await rig.approved(plan=Plan(lists=("da-nang",)))
    done = await add(rig, waiting, "da-nang", [FIRST + 1])
    assert (done.new, done.entered) == (1, None)  # they hear it from its launch on
    running = await steps.launch(rig.conn, rig.config, waiting)
    assert await everybody(rig.conn, running) == [FIRST, FIRST + 1]
    with pytest.raises(RefusedError, match="does not name the list other"):
        await add(rig, running, "other", [FIRST + 2])
    with pytest.raises(InputError, match="did you mean da-nang"):
        await add(rig, running, "danang", [FIRST + 2])
    await steps.pause(rig.conn, running)
    with pytest.raises(RefusedError, match=r"paused.*resume it"):
        await add(rig, running, "da-nang", [FIRST + 2])
    await steps.cancel(rig.conn, running)
    with pytest.raises(RefusedError, match=r"cancelled.*draft another"):
        await add(rig, running, "da-nang", [FIRST + 2])
    assert await balanced(rig, running) == {"waiting": 2}


async def test_the_functions_refuse_it_by_themselves(rig: Rig) -> None:
    """Whatever a script does that goes round the actions."""
    await listed(rig, "da-nang", [FIRST])
    running = await launched(rig, "da-nang")
    entering = "SELECT desk_enter($1, $2, 0, $3::smallint[], '{0}', '{NULL}', '{1}', $4::bigint[])"
    viettel = await rig.conn.fetchval("SELECT carrier_no FROM carrier WHERE name = 'viettel'")
    other = await rig.conn.fetchval("SELECT carrier_no FROM carrier WHERE name = 'vinaphone'")
    for who, name, carrier, numbers, code in (
        ("binh", "other", viettel, [FRENCH], "BC051"),
        ("lan", "da-nang", viettel, [FRENCH], "42501"),
        ("an", "da-nang", other, [FRENCH], "BC004"),
        ("an", "da-nang", viettel, [FRENCH, KOREAN], "BC004"),
        ("an", "da-nang", viettel, [-1], "BC004"),
    ):
        with pytest.raises(asyncpg.PostgresError) as refused:
            async with acting(rig.conn, who):
                await rig.conn.fetchval(entering, running.campaign_id, name, [carrier], numbers)
        assert refused.value.sqlstate in (code, "BC010"), (who, name)
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with acting(rig.conn, "an"):
            await rig.conn.execute(
                "INSERT INTO slice (campaign_id, carrier_no, total, msisdns) VALUES ($1, $2, 1, $3)",
                running.campaign_id, viettel, [FRENCH],
            )  # fmt: skip
    assert refused.value.sqlstate == "BC031"
    assert await balanced(rig, running) == {"waiting": 1}


async def test_two_at_once_wait_for_each_other(rig: Rig, database_url: str) -> None:
    await listed(rig, "da-nang", [FIRST])
    running = await launched(rig, "da-nang")
    numbers = np.arange(FIRST, FIRST + 500, dtype=np.int64)
    connections = [await connect(database_url) for _each in range(3)]

    async def one(connection: asyncpg.Connection) -> entrants.Entered:
        async with acting(connection, "an"):
            return await entrants.enter(connection, rig.config, running, "da-nang", numbers)

    found = await asyncio.gather(*map(one, connections))
    assert sorted(each.entered for each in found) == [0, 0, 499]
    assert await everybody(rig.conn, running) == numbers.tolist()
    assert await balanced(rig, running) == {"waiting": 500}
    for each in connections:
        await each.close()


async def test_it_stays_open_for_who_comes_and_ends_when_it_expires(rig: Rig) -> None:
    await listed(rig, "da-nang", [FIRST])
    running = await launched(rig, "da-nang")
    await rig.conn.execute("UPDATE slice SET state = 'done', mark = 1")
    await rig.conn.execute("UPDATE tally SET waiting = 0, delivered = 1")
    assert await rig.conn.fetch("SELECT tend_finish()") == []
    await rig.conn.execute("UPDATE campaign SET expires_at = now()")
    assert [tuple(row) for row in await rig.conn.fetch("SELECT tend_finish()")] == [(running.campaign_id,)]
