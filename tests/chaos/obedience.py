"""Whether pauses and cancels were obeyed, as docs/nation.md says: from 2 s after one on nothing leaves. Pure.

Nor does anything leave when a ledger is back that nobody told. What the page excepts, and what was on a broken way to
an SMSC already, is not judged:
  - home away: the ledgers that were not reached know nothing before home has taken the order over;
  - home_away = "go_on": so do the processes that find neither home nor anybody who told their ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chaos.faults import Done
from chaos.operator import Given
from chaos.schedule import Kind, Schedule, Word
from chaos.topology import Topology

STOP_S: Final = 2.0  # law 7
READ_S: Final = 0.5  # until an SMSC has read, on a busy machine
_STALLS: Final = (Kind.SMSC_HANGS, Kind.LINK_MUTE, Kind.HOST_PARTED, Kind.HOST_LOSSY)
_BEFORE_S: Final = 1.0


def unobeyed(
    plan: Schedule, done: Sequence[Done], given: Sequence[Given], accounts: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """accounts: of the SMSCs, by carrier."""
    for carrier, since, until, order in judged(plan, done, given):
        if taken := _taken(accounts[carrier]["samples"], since, until):
            yield f"{carrier}: {taken} segments came after a {order.word.value}, {STOP_S:g} s and more"


def judged(
    plan: Schedule, done: Sequence[Done], given: Sequence[Given]
) -> Iterator[tuple[str, float, float, Given]]:
    """carrier, since and until when nothing may come, and the order of that."""
    for index, order in enumerate(given):
        if order.word is Word.RESUME:
            continue
        until = next((each.began for each in given[index + 1 :] if each.word is Word.RESUME), float("inf"))
        at = order.ended if plan.home_away == "go_on" else order.home_at
        for carrier in plan.habits:
            if not _excused(plan, done, order, at, carrier):
                yield carrier, at + STOP_S + READ_S, until, order


def _excused(plan: Schedule, done: Sequence[Done], order: Given, at: float, carrier: str) -> bool:
    topology, ledgers = plan.topology, set(plan.topology.serving(carrier))
    workers = {place for each in ledgers for place in topology.workers_of(each)}
    amid = [each for each in done if each.began < at + STOP_S + READ_S and each.ended > at - _BEFORE_S]
    if any(each.fault.kind in _STALLS and each.fault.target in {carrier, *workers} for each in amid):
        return True
    untold = ledgers - order.told
    if order.without_home:
        return bool(untold)
    return plan.home_away == "go_on" and any(_deaf(topology, amid, ledger) for ledger in untold)


def _deaf(topology: Topology, amid: Sequence[Done], ledger: str) -> bool:
    """Its processes may not find home."""
    to_home = {way for way in topology.ways if way.endswith(f"{ledger}|{topology.home}")}
    return any(each.fault.target in {topology.home, *to_home} for each in amid)


def _taken(samples: Sequence[tuple[float, int]], since: float, until: float) -> int:
    """Segments that came between the two."""
    counts = [count for at, count in samples if since <= at <= until]
    return counts[-1] - counts[0] if counts else 0
