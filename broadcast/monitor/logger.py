"""How our code logs: `log(events.LINK_CLOSED, link=Name(...), why=...)`. What a value may be, `loggable.py` says.

The level stands with the event, so a call has none. Where that level is off a call costs one look-up. Nothing here
loads structlog: a command that warns of its configuration need not; whoever serves formats by it (`logs.py`).
"""

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from broadcast.monitor.event import Event
from broadcast.monitor.loggable import LIBRARYS, Loggable, Plain, plain, without_numbers
from broadcast.monitor.sampling import Sampling
from broadcast.visible import visible

LEFT_OUT: Final = "left_out"  # the field of a flood's lines that were not written
ERROR: Final = "_error"  # a record's
SAYS: Final = "_says"
_FIRST: Final = ("campaign", "slice", "carrier", "link")  # of a line's fields: what people look for
RESERVED: Final = frozenset({"at", "level", "event", "logger", "pid", "error", LEFT_OUT})

_about: ContextVar[Mapping[str, Loggable]] = ContextVar("about", default=MappingProxyType({}))
_sampling = Sampling()  # the process's


class Line(dict[str, Plain]):
    """A record's message: its event and its fields, as JSON has them."""

    def __str__(self) -> str:
        """For who has no formatter of ours."""
        event, *fields = self.items()
        return " ".join([f"{event[1]}", *(f"{name}={value}" for name, value in fields)])


class Logger:
    """Of one module."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def on(self, event: Event) -> bool:
        """Whether it would be told: to be asked before values are made for it alone."""
        return self._logger.isEnabledFor(event.level)

    def __call__(self, event: Event, /, *, error: BaseException | None = None, **fields: Loggable) -> None:
        """Log it. error: one of others, of which the line has the traceback, and of its text nothing."""
        if not self._logger.isEnabledFor(event.level):
            return
        everything = {**dict.fromkeys(_FIRST), **fields}
        everything |= {name: each for name, each in _about.get().items() if name not in fields}
        left_out = _left_out(event, everything)
        if left_out is None:
            return
        line = Line(event=event.name)
        for name, value in everything.items():
            if (said := plain(value)) is not None:
                line[name] = said
        if left_out:
            line[LEFT_OUT] = left_out
        level = logging.getLevelName(event.level).lower()
        # no exc_info: others would print its text
        told = {"_logger": self._logger, "_name": level, ERROR: error, SAYS: event.says}
        self._logger.log(event.level, line, extra=told)


class _ForPeople(logging.Handler):
    """Of a command that serves nothing: from warnings on, with what they mean."""

    def emit(self, record: logging.LogRecord) -> None:
        told, says = record.getMessage(), getattr(record, SAYS, None)
        words = without_numbers(told, LIBRARYS) if says is None else f"{says} ({told})"
        sys.stderr.write(f"broadcast: {visible(words)}\n")


def told_to_people() -> None:
    """Until somebody configures the log."""
    logging.lastResort = _ForPeople(logging.WARNING)


def logger(name: str) -> Logger:
    """name: the module's, `__name__`."""
    return Logger(name)


@contextmanager
def about(**fields: Loggable) -> Iterator[None]:
    """Every line of this task, and of those that it begins meanwhile, has these fields too: whose work it is."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def _left_out(event: Event, fields: Mapping[str, Loggable]) -> int | None:
    if event.flood is None:
        return 0
    key = (event.name, *(plain(fields.get(each)) for each in event.per))
    return _sampling.take(key, event.flood, time.monotonic())
