"""A chain in a file, which is proved without a database: a line of JSON for what it is, then one for each entry."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from broadcast.acts.entry import Entry
from broadcast.errors import InputError
from broadcast.languages import _

_FORM: Final = "broadcast-acts-1"


@dataclass(frozen=True, slots=True)
class Exported:
    """database: as of `Identity.name`. entries: read as they are asked for."""

    database: str
    exported_at: datetime
    entries: Iterator[Entry]


def write(file: TextIO, database: str, at: datetime, entries: Iterable[Entry]) -> int:
    """Gives how many."""
    file.write(_line({"form": _FORM, "database": database, "exported_at": at.isoformat()}))
    count = 0
    for each in entries:
        file.write(as_line(each))
        count += 1
    return count


def as_line(entry: Entry) -> str:
    """details as one text, for its octets are what is hashed."""
    return _line(document(entry) | {"details": entry.details})


def document(entry: Entry) -> dict[str, Any]:
    """For JSON."""
    return {
        "act_no": entry.act_no,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "origin": entry.origin,
        "what": entry.what,
        "subject": entry.subject,
        "details": json.loads(entry.details),
        "before": entry.before.hex(),
        "hash": entry.hash.hex(),
    }


def read(path: Path) -> Exported:
    """Raises InputError, also while its entries are read, when it is no such file or was cut off amid a line."""
    lines = _lines(path)
    head = next(lines, {})
    if head.get("form") != _FORM:
        raise InputError(_("{path} is no export of `broadcast audit export`", path=path))
    try:
        return Exported(head["database"], datetime.fromisoformat(head["exported_at"]), _entries(path, lines))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_("{place}: this is no head of an export", place=f"{path}:1")) from error


def _entries(path: Path, lines: Iterator[dict[str, Any]]) -> Iterator[Entry]:
    for number, each in enumerate(lines, start=2):
        try:
            json.loads(each["details"])
            yield Entry(
                each["act_no"],
                datetime.fromisoformat(each["at"]),
                each["who"],
                each["origin"],
                each["what"],
                each["subject"],
                each["details"],
                bytes.fromhex(each["before"]),
                bytes.fromhex(each["hash"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(_("{place}: this is no entry of an export", place=f"{path}:{number}")) from error


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                found = json.loads(line)
                if not isinstance(found, dict):
                    raise InputError(_("{place}: this is no line of an export", place=f"{path}:{number}"))
                yield found
    except OSError as error:
        raise InputError(_("cannot read {path}: {reason}", path=path, reason=error.strerror)) from error
    except ValueError as error:
        raise InputError(
            _("{path} is no export of `broadcast audit export`, or half of one", path=path)
        ) from error


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
