"""Targets: what people write, and what they are written. User data headers, parts, alphabets, keywords."""

from collections.abc import Sequence
from typing import Final, get_args

from fuzz.octets import Octets

from broadcast.campaign.alphabets import choose_alphabet
from broadcast.campaign.keywords import Keywords
from broadcast.campaign.parts import UDHI, Part, read_part
from broadcast.campaign.reading import LOST, MOST_CHARACTERS, read_parts
from broadcast.campaign.text import Message, compose
from broadcast.config import Concatenation, DefaultAlphabet, NationalShift
from broadcast.errors import InputError
from broadcast.ledger.assembly import Assembled, StoredPart, assemble
from broadcast.smpp.delivery import sar_of

_KEYWORDS: Final = Keywords(
    {"opt_out": ["STOP", "dừng", "dừng gửi"], "opt_in": ["START"], "help": ["?1"]}, ["Dung", "stop sign"]
)
_ALPHABETS: Final[tuple[DefaultAlphabet, ...]] = get_args(DefaultAlphabet)
_JOINS: Final[tuple[Concatenation, ...]] = get_args(Concatenation)
_SHIFTS: Final[tuple[NationalShift, ...]] = get_args(NationalShift)


def replies(data: bytes) -> None:
    """Any short_message under any data_coding is a part of some text that Postgres can keep."""
    octets = Octets(data)
    alphabet = _ALPHABETS[octets.number() % len(_ALPHABETS)]
    sar = (octets.number(), octets.number(), octets.number()) if octets.number() & 1 else None
    found: list[tuple[Part, int]] = []
    while octets:
        esm_class, data_coding, payload = octets.number(), octets.number(), octets.piece()
        part = read_part(esm_class, payload, sar)
        assert payload.endswith(part.octets)
        assert 1 <= part.number <= part.total <= 255
        assert bool(part.thread) == (part.total > 1)
        assert part.octets == payload or esm_class & UDHI or payload.startswith(b"\5\0\3")
        found.append((part, data_coding))
    text = read_parts(_with_gaps(found), alphabet)
    assert "\0" not in text
    assert len(text.encode()) <= 4 * (MOST_CHARACTERS + len(LOST))
    assert _KEYWORDS.find(text).kind in ("", "opt_out", "opt_in", "help")


def _with_gaps(found: Sequence[tuple[Part, int]]) -> list[tuple[bytes, int, int] | None]:
    """Every third one was lost."""
    return [
        None if place % 3 == 2 else (part.octets, coding, part.language)
        for place, (part, coding) in enumerate(found)
    ]


def parts(data: bytes) -> None:
    """Whatever order parts come in, and how often: each is in one text, repeated, or waits."""
    octets = Octets(data)
    total, over = 2 + octets.number() % 6, bool(octets.number() & 1)
    stored = [
        StoredPart(inbound_no, 1 + number % total, bytes((number // 128,)))
        for inbound_no, number in enumerate(octets.rest()[:64])
    ]
    done = assemble(stored, total, over=over)
    used = [part.inbound_no for text in done.texts for part in text.arrived]
    used += [part.inbound_no for part in done.repeated]
    assert len(used) == len(set(used))
    waiting = [part for part in stored if part.inbound_no not in used]
    assert len({part.number for part in waiting}) == len(waiting) < total
    assert not (waiting and over)
    for text in done.texts:
        _check_text(text, total)


def _check_text(text: Assembled, total: int) -> None:
    there = [part for part in text.parts if part is not None]
    assert len(text.parts) == total
    assert [part.number for part in there] == [place for place, part in enumerate(text.parts, 1) if part]
    assert sorted(part.inbound_no for part in there) == sorted(part.inbound_no for part in text.arrived)
    assert text.missing == total - len(there)


def texts(data: bytes) -> None:
    """What is composed for a handset is read from its segments as it was written, by any way to join them."""
    octets = Octets(data)
    join, alphabets, shift = (octets.number() for _ in range(3))
    reference = octets.number() << 8 | octets.number()
    text = octets.rest().decode("utf-8", "ignore").replace("\0", "")
    alphabet = choose_alphabet(text) if alphabets & 0x80 else "ucs2"
    default_alphabet = _ALPHABETS[alphabets % len(_ALPHABETS)]
    join_by, shifted = _JOINS[join % len(_JOINS)], _SHIFTS[shift % len(_SHIFTS)]
    try:
        message = compose(text, alphabet, join_by, default_alphabet, reference, shifted)
    except InputError:
        assert not text or (alphabet == "gsm0338" and not _can_write(default_alphabet, text))
        return
    assert _read_back(message, default_alphabet) == text
    assert all(len(segment.short_message) <= 160 for segment in message.segments)


def _can_write(alphabet: DefaultAlphabet, text: str) -> bool:
    codec = {"ascii": "ascii", "latin1": "latin-1"}.get(alphabet)
    return codec is None or text.encode(codec, "ignore").decode(codec) == text


def _read_back(message: Message, default_alphabet: DefaultAlphabet) -> str:
    """The segments come last first."""
    found: dict[int, tuple[bytes, int, int]] = {}
    threads = set()
    for segment in reversed(message.segments):
        tlvs = dict(segment.tlvs)
        payload = segment.short_message or tlvs[0x0424]
        part = read_part(UDHI if segment.udhi else 0, payload, sar_of(tlvs))
        assert (part.total, part.number in found) == (len(message.segments), False)
        found[part.number] = (part.octets, message.data_coding, part.language)
        threads.add(part.thread)
    assert len(threads) == 1
    return read_parts([found[number] for number in sorted(found)], default_alphabet)
