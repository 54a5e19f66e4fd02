"""Reasons of failures add up to the states."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from broadcast.web.document import Failure
from broadcast.web.failures import as_many

STATES = ("rejected", "undeliverable", "expired")


FOUND = st.tuples(st.sampled_from(STATES), st.text(max_size=3), st.integers(0, 1000))


@given(
    st.lists(FOUND, unique_by=lambda each: each[:2]),
    st.fixed_dictionaries({state: st.integers(0, 10**8) for state in STATES}),
)
def test_every_state_has_as_many_as_the_totals(
    found: list[tuple[str, str, int]], states: dict[str, int]
) -> None:
    told = as_many([Failure(*each) for each in found], states)
    sums = Counter[str]()
    for each in told:
        sums[each.state] += each.people
        assert each.people > 0
    known = Counter({state: sum(people for own, _, people in found if own == state) for state in STATES})
    assert all(sums[state] == (states[state] if known[state] else 0) for state in STATES)
    assert [each.people for each in told] == sorted((each.people for each in told), reverse=True)


def test_what_was_asked_of_all_stays_as_it_is() -> None:
    found = (Failure("rejected", "status:ESME_RINVDSTADR", 3), Failure("rejected", "004", 1))
    assert as_many(found, {"rejected": 4}) == found
    assert as_many(found, {"rejected": 9}) == (
        Failure("rejected", "status:ESME_RINVDSTADR", 7),
        Failure("rejected", "004", 2),
    )
    assert as_many(found, {}) == ()
