"""What fails alone is set aside; what the rest of the queue does is done."""

import asyncpg
import pytest

from broadcast.engine.apart import Apart
from broadcast.errors import DatabaseDownError, FencedError
from broadcast.monitor.metrics import Metrics


class Queue:
    """Numbers that are done, all at once or one by one, but for `bad` ones."""

    def __init__(self, bad: dict[int, BaseException]) -> None:
        self.left = list(range(5))
        self.bad = bad
        self.aside: list[tuple[int, str]] = []

    async def all_at_once(self) -> int:
        for number in self.left:
            if number in self.bad:
                raise self.bad[number]
        done, self.left = len(self.left), []
        return done

    async def names(self) -> list[int]:
        return list(self.left)

    async def one(self, number: int) -> int:
        if number in self.bad:
            raise self.bad[number]
        self.left.remove(number)
        return 1

    async def set_aside(self, number: int, why: str) -> None:
        self.left.remove(number)
        self.aside.append((number, why))


async def test_the_rest_is_done() -> None:
    queue, metrics = Queue({1: KeyError("84912345678"), 3: asyncpg.CheckViolationError("x")}), Metrics()
    apart = Apart("replies", metrics)
    assert await apart.run(queue.all_at_once, queue.names, queue.one, queue.set_aside) == 3
    assert (queue.left, queue.aside) == ([], [(1, "KeyError"), (3, "CheckViolationError 23514")])
    assert metrics.registry.get_sample_value("broadcast_set_aside_total", {"queue": "replies"}) == 2


async def test_what_cannot_be_marked_is_counted_once() -> None:
    queue, metrics = Queue({2: ValueError()}), Metrics()
    apart = Apart("slices", metrics)
    for _ in range(3):
        await apart.run(queue.all_at_once, queue.names, queue.one)
    assert queue.left == [2]
    assert metrics.registry.get_sample_value("broadcast_set_aside_total", {"queue": "slices"}) == 1


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("x"), DatabaseDownError(), FencedError()])
async def test_a_lost_database_is_nobodys_fault(error: BaseException) -> None:
    queue = Queue({1: error})
    with pytest.raises(type(error)):
        await Apart("replies", Metrics()).run(queue.all_at_once, queue.names, queue.one, queue.set_aside)
    assert queue.aside == []
