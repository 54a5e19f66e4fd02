"""A demand as a configuration gives it."""

from typing import Any

import pytest
from unit.capacity.carriers import carrier

from broadcast.capacity.demand import Demand, parts
from broadcast.config import Config, load
from broadcast.config.files import made
from broadcast.config.profiles import VIETNAM
from broadcast.errors import ConfigError, InputError


def config(**carriers: dict[str, Any]) -> Config:
    country = {
        "name": "Nowhere",
        "country_code": "99",
        "national_lengths": [9],
        "time_zone": "UTC",
        "prefixes": {"big": ["3", "4", "5"], "small": ["6"], "away": ["7"]},
    }
    return made({"sender": "X", "country": country, "carriers": carriers}, "test")


def table(tps: int, *binds: dict[str, Any], **other: Any) -> dict[str, Any]:
    usual = {"host": "smsc.example", "port": 2775, "system_id": "x"}
    return {"tps": tps, "binds": [usual | bind for bind in binds or ({},)], **other}


def test_people_are_spread_by_the_numbering_plan_over_who_is_configured() -> None:
    found = parts(config(small=table(10), big=table(20)), 4000, 5, {})
    assert [(each.name, each.people, each.tps, each.total) for each in found] == [
        ("big", 3000, 20, 15_000),
        ("small", 1000, 10, 5_000),
    ]


def test_shares_are_in_any_unit() -> None:
    found = parts(config(small=table(10), big=table(20)), 1000, 1, {"small": 60e6, "big": 20e6})
    assert {each.name: each.people for each in found} == {"big": 250, "small": 750}


def test_sessions_and_windows_are_of_binds_that_send() -> None:
    binds = (
        {"mode": "transmitter", "sessions": 3, "window": 50},
        {"mode": "receiver", "sessions": 8, "window": 1000},
        {"sessions": 2, "window": 10},
    )
    [found] = parts(config(big=table(10, *binds)), 100, 5, {})
    assert (found.sessions, found.window) == (5, 170)


@pytest.mark.parametrize(
    ("keys", "submits", "receipts"),
    [
        ({}, 5, 5),
        ({"receipts": "last"}, 5, 1),
        ({"receipts": "none"}, 5, 0),
        ({"concatenation": "payload"}, 1, 1),
    ],
)
def test_what_a_carrier_counts_as_a_message(keys: dict[str, Any], submits: int, receipts: int) -> None:
    [found] = parts(config(big=table(10, **keys)), 100, 5, {})
    assert (found.segments, found.submits, found.receipts, found.total) == (
        5,
        submits,
        receipts,
        100 * submits,
    )


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"bigg": 1.0}, "no carrier bigg is configured: did you mean big"),
        ({"big": 1.0}, "give every carrier's, small too"),
        ({"big": 1e9, "small": 1.0}, "leave nobody for small"),
    ],
)
def test_shares_that_are_wrong(shares: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parts(config(small=table(10), big=table(20)), 1000, 1, shares)


def test_no_carrier_is_no_plan() -> None:
    with pytest.raises(ConfigError, match="no carrier is configured"):
        parts(load([VIETNAM]), 1000, 1, {})


def test_messages_are_alerts_to_everybody() -> None:
    demand = Demand((carrier("a", 100), carrier("b", 300)), 1000)
    assert (demand.people, demand.alerts) == (400, 2.5)
