"""Readings as a nation's run grows, and what is made of them."""

from dataclasses import replace
from typing import Any, cast

import asyncpg
import pytest

from broadcast.bench.nation_growth import NationGrowth, NationStep, grown

STEP = NationStep(
    segments=1, seconds=1.0, rate=1.0, cpu_s={"sender": 10.0, "postgres": 2.0}, mib={}, database_mib=1.0,
    log_octets=1.0, open=0, lag_s=0.0,
)  # fmt: skip


class Database:
    """Answers with what it is told to."""

    def __init__(self) -> None:
        self.row = {"database": 10 * 2**20, "log": 5000, "open": 0}

    async def fetchrow(self, _: str) -> dict[str, int]:
        return self.row


async def test_each_step_tells_what_it_cost_alone() -> None:
    database = Database()
    growth = NationGrowth(cast("asyncpg.Connection", database), segments=1000)
    mib: dict[str, float] = {"sender": 80.0, "resolver": 60.0, "postgres": 0.5, "simulator": 4.0}

    async def look(at_s: float, segments: int, sender_s: float, lag_s: float, **row: Any) -> None:
        database.row |= row
        await growth.look(at_s, segments, {"sender": sender_s}, mib, lag_s)

    await look(0.25, 20, 0.1, 99.0)  # it counts from here
    await look(0.5, 60, 0.1, 9.0)  # within the first tenth
    assert growth.steps == []
    await look(2.25, 120, 0.3, 1.0, log=15_000, open=100)
    await look(3.0, 180, 0.4, 2.0)
    await look(4.25, 220, 0.5, 0.5, log=25_000, open=110, database=11 * 2**20)
    await look(4.5, 299, 0.6, 0.5)
    first, second = growth.steps
    assert (first.segments, first.rate, first.log_octets, first.open, first.lag_s) == (120, 50, 100, 100, 9)
    assert (second.segments, second.rate, second.log_octets, second.open, second.lag_s) == (
        220,
        50,
        100,
        110,
        2,
    )
    assert first.cpu_s["sender"] == pytest.approx(0.2 / 100 * 1e6)
    assert second.cpu_s["sender"] == pytest.approx(0.2 / 100 * 1e6)
    assert (first.database_mib, second.database_mib) == (10, 11)
    assert second.mib == mib


def test_what_the_late_million_costs_beside_the_early_one() -> None:
    steps = [replace(STEP, cpu_s={"sender": 10.0 + number, "postgres": 2.0}) for number in range(25)]
    assert grown(steps) == 31 / 13
    assert grown(steps[:19]) is None
