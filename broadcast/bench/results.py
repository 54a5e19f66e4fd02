"""The runs of a bench as one table, and how its parts compare.

pipeline_to_peer: messages (in the nation's shape: segments) per second of the pipeline, over those of the peer.
possible_rate: what the bare link and the bare ledger allow together. Each of them keeps both cores busy; a pipeline
does the work of both for every message, so its time per message is the sum of theirs: 1 / (1/link + 1/ledger), half
their harmonic mean. pipeline_to_possible: the pipeline's rate over it; above 1 when work that the two do apart (a
loop's turn, a system call) is shared, below 1 for what joins them (leases, pacing, waiting for commits).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from broadcast.bench.load import PARTS, Measured, Part

Run = Mapping[Part, Measured]
NAMES: dict[Part, str] = {
    "link": "bare link", "ledger": "bare ledger", "pipeline": "pipeline", "peer": "aiosmpplib",
}  # fmt: skip
KINDS = {"sender": "sender", "resolver": "resolver", "postgres": "Postgres", "simulator": "simulators"}


@dataclass(frozen=True, slots=True)
class Ratios:
    """None where a part was not measured. See the module's words."""

    pipeline_to_peer: float | None
    possible_rate: float | None
    pipeline_to_possible: float | None


def ratios(rate: Mapping[Part, float]) -> Ratios:
    """Of one run's rates."""
    to_peer = rate["pipeline"] / rate["peer"] if "pipeline" in rate and "peer" in rate else None
    possible = 1 / (1 / rate["link"] + 1 / rate["ledger"]) if "link" in rate and "ledger" in rate else None
    to_possible = rate["pipeline"] / possible if possible and "pipeline" in rate else None
    return Ratios(to_peer, possible, to_possible)


def rates(run: Run) -> dict[Part, float]:
    """Of each part."""
    return {part: measured.rate for part, measured in run.items()}


def columns(runs: list[Run]) -> list[str]:
    """Of the table: what, its unit, and the parts that were measured."""
    return ["what", "unit", *(NAMES[part] for part in _parts(runs))]


def rows(runs: list[Run]) -> list[list[Any]]:
    """Of the table; medians over the runs."""
    parts = _parts(runs)

    def row(what: str, unit: str, value: Any) -> list[Any]:
        return [what, unit, *(spread([value(run[part]) for run in runs])[0] for part in parts)]

    kinds = [kind for kind in KINDS if any(kind in runs[0][part].cpu_s for part in parts)]
    table = [
        row("sent and accepted", "messages/s", lambda each: each.sent_rate),
        row("and receipted and settled", "messages/s", lambda each: each.rate),
        *(
            row(f"CPU, {KINDS[kind]}", "s per million", lambda each, kind=kind: each.cpu_s.get(kind))
            for kind in kinds
        ),
        *(
            row(f"peak memory, {KINDS[kind]}", "MiB", lambda each, kind=kind: each.peak_mib.get(kind))
            for kind in kinds
        ),
        row("database per settled message", "octets", lambda each: each.octets_per_message),
    ]
    for what, unit, values in ratio_lines([ratios(rates(run)) for run in runs], "messages/s"):
        middle = spread(values)[0]
        table.append([what, unit, *(middle if part == "pipeline" else None for part in parts)])
    return [line for line in table if any(value is not None for value in line[2:])]


def ratio_lines(found: list[Ratios], rate_unit: str) -> list[tuple[str, str, list[float | None]]]:
    """What, its unit, and the value of each run."""
    return [
        ("to aiosmpplib", "times", [each.pipeline_to_peer for each in found]),
        ("link and ledger together allow", rate_unit, [each.possible_rate for each in found]),
        ("to what they allow", "%", [_percent(each.pipeline_to_possible) for each in found]),
    ]


def spread(values: list[float | None]) -> tuple[float | None, float | None, float | None]:
    """The median, the least and the most of those that are known."""
    known = [value for value in values if value is not None]
    return (median(known), min(known), max(known)) if known else (None, None, None)


def _parts(runs: list[Run]) -> list[Part]:
    return [part for part in PARTS if part in runs[0]]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
