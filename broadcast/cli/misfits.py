"""Receipts that fit no message: why."""

from collections.abc import Sequence
from typing import Final

from broadcast.cli.output import note, print_table
from broadcast.reports.received import Misfit

_WHY: Final = {
    "unknown": "no message has that id (yet)",
    "other_number": "the id is another number's",
    "older": "it came before the message with its id left",
    "clash": "several people's messages have that id, and it names no number",
}


def show_misfits(misfits: Sequence[Misfit]) -> None:
    """A table, and what to do about it; nothing when there are none."""
    if not misfits:
        return
    rows = [
        (_WHY.get(each.reason, each.reason), each.receipts, each.first_at, each.last_at) for each in misfits
    ]
    print_table("\nReceipts that fitted nothing when they came", ("why", "receipts", "first", "last"), rows)
    if any(each.reason == "clash" for each in misfits):
        note("its ids are not unique: ask the carrier for receipts that name the number (source_addr)")
