"""Delivery receipts, read tolerantly: an id and a state, from text or TLVs.

Source: SMPP 3.4 appendix B, quirks 1-15. Two ways: `read_usual` knows the commonest shape by one
regular expression, and `read` takes everything else. What the first takes the second reads the same.
"""

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from broadcast.config import IdFormat
from broadcast.smpp.delivery import Delivery, UnreadableError, read_tlvs
from broadcast.smpp.pdu import HEADER_OCTETS, MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

MAX_ID_OCTETS: Final = 255  # SMPP says 65; more than this would not fit an index
MAX_MSISDN_DIGITS: Final = 15


class ReceiptState(IntEnum):
    """What a receipt says. The numbers are those of the recipient's states; 0 is never final."""

    INTERMEDIATE = 0
    EXPIRED = 5
    REJECTED = 6
    UNDELIVERABLE = 7
    DELIVERED = 8


_S = ReceiptState

# stat: of the text; a word that is not here is INTERMEDIATE, for an unknown state is never final.
_WORDS: Final[dict[bytes, int]] = {
    b"DELIVRD": _S.DELIVERED.value,
    b"DELIVERED": _S.DELIVERED.value,
    b"EXPIRED": _S.EXPIRED.value,
    b"DELETED": _S.UNDELIVERABLE.value,
    b"UNDELIV": _S.UNDELIVERABLE.value,
    b"UNDELIVERABLE": _S.UNDELIVERABLE.value,
    b"FAILED": _S.UNDELIVERABLE.value,
    b"SKIPPED": _S.UNDELIVERABLE.value,
    b"REJECTD": _S.REJECTED.value,
    b"REJECTED": _S.REJECTED.value,
    b"ENROUTE": _S.INTERMEDIATE.value,
    b"ACCEPTD": _S.INTERMEDIATE.value,
    b"UNKNOWN": _S.INTERMEDIATE.value,
    b"ACKED": _S.INTERMEDIATE.value,
    b"BUFFRED": _S.INTERMEDIATE.value,
    b"BUFFERD": _S.INTERMEDIATE.value,
}
# message_state, SMPP 3.4 §5.2.28 (9, SKIPPED, is of 5.0); anything else is INTERMEDIATE
_NUMBERS: Final[dict[int, int]] = {
    2: _S.DELIVERED.value,
    3: _S.EXPIRED.value,
    4: _S.UNDELIVERABLE.value,
    5: _S.UNDELIVERABLE.value,
    8: _S.REJECTED.value,
    9: _S.UNDELIVERABLE.value,
}

# (MSISDN) (sm_length) (id) (state) (err) of a deliver_sm with esm_class 4 and the text of appendix B
_USUAL: Final = re.compile(
    rb"[^\0]{0,5}\0..\+?([0-9]{1,15})\0..[^\0]{0,20}\0\x04..\0\0....(.)"
    rb"id:([!-9;-~]{1,65}) sub:[0-9]* dlvrd:[0-9]* submit date:[0-9]* done date:[0-9]* "
    rb"stat:([A-Z]+) err:([0-9A-Za-z]*) [Tt]ext:",
    re.DOTALL,
)

_TEXT: Final = re.compile(rb"\btext:", re.IGNORECASE)
_ID: Final = re.compile(rb"(?<![0-9A-Za-z])id:\s*(?!sub:|dlvrd:|stat:)(\S+)", re.IGNORECASE)
_STAT: Final = re.compile(rb"\bstat:\s*(?!\w+:)([A-Za-z]+)", re.IGNORECASE)
_WORD: Final = re.compile(rb"\b(" + b"|".join(_WORDS) + rb")\b", re.IGNORECASE)
_ERR: Final = re.compile(rb"\berr:\s?(?!\w+(?: date)?:)([0-9A-Za-z]{1,16})", re.IGNORECASE)
_OTHER_FIELD: Final = re.compile(rb"\b(?:sub|dlvrd|submit date|done date|err):", re.IGNORECASE)


def canonical_id(raw: bytes, fmt: IdFormat) -> str:
    """The one spelling under which an id from a response and the same id from a receipt meet (quirks 1-3).

    decimal, hex: the number in decimal, without leading zeros. text, and an id that does not fit its format:
    as it came, in small letters, up to the first NUL, at most MAX_ID_OCTETS.
    """
    return id_reader(fmt)(raw)


def id_reader(fmt: IdFormat) -> Callable[[bytes], str]:
    """`canonical_id` of one format, for the hot path."""
    return {"text": _text_id, "decimal": _decimal_id, "hex": _hex_id}[fmt]


def read_usual(pdu: bytes, read_id: Callable[[bytes], str]) -> tuple[int, str, str, int | None] | None:
    """(state, id, err, MSISDN) of a receipt in the commonest shape; None: read it the long way."""
    match = _USUAL.match(pdu, HEADER_OCTETS)
    if match is None:
        return None
    msisdn, sm_length, raw_id, word, err = match.groups()
    state = _WORDS.get(word)
    end = match.end(2) + sm_length[0]
    if state is None or end > len(pdu) or end < match.end():
        return None
    if end < len(pdu):
        tlvs = read_tlvs(pdu, end)
        raw_id = tlvs.get(RECEIPTED_MESSAGE_ID, b"").strip(b" \0") or raw_id
        state = _NUMBERS.get(int.from_bytes(tlvs.get(MESSAGE_STATE, b"")[:8], "big")) or state
    return state, read_id(raw_id), err.decode(), int(msisdn)


def read(delivery: Delivery, read_id: Callable[[bytes], str]) -> tuple[int, str, str, int | None] | None:
    """(state, id, err, MSISDN) of a receipt; None: it is a message. Raises UnreadableError for a receipt
    without an id or a state. A TLV goes before the text; but a final state in the text before an
    intermediate one in the TLV."""
    head = _head(delivery.text)
    raw_id = _raw_id(delivery, head)
    state = _state(delivery, head)
    if not delivery.esm_class & 0x3C and not _looks_like_receipt(delivery, head, raw_id, state):
        return None
    if raw_id is None:
        raise UnreadableError("a receipt without an id")
    if state is None:
        raise UnreadableError("a receipt without a state")
    return state, read_id(raw_id), _err(delivery, head), msisdn_of(delivery.source)


def msisdn_of(address: bytes) -> int | None:
    """The MSISDN that an address is; None for a name or anything else."""
    digits = address.strip(b" +")
    return int(digits) if digits.isdigit() and len(digits) <= MAX_MSISDN_DIGITS else None


def _head(text: bytes) -> bytes:
    """What stands before `text:`; UCS-2 of plain letters turned into the letters (quirks 7, 8)."""
    text = text.replace(b"\0", b"")
    return _TEXT.split(text, maxsplit=1)[0]


def _raw_id(delivery: Delivery, head: bytes) -> bytes | None:
    in_tlv = delivery.tlvs.get(RECEIPTED_MESSAGE_ID, b"").strip(b" \0")
    if in_tlv:
        return in_tlv
    in_text = _ID.search(head)
    return in_text[1] if in_text else None


def _state(delivery: Delivery, head: bytes) -> int | None:
    in_tlv = delivery.tlvs.get(MESSAGE_STATE)
    number = _NUMBERS.get(int.from_bytes(in_tlv[:8], "big"), 0) if in_tlv else None
    if number:
        return number
    word = _STAT.search(head) or _WORD.search(head)
    return _WORDS.get(word[1].upper(), _S.INTERMEDIATE) if word else number


def _err(delivery: Delivery, head: bytes) -> str:
    in_text = _ERR.search(head)
    if in_text:
        return in_text[1].decode()
    in_tlv = delivery.tlvs.get(NETWORK_ERROR_CODE, b"")
    return str(int.from_bytes(in_tlv[1:3], "big")) if len(in_tlv) == 3 else ""


def _looks_like_receipt(delivery: Delivery, head: bytes, raw_id: bytes | None, state: int | None) -> bool:
    """esm_class says nothing (quirk 14): only the TLV, or a text that a person would hardly write."""
    if RECEIPTED_MESSAGE_ID in delivery.tlvs:
        return True
    return raw_id is not None and state is not None and bool(_OTHER_FIELD.search(head))


def _text_id(raw: bytes) -> str:
    plain = raw.rstrip(b"\0")
    if plain.isalnum() and len(plain) <= MAX_ID_OCTETS:  # ASCII, the usual case
        return plain.decode().lower()
    return raw.split(b"\0", 1)[0].strip()[:MAX_ID_OCTETS].decode("latin-1").lower()


def _decimal_id(raw: bytes) -> str:
    digits = raw.split(b"\0", 1)[0].strip()
    return str(int(digits)) if digits.isdigit() and len(digits) <= MAX_ID_OCTETS else _text_id(raw)


def _hex_id(raw: bytes) -> str:
    digits = raw.split(b"\0", 1)[0].strip()
    try:
        return str(int(digits, 16)) if digits.isalnum() and len(digits) <= MAX_ID_OCTETS else _text_id(raw)
    except ValueError:
        return _text_id(raw)
