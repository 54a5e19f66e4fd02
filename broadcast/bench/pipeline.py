"""The whole of it, all laws on: workers as processes send a campaign to simulated carriers and settle it."""

from broadcast.bench.campaign import balance, begin, watch
from broadcast.bench.growth import Growth
from broadcast.bench.load import Load, Measured
from broadcast.bench.meters import SENDER, Meters
from broadcast.bench.stage import Stage, staged
from broadcast.cli.runner import run
from broadcast.reports.progress import Progress
from broadcast.store.pool import connect


def pipeline(load: Load, *, growth: bool = False) -> Measured:
    """Raises AuditError when the books do not balance in the end."""
    with staged(load, database=True) as stage:
        return run(_measure(stage, growth))


async def _measure(stage: Stage, grows: bool) -> Measured:
    load = stage.load
    connection = await connect(stage.database.url(), check_schema=False)
    try:
        campaign_id = await begin(connection, stage)
        meters = Meters(stage)
        growth = Growth(connection, stage.folder, load.messages) if grows else None

        async def look(now: Progress) -> None:
            meters.look()
            if growth is not None:
                await growth.look(now.total.ended, meters.now_mib[SENDER])

        sent_s, took = await watch(connection, campaign_id, look)
        cpu_s = meters.per_million(load.messages)
        octets = await balance(connection, campaign_id, load.messages)
    finally:
        await connection.close()
    rates = (load.messages / sent_s, load.messages / took)
    steps = growth.steps if growth is not None else ()
    return Measured(load.messages, took, *rates, cpu_s, meters.peak_mib, True, octets, tuple(steps))
