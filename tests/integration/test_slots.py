"""Workers that come and go: what one lets go the other takes at once, with a heartbeat once a minute."""

import pytest
from integration.rig import Rig
from waiting import until

from broadcast.engine import worker


async def test_who_comes_and_who_goes_is_heard_of_at_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT_S", 60.0)
    await rig.smsc("viettel")
    rig.connect("viettel", 2000, sessions=4)
    await rig.subscribers("viettel", 1)

    async def shared(*granted: int) -> bool:
        rows = await rig.conn.fetch(
            "SELECT sum(granted_tps) AS tps FROM bind_slot WHERE bound GROUP BY worker_no ORDER BY worker_no"
        )
        return [row["tps"] for row in rows] == [*granted]

    first = rig.worker()
    await until(lambda: shared(2000), "the first has all", 10)
    rig.worker()
    await until(lambda: shared(1000, 1000), "each has half", 10)
    await rig.stop(first)
    await until(lambda: shared(2000), "the second has all", 10)
