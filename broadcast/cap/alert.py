"""A CAP file as an alert: every fault of it at once, and what its signature is worth."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from broadcast.cap import profiles, rules
from broadcast.cap.faults import CapError, Fault, Finding, told
from broadcast.cap.octets import LIMITS, Limits
from broadcast.cap.reading import Reading, read_tree, tree_of
from broadcast.cap.record import Alert
from broadcast.cap.signature import UNSIGNED, Outcome, Trust, verify

NO_TRUST: Final = Trust(())


@dataclass(frozen=True, slots=True)
class Read:
    """faults: what does not refuse the file: warnings, advice, notes. signature: where it is verified, `alert` is what
    was signed and nothing else."""

    alert: Alert
    faults: tuple[Fault, ...]
    signature: Outcome


def read(
    octets: bytes,
    now: datetime,
    chosen: Sequence[str] = (),
    trust: Trust = NO_TRUST,
    limits: Limits = LIMITS,
) -> Read:
    """now: when certificates must hold. chosen: names of profiles. Raises CapError with all that is wrong."""
    alert, faults, signatures = _checked(tree_of(octets, limits), chosen)
    if not signatures:
        return Read(alert, faults, UNSIGNED)
    outcome, signed = verify(tree_of(octets, limits, comments=True), trust, now)
    if signed is not None:
        alert, faults, _ = _checked(signed, chosen)
    return Read(alert, faults, outcome)


def check(alert: Alert, chosen: Iterable[str] = ()) -> tuple[Fault, ...]:
    """Everything that section 3.2 and the profiles say of a record. Errors too: nothing is raised."""
    return told([*rules.findings(alert), *profiles.findings(alert, chosen)], {})


def _checked(root: etree._Element, chosen: Iterable[str]) -> tuple[Alert, tuple[Fault, ...], int]:
    alert, reading = read_tree(root)
    beyond = [*rules.findings(alert), *profiles.findings(alert, chosen)]
    faults = told([*reading.findings, *_readable(beyond, reading)], reading.lines)
    if any(fault.level == "error" for fault in faults):
        raise CapError(faults)
    return alert, faults, reading.signatures


def _readable(findings: Iterable[Finding], reading: Reading) -> Iterator[Finding]:
    """Nothing is said of an element that could not be read: something else stands in for it."""
    for found in findings:
        if not any(f"<{tag}>" in found.kind.message for tag in reading.unread):
            yield found
