"""When traffic is back, and how long nothing was answered."""

import pytest

from broadcast.bench.moments import back, longest_pause


def test_the_longest_pause_is_within_the_span() -> None:
    answers = [1.0, 4.0, 4.5, 6.0, 6.25, 9.0]
    assert longest_pause(answers, 4.0, 6.25) == 1.5
    assert longest_pause(answers, 0.0, 7.0) == 3.0


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ([(10.0, 500)], False),
        ([(10.0, 500), (10.9, 1500)], False),  # no second yet
        ([(10.0, 500), (11.0, 1399)], False),
        ([(10.0, 500), (11.0, 1400)], True),
        ([(10.0, 500), (12.0, 2200)], False),  # 850 in each second
        ([(8.0, 500), (10.0, 500), (10.5, 900), (11.25, 1650)], True),
    ],
)
def test_traffic_is_back_when_a_second_was_full(looks: list[tuple[float, int]], said: bool) -> None:
    assert back(looks, 1000) is said
