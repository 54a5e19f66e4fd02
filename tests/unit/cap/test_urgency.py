from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from unit.cap.cases import NOW, VALID

from broadcast.cap.alert import read
from broadcast.cap.profiles import PROFILES
from broadcast.cap.shapes import CERTAINTIES, SEVERITIES, URGENCIES
from broadcast.cap.urgency import urgent
from broadcast.config import cap, load
from broadcast.config.cap import Cap, Urgent

ALERT = read(VALID["two_languages"], NOW).alert


def of(*words: str, table: tuple[Urgent, ...] = Cap().urgent) -> tuple[str, int]:
    urgency, severity, certainty = words
    info = replace(ALERT.infos[0], urgency=urgency, severity=severity, certainty=certainty)
    row = urgent(replace(ALERT, infos=(info,)), table)
    return row.category, row.priority


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("Immediate", "Extreme", "Observed"), ("emergency", 9)),
        (("Expected", "Severe", "Likely"), ("emergency", 8)),
        (("Immediate", "Extreme", "Possible"), ("health", 6)),
        (("Unknown", "Unknown", "Unknown"), ("health", 5)),
        (("Past", "Extreme", "Observed"), ("routine", 1)),
        (("Immediate", "Minor", "Observed"), ("routine", 2)),
        (("Immediate", "Extreme", "Unlikely"), ("routine", 2)),
    ],
)
def test_without_a_table_of_one_s_own(words: tuple[str, str, str], found: tuple[str, int]) -> None:
    assert of(*words) == found


def test_a_table_of_one_s_own() -> None:
    table = (Urgent("routine", 0, severity=("Extreme",)), Urgent("emergency", 7))
    assert of("Immediate", "Extreme", "Observed", table=table) == ("routine", 0)
    assert of("Past", "Minor", "Observed", table=table) == ("emergency", 7)


def test_of_several_the_most_urgent_counts() -> None:
    infos = tuple(replace(ALERT.infos[0], urgency=each) for each in ("Past", "Immediate", "Future"))
    assert urgent(replace(ALERT, infos=infos), Cap().urgent).priority == 8


def test_the_configuration_knows_cap_s_words() -> None:
    assert get_args(cap.Urgency) == URGENCIES
    assert get_args(cap.Severity) == SEVERITIES
    assert get_args(cap.Certainty) == CERTAINTIES
    assert set(get_args(cap.Profile)) == set(PROFILES)


def test_the_example_has_the_defaults() -> None:
    paths = [Path(__file__).parents[3] / "config" / name for name in ("vietnam.toml", "cap.example.toml")]
    found = load(paths).cap
    assert found.urgent == Cap().urgent
    assert (found.profiles, found.sender) == (("google",), "alerts@example.org")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"sender": "a b"}, "sender must"),
        ({"signing_key": "/k"}, "signing_certificate and signing_key"),
        ({"trust": "here"}, "trust must be a whole path"),
        ({"urgent": ()}, "at least one row"),
        ({"urgent": (Urgent("health", 5, ("Past",)),)}, "the last row must fit"),
    ],
)
def test_what_the_configuration_may_not_say(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Cap(**keys)  # type: ignore[arg-type]
