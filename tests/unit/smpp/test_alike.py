"""Floods: of many alike the last is taken, and what somebody waits for is always found (quirk 55)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smpp.wire import answer, deliver_sm, pdu, receipt_text

from broadcast.config import Bind, Carrier
from broadcast.smpp.alike import FLOOD_LEAST, alike
from broadcast.smpp.framer import Frame, Framer, UnrecoverablePduError
from broadcast.smpp.inbox import Inbox
from broadcast.smpp.window import Window

ENQUIRES = [pdu(0x15, number) for number in range(1000)]


AWAITED = {9, 70}


def thin() -> Framer:
    framer = Framer(lambda numbers: not AWAITED.isdisjoint(numbers))
    framer.thin = True
    return framer


def test_how_many_are_alike() -> None:
    assert alike(b"".join(ENQUIRES[:20]), 0, 16) == 20
    assert alike(b"".join(ENQUIRES[:20]) + answer(5), 32, 16) == 18
    assert alike(b"".join(ENQUIRES), 0, 16) == 256
    assert alike(ENQUIRES[0] + pdu(0x15, 1, b"", 1), 0, 16) == 1
    assert alike(ENQUIRES[0] + ENQUIRES[1][:15], 0, 16) == 1


def test_the_last_of_many_alike_is_taken() -> None:
    framer = thin()
    frames = framer.feed(b"".join(ENQUIRES) + answer(7) + ENQUIRES[3] + ENQUIRES[4][:5])
    assert frames[-2:] == [(0x80000004, 0, 7, answer(7)), (0x15, 0, 3, ENQUIRES[3])]
    assert frames[-3] == (0x15, 0, 999, ENQUIRES[999])
    assert len(frames) < 80
    assert framer.passed_over == 16 * (1002 - len(frames))
    assert framer.begun == 5


@settings(derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ENQUIRES[0], pdu(0x102, 1, b"12345678"), answer(9), deliver_sm(4, receipt_text()),
                             pdu(0x80000000, 5), pdu(0x80000000, 70), answer(8), answer(8, b"", 0x58),
                             pdu(0x06, 8), pdu(0x103, 2, b"x"), pdu(0x15, 3, b"", 9)]),
            st.integers(1, 300),
        ), max_size=12,
    ),
    st.integers(0, 5000),
)  # fmt: skip
def test_whatever_stands_between_them_is_found(runs: list[tuple[bytes, int]], cut: int) -> None:
    """Answers and deliveries all, of everything else at least one of a run, and the stream is never out of step."""
    stream = b"".join(one * times for one, times in runs)
    framer, plain = thin(), Framer()
    got = framer.feed(stream[:cut])
    octets = framer.passed_over
    got += framer.feed(stream[cut:])
    octets += framer.passed_over
    wanted = plain.feed(stream)

    def matters(frame: Frame) -> bool:
        return frame[0] in (0x05, 0x103) or (frame[0] in (0x80000004, 0x80000000) and frame[2] in AWAITED)

    assert [each for each in got if matters(each)] == [each for each in wanted if matters(each)]
    assert {each[:3] for each in got} == {each[:3] for each in wanted}
    assert sum(len(each[3]) for each in got) + octets == len(stream)


def test_an_answer_that_is_waited_for_is_found_among_a_thousand_strays() -> None:
    strays = [answer(number) for number in range(1000, 2000)]
    stream = b"".join([*strays[:700], answer(70), *strays[700:]])
    found = thin().feed(stream)
    assert (0x80000004, 0, 70, answer(70)) in found
    assert len(found) < 500
    assert len(found) > len(thin().feed(b"".join(strays)))


def test_what_is_no_smpp_is_seen_in_a_flood_too() -> None:
    with pytest.raises(UnrecoverablePduError) as caught:
        thin().feed(b"".join(ENQUIRES) + b"HTTP/1.1 400 Bad Request")
    assert caught.value.complete[-1][2] == 999


def test_a_flood_is_known_by_its_reads() -> None:
    """What comes by the thousand a second is answered one by one."""
    bind = Bind("smsc.example", 2775, "esme")
    inbox = Inbox(Window(10, 60.0), Carrier(tps=1, binds=(bind,)))
    flood = ENQUIRES[0] * FLOOD_LEAST
    assert len(inbox.feed(flood[16:]).controls) == FLOOD_LEAST - 1
    assert len(inbox.feed(flood).controls) == FLOOD_LEAST
    assert inbox.feed(flood).passed_over > 15 * FLOOD_LEAST
    assert inbox.feed(b"".join(ENQUIRES)).trifles < 80
    assert inbox.feed(ENQUIRES[0] * 5).passed_over == 0
    assert inbox.feed(b"".join(ENQUIRES)).trifles == 1000
