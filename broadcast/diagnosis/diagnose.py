"""What the figures say is wrong, and what to run. Pure: every surface that tells of trouble calls `diagnose`.

A limit is far from what a healthy carrier does, and what it is held against is cumulative or fades slowly: a finding
does not come and go.
"""

from collections.abc import Iterator

from broadcast.diagnosis.database import of_database
from broadcast.diagnosis.ending import of_ending
from broadcast.diagnosis.figures import CarrierFigures, Figures
from broadcast.diagnosis.finding import Code, Finding, in_all_languages
from broadcast.diagnosis.links import of_links
from broadcast.diagnosis.order import ordered
from broadcast.diagnosis.pace import has_no_reason, of_full_pace, of_pace, of_refusals, short_lanes
from broadcast.diagnosis.reading import LaneReading
from broadcast.diagnosis.receipts import of_receipts
from broadcast.languages import _, ngettext


@in_all_languages
def diagnose(figures: Figures, *, why: bool = False) -> tuple[Finding, ...]:
    """What is wrong, the cause of the gravest first (order.py), at most one finding of each code and carrier; empty
    when all is well. why: also say of a carrier that is well why it is not faster."""
    database = tuple(of_database(figures, short=_held_back(figures)))
    found = [*_of_all(figures), *database]
    for carrier in figures.carriers:
        found += _of_carrier(figures, carrier, bool(database), why)
    return ordered(found)


def _held_back(figures: Figures) -> Iterator[LaneReading]:
    for carrier in figures.carriers:
        yield from filter(has_no_reason, short_lanes(figures, carrier))


def _of_all(figures: Figures) -> Iterator[Finding]:
    if figures.overridden_by:
        said = _(
            "{who} approved it ALONE, by override: whoever else may approve should look at it now",
            who=figures.overridden_by,
        )
        yield Finding(Code.OVERRIDDEN, "", True, said, f"broadcast campaign show {figures.campaign}")
    waiting = sum(each.waiting for each in figures.carriers)
    if figures.behind_first_share and (share := _first_share(figures)):
        yield share
    elif figures.paused and waiting:
        command = f"broadcast campaign resume {figures.campaign}" if figures.campaign else ""
        yield Finding(
            Code.PAUSED,
            "",
            False,
            _("paused: {waiting:,} wait and nothing is sent", waiting=waiting),
            command,
        )
    if waiting:
        yield from _by_its_rules(figures, waiting)
    yield from _giving_way(figures)
    underway = waiting + sum(each.accepted for each in figures.carriers)
    if figures.workers == 0 and underway and not figures.finished:
        said = _("no worker is alive: {waiting:,} wait, and no receipt is taken", waiting=waiting)
        yield Finding(Code.NO_WORKER, "", True, said, "broadcast up")
    elif figures.lost_workers and underway and not figures.finished:
        said = ngettext(
            "{n} worker was lost of late, and none has come in its place: others send what it had",
            "{n} workers were lost of late, and none has come in their place: others send what they had",
            figures.lost_workers,
        )
        yield Finding(Code.WORKER_LOST, "", False, said, "broadcast up")


def _by_its_rules(figures: Figures, waiting: int) -> Iterator[Finding]:
    """Who may not be told yet, and when it goes on."""
    if figures.quiet_until:
        said = _(
            "quiet hours until {until:%H:%M} ({law}): {waiting:,} wait, and it goes on by itself",
            until=figures.quiet_until,
            law=figures.law,
            waiting=waiting,
        )
        yield Finding(Code.QUIET, "", False, said, "")
    elif figures.held_until:
        said = _(
            "whoever waits may not be told before {until:%Y-%m-%d %H:%M} ({law}): {waiting:,} wait, and it goes on by "
            "itself",
            until=figures.held_until,
            law=figures.held_by,
            waiting=waiting,
        )
        yield Finding(Code.CAPPED, "", False, said, "")


def _first_share(figures: Figures) -> Finding | None:
    """What it waits for, or who is to decide."""
    held, why = figures.behind_first_share, figures.first_share_why
    resume = f"broadcast campaign resume {figures.campaign}"
    if figures.paused and figures.first_share == "first share failed":
        said = _("held by itself, for its first share failed: {why}; {held:,} wait", why=why, held=held)
        return Finding(
            Code.FIRST_SHARE_FAILED,
            "",
            True,
            said,
            _("{one}` or `{other}", one=resume, other=f"broadcast campaign cancel {figures.campaign}"),
        )
    if figures.paused and figures.first_share == "first share asks":
        said = _(
            "its first share went well, and somebody is to say that the rest follows: {held:,} wait",
            held=held,
        )
        return Finding(Code.FIRST_SHARE_ASKS, "", False, said, resume)
    if figures.paused:
        return None
    said = _("its first share goes ahead: {held:,} wait for how that goes", held=held)
    if figures.unheard:
        said = _("{said}; nothing is heard of {ledgers}", said=said, ledgers=", ".join(figures.unheard))
    return Finding(Code.FIRST_SHARE, "", False, said, "")


def _giving_way(figures: Figures) -> Iterator[Finding]:
    """One line for each alert that has the TPS instead."""
    places: dict[str, list[str]] = {}
    for each in figures.carriers:
        if figures.sending and each.waiting and each.gives_way_to:
            places.setdefault(each.gives_way_to, []).append(each.carrier)
    for name, carriers in places.items():
        said = _(
            "gives way to {name} at {carriers}: it goes on by itself when that has sent to everybody there",
            name=name,
            carriers=", ".join(carriers),
        )
        yield Finding(Code.GIVES_WAY, "", False, said, f"broadcast campaign watch {name}")


def _of_carrier(figures: Figures, carrier: CarrierFigures, database: bool, why: bool) -> Iterator[Finding]:
    if not figures.finished:
        links = tuple(of_links(figures, carrier))
        pace = tuple(of_pace(figures, carrier, bool(links), database))
        yield from (*links, *pace)
        yield from of_ending(figures, carrier)
        if why and not (links or pace):
            yield from of_full_pace(figures, carrier)
    yield from of_receipts(figures, carrier)
    yield from of_refusals(figures, carrier)
