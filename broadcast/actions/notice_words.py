"""What actions tell while they go on, as lines for whoever acts: at a terminal, or on the board. Pure."""

from collections.abc import Callable
from typing import Any, assert_never

from broadcast.actions.notices import (
    AgainstForecast,
    ClockOff,
    EmergencyWaits,
    ExpiryComesTwice,
    HomeAway,
    LineLeftOut,
    LinksShut,
    NotWitnessed,
    Superseded,
    Told,
    Untold,
    Waits,
)
from broadcast.audience.unfinished import Unfinished
from broadcast.languages import _
from broadcast.store.migrations import OldLedger
from broadcast.words import duration

Words = Callable[[Any], str]
"""A value in one line, as `broadcast.words` in the country's time."""


def line(notice: Told, words: Words) -> str:
    """One line; nothing in it steers a terminal."""
    match notice:
        case AgainstForecast(said):
            return _("WARNING: it is launched all the same: {said}", said=said)
        case ClockOff(ahead_s):
            return _clock_off(ahead_s)
        case EmergencyWaits(wait_s):
            return _emergency_waits(wait_s)
        case ExpiryComesTwice(said):
            return said
        case HomeAway(followed, why):
            return _home_away(followed, why)
        case LineLeftOut(name):
            return _left_out(name, words)
        case LinksShut(carrier, shut, every):
            return _links_shut(carrier, shut, every, words)
        case Superseded(names):
            return _superseded(names)
        case Untold(ledger, why):
            return _untold(ledger, why)
        case NotWitnessed(path, why):
            return _not_witnessed(path, why, words)
        case OldLedger(octets, seconds):
            return _old_ledger(octets, seconds)
        case Unfinished() | Waits():
            return _unfinished(notice, words) if isinstance(notice, Unfinished) else _waits(notice, words)
        case _:
            assert_never(notice)


def _emergency_waits(wait_s: int) -> str:
    return _(
        "WARNING: most people hear this emergency {wait} later: nobody else before its first share is judged",
        wait=duration(wait_s),
    )


def _left_out(name: str, words: Words) -> str:
    return _("the line {name} (wording.append.{name}) is left out: it would cost a segment", name=words(name))


def _waits(notice: Waits, words: Words) -> str:
    return _(
        "{people:,} people are told later, from {first} to {last}: {rules}",
        people=notice.people,
        first=words(notice.first),
        last=words(notice.last),
        rules=notice.rules,
    )


def _old_ledger(octets: int, seconds: float) -> str:
    return _(
        "moving the ledger of before, {octets:,.0f} MB, into packed rows: about "
        "{seconds:,.0f} s on a machine that does nothing else; workers of before write no more",
        octets=octets / 1e6,
        seconds=seconds,
    )


def _home_away(followed: tuple[str, ...], why: str) -> str:
    told = ", ".join(followed) or _("none of the ledgers")
    return _(
        "home does not answer ({why}): the order holds in {told} and home takes it over when it is back; "
        "look with `broadcast campaign show` then",
        why=why,
        told=told,
    )


def _unfinished(notice: Unfinished, words: Words) -> str:
    return _(
        "warning: the import of {source} is unfinished, the list is incomplete: {lines:,} lines"
        " are in, the last since {committed_at}; `broadcast subscriber import {source}"
        " --resumable` continues it",
        source=words(notice.source),
        lines=notice.lines,
        committed_at=words(notice.committed_at),
    )


def _clock_off(ahead_s: float) -> str:
    off = duration(abs(ahead_s))
    if ahead_s > 0:
        return _(
            "this machine's clock is {off} ahead of the database's: times count by the database's", off=off
        )
    return _("this machine's clock is {off} behind the database's: times count by the database's", off=off)


def _links_shut(carrier: str, shut: tuple[tuple[str, str], ...], every: bool, words: Words) -> str:
    told = "; ".join(f"{address}: {words(said)}" for address, said in shut)
    if every:
        return _(
            "WARNING: NO link to {carrier} was open in the last minutes: {told}", carrier=carrier, told=told
        )
    return _("warning: links to {carrier} were shut in the last minutes: {told}", carrier=carrier, told=told)


def _superseded(names: tuple[str, ...]) -> str:
    return _(
        "it updates {names}: nothing of that leaves from 2 s after the launch on", names=", ".join(names)
    )


def _not_witnessed(path: str, why: str, words: Words) -> str:
    return _(
        "warning: this was done, and it is NOT WITNESSED outside the database: {path}: {why}; mend that before "
        "anything else is done",
        path=words(path),
        why=why,
    )


def _untold(ledger: str, why: str | None) -> str:
    if why is None:
        return _(
            "ledger {ledger} was not told, for no configuration with [ledgers] was given: its workers hear of it "
            "from home within 2 s",
            ledger=ledger,
        )
    return _(
        "ledger {ledger} could not be told ({why}): its workers hear of it from home within 2 s, and those "
        "that reach neither have stopped",
        ledger=ledger,
        why=why,
    )
