"""CAP files of strangers: an alert or CapError, and what is read is written and read as the same again."""

from datetime import UTC, datetime

from unit.cap.signers import authority, signer

from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.profiles import PROFILES
from broadcast.cap.signature import Trust
from broadcast.cap.write import write

_NOW = datetime(2026, 9, 1, 1, tzinfo=UTC)
_TRUST = Trust((authority()[0], *signer(own=True).chain))


def cap(octets: bytes) -> None:
    """Any octets as a file, with every profile and somebody who is trusted."""
    try:
        found = read(octets, _NOW, tuple(PROFILES), _TRUST)
    except CapError as error:
        assert error.faults
        assert any(fault.level == "error" for fault in error.faults)
        return
    again = read(write(found.alert), _NOW)
    assert again.alert == found.alert
