"""What an operator writes after --expires, also where clocks are put back or forward."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcast.campaign.expiry import Expiry, read_expiry
from broadcast.errors import InputError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def at(when: str, zone: str = "Europe/Berlin") -> str:
    return read_expiry(when, ZoneInfo(zone), NOW).at.astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("when", "after"),
    [
        ("90s", timedelta(seconds=90)),
        ("90m", timedelta(minutes=90)),
        (" 6H ", timedelta(hours=6)),
        ("30d", timedelta(days=30)),  # over the night in which the clocks go forward
    ],
)
def test_from_now(when: str, after: timedelta) -> None:
    assert read_expiry(when, BERLIN, NOW) == Expiry(NOW + after)


def test_a_time_is_the_countrys_unless_it_says_otherwise() -> None:
    assert at("2030-01-31T18:00", "Asia/Ho_Chi_Minh") == "2030-01-31T11:00:00+00:00"
    assert at("2030-01-31 18:00", "America/New_York") == "2030-01-31T23:00:00+00:00"
    assert at("2030-01-31T18:00Z") == at("2030-01-31T18:00:00+00:00") == "2030-01-31T18:00:00+00:00"
    assert at("2026-07-01T00:00") == "2026-06-30T22:00:00+00:00"
    with pytest.raises(InputError, match="90m, 6h, 2d"):
        read_expiry("tomorrow", BERLIN, NOW)


@pytest.mark.parametrize(
    ("zone", "when", "first", "second"),
    [
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("America/New_York", "2026-11-01T01:00:00", "2026-11-01T01:00:00-04:00", "2026-11-01T01:00:00-05:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"),
    ],
)  # fmt: skip
def test_a_time_that_comes_twice(zone: str, when: str, first: str, second: str) -> None:
    """The first: nothing leaves after the time that was written, whichever was meant."""
    found = read_expiry(when, ZoneInfo(zone), NOW)
    assert found.at.isoformat() == first
    assert found.note == (
        f"{when} comes twice, as the clocks of {zone} go back: the first is taken, as {first};"
        f" for the second write --expires {second}"
    )
    for said in (first, second):  # the ways out are taken as they are
        assert read_expiry(said, ZoneInfo(zone), NOW) == Expiry(datetime.fromisoformat(said))
    hour = timedelta(hours=1)
    for near in (datetime.fromisoformat(when) - hour, datetime.fromisoformat(when) + hour):
        assert read_expiry(near.isoformat(), ZoneInfo(zone), NOW).note is None


@pytest.mark.parametrize(
    ("zone", "when", "earlier", "later"),
    [
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00", "2026-03-29T03:30:00"),
        ("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00", "2026-03-29T03:00:00"),
        ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-29T12:00:00", "2011-12-31T12:00:00"),
    ],
)
def test_a_time_that_does_not_come(zone: str, when: str, earlier: str, later: str) -> None:
    with pytest.raises(InputError, match=f"does not come: write {earlier} or {later}$"):
        read_expiry(when, ZoneInfo(zone), NOW)
    for said in (earlier, later):
        assert read_expiry(said, ZoneInfo(zone), NOW).note is None
