"""Links opened and kept, over real sockets, against an SMSC that does what each test tells it."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from integration.authority import Authority
from unit.smpp.fake import Diary
from unit.smpp.wire import answer, deliver_sm, pdu, receipt_text
from waiting import PATIENCE_S

from broadcast.channel.link import Submission
from broadcast.config import Bind, Carrier, Tls
from broadcast.errors import BindRefusedError, ConfigError
from broadcast.smpp import failover
from broadcast.smpp.binding import connect, keep_bound
from broadcast.smpp.link import Link
from broadcast.smpp.reach import ReachError

BIND_OK = pdu(0x80000009, 1, b"smsc\0")
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Smsc:
    """Runs `script` for every connection, with its number from 0; keeps what was read."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections = 0
        self.port = 0
        self.failures: list[BaseException] = []

    async def __aenter__(self) -> "Smsc":
        self.server = await asyncio.start_server(self._run, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        assert self.failures == []

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        try:
            await self.script(reader, writer, number)
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001 - shown by __aexit__
            self.failures.append(error)
        finally:
            writer.close()

    def bind(self, **settings: Any) -> Bind:
        quick = {"reconnect_min_s": 0.01, "reconnect_max_s": 0.02, "bind_timeout_s": PATIENCE_S, "window": 10}
        return Bind("127.0.0.1", self.port, "esme", **{**quick, **settings})


async def read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """(command, status, sequence, body)"""
    head = await asyncio.wait_for(reader.readexactly(16), PATIENCE_S)
    length, command, status, sequence = struct.unpack("!IIII", head)
    return command, status, sequence, await reader.readexactly(length - 16)


def kept(smsc: Smsc, diary: Diary, states: list[str], **settings: Any) -> asyncio.Task[None]:
    bind = smsc.bind(**settings)
    return asyncio.create_task(keep_bound("x-0", bind, Carrier(tps=1, binds=(bind,)), diary, states.append))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def cancelled(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE_S)


Scenario = Callable[..., Coroutine[Any, Any, None]]


def on_uvloop(scenario: Scenario) -> Callable[[], None]:
    """The loop that workers run on."""

    def run() -> None:
        uvloop.run(scenario())

    run.__doc__ = scenario.__doc__
    return run


@on_uvloop
async def test_it_binds_again_after_every_way_to_lose_a_link() -> None:
    ways = [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", pdu(0x06, 5), pdu(0x05, 6, b"\0") + pdu(0x99, 7)]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        assert (await read_pdu(reader))[0] == 0x09
        if number == len(ways):
            writer.transport.abort()
            return
        writer.write(BIND_OK + (ways[number] if number < len(ways) else b""))
        await writer.drain()
        if number > len(ways):
            assert await read_pdu(reader) == (0x06, 0, 2, b"")
            writer.write(pdu(0x80000006, 2))

    async with Smsc(script) as smsc:
        states: list[str] = []
        diary = Diary()
        task = kept(smsc, diary, states)
        await until(lambda: smsc.connections == len(ways) + 2 and states[-1] == "bound")
        assert states[:4] == ["connecting", "binding", "bound", "backing_off"]
        names = [name for name, _ in diary.entries if name in ("bound", "closed")]
        assert names == ["bound", "closed"] * len(ways) + ["bound"]
        await cancelled(task)
        assert diary.entries[-1] == ("closed", "unbound")


@on_uvloop
async def test_a_refused_bind_is_reported_and_tried_again() -> None:
    statuses = [0x05, 0x0D, 0x0E, 0x4A1, 0x58]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        if number < len(statuses):
            writer.write(pdu(0x80000009, 1, b"\0" * (number % 2), statuses[number]))
        else:
            writer.write(BIND_OK)
            await read_pdu(reader)  # the unbind: this one just closes

    async with Smsc(script) as smsc:
        states: list[str] = []
        diary = Diary()
        task = kept(smsc, diary, states)
        await until(lambda: states and states[-1] == "bound")
        assert [state for state in states if state.startswith("refused")] == [
            "refused:ESME_RALYBND",
            "refused:ESME_RBINDFAIL",
            "refused:ESME_RINVPASWD",
            "refused:0x000004A1",
            "refused:ESME_RTHROTTLED",
        ]
        assert [name for name, _ in diary.entries] == ["bound"]
        await cancelled(task)


@pytest.mark.parametrize(("status", "slow"), [(0x0E, True), (0x0D, True), (0x05, False), (0x08, False)])
def test_bad_credentials_are_retried_slowly(status: int, slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(pdu(0x80000009, 1, status=status))

    asked: list[bool] = []

    class Backoff(failover.Backoff):
        def delay(self, *, slow: bool = False) -> float:
            asked.append(slow)
            return 1000.0

    async def scenario() -> None:
        monkeypatch.setattr(failover, "Backoff", Backoff)
        async with Smsc(script) as smsc:
            task = kept(smsc, Diary(), [])
            await until(lambda: asked)
            await cancelled(task)

    uvloop.run(scenario())
    assert asked == [slow]


@on_uvloop
async def test_nobody_listens_then_somebody_does() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bind = Bind("127.0.0.1", port, "esme", reconnect_min_s=0.01, reconnect_max_s=0.02)
    states: list[str] = []
    task = asyncio.create_task(keep_bound("x-0", bind, Carrier(tps=1, binds=(bind,)), Diary(), states.append))
    await until(lambda: states.count("backing_off") >= 3)
    await cancelled(task)
    assert states[:2] == ["connecting", "backing_off"]
    with pytest.raises(OSError, match="refused"):
        await connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0")


@on_uvloop
async def test_one_attempt() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        if number == 0:
            writer.write(pdu(0x80000009, 1, status=0x0E))
        elif number == 2:
            await reader.read()  # and never a word

    async with Smsc(script) as smsc:
        for bind, error, text in (
            (smsc.bind(), BindRefusedError, "link x-0: .* ESME_RINVPASWD"),
            (smsc.bind(), ConnectionError, "closed by the SMSC"),
            (smsc.bind(bind_timeout_s=1.0), ConnectionError, "no answer to the bind"),
        ):
            with pytest.raises(error, match=text):
                await asyncio.wait_for(
                    connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0"), PATIENCE_S
                )


@on_uvloop
async def test_a_cancelled_attempt_leaves_nothing_open() -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        assert await reader.read() == b""
        gone.set()

    async with Smsc(script) as smsc:
        states: list[str] = []
        task = kept(smsc, Diary(), states)
        await until(lambda: states == ["connecting", "binding"])
        await cancelled(task)
        await asyncio.wait_for(gone.wait(), PATIENCE_S)


@on_uvloop
async def test_a_bind_that_cannot_work_is_said_at_once() -> None:
    for bind in (
        Bind("127.0.0.1", 1, "esme", password_env="BROADCAST_TEST_NOT_SET"),
        Bind("127.0.0.1", 1, "esme", tls=Tls(ca_file="/nowhere.pem")),
    ):
        with pytest.raises(ConfigError):
            await keep_bound("x-0", bind, Carrier(tps=1, binds=(bind,)), Diary())


class Commit(Diary):
    """Acknowledges receipts a moment later, as after a commit."""

    def receipts(self, link: Link, receipts: list[Any]) -> None:
        super().receipts(link, receipts)
        asyncio.get_running_loop().call_later(0.05, link.ack, [receipt[0] for receipt in receipts])


@on_uvloop
async def test_cancelling_waits_for_answers_and_the_acks_of_receipts() -> None:
    read: list[tuple[int, int, int, bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)
        sequence = (await read_pdu(reader))[2]
        await asyncio.sleep(0.1)
        writer.write(deliver_sm(9, receipt_text()))
        read.append(await read_pdu(reader))
        writer.write(answer(sequence))
        read.append(await read_pdu(reader))
        writer.write(pdu(0x80000006, read[-1][2]))
        assert await reader.read() == b""

    async with Smsc(script) as smsc:
        states: list[str] = []
        diary = Commit()
        links: list[Link] = []
        diary.bound = links.append  # type: ignore[method-assign]
        task = kept(smsc, diary, states)
        await until(lambda: links)
        link = links[0]
        first = link.reserve(1)
        link.submit(Submission(first, ["a"], pdu(0x04, first)), asyncio.get_running_loop().time())
        await cancelled(task)
        assert read == [(0x80000005, 0, 9, b"\0"), (0x06, 0, 3, b"")]
        assert ("answered", [("a", 0, "a1")]) in diary.entries
        assert diary.entries[-1] == ("closed", "unbound")
        assert "unanswered" not in dict(diary.entries)


@on_uvloop
async def test_a_half_open_connection_is_found_out() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)
        while await reader.read(100):
            pass

    async with Smsc(script) as smsc:
        bind = smsc.bind(enquire_link_s=0.05, response_timeout_s=0.1)
        diary = Diary()
        link = await connect(bind, Carrier(tps=1, binds=(bind,)), diary, "x-0")
        assert await asyncio.wait_for(link.finished(), PATIENCE_S) == "no sign of life"


@on_uvloop
async def test_an_smsc_that_stops_reading_leaves_no_room() -> None:
    go_on = asyncio.Event()
    octets = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        nonlocal octets
        await read_pdu(reader)
        writer.write(BIND_OK)
        await go_on.wait()
        while data := await reader.read(1 << 20):
            octets += len(data)

    async with Smsc(script) as smsc:
        bind = smsc.bind(window=100_000)
        diary = Diary()
        link = await connect(bind, Carrier(tps=1, binds=(bind,)), diary, "x-0")
        link._window.answered(bind.window, 0.0)  # as wide as it goes
        sent = 0
        async with asyncio.timeout(PATIENCE_S):
            while link.room:
                first = link.reserve(100)
                data = b"".join(pdu(0x04, first + number, b"x" * 984) for number in range(100))
                link.submit(Submission(first, list(range(100)), data), asyncio.get_running_loop().time())
                sent += len(data)
                await asyncio.sleep(0)
        assert link.can_submit
        diary.entries.clear()
        go_on.set()
        await until(lambda: octets == sent)
        assert ("room", link.room) in diary.entries
        assert link.room > 0
        link.abort("enough")
        await link.finished()
        assert [name for name, _ in diary.entries][-2:] == ["unanswered", "closed"]
        assert len(diary.entries[-2][1][0]) == sent // 1000


@pytest.mark.long
def test_tls_with_a_private_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server("smsc.test")

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK + deliver_sm(9, receipt_text()))
        assert await read_pdu(reader) == (0x06, 0, 2, b"")
        writer.write(pdu(0x80000006, 2))
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        diary = Diary()

        def bind(tls: Tls) -> Bind:
            return Bind("127.0.0.1", port, "esme", tls=tls)

        right = bind(Tls(ca_file=authority.ca, server_name="smsc.test"))
        link = await connect(right, Carrier(tps=1, binds=(right,)), diary, "x-0")
        await until(lambda: "receipts" in dict(diary.entries))
        await link.unbind(PATIENCE_S)
        for tls in (Tls(server_name="smsc.test"), Tls(ca_file=authority.ca)):
            with pytest.raises(ReachError, match=r"tls\.(ca_file|server_name)"):
                await connect(bind(tls), Carrier(tps=1, binds=(bind(tls),)), diary, "x-0")
        server.close()

    uvloop.run(scenario())
