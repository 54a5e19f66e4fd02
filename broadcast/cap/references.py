"""<references>: which messages an alert is about (CAP 1.2 §3.2.1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from broadcast.cap.record import Alert
from broadcast.cap.values import Fails, read_time, write_time

MOST: Final = 1000  # references of one message


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes a message that message, everywhere. sent: an instant; two offsets of the same are the same."""

    sender: str
    identifier: str
    sent: datetime

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{write_time(self.sent)}"


def key_of(alert: Alert) -> Key:
    return Key(alert.sender, alert.identifier, alert.sent)


def too_many(text: str | None) -> bool:
    """More entries than anybody reads."""
    return len((text or "").split(maxsplit=MOST)) > MOST


def read(text: str | None) -> tuple[Key | None, ...]:
    """Entry by entry, MOST at most; None for one that is no sender,identifier,sent."""
    return tuple(_key(each) for each in (text or "").split(maxsplit=MOST)[:MOST])


def keys(alert: Alert) -> tuple[Key, ...]:
    """Those that can be read, each once, in their order."""
    return tuple(dict.fromkeys(key for key in read(alert.references) if key is not None))


def _key(entry: str) -> Key | None:
    parts = entry.split(",")
    if len(parts) != 3 or not parts[0] or not parts[1]:
        return None
    sent = read_time(parts[2])
    return None if isinstance(sent, Fails) else Key(parts[0], parts[1], sent)


def quotes_closed(text: str | None) -> bool:
    """Whether words with blanks in them, which stand in double quotes, end (<addresses>, <incidents>)."""
    return (text or "").count('"') % 2 == 0
