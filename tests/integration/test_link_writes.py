"""A submit is in the socket when `submit` returns: the lease and the pace of that moment are what it leaves under."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from unit.smpp.fake import Diary
from unit.smpp.wire import pdu
from waiting import PATIENCE_S

from broadcast.channel.link import Submission
from broadcast.config import Bind, Carrier
from broadcast.smpp.link import Link

# no enquire_link amid a test, however slow the machine
BIND = Bind("smsc.example", 2775, "esme", window=100_000, enquire_link_s=3600.0)
BOUND = pdu(0x80000009, 1, b"smsc\0")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def loop(request: Any) -> Iterator[asyncio.AbstractEventLoop]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def smsc() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection; ours for the link."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE_S)
    yield ours, theirs
    theirs.close()


async def bound(ours: socket.socket, theirs: socket.socket) -> tuple[Link, Diary]:
    diary = Diary()
    link = Link("viettel-0", BIND, Carrier(tps=1, binds=(BIND,)), diary)
    await asyncio.get_running_loop().create_connection(lambda: link, sock=ours)
    theirs.sendall(BOUND)
    assert await link.bind_answer == 0
    theirs.recv(1000)  # the bind
    return link, diary


def submit(link: Link, count: int, octets: bytes) -> None:
    link.submit(Submission(link.reserve(count), list(range(count)), octets), 0.0)


def test_it_has_left_before_the_loop_turns(
    loop: asyncio.AbstractEventLoop, smsc: tuple[socket.socket, ...]
) -> None:
    ours, theirs = smsc

    async def scene() -> None:
        link, _ = await bound(ours, theirs)
        theirs.setblocking(False)
        submit(link, 1, b"<first>")
        assert theirs.recv(100) == b"<first>"
        link.abort("the test is over")
        await link.finished()

    loop.run_until_complete(scene())


def test_a_full_socket_keeps_the_order(
    loop: asyncio.AbstractEventLoop, smsc: tuple[socket.socket, ...]
) -> None:
    ours, theirs = smsc
    blocks = [bytes([number]) * 100_000 for number in range(60)]

    async def scene() -> bytes:
        link, _ = await bound(ours, theirs)
        theirs.setblocking(False)
        for block in blocks:  # more than any socket's buffer takes
            submit(link, 1, block)
        running = asyncio.get_running_loop()
        taken = b""
        while len(taken) < len(blocks) * len(blocks[0]):
            taken += await asyncio.wait_for(running.sock_recv(theirs, 1 << 20), PATIENCE_S)
        link.abort("the test is over")
        await link.finished()
        return taken

    assert loop.run_until_complete(scene()) == b"".join(blocks)


def test_a_broken_connection_hands_everything_back(
    loop: asyncio.AbstractEventLoop, smsc: tuple[socket.socket, ...]
) -> None:
    ours, theirs = smsc

    async def scene() -> list[tuple[str, Any]]:
        link, diary = await bound(ours, theirs)
        theirs.close()
        submit(link, 2, b"<to nobody>")
        submit(link, 1, b"<nor this>")
        await link.finished()
        submit(link, 1, b"<too late>")
        return diary.taken()

    told = loop.run_until_complete(scene())
    assert [tokens for name, tokens in told if name == "unanswered"] == [
        ([0, 1, 0], "link_lost"),
        ([0], "link_lost"),
    ]
