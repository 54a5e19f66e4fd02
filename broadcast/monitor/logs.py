"""Logs for people or for machines, without a person's number or message in either (law 9).

One line a record on stderr: human by default, JSON with BROADCAST_LOG=json. What we log of a person is a
`masked.Masked`, so that other figures stay as they are: statuses, lengths, ids of processes. Libraries know no such
type: in their records runs of eight and more digits are masked. Of an error that is not ours a traceback has its type
and where it was raised, for its text may quote what it choked on.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal, TextIO

from broadcast.errors import BroadcastError, ConfigError
from broadcast.languages import _, choose
from broadcast.visible import json_escaped, visible

LogFormat = Literal["human", "json"]

_OURS = "broadcast"
_DIGITS = re.compile(r"\d{8,}")


def _said(record: logging.LogRecord) -> str:
    """The record's message, on one line; a library's with every run of 8 and more digits as so many asterisks."""
    said = record.getMessage()
    if record.name.partition(".")[0] != _OURS:
        said = _DIGITS.sub(lambda run: "*" * len(run.group()), said)
    return visible(said)


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


class _HumanFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{at} {record.levelname:<7} {record.name}: {_said(record)}"
        failed = record.exc_info and record.exc_info[1]
        return "\n".join((line, *_failure(failed))) if failed else line


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": _said(record),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = "\n".join(_failure(record.exc_info[1]))
        return json_escaped(json.dumps(line, ensure_ascii=False))


def log_format() -> LogFormat:
    """The format that BROADCAST_LOG asks for. Raises ConfigError for anything but `human` and `json`."""
    chosen = os.environ.get("BROADCAST_LOG") or "human"
    if chosen == "human":
        return "human"
    if chosen == "json":
        return "json"
    raise ConfigError(_("BROADCAST_LOG must be human or json, not {chosen!r}", chosen=chosen))


def configure(
    level: int = logging.INFO, form: LogFormat | None = None, stream: TextIO | None = None
) -> logging.Handler:
    """Make our handler the root logger's only one; returns it. form: None reads BROADCAST_LOG.

    Whoever logs speaks English from now on, for what a log says is searched for.
    """
    choose("en")
    handler = logging.StreamHandler(stream or sys.stderr)
    chosen = form or log_format()
    handler.setFormatter(_JsonFormatter() if chosen == "json" else _HumanFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    return handler
