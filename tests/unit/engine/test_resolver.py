"""A carrier that another resolver has taken: this one counts what it did, and says nothing more of it."""

from types import SimpleNamespace
from typing import Any, cast

from broadcast.config import Config
from broadcast.engine.held import Held
from broadcast.engine.resolver import Resolver
from broadcast.ids import CarrierNo
from broadcast.ledger.resolver.found import NotOursError
from broadcast.monitor.metrics import Metrics

VIETTEL = CarrierNo(1)


class Looks:
    """Of a carrier, until another one has it. resolved: receipts, at the last look that was its own."""

    carrier_no = VIETTEL
    ready = True
    ours = True

    def __init__(self) -> None:
        self.counts = SimpleNamespace(
            receipts=0, evicted=0, taken_misfits=lambda: {"unknown": 1}, taken_delays=lambda: {}
        )
        self.parked = SimpleNamespace(left=3)
        self.book = SimpleNamespace(hot_segments=1, open_segments=5, octets=lambda: 99)

    async def look(self, *_: object) -> bool:
        self.counts.receipts += 7
        if not self.ours:
            raise NotOursError
        return True


async def test_a_carrier_that_is_lost_amid_a_look_has_no_gauges_any_more(config: Config) -> None:
    metrics, looks = Metrics("resolver"), Looks()
    resolver = Resolver(config, metrics, "postgresql:///nowhere")
    held = resolver._held[VIETTEL] = Held("viettel", cast("Any", looks))
    connection = cast("Any", SimpleNamespace(terminate=lambda: None, is_closed=lambda: False))
    value = metrics.registry.get_sample_value

    await resolver._turn(connection, held, cast("Any", None))
    assert value("broadcast_open_segments", {"carrier": "viettel", "part": "cold"}) == 4
    looks.ours = False
    await resolver._turn(connection, held, cast("Any", None))
    for name in ("open_segments", "parked_receipts", "book_bytes", "resolve_lag_seconds"):
        assert f"broadcast_{name}{{" not in metrics.exposition("")[1].decode(), name
    assert value("broadcast_resolved_receipts_total", {"carrier": "viettel"}) == 14
    assert value("broadcast_misfits_total", {"carrier": "viettel", "reason": "unknown"}) == 2
