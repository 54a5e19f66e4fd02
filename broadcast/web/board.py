"""The board as it is shown: of one document all alerts, what is wrong, carriers, machines. Pure.

The document is plain JSON values, as `/document.json` has it, and where its figures are old also `age_s` and `trouble`;
its times may be ISO 8601 texts or datetimes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from broadcast.languages import _, grouped, ngettext
from broadcast.visible import visible
from broadcast.web.alerts import AlertShown, alert
from broadcast.web.outlines import NO_OUTLINES, Outlines
from broadcast.web.shown import IN_FULL, most, tenths, urgency
from broadcast.web.view import View
from broadcast.web.wrong import WrongShown, wrong
from broadcast.words import duration

LISTED_MOST: Final = 60  # alerts with a line each, beside those in full
WRONG_MOST: Final = 20
COLUMNS: Final = (("head", "failures"), ("curve", "areas"), ("carriers",))  # of an alert
_TIMES: Final = frozenset({"at", "from", "to"})


@dataclass(frozen=True, slots=True)
class CarrierLine:
    """kind: of its icon. links: bound of wanted; half, last, usual: seconds to the telephone, in words."""

    name: str
    kind: str
    words: str
    links: str
    used: int
    tps: int
    half: str
    last: str
    usual: str


@dataclass(frozen=True, slots=True)
class DatabaseLine:
    name: str
    up: bool
    workers: int | None
    size: str
    free: str


@dataclass(frozen=True, slots=True)
class BoardShown:
    """age_s: of the figures when they were shown. trouble: empty, or why they are old. spoken: what a screen reader
    hears of a change; spoken_key: changes where that is worth saying."""

    at: datetime
    age_s: float
    trouble: str
    trouble_words: str
    outlines: Outlines
    alerts: list[AlertShown]
    more_alerts: list[AlertShown]
    unlisted: int
    drafts: Sequence[Mapping[str, Any]]
    wrong: Sequence[WrongShown]
    more_wrong: int
    well: str
    carriers: Sequence[CarrierLine]
    databases: Sequence[DatabaseLine]
    spoken: str
    spoken_key: str
    columns: tuple[tuple[str, ...], ...] = COLUMNS

    @property
    def shades(self) -> list[tuple[str, str]]:
        """Of the map's legend."""
        steps = [(f"r{at}", f"{20 * at}–{20 * at + 19} %") for at in range(5)]
        return [*steps, ("r5", "100 %"), ("none", _("nobody is sent to"))]


def board(
    document: Mapping[str, Any],
    view: View,
    outlines: Outlines | None = None,
) -> BoardShown:
    """In the language that is chosen. outlines: of the areas, where shapes are known."""
    said, drawn = with_times(document), outlines or NO_OUTLINES
    campaigns = sorted(said["campaigns"], key=_first)
    full = [alert(each, said["at"], drawn, view) for each in campaigns[:IN_FULL]]
    listed, unlisted = most(campaigns[IN_FULL:], LISTED_MOST)
    found = wrong(said, view)
    first, more_wrong = most(found, WRONG_MOST)
    trouble = said.get("trouble") or ""
    return BoardShown(
        at=said["at"],
        age_s=said.get("age_s", 0.0),
        trouble=trouble,
        trouble_words=trouble_words(trouble),
        outlines=drawn,
        alerts=full,
        more_alerts=[
            alert({**each, "curve": [], "areas": []}, said["at"], NO_OUTLINES, view) for each in listed
        ],
        unlisted=unlisted,
        drafts=said.get("drafts", ()),
        wrong=first,
        more_wrong=more_wrong,
        well=_("All is well: nothing is wrong that the figures show.")
        if full
        else _("Nothing is wrong that the figures show."),
        carriers=[_line(each, found) for each in said["carriers"]],
        databases=[_database(each) for each in said["databases"]],
        spoken=_spoken(full, found),
        spoken_key=_spoken_key(full, found),
    )


def trouble_words(trouble: str) -> str:
    """Why figures are old."""
    known = {
        "database": _("The database does not answer."),
        "connection": _("The connection to the board is lost."),
    }
    return known.get(trouble, trouble)


def with_times(value: Any, key: str = "") -> Any:
    """The same with its times read: of keys `at`, `from`, `to` and those that end in `_at`."""
    if isinstance(value, Mapping):
        return {name: with_times(each, name) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_times(each, key) for each in value]
    if isinstance(value, str) and (key in _TIMES or key.endswith("_at")):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return value


def _first(said: Mapping[str, Any]) -> tuple[Any, ...]:
    return urgency(said["state"], said["category"], said.get("priority", 0), said["launched_at"], said["id"])


def _line(said: Mapping[str, Any], found: Sequence[WrongShown]) -> CarrierLine:
    links, handset, usual = said["links"], said.get("handset") or {}, said.get("usual") or {}
    name = visible(said["carrier"])
    own = [each for each in found if each.carrier == name]
    kind = "grave" if any(each.grave for each in own) else "slow" if own else "good"
    words = {"grave": _("grave: see above"), "slow": _("slow: see above"), "good": _("well")}[kind]
    return CarrierLine(
        name,
        kind,
        words,
        _("{bound} of {wanted}", bound=links["bound"], wanted=links["wanted"]),
        round(said.get("used") or 0),
        said.get("tps") or 0,
        *(_seconds(each) for each in (handset.get("p50"), handset.get("p99"), usual.get("p50"))),
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return duration(value) if value >= 10 else _("{seconds:.1f} s", seconds=value)


def _database(said: Mapping[str, Any]) -> DatabaseLine:
    free, size = said.get("disk_free"), said.get("disk_size")
    left = "-"
    if free is not None:
        left = octets(free) + (f" ({grouped(100 * free / size, '.0f')} %)" if size else "")
    return DatabaseLine(
        visible(said["name"]),
        said.get("up", True),
        said.get("workers"),
        "-" if said.get("size") is None else octets(said["size"]),
        left,
    )


def octets(value: float) -> str:
    """In the unit that leaves up to four digits."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{grouped(value, '.0f')} {unit}"
        value /= 1024
    return f"{grouped(value, ',.1f')} TiB"


def _spoken(alerts: Sequence[AlertShown], found: Sequence[WrongShown]) -> str:
    """In a few words."""
    running = [each for each in alerts if each.runs]
    said = [_("{name}: {share} have it.", name=each.name, share=each.share) for each in running[:3]]
    grave = sum(each.grave for each in found)
    said.append(
        ngettext("{n} grave finding.", "{n} grave findings.", grave) if grave else _("Nothing grave.")
    )
    return " ".join(said)


def _spoken_key(alerts: Sequence[AlertShown], found: Sequence[WrongShown]) -> str:
    """States, every tenth of the reach, how many grave findings: no more is said aloud."""
    parts = [f"{each.id}{each.state}{int(tenths(each.has, each.whole) // 10)}" for each in alerts]
    return " ".join([*parts, str(sum(each.grave for each in found))])
