"""What commands print: tables and lines for people on stdout, or JSON with `--json`; asides on stderr.

Text that somebody else wrote (names, messages) is never read as rich's markup, and what in it would steer the terminal
or stay unseen is shown as its escape.
"""

import dataclasses
import enum
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from broadcast import languages
from broadcast import words as said
from broadcast.cli.settings import time_zone
from broadcast.cli.terminal import is_utf8, put
from broadcast.cli.widths import widths
from broadcast.languages import _, term
from broadcast.masked import Masked
from broadcast.visible import hidden, json_escaped, visible
from broadcast.words import duration as duration
from broadcast.words import effect_words as effect_words

F = TypeVar("F", bound=Callable[..., Any])

_PLAIN_WIDTH = 160
_NARROWEST = 80


def json_option(command: F) -> F:
    """`--json` as the parameter `as_json`. What it prints is for programs: English, before anything is said."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=_in_english,
        help="Print JSON instead of a table.",
    )(command)


def _in_english(_context: click.Context, _option: click.Parameter, as_json: bool) -> bool:
    if as_json:
        languages.choose("en")
    return as_json


def console() -> Console:
    """For stdout as it is now; wide enough where it is no terminal that tables keep to one line a row."""
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, soft_wrap=False)


def say(text: str) -> None:
    """Lines for a person on stdout. What others wrote and might hold line breaks comes by way of `words`."""
    put(visible(text, lines=True))


def note(text: str) -> None:
    """An aside on stderr, so that stdout stays what was asked for."""
    put(visible(text, lines=True), sys.stderr)


def say_hidden(**texts: str) -> None:
    """A line for each that has characters which a reader does not see, or which turn what is read."""
    for name, text in texts.items():
        if found := hidden(text):
            say(_("the {name} contains: {found}", name=term(name), found=", ".join(found)))


def print_json(value: Any) -> None:
    """One JSON document. Dataclasses are objects, times ISO 8601 in UTC, enums their value, bytes hexadecimal."""
    put(_json(value, indent=2, ascii_only=not is_utf8()))


def to_json(value: Any) -> str:
    """What `print_json` prints, for a file."""
    return _json(value, indent=2)


def print_json_line(value: Any) -> None:
    """One JSON document on one line, flushed: for a stream of them."""
    put(_json(value, ascii_only=not is_utf8()))
    sys.stdout.flush()


def _json(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    return json_escaped(json.dumps(value, default=_plain, ensure_ascii=ascii_only, indent=indent))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table; numbers are right-aligned and grouped by thousands, None is a dash."""
    shown = console()
    shown.width = max(shown.width, _NARROWEST)  # narrower, columns vanish: better that the terminal wraps
    body = [list(row) for row in rows]
    made = table(title, columns, body)
    cells = [[name, *(words(row[index]) for row in body)] for index, name in enumerate(columns)]
    if (fitting := widths(cells, shown.width)) is not None:
        made.padding = (0, fitting.padding)
        for column, width in zip(made.columns, fitting.columns, strict=True):
            column.width = width
    shown.print(made)


def print_facts(title: str, facts: Mapping[str, Any]) -> None:
    """Names and values, a line each."""
    width = max(map(len, facts), default=0)
    for line in ([title] if title else []) + [
        f"{name:<{width}}  {words(value)}" for name, value in facts.items()
    ]:
        say(line.rstrip())


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """As `print_table`, not printed yet."""
    body = [list(row) for row in rows]
    made = Table(
        title=Text(visible(title, lines=True)) if title else None, title_justify="left", header_style="bold"
    )
    for index, column in enumerate(columns):
        numeric = bool(body) and all(_is_number(row[index]) for row in body)
        made.add_column(Text(column), justify="right" if numeric else "left", overflow="fold")
    for row in body:
        made.add_row(*(Text(words(value)) for value in row))
    return made


def words(value: Any) -> str:
    """As `broadcast.words`, in the country's time."""
    return said.words(value, time_zone)


def time_words(at: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """As `broadcast.words`, in the country's time."""
    return said.time_words(at, time_zone, form)


def masked(msisdn: int) -> str:
    """As `Masked`."""
    return str(Masked(msisdn))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path | Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
