"""What fills itself in by category and text, and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from broadcast.campaign.content import Content, check_name, content
from broadcast.errors import InputError

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def made(**changes: Any) -> Content:
    given: dict[str, Any] = {
        "text": "Rửa tay",
        "sender": "BOYTE",
        "carriers": ("b", "a", "b"),
        "category": "health",
        "expires_at": LATER,
    }
    return content(**{**given, **changes})


def test_defaults_by_category() -> None:
    found = {each: made(category=each) for each in ("emergency", "health", "routine")}
    assert {
        name: (each.priority, each.in_doubt_policy, each.hears_opted_out) for name, each in found.items()
    } == {
        "emergency": (9, "resend", True),
        "health": (5, "hold", False),
        "routine": (1, "hold", False),
    }


def test_the_rest() -> None:
    found = made(text=" Rửa tay\r\n", priority=0)
    assert found.text == "Rửa tay"
    assert found.alphabet == "ucs2"
    assert found.carriers == ("a", "b")
    assert found.priority == 0
    assert made(text="Rua tay").alphabet == "gsm0338"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": " "}, "text is empty"),
        ({"text": "a\0b\x1b"}, r"control characters \(U\+0000, U\+001B\)"),
        ({"sender": "MINISTRYOFHEALTH"}, "at most 11"),
        ({"alphabet": "gsm0338"}, "gsm0338 cannot write"),
        ({"carriers": ()}, "at least one carrier"),
        ({"priority": 10}, "0 to 9"),
        ({"grace_s": -1}, "grace"),
        ({"expires_at": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(**changes)


@pytest.mark.parametrize("name", ["a", "wash-hands_2020.1:b", "rửa-tay", "x" * 64])
def test_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "../x", "x" * 65, "a\n"])
def test_bad_names(name: str) -> None:
    with pytest.raises(InputError, match="name"):
        check_name(name)
