"""The chain's head after each act, in a file that the database's server cannot write, sealed with a key it cannot read.

A line a head, blanks between: `broadcast-head-1 DATABASE ACT_NO AT HASH SEAL`. Who rewrites the whole chain in the
database cannot write what was witnessed here; who may write this file cannot seal a line.
"""

import errno
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from broadcast import secret
from broadcast.errors import ConfigError, InputError
from broadcast.languages import _

_FORM: Final = "broadcast-head-1"
KEY_LEAST: Final = 16  # octets


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain at some moment. database: as of `Identity.name`. at: of the entry, aware."""

    database: str
    act_no: int
    at: datetime
    hash: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """One of a file. head: None: it is none, or its seal is not by this key. place: for a person, FILE:NUMBER."""

    place: str
    head: Head | None


def read_key(key_file: str) -> bytes:
    """Raises ConfigError when there is none, or it can be guessed."""
    key = secret.read(None, key_file, "key").encode()
    if len(key) < KEY_LEAST:
        raise ConfigError(
            _(
                "audit.key_file: a key has {least} characters or more (`openssl rand -hex 32`, say)",
                least=KEY_LEAST,
            )
        )
    return key


def sealed(head: Head, key: bytes) -> str:
    """Its line, without the line's end."""
    said = f"{_FORM} {head.database} {head.act_no} {_time(head.at)} {head.hash.hex()}"
    return f"{said} {_seal(said, key)}"


def read_line(line: str, key: bytes) -> Head | None:
    """None: it is no line of these, or sealed with another key."""
    said, _, seal = line.strip().rpartition(" ")
    if not hmac.compare_digest(_seal(said, key).encode(), seal.encode()):
        return None
    form, database, act_no, at, digest = said.split(" ")
    return (
        Head(database, int(act_no), datetime.fromisoformat(at), bytes.fromhex(digest))
        if form == _FORM
        else None
    )


def append(path: Path, heads: Iterable[Head], key: bytes) -> None:
    """Each a line that is on the disk when this returns. Raises OSError."""
    octets = "".join(f"{sealed(head, key)}\n" for head in heads).encode()
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.seek(0, os.SEEK_END)
        if file.write(octets) != len(octets):
            file.truncate(before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(file)


def read_heads(path: Path, key: bytes) -> Iterator[Line]:
    """Every line of a file that has something. Raises InputError when it cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield Line(f"{path}:{number}", read_line(line, key))
    except OSError as error:
        raise InputError(
            _("cannot read the heads in {path}: {reason}", path=path, reason=error.strerror)
        ) from error


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _seal(said: str, key: bytes) -> str:
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
