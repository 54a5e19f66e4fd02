"""One alert as the board shows it: figures and words of what the document says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from broadcast.campaign.marks import mark_words
from broadcast.languages import _, ngettext, term
from broadcast.smpp import advice, status
from broadcast.visible import visible
from broadcast.web import curve as curves
from broadcast.web.outlines import Outlines
from broadcast.web.shown import IN_FULL, Group, groups, most, percent, reach_class, sent_to
from broadcast.web.view import View
from broadcast.words import time_words

AREAS_MOST: Final = 70
FAILURES_MOST: Final = 12
_POINTS_TOLD: Final = 24
_RUNS: Final = ("running", "paused")


@dataclass(frozen=True, slots=True)
class CarrierShown:
    name: str
    has: int
    share: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class AreaShown:
    """key: of its outline on the page, empty where it has none. shade: of the map; label: written on it."""

    name: str
    people: int
    reached: int
    share: str
    key: str = ""
    shade: str = ""
    label: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class FailureShown:
    words: str
    people: int
    share: str


@dataclass(frozen=True, slots=True)
class AlertShown:
    """runs: it is running or paused. whole: who is sent to, which shares are of, with those whose database was never
    heard. standing: its state in a sentence. balance_kind: even, off, or never counted. no_curve: why there is none.
    mapped: the areas that have an outline. points: of the curve's table. asked: of whom areas and failures are told,
    where that is not everybody. nowhere: why there are no areas."""

    id: int
    name: str
    state: str
    mark: str
    category: str
    runs: bool
    expires_at: datetime
    ended_at: datetime | None
    whole: int
    has: int
    share: str
    left_out: int
    groups: tuple[Group, ...]
    standing: str
    balance: str
    balance_kind: str
    curve: curves.Curve | None
    curve_said: str
    no_curve: str
    points: Sequence[Mapping[str, Any]]
    carriers: tuple[CarrierShown, ...]
    areas: tuple[AreaShown, ...]
    more_areas: int
    mapped: tuple[AreaShown, ...]
    failures: tuple[FailureShown, ...]
    more_failures: int
    asked: str
    nowhere: str


def alert(said: Mapping[str, Any], at: datetime, outlines: Outlines, view: View) -> AlertShown:
    """said: of the document, times read. at: the document's moment."""
    states, unknown = said["states"], unseen(said)
    whole = sent_to(states) + unknown
    if unknown:
        said = {**said, "forecast_end_at": None}  # that would be of the others
    drawn = curves.curve(said, at, whole)
    areas, more_areas, mapped = _areas(said["areas"], outlines)
    failures, more_failures = most(said["failures"], FAILURES_MOST)
    kind, balance = _balance(said["balance"], view)
    return AlertShown(
        id=said["id"],
        name=visible(said["name"]),
        state=said["state"],
        mark=mark_words(said.get("status", "actual")),
        category=said["category"],
        runs=said["state"] in _RUNS,
        expires_at=said["expires_at"],
        ended_at=said.get("finished_at"),
        whole=whole,
        has=states.get("delivered", 0),
        share=percent(states.get("delivered", 0), whole),
        left_out=states.get("excluded", 0),
        groups=groups(states, unknown),
        standing=standing(said, at, view),
        balance=balance,
        balance_kind=kind,
        curve=drawn,
        curve_said=_curve_said(said, drawn),
        no_curve="" if drawn else _no_curve(said),
        points=_told(said["curve"]) if drawn else (),
        carriers=tuple(_carrier(each) for each in said["carriers"]),
        areas=areas,
        more_areas=more_areas,
        mapped=mapped,
        failures=tuple(_failure(each, whole) for each in failures),
        more_failures=more_failures,
        asked=_asked(said.get("asked")),
        nowhere=_nowhere(said.get("asked")),
    )


def unseen(said: Mapping[str, Any]) -> int:
    """People in it of whom nothing was ever read: a ledger is away since before the board began."""
    unknown: int = said["audience"] - sum(said["states"].values())
    return max(0, unknown)


def standing(said: Mapping[str, Any], at: datetime, view: View) -> str:
    """What goes on with it, in a sentence; another of whom nothing is known, where there are such."""
    unknown, waiting = unseen(said), said["states"].get("waiting", 0)
    goes_on = _goes_on(said, at, view) if not unknown or waiting or said["state"] != "running" else ""
    nothing = ""
    if unknown:
        nothing = ngettext(
            "Of {n:,} person nothing is known: their database does not answer, or was set back.",
            "Of {n:,} people nothing is known: their database does not answer, or was set back.",
            unknown,
        )
    return " ".join(filter(None, (goes_on, nothing)))


def _goes_on(said: Mapping[str, Any], at: datetime, view: View) -> str:
    waiting, state = said["states"].get("waiting", 0), said["state"]
    if state == "paused":
        return ngettext(
            "Paused: nothing leaves, {n:,} person waits.",
            "Paused: nothing leaves, {n:,} people wait.",
            waiting,
        )
    if state == "running" and waiting:
        ends = said["forecast_end_at"]
        if ends is None:
            return _("It is being sent; when it ends cannot be said yet.")
        if ends > said["expires_at"]:
            return _(
                "At this pace not everybody is sent to before it expires: the last at {at}.",
                at=_short(ends, at, view),
            )
        return _("It is being sent: everybody is sent to by about {at}.", at=_short(ends, at, view))
    if state == "running":
        return _("Everybody is sent to; receipts still come.")
    return _("It is over: {state}. Receipts that still come count.", state=term(state))


def _short(moment: datetime, at: datetime, view: View) -> str:
    local, now = moment.astimezone(view.zone), at.astimezone(view.zone)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%d/%m %H:%M}"


def _balance(said: Mapping[str, Any] | None, view: View) -> tuple[str, str]:
    if said is None or said.get("at") is None:
        return "never", _("The books were not counted again yet.")
    at = time_words(said["at"], lambda: view.zone, "%H:%M:%S")
    if said["differences"]:
        return "off", ngettext(
            "The books do NOT balance: {n} difference at {at}.",
            "The books do NOT balance: {n} differences at {at}.",
            said["differences"],
            at=at,
        )
    return "even", _("The books balance: everybody was counted again at {at}.", at=at)


def _asked(said: Mapping[str, Any] | None) -> str:
    """What the figures by area and by reason are made of."""
    if said is None or said["whole"]:
        return ""
    if not said["people"]:
        return _("They are being counted.")
    told = _(
        "An estimate from {people:,} people: once all are sent to, it is good to about one per cent; before that, and "
        "for a small area, it may be far off.",
        people=said["people"],
    )
    if said.get("away"):
        told += " " + _("Of a database that does not answer nobody is counted here.")
    return told


def _nowhere(said: Mapping[str, Any] | None) -> str:
    """Why no area has a figure."""
    if said is not None and said["nameless"]:
        return _("The login that the board reads by may not read who lives where.")
    if said is not None and not said["people"]:
        return _("They are being counted.")
    return _("Of nobody in it an area is known.")


def _curve_said(said: Mapping[str, Any], drawn: curves.Curve | None) -> str:
    if drawn is None:
        return ""
    last = said["curve"][-1]
    text = _(
        "Sent and delivered over time: {sent:,} sent, {delivered:,} have it.",
        sent=last["sent"],
        delivered=last["delivered"],
    )
    pauses = len(drawn.bands) + drawn.more
    return f"{text} {ngettext('{n} pause.', '{n} pauses.', pauses)}" if pauses else text


def _no_curve(said: Mapping[str, Any]) -> str:
    if said["sent"] > 0:
        return _("How it went is not read for so many alerts, but for the {n} most urgent.", n=IN_FULL)
    return _("Nothing was sent yet.")


def _told(points: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    stride = -(-len(points) // _POINTS_TOLD)
    return [*points[:-1:stride], points[-1]]


def _carrier(said: Mapping[str, Any]) -> CarrierShown:
    states = said["states"]
    has = states.get("delivered", 0)
    return CarrierShown(visible(said["carrier"]), has, percent(has, sent_to(states)), groups(states))


def _areas(
    said: Sequence[Mapping[str, Any]], outlines: Outlines
) -> tuple[tuple[AreaShown, ...], int, tuple[AreaShown, ...]]:
    """Those with the most people first; the rest of the map is there too, as areas that nobody is sent to in."""
    keys = {code: f"m{at}" for at, code in enumerate(outlines.areas)}
    found = [_area(each, outlines, keys) for each in sorted(said, key=lambda each: -each["people"])]
    here = {each["code"] for each in said}
    mapped = [each for each in found if each.key]
    if mapped:
        mapped[:0] = [
            AreaShown(code, 0, 0, "-", keys[code], "none") for code in outlines.areas if code not in here
        ]
    shown, more = most(found, AREAS_MOST)
    return tuple(shown), more, tuple(mapped)


def _area(said: Mapping[str, Any], outlines: Outlines, keys: Mapping[str, str]) -> AreaShown:
    people, reached = said["people"], said["reached"]
    share, name = percent(reached, people), visible(said["name"])
    outline = outlines.areas.get(said["code"])
    if outline is None:
        return AreaShown(name, people, reached, share)
    shade = reach_class(reached, people) if people else "none"
    label = f"{int(100 * reached / people)}" if outline.labelled and people else ""
    return AreaShown(name, people, reached, share, keys[said["code"]], shade, label, outline.x, outline.y)


def _failure(said: Mapping[str, Any], whole: int) -> FailureShown:
    words = f"{term(said['state'])}: {_reason(said['reason'])}"
    return FailureShown(visible(words), said["count"], percent(said["count"], whole))


def _reason(reason: str) -> str:
    """`status:ESME_RINVDSTADR`, or its number: with what it most likely means; else the `err` of receipts, a carrier's
    own."""
    kind, _colon, code = reason.partition(":")
    number = int(code) if code.isdecimal() else status.number(code)
    if kind == "status" and number is not None:
        return f"{status.name(number)}: {_(advice.of_submit(number).why)}"
    if reason.isdecimal():
        return _("error {code} of the carrier", code=reason)
    return term(reason).replace("_", " ") or _("no reason given")
