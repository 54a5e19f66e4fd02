"""What the nation's runs print."""

from broadcast.bench.nation_growth import EARLY, LATE, NationStep, grown
from broadcast.bench.nation_open import Opened
from broadcast.cli.output import print_table, say

_KINDS = {"sender": "worker", "resolver": "resolver", "postgres": "PostgreSQL", "simulator": "simulator"}


def show_growth(steps: tuple[NationStep, ...], title: str) -> None:
    """Two lines for each step: what it cost, and what there is then."""
    kinds = list(steps[0].cpu_s) if steps else []
    print_table(
        f"{title}: CPU seconds per million segments, octets of write-ahead log a segment",
        ("segments", "after s", "segments/s", *(_KINDS[kind] for kind in kinds), "in all", "log", "lag s"),
        [
            (
                step.segments, step.seconds, step.rate, *(step.cpu_s[kind] for kind in kinds),
                sum(step.cpu_s.values()), step.log_octets, step.lag_s,
            )
            for step in steps
        ],
    )  # fmt: skip
    print_table(
        f"{title}: MiB of the largest process, segments without a final receipt",
        ("segments", *(_KINDS[kind] for kind in kinds), "database", "open"),
        [
            (step.segments, *(step.mib[kind] for kind in kinds), step.database_mib, step.open)
            for step in steps
        ],
    )
    ratio = grown(steps)
    if ratio is not None:
        say(f"step {LATE} costs {ratio:.3f} times the CPU seconds of step {EARLY}")


def show_open(found: list[Opened]) -> None:
    """A table for each run."""
    for number, each in enumerate(found, 1):
        print_table(
            f"{each.segments:,} segments open at once, all accepted after {each.sent_s:.1f} s; "
            f"run {number} of {len(found)}",
            ("process", "CPU s per million", "MiB before", "MiB at most", "MiB with all open"),
            [
                (_KINDS[kind], spent, each.before_mib[kind], each.peak_mib[kind], each.open_mib[kind])
                for kind, spent in each.cpu_s.items()
            ],
        )
        median_s, longest_s = each.late_s
        say(f"{each.late:,} late receipts were settled {median_s:.2f} s (median), {longest_s:.2f} s at most")
