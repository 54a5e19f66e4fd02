"""Which carriers have ways that were shut."""

from datetime import UTC, datetime

from broadcast.reports.link_tests import LinkTest, shut


def one(carrier: str, address: str, state: str) -> LinkTest:
    return LinkTest(carrier, 0, address, datetime(2026, 1, 1, tzinfo=UTC), state, "", 0.1)  # type: ignore[arg-type]


def test_each_carrier_by_itself() -> None:
    first, second, other = one("a", "1", "shut"), one("a", "2", "bound"), one("b", "1", "shut")
    assert shut([first, second, other], ["a", "b", "c"]) == {"a": ([first], False), "b": ([other], True)}
    assert shut([first, second, other], ["c"]) == {}
    assert shut([one("a", "1", "answers")], ["a"]) == {}
