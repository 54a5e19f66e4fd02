"""A loop whose time a test moves, a transport that remembers, an owner that writes down what it is told."""

import asyncio
from collections.abc import Callable
from typing import Any

from broadcast.channel.events import InboundMessage
from broadcast.channel.receipt import Receipt
from broadcast.smpp.link import Link


class Handle:
    def __init__(self, at: float, call: Callable[[], Any]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """As much of a loop as a Link uses, with a time of its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.handles: list[Handle] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[[], Any]) -> Handle:
        self.handles.append(Handle(self.now + delay, call))
        return self.handles[-1]

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.get_event_loop().create_future()

    def advance(self, seconds: float) -> None:
        """Run what falls due, in order."""
        end = self.now + seconds
        while due := [handle for handle in self.handles if handle.at <= end and not handle.cancelled]:
            handle = min(due, key=lambda each: each.at)
            self.handles.remove(handle)
            self.now = max(self.now, handle.at)
            handle.call()
        self.now = end

    @property
    def waiting(self) -> int:
        return sum(not handle.cancelled for handle in self.handles)


class FakeTransport(asyncio.Transport):
    """Keeps what is written; loses the connection when told to close or abort, but not before `lose`."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.buffered = 0
        self.reading = True
        self.closed = self.aborted = False
        self.on_write: Callable[[bytes], None] = lambda data: None

    def write(self, data: Any) -> None:
        self.written += data
        self.on_write(data)

    def taken(self) -> bytes:
        """What was written since the last call."""
        written, self.written = self.written, b""
        return written

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True


class Diary:
    """LinkEvents as a list of (name, argument)."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Any]] = []
        self.left_at: list[float] = []  # of the entries that have one, in order

    def taken(self) -> list[tuple[str, Any]]:
        """What was told since the last call."""
        entries, self.entries = self.entries, []
        return entries

    def bound(self, link: Link) -> None:
        self.entries.append(("bound", None))

    def answered(self, link: Link, answers: list[tuple[Any, int, str]], left_at: float) -> None:
        self.entries.append(("answered", answers))
        self.left_at.append(left_at)

    def answered_late(self, link: Link, answers: list[tuple[Any, int, str]], left_at: float) -> None:
        self.entries.append(("answered_late", answers))
        self.left_at.append(left_at)

    def receipts(self, link: Link, receipts: list[Receipt]) -> None:
        self.entries.append(("receipts", receipts))

    def messages(self, link: Link, messages: list[InboundMessage]) -> None:
        self.entries.append(("messages", messages))

    def taken_back(self, link: Link, answers: Any) -> None:
        self.entries.append(("taken_back", list(answers)))

    def full(self) -> bool:
        return False

    def unreadable(self, link: Link, pdus: list[tuple[bytes, bytes, str]]) -> None:
        self.entries.append(("unreadable", pdus))

    def unanswered(self, link: Link, tokens: list[Any], reason: str, left_at: float) -> None:
        self.entries.append(("unanswered", (tokens, reason)))
        self.left_at.append(left_at)

    def room(self, link: Link) -> None:
        self.entries.append(("room", link.room))

    def closed(self, link: Link, reason: str) -> None:
        self.entries.append(("closed", reason))
