"""Receipts in batches: columns of what differs between them, and the deliver_sm that they become.

Source: SMPP 3.4 §4.6.1, appendix B (the text), §5.3.2.12 and §5.2.28 (the TLVs).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import repeat
from typing import Any, Final

from broadcast.simulator.fate import Fate
from broadcast.simulator.stamping import stamp, values
from broadcast.smpp.pdu import DELIVER_SM, HEADER, HEADER_OCTETS, MESSAGE_STATE, RECEIPTED_MESSAGE_ID

# (dlvrd, stat and err of the text, message_state); all of one width
WORDS: Final[dict[Fate, tuple[bytes, bytes, bytes]]] = {
    Fate.DELIVERED: (b"001", b"DELIVRD err:000", b"\2"),
    Fate.UNDELIVERABLE: (b"000", b"UNDELIV err:027", b"\5"),
    Fate.EXPIRED: (b"000", b"EXPIRED err:011", b"\3"),
    Fate.REJECTED: (b"000", b"REJECTD err:004", b"\x08"),
}
PART_OCTETS: Final = 4
_USUAL: Final = WORDS[Fate.DELIVERED]
_CHOSEN: Final = re.compile(rb"[^\0]+")

Single = tuple[bytes, bytes, int, bytes]
"""MSISDN, id, fate and part of one receipt."""


class Stage(IntEnum):
    """What a batch is. Only FINAL ones are owed; the others come beside them, by habit (habits/).

    POISON and REPLY are no receipts: whole PDUs kept elsewhere under the batch's ids.
    """

    FINAL = 0
    INTERMEDIATE = 1
    REPEAT = 2
    STRANGER = 3
    POISON = 4
    REPLY = 5


@dataclass(slots=True)
class Receipts:
    """Some receipts of one sender, in order.

    owner: the session that the messages came on. head: the submit_sm's from service_type to dest_addr_npi.
    submitted: as in the text, YYMMDDhhmm. msisdns, ids: joined, each of one width; fates: an octet each; of
    INTERMEDIATE ones, the number of the word. parts: which segment each is of, as the book has it (people.py). again:
    they went out before, on a session that was lost.
    """

    owner: Any
    head: bytes
    submitted: bytes
    width: int
    id_width: int
    msisdns: bytes
    ids: bytes
    fates: bytes
    again: bool = False
    stage: Stage = Stage.FINAL
    parts: bytes = b""

    def __len__(self) -> int:
        return len(self.fates)

    def part(self, start: int, stop: int) -> "Receipts":
        """Those from `start` to before `stop`."""
        width, id_width = self.width, self.id_width
        return self._with(
            self.msisdns[start * width : stop * width],
            self.ids[start * id_width : stop * id_width],
            self.fates[start:stop],
            self.parts[start * PART_OCTETS : stop * PART_OCTETS],
        )

    def chosen(self, chosen: Sequence[int]) -> "Receipts":
        """Those whose flag is not 0; one flag each."""
        if all(chosen):
            return self
        parts = [self.part(*run.span()) for run in _CHOSEN.finditer(bytes(chosen))]
        return self.part(0, 0).extended(parts)

    def singles(self) -> Iterator[Single]:
        """One by one."""
        parts = values(self.parts, PART_OCTETS) or repeat(b"")
        return zip(
            values(self.msisdns, self.width), values(self.ids, self.id_width), self.fates, parts, strict=False
        )

    def of(self, singles: Sequence[Single]) -> "Receipts":
        """Others of the same kind, at least one."""
        msisdns, ids, fates, parts = zip(*singles, strict=True)
        return self._with(b"".join(msisdns), b"".join(ids), bytes(fates), b"".join(parts))

    def extended(self, others: Sequence["Receipts"]) -> "Receipts":
        """These and then the others, which are of the same kind."""
        return self._with(
            self.msisdns + b"".join(batch.msisdns for batch in others),
            self.ids + b"".join(batch.ids for batch in others),
            self.fates + b"".join(batch.fates for batch in others),
            self.parts + b"".join(batch.parts for batch in others),
        )

    def _with(self, msisdns: bytes, ids: bytes, fates: bytes, parts: bytes) -> "Receipts":
        return Receipts(
            self.owner, self.head, self.submitted, self.width, self.id_width, msisdns, ids, fates, self.again,
            self.stage, parts,
        )  # fmt: skip

    def kind(self) -> tuple[Any, ...]:
        """Two batches with the same may be joined."""
        return (id(self.owner), self.head, self.submitted, self.width, self.id_width, self.again, self.stage)


def join(batches: Iterable[Receipts]) -> list[Receipts]:
    """As few batches as can be; in order within each kind."""
    kinds: dict[tuple[Any, ...], list[Receipts]] = {}
    for batch in batches:
        kinds.setdefault(batch.kind(), []).append(batch)
    return [first.extended(others) if others else first for first, *others in kinds.values()]


def encode(batch: Receipts, sequences: bytes, done: bytes, tlvs: bool) -> bytearray:
    """The deliver_sm PDUs. sequences: four octets each. done: YYMMDDhhmm. tlvs: id and state as TLVs too."""
    block, places = _block(batch, done, tlvs)
    columns = [(12, 4, sequences), (places.msisdn, batch.width, batch.msisdns)]
    columns += [(place, batch.id_width, batch.ids) for place in places.ids]
    pdus = stamp(block, len(batch), columns)
    if batch.fates.count(Fate.DELIVERED) < len(batch):
        _write_words(pdus, len(block), places, batch.fates)
    return pdus


@dataclass(frozen=True, slots=True)
class _Places:
    """Where in a block the fields begin."""

    msisdn: int
    ids: tuple[int, ...]
    words: tuple[int, ...]  # of dlvrd, stat, and with TLVs message_state


def _block(batch: Receipts, done: bytes, tlvs: bool) -> tuple[bytes, _Places]:
    """One deliver_sm with blanks to be stamped."""
    service_type, _, rest = batch.head.partition(b"\0")
    source, dest = rest[:-2], rest[-2:]
    blank = b"?" * batch.id_width
    dlvrd, stat, state = _USUAL
    front = HEADER_OCTETS * b"\0" + service_type + b"\0" + dest
    text = b"id:%b sub:001 dlvrd:%b submit date:%b done date:%b stat:%b text:" % (
        blank, dlvrd, batch.submitted, done, stat,
    )  # fmt: skip
    body = front + b"?" * batch.width + b"\0" + source + b"\x04\0\0\0\0\0\0\0\0" + bytes((len(text),))
    ids: tuple[int, ...] = (len(body) + 3,)
    words: tuple[int, ...] = (len(body) + text.index(b"dlvrd:") + 6, len(body) + text.index(b"stat:") + 5)
    pdu = body + text
    if tlvs:
        pdu += RECEIPTED_MESSAGE_ID.to_bytes(2, "big") + (batch.id_width + 1).to_bytes(2, "big")
        ids += (len(pdu),)
        pdu += blank + b"\0" + MESSAGE_STATE.to_bytes(2, "big") + b"\0\1"
        words += (len(pdu),)
        pdu += state
    return HEADER.pack(len(pdu), DELIVER_SM, 0, 0) + pdu[HEADER_OCTETS:], _Places(len(front), ids, words)


def _write_words(pdus: bytearray, stride: int, places: _Places, fates: bytes) -> None:
    """The unusual fates, one by one: they are few."""
    usual = int(Fate.DELIVERED)
    for index in [index for index, fate in enumerate(fates) if fate != usual]:
        for place, word in zip(places.words, WORDS[Fate(fates[index])], strict=False):
            start = index * stride + place
            pdus[start : start + len(word)] = word
