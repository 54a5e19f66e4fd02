"""A CAP file as a record: octets, text, tree, and then element by element as `shapes` says.

Every fault of the schema in a file is found in one reading; a record is made only where there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from broadcast.cap import kinds
from broadcast.cap.faults import CapError, Fault, Finding, Kind, at_line, finding
from broadcast.cap.octets import LIMITS, Limits, text_of
from broadcast.cap.record import Alert
from broadcast.cap.shapes import ALERT, Part, Shape
from broadcast.cap.values import Fails, Value
from broadcast.languages import _

CAP_1_2: Final = "urn:oasis:names:tc:emergency:cap:1.2"
_CAP_1_1: Final = "urn:oasis:names:tc:emergency:cap:1.1"
_CAP_1_0: Final = "http://www.incident.com/cap/1.0"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_FEEDS: Final = frozenset({"feed", "rss", "EDXLDistribution", "RDF", "Envelope"})
_SAID_MOST: Final = 120  # letters of the parser's own words


@dataclass(slots=True)
class Reading:
    """lines: by path; "" is the alert's own. unread: elements missing or broken, for which something stands in."""

    findings: list[Finding] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    signed: bool = False  # an element of XML signatures was there, after which none of CAP's may stand
    signatures: int = 0


def tree_of(octets: bytes, limits: Limits = LIMITS, *, comments: bool = False) -> etree._Element:
    """The root element. comments: they and processing instructions stay, as a signature needs them. Raises CapError."""
    text, reader = text_of(octets, limits), parser(comments=comments)
    try:
        return etree.fromstring(text.encode(), reader)
    except etree.XMLSyntaxError as error:
        raise CapError(_broken(error, reader)) from error


def parser(*, comments: bool) -> etree.XMLParser:
    """Nothing is fetched, nothing is put in for an entity, nothing is huge; the octets are UTF-8, whatever they say."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=not comments,
        remove_pis=not comments,
    )


def _broken(error: etree.XMLSyntaxError, reader: etree.XMLParser) -> Iterator[Fault]:
    """Every place that the parser names; it names one at least. The error's own log may have other files' too."""
    told = dict.fromkeys((entry.line, entry.message) for entry in reader.error_log)
    for line, message in told or {(error.lineno or 1, error.msg or _("no element")): None}:
        yield at_line(kinds.NOT_WELL_FORMED, line, said=message.strip()[:_SAID_MOST])


def read_tree(root: etree._Element) -> tuple[Alert, Reading]:
    """What the tree says, also where the schema is broken. Raises CapError where it is no alert at all."""
    found, name = Reading(), etree.QName(root)
    space = name.namespace or ""
    if name.localname != "alert" or space not in (CAP_1_2, _CAP_1_1):
        raise CapError([at_line(_no_alert(name.localname, space), root.sourceline, namespace=CAP_1_2)])
    if space == _CAP_1_1:
        found.findings.append(finding(kinds.CAP_1_1))
    alert: Alert = _record(root, ALERT, "", space, found)
    return alert, found


def _no_alert(name: str, space: str) -> Kind:
    if name in _FEEDS:
        return kinds.IN_A_FEED
    return kinds.CAP_1_0 if space == _CAP_1_0 and name == "alert" else kinds.NOT_AN_ALERT


def _record(element: etree._Element, shape: Shape, path: str, space: str, found: Reading) -> Any:
    found.lines[path] = int(element.sourceline or 0)
    tag = etree.QName(element).localname
    _check_plain(element, tag, path, found)
    parts = {part.tag: number for number, part in enumerate(shape.parts)}
    values: dict[str, list[Any]] = {part.field: [] for part in shape.parts}
    last, seen = 0, dict.fromkeys(parts, 0)
    for child in element:
        name = _name(child, space, path, tag, found)
        if name is None:
            continue
        if name not in parts:
            at = _place(path, f"{name}[{len(found.lines)}]", child, found)  # a path of its own, for its line
            kind = kinds.PASSWORD_REMOVED if name == "password" else kinds.ELEMENT_UNKNOWN
            found.findings.append(finding(kind, at, what=name, parent=tag))
            continue
        part = shape.parts[parts[name]]
        seen[name] += 1
        at = _place(path, f"{name}[{seen[name]}]" if part.repeats or seen[name] > 1 else name, child, found)
        if parts[name] < last or (not path and found.signed):
            after = shape.parts[last].tag if parts[name] < last else "Signature"
            found.findings.append(finding(kinds.ELEMENT_MISPLACED, at, what=name, parent=tag, after=after))
        elif seen[name] > 1 and not part.repeats:
            found.findings.append(finding(kinds.ELEMENT_REPEATED, at, what=name, parent=tag))
        last = max(last, parts[name])
        values[part.field].append(_value(child, part, at, space, found))
    for part in shape.parts:
        if part.needed and not seen[part.tag]:
            found.findings.append(finding(kinds.ELEMENT_MISSING, path, what=part.tag, parent=tag))
            found.unread.add(part.tag)
    return shape.made(**{part.field: _held(part, values[part.field]) for part in shape.parts})


def _held(part: Part, values: list[Any]) -> Any:
    if not values and part.needed and isinstance(part.holds, Value):
        values = [part.holds.stand_in]
    return tuple(values) if part.repeats else (values[0] if values else None)


def _place(path: str, step: str, child: etree._Element, found: Reading) -> str:
    at = f"{path}/{step}" if path else step
    found.lines[at] = int(child.sourceline or 0)
    return at


def _name(child: etree._Element, space: str, path: str, parent: str, found: Reading) -> str | None:
    """The name of an element of CAP; a signature is counted, what is neither is said."""
    if not isinstance(child.tag, str):  # an entity that no declaration could have made
        found.findings.append(finding(kinds.ELEMENT_UNKNOWN, path, what=_("an entity"), parent=parent))
        return None
    name = etree.QName(child)
    if name.namespace == space:
        return str(name.localname)
    if name.namespace == DSIG and not path:
        found.signed = True
        found.signatures += name.localname == "Signature"
        return None
    at = _place(path, f"{name.localname}[{len(found.lines)}]", child, found)
    found.findings.append(finding(kinds.ELEMENT_UNKNOWN, at, what=name.localname, parent=parent))
    return None


def _check_plain(element: etree._Element, tag: str, path: str, found: Reading) -> None:
    """No attributes, and no text between the elements."""
    _check_attributes(element, tag, path, found)
    pieces = [element.text, *(child.tail for child in element)]
    if any(piece and piece.strip() for piece in pieces):
        found.findings.append(finding(kinds.TEXT_MISPLACED, path, what=tag))


def _check_attributes(element: etree._Element, tag: str, path: str, found: Reading) -> None:
    if any(not str(name).startswith(_XSI) for name in element.attrib):
        found.findings.append(finding(kinds.ATTRIBUTE_UNKNOWN, path, what=tag))


def _value(child: etree._Element, part: Part, at: str, space: str, found: Reading) -> Any:
    if isinstance(part.holds, Shape):
        return _record(child, part.holds, at, space, found)
    _check_attributes(child, part.tag, at, found)
    for inner in child:
        what = etree.QName(inner).localname if isinstance(inner.tag, str) else _("an entity")
        found.findings.append(finding(kinds.ELEMENT_UNKNOWN, at, what=what, parent=part.tag))
    return _simple(child.text or "", part.holds, part.tag, at, found)


def _simple(text: str, value: Value, tag: str, at: str, found: Reading) -> Any:
    made = value.read(text)
    if isinstance(made, Fails):
        late = tag == "certainty" and text.strip() == "Very Likely"
        kind = kinds.VERY_LIKELY if late else kinds.KINDS[made.kind]
        found.findings.append(finding(kind, at, what=tag, said=made.said))
        found.unread.add(tag)
        return value.stand_in
    return made
