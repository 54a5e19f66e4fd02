"""How soon receipts came of late: nothing that was not written is forgotten."""

from typing import Any

import pytest

from broadcast.engine.handset import HandsetTimes
from broadcast.ids import CarrierNo
from broadcast.store.queries import sql


class Database:
    """Remembers what it was told; away when it is to be."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.away = False

    async def execute(self, text: str, *arguments: Any) -> None:
        if self.away:
            raise OSError("away")
        if text == sql("handset_minutes_keep"):
            self.kept.append(arguments)


async def test_what_is_new_is_written_once() -> None:
    times, database = HandsetTimes(), Database()
    times.add(CarrierNo(2), {3: 1, 30: 2})
    times.add(CarrierNo(1), {0: 5})
    times.add(CarrierNo(1), {0: 1, 1: 1})
    times.add(CarrierNo(3), {})
    await times.write(database)  # type: ignore[arg-type]
    await times.write(database)  # type: ignore[arg-type]
    assert database.kept == [([1, 2], ['{"0": 6, "1": 1}', '{"3": 1, "28": 2}'])]


async def test_what_could_not_be_written_is_with_the_next() -> None:
    times, database = HandsetTimes(), Database()
    times.add(CarrierNo(1), {0: 5})
    database.away = True
    with pytest.raises(OSError, match="away"):
        await times.write(database)  # type: ignore[arg-type]
    database.away = False
    times.add(CarrierNo(1), {2: 1})
    await times.write(database)  # type: ignore[arg-type]
    assert database.kept == [([1], ['{"0": 5, "2": 1}'])]
