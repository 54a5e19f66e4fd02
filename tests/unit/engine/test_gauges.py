"""What only informs must not stop the sending."""

import asyncio
import logging

import asyncpg
import pytest

from broadcast.engine import gauges
from broadcast.engine.gauges import Gauges
from broadcast.engine.lane_gauges import LaneGauges
from broadcast.errors import SchemaError
from broadcast.monitor.metrics import Metrics


class Failing:
    """Readings that fail so, look after look; then the gauges are cancelled."""

    def __init__(self, *errors: BaseException) -> None:
        self.left = list(errors)

    def look(self) -> None:
        raise self.left.pop(0) if self.left else asyncio.CancelledError()


async def run(*errors: BaseException) -> None:
    async def connect() -> asyncpg.Connection:
        raise OSError

    await Gauges(LaneGauges(Metrics(), {}), Failing(*errors)).run(connect)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "EVERY_S", 0.0)


async def test_a_reading_that_fails_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    errors = [TypeError("84912345678"), TypeError(), asyncpg.UndefinedTableError("x"), KeyError()]
    with pytest.raises(asyncio.CancelledError):
        await run(*errors)
    assert [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR] == [
        "readings_failed why=TypeError",
        "readings_failed why=UndefinedTableError 42P01",
        "readings_failed why=KeyError",
    ]


async def test_another_schema_ends_the_worker() -> None:
    with pytest.raises(SchemaError):
        await run(SchemaError("x"))
