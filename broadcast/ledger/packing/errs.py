"""Why: the short texts that stand in receipts (`err:`) or name a command_status, mostly one and the same in a row.

The block: u16 how many texts; each u16 length, UTF-8; u16 which of them is the usual one; u32 how many are another,
their places u32 each, then their texts u16 each. Where all are empty it is the two octets of a 0 alone.

Of more than 65,535 texts, which no honest SMSC has, the last to come are OTHER: nothing that it says may stop a ledger.
"""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import U32, Bools, Index, Octets, Reader, column

MOST: Final = 0xFFFF
OTHER: Final = "other"

_COUNT: Final = struct.Struct("<H")
_USUAL: Final = struct.Struct("<HI")


@dataclass(frozen=True, slots=True, eq=False)
class Errs:
    """texts: each once; index: which of them each is. No texts: no things either."""

    texts: tuple[str, ...]
    index: U32

    def __len__(self) -> int:
        return len(self.index)

    @classmethod
    def of(cls, errs: Sequence[str]) -> "Errs":
        """The same as columns."""
        places = {text: place for place, text in enumerate(dict.fromkeys(errs))}
        return cls(tuple(places), np.fromiter(map(places.__getitem__, errs), np.uint32, len(errs)))

    @classmethod
    def concat(cls, parts: Sequence["Errs"]) -> "Errs":
        """One after the other."""
        places: dict[str, int] = {}
        index = [np.zeros(0, np.uint32)]
        for part in parts:
            new = [places.setdefault(text, len(places)) for text in part.texts]
            index.append(np.array(new, np.uint32)[part.index])
        return cls(tuple(places), np.concatenate(index))

    def take(self, index: Index | Bools) -> "Errs":
        """Those at these places, in that order; or those where it is true."""
        return Errs(self.texts, self.index[index])

    def all(self) -> list[str]:
        """A text for each."""
        return list(map(self.texts.__getitem__, self.index.tolist()))

    def packed(self) -> bytes:
        """What pack_errs gives for the same texts."""
        counts = np.bincount(self.index, minlength=len(self.texts))
        used = np.nonzero(counts)[0]
        if not len(used) or [self.texts[place] for place in used] == [""]:
            return _COUNT.pack(0)
        usual = int(np.argmax(counts))
        if (counts == counts[usual]).sum() > 1:  # the first to come of these
            usual = int(self.index[counts[self.index] == counts[usual]][0])
        others = np.nonzero(self.index != usual)[0]
        return _block(self.texts[usual], others.tolist(), [self.texts[at] for at in self.index[others]])


def pack_errs(errs: Sequence[str] | Errs) -> bytes:
    """The block of these texts. The usual one is the first of the most frequent. Raises ValueError where one has more
    than 65,535 octets."""
    if isinstance(errs, Errs):
        return errs.packed()
    if not errs:
        return _COUNT.pack(0)
    usual = errs[0]
    if errs.count(usual) != len(errs):
        usual = Counter(errs).most_common(1)[0][0]
    elif not usual:
        return _COUNT.pack(0)
    else:
        return _block(usual, [], [])
    others = [place for place, text in enumerate(errs) if text != usual]
    return _block(usual, others, [errs[place] for place in others])


def _block(usual: str, places: list[int], others: list[str]) -> bytes:
    numbers = {text: number for number, text in enumerate(dict.fromkeys((usual, *others)))}
    if len(numbers) > MOST:
        kept = dict.fromkeys((*list(numbers)[: MOST - 1], OTHER))
        numbers = {text: number for number, text in enumerate(kept)}
    other = numbers.get(OTHER, 0)  # 0: never asked for
    try:
        texts = b"".join(_COUNT.pack(len(raw)) + raw for raw in (text.encode() for text in numbers))
        head = _COUNT.pack(len(numbers))
    except struct.error as error:
        raise ValueError("a text is too great for 16 bits") from error
    exceptions = column("I", places) + column("H", [numbers.get(text, other) for text in others])
    return head + texts + _USUAL.pack(0, len(places)) + exceptions


def unpack_errs(block: Octets, offset: int, n: int) -> tuple[Errs, int]:
    """The n texts of the block that begins at the offset, and the offset after it. Raises LedgerError."""
    reader = Reader(block, offset)
    (count,) = reader.numbers(_COUNT)
    if not count:
        return Errs(("",), np.zeros(n, np.uint32)), reader.offset
    try:
        texts = tuple(reader.octets(reader.numbers(_COUNT)[0]).decode() for _ in range(count))
    except UnicodeDecodeError as error:
        raise LedgerError("a text in it is no UTF-8") from error
    usual, others = reader.numbers(_USUAL)
    places, index = reader.column("I", others), reader.column("H", others)
    if usual >= count or others > n or (others and (places.max() >= n or index.max() >= count)):
        raise LedgerError("it names a text or a place that it does not have")
    found = np.full(n, usual, np.uint32)
    found[places] = index
    return Errs(texts, found), reader.offset
