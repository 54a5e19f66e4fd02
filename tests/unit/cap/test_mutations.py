"""Whatever a file is: an alert, or CapError, and nothing else."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.cap.cases import NOW
from unit.cap.mutations import mutated
from unit.cap.signers import authority, signer

from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.profiles import PROFILES
from broadcast.cap.signature import Trust
from broadcast.cap.write import write

TRUST = Trust((authority()[0], *signer(own=True).chain))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=500)
@given(st.data())
def test_mutated(data: st.DataObject) -> None:
    _look(mutated(data))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_octets(octets: bytes) -> None:
    _look(octets)


def _look(octets: bytes) -> None:
    try:
        found = read(octets, NOW, tuple(PROFILES), TRUST)
    except CapError as error:
        assert error.faults
        assert str(error)
        return
    assert read(write(found.alert), NOW).alert == found.alert
