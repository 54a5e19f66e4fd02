"""Of a flood the first, then one in so many; nothing is lost from the count."""

from hypothesis import given
from hypothesis import strategies as st

from broadcast.monitor.sampling import KEYS_MOST, Flood, Sampling

FLOOD = Flood(first=3, each=10, quiet_s=60.0)


def taken(sampling: Sampling, times: int, now: float = 0.0, key: str = "a") -> list[int | None]:
    return [sampling.take(key, FLOOD, now) for _ in range(times)]


def test_the_first_then_one_in_many() -> None:
    assert taken(Sampling(), 24) == [0, 0, 0, *[None] * 9, 9, *[None] * 9, 9, None]


def test_after_a_quiet_time_it_is_no_flood_any_more() -> None:
    sampling = Sampling()
    assert taken(sampling, 5)[-2:] == [None, None]
    assert taken(sampling, 1, now=59.9) == [None]
    assert taken(sampling, 4, now=119.9) == [3, 0, 0, None]  # what was left out is told with the next


def test_each_key_has_its_own() -> None:
    sampling = Sampling()
    taken(sampling, 20)
    assert taken(sampling, 1, key="b") == [0]


def test_it_does_not_grow_with_what_comes() -> None:
    sampling = Sampling()
    for number in range(3 * KEYS_MOST):
        sampling.take(number, FLOOD, 0.0)
    assert len(sampling._pasts) == KEYS_MOST
    assert sampling.take(3 * KEYS_MOST - 1, FLOOD, 0.0) == 0


@given(st.integers(1, 5), st.integers(1, 7), st.lists(st.floats(0, 30), max_size=200))
def test_what_is_told_and_what_is_left_out_are_all(first: int, each: int, pauses: list[float]) -> None:
    sampling, now, told, left_out, since = Sampling(), 0.0, 0, 0, 0
    for pause in pauses:
        now += pause
        found = sampling.take("a", Flood(first, each, 20.0), now)
        if found is None:
            since += 1
            assert since < each
        else:
            assert found == since
            told, left_out, since = told + 1, left_out + found, 0
    assert told + left_out + since == len(pauses)
