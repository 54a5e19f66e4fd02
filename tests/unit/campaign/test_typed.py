"""How many hear an alert is typed, and binds its launch."""

import pytest

from broadcast.campaign.typed import asks, check_typed
from broadcast.errors import RefusedError


@pytest.mark.parametrize(
    "status, recipients, typed_from, asked",
    [
        ("actual", 1001, 1000, True),
        ("actual", 1000, 1000, False),
        ("actual", 10**8, 0, False),
        ("exercise", 10**8, 1000, False),
        ("test", 10**8, 1000, False),
    ],
)
def test_who_is_asked(status: str, recipients: int, typed_from: int, asked: bool) -> None:
    assert asks(status, recipients, typed_from) is asked


@pytest.mark.parametrize("now", [50_000, 49_999, 49_950])
def test_nobody_more_and_a_few_who_opted_out_meanwhile(now: int) -> None:
    check_typed(50_000, now)


@pytest.mark.parametrize(
    "typed, now, why", [(50_000, 50_001, "more"), (50_000, 49_949, "fewer"), (5, 3, "fewer")]
)
def test_another_number_than_was_typed(typed: int, now: int, why: str) -> None:
    with pytest.raises(RefusedError, match=why) as refused:
        check_typed(typed, now)
    assert str(now) not in str(refused.value)


def test_none_was_typed() -> None:
    with pytest.raises(RefusedError, match="--recipients COUNT"):
        check_typed(None, 50_000)
