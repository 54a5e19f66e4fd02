"""Runs in the nation's shape as one table or document: the product, and the limits and the peer beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broadcast.bench.limits import Limit
from broadcast.bench.load import PARTS, Load, Part
from broadcast.bench.nation import Nation
from broadcast.bench.results import KINDS, NAMES, Ratios, ratio_lines, ratios, spread

_NOTES: dict[Part, str] = {
    "link": "bare link: submits stamped and receipts acked at once by three processes, nothing is written down",
    "ledger": "bare ledger: intents, ids and receipts of three processes, which make them up, are written down and "
    "resolved; nothing is sent",
    "peer": "aiosmpplib: three processes with a session each for 15 s and 20,000 segments at most, nothing is written "
    "down",
}
_CPU_UNIT = "s per million segments"
_WARM_S = 30.0  # as long as most receipts take
_COLD = (
    f"pipeline: it sent for less than {_WARM_S:.0f} s, most of it before the receipts came, so it is not compared with "
    "what stands beside it: give more --messages"
)


@dataclass(frozen=True, slots=True)
class NationRun:
    """What was measured one after another. nation: of the product itself."""

    nation: Nation | None
    limits: Mapping[Part, Limit]

    @property
    def warm(self) -> bool:
        """The product sent for so long that receipts came as they do in an alert under way."""
        return self.nation is None or self.nation.segments >= _WARM_S * self.nation.segments_per_s

    @property
    def ratios(self) -> Ratios:
        """Of segments accepted per second; the product's only where it was warm."""
        rates = {part: limit.segments_per_s for part, limit in self.limits.items()}
        if self.nation is not None and self.warm:
            rates["pipeline"] = self.nation.segments_per_s
        return ratios(rates)


def document(load: Load, runs: list[NationRun]) -> dict[str, Any]:
    """For JSON. nation: of every run; runs: what was measured beside it in each, and the ratios."""
    return {
        "load": load,
        "nation": [run.nation for run in runs if run.nation is not None],
        "runs": [{**run.limits, "ratios": run.ratios} for run in runs],
    }


def notes(runs: list[NationRun]) -> list[str]:
    """What the columns beside the product's are, and why it is not compared with them."""
    cold = [] if all(run.warm for run in runs) else [_COLD]
    return [*(_NOTES[part] for part in _limits(runs)), *(cold if _limits(runs) else [])]


def columns(runs: list[NationRun]) -> list[str]:
    """Of the table: of the product the median, the least and the most, of what is beside it medians."""
    product = ["pipeline", "least", "most"] if _nations(runs) else []
    return ["what", "unit", *product, *(NAMES[part] for part in _limits(runs))]


def rows(runs: list[NationRun]) -> list[list[Any]]:
    """Of the table."""
    limits = _limits(runs)

    def row(
        what: str,
        unit: str,
        of_nation: Callable[[Nation], float | None],
        of_limit: Callable[[Limit], float | None] = lambda _: None,
    ) -> list[Any]:
        beside = (spread([of_limit(run.limits[part]) for run in runs])[0] for part in limits)
        return [what, unit, *_product(runs, [of_nation(each) for each in _nations(runs)]), *beside]

    kinds = [kind for kind in KINDS if any(kind in each.cpu_s for each in _all(runs))]
    table = [
        row("accepted", "segments/s", lambda each: each.segments_per_s, lambda each: each.segments_per_s),
        row("final, or receipted", "segments/s", lambda each: each.final_per_s, lambda each: each.told_per_s),
        *(
            row(f"CPU, {KINDS[kind]}", _CPU_UNIT, *[lambda each, kind=kind: each.cpu_s.get(kind)] * 2)
            for kind in kinds
        ),
        row("used of the TPS", "%", lambda each: None if each.used_share is None else 100 * each.used_share),
        row("longest pause of a carrier", "s", lambda each: each.longest_pause_s),
        row("last receipt to last final state", "s", lambda each: each.last_final_s),
        row("receipts waited for the resolver at most, median", "s", lambda each: each.lag_s[0]),
        row("receipts waited for the resolver at most, longest", "s", lambda each: each.lag_s[1]),
        row("write-ahead log", "octets a segment", lambda each: each.log_octets),
        row("ledger", "octets a message", lambda each: each.octets_per_message),
        *(
            row(f"peak memory, {KINDS[kind]}", "MiB", *[lambda each, kind=kind: each.peak_mib.get(kind)] * 2)
            for kind in kinds
        ),
    ]
    blank = [None] * len(limits)
    for what, unit, values in ratio_lines([run.ratios for run in runs], "segments/s"):
        table.append([what, unit, *_product(runs, values), *blank])
    return [line for line in table if any(value is not None for value in line[2:])]


def _product(runs: list[NationRun], values: list[float | None]) -> tuple[float | None, ...]:
    return spread(values) if _nations(runs) else ()


def _nations(runs: list[NationRun]) -> list[Nation]:
    return [run.nation for run in runs if run.nation is not None]


def _limits(runs: list[NationRun]) -> list[Part]:
    return [part for part in PARTS if part in runs[0].limits]


def _all(runs: list[NationRun]) -> list[Nation | Limit]:
    return [*_nations(runs), *(limit for run in runs for limit in run.limits.values())]
