"""An SMSC that is frozen reads all that its sockets hold when it wakes up, and that counts by its clock (law 4)."""

import asyncio

import pytest
from integration.rig import Rig, freeze, thaw

TPS = 500
WINDOW = 40  # of each of two links: what is read late is a sixth of a second's worth


@pytest.mark.parametrize(
    "frozen_s",
    [
        pytest.param(2.0, id="answered late"),  # after the response timeout
        pytest.param(
            5.0, id="given up"
        ),  # the links are closed by us, and what they held is read all the same
    ],
)
async def test_what_it_reads_when_it_wakes_up_does_not_come_on_top(rig: Rig, frozen_s: float) -> None:
    smsc = await rig.smsc("viettel", tps=TPS, receipt_delay_s=0.1)
    rig.connect("viettel", TPS, sessions=2, window=WINDOW, response_timeout_s=1.0)
    await rig.subscribers("viettel", 5 * TPS)
    rig.worker()
    campaign = await rig.launch()
    await rig.reached(campaign, TPS, "accepted", "delivered")
    freeze(smsc.process)
    await asyncio.sleep(frozen_s)
    thaw(smsc.process)
    assert await rig.finish(campaign) == {"delivered": 5 * TPS}
    book = await smsc.book()
    doubts = await rig.conn.fetchval("SELECT count(*) FROM in_doubt")
    print(f"{book['max_per_second']} in a second, {doubts} in doubt, {book['extra_copies']} copies")
    assert doubts > WINDOW  # else it was not frozen for long enough
    assert book["max_per_second"] <= TPS
    assert book["throttled"] == 0
