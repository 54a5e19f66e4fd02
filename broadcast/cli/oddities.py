"""How the reports show what an SMSC said that its carrier's profile does not know."""

from collections.abc import Sequence

from broadcast.cli.output import note, print_table
from broadcast.reports.received import Oddity


def show_oddities(oddities: Sequence[Oddity]) -> None:
    """A table, and what to do about it; nothing when there are none."""
    if not oddities:
        return
    rows = [
        (each.carrier, each.kind.replace("_", " "), each.value, each.times, each.first_at, each.last_at)
        for each in oddities
    ]
    print_table(
        "\nWhat the SMSC said that its profile does not know",
        ("carrier", "what", "value", "times", "first", "last"),
        rows,
    )
    note(
        "unknown statuses count as refused for good, unknown states of receipts as not final: "
        "say what they mean in carriers.toml (*_statuses, receipt_states); a message whose id is too long is accepted, "
        "and no receipt will fit it"
    )
