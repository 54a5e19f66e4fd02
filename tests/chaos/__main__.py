"""`make chaos`: many seeded runs, a row each.

    PYTHONPATH=tests python -m chaos [--runs N] [--messages N] [--parallel N] [--seed S]
        [--hosts | --ledgers] [--timed] [--keep FOLDER]

Seeds are S, S+1 and so on: a run that failed is done again by --seed and --runs 1.
"""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from chaos import hosts, table
from chaos.database import Prepared, prepared
from chaos.ledger_schedule import ledger_schedule
from chaos.run import Result, run
from chaos.schedule import schedule


def main() -> int:
    options = _options()
    began = time.monotonic()
    with prepared(options.messages) as data:
        try:
            results = asyncio.run(_all(options, data))
        except asyncio.CancelledError:
            return 130
    print(table.summary(results, time.monotonic() - began))
    failed = any(result.problems or (options.timed and result.slow) for result in results)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description="Break everything, and count afterwards.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10_000, help="a run, of five segments each")
    parser.add_argument("--parallel", type=int, default=2, help="runs at the same time")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--hosts", action="store_true", help="each process on its own host (root, iproute2)")
    where.add_argument(
        "--ledgers", action="store_true", help="so, with a home and two ledgers, each on its own"
    )
    parser.add_argument("--timed", action="store_true", help="a slow way back to full TPS is a failure too")
    parser.add_argument(
        "--keep", type=Path, default=Path("chaos-out"), help="where failed runs leave their logs"
    )
    options = parser.parse_args()
    if (options.hosts or options.ledgers) and (reason := hosts.missing()):
        parser.error(f"--hosts, --ledgers: {reason}")
    return options


async def _all(options: argparse.Namespace, data: Prepared) -> list[Result]:
    """In the order of their ends; every row is printed when its run has ended. A signal ends all that was begun."""
    everything = asyncio.current_task()
    assert everything is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, everything.cancel)
    turns = asyncio.Semaphore(options.parallel)
    results: list[Result] = []
    print(table.HEAD, flush=True)

    async def one(seed: int) -> None:
        async with turns:
            plan = ledger_schedule(seed) if options.ledgers else schedule(seed, options.hosts)
            result = await run(plan, options.messages, data, options.keep / f"seed-{seed}")
        results.append(result)
        print(table.row(result), flush=True)

    async with asyncio.TaskGroup() as group:
        for seed in range(options.seed, options.seed + options.runs):
            group.create_task(one(seed), name=f"seed {seed}")
    return results


if __name__ == "__main__":
    sys.exit(main())
