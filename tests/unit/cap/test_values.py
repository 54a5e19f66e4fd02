from datetime import UTC, datetime, timedelta, timezone

import pytest

from broadcast.cap.values import Fails, read_time, write_time


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2002-05-24T16:49:00-07:00", datetime(2002, 5, 24, 23, 49, tzinfo=UTC)),
        (" 2026-09-01T00:00:00-00:00\n", datetime(2026, 9, 1, tzinfo=UTC)),
        ("2026-09-01T00:00:00+14:00", datetime(2026, 8, 31, 10, tzinfo=UTC)),
    ],
)
def test_times(text: str, at: datetime) -> None:
    assert read_time(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-09-01", "2026-09-01T00:00:00", "2026-09-01T00:00:00Z", "2026-09-01T00:00:00.5+07:00",
        "2026-02-30T00:00:00+07:00",
        "2026-09-01T24:00:00+07:00", "2026-09-01T00:00:60+07:00", "2026-09-01T00:00:00+15:00",
        "2026-09-01T00:00:00+07:60",
        "2026-09-01T00:00:00,07:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "２026-09-01T00:00:00+07:00",
    ],
)  # fmt: skip
def test_no_times(text: str) -> None:
    assert read_time(text) == Fails("time_invalid")


def test_utc_is_written_as_cap_has_it() -> None:
    assert write_time(datetime(2026, 9, 1, tzinfo=UTC)) == "2026-09-01T00:00:00-00:00"
    assert (
        write_time(datetime(2026, 9, 1, tzinfo=timezone(timedelta(hours=7)))) == "2026-09-01T00:00:00+07:00"
    )
