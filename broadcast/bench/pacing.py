"""Do carriers like our pace: never more than the TPS in any second, and nearly all of it while there is work.

The most in a second is the simulated carrier's own count, over any second of its clock. The share is counted in
the middle of the sending, where there is work on either side, by when each message's answer came.
"""

from dataclasses import dataclass
from itertools import product

import asyncpg

from broadcast.bench.campaign import answered, balance, begin, watch
from broadcast.bench.load import Load
from broadcast.bench.stage import Stage, staged
from broadcast.bench.window import asked
from broadcast.cli.runner import run
from broadcast.ids import CampaignId
from broadcast.reports.progress import Progress
from broadcast.store.pool import connect

SENDING_S = 8.0
_EDGE_S = 1.5  # left out at the start and at the end


@dataclass(frozen=True, slots=True)
class Case:
    """One combination: TPS of the carrier, links to it, workers that share them."""

    tps: int
    links: int
    workers: int


CASES = tuple(Case(*each) for each in product((100, 5_000, 20_000), (1, 2, 4), (1, 3)))


@dataclass(frozen=True, slots=True)
class Paced:
    """max_in_a_second: by the carrier's clock, of any second; used_share: of the TPS, 0 to 1; throttled: answers."""

    tps: int
    links: int
    workers: int
    max_in_a_second: int
    used_share: float
    throttled: int


def pace(case: Case, sending_s: float = SENDING_S) -> Paced:
    """Send for so long. Raises AuditError when the books do not balance in the end."""
    load = Load(round(case.tps * sending_s), workers=case.workers, tps=case.tps, links=case.links)
    with staged(load, database=True) as stage:
        used = run(_used_tps(stage, sending_s))
        name = next(iter(stage.config.carriers))
        book = asked(str(stage.ready(name)["book"]))
    most, throttled = book["max_per_second"], book["throttled"]
    return Paced(case.tps, case.links, case.workers, most, used / case.tps, throttled)


async def _used_tps(stage: Stage, sending_s: float) -> float:
    load = stage.load
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        campaign_id = await begin(connection, stage)
        await watch(connection, campaign_id, _look)
        await balance(connection, campaign_id, load.messages)
        return await _in_the_middle(connection, campaign_id, sending_s)
    finally:
        await connection.close()


async def _in_the_middle(connection: asyncpg.Connection, campaign_id: CampaignId, sending_s: float) -> float:
    """Messages per second in the middle of the sending."""
    middle_s = sending_s - 2 * _EDGE_S
    found = await answered(connection, campaign_id)
    began = found[0] + _EDGE_S
    return sum(began <= at < began + middle_s for at in found) / middle_s


async def _look(_: Progress) -> None:
    """Nothing to read on the way."""
