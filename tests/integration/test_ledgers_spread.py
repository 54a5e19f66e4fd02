"""Which ledgers a home has, and what each of them: said anew by one at a time, and never while it would hurt."""

from dataclasses import replace
from typing import Any

import pytest
from integration.nation_world import CARRIERS, FIRST, TWO, NationWorld, ledger
from integration.steps import by

from broadcast.actions import launch as launching
from broadcast.actions.ledgers import spread
from broadcast.actions.session import Session
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import launch
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Bind, Carrier, Ledger, Share, of_ledger
from broadcast.engine.leases import Leases
from broadcast.errors import RefusedError
from broadcast.reports.everything import everything


async def split(nation: NationWorld, **tps: int) -> Campaign:
    """An approved alert to one carrier with two accounts, of which each ledger has so much of the TPS."""
    await nation.rig.smsc("viettel", receipt_delay_s=0.2)
    port = nation.rig.smscs["viettel"].port
    binds = tuple(
        Bind("127.0.0.1", port, name, sessions=1, window=50, enquire_link_s=2.0, reconnect_min_s=0.2)
        for name in ("viettel", "viettel2")
    )
    carrier = Carrier(tps=400, binds=binds, receipts_return="account").having(
        response_id="decimal", receipt_id="decimal"
    )
    nation.rig.config = replace(nation.rig.config, carriers={"viettel": carrier})
    await nation.rig.subscribers("viettel", 640, FIRST)
    await nation.begin(shares(**tps))
    return await nation.rig.approved()


def shares(north: int, south: int) -> dict[str, Ledger]:
    return {
        "north": ledger("north", shares={"viettel": Share(north, ("viettel",))}),
        "south": ledger("south", shares={"viettel": Share(south, ("viettel2",))}),
    }


async def test_a_carrier_that_is_split(nation: NationWorld) -> None:
    """By its accounts over two ledgers: its subscribers by their buckets, its TPS by configuration."""
    approved = await split(nation, north=100, south=300)
    campaign = await by("an", launching.launch, nation.session, approved.name)
    parts = await nation.rig.conn.fetch("SELECT ledger, audience FROM campaign_part ORDER BY ledger")
    assert [tuple(row) for row in parts] == [("north", 160), ("south", 480)]
    for name in ("north", "south"):
        assert await nation.conn(name).fetchval("SELECT tps FROM carrier WHERE name = 'viettel'") == (
            100 if name == "north" else 300
        )
    now = await everything(nation.rig.conn, campaign.name, nation.rig.config)
    assert [(line.carrier, line.audience) for line in now.report.progress.carriers] == [("viettel", 640)]


async def test_shares_change_while_nothing_is_open_and_no_worker_has_more(nation: NationWorld) -> None:
    """Else one ledger's workers would have the new share while another's still had the old one: more than the TPS."""
    approved = await split(nation, north=100, south=300)
    before = of_ledger(nation.rig.config, "south")
    south = nation.conn("south")
    leases = await Leases.register(south, before, "machine", 1)
    await sync_carriers(south, before, leases.worker_no)
    await nation.begin(shares(300, 100))
    with pytest.raises(RefusedError, match=r"workers of ledger south have 300 TPS .* and its share is 100"):
        await by("an", launching.launch, nation.session, approved.name)
    await leases.end(south)
    await by("an", launching.launch, nation.session, approved.name)
    with pytest.raises(RefusedError, match=r"viettel cannot leave ledger north yet: .* its share, as it is"):
        await nation.begin(shares(200, 200))


async def test_home_does_not_become_its_own_ledger(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is new and empty and a ledger's URL is home's by a slip: nobody could undo it."""
    await nation.rig.smsc("viettel")
    nation.rig.connect("viettel", 500)
    monkeypatch.setenv("NORTH_URL", nation.rig.url)
    with pytest.raises(RefusedError, match="ledger north: its database is home itself"):
        await nation.begin({"north": ledger("north", "viettel")})
    assert await nation.rig.conn.fetchval("SELECT ledger FROM identity") is None


async def test_ledgers_do_not_change_amid_a_launch(
    nation: NationWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its people would be where their carrier is not any more."""
    await nation.simulate(*CARRIERS, people=10)
    await nation.begin(TWO)
    campaign = await nation.rig.approved()
    moved = {"north": ledger("north"), "south": ledger("south", *CARRIERS)}
    told: list[RefusedError] = []
    real = launch._say_running

    async def amid(*arguments: Any) -> None:
        async with Session.open(replace(nation.rig.config, ledgers=moved)) as other:
            with pytest.raises(RefusedError, match="a launch or another") as refused:
                await spread(other)
        told.append(refused.value)
        await real(*arguments)

    monkeypatch.setattr(launch, "_say_running", amid)
    monkeypatch.setenv("BROADCAST_DATABASE_URL", nation.rig.url)
    await by("an", launching.launch, nation.session, campaign.name)
    assert len(told) == 1
    nation.rig.config = replace(nation.rig.config, ledgers=moved)
    with pytest.raises(RefusedError, match="the carrier viettel cannot leave ledger north yet"):
        await spread(nation.session)
