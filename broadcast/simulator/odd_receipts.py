"""Receipts as they really come: every form that [receipts] of a personality asks for, one PDU at a time.

The plain way (receipts.py) stamps thousands at once; this one is chosen at start when a habit needs it.
Source: SMPP 3.4 §4.6.1, §4.7.1, appendix B; the forms are those of habits.ReceiptHabits.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, TypeVar

from broadcast.simulator.fate import Fate
from broadcast.simulator.habits import Dates, Err, ReceiptHabits, Style, TextForm
from broadcast.simulator.receipts import WORDS, Receipts, Stage
from broadcast.smpp import pdu as smpp

T = TypeVar("T")

_STATE_NUMBERS: Final = {b"ENROUTE": 1, b"ACCEPTD": 6, b"UNKNOWN": 7}
_AS_ENROUTE: Final = 1
_UCS2: Final = 8
_MAX_SHORT_MESSAGE: Final = 254
_VENDOR_TLVS: Final = b"\x14\x03\0\x02\x01\xff" + b"\x3f\xff\0\0" + b"\x15\x01\0\x08operator"
_NETWORK_GSM: Final = b"\x03"
_TEXTS: Final[dict[TextForm, bytes]] = {
    "empty": b"text:",
    "words": b"text:Wash your hands o",
    "capital": b"Text:Wash your hands o",
    "escape": b"text:\x1b<\x1be\x00\xff\x1b",
    "hex": b"text:0054006800F400",
    "decoy": b"text:id:0 stat:UNDELIV",
}


class OddReceipts:
    """`encode` as in receipts.py, with the habits of one personality.

    stored: the PDUs of POISON and REPLY batches, by their ids.
    """

    def __init__(
        self, habits: ReceiptHabits, with_tlvs: bool, chance: Random, stored: Mapping[bytes, bytes]
    ) -> None:
        self._habits = habits
        self._chance = chance
        self._stored = stored
        self._words = {word.encode(): other.encode() for word, other in habits.words.items()}
        self._final_errs = {word.encode(): err.encode() for word, err in habits.final_errs.items()}
        self._styles: Sequence[Style] = (
            ("both",) if with_tlvs and habits.styles == ("text",) else habits.styles
        )

    def encode(self, batch: Receipts, sequences: bytes, done: bytes) -> bytes:
        """The PDUs. sequences: four octets each. done: YYMMDDhhmm."""
        out = []
        for index in range(len(batch)):
            one = batch.part(index, index + 1)
            pdu = self._stored[one.ids] if one.stage >= Stage.POISON else self._receipt(one, done)
            out.append(pdu[:12] + sequences[4 * index : 4 * index + 4] + pdu[16:])
        return b"".join(out)

    def _any(self, values: Sequence[T]) -> T:
        return values[0] if len(values) == 1 else self._chance.choice(values)

    def _receipt(self, one: Receipts, done: bytes) -> bytes:
        habits = self._habits
        style, text_form = self._any(self._styles), self._any(habits.texts)
        dlvrd, word, err, number = self._outcome(one)
        text = b""
        if style != "tlv":
            values = {
                "sub": b"sub:001",
                "dlvrd": b"dlvrd:" + dlvrd,
                "submit date": b"submit date:" + self._date(one.submitted),
                "done date": b"done date:" + self._date(done),
                "stat": b"stat:" + word,
                "err": b"err:" + err,
                "text": _TEXTS[text_form],
            }
            for name in habits.leave_out:
                if self._chance.random() < habits.leave_out_share:
                    values[name] = word if name == "stat" else b""
            named = b"" if style == "id_tlv" else b"id:" + one.ids
            text = b" ".join(value for value in (named, *values.values()) if value)
        tlvs = b""
        if style in ("both", "tlv", "id_tlv"):
            tlvs += _tlv(smpp.RECEIPTED_MESSAGE_ID, one.ids + b"\0")
        if style in ("both", "tlv"):
            tlvs += _tlv(smpp.MESSAGE_STATE, number.to_bytes(habits.wide_integers, "big"))
        if style == "tlv" and err.strip().isdigit() and int(err):
            tlvs += _tlv(smpp.NETWORK_ERROR_CODE, _NETWORK_GSM + int(err).to_bytes(2, "big"))
        return self._pdu(one, style, text, tlvs)

    def _pdu(self, one: Receipts, style: Style, text: bytes, tlvs: bytes) -> bytes:
        habits, coding = self._habits, 0
        if text:
            encoding = self._any(habits.encodings)
            coding = 0 if encoding == "ascii" else _UCS2
            text = text.decode("latin-1").encode("utf-16-be") if encoding == "ucs2" else text
        by_data_sm = self._any(habits.pdus) == "data_sm"
        if by_data_sm or style == "payload" or len(text) > _MAX_SHORT_MESSAGE:
            tlvs += _tlv(smpp.MESSAGE_PAYLOAD, text) if text else b""
            text = b""
        if habits.vendor_tlvs:
            tlvs = _VENDOR_TLVS + tlvs
        tlvs += b"\xff" * habits.trailing_octets
        service_type, _, rest = one.head.partition(b"\0")
        addresses = service_type + b"\0" + self._numbers(rest[-2:] + one.msisdns + b"\0", rest[:-2])
        esm_class = bytes((self._any(habits.esm_classes),))
        if by_data_sm:
            return request(smpp.DATA_SM, addresses + esm_class + b"\0" + bytes((coding,)) + tlvs)
        return request(smpp.DELIVER_SM, addresses + esm_class + _filling(coding, text) + text + tlvs)

    def _numbers(self, recipient: bytes, sender: bytes) -> bytes:
        """Source and destination, each its TON, its NPI and its digits with their NUL; given as they should be."""
        habits = self._habits
        whose = "own"
        if habits.numbers_share == 1.0 or self._chance.random() < habits.numbers_share:
            whose = self._any(habits.numbers)
        if whose == "other":
            recipient = recipient[:-2] + b"%d" % ((int(recipient[-2:-1]) + 1) % 10) + b"\0"
        elif whose == "none":
            recipient = b"\0\0\0"
        return sender + recipient if whose == "swapped" else recipient + sender

    def _outcome(self, one: Receipts) -> tuple[bytes, bytes, bytes, int]:
        """dlvrd, the word, err and message_state."""
        if one.stage is Stage.INTERMEDIATE:
            word = self._habits.intermediate[one.fates[0]].encode()
            return b"000", word, self._err(b"000"), _STATE_NUMBERS.get(word, _AS_ENROUTE)
        fate = Fate(one.fates[0])
        dlvrd, words, number = WORDS[fate]
        word, _, err = words.partition(b" err:")
        if fate is Fate.DELIVERED:
            err = self._habits.delivered_err.encode()
        if word in self._final_errs:
            return dlvrd, self._words.get(word, word), self._final_errs[word], number[0]
        return dlvrd, self._words.get(word, word), self._err(err), number[0]

    def _err(self, err: bytes) -> bytes:
        form: Err = self._any(self._habits.errs)
        if form == "digits":
            return err
        if form == "four":
            return err.rjust(4, b"0")
        if form == "alphanumeric":
            return b"21b" if err.strip(b"0") else err
        return b"" if form == "empty" else b" " + (err.lstrip(b"0") or b"0")

    def _date(self, ten: bytes) -> bytes:
        """ten: YYMMDDhhmm."""
        form: Dates = self._any(self._habits.dates)
        if form == "14":
            return b"20" + ten + b"00"
        if form.startswith("12"):
            return ten + b"00" + form[2:].encode()
        return {"10": ten, "empty": b"", "zeros": b"0" * 10}[form]


def request(command: int, body: bytes) -> bytes:
    """A PDU whose sequence number is to be written."""
    return smpp.HEADER.pack(smpp.HEADER_OCTETS + len(body), command, 0, 0) + body


def poison(number: int) -> bytes:
    """An unreadable receipt; they differ by number, in four ways in turn."""
    tell = b"%08d" % number
    start = b"\0\1\1" + tell + b"\0\5\0ESME\0\x04"
    bodies = (
        start + _filling(0, b"x" * 20) + b"\xff\xfe\0no receipt " + tell,
        b"\0\1\1" + tell,  # its mandatory fields do not end
        start + _filling(0, b"x" * 200) + b"id:" + tell,  # sm_length beyond its end
        start + _filling(_UCS2, b"x" * 11) + b"\xd8\0\xd8" + tell,
    )
    return request(smpp.DELIVER_SM, bodies[number % len(bodies)])


def _filling(coding: int, text: bytes) -> bytes:
    """From protocol_id to sm_length."""
    return b"\0\0\0\0\0\0" + bytes((coding, 0, len(text)))


def _tlv(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
