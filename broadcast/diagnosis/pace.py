"""Why a carrier is slower than it may be, and what it refuses."""

from collections.abc import Iterator, Mapping
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
FULL_SHARE: Final = 0.9  # of the TPS: as fast as the carrier allows, but for a moment


def _sends(figures: Figures, carrier: CarrierFigures) -> bool:
    """There is so much to send that a pace can be judged."""
    tps = carrier.tps or 0
    return figures.sending and tps > 0 and carrier.waiting * figures.segments >= WORTH_S * tps


def of_pace(figures: Figures, carrier: CarrierFigures, links: bool, database: bool) -> Iterator[Finding]:
    """The one reason why it is slower than it may be; throttling is told even where the pace holds.

    links, database: something is wrong with its binds, or holds every lane back: reason enough.
    """
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
    short = short_lanes(figures, carrier)
    if short and not links:
        yield from _slow(carrier, short, database)


def short_lanes(figures: Figures, carrier: CarrierFigures) -> list[LaneReading]:
    """Those that have sent less than they may for a while, and had enough to send."""
    if not _sends(figures, carrier):
        return []
    return [each for each in carrier.readings if _is_short(each, carrier, figures)]


def has_no_reason(reading: LaneReading) -> bool:
    """Nothing that the SMSC does makes this lane short."""
    return reading.throttle_factor >= SLOWED_FACTOR and reading.window_full_share < WINDOW_FULL_SHARE


def _is_short(reading: LaneReading, carrier: CarrierFigures, figures: Figures) -> bool:
    if reading.short_for_s is None or reading.granted_tps < SHORT_LANE_SHARE * (carrier.tps or 0):
        return False
    return min(reading.short_for_s, figures.launched_for_s) >= SHORT_S


def _slow(carrier: CarrierFigures, short: list[LaneReading], database: bool) -> Iterator[Finding]:
    name, pace = carrier.carrier, _pace(carrier)
    show = f"broadcast carrier show {name}"
    if min(each.throttle_factor for each in short) < SLOWED_FACTOR:
        said = _("{pace}: the SMSC said that it was too fast, and it recovers", pace=pace)
        yield Finding(Code.SLOWED, name, False, said, show)
    elif max(each.window_full_share for each in short) >= WINDOW_FULL_SHARE:
        said = _(
            "{pace}: the windows are full, the SMSC answers slowly: ask for a larger window or more sessions",
            pace=pace,
        )
        yield Finding(Code.WINDOW_FULL, name, False, said, show)
    elif database:
        return
    elif max(each.starved_share for each in short) >= STARVED_SHARE:
        said = _(
            "{pace}: {waiting:,} wait, but for a later try, or at a worker that does not send",
            pace=pace,
            waiting=carrier.waiting,
        )
        yield Finding(Code.NO_SLICES, name, False, said, show)
    else:
        said = _(
            "{pace}, and the carrier is not why: the machine of the worker or the database is the limit",
            pace=pace,
        )
        yield Finding(Code.SLOW, name, False, said, "broadcast db status")


def of_full_pace(figures: Figures, carrier: CarrierFigures) -> Iterator[Finding]:
    """That it cannot be faster, for whoever asks."""
    sent = sum(each.sent_tps for each in carrier.readings)
    if _sends(figures, carrier) and sent >= FULL_SHARE * (carrier.tps or 0):
        said = _("{pace}: as fast as the carrier allows, as it should be", pace=_pace(carrier))
        yield Finding(Code.TPS_REACHED, carrier.carrier, False, said, "")


def _pace(carrier: CarrierFigures) -> str:
    sent = sum(each.sent_tps for each in carrier.readings)
    return _("{sent:,.0f} of {tps:,} segments/s", sent=sent, tps=carrier.tps or 0)


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
