"""Valid files with something changed: elements out, twice, exchanged or renamed, words and octets put in."""

import random
import re

from hypothesis import strategies as st
from unit.cap.cases import VALID

SEEDS = [octets for name, octets in VALID.items() if name != "utf16"]
WORDS = [
    b"", b" ", b"Actual", b"Cancel", b"2026-09-01T07:00:00+07:00", b"2026-13-01T07:00:00+07:00", b"-00:00", b"Z",
    b"&lt;", b"&amp;", b"&#0;", b"&#x10FFFF;", b"&x;", b"<![CDATA[x]]>", b"<!-- x -->", b"<?x y?>", b"<a/>", b"<a>",
    b"</a>",
    b"<!DOCTYPE a>", b"xmlns='urn:x'", b"\xff", b"\xc3", b"\0", b"9" * 400, b"1,2 3", b"0,0 0,1 1,1 0,0",
    b"nan,inf 1e9",
    b"a,b,2026-09-01T07:00:00+07:00", b'"', b"en-US", b"urn:oasis:names:tc:emergency:cap:1.1", b"\xef\xbb\xbf",
    b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>", b"encoding='UTF-16'", b"\xe2\x80\xae",
]  # fmt: skip
_PIECE = re.compile(rb"<[^<>]*>|[^<>]+")


def mutate(seed: bytes, dice: random.Random) -> bytes:
    """One to four changes of pieces, which are tags and texts, or of octets."""
    pieces = _PIECE.findall(seed)
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(pieces)), dice.randrange(len(pieces))
        change = dice.randrange(7)
        if change == 0 and len(pieces) > 1:
            del pieces[at]
        elif change == 1:
            pieces.insert(other, pieces[at])
        elif change == 2:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif change == 3:
            pieces[at] = dice.choice(WORDS)
        elif change == 4:
            cut = dice.randint(0, len(pieces[at]))
            pieces[at] = pieces[at][:cut] + dice.choice(WORDS) + pieces[at][cut:]
        elif change == 5:
            cut = dice.randint(0, len(pieces[at]))
            pieces[at] = pieces[at][:cut] + bytes([dice.randrange(256)]) + pieces[at][cut + 1 :]
        else:
            low, high = sorted((at, other))
            pieces[low:high] = pieces[low:high] * dice.randint(0, 2)
        pieces = pieces[:3000] or [b"<"]
    return b"".join(pieces)


def mutated(data: st.DataObject) -> bytes:
    return mutate(data.draw(st.sampled_from(SEEDS)), random.Random(data.draw(st.integers(0, 2**32))))
