"""What a log line may hold (law 9): ids, figures, names and words of ours, errors of ours; of a person what is masked.

The types do it: a bare `int` may be a number, a bare `str` a text, so neither is `Loggable` and mypy refuses a call
with one. Whoever wraps one says by the type's name what it is. `plain` is the second net, for what slips through.
"""

import re
from enum import Enum
from typing import Final, NewType, TypeAlias

from broadcast.errors import BroadcastError
from broadcast.ids import CampaignId, CarrierNo, SliceId, WorkerNo
from broadcast.masked import Masked
from broadcast.visible import visible

Count = NewType("Count", int)  # of things; ports, octets, process ids
Seconds = NewType("Seconds", float)
Name = NewType(
    "Name", str
)  # of what a configuration or an account names: carrier, link, ledger, host, file, signer
Word = NewType("Word", str)  # one of a table or of a literal of ours: a verdict, a kind, a task
Sentence = NewType(
    "Sentence", str
)  # made of our own words, as `failures.in_words` does; no error of others, no input


class Status(int):
    """A command_status, as 0x0000000D."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"0x{self:08X}"


Loggable: TypeAlias = (
    CampaignId
    | SliceId
    | CarrierNo
    | WorkerNo
    | Count
    | Seconds
    | Status
    | Name
    | Word
    | Sentence
    | Masked
    | BroadcastError
    | Enum
    | bool
    | None
)
Plain: TypeAlias = bool | int | float | str

_LONG: Final = re.compile(r"\d(?: ?\d){8,}")  # a number of a person, in groups too; no address, no date
LIBRARYS: Final = re.compile(r"\d{8,}")  # in what is not ours every long run may be one
_DECIMALS: Final = 3


def plain(value: Loggable) -> Plain | None:
    """As JSON has it; of what is not `Loggable` the kind alone. In words a run of nine and more digits is asterisks."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if isinstance(value, Status | Masked):
        return f"{value}"
    if isinstance(value, Enum):
        return _in_words(f"{value.value}")
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str | BroadcastError):
        return _in_words(f"{value}")
    return f"<{type(value).__name__}>"


def _in_words(text: str) -> str:
    return visible(without_numbers(text, _LONG))


def without_numbers(text: str, numbers: re.Pattern[str]) -> str:
    """With so many asterisks for each."""
    return numbers.sub(lambda run: "*" * len(run.group()), text)
