"""Where all log lines become text: ours (`logger.py`) and libraries', for people or for machines, on stderr (law 9).

One line a record: for people where stderr is a terminal, else JSON; BROADCAST_LOG says which. Values of ours are
`Loggable`, so figures stay as they are: statuses, lengths, ids of processes. Libraries know no such type: in their
records runs of eight and more digits are masked. Of an error that is not ours a traceback has its type and where it was
raised, for its text may quote what it choked on.
"""

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal, TextIO

from structlog.dev import Column, ConsoleRenderer
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, WrappedLogger

from broadcast.errors import BroadcastError, ConfigError
from broadcast.languages import _, choose
from broadcast.monitor import events, levels
from broadcast.monitor.loggable import LIBRARYS, Word, without_numbers
from broadcast.monitor.logger import ERROR, LEFT_OUT, logger
from broadcast.monitor.sampling import Flood, Sampling
from broadcast.visible import json_escaped, visible

LogFormat = Literal["human", "json"]

log = logger(__name__)

_LIBRARIES: Final = Flood(first=20, each=100, quiet_s=600.0)
_FAINT, _PLAIN, _BOLD = "\x1b[2m", "\x1b[0m", "\x1b[1m"
_COLOURS: Final = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}


def _failure(error: BaseException) -> Iterator[str]:
    """Lines of a traceback, what came before it first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _failure(before)
        yield "and then"
    yield from "".join(traceback.format_tb(error.__traceback__)).splitlines()
    yield f"{type(error).__name__}{visible(_text(error))}"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from ("  " + line for line in _failure(each))


def _text(error: BaseException) -> str:
    if isinstance(error, BroadcastError):
        return f": {error}"
    return f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""


def _of_a_library(_logger: WrappedLogger, _level: str, line: EventDict) -> EventDict:
    line["said"] = visible(without_numbers(str(line["event"]), LIBRARYS))
    line["event"] = events.LIBRARY_SAID.name
    if left_out := getattr(line["_record"], LEFT_OUT, 0):
        line[LEFT_OUT] = left_out
    return line


def _head(_logger: WrappedLogger, _level: str, line: EventDict) -> EventDict:
    """What every line has, before its fields."""
    record: logging.LogRecord = line.pop("_record")
    line.pop("_from_structlog")
    line.pop("exc_info", None)
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    head = {
        "at": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": line.pop("event"),
        "logger": record.name,
        "pid": record.process,
    }
    failed = getattr(record, ERROR, None) or (record.exc_info and record.exc_info[1])
    record.exc_info = record.exc_text = record.stack_info = (
        None  # or logging itself would write them, with all texts
    )
    return {**head, **line, **({"error": "\n".join(_failure(failed))} if failed else {})}


class _Human:
    """Time, level, event, fields; of a library its name too. colours: for a terminal."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        columns = [
            Column("at", lambda _, at: self._in(_FAINT, at)),
            Column("level", lambda _, level: self._in(_COLOURS.get(level, ""), f"{level.upper():<7}")),
            Column("event", lambda _, event: self._in(_BOLD, event)),
            Column("", lambda name, value: f"{self._in(_FAINT, f'{name}=')}{_quoted(value)}"),
        ]
        self._render = ConsoleRenderer(columns=columns, sort_keys=False)

    def __call__(self, logger: WrappedLogger, level: str, line: EventDict) -> str:
        shown = {name: value for name, value in line.items() if name != "pid"}
        if line["event"] != events.LIBRARY_SAID.name:
            del shown["logger"]
        if "error" in shown:
            shown["exception"] = shown.pop("error")
        return self._render(logger, level, shown)

    def _in(self, style: str, text: Any) -> str:
        return f"{style}{text}{_PLAIN}" if self._colours and style else f"{text}"


def _quoted(value: object) -> str:
    text = f"{value}"
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' ="') else text


def _json(_logger: WrappedLogger, _level: str, line: EventDict) -> str:
    return json_escaped(json.dumps(line, ensure_ascii=False))


class _Libraries(logging.Filter):
    """Their floods: of each logger and level the first, then one in many."""

    def __init__(self) -> None:
        super().__init__()
        self._sampling = Sampling()

    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "_logger"):  # ours, sampled by its event
            return True
        left_out = self._sampling.take((record.name, record.levelno), _LIBRARIES, time.monotonic())
        setattr(record, LEFT_OUT, left_out)
        return left_out is not None


def log_format(stream: TextIO | None = None) -> LogFormat:
    """The format that BROADCAST_LOG asks for; unset: what suits the stream (None: stderr).

    Raises ConfigError for anything but `human` and `json`.
    """
    chosen = os.environ.get("BROADCAST_LOG")
    if not chosen:
        return "human" if (stream or sys.stderr).isatty() else "json"
    if chosen == "human":
        return "human"
    if chosen == "json":
        return "json"
    raise ConfigError(_("BROADCAST_LOG must be human or json, not {chosen!r}", chosen=chosen))


def configure(
    level: int = logging.INFO, form: LogFormat | None = None, stream: TextIO | None = None
) -> logging.Handler:
    """Make our handler the root logger's only one; returns it. form: None reads BROADCAST_LOG.

    level: where BROADCAST_LOG_LEVEL says none. Whoever logs speaks English from now on, for what a log says is searched
    for. What nobody caught, in a thread say, is a line too. Raises ConfigError: one of the two cannot be read.
    """
    choose("en")
    to = stream or sys.stderr
    chosen = form or log_format(to)
    colours = to.isatty() and not os.environ.get("NO_COLOR")
    handler = logging.StreamHandler(to)
    handler.addFilter(_Libraries())
    renderer = _json if chosen == "json" else _Human(colours=colours)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[_of_a_library], processors=[_head, renderer], keep_exc_info=True
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    levels.begin(level, os.environ.get("BROADCAST_LOG_LEVEL", ""))
    sys.excepthook = _uncaught
    threading.excepthook = lambda thrown: _fault(thrown.exc_value)
    sys.unraisablehook = lambda thrown: _fault(thrown.exc_value)
    return handler


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    _fault(error)


def _fault(error: BaseException | None) -> None:
    """Nobody's number: Python itself would print the text of the error."""
    log(events.FAILED, kind=Word(type(error).__name__), error=error)
