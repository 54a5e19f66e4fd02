"""Message ids of SMSCs, thousands at a time: packed, and as columns that are hashed and compared without a string each.

An id is 1 to 255 octets of anything (quirks 1-3, 48), in memory a str with a character an octet (latin-1); an empty one
is an id that the SMSC left out, and fits nothing. A UUID in small letters, what most SMSCs send, takes 16 octets.

The block: u8 kind, then
  0  all are UUIDs: 16 octets each
  1  all are of one width, none a UUID: u8 width, then the octets of each
  2  none is a UUID: u8 length of each, then the octets of all
  3  else: a bitmap (least bit first) of the UUIDs, 16 octets for each of these, u8 length of each other, their octets
How many there are is known from outside. A list of ids packs one way only.
"""

import re
from binascii import Error as NoHexError
from binascii import unhexlify
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broadcast.config import IdCase, IdFormat, IdZeros
from broadcast.errors import LedgerError
from broadcast.ledger.packing.columns import U8, U64, Bools, Index, Octets, Reader, bits

_ALL_UUIDS, _ONE_WIDTH, _NO_UUID, _MIXED = range(4)
_UUID_OCTETS: Final = 16
_UUID_CHARACTERS: Final = 36
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DASHES: Final = (8, 13, 18, 23)
# what is no small hex digit becomes an x, which unhexlify refuses
_SMALL_HEX: Final = bytes(octet if chr(octet) in "0123456789abcdef" else ord("x") for octet in range(256))
_MOST_OCTETS: Final = 255
_MOST_WORDS: Final = 32
_MASK: Final = 2**64 - 1


def pack_ids(ids: Sequence[str]) -> bytes:
    """The block of these ids. Raises ValueError for one of more than 255 octets, or with a character that is none."""
    uuids = _all_uuids(ids)
    if uuids is not None:
        return b"\0" + uuids
    lengths = bytes(map(len, ids))
    if _UUID_CHARACTERS in lengths:
        uuid = _which_uuids(ids, lengths)
        if any(uuid):
            return _pack_mixed(ids, uuid)
    joined = "".join(ids).encode("latin-1")
    if lengths.count(lengths[0]) == len(lengths):
        return bytes((_ONE_WIDTH, lengths[0])) + joined
    return bytes((_NO_UUID,)) + lengths + joined


def _which_uuids(ids: Sequence[str], lengths: bytes) -> list[bool]:
    likely = [one for one in ids if len(one) == _UUID_CHARACTERS]
    if len(likely) < len(ids) and _all_uuids(likely) is not None:  # nothing that only looks like one
        return [length == _UUID_CHARACTERS for length in lengths]
    return [_UUID.fullmatch(one) is not None for one in ids]


def _pack_mixed(ids: Sequence[str], uuid: list[bool]) -> bytes:
    uuids = _all_uuids([one for one, is_uuid in zip(ids, uuid, strict=True) if is_uuid])
    others = [one for one, is_uuid in zip(ids, uuid, strict=True) if not is_uuid]
    bitmap = np.packbits(np.array(uuid), bitorder="little").tobytes()
    lengths = bytes(map(len, others))
    return b"".join((bytes((_MIXED,)), bitmap, uuids or b"", lengths, "".join(others).encode("latin-1")))


def _all_uuids(ids: Sequence[str]) -> bytes | None:
    """16 octets each, if all are UUIDs in small letters. Joined by line ends that stand where UUIDs end and nowhere
    else, so that no id can hold one."""
    n = len(ids)
    if not n:
        return b""
    joined = "\n".join(ids)
    if len(joined) != (_UUID_CHARACTERS + 1) * n - 1 or not joined.isascii():
        return None
    raw = joined.encode()
    step = _UUID_CHARACTERS + 1
    dashes = b"-" * n
    if any(raw[at::step] != dashes for at in _DASHES) or raw[_UUID_CHARACTERS::step] != b"\n" * (n - 1):
        return None
    try:
        octets = unhexlify(raw.translate(_SMALL_HEX, b"-\n"))
    except NoHexError:
        return None
    return octets if len(octets) == _UUID_OCTETS * n else None


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """Ids as columns. words: u64[n, k], their octets padded with zeros; lengths: u8[n], octets of these, 16 for a UUID;
    uuid: bool[n], a UUID in small letters, always kept as its 16 octets."""

    words: U64
    lengths: U8
    uuid: Bools

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Ids":
        """The same ids as columns. Raises ValueError as pack_ids."""
        return unpack_ids(pack_ids(texts), 0, len(texts))[0]

    @classmethod
    def concat(cls, parts: Sequence["Ids"]) -> "Ids":
        """One after the other; none at all: no ids."""
        if len(parts) == 1:
            return parts[0]
        n, width = sum(map(len, parts)), max((part.words.shape[1] for part in parts), default=0)
        words = np.zeros((n, width), np.uint64)
        start = 0
        for part in parts:
            words[start : start + len(part), : part.words.shape[1]] = part.words
            start += len(part)
        return cls(
            words,
            np.concatenate([np.zeros(0, np.uint8), *(part.lengths for part in parts)]),
            np.concatenate([np.zeros(0, np.bool_), *(part.uuid for part in parts)]),
        )

    def take(self, index: Index | Bools) -> "Ids":
        """Those at these places, in that order; or those where it is true."""
        return Ids(self.words[index], self.lengths[index], self.uuid[index])

    def hashes(self, seed: int) -> U64:
        """u64[n], never 0: of an id and the seed alone, however it was packed and whatever stood beside it.

        An equal hash says nothing for sure (`equal` does); without the seed nobody can make many ids with one hash.
        """
        keys = _keys(seed)
        found: U64 = np.multiply(self.lengths, keys[-1])
        found ^= np.multiply(self.uuid, keys[-2])
        for k in range(self.words.shape[1]):  # a word of zeros adds nothing: padding does not count
            mixed = self.words[:, k] * keys[2 * k]
            mixed ^= mixed >> np.uint64(32)
            mixed *= keys[2 * k + 1]
            found += mixed
        found ^= found >> np.uint64(29)
        found *= keys[-3]
        found ^= found >> np.uint64(32)
        found[found == 0] = 1
        return found

    def equal(self, places: Index, other: "Ids", others: Index) -> Bools:
        """Whether the ids here at `places` are, octet by octet, those of `other` at `others`. An empty id is nobody's,
        not even another empty one's."""
        lengths = self.lengths[places]
        same: Bools = (
            (lengths == other.lengths[others]) & (lengths > 0) & (self.uuid[places] == other.uuid[others])
        )
        for k in range(min(self.words.shape[1], other.words.shape[1])):
            same &= self.words[places, k] == other.words[others, k]
        return same

    def texts(self) -> list[str]:
        """As they came."""
        width = 8 * self.words.shape[1]
        if not width:
            return [""] * len(self)
        if self.uuid.all():
            return _uuid_texts(self.words[:, :2])
        joined = self.words.astype("<u8").tobytes().decode("latin-1")
        starts = range(0, len(joined), width)
        texts = [
            joined[start : start + length]
            for start, length in zip(starts, self.lengths.tolist(), strict=True)
        ]
        if self.uuid.any():
            places = np.nonzero(self.uuid)[0]
            for place, text in zip(places.tolist(), _uuid_texts(self.words[places, :2]), strict=True):
                texts[place] = text
        return texts

    def packed(self) -> bytes:
        """What pack_ids gives for the same ids."""
        if self.uuid.all():
            return bytes((_ALL_UUIDS,)) + self.words[:, :2].astype("<u8").tobytes()
        others = self.take(~self.uuid) if self.uuid.any() else self
        flat = others.words.astype("<u8").view(np.uint8).reshape(len(others), -1)
        octets = flat[np.arange(flat.shape[1]) < others.lengths[:, None]].tobytes()
        if others is not self:
            uuids = self.words[self.uuid, :2].astype("<u8").tobytes()
            bitmap = np.packbits(self.uuid, bitorder="little").tobytes()
            return bytes((_MIXED,)) + bitmap + uuids + others.lengths.tobytes() + octets
        if (self.lengths == self.lengths[0]).all():
            return bytes((_ONE_WIDTH, self.lengths[0])) + octets
        return bytes((_NO_UUID,)) + self.lengths.tobytes() + octets


def unpack_ids(block: Octets, offset: int, n: int) -> tuple[Ids, int]:
    """The n ids of the block that begins at the offset, and the offset after it. Raises LedgerError."""
    reader = Reader(block, offset)
    (kind,) = reader.octets(1)
    if kind == _ALL_UUIDS:
        ids = _uuids(reader.octets(_UUID_OCTETS * n))
    elif kind == _ONE_WIDTH:
        (width,) = reader.octets(1)
        ids = _of_one_width(reader.octets(width * n), width, n)
    elif kind == _NO_UUID:
        ids = _of_lengths(reader, n)
    elif kind == _MIXED:
        uuid = bits(reader.octets((n + 7) // 8), n)
        uuids = int(uuid.sum())
        both = Ids.concat([_uuids(reader.octets(_UUID_OCTETS * uuids)), _of_lengths(reader, n - uuids)])
        place = np.empty(n, np.intp)
        place[uuid], place[~uuid] = np.arange(uuids), np.arange(uuids, n)
        ids = both.take(place)
    else:
        raise LedgerError(f"ids of kind {kind} are not known")
    return ids, reader.offset


@dataclass(frozen=True, slots=True)
class IdProfile:
    """How a carrier spells one id in two ways, undone: the spelling in which a response and its receipt meet. Rows keep
    ids as they came, so a profile that was wrong can be mended.

    decimal, hex: an id that is a number is that number in decimal, without zeros in front; blanks and NULs around it do
    not count. Another id, and every text, is what it is, octet by octet. id_zeros "strip": without the zeros in front.
    id_case "fold": in small letters.
    """

    response_id: IdFormat = "text"
    receipt_id: IdFormat = "text"
    id_zeros: IdZeros = "keep"
    id_case: IdCase = "keep"

    def of_responses(self, ids: Ids) -> Ids:
        """Their one spelling; the very same columns where nothing is respelt."""
        return self._respelt(ids, self.response_id)

    def of_receipts(self, ids: Ids) -> Ids:
        """As of_responses."""
        return self._respelt(ids, self.receipt_id)

    def _respelt(self, ids: Ids, form: IdFormat) -> Ids:
        if form == "text" and self.id_zeros == "keep" and (self.id_case == "keep" or ids.uuid.all()):
            return ids
        if form == "decimal" and _plain_numbers(ids):
            return ids
        spell = _SPELLINGS[form]
        texts = [spell(text) for text in ids.texts()]
        if self.id_case == "fold":
            texts = [text.lower() for text in texts]
        if self.id_zeros == "strip":
            texts = [text.lstrip("0") or text[:1] for text in texts]
        return Ids.of(texts)


def _uuids(octets: bytes) -> Ids:
    words = np.frombuffer(octets, "<u8").astype(np.uint64).reshape(-1, 2)
    return Ids(words, np.full(len(words), _UUID_OCTETS, np.uint8), np.ones(len(words), np.bool_))


def _of_one_width(octets: bytes, width: int, n: int) -> Ids:
    k = (width + 7) // 8
    padded = np.zeros((n, 8 * k), np.uint8)
    padded[:, :width] = np.frombuffer(octets, np.uint8).reshape(n, width)
    return Ids(_words(padded), np.full(n, width, np.uint8), np.zeros(n, np.bool_))


def _of_lengths(reader: Reader, n: int) -> Ids:
    lengths = reader.column("B", n)
    octets = reader.octets(int(lengths.sum()))
    k = (int(lengths.max(initial=0)) + 7) // 8
    padded = np.zeros((n, 8 * k), np.uint8)
    padded[np.arange(8 * k) < lengths[:, None]] = np.frombuffer(octets, np.uint8)
    return Ids(_words(padded), lengths, np.zeros(n, np.bool_))


def _words(padded: U8) -> U64:
    return padded.view("<u8").astype(np.uint64, copy=False)


def _uuid_texts(words: NDArray[Any]) -> list[str]:
    x = words.astype("<u8").tobytes().hex()
    return [
        f"{x[i : i + 8]}-{x[i + 8 : i + 12]}-{x[i + 12 : i + 16]}-{x[i + 16 : i + 20]}-{x[i + 20 : i + 32]}"
        for i in range(0, len(x), 32)
    ]


@lru_cache(maxsize=16)
def _keys(seed: int) -> U64:
    """Odd numbers that follow from the seed (splitmix64): two for each word, three for the rest."""
    keys = np.arange(1, 2 * _MOST_WORDS + 4, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    keys += np.uint64(seed & _MASK)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return (keys ^ (keys >> np.uint64(31))) | np.uint64(1)


def _plain_numbers(ids: Ids) -> bool:
    """Whether all are digits alone, and none begins with a zero."""
    if not len(ids) or ids.uuid.any():
        return not len(ids)
    octets = ids.words.astype("<u8").view(np.uint8).reshape(len(ids), -1)
    digits = (octets - np.uint8(0x30) < 10) | (np.arange(octets.shape[1]) >= ids.lengths[:, None])
    return bool(digits.all() and (ids.lengths > 0).all() and (octets[:, 0] != 0x30).all())


def _text(text: str) -> str:
    return text


def _decimal(text: str) -> str:
    digits = _number(text)
    return str(int(digits)) if digits.isdigit() else text


def _hex(text: str) -> str:
    digits = _number(text)
    if not digits.isalnum():
        return text
    try:
        number = str(int(digits, 16))
    except ValueError:
        return text
    return number if len(number) <= _MOST_OCTETS else text  # longer than any id that could be written so


def _number(text: str) -> bytes:
    return text.encode("latin-1").rstrip(b"\0").strip()


_SPELLINGS: Final[dict[IdFormat, Callable[[str], str]]] = {"text": _text, "decimal": _decimal, "hex": _hex}
