"""What whoever acts should hear while an action goes on, and if it is refused too: values, shown by who asked."""

from dataclasses import dataclass
from datetime import datetime

from broadcast.audience.unfinished import Unfinished
from broadcast.store.migrations import OldLedger


@dataclass(frozen=True, slots=True)
class AgainstForecast:
    """It is launched though its forecast speaks against it: an emergency, say. words: what does, with the ways out."""

    words: str


@dataclass(frozen=True, slots=True)
class ClockOff:
    """This machine's clock is another than the database's, by which times count. ahead_s: negative if it is behind."""

    ahead_s: float


@dataclass(frozen=True, slots=True)
class ExpiryComesTwice:
    """An expiry meant two times; words: which of them was taken, and how to say the other."""

    words: str


@dataclass(frozen=True, slots=True)
class LineLeftOut:
    """A line that is appended where it costs no segment would have cost one. name: in the configuration."""

    name: str


@dataclass(frozen=True, slots=True)
class LinksShut:
    """Links to a carrier that were shut when they were last tried. shut: address and why; every: none was open."""

    carrier: str
    shut: tuple[tuple[str, str], ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Waits:
    """People of a launched alert who are told later, by its rules: from when until when they are looked at."""

    people: int
    first: datetime
    last: datetime
    rules: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """A launch ended these campaigns, by name, for it is an Update of theirs."""

    campaigns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untold:
    """A ledger could not be told of an order: its workers hear of it from home, or stop. why: in words; None: nobody
    tried, for the configuration that names the ledgers was not given."""

    ledger: str
    why: str | None


@dataclass(frozen=True, slots=True)
class EmergencyWaits:
    """Of an emergency a first share goes ahead, and the others hear it later by so many seconds at least."""

    wait_s: int


@dataclass(frozen=True, slots=True)
class HomeAway:
    """Home does not answer: the order was given to these ledgers, and home takes it over when it is back."""

    followed: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Training:
    """This database is there to train."""


@dataclass(frozen=True, slots=True)
class NotActual:
    """What is looked at is an exercise, or a test. status: which."""

    campaign: str
    status: str


@dataclass(frozen=True, slots=True)
class NotWitnessed:
    """The end of the audit chain could not be written outside the database. why: in words."""

    path: str
    why: str


# Unfinished: the audience is half of what somebody meant. OldLedger: it is moved now, which takes long.
Told = (
    AgainstForecast
    | ClockOff
    | EmergencyWaits
    | ExpiryComesTwice
    | HomeAway
    | LineLeftOut
    | LinksShut
    | NotWitnessed
    | OldLedger
    | Superseded
    | Unfinished
    | Untold
    | Waits
)
"""What is told in a line: `notice_words.line`."""

Notice = Told | NotActual | Training
