"""A plan beside what `broadcast bench --nation --only pipeline` measures here, small."""

from collections.abc import Callable
from itertools import pairwise
from operator import mul

import pytest

from broadcast.bench.load import Load
from broadcast.bench.nation import nation
from broadcast.bench.nation_growth import NationStep
from broadcast.capacity.costs import MIB
from broadcast.capacity.demand import CarrierPart, Demand
from broadcast.capacity.plan import plan

MESSAGES, TPS = 36_000, 6000
OVER = 15.0  # the receipts' times are divided by it
FACTOR = 3.0  # machines, and small runs, differ by less; messages from segments, octets from bits by more


@pytest.mark.alone
@pytest.mark.long
def test_what_is_planned_is_what_is_measured() -> None:
    load = Load(MESSAGES, 5, 3, 3, TPS, "uuid", 0.0, 6, nation=True, receipts_over=OVER)
    found = nation(load, growth=True)
    carriers = tuple(CarrierPart(name, MESSAGES // 3, TPS, 6, 6 * 5000, 5, 5, 5) for name in "abc")
    planned = plan(Demand(carriers, MESSAGES, receipt_s=30 / OVER, workers=3))
    [ledger] = planned.ledgers

    def each(value: Callable[[NationStep], float]) -> float:
        """Of a segment, over the whole run, of what each step says of its own."""
        whole = [0, *(step.segments for step in found.growth)]
        parts = [now - before for before, now in pairwise(whole)]
        return sum(map(mul, parts, map(value, found.growth))) / whole[-1]

    per_s = ledger.segments_per_s
    pairs = {
        "segments/s": (found.segments / found.sent_s, planned.segments_per_s),
        "worker": (each(lambda step: step.cpu_s["sender"]) / 1e6, ledger.workers_cores / per_s),
        "postgres": (each(lambda step: step.cpu_s["postgres"]) / 1e6, ledger.postgres_cores / per_s),
        "resolver": (each(lambda step: step.cpu_s["resolver"]) / 1e6, ledger.resolver_cores / per_s),
        "log": (each(lambda step: step.log_octets), ledger.log_octets_per_s / per_s),
        "tables": (found.octets_per_message, ledger.tables_octets / MESSAGES),
    }
    wrong = {name: pair for name, pair in pairs.items() if not 1 / FACTOR < pair[0] / pair[1] < FACTOR}
    assert wrong == {}, f"measured and planned: {pairs}"
    memory = {  # what is planned is at most
        "sender": ledger.workers_octets / ledger.workers,
        "resolver": ledger.resolver_octets,
        "postgres": ledger.postgres_octets,
    }
    for kind, octets in memory.items():
        assert octets / 10 < found.peak_mib[kind] * MIB < octets, kind
