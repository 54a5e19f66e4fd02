"""An alert to one's own phones: they hear it, and nobody else."""

from dataclasses import replace

import pytest
from acting import acting
from integration.rig import Rig

from broadcast.campaign.launch import launch
from broadcast.config import Config, Phones
from broadcast.errors import RefusedError

_VIETTEL, _TAKEN, _ELSEWHERE = 84962345678, 84902345678, 84592345678


@pytest.fixture
async def own(rig: Rig, config: Config) -> Rig:
    """Three phones; one was taken to another carrier, one's carrier is not connected. And people who hear nothing."""
    numbers = tuple(f"+{each}" for each in (_VIETTEL, _TAKEN, _ELSEWHERE))
    rig.config = replace(config, phones=Phones(numbers))
    await rig.subscribers("viettel", 50)
    await rig.subscribers("vinaphone", 1, first=_TAKEN)
    await rig.conn.execute("UPDATE subscriber SET ported = true WHERE msisdn = $1", _TAKEN)
    return rig


async def test_they_hear_it_and_nobody_else(own: Rig) -> None:
    approved = await own.approved(("viettel", "vinaphone", "mobifone", "gmobile"), hearers="phones")
    async with acting(own.conn, "an"):
        done = await launch(own.conn, own.config, approved)
    assert done.audience == 3
    rows = await own.conn.fetch(
        "SELECT name, msisdns FROM slice JOIN carrier USING (carrier_no) ORDER BY name"
    )
    assert [(row["name"], row["msisdns"]) for row in rows] == [
        ("viettel", [_VIETTEL]),
        ("vinaphone", [_TAKEN]),
    ]
    left = await own.conn.fetchrow("SELECT reason, msisdns FROM exclusion")
    assert tuple(left) == ("not_connected", [_ELSEWHERE])


async def test_only_of_the_campaigns_carriers(own: Rig) -> None:
    approved = await own.approved(("vinaphone",), hearers="phones")
    async with acting(own.conn, "an"):
        assert (await launch(own.conn, own.config, approved)).audience == 1


async def test_a_site_without_phones(own: Rig) -> None:
    approved = await own.approved(hearers="phones")
    with pytest.raises(RefusedError, match="no phones of one's own"):
        async with acting(own.conn, "an"):
            await launch(own.conn, replace(own.config, phones=Phones()), approved)
