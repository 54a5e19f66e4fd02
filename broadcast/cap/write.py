"""A record as a CAP 1.2 file: what `shapes` says, written."""

from typing import Any, Final

from lxml import etree

from broadcast.cap.reading import CAP_1_2
from broadcast.cap.record import Alert
from broadcast.cap.shapes import ALERT, Part, Shape
from broadcast.cap.signature import Signer, sign

_BLANKS: Final = "  "


def write(alert: Alert, signer: Signer | None = None) -> bytes:
    """In UTF-8, indented, signed where there is a signer. Raises ValueError for a letter that XML has no place for."""
    root = etree.Element(f"{{{CAP_1_2}}}alert", nsmap={None: CAP_1_2})
    _fill(root, alert, ALERT)
    etree.indent(root, _BLANKS)
    if signer is not None:
        root = sign(root, signer)
    octets: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return octets + b"\n"


def _fill(element: etree._Element, record: Any, shape: Shape) -> None:
    for part in shape.parts:
        held = getattr(record, part.field)
        for each in held if part.repeats else [] if held is None else [held]:
            _add(element, each, part)


def _add(element: etree._Element, value: Any, part: Part) -> None:
    child = etree.SubElement(element, f"{{{CAP_1_2}}}{part.tag}")
    if isinstance(part.holds, Shape):
        _fill(child, value, part.holds)
    else:
        child.text = part.holds.write(value)
