"""Receipts that fit no message, as a person is told of them: why, and what to do about it. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from broadcast.languages import N_, _, grouped
from broadcast.reports.received import Misfit

_WHY: Final = {
    "unknown": N_("with an id that no message has (yet)"),
    "other_number": N_("with an id that is another number's"),
    "older": N_("from before the message with their id left"),
    "clash": N_("without a number, and with an id that several people's messages have"),
}
_UNTOLD: Final = {"other_number", "clash"}


def misfit_document(misfits: Sequence[Misfit], carrier: str) -> dict[str, Any]:
    """One carrier's: how many by reason, and as a person is told it: the line, and what to do."""
    mine = [each for each in misfits if each.carrier == carrier]
    receipts = sum(each.receipts for each in mine)
    reasons = "; ".join(f"{grouped(each.receipts)} {_(_WHY.get(each.reason, each.reason))}" for each in mine)
    return {
        "carrier": carrier,
        "receipts": receipts,
        "reasons": {each.reason: each.receipts for each in mine},
        "first_at": min(each.first_at for each in mine),
        "last_at": max(each.last_at for each in mine),
        "line": _(
            "{receipts:,} receipts fitted nothing when they came: {reasons}",
            receipts=receipts,
            reasons=reasons,
        ),
        "to_do": _to_do({each.reason for each in mine}, carrier),
    }


def misfit_documents(misfits: Sequence[Misfit]) -> list[dict[str, Any]]:
    """Of each carrier that has any."""
    return [misfit_document(misfits, carrier) for carrier in dict.fromkeys(each.carrier for each in misfits)]


def _to_do(reasons: set[str], carrier: str) -> str:
    """A clash is the carrier's to mend; an unknown id mostly the profile's."""
    if "clash" in reasons:
        return _(
            "its ids come again, and without a number nobody is guessed: ask the carrier for receipts that name the "
            "number (source_addr), or for ids that do not come again"
        )
    if reasons & _UNTOLD:
        return _(
            "its ids come again, or its receipts name another number than the message went to: ask the carrier which "
            "address of a receipt is the recipient's"
        )
    return _(
        "where many stay unmatched, see whether response_id, receipt_id, id_zeros and id_case fit: "
        "broadcast carrier check {carrier} --to YOUR_NUMBER",
        carrier=carrier,
    )
