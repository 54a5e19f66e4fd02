"""What submit_sm are answered with, and which receipts are owed."""

from typing import Any

import pytest
from unit.simulator.pdus import cut, header, submit, tail

from broadcast.simulator.book import Book
from broadcast.simulator.fate import Fate, Fates
from broadcast.simulator.intake import Answer, Intake
from broadcast.simulator.personality import Personality

MSISDNS = [b"849%08d" % number for number in range(200)]


class Smsc:
    """An intake and its book; `submits` is one read at a time of one's own."""

    def __init__(self, **settings: Any) -> None:
        self.personality = Personality("x", "x", **settings)
        self.fates = Fates(self.personality)
        self.book = Book()
        self.intake = Intake(self.personality, self.book, first_id=1000)

    def submits(
        self, stream: bytes, now: float = 100.0, unanswered: int = 0, clock: float = 0.0
    ) -> Answer | None:
        self.intake.begin(unanswered, now)
        assert self.intake.reader.read(stream, 0) == len(stream)
        return self.intake.finish("owner", now, now, clock, b"2603010800")

    def with_fate(self, fate: Fate) -> list[bytes]:
        return [msisdn for msisdn in MSISDNS if self.fates.of(msisdn) is fate]


def stream(msisdns: list[bytes], end: bytes | None = None) -> bytes:
    return b"".join(submit(number, msisdn, end) for number, msisdn in enumerate(msisdns, start=1))


def statuses(answer: Answer | None) -> dict[int, int]:
    """Sequence number -> command_status."""
    assert answer is not None
    found = {}
    for pdu in cut(bytes(answer.responses)):
        _, command, status, sequence = header(pdu)
        assert command == 0x80000004
        found[sequence] = status
    assert len(found) == answer.count
    return found


def test_accepted_ones_get_ids_in_order() -> None:
    answer = Smsc().submits(stream(MSISDNS[:3]))
    assert answer is not None
    assert cut(bytes(answer.responses)) == [
        b"\0\0\0\x15\x80\0\0\4\0\0\0\0\0\0\0" + bytes((number,)) + b"%d\0" % (999 + number)
        for number in (1, 2, 3)
    ]
    (batch,) = answer.receipts
    assert (batch.owner, batch.submitted, batch.msisdns) == ("owner", b"2603010800", b"".join(MSISDNS[:3]))
    assert (batch.ids, batch.fates) == (b"100010011002", bytes([Fate.DELIVERED]) * 3)


def test_nothing_read_is_no_answer() -> None:
    assert Smsc().submits(b"") is None


def test_fates_go_into_receipts_and_the_book() -> None:
    smsc = Smsc(undeliverable_share=0.3, expired_share=0.2, unreported_share=0.2)
    answer = smsc.submits(stream(MSISDNS))
    assert set(statuses(answer).values()) == {0}
    assert answer is not None
    (batch,) = answer.receipts
    reported = [batch.msisdns[at : at + 11] for at in range(0, len(batch.msisdns), 11)]
    assert reported == [msisdn for msisdn in MSISDNS if smsc.fates.of(msisdn) is not Fate.UNREPORTED]
    assert [Fate(octet) for octet in batch.fates] == [smsc.fates.of(msisdn) for msisdn in reported]
    assert len(batch.ids) == 4 * len(reported)
    undeliverable, expired = (len(smsc.with_fate(fate)) for fate in (Fate.UNDELIVERABLE, Fate.EXPIRED))
    assert undeliverable > 30 < len(smsc.with_fate(Fate.UNREPORTED))
    assert smsc.book.summary()["fates"] == {
        "delivered": 200 - undeliverable - expired, "undeliverable": undeliverable, "expired": expired,
        "rejected": 0,
    }  # fmt: skip


def test_whose_segment_is_undeliverable_is_undeliverable() -> None:
    smsc = Smsc(segment_undeliverable_share=0.2)
    lost: set[bytes] = set()
    for number in (1, 2, 3):
        end = tail(b"\x05\0\x03\x07\x03" + bytes((number,)), esm=0x40)
        answer = smsc.submits(stream(MSISDNS, end))
        assert answer is not None
        (batch,) = answer.receipts
        now = {msisdn for msisdn, _, fate, _ in batch.singles() if fate == Fate.UNDELIVERABLE}
        assert 15 < len(now) < 65
        assert now - lost
        lost |= now
    fates = smsc.book.summary()["fates"]
    assert (fates["undeliverable"], fates["delivered"]) == (len(lost), 200 - len(lost))


def test_refused_ones() -> None:
    smsc = Smsc(refused_share=0.3, refused_status=0x45)
    refused = smsc.with_fate(Fate.REFUSED)
    found = statuses(smsc.submits(stream(MSISDNS)))
    assert [MSISDNS[number - 1] for number, status in sorted(found.items()) if status == 0x45] == refused
    said = smsc.book.summary()
    assert (said["rejected"], said["segments"]) == (len(refused), 200 - len(refused))
    assert set(statuses(smsc.submits(stream(refused))).values()) == {0x45}


def test_temporary_ones_are_taken_the_second_time_and_delivered() -> None:
    smsc = Smsc(temporary_share=0.3, temporary_status=0x08)
    temporary = smsc.with_fate(Fate.TEMPORARY)
    found = statuses(smsc.submits(stream(MSISDNS)))
    assert [MSISDNS[number - 1] for number, status in sorted(found.items()) if status] == temporary
    again = smsc.submits(stream(temporary))
    assert set(statuses(again).values()) == {0}
    assert again is not None
    assert set(again.receipts[0].fates) == {Fate.DELIVERED}
    said = smsc.book.summary()
    assert (said["temporary"], said["recipients"], said["rejected"]) == (len(temporary), 200, 0)
    assert said["fates"]["delivered"] == 200


def test_each_segment_is_refused_once() -> None:
    smsc = Smsc(temporary_share=1.0)
    ends = [tail(b"\x05\0\x03\x07\x02" + bytes((n,)), esm=0x40) for n in (1, 2)]
    for end in ends:
        assert set(statuses(smsc.submits(stream(MSISDNS[:5], end))).values()) == {0x64}
    for end in ends:
        assert set(statuses(smsc.submits(stream(MSISDNS[:5], end))).values()) == {0}
    assert smsc.book.summary()["messages"] == 5


def test_above_the_rate_the_last_are_throttled() -> None:
    smsc = Smsc(tps=10)
    assert list(statuses(smsc.submits(stream(MSISDNS[:6]), now=100.0)).values()) == [0] * 6
    assert statuses(smsc.submits(stream(MSISDNS[:6]), now=100.5)) == {
        1: 0,
        2: 0,
        3: 0,
        4: 0,
        5: 0x58,
        6: 0x58,
    }
    assert statuses(smsc.submits(stream(MSISDNS[:1]), now=100.9)) == {1: 0x58}
    assert statuses(smsc.submits(stream(MSISDNS[:7]), now=101.25))[6] == 0
    assert (smsc.book.throttled, smsc.book.segments) == (4, 16)
    assert smsc.intake.taken.highest == 10
    assert smsc.intake.offered.highest == 14  # throttled ones arrived too


def test_above_the_window_the_queue_is_full() -> None:
    smsc = Smsc(window=5)
    assert statuses(smsc.submits(stream(MSISDNS[:6]))) == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0x14}
    assert statuses(smsc.submits(stream(MSISDNS[:2]), unanswered=4)) == {1: 0, 2: 0x14}
    assert statuses(smsc.submits(stream(MSISDNS[:1]), unanswered=9)) == {1: 0x14}
    assert (smsc.book.window_exceeded, smsc.book.throttled) == (3, 0)


def test_above_both() -> None:
    smsc = Smsc(window=5, tps=3)
    assert statuses(smsc.submits(stream(MSISDNS[:7]))) == {
        1: 0,
        2: 0,
        3: 0,
        4: 0x58,
        5: 0x58,
        6: 0x14,
        7: 0x14,
    }


def test_malformed_and_expired_ones() -> None:
    smsc = Smsc()
    assert statuses(smsc.submits(submit(3, b"x"))) == {3: 0x0B}
    assert smsc.book.malformed == 1
    late = tail(validity=b"260301120000000+")
    assert statuses(smsc.submits(submit(4, MSISDNS[0], late), clock=1.7e9)) == {4: 0}
    assert statuses(smsc.submits(submit(5, MSISDNS[1], late), clock=1.9e9)) == {5: 0x62}
    assert statuses(smsc.submits(submit(6, MSISDNS[2], tail(b"x" * 255)))) == {6: 0x01}
    assert smsc.book.summary()["rejected"] == 2


@pytest.mark.parametrize(("registered", "wanted"), [(0, set()), (1, {2, 6}), (2, {2})])
def test_receipts_as_asked_for(registered: int, wanted: set[int]) -> None:
    answer = Smsc(undeliverable_share=0.5).submits(stream(MSISDNS, tail(registered=registered)))
    assert answer is not None
    assert {fate for batch in answer.receipts for fate in batch.fates} == wanted
