"""Logs for people or for machines, without a telephone number in either.

One line a record on stderr: human by default, JSON with BROADCAST_LOG=json. Runs of eight and more digits
are masked in messages and tracebacks alike, whoever logged them (law 9): it is the net below our own care.
"""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

from broadcast.errors import ConfigError

LogFormat = Literal["human", "json"]

_DIGITS = re.compile(r"\d{8,}")


def mask(text: str) -> str:
    """`text` with every run of 8 and more digits replaced by as many asterisks."""
    return _DIGITS.sub(lambda run: "*" * len(run.group()), text)


class _HumanFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        return datetime.fromtimestamp(record.created, UTC).strftime(datefmt or "%Y-%m-%dT%H:%M:%SZ")


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": mask(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def log_format() -> LogFormat:
    """The format that BROADCAST_LOG asks for. Raises ConfigError for anything but `human` and `json`."""
    chosen = os.environ.get("BROADCAST_LOG") or "human"
    if chosen == "human":
        return "human"
    if chosen == "json":
        return "json"
    raise ConfigError(f"BROADCAST_LOG must be human or json, not {chosen!r}")


def configure(
    level: int = logging.INFO, form: LogFormat | None = None, stream: TextIO | None = None
) -> logging.Handler:
    """Make our handler the root logger's only one; returns it. form: None reads BROADCAST_LOG."""
    handler = logging.StreamHandler(stream or sys.stderr)
    chosen = form or log_format()
    handler.setFormatter(_JsonFormatter() if chosen == "json" else _HumanFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    return handler
