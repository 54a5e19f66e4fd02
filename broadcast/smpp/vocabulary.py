"""What receipts call their states: the words of `stat:` and the numbers of message_state (quirks 6, 12).

Meanings that SMSCs agree on, and over them those of a carrier's profile. What neither knows is never final.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from broadcast.channel.receipt import ReceiptState
from broadcast.config import ReceiptMeaning

_S = ReceiptState

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
    b"ACCEPTED": _S.INTERMEDIATE.value,
    b"SCHEDULED": _S.INTERMEDIATE.value,
    b"UNKNOWN": _S.INTERMEDIATE.value,
    b"ACKED": _S.INTERMEDIATE.value,
    b"BUFFRED": _S.INTERMEDIATE.value,
    b"BUFFERD": _S.INTERMEDIATE.value,
    b"BUFFERED": _S.INTERMEDIATE.value,
}
# message_state, SMPP 3.4 §5.2.28; 0 (SCHEDULED) and 9 (SKIPPED) are of 5.0
_NUMBERS: Final[dict[int, int]] = {
    0: _S.INTERMEDIATE.value,
    1: _S.INTERMEDIATE.value,
    2: _S.DELIVERED.value,
    3: _S.EXPIRED.value,
    4: _S.UNDELIVERABLE.value,
    5: _S.UNDELIVERABLE.value,
    6: _S.INTERMEDIATE.value,
    7: _S.INTERMEDIATE.value,
    8: _S.REJECTED.value,
    9: _S.UNDELIVERABLE.value,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """words (in capitals) and numbers -> ReceiptState.

    anywhere: one of the words, wherever it stands. stuck: one right behind `stat:`, whatever follows it.
    """

    words: Mapping[bytes, int]
    numbers: Mapping[int, int]
    anywhere: re.Pattern[bytes]
    stuck: re.Pattern[bytes]


def vocabulary(own: Mapping[str, ReceiptMeaning]) -> Vocabulary:
    """own: `receipt_states` of a carrier's profile."""
    said = {word.encode(): ReceiptState[meaning.upper()].value for word, meaning in own.items()}
    words = {**_WORDS, **said}
    numbers = {**_NUMBERS, **{int(word): state for word, state in said.items() if word.isdigit()}}
    longest_first = sorted((word for word in words if not word.isdigit()), key=len, reverse=True)
    either = b"(" + b"|".join(map(re.escape, longest_first)) + b")"
    return Vocabulary(
        words,
        numbers,
        re.compile(rb"\b" + either + rb"\b", re.IGNORECASE),
        re.compile(rb"(?<![A-Za-z])stat:\s*" + either, re.IGNORECASE),
    )


STANDARD: Final = vocabulary({})
