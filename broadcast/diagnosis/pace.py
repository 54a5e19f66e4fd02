"""Why a carrier is slower than it may be, and what it refuses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import FEW, Code, Finding, added, percent
from broadcast.diagnosis.reading import OTHER, LaneReading
from broadcast.languages import _
from broadcast.smpp import advice, status

REFUSED_SHARE: Final = 0.05
USUAL_TIMES: Final = 2.0  # more than usual
SLOWED_SHARE: Final = 0.02
SHORT_S: Final = 10.0  # what has just begun is not slow
SHORT_LANE_SHARE: Final = 0.1  # of the carrier's TPS: the grant of a lane that matters
WORTH_S: Final = 5.0  # of the TPS that wait: with less to send, a pace says nothing
WINDOW_FULL_SHARE: Final = 0.5
STARVED_SHARE: Final = 0.5
SLOWED_FACTOR: Final = 0.9
GRAVE_SHARE: Final = 0.5  # of the messages


def _sends(figures: Figures, carrier: CarrierFigures) -> bool:
    """There is so much to send that a pace can be judged."""
    tps = carrier.tps or 0
    return figures.sending and tps > 0 and carrier.waiting * figures.segments >= WORTH_S * tps


def of_pace(figures: Figures, carrier: CarrierFigures, links: Iterable[Finding]) -> Iterator[Finding]:
    """The one reason why it is slower than it may be; throttling is told even where the pace holds."""
    command = f"broadcast carrier check {carrier.carrier} --to YOUR_NUMBER --burst 100"
    if carrier.cannot_send and carrier.waiting:
        said = _("it cannot go through this carrier: {cannot_send}", cannot_send=carrier.cannot_send)
        yield Finding(Code.CANNOT_SEND, carrier.carrier, True, said, "")
        return
    slowed, answered = added(each.slowed for each in carrier.readings), _answered(carrier)
    times = sum(slowed.values())
    if carrier.waiting and times >= FEW and times >= SLOWED_SHARE * answered:
        yield Finding(Code.SLOWED, carrier.carrier, False, _slowed(carrier, slowed, answered), command)
        return
    short = [each for each in carrier.readings if _is_short(each, carrier, figures)]
    if not short or not _sends(figures, carrier) or any(links):  # a bind that is missing is reason enough
        return
    yield _slow(carrier, short)


def _is_short(reading: LaneReading, carrier: CarrierFigures, figures: Figures) -> bool:
    if reading.short_for_s is None or reading.granted_tps < SHORT_LANE_SHARE * (carrier.tps or 0):
        return False
    return min(reading.short_for_s, figures.launched_for_s) >= SHORT_S


def _slow(carrier: CarrierFigures, short: list[LaneReading]) -> Finding:
    name = carrier.carrier
    sent = sum(each.sent_tps for each in carrier.readings)
    pace = _("{sent:,.0f} of {tps:,} segments/s", sent=sent, tps=carrier.tps or 0)
    if min(each.throttle_factor for each in short) < SLOWED_FACTOR:
        said = _("{pace}: the SMSC said that it was too fast, and it recovers", pace=pace)
        return Finding(Code.SLOWED, name, False, said, f"broadcast carrier show {name}")
    if max(each.window_full_share for each in short) >= WINDOW_FULL_SHARE:
        said = _(
            "{pace}: the windows are full, the SMSC answers slowly: ask for a larger window or more sessions",
            pace=pace,
        )
        return Finding(Code.WINDOW_FULL, name, False, said, f"broadcast carrier show {name}")
    if max(each.starved_share for each in short) >= STARVED_SHARE:
        said = _(
            "{pace}: {waiting:,} wait, but for a later try, or at a worker that does not send",
            pace=pace,
            waiting=carrier.waiting,
        )
        return Finding(Code.NO_SLICES, name, False, said, f"broadcast carrier show {name}")
    said = _(
        "{pace}, and the carrier is not why: the machine of the worker or the database is the limit",
        pace=pace,
    )
    return Finding(Code.SLOW, name, False, said, "broadcast db status")


def _slowed(carrier: CarrierFigures, slowed: Mapping[int, int], answered: int) -> str:
    worst = max(slowed, key=lambda each: slowed[each])
    share = sum(slowed.values()) / max(1, answered)
    sent = sum(each.sent_tps for each in carrier.readings)
    return _(
        "{share} of its answers of late are {name}: it allows less than its tps of "
        "{tps:,}, or somebody else sends with the account; {sent:,.0f} segments/s go out",
        share=percent(share),
        name=status.name(worst),
        tps=carrier.tps or 0,
        sent=sent,
    )


def of_refusals(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    """By the answers of late, so that what was mended is over; where these are few, by what became of the messages."""
    limit = max(REFUSED_SHARE, USUAL_TIMES * (carrier.usual_refused_share or 0.0))
    lately = {} if figures.finished else added(each.refused for each in carrier.readings)
    statuses = carrier.refusals or lately
    refused, out_of = sum(lately.values()), 0 if figures.finished else _answered(carrier)
    words = _("of its answers of late refuse the message")
    if out_of < FEW:
        refused, words = carrier.rejected, _("of the messages were refused")
        out_of = carrier.rejected + carrier.accepted + carrier.unknown + carrier.told
        if not (statuses or figures.finished or figures.launched_for_s >= SHORT_S):
            return  # which status it is will be known in a moment
    if refused >= FEW and refused >= limit * out_of:
        yield _refused(figures, carrier, statuses, min(1.0, refused / max(1, out_of)), words)


def _refused(
    figures: Figures, carrier: CarrierFigures, refused: Mapping[int, int], share: float, words: str
) -> Finding:
    said = f"{percent(share)} {words}"
    command = f"broadcast carrier check {carrier.carrier} --to YOUR_NUMBER"
    if refused:
        worst = max(refused, key=lambda each: refused[each])
        said += _(", with many different statuses: ask the carrier") if worst == OTHER else ""
        said += (
            _(", mostly with {name}: {why}", name=status.name(worst), why=_(advice.of_submit(worst).why))
            if worst != OTHER
            else ""
        )
    elif figures.campaign:
        command = f"broadcast campaign report {figures.campaign}"
    return Finding(Code.REFUSED, carrier.carrier, share >= GRAVE_SHARE, said, command)


def _answered(carrier: CarrierFigures) -> int:
    return sum(each.answered for each in carrier.readings)
