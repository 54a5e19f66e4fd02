"""What section 3.2 of CAP 1.2 asks of a record beyond its schema. Pure: a record in, findings out."""

import binascii
import html
import re
from collections.abc import Iterator
from typing import Any, Final

from broadcast.cap import geometry, kinds, references, values
from broadcast.cap.faults import Finding, Kind, finding
from broadcast.cap.record import Alert, Area, Info, Resource
from broadcast.cap.shapes import ALERT, Shape

_NAME: Final = re.compile(r"[^\s,<&]+")
_MIME: Final = re.compile(
    r"(application|audio|font|image|message|model|multipart|text|video|x-[\w.+-]+)/[\w.+-]+(\s*;.*)?", re.I
)
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{40}")
_HTML_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_NEED_REFERENCES: Final = frozenset({"Update", "Cancel", "Ack", "Error"})
_PEOPLE_READ: Final = ("event", "headline", "description", "instruction")
_UNREAD: Final = frozenset(
    {"derefUri", "uri", "web", "references", "polygon", "circle"}
)  # nobody reads these aloud


def findings(alert: Alert) -> Iterator[Finding]:
    """Everything of section 3.2 that does not hold."""
    yield from _names(alert)
    yield from _scope(alert)
    yield from _references(alert)
    yield from _notes(alert)
    effort = geometry.Effort()
    for number, info in enumerate(alert.infos, 1):
        yield from _info(info, f"info[{number}]", effort)
    yield from _same_texts(alert)
    yield from _markup(alert, ALERT, "")


def blank(text: str | None) -> bool:
    return not (text or "").strip()


def _names(alert: Alert) -> Iterator[Finding]:
    if not _NAME.fullmatch(alert.identifier):
        yield finding(kinds.IDENTIFIER_INVALID, "identifier")
    if not _NAME.fullmatch(alert.sender):
        yield finding(kinds.SENDER_INVALID, "sender")


def _scope(alert: Alert) -> Iterator[Finding]:
    if alert.scope != "Restricted" and not blank(alert.restriction):
        yield finding(kinds.RESTRICTION_NEEDLESS, "restriction")
    if alert.scope == "Restricted" and blank(alert.restriction):
        yield finding(kinds.RESTRICTION_MISSING, "scope")
    if alert.scope == "Private" and blank(alert.addresses):
        yield finding(kinds.ADDRESSES_MISSING, "scope")
    for tag, text in (("addresses", alert.addresses), ("incidents", alert.incidents)):
        if not references.quotes_closed(text):
            yield finding(kinds.QUOTES_OPEN, tag, what=tag)


def _references(alert: Alert) -> Iterator[Finding]:
    if alert.message_type in _NEED_REFERENCES and blank(alert.references):
        yield finding(kinds.REFERENCES_MISSING, "msgType", said=alert.message_type)
    if references.too_many(alert.references):
        yield finding(kinds.REFERENCES_TOO_MANY, "references", most=references.MOST)
    for number, key in enumerate(references.read(alert.references), 1):
        if key is None:
            yield finding(kinds.REFERENCES_INVALID, "references", number=number)
        elif (key.sender, key.identifier) == (alert.sender, alert.identifier):
            yield finding(kinds.REFERENCE_TO_ITSELF, "references", number=number)
        elif key.sent > alert.sent:
            yield finding(kinds.REFERENCE_LATER, "references", number=number)


def _notes(alert: Alert) -> Iterator[Finding]:
    if alert.message_type == "Error" and blank(alert.note):
        yield finding(kinds.ERROR_UNEXPLAINED, "msgType")
    if alert.status == "Exercise" and blank(alert.note):
        yield finding(kinds.EXERCISE_UNNAMED, "status")


def _info(info: Info, path: str, effort: geometry.Effort) -> Iterator[Finding]:
    if blank(info.event):
        yield finding(kinds.TEXT_EMPTY, f"{path}/event", what="event")
    if not blank(info.web) and not values.is_absolute(info.web or ""):
        yield finding(kinds.WEB_INVALID, f"{path}/web", what="web")
    for number, resource in enumerate(info.resources, 1):
        yield from _resource(resource, f"{path}/resource[{number}]")
    for number, area in enumerate(info.areas, 1):
        yield from _area(area, f"{path}/area[{number}]", effort)


def _resource(resource: Resource, path: str) -> Iterator[Finding]:
    if not _MIME.fullmatch(resource.mime_type.strip()):
        yield finding(kinds.MIME_TYPE_INVALID, f"{path}/mimeType")
    if resource.size is not None and resource.size < 0:
        yield finding(kinds.SIZE_INVALID, f"{path}/size", what="size")
    if not blank(resource.uri) and not values.is_absolute(resource.uri or "") and blank(resource.deref_uri):
        yield finding(kinds.DEREF_URI_MISSING, f"{path}/uri")
    if not _is_base64(resource.deref_uri or ""):
        yield finding(kinds.DEREF_URI_INVALID, f"{path}/derefUri")
    if not blank(resource.digest) and not _DIGEST.fullmatch((resource.digest or "").strip()):
        yield finding(kinds.DIGEST_INVALID, f"{path}/digest")


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64("".join(text.split()), strict_mode=True)
    except ValueError:
        return False
    return True


def _area(area: Area, path: str, effort: geometry.Effort) -> Iterator[Finding]:
    if blank(area.description):
        yield finding(kinds.TEXT_EMPTY, f"{path}/areaDesc", what="areaDesc")
    for number, text in enumerate(area.polygons, 1):
        yield from _polygon(text, f"{path}/polygon[{number}]", effort)
    for number, text in enumerate(area.circles, 1):
        found = geometry.circle(text)
        if found is None:
            yield finding(kinds.CIRCLE_INVALID, f"{path}/circle[{number}]")
        elif not geometry.on_earth((found[0],)):
            yield finding(kinds.OFF_THE_EARTH, f"{path}/circle[{number}]", what="circle")
    for number, pair in enumerate(area.geocodes, 1):
        if blank(pair.name) or blank(pair.value):
            yield finding(kinds.TEXT_EMPTY, f"{path}/geocode[{number}]", what="geocode")
    if area.ceiling is not None and area.altitude is None:
        yield finding(kinds.CEILING_ALONE, f"{path}/ceiling")
    if area.ceiling is not None and area.altitude is not None and area.ceiling < area.altitude:
        yield finding(kinds.CEILING_BELOW, f"{path}/ceiling")


def _polygon(text: str, path: str, effort: geometry.Effort) -> Iterator[Finding]:
    if geometry.too_long(text):
        yield finding(kinds.POLYGON_TOO_LONG, path, most=geometry.CORNERS_MOST)
        return
    points = geometry.polygon(text)
    if points is None:
        yield finding(kinds.POLYGON_INVALID, path)
        return
    if not geometry.on_earth(points):
        yield finding(kinds.OFF_THE_EARTH, path, what="polygon")
    crossing = geometry.crossing(points, effort)
    if crossing is False:
        yield finding(kinds.POLYGON_UNCHECKED, path)
    elif isinstance(crossing, tuple):
        yield finding(kinds.POLYGON_CROSSES, path, first=crossing[0], second=crossing[1])


def _same_texts(alert: Alert) -> Iterator[Finding]:
    """An event's name may be the same word in two languages; a whole text may not."""
    languages: dict[tuple[str, str], str] = {}
    for number, info in enumerate(alert.infos, 1):
        language = info.spoken.partition("-")[0].lower()
        for name in _PEOPLE_READ:
            text = (getattr(info, name) or "").strip()
            if text and languages.setdefault((name, text), language) != language:
                yield finding(kinds.SAME_TEXT, f"info[{number}]/{name}", what=name)


def _markup(record: Any, shape: Shape, path: str) -> Iterator[Finding]:
    """HTML in a text that people read (CAP 1.2 §3.3.3)."""
    for part in shape.parts:
        held = getattr(record, part.field)
        for number, each in enumerate(held if part.repeats else [] if held is None else [held], 1):
            step = f"{part.tag}[{number}]" if part.repeats else part.tag
            at = f"{path}/{step}" if path else step
            if isinstance(part.holds, Shape):
                yield from _markup(each, part.holds, at)
            elif isinstance(each, str) and part.tag not in _UNREAD:
                yield from (finding(kind, at, what=part.tag) for kind in _html(each))


def _html(text: str) -> Iterator[Kind]:
    if "&" in text and html.unescape(text) != text:
        yield kinds.HTML_ENTITIES
    if _HTML_TAG.search(text):
        yield kinds.HTML_TAGS
