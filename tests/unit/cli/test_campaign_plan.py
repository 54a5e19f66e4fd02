"""What is said of a plan at the command line."""

from typing import Any

import pytest

from broadcast.campaign.plan import Canary
from broadcast.cli.campaign_plan import plan
from broadcast.errors import InputError


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, {}),
        ({"canary": 0}, {"canary": None}),
        ({"canary": 5}, {"canary": Canary(5, 120, 95, 80, "go_on")}),
        (
            {
                "canary": 1,
                "canary_wait": "30s",
                "canary_accepted": 0,
                "canary_delivered": 0,
                "canary_then": "ask",
            },
            {"canary": Canary(1, 30, 0, 0, "ask")},
        ),
    ],
)
def test_a_first_share(said: dict[str, Any], kept: dict[str, Any]) -> None:
    assert plan(said) == kept


@pytest.mark.parametrize("said", [{"canary_wait": "2m"}, {"canary": 0, "canary_accepted": 0}])
def test_how_it_goes_is_said_with_its_share(said: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--canary PERCENT"):
        plan(said)


@pytest.mark.parametrize("wait", ["", "2", "m", "-2m", "2 m", "1h30m", "٢m"])
def test_a_wait_is_a_time(wait: str) -> None:
    with pytest.raises(InputError, match="write 30s, 2m or 1h"):
        plan({"canary": 5, "canary_wait": wait or " "})
