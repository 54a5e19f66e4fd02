"""What fails alone is set aside; what the rest of the queue does is done."""

import logging

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


async def test_what_all_fail_with_is_nobodys_fault() -> None:
    """A bug, a table that is missing something: a STOP set aside would be lost to whoever asked."""
    queue, metrics = Queue({number: KeyError("x") for number in range(5)}), Metrics()
    with pytest.raises(KeyError):
        await Apart("replies", metrics).run(queue.all_at_once, queue.names, queue.one, queue.set_aside)
    assert (queue.left, queue.aside) == ([0, 1, 2, 3, 4], [])
    assert not metrics.registry.get_sample_value("broadcast_set_aside_total", {"queue": "replies"})


async def test_one_that_fails_alone() -> None:
    queue = Queue({0: KeyError("x")})
    queue.left = [0]
    assert (
        await Apart("replies", Metrics()).run(queue.all_at_once, queue.names, queue.one, queue.set_aside) == 0
    )
    assert queue.aside == [(0, "KeyError")]


async def test_different_failures_are_each_ones_own() -> None:
    queue = Queue({0: KeyError("x"), 1: ValueError(), 2: ValueError()})
    queue.left = [0, 1, 2]
    await Apart("replies", Metrics()).run(queue.all_at_once, queue.names, queue.one, queue.set_aside)
    assert [number for number, _ in queue.aside] == [0, 1, 2]


@pytest.mark.parametrize("left", [[1], [0, 1, 2]])
async def test_a_right_that_is_missing_is_nobodys_fault(left: list[int]) -> None:
    """Also of one alone; the others are done."""
    queue = Queue({1: asyncpg.InsufficientPrivilegeError("x")})
    queue.left = left
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await Apart("replies", Metrics()).run(queue.all_at_once, queue.names, queue.one, queue.set_aside)
    assert (queue.left, queue.aside) == ([1], [])


async def test_what_cannot_be_marked_rests(caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again every few seconds, told once a minute, by its number; the others go on at once."""
    now, tries = 0.0, []
    queue = Queue({2: ValueError()})
    apart = Apart("slices", Metrics(), lambda: now)

    async def one(number: int) -> int:
        tries.append(number)
        return await queue.one(number)

    for now in [each / 4 for each in range(200)]:
        await apart.run(queue.all_at_once, queue.names, one)
        if now == 1.0:
            queue.left.append(7)
        if now == 1.25:
            assert queue.left == [2]
    assert tries.count(2) == 10
    levels = [(each.levelno, each.getMessage()) for each in caplog.records]
    assert levels == [
        (logging.WARNING, "queue_singly queue=slices why=ValueError"),
        (logging.ERROR, "row_set_aside queue=slices number=2 what=could not be done and stays, ValueError"),
    ]


@pytest.mark.parametrize("error", [asyncpg.InterfaceError("x"), DatabaseDownError(), FencedError()])
async def test_a_lost_database_is_nobodys_fault(error: BaseException) -> None:
    queue = Queue({1: error})
    with pytest.raises(type(error)):
        await Apart("replies", Metrics()).run(queue.all_at_once, queue.names, queue.one, queue.set_aside)
    assert queue.aside == []
