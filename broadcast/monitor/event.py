"""One kind of thing that a log tells: its name, how grave it is, which fields it has. `events.py` has all of them."""

import logging
from dataclasses import dataclass
from typing import Final

from broadcast.monitor.sampling import Flood

LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Event:
    """says: what it means, and what to do, a sentence for people. fields: by name, all that a line of it may have.

    per: the fields whose values tell one flood from another, where `flood` is set: what they hold is bounded.
    """

    name: str
    level: int
    says: str
    fields: tuple[str, ...] = ()
    flood: Flood | None = None
    per: tuple[str, ...] = ()


def debug(name: str, says: str, *fields: str) -> Event:
    """Told only where somebody asked for it: `broadcast log level`."""
    return Event(name, logging.DEBUG, says, fields)


def info(name: str, says: str, *fields: str, flood: Flood | None = None, per: tuple[str, ...] = ()) -> Event:
    """As it should be."""
    return Event(name, logging.INFO, says, fields, flood, per)


def warning(
    name: str, says: str, *fields: str, flood: Flood | None = None, per: tuple[str, ...] = ()
) -> Event:
    """It goes on by itself; to be looked at in daylight."""
    return Event(name, logging.WARNING, says, fields, flood, per)


def error(name: str, says: str, *fields: str, flood: Flood | None = None, per: tuple[str, ...] = ()) -> Event:
    """Something is not done that should be: somebody is needed."""
    return Event(name, logging.ERROR, says, fields, flood, per)
