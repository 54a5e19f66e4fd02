"""What may stand in a single element: the simple types of the CAP 1.2 schema, each read and written.

`read` gives the value, or the name of the kind of fault. Schema types collapse the blanks around them, except texts and
the words of a list, which stand as they are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

# "-00:00" is how CAP writes UTC (CAP 1.2 §3.3.2)
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([-+])(\d\d):(\d\d)", re.ASCII)
_OFFSET_MOST: Final = timedelta(hours=14)  # XML Schema 1.0, 3.2.7.3
_YEARS: Final = range(1970, 9999)  # a day more or less, and Python can still reckon with it
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # xs:language, which is RFC 3066
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", re.ASCII)
_URI: Final = re.compile(r"[^\s<>\"{}|\\^`\x00-\x1f]*")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]+")
_BLANKS: Final = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Fails:
    """Why a text is no value. kind: of `kinds`; said: what its message needs."""

    kind: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A simple type. read: raises nothing; stand_in: for what cannot be read; write: the text of what `read` gave."""

    read: Callable[[str], Any]
    stand_in: Any = "-"
    write: Callable[[Any], str] = str


def read_time(text: str) -> datetime | Fails:
    """`2002-05-24T16:49:00-07:00`, and nothing else (CAP 1.2 §3.3.2)."""
    found = _TIME.fullmatch(text.strip(_BLANKS))
    if found is None:
        return Fails("time_invalid")
    minutes = int(found[4])
    offset = timedelta(hours=int(found[3]), minutes=minutes)
    if offset > _OFFSET_MOST or minutes > 59:
        return Fails("time_invalid")
    try:
        at = datetime.fromisoformat(f"{found[1]}{found[2]}{found[3]}:{found[4]}")
    except ValueError:
        return Fails("time_invalid")
    return at if at.year in _YEARS else Fails("time_invalid")


def write_time(at: datetime) -> str:
    """UTC as CAP has it, -00:00; no fractions of a second, which the schema does not know."""
    text = at.isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text


def _matching(pattern: re.Pattern[str], kind: str, made: Callable[[str], Any] = str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        tidy = text.strip(_BLANKS)
        return made(tidy) if pattern.fullmatch(tidy) else Fails(kind)

    return read


def one_of(*words: str) -> Value:
    """One of the words of a list, exactly as it is spelled there."""
    said = ", ".join(words)
    return Value(lambda text: text if text in words else Fails("value_not_listed", said), words[0])


def _write_decimal(number: Decimal) -> str:
    return format(number, "f")


def is_absolute(uri: str) -> bool:
    """With a scheme."""
    return _ABSOLUTE.fullmatch(uri) is not None


TEXT: Final = Value(lambda text: text)
TIME: Final = Value(read_time, datetime(2000, 1, 1, tzinfo=UTC), write_time)
LANGUAGE: Final = Value(_matching(_LANGUAGE, "language_invalid"), "en")
INTEGER: Final = Value(_matching(_INTEGER, "size_invalid", int), 0)
DECIMAL: Final = Value(_matching(_DECIMAL, "number_invalid", Decimal), Decimal(), _write_decimal)
URI: Final = Value(_matching(_URI, "uri_invalid"), "urn:x")
WEB: Final = Value(_matching(_URI, "web_invalid"), "urn:x")
