"""Responses as they really come: late, lost, twice, in any order, in forms that the specification has not.

Takes what the plain way (intake.py) would have answered and gives what is written instead. Pure.
"""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

from broadcast.simulator.habits import ErrorForm
from broadcast.simulator.personality import Personality
from broadcast.smpp import pdu as smpp

_TLVS: Final = b"\x04\x20\0\1\x00" + b"\x14\x01\0\x03abc"  # dpf_result, and one of a vendor
_NEVER_ASKED: Final = 0x7F000000  # sequence numbers that no link of a rehearsal gets to


@dataclass(frozen=True, slots=True)
class Written:
    """now, later: PDUs to be written at once and late_s later; `answered_now` and `answered_later` of the
    messages are done with then."""

    now: list[bytes]
    later: list[bytes]
    answered_now: int
    answered_later: int


class OddResponses:
    """`change` for every answer of one SMSC. oddities: counted by name, in its book."""

    def __init__(self, personality: Personality, chance: Random, oddities: Counter[str]) -> None:
        habits = personality.responses
        self._habits = habits
        self._temporary = frozenset(habits.temporary_statuses or (personality.temporary_status,))
        self._chance = chance
        self._oddities = oddities

    def change(self, responses: bytes) -> Written:
        """responses: plain submit_sm_resp PDUs."""
        now: list[bytes] = []
        later: list[bytes] = []
        counts = [0, 0]
        for pdu in cut(responses):
            late = self._happens("late", self._habits.late_share)
            counts[late] += 1
            (later if late else now).extend(self._one(pdu))
        if self._habits.shuffled:
            self._chance.shuffle(now)
        return Written(now, later, *counts)

    def _happens(self, name: str, share: float) -> bool:
        happens = bool(share) and self._chance.random() < share
        if happens:
            self._oddities[f"{name}_responses"] += 1
        return happens

    def _one(self, pdu: bytes) -> list[bytes]:
        """What is written in its place: nothing, one or several."""
        habits = self._habits
        _, _, status, sequence = smpp.HEADER.unpack_from(pdu)
        if status:
            return [self._error(status, sequence)]
        if self._happens("missing", habits.missing_share):
            return []
        if self._happens("throttled", habits.throttled_share):
            return [self._error(habits.throttled_status, sequence)]
        form = self._chance.choice(habits.forms)
        if form != "plain":
            body = pdu[smpp.HEADER_OCTETS : -1] if form == "no_nul" else pdu[smpp.HEADER_OCTETS :] + _TLVS
            pdu = _pdu(smpp.SUBMIT_SM_RESP, 0, sequence, body)
        written = [pdu]
        if self._happens("repeated", habits.repeated_share):
            written.append(pdu)
        if self._happens("unknown", habits.unknown_share):
            number = _NEVER_ASKED + self._chance.randrange(0x00FFFFFF)
            written.append(_pdu(smpp.SUBMIT_SM_RESP, 0, number, b"nobody-%d\0" % number))
        return written

    def _error(self, status: int, sequence: int) -> bytes:
        if status in self._temporary and self._happens("useless_nack", self._habits.useless_nack_share):
            return smpp.generic_nack(0, status)
        return error(self._chance.choice(self._habits.error_forms), smpp.SUBMIT_SM_RESP, status, sequence)


def error(form: ErrorForm, command: int, status: int, sequence: int) -> bytes:
    """An answer with an error, to a PDU of this sequence number."""
    if form == "nack":
        return smpp.generic_nack(sequence, status)
    body = {"header": b"", "nul": b"\0", "body": b"error-%d\0" % sequence}[form]
    return _pdu(command, status, sequence, body)


def cut(stream: bytes) -> list[bytes]:
    """The PDUs of a stream of whole ones."""
    pdus, position = [], 0
    while position < len(stream):
        end = position + smpp.HEADER.unpack_from(stream, position)[0]
        pdus.append(stream[position:end])
        position = end
    return pdus


def _pdu(command: int, status: int, sequence: int, body: bytes) -> bytes:
    return smpp.HEADER.pack(smpp.HEADER_OCTETS + len(body), command, status, sequence) + body
