"""Which module logs from which level on, while it runs: a file that every process of a machine looks at once a second.

A file, not a row of the database: levels are asked for when the database is what fails, by whoever minds the machine,
and must hold in processes that have none (`up`, say). It needs no signal, which would have to reach each process;
SIGHUP replaces workers. One `broadcast log level` reaches all processes of a machine; for many machines the file is
copied or mounted (a ConfigMap). An entry with `until` ends by itself.
"""

import asyncio
import contextlib
import logging
import re
import tempfile
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from broadcast.clock import machine_time
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.monitor import events
from broadcast.monitor.event import LEVELS
from broadcast.monitor.loggable import Name, Sentence
from broadcast.monitor.logger import logger

log = logger(__name__)

ALL: Final = "all"  # every module, and libraries
LIBRARIES: Final = frozenset({"aiohttp", "asyncio", "asyncpg"})
LOOK_S: Final = 1.0
FILE_OCTETS_MOST: Final = 65_536

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_HEAD: Final = "# Levels of logs by module, read again within a second; made by `broadcast log level`.\n"


@dataclass(frozen=True, slots=True)
class Levelled:
    """module: below `broadcast`, `smpp.link` say, a library, or ALL. until: None: for as long as it stands there."""

    module: str
    level: str
    until: datetime | None = None

    @property
    def logger(self) -> str:
        if self.module == ALL:
            return ""
        return self.module if self.module.partition(".")[0] in LIBRARIES else f"broadcast.{self.module}"


def parse(text: str) -> tuple[Levelled, ...]:
    """A file's. Raises ConfigError, which says where."""
    try:
        table = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # of its text; of a number of thousands of digits; of its depth
        raise ConfigError(_("no TOML: {error}", error=error)) from error
    return tuple(_entry(module, value) for module, value in table.items())


def _entry(module: str, value: Any) -> Levelled:
    fields = {"level": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or fields.keys() - {"level", "until"}:
        raise ConfigError(_('{module}: write "debug", or {{ level = "debug", until = ... }}', module=module))
    until = fields.get("until")
    if until is not None and not (isinstance(until, datetime) and until.tzinfo):
        raise ConfigError(_("{module}: until is a time with its zone: 2026-01-31T08:00:00Z", module=module))
    return checked(module, fields.get("level"), until)


def checked(module: str, level: Any, until: datetime | None = None) -> Levelled:
    """Raises ConfigError: a name that no module has, a level that there is not."""
    if not _NAME.fullmatch(module):
        raise ConfigError(_("{module!r} is no module's name", module=module))
    if level not in LEVELS:
        known = ", ".join(LEVELS)
        raise ConfigError(
            _("{module}: {level!r} is no level: {known}", module=module, level=level, known=known)
        )
    return Levelled(module, level, until)


def written(entries: Sequence[Levelled]) -> str:
    """The same as a file's text, what `parse` reads."""
    lines = (
        f'"{each.module}" = {{ level = "{each.level}"{_until(each.until)} }}\n'
        for each in sorted(entries, key=lambda each: each.module)
    )
    return _HEAD + "".join(lines)


def _until(moment: datetime | None) -> str:
    return "" if moment is None else f", until = {moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def holding(entries: Sequence[Levelled], now: datetime) -> tuple[Levelled, ...]:
    """Without those that are over."""
    return tuple(each for each in entries if each.until is None or now < each.until)


def read(path: Path) -> tuple[Levelled, ...]:
    """None of them: no such file. Raises ConfigError: it cannot be read."""
    try:
        if not path.is_file() and path.exists():  # a pipe would hold up whoever opens it
            raise ConfigError(_("{path} is no file", path=path))
        with path.open("rb") as file:
            return parse(file.read(FILE_OCTETS_MOST).decode())
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise ConfigError(_("{path} cannot be read: {why}", path=path, why=why)) from error


def write(path: Path, entries: Sequence[Levelled]) -> None:
    """Whole or not at all; every user may read it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        try:
            file.write(written(entries))
            file.flush()
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise


_base: dict[str, int] = {}  # by logger: what holds where the file says nothing
_set: frozenset[str] = frozenset()  # loggers that the file changed


def begin(level: int, asked: str) -> None:
    """The levels that a process begins with. asked: BROADCAST_LOG_LEVEL, `debug` or `smpp.link=debug,engine=warning`.

    Raises ConfigError.
    """
    pairs = [each.strip().rpartition("=") for each in asked.split(",") if each.strip()]
    try:
        given = [checked(module.strip() or ALL, chosen.strip().lower()) for module, _sign, chosen in pairs]
    except ConfigError as error:
        raise ConfigError(f"BROADCAST_LOG_LEVEL: {error}") from error
    _base.clear()
    _base.update({"": level, **{each.logger: _number(each.level) for each in given}})
    apply(())


def apply(entries: Sequence[Levelled]) -> None:
    """Let these hold, and of loggers that they do not name what held in the beginning."""
    global _set
    wanted = {**_base, **{each.logger: _number(each.level) for each in entries}}
    for name in {*_set, *wanted}:
        logging.getLogger(name or None).setLevel(wanted.get(name, logging.NOTSET))
    _set = frozenset(wanted)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


@asynccontextmanager
async def followed(path: Path) -> AsyncIterator[None]:
    """Meanwhile the file at `path` says the levels."""
    task = asyncio.create_task(_follow(path), name="log levels")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(path: Path) -> None:
    looked = Look(path)
    while True:
        looked.again(machine_time())
        await asyncio.sleep(LOOK_S)


class Look:
    """At one file, again and again; it is read when it is another than before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._entries: tuple[Levelled, ...] = ()
        self._hold: tuple[Levelled, ...] = ()

    def again(self, now: datetime) -> None:
        """A file that cannot be read changes nothing, and is told once."""
        seen = _stamp(self._path)
        if seen != self._seen:
            self._seen = seen
            try:
                self._entries = read(self._path)
            except ConfigError as error:
                log(events.LEVELS_UNREADABLE, file=Name(f"{self._path}"), why=error)
        hold = holding(self._entries, now)
        if hold != self._hold:
            self._hold = hold
            apply(hold)
            log(events.LEVELS_SET, levels=Sentence(_told(hold)))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _told(entries: Sequence[Levelled]) -> str:
    levels: Mapping[str, str] = {each.module: each.level for each in entries}
    return ", ".join(f"{module} {level}" for module, level in levels.items()) or "as in the beginning"
