"""Files of what people agreed to: numbers (audience/numbers.py), with columns `consent` (when) and `consent_source` if
need be."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

import numpy as np

from broadcast.audience.consents import Words
from broadcast.audience.lines import Lines
from broadcast.audience.numbers import NumberReader, cell, read_by
from broadcast.audience.parquet import ParquetRows
from broadcast.config import Country
from broadcast.errors import InputError
from broadcast.languages import _

AT: Final = "consent"
SOURCE: Final = "consent_source"
LONGEST_SOURCE: Final = 200  # characters
_BETWEEN_DIGITS: Final = re.compile("[ .-]")
_NUMBER: Final = re.compile("[0-9]{9}")  # a date has eight


@dataclass(frozen=True, slots=True)
class Said:
    """What a file's lines say that do not say it themselves. now: nobody agreed later than that."""

    at: datetime
    source: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Consents:
    """Of one file. Counted in lines: refused by reason."""

    words: Words
    name: str
    lines: int
    refused: Mapping[str, int]
    refused_file: Path


async def read_consents(path: Path, refused_file: Path, country: Country, said: Said) -> Consents:
    """Raises as `read_numbers`."""
    found = await read_by(
        path, refused_file, lambda source, sink: _Reader(source, sink, country, said), (AT, SOURCE)
    )
    words = Words(
        found.numbers,
        np.array(found.times, np.int64),
        np.array(found.sources, np.int64),
        list(found.named),
    )
    return Consents(words.once(), found.name, found.lines, dict(found.refused), refused_file)


def one_word(msisdn: int, said: Said) -> Words:
    """Of one person."""
    each = (msisdn, round(said.at.timestamp() * 1_000_000), 0)
    numbers, times, sources = (np.array([value], np.int64) for value in each)
    return Words(numbers, times, sources, [said.source])


def check_source(text: str) -> str:
    """Without blanks around it. Raises InputError for one that says nothing, is too long, or has a phone number."""
    source = text.strip()
    if why := _refused_source(source):
        raise InputError(
            {
                "no_source": _("--source must say where their word stands: a form, a web page"),
                "source_too_long": _("--source has {most} characters at most", most=LONGEST_SOURCE),
                "number_in_source": _(
                    "--source must have no phone number: whoever is erased would stay in it"
                ),
            }[why]
        )
    return source


def read_time(text: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601, a date or a time, of `zone` unless it names one: 2026-01-31, 2026-01-31T09:30. None: it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:  # of the year 1 or 9999
        return None


def _refused_source(source: str) -> str:
    if not source:
        return "no_source"
    if len(source) > LONGEST_SOURCE:
        return "source_too_long"
    return "number_in_source" if _NUMBER.search(_BETWEEN_DIGITS.sub("", source)) else ""


class _Reader(NumberReader):
    def __init__(self, source: Lines | ParquetRows, sink: IO[str], country: Country, said: Said) -> None:
        super().__init__(source, sink, country, visitors=False)
        self.times, self.sources = array("q"), array("q")
        self.named: dict[str, int] = {}
        self._said, self._zone = said, ZoneInfo(country.time_zone)
        self._known: dict[str, datetime | None] = {}
        self._when, self._whence = self.places.get(AT), self.places.get(SOURCE)

    def refusal(self, fields: Sequence[str]) -> str:
        """See NumberReader; keeps what the line says."""
        at = self._said.at if self._when is None else self._time(cell(fields, self._when))
        if at is None:
            return "no_time"
        if at > self._said.now:
            return "in_future"
        source = cell(fields, self._whence).strip() or self._said.source
        if source not in self.named and (why := _refused_source(source)):
            return why
        self.times.append(round(at.timestamp() * 1_000_000))
        self.sources.append(self.named.setdefault(source, len(self.named)))
        return ""

    def _time(self, text: str) -> datetime | None:
        """Lists have few of them, so each is read once."""
        if text not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[text] = read_time(text, self._zone)
        return self._known[text]
