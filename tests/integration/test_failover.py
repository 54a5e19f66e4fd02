"""Links that go on at the SMSC's next address, and back to the first when that costs nothing."""

import asyncio
import contextlib
import logging
import socket

import pytest
from integration.test_binding import BIND_OK, Smsc, cancelled, kept, on_uvloop, read_pdu, until
from logged import told
from unit.smpp.fake import Diary
from unit.smpp.wire import pdu

from broadcast.config import Bind, Carrier
from broadcast.monitor import events
from broadcast.smpp import binding, failover, reach
from broadcast.smpp.binding import connect, keep_bound
from broadcast.smpp.reach import ReachError


async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    """Takes the bind, reads until the unbind."""
    assert (await read_pdu(reader))[0] == 0x09
    writer.write(BIND_OK)
    while (await read_pdu(reader))[0] != 0x06:
        pass
    writer.write(pdu(0x80000006, 2))


async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The same for a server without an Smsc around it."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await serves(reader, writer, 0)
    writer.close()


async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    await read_pdu(reader)
    writer.write(pdu(0x80000009, 1, status=0x0D))


def nobody() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@on_uvloop
async def test_the_next_address_takes_over_at_once() -> None:
    """One that nobody listens at, one that refuses, one that drops the link later: no wait between them."""

    async def drops(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await read_pdu(reader)
        writer.write(BIND_OK)

    async with Smsc(drops) as first, Smsc(refuses) as second, Smsc(serves) as third:
        hosts = (f"127.0.0.1:{nobody()}", f"127.0.0.1:{second.port}", f"127.0.0.1:{third.port}")
        states: list[str] = []
        task = kept(first, Diary(), states, hosts=hosts, reconnect_min_s=60.0, reconnect_max_s=60.0)
        await until(lambda: third.connections and states[-1] == "bound")
        assert (first.connections, second.connections) == (1, 1)
        assert [state for state in states if state not in ("connecting", "binding")] == [
            "bound", "backing_off", "backing_off", "refused:ESME_RBINDFAIL", "bound",
        ]  # fmt: skip
        await cancelled(task)


def test_an_idle_link_goes_home(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(failover, "RETURN_S", 0.05)
    monkeypatch.setattr(failover, "IDLE_S", 0.02)
    monkeypatch.setattr(binding, "HOMING_S", 0.01)
    caplog.set_level(logging.INFO, "broadcast")

    @on_uvloop
    async def scenario() -> None:
        port = nobody()
        async with Smsc(serves) as second:
            states: list[str] = []
            diary = Diary()
            bind = Bind("127.0.0.1", port, "esme", hosts=(f"127.0.0.1:{second.port}",), reconnect_max_s=90)
            task = asyncio.create_task(
                keep_bound("x-0", bind, Carrier(tps=1, binds=(bind,)), diary, states.append)
            )
            await until(lambda: states[-1:] == ["bound"])
            await asyncio.sleep(0.1)  # longer than RETURN_S: the first is still away, so it stays
            assert states.count("bound") == 1
            first = await asyncio.start_server(served, "127.0.0.1", port)
            await until(lambda: states.count("bound") == 2)
            assert second.connections == 1
            assert [entry for entry in diary.entries if entry[0] != "room"] == [
                ("bound", None), ("closed", "unbound"), ("bound", None),
            ]  # fmt: skip
            await cancelled(task)
            first.close()
            await asyncio.sleep(0.05)  # the other side's end of the connection
        (back,) = told(caplog, events.LINK_ADDRESS_BACK)
        assert (back["link"], back["host"], back["port"]) == ("x-0", "127.0.0.1", port)
        (away,) = told(caplog, events.LINK_BOUND_ELSEWHERE)
        assert (away["link"], away["address"], away["addresses"]) == ("x-0", 2, 2)

    scenario()


def test_a_name_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first does not lead there, the second does; IPv6 too."""

    @on_uvloop
    async def scenario() -> None:
        async with Smsc(serves) as smsc:

            async def resolve(address: object, timeout_s: float) -> list[reach.Place]:
                return [
                    reach.Place(socket.AF_INET6, ("::1", nobody(), 0, 0)),
                    reach.Place(socket.AF_INET, ("127.0.0.1", smsc.port)),
                ]

            monkeypatch.setattr(reach, "resolve", resolve)
            link = await connect(smsc.bind(), Carrier(tps=1, binds=(smsc.bind(),)), Diary(), "x-0")
            assert link.is_bound
            await link.unbind(1)

    scenario()


@on_uvloop
async def test_ipv6() -> None:
    try:
        server = await asyncio.start_server(served, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = server.sockets[0].getsockname()[1]
    bind = Bind(
        "127.0.0.1", nobody(), "esme", hosts=(f"[::1]:{port}",), reconnect_min_s=60, reconnect_max_s=60
    )
    states: list[str] = []
    task = asyncio.create_task(keep_bound("x-0", bind, Carrier(tps=1, binds=(bind,)), Diary(), states.append))
    await until(lambda: states[-1:] == ["bound"])
    await cancelled(task)
    server.close()
    await asyncio.sleep(0.05)  # the other side's end of the connection


@on_uvloop
async def test_a_name_that_nobody_knows() -> None:
    for host in ("smsc.invalid", "a..b"):
        bind = Bind(host, 2775, "esme")
        with pytest.raises(ReachError, match="check host") as raised:
            await connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0")
        assert (raised.value.step, raised.value.setting) == ("resolve", "host")
