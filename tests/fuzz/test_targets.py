"""Every target with inputs of hypothesis: the same promises where there is no fuzzer, the same inputs in every run."""

import pytest
from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS, WORDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_PIECES = st.one_of(
    st.sampled_from(WORDS), st.binary(max_size=8), st.sampled_from([b"\0", b"\1", b" ", b"\x04"])
)
_FRESH = st.lists(_PIECES, max_size=20).map(b"".join)


@pytest.mark.parametrize("target", TARGETS)
@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_input(target: str, data: st.DataObject) -> None:
    TARGETS[target](data.draw(_FRESH))


@pytest.mark.parametrize("target", TARGETS)
@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_seed_with_something_else_in_it(target: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[target]))
    place, gone = data.draw(st.integers(0, len(seed))), data.draw(st.integers(0, 6))
    TARGETS[target](seed[:place] + data.draw(_FRESH) + seed[place + gone :])
