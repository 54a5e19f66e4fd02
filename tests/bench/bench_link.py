"""How fast is a link without a network: stamp, submit, take answers and receipts, acknowledge.

    python tests/bench/bench_link.py [messages]

Ratios within one run count; the figures are the machine's.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from struct import pack
from typing import Any

from broadcast.channel.link import Submission
from broadcast.channel.receipt import Receipt
from broadcast.config import Bind, Carrier
from broadcast.smpp import pdu as smpp
from broadcast.smpp.link import Link
from broadcast.smpp.template import SubmitFields, Template

RUN = 200  # messages per submit and per read


class Sink(asyncio.Transport):
    """Takes what is written and forgets it."""

    def __init__(self) -> None:
        super().__init__()
        self.octets = 0

    def write(self, data: Any) -> None:
        self.octets += len(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_reading(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class Owner:
    """Counts, and acknowledges at once."""

    def __init__(self) -> None:
        self.answers = self.delivered = self.other = 0

    def answered(self, link: Link, answers: list[tuple[Any, int, str]], left_at: float) -> None:
        self.answers += len(answers)

    def receipts(self, link: Link, receipts: list[Receipt]) -> None:
        self.delivered += len(receipts)
        link.ack([receipt[0] for receipt in receipts])

    def bound(self, link: Link) -> None:
        pass

    def room(self, link: Link) -> None:
        pass

    def closed(self, link: Link, reason: str) -> None:
        pass

    def answered_late(self, link: Link, answers: list[Any], left_at: float) -> None:
        self.other += len(answers)

    def messages(self, link: Link, messages: list[Any]) -> None:
        self.other += len(messages)

    def full(self) -> bool:
        return False

    def unreadable(self, link: Link, pdus: list[Any]) -> None:
        self.other += len(pdus)

    def unanswered(self, link: Link, tokens: list[Any], reason: str, left_at: float) -> None:
        self.other += len(tokens)


def answers(first: int, count: int) -> bytes:
    return b"".join(
        pack("!IIII", 27, smpp.SUBMIT_SM_RESP, 0, number) + b"%010d\0" % number
        for number in range(first, first + count)
    )


def receipts(first: int, count: int, tlvs: bool) -> bytes:
    return b"".join(receipt(number, tlvs) for number in range(first, first + count))


def receipt(number: int, tlvs: bool) -> bytes:
    text = b"id:%010d sub:001 dlvrd:001 submit date:2401311200 done date:2401311201 " % number
    text += b"stat:DELIVRD err:000 text:Bo Y te khuyen cao"
    body = b"\0\1\1%d\0\5\0BOYTE\0\4\0\0\0\0\0\0\0\0" % (84912000000 + number) + bytes([len(text)]) + text
    if tlvs:
        body += b"\0\x1e\0\x0b%010d\0" % number + b"\x04\x27\0\1\2"
    return pack("!IIII", 16 + len(body), smpp.DELIVER_SM, 0, number) + body


def measure(what: str, messages: int, tlvs: bool | None) -> None:
    """tlvs: None for no receipts at all."""
    bind = Bind("localhost", 2775, "bench", window=10 * RUN)
    owner = Owner()
    link = Link("bench", bind, Carrier(tps=1_000_000, binds=(bind,)), owner)
    link.connection_made(Sink())
    link.data_received(pack("!IIII", 17, 0x80000009, 0, 1) + b"\0")
    fields = SubmitFields("BOYTE", 5, 0, 1, 1, "", 0, 0, 1, "", b"x" * 120, ())
    template = Template([fields])
    starts = range(link.reserve(1) + 1, messages, RUN)
    canned = [answers(at, RUN) + (b"" if tlvs is None else receipts(at, RUN, tlvs)) for at in starts]
    clock = asyncio.get_running_loop().time
    seconds = timed(lambda: run(link, template, canned, clock))
    assert owner.answers == len(starts) * RUN
    assert owner.delivered == (0 if tlvs is None else len(starts) * RUN)
    assert owner.other == link.in_flight == 0
    print(f"{what:32} {len(starts) * RUN / seconds:10,.0f} messages/s")
    link.connection_lost(None)


def run(link: Link, template: Template, canned: list[bytes], clock: Callable[[], float]) -> None:
    for data in canned:
        first = link.reserve(RUN)
        msisdns = [84912000000 + number for number in range(first, first + RUN)]
        tokens = [(link, number, 1) for number in range(RUN)]
        link.submit(Submission(first, tokens, template.stamp(first, msisdns)), clock())
        link.data_received(data)


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


async def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    measure("submits and answers", messages, None)
    measure("and receipts", messages, False)
    measure("and receipts with TLVs", messages, True)


if __name__ == "__main__":
    asyncio.run(main())
