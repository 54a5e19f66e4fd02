"""Delivery receipts, read tolerantly: an id and a state, from text or TLVs.

Source: SMPP 3.4 appendix B, quirks 1-15. Two ways: `read_usual` knows the commonest shape by one
regular expression, and `read` takes everything else. What the first takes the second reads the same.
"""

import re
from typing import Final

from broadcast.channel.address import msisdn_of
from broadcast.channel.receipt import MAX_ID_OCTETS
from broadcast.smpp.delivery import Delivery, UnreadableError, read_tlvs
from broadcast.smpp.pdu import HEADER_OCTETS, MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID
from broadcast.smpp.vocabulary import STANDARD, Vocabulary

HEAD_MOST_OCTETS: Final = 2048  # where its fields are looked for: 128 KiB of text would cost 50 ms
MAX_WORD_OCTETS: Final = 32
_UDHI: Final = 0x40
_UCS2_OCTETS: Final = 64  # of a text, that show whether every other one is a NUL
_UCS2_SHARE: Final = 3  # at least every third of them
# esm_class of a receipt, an acknowledgement by a handset, an intermediate notification; 0x10 is a person's answer
_REPORTS: Final = 0x04 | 0x08 | 0x20

# (MSISDN) (sm_length) (id) (state) (err) of a deliver_sm with esm_class 4 and the text of appendix B
_USUAL: Final = re.compile(
    rb"[^\0]{0,5}+\0..\+?([0-9]{1,15}+)\0..[^\0]{0,20}+\0\x04..\0\0....(.)"
    rb"id:([!-+./0-9<-{}~-]{1,65}+) sub:[0-9]*+ dlvrd:[0-9]*+ submit date:[0-9]*+ done date:[0-9]*+ "
    rb"stat:([A-Z]++) err:([0-9A-Za-z]{0,16}+) [Tt]ext:",
    re.DOTALL,
)

Said = tuple[int, str, str, int | None]  # a Receipt without its ack

_TEXT: Final = re.compile(rb"(?<![A-Za-z])text:", re.IGNORECASE)
_NEXT: Final = rb"(?:sub|dlvrd|submit date|done date|stat|err|text):"
_ID: Final = re.compile(
    rb"(?<![0-9A-Za-z])id:\s*(?!" + _NEXT + rb")(\S+?)(?=[,;|]?(?:\s|\Z|" + _NEXT + rb"))", re.IGNORECASE
)
_STAT: Final = re.compile(rb"(?<![A-Za-z])stat:\s*(?!\w+:)([0-9A-Za-z][0-9A-Za-z_-]*)", re.IGNORECASE)
# an unknown word where `stat:` should be: between the dates and err: (quirk 6)
_BARE: Final = re.compile(rb"date:\S*\s+([A-Za-z][0-9A-Za-z_-]*)(?=\s+err:|\s*\Z)", re.IGNORECASE)
_LETTERS: Final = re.compile(rb"[A-Z]+")
_FIGURES: Final = re.compile("[0-9]{4,}")
_ERR: Final = re.compile(rb"(?<![A-Za-z])err:\s?(?!\w+(?: date)?:)(-?[0-9A-Za-z]{1,16})", re.IGNORECASE)
_OTHER_FIELD: Final = re.compile(rb"\b(?:sub|dlvrd|submit date|done date|err):", re.IGNORECASE)


def response_id(pdu: bytes) -> str | None:
    """The id of a submit_sm_resp as it came, latin-1, up to its first NUL and without blanks around it, which no text
    of a receipt can tell of; None: longer than MAX_ID_OCTETS."""
    end = pdu.find(0, HEADER_OCTETS)
    raw = (pdu[HEADER_OCTETS:end] if end >= 0 else pdu[HEADER_OCTETS:]).strip()
    return raw.decode("latin-1") if len(raw) <= MAX_ID_OCTETS else None


def read_usual(pdu: bytes, vocabulary: Vocabulary = STANDARD) -> Said | None:
    """(state, id, err, MSISDN) of a receipt in the commonest shape; None: read it the long way."""
    match = _USUAL.match(pdu, HEADER_OCTETS)
    if match is None:
        return None
    msisdn, sm_length, raw_id, word, err = match.groups()
    state = vocabulary.words.get(word)
    end = match.end(2) + sm_length[0]
    if state is None or end > len(pdu) or end < match.end():
        return None
    if end < len(pdu):
        tlvs = read_tlvs(pdu, end)
        raw_id = _ended(tlvs.get(RECEIPTED_MESSAGE_ID, b"")) or raw_id
        number = vocabulary.numbers.get(int.from_bytes(tlvs.get(MESSAGE_STATE, b"")[:8], "big"))
        if number is None or (not err and NETWORK_ERROR_CODE in tlvs) or len(raw_id) > MAX_ID_OCTETS:
            return None
        state = number or state
    return state, raw_id.decode("latin-1"), err.decode(), int(msisdn)


def read(delivery: Delivery, vocabulary: Vocabulary = STANDARD) -> Said | None:
    """(state, id, err, MSISDN) of a receipt; None: it is a message. The id as it came: quirk 48.

    Raises UnreadableError for a receipt without an id or a state, or with an id that is too long: cut it would be
    another one. A TLV goes before the text; but a final state in the text before an intermediate one in the TLV.
    """
    head = _head(delivery)
    raw_id = _raw_id(delivery, head)
    state = _state(delivery, head, vocabulary)
    if not delivery.esm_class & _REPORTS and not _looks_like_receipt(delivery, head, raw_id, state):
        return None
    if raw_id is None:
        raise UnreadableError("a receipt without an id")
    if state is None:
        raise UnreadableError("a receipt without a state")
    if len(raw_id) > MAX_ID_OCTETS:
        raise UnreadableError(f"a receipt with an id of more than {MAX_ID_OCTETS} octets")
    return state, raw_id.decode("latin-1"), _err(delivery, head), _msisdn(delivery)


def unknown_state(delivery: Delivery, vocabulary: Vocabulary) -> str | None:
    """What a receipt names as its state and the vocabulary does not know: a word in capitals or a number.

    At most 32 octets of ASCII; None when all of it is known. Figures that a person's number could hide in are
    left out.
    """
    word = _word(_head(delivery), vocabulary)
    if word is not None and word not in vocabulary.words:
        return _FIGURES.sub("#", word[:MAX_WORD_OCTETS].decode())
    in_tlv = delivery.tlvs.get(MESSAGE_STATE, b"\0")
    number = int.from_bytes(in_tlv[:8], "big")
    if number in vocabulary.numbers:
        return None
    return str(number) if number <= 0xFFFF else "#"


def _msisdn(delivery: Delivery) -> int | None:
    """Whom it is about: its source, or its destination where an SMSC has them the other way round."""
    source = msisdn_of(delivery.source)
    return msisdn_of(delivery.destination) if source is None else source


def _head(delivery: Delivery) -> bytes:
    """What stands before `text:`; UCS-2 of plain letters turned into the letters (quirks 7, 8).

    Without a user data header, if there is one: its octets could be taken for letters.
    """
    text = delivery.text[:HEAD_MOST_OCTETS]
    if delivery.esm_class & _UDHI and text and text[0] < 0x20:
        text = text[1 + text[0] :]
    start = text[:_UCS2_OCTETS]
    if _UCS2_SHARE * start.count(0) >= len(start):
        text = text.replace(b"\0", b"")
    return _TEXT.split(text, maxsplit=1)[0]


def _raw_id(delivery: Delivery, head: bytes) -> bytes | None:
    in_tlv = _ended(delivery.tlvs.get(RECEIPTED_MESSAGE_ID, b""))
    if in_tlv:
        return in_tlv
    in_text = _ID.search(head)
    return (_ended(in_text[1]) if in_text else b"") or None


def _ended(raw_id: bytes) -> bytes:
    """As it came, but for what its response cannot say (quirk 48): whose it is where two end so alike, their numbers
    decide."""
    return raw_id.partition(b"\0")[0].strip()


def _state(delivery: Delivery, head: bytes, vocabulary: Vocabulary) -> int | None:
    in_tlv = delivery.tlvs.get(MESSAGE_STATE)
    number = vocabulary.numbers.get(int.from_bytes(in_tlv[:8], "big"), 0) if in_tlv else None
    if number:
        return number
    word = _word(head, vocabulary)
    return number if word is None else vocabulary.words.get(word, 0)


def _word(head: bytes, vocabulary: Vocabulary) -> bytes | None:
    """The state's word in capitals: of `stat:`, or one that is known and stands anywhere, or where it should be."""
    found = _STAT.search(head) or vocabulary.stuck.search(head)
    found = found or vocabulary.anywhere.search(head) or _BARE.search(head)
    if found is None:
        return None
    word = found[1].upper()
    letters = _LETTERS.match(word)
    return letters[0] if letters and word not in vocabulary.words and letters[0] in vocabulary.words else word


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
