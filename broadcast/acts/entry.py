"""One entry of the audit chain, and its hash as `act_hash` in SQL computes it. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

FIRST: Final = bytes(32)  # the hash before the first entry


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what, from where, to what. subject: `campaign 12`, say. details: JSON as PostgreSQL writes it, to the
    octet, for the hash is over that. before: the hash of the entry before."""

    act_no: int
    at: datetime
    who: str
    origin: str
    what: str
    subject: str
    details: str
    before: bytes
    hash: bytes

    @property
    def told(self) -> dict[str, Any]:
        """Its details. Raises ValueError where they are no object."""
        found = json.loads(self.details)
        if not isinstance(found, dict):
            raise ValueError("details")
        return found

    @property
    def campaign_id(self) -> int | None:
        """Of a campaign's; None: it is of something else."""
        kind, _, number = self.subject.partition(" ")
        return int(number) if kind == "campaign" and number.isdecimal() else None


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 over the hash before and the other fields as one jsonb array, as PostgreSQL writes that."""
    texts = (_text(each) for each in (entry.who, entry.origin, entry.what, entry.subject))
    said = f"[{entry.act_no}, {_text(_time(entry.at))}, {', '.join(texts)}, {entry.details}]"
    return hashlib.sha256(entry.before + said.encode()).digest()


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
