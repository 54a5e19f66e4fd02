"""How every command shows what is wrong: findings, receipts that fit nothing, what profiles do not know."""

from collections.abc import Sequence

from broadcast.cli.output import note, print_table, say
from broadcast.diagnosis.finding import Code, Finding
from broadcast.languages import _, headings, term
from broadcast.reports.misfits import misfit_documents
from broadcast.reports.received import Misfit, Oddity


def show_findings(findings: Sequence[Finding], title: str = "") -> None:
    """Below what they are about; nothing when there are none. What is as it should be stands by itself."""
    wrong = [each for each in findings if each.code is not Code.TPS_REACHED]
    if wrong and title:
        say(f"\n{title}")
    for each in wrong:
        say(str(each))
    well = [each for each in findings if each.code is Code.TPS_REACHED]
    if well:
        say("\n" + _("Why it is not faster"))
    for each in well:
        say(str(each))


def show_misfits(misfits: Sequence[Misfit]) -> None:
    """A line a carrier, and what to do about it; nothing when there are none."""
    for each in misfit_documents(misfits):
        say(f"{each['carrier']}: {each['line']}")
        note(f"{each['carrier']}: {each['to_do']}")


def show_oddities(oddities: Sequence[Oddity]) -> None:
    """A table, and what to do about it; nothing when there are none."""
    if not oddities:
        return
    rows = [
        (each.carrier, term(each.kind).replace("_", " "), each.value, each.times, each.first_at, each.last_at)
        for each in oddities
    ]
    print_table(
        "\n" + _("What the SMSC said that its profile does not know"),
        headings("carrier", "what", "value", "times", "first", "last"),
        rows,
    )
    note(
        _(
            "unknown statuses count as refused for good, unknown states of receipts as not final: "
            "say what they mean in carriers.toml (*_statuses, receipt_states); a message whose id is too long is "
            "accepted, and no receipt will fit it"
        )
    )
