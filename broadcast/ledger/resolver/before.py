"""Ids of the ledger of before. What moved from there (migration 0018) has them in one spelling already, which says less
than an SMSC did: small letters, up to the first NUL, hex as decimal. So a receipt is spelt in two ways: as its
carrier's profile says, to meet what was sent since, and as that ledger would have had it, to meet what moved.

Answers that moved are rows of worker 0 in batches of 0 and less; parked receipts that moved have keys below 0.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from broadcast.config import IdFormat
from broadcast.ids import WorkerNo
from broadcast.ledger.packing.columns import Bools
from broadcast.ledger.packing.ids import IdProfile, Ids

_MOST_OCTETS: Final = 255
_NONE: Final = ""  # fits nothing


def answers_moved(worker_no: WorkerNo, batch: int) -> bool:
    """Whether this row of `sent` is of the ledger of before."""
    return not worker_no and batch <= 0


def receipts_moved(no: int) -> bool:
    """Whether this row of `parked` is."""
    return no < 0


def as_they_are(ids: Ids) -> Ids:
    """Ids that moved, as they are; but the move knew no UUIDs, and so packed them as any text."""
    return Ids.of(ids.texts()) if len(ids) else ids


def of_receipts(profile: IdProfile, ids: Ids, moved: Bools) -> Ids:
    """In the profile's spelling; those that moved as they are, for nothing more is known of them."""
    spelt = profile.of_receipts(ids)
    return _unless(moved, spelt, as_they_are(ids)) if moved.any() else spelt


def as_before(profile: IdProfile, ids: Ids, moved: Bools | None = None) -> Ids:
    """As the ledger of before spelt a receipt's id; those that moved are in that spelling. moved: None: none did."""
    if profile.receipt_id == "text" and profile.id_zeros == "keep" and ids.uuid.all():
        return ids
    spell = _SPELLINGS[profile.receipt_id]
    texts = [spell(text.encode("latin-1")) for text in ids.texts()]
    if profile.id_zeros == "strip":
        texts = [text.lstrip("0") or text[:1] for text in texts]
    spelt = Ids.of(texts)
    return spelt if moved is None else _unless(moved, spelt, as_they_are(ids))


def only_moved(ids: Ids, moved: Bools) -> Ids:
    """Of those that did not, an id that fits nothing."""
    return _unless(moved, Ids.of([_NONE] * len(ids)), ids)


def _unless(moved: Bools, spelt: Ids, moved_ids: Ids) -> Ids:
    n = len(spelt)
    return Ids.concat([spelt, moved_ids]).take(np.arange(n) + np.where(moved, n, 0))


def _text(raw: bytes) -> str:
    plain = raw.rstrip(b"\0")
    if not plain.replace(b"-", b"").isalnum():
        plain = raw.split(b"\0", 1)[0].strip()
    return plain.decode("latin-1").lower()


def _decimal(raw: bytes) -> str:
    digits = raw.split(b"\0", 1)[0].strip()
    return str(int(digits)) if digits.isdigit() else _text(raw)


def _hex(raw: bytes) -> str:
    digits = raw.split(b"\0", 1)[0].strip()
    try:
        return str(int(digits, 16))[:_MOST_OCTETS] if digits.isalnum() else _text(raw)
    except ValueError:
        return _text(raw)


_SPELLINGS: Final[dict[IdFormat, Callable[[bytes], str]]] = {"text": _text, "decimal": _decimal, "hex": _hex}
