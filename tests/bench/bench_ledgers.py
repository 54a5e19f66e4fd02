"""What several databases cost: the same alert through home alone and through two ledgers, on the same cores.

    python tests/bench/bench_ledgers.py [messages] [pairs]

A nation's shape, four carriers, four workers, as fast as it goes; home alone, then home and two ledgers as databases
of the same server, two carriers and two workers each, alternating. Prints segments accepted and made final a second,
CPU seconds per million segments of all processes, and the ratio of the medians, which is what counts.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import asyncpg

from broadcast.actions.ledgers import spread
from broadcast.actions.session import Session
from broadcast.bench.campaign import launch, prepare
from broadcast.bench.load import Load
from broadcast.bench.meters import Meters
from broadcast.bench.people import make_people
from broadcast.bench.stage import Stage, bound, staged, start_resolver, start_worker
from broadcast.bench.window import LOOK_S, Cost, within
from broadcast.cli.runner import run
from broadcast.config import Config, Ledger
from broadcast.reports.whole import Whole
from broadcast.store import migrations
from broadcast.store.pool import connect

WORKERS = 4
NAMES = ("north", "south")


def several(stage: Stage) -> Config:
    """The stage's configuration with two ledgers, whose URLs stand in files; written for the processes, too."""
    carriers = list(stage.config.carriers)
    half = len(carriers) // 2
    ledgers = {}
    for name, mine in zip(NAMES, (carriers[:half], carriers[half:]), strict=True):
        place = stage.folder / f"{name}.url"
        place.write_text(stage.database.url(name))
        place.chmod(0o600)
        ledgers[name] = Ledger(carriers=tuple(mine), url_file=str(place))
    with (stage.folder / "carriers.toml").open("a") as file:
        for name, ledger in ledgers.items():
            names = ", ".join(f'"{each}"' for each in ledger.carriers)
            file.write(f'[ledgers.{name}]\nurl_file = "{ledger.url_file}"\ncarriers = [{names}]\n')
    return replace(stage.config, ledgers=ledgers)


async def start(stage: Stage, connections: Mapping[str, asyncpg.Connection]) -> None:
    """Four workers in all and a resolver for each database that has some, until every link is bound."""
    for place, name in enumerate(connections):
        start_resolver(stage, name)
        for number in range(place, WORKERS, len(connections)):
            start_worker(stage, number, name)
    for connection in connections.values():
        await bound(connection, replace(stage.load, carriers=stage.load.carriers // len(connections)))


async def measured(stage: Stage, *, split: bool) -> tuple[float, float, float]:
    """Segments accepted and made final a second, CPU seconds per million."""
    home = await connect(stage.database.url(), check_schema=False)
    opened = {"": home}
    config = several(stage) if split else stage.config
    for name, ledger in config.ledgers.items():
        await home.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        opened[name] = await connect(ledger.url(), check_schema=False)
        await migrations.migrate(opened[name])
        await make_people(opened[name])
    try:
        await prepare(home, config, stage.load)
        if split:
            await spread(Session(home, config))
        await start(stage, {name: opened[name] for name in config.ledgers} or opened)
        campaign_id = await launch(home, config, stage.load)
        whole, meters = Whole(home, config, campaign_id), Meters(stage)
        began, costs = time.monotonic(), list[Cost]()
        while True:
            total = (await whole.progress()).total
            costs.append(Cost(time.monotonic() - began, total.segments, total.ended, meters.cpu_s()))
            if total.segments and not total.states["waiting"] and not total.states["in_doubt"]:
                break
            await asyncio.sleep(LOOK_S)
        whole.close()
        assert total.audience == stage.load.messages, total
    finally:
        for connection in opened.values():
            connection.terminate()
    sent, final, cpu_s = within(costs, costs[-1].at_s, stage.load.segments)
    return sent, final, sum(cpu_s.values())


def main() -> None:
    """Pairs, then the ratio."""
    messages = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_500_000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    load = Load(
        messages, segments=5, carriers=4, workers=WORKERS, ids="uuid", links=6, nation=True, sums=True
    )
    found: dict[bool, list[tuple[float, float, float]]] = {False: [], True: []}
    for _ in range(pairs):
        for split in (False, True):
            with staged(load, database=True) as stage:
                found[split].append(run(measured(stage, split=split)))
            sent, final, cpu_s = found[split][-1]
            kind = "two ledgers" if split else "home alone"
            print(
                f"{kind:12} {sent:9,.0f} accepted/s {final:9,.0f} final/s {cpu_s:6.1f} CPU s per million",
                flush=True,
            )
    one, two = (median(each[0] for each in found[split]) for split in (False, True))
    print(f"two ledgers over home alone: {two / one:.3f}")


if __name__ == "__main__":
    main()
