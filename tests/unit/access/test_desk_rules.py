"""Rules that bind operators."""

import re

import pytest

from broadcast.access.desk_rules import RULES, read
from broadcast.errors import InputError
from broadcast.store import migrations


@pytest.mark.parametrize(
    ("key", "value"), [("approvers.emergency", 2), ("override_s", 120), ("training", 1), ("typed_from", 0)]
)
def test_read(key: str, value: int) -> None:
    assert read(key, str(value)) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("approvers.emergency", "3"),
        ("override_s", "-1"),
        ("training", "yes"),
        ("typed_from", "١"),
        ("override_s", ""),
    ],
)
def test_out_of_range(key: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{key} is a whole number from"):
        read(key, value)


def test_no_such_rule() -> None:
    with pytest.raises(InputError, match="there is no rule overide_s: did you mean override_s"):
        read("overide_s", "1")


def test_the_database_knows_the_same() -> None:
    text = "".join(each.text for each in migrations.files())
    *_, listed = re.findall(r"IF about NOT IN \(([^)]*)\)", text)
    assert set(re.findall("'([^']+)'", listed)) == set(RULES)
