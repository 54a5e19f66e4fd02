"""All targets by name, and the words that a fuzzer may put into their inputs."""

from collections.abc import Callable
from typing import Final

from fuzz import cap, esme, ids, people, smsc

Target = Callable[[bytes], None]

TARGETS: Final[dict[str, Target]] = {
    "framer": smsc.framer,
    "stream": smsc.stream,
    "delivery": smsc.delivery,
    "receipt": smsc.receipt,
    "ids": ids.ids,
    "replies": people.replies,
    "parts": people.parts,
    "texts": people.texts,
    "submits": esme.submits,
    "cap": cap.cap,
}

WORDS: Final = (
    b"id:", b" sub:001", b" dlvrd:001", b" submit date:", b"2401311200", b" done date:", b"240131120159", b" stat:",
    b"DELIVRD", b"UNDELIV", b"EXPIRED", b"REJECTD", b"ACCEPTD", b"ODD", b" err:", b"000", b" text:", b"Text:",
    b"\x00\x1e\x00\x03a1\x00", b"\x04\x27\x00\x01\x02", b"\x04\x24\x00\x04", b"\x04\x23\x00\x03\x03\x00\x21",
    b"84912345678", b"BOYTE\x00", b"\x05\x00\x03\x07\x02\x01", b"\x06\x08\x04\x01\x07\x02\x01",
    b"\x02\x0c\x00\x02\x00\x07", b"\x02\x0e\x00\x01\x02", b"\x02\x0f\x00\x01\x01", b"\x00\x00\x00\x10",
    b"000001000000000R", b"240131120000028+", b"\xff",
    b"<info>", b"</info>", b"<area>", b"<polygon>", b"&lt;", b"<![CDATA[", b"<!DOCTYPE", b"-00:00", b"Cancel",
)  # fmt: skip
