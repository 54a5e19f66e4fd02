"""`broadcast bench`: what this machine sends, what its parts would, what a peer does, and what it all costs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from broadcast.bench import nation_results
from broadcast.bench.importing import Imported, importing
from broadcast.bench.ledger import ledger
from broadcast.bench.limits import LIMITS, Limit
from broadcast.bench.link import link
from broadcast.bench.load import PARTS, UNLIMITED_TPS, Load, Measured, Part
from broadcast.bench.moments import TPS as MOMENTS_TPS
from broadcast.bench.moments import Moments, moments
from broadcast.bench.nation import nation
from broadcast.bench.nation_open import nation_open
from broadcast.bench.nation_results import NationRun
from broadcast.bench.nation_tables import show_growth, show_open
from broadcast.bench.pacing import CASES, SENDING_S, Paced, pace
from broadcast.bench.peer import peer
from broadcast.bench.pipeline import pipeline
from broadcast.bench.plot import draw, draw_nation
from broadcast.bench.results import Run, columns, rates, ratios, rows
from broadcast.cli.output import json_option, note, print_json, print_table, say

_LINKS = 2
_NATION_LINKS = 6
_BESIDE = 2_000_000  # messages of what stands beside the nation's alert: time ends it
_BARE: dict[Part, Callable[[Load], Measured]] = {"link": link, "ledger": ledger, "peer": peer}


@click.command(epilog="Example: broadcast bench --messages 2000000 --ids uuid --runs 3")
@click.option("--messages", type=click.IntRange(1000, 200_000_000), default=500_000, show_default=True)
@click.option("--segments", type=click.IntRange(1, 10), default=1, show_default=True, help="Of one message.")
@click.option("--carriers", type=click.IntRange(1, 3), default=1, show_default=True, help="Each a process.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Each a process.")
@click.option(
    "--tps",
    type=click.IntRange(0, UNLIMITED_TPS),
    default=0,
    help="Of a carrier in the pipeline; 0: no limit.",
)
@click.option("--ids", type=click.Choice(["counter", "uuid"]), default="counter", show_default=True)
@click.option("--receipt-delay", "delay_s", type=click.FloatRange(0, 60), default=0.0, show_default=True)
@click.option("--runs", type=click.IntRange(1, 20), default=1, show_default=True, help="Medians of so many.")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="This part; repeat for more.")
@click.option("--growth", is_flag=True, help="A reading at every million.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the growth as SVG.")
@click.option("--pacing", is_flag=True, help="Measure the pace instead: 18 combinations, some minutes.")
@click.option("--moments", "waiting", is_flag=True, help="Measure instead what an operator waits for.")
@click.option(
    "--import", "imports", is_flag=True, help="Measure instead how fast a list of so many lines comes in."
)
@click.option(
    "--nation",
    "as_nation",
    is_flag=True,
    help="Measure instead an alert as a nation's, and its parts: some minutes.",
)
@click.option(
    "--open",
    "late_share",
    type=click.FloatRange(0, 1, min_open=True),
    help="With --nation: hold every receipt back until all is accepted, then let those of so many of the people come.",
)
@json_option
def bench(
    messages: int, segments: int, carriers: int, workers: int, tps: int, ids: Literal["counter", "uuid"],
    delay_s: float, runs: int, only: tuple[Part, ...], growth: bool, plot: Path | None, pacing: bool, waiting: bool,
    imports: bool, as_nation: bool, late_share: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Measure how fast this machine sends.

    In one run: the bare link (SMPP without a ledger), the bare ledger (rows without SMPP), the whole pipeline, and
    the session of aiosmpplib as a peer; with --nation each of them on that shape. Postgres is embedded, fsync on;
    carriers and workers are processes; every message gets a receipt, in a nation's alert most; the audit must balance.
    Quote medians: machines are noisy.
    """
    if pacing:
        _show_pacing(as_json)
        return
    if waiting:
        of = Load(messages, tps=tps or MOMENTS_TPS, ids=ids)
        _show_moments([moments(of) for _ in range(runs)], as_json)
        return
    if imports:
        _show_imports([importing(messages) for _ in range(runs)], as_json)
        return
    if as_nation:
        load = Load(messages, 5, 3, 3, tps, "uuid", 0.0, _NATION_LINKS, nation=True)
        if late_share is not None:
            _open(load, runs, growth or plot is not None, late_share, as_json)
        else:
            _nation(load, only, runs, growth, plot, as_json)
        return
    if late_share is not None:
        raise click.UsageError("--open is about an alert as a nation's: add --nation")
    parts = [part for part in PARTS if part in (only or PARTS)]
    growth = growth or plot is not None
    if growth and "pipeline" not in parts:
        raise click.UsageError("--growth and --plot are about the pipeline: add --only pipeline")
    load = Load(messages, segments, carriers, workers, tps, ids, delay_s, max(_LINKS, workers))
    found = [_once(load, parts, growth, f"run {number + 1} of {runs}") for number in range(runs)]
    _show(load, found, as_json)
    if plot is not None:
        draw(plot, found[-1]["pipeline"].growth, _title(load))


def _once(load: Load, parts: list[Part], growth: bool, which: str) -> Run:
    measured: dict[Part, Measured] = {}
    for part in parts:
        note(f"{which}: {part}")
        measured[part] = pipeline(load, growth=growth) if part == "pipeline" else _BARE[part](load)
    return measured


def _as_nation(load: Load, parts: list[Part], grows: bool, which: str) -> NationRun:
    product = None
    limits: dict[Part, Limit] = {}
    for part in parts:
        note(f"{which}: {part}")
        if part == "pipeline":
            product = nation(replace(load, sums=grows), growth=grows)
        else:
            limits[part] = LIMITS[part](replace(load, messages=_BESIDE))
    return NationRun(product, limits)


def _title(load: Load) -> str:
    return f"{load.messages:,} messages of {load.segments} segment(s), ids {load.ids}"


def _show(load: Load, runs: list[Run], as_json: bool) -> None:
    if as_json:
        print_json({"load": load, "runs": [{**run, "ratios": ratios(rates(run))} for run in runs]})
        return
    print_table(f"{_title(load)}, {len(runs)} run(s)", columns(runs), rows(runs))
    for number, run in enumerate(runs, 1):
        if "pipeline" in run and run["pipeline"].growth:
            _show_growth(run["pipeline"], f"as it grew, run {number}")


def _show_growth(measured: Measured, title: str) -> None:
    names = (
        "settled", "after s", "messages/s", "logs MiB", "their index MiB", "waiting MiB", "commit ms",
        "resolve lag s", "worker MiB",
    )  # fmt: skip
    print_table(
        title,
        names,
        [
            (
                step.settled, step.seconds, step.rate, step.table_mib, step.index_mib, step.waiting_mib,
                step.commit_ms, step.resolve_lag_s, step.worker_mib,
            )
            for step in measured.growth
        ],
    )  # fmt: skip


def _show_pacing(as_json: bool) -> None:
    found: list[Paced] = []
    for number, case in enumerate(CASES, 1):
        note(f"{number} of {len(CASES)}: {case.tps:,} TPS, {case.links} link(s), {case.workers} worker(s)")
        found.append(pace(case))
    if as_json:
        print_json({"pacing": found})
        return
    print_table(
        f"{SENDING_S:.0f} s of sending each",
        ("TPS", "links", "workers", "most in any second", "% of it used", "throttled"),
        [
            (each.tps, each.links, each.workers, each.max_in_a_second, 100 * each.used_share, each.throttled)
            for each in found
        ],
    )


def _show_moments(found: list[Moments], as_json: bool) -> None:
    if as_json:
        print_json({"moments": found})
        return
    print_table(
        f"{found[0].recipients:,} recipients, {len(found)} run(s); seconds",
        ("planning", "then the first message", "pause after SIGTERM", "pause after kill -9"),
        [(each.planning_s, each.first_message_s, each.restart_pause_s, each.kill_pause_s) for each in found],
    )


def _show_imports(found: list[list[Imported]], as_json: bool) -> None:
    if as_json:
        print_json({"imports": found})
        return
    rows = [
        (number, each.columns, each.rate, each.rate / run[0].rate, each.peak_mib)
        for number, run in enumerate(found, 1)
        for each in run
    ]
    names = ("run", "columns of profiles", "lines/s", "of the first", "peak MiB")
    print_table(f"{found[0][0].lines:,} lines", names, rows)


def _open(load: Load, runs: int, grows: bool, late_share: float, as_json: bool) -> None:
    if grows:
        raise click.UsageError("--growth and --plot are of an alert whose receipts come: leave out --open")
    load = replace(load, held=True, sums=True)
    opened = [nation_open(load, late_share) for _ in range(runs)]
    if as_json:
        print_json({"open": opened})
    else:
        show_open(opened)


def _nation(
    load: Load, only: tuple[Part, ...], runs: int, growth: bool, plot: Path | None, as_json: bool
) -> None:
    grows = growth or plot is not None
    parts = [part for part in PARTS if part in (only or (("pipeline",) if grows else PARTS))]
    if grows and "pipeline" not in parts:
        raise click.UsageError("--growth and --plot are about the pipeline: add --only pipeline")
    found = [_as_nation(load, parts, grows, f"run {number + 1} of {runs}") for number in range(runs)]
    _show_nation(load, found, as_json)
    if plot is not None and (last := found[-1].nation) is not None:
        draw_nation(plot, last.growth, f"{_title(load)}, as a nation's")


def _show_nation(load: Load, found: list[NationRun], as_json: bool) -> None:
    if as_json:
        print_json(nation_results.document(load, found))
        return
    title = f"{load.messages:,} messages of 5 segments, 3 carriers, 3 workers; {len(found)} run(s)"
    print_table(title, nation_results.columns(found), nation_results.rows(found))
    for each in nation_results.notes(found):
        say(each)
    for number, run in enumerate(found, 1):
        if run.nation is not None and run.nation.growth:
            show_growth(run.nation.growth, f"as it grew, run {number}")
