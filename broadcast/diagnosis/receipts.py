"""What is wrong with the receipts of a carrier: a profile that does not describe it is silent otherwise."""

from collections.abc import Iterable, Iterator
from typing import Final

from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import FEW, Code, Finding, age
from broadcast.diagnosis.reading import LaneReading
from broadcast.diagnosis.settling import of_settling
from broadcast.languages import _, grouped

MISFIT_SHARE: Final = 0.05
CLASH_SHARE: Final = 0.5
USUAL_TIMES: Final = 2.0  # what usually is within a time may take so much longer
MENDED_S: Final = 60.0
RESOLVED_S: Final = 12.0  # what is older than this, and told of late, is known to fit or not
LEAST_S: Final = 30.0
UNKNOWN_S: Final = 60.0  # where nothing is known of the carrier
MOST_S: Final = 600.0


def of_receipts(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    name = carrier.carrier
    command = f"broadcast carrier check {name} --to YOUR_NUMBER"
    # a receipt for somebody in doubt waits for what becomes of that one
    misfits = carrier.misfit_receipts - carrier.in_doubt * figures.segments
    fitting = carrier.told * figures.segments
    misfit = misfits >= FEW and misfits >= MISFIT_SHARE * (misfits + fitting)
    misfit = misfit and (figures.finished or not _mended(carrier))
    if misfit:
        yield _misfit(carrier, misfits, fitting, command)
    yield from of_settling(figures, carrier)
    receipts = sum(each.receipts for each in carrier.readings)
    unknown = _unknown(figures, carrier, receipts)
    if unknown:
        yield Finding(Code.RECEIPTS_UNKNOWN, name, True, unknown, f"broadcast carrier show {name}")
    unreadable = sum(each.unreadable for each in carrier.readings)
    if unreadable >= FEW and unreadable >= MISFIT_SHARE * (unreadable + receipts):
        said = _(
            "{unreadable:,} of what it sent of late cannot be read: kept in the table quarantine, with the reason",
            unreadable=unreadable,
        )
        yield Finding(Code.RECEIPTS_UNREADABLE, name, True, said, command)
    if not misfit and not unknown:
        yield from _missing(figures, carrier, command)


def _unknown(figures: Figures, carrier: CarrierFigures, receipts: int) -> str:
    """That states are unknown, or nothing: of late while it runs, and of a finished campaign by what became of it."""
    words = f" ({', '.join(sorted(carrier.unknown_states)[:3])})" if carrier.unknown_states else ""
    states = _("states that its profile does not know{words}: add them to receipt_states", words=words)
    if figures.finished:
        left = carrier.unknown
        many = words and left >= FEW and left >= MISFIT_SHARE * (left + carrier.told)
        what = _("what became of {left:,} accepted messages is unknown, and receipts had", left=left)
        return f"{what} {states}" if many else ""
    count = sum(each.unknown_states for each in carrier.readings)
    if count >= FEW and count >= MISFIT_SHARE * receipts:
        return _("{count:,} receipts of late have {states}", count=count, states=states)
    return ""


def _mended(carrier: CarrierFigures) -> bool:
    """Some fit, and others came since the newest that does not, with the time to be found misfits."""
    if carrier.told < FEW or carrier.unresolved_s > RESOLVED_S:
        return False
    heard = [each.receipt_ago_s for each in carrier.readings if each.receipt_ago_s is not None]
    return carrier.misfit_ago_s is not None and bool(heard) and carrier.misfit_ago_s - min(heard) > MENDED_S


def _misfit(carrier: CarrierFigures, misfits: int, fitting: int, command: str) -> Finding:
    name = carrier.carrier
    count = (
        grouped(misfits)
        if carrier.misfit_receipts < carrier.misfits_counted_to
        else _("more than {misfits:,}", misfits=misfits)
    )
    if carrier.clash_share > CLASH_SHARE:
        said = _(
            "{count} receipts have ids that come again and name no number, so that nobody is guessed: ask the carrier "
            "for receipts with the number, or for ids that do not come again",
            count=count,
        )
        return Finding(Code.IDS_COME_AGAIN, name, True, said, f"broadcast carrier show {name}")
    if misfits > fitting:
        said = _("{count} receipts fit no submission: response_id or receipt_id is wrong", count=count)
    else:
        said = _(
            "{count} receipts fit no submission, {fitting:,} do: response_id, receipt_id, id_zeros or id_case does not "
            "fit all ids, or they are for another system on this account",
            count=count,
            fitting=fitting,
        )
    return Finding(Code.RECEIPTS_MISFIT, name, True, said, command)


def _missing(figures: Figures, carrier: CarrierFigures, command: str) -> Iterator[Finding]:
    name = carrier.carrier
    if figures.finished:
        if carrier.unknown >= FEW and not carrier.told:
            said = _(
                "not one of {unknown:,} accepted messages got its receipt: what became of them is unknown",
                unknown=carrier.unknown,
            )
            yield Finding(Code.RECEIPTS_MISSING, name, True, said, command)
        return
    most_s, silent_s = limit_s(carrier.usual_receipt_s), silent_for_s(carrier.readings)
    if carrier.accepted >= FEW and silent_s is not None and silent_s >= most_s:
        usual = (
            _(" (95 % usually come within {usual_receipt_s})", usual_receipt_s=age(carrier.usual_receipt_s))
            if carrier.usual_receipt_s
            else ""
        )
        said = _(
            "no receipt for {silent_s} though {accepted:,} messages wait for theirs{usual}: "
            "the account may have none, or no receiver is bound",
            silent_s=age(silent_s),
            accepted=carrier.accepted,
            usual=usual,
        )
        yield Finding(Code.RECEIPTS_MISSING, name, True, said, command)
        return
    coming = sum(each.receipts for each in carrier.readings)
    late = figures.launched_for_s >= max(most_s, UNKNOWN_S)
    if late and figures.segments > 1 and min(coming, carrier.accepted) >= FEW and not carrier.told:
        said = _(
            "receipts come, but for no message one for each of its {segments} segments: the key receipts, "
            "which says for which they come, is wrong",
            segments=figures.segments,
        )
        yield Finding(Code.RECEIPTS_PARTIAL, name, True, said, command)


def limit_s(usual_s: float | None) -> float:
    """How long a carrier may be without any receipt. usual_s: within which 95 % of its receipts come."""
    if usual_s is None:
        return UNKNOWN_S
    return min(MOST_S, max(LEAST_S, USUAL_TIMES * usual_s))


def silent_for_s(readings: Iterable[LaneReading]) -> float | None:
    """How long submits have been accepted without any receipt, over all workers: one may receive what another sent.

    None: there is none to wait for since the last receipt.
    """
    known = tuple(readings)
    heard_ago_s = min((each.receipt_ago_s for each in known if each.receipt_ago_s is not None), default=None)
    waits = [
        each.accepted_for_s if heard_ago_s is None else min(each.accepted_for_s, heard_ago_s)
        for each in known
        if each.accepted_for_s is not None
        and each.accepted_ago_s is not None
        and (heard_ago_s is None or each.accepted_ago_s < heard_ago_s)
    ]
    return max(waits, default=None)
