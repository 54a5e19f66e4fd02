"""What actions tell while they go on, as lines on stderr."""

from typing import assert_never

from broadcast.actions.notices import ClockOff, ExpiryComesTwice, HomeAway, Notice, Untold
from broadcast.audience.unfinished import Unfinished
from broadcast.cli.output import duration, note, words
from broadcast.store.migrations import OldLedger


def show_notice(notice: Notice) -> None:
    """A line for each."""
    note(_line(notice))


def _line(notice: Notice) -> str:
    match notice:
        case ClockOff(ahead_s):
            return (
                f"this machine's clock is {duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} the"
                " database's: times count by the database's"
            )
        case ExpiryComesTwice(said):
            return said
        case HomeAway(followed, why):
            told = ", ".join(followed) or "none of the ledgers"
            return (
                f"home does not answer ({why}): the order holds in {told} and home takes it over when it is back; "
                "look with `broadcast campaign show` then"
            )
        case Untold(ledger, None):
            return (
                f"ledger {ledger} was not told, for no configuration with [ledgers] was given: its workers hear of it "
                "from home within 2 s"
            )
        case Untold(ledger, why):
            return (
                f"ledger {ledger} could not be told ({why}): its workers hear of it from home within 2 s, and those "
                "that reach neither have stopped"
            )
        case OldLedger(octets, seconds):
            return (
                f"moving the ledger of before, {octets / 1e6:,.0f} MB, into packed rows: about "
                f"{seconds:,.0f} s on a machine that does nothing else; workers of before write no more"
            )
        case Unfinished():
            source = words(notice.source)
            return (
                f"warning: the import of {source} is unfinished, the list is incomplete: {notice.lines:,} lines"
                f" are in, the last since {words(notice.committed_at)}; `broadcast subscriber import {source}"
                " --resumable` continues it"
            )
        case _:
            assert_never(notice)
