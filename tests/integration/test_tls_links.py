"""TLS towards an SMSC: what works, and a line that names the setting for each way that it can fail (quirk 39)."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from integration.authority import NAME, Authority, serving
from unit.smpp.fake import Diary
from waiting import PATIENCE_S

from broadcast.config import Bind, Carrier, Tls
from broadcast.smpp.binding import connect
from broadcast.smpp.reach import ReachError

NACK = bytes.fromhex("00000010800000000000000200000000")


def attempt(port: int, tls: Tls | None, **settings: float) -> str:
    """The bind at that port: the version of TLS that it ended on, else raises what `connect` raises."""
    bind = Bind("127.0.0.1", port, "esme", tls=tls, **{"bind_timeout_s": PATIENCE_S, **settings})  # type: ignore[arg-type]

    async def bound() -> str:
        link = await connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0")
        version: str = link._transport.get_extra_info("ssl_object").version()
        await link.unbind(0.2)
        return version

    return uvloop.run(asyncio.wait_for(bound(), 2 * PATIENCE_S))


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize(
    ("least", "most", "spoken"), [("1.2", "TLSv1_2", "TLSv1.2"), ("1.3", "TLSv1_3", "TLSv1.3")]
)
def test_a_private_authority_and_a_client_certificate(
    ours: Authority, least: str, most: str, spoken: str
) -> None:
    context = ours.server(client_ca=ours.ca)
    context.maximum_version = ssl.TLSVersion[most]
    cert, key = ours.issue("esme.test")
    with serving(context) as port:
        tls = Tls(ca_file=ours.ca, cert_file=cert, key_file=key, server_name=NAME, min_version=least)  # type: ignore[arg-type]
        assert attempt(port, tls) == spoken


Server = Callable[[Authority], "ssl.SSLContext | None"]
FAILURES: dict[str, tuple[Server, dict[str, str], str, str]] = {
    "unknown authority": (lambda ca: ca.server(), {"ca_file": "other"}, "tls.ca_file", "an authority that is not in"),
    "the system does not know it": (lambda ca: ca.server(), {}, "tls.ca_file", "not known to this system"),
    "expired": (lambda ca: ca.server(days=(-9, -1)), {"ca_file": "ours"}, "tls.ca_file", "has expired"),
    "not yet valid": (lambda ca: ca.server(days=(1, 9)), {"ca_file": "ours"}, "tls.ca_file", "this machine's clock"),
    "wrong name": (
        lambda ca: ca.server("else.test"), {"ca_file": "ours"}, "tls.server_name", "is not for smsc.test",
    ),
    "client certificate wanted": (
        lambda ca: ca.server(client_ca=ca.ca), {"ca_file": "ours"}, "tls.cert_file", "wants a client certificate",
    ),
    "client certificate refused": (
        lambda ca: ca.server(client_ca=ca.ca), {"ca_file": "ours", "cert": "other"},
        "tls.cert_file", "refuses the client certificate",
    ),
    "plain SMPP": (lambda ca: None, {"ca_file": "ours"}, "tls", "does not speak TLS"),
}  # fmt: skip


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("case", FAILURES)
def test_a_handshake_that_fails_names_the_setting(
    case: str, version: str, ours: Authority, tmp_path: Path
) -> None:
    make, given, setting, said = FAILURES[case]
    other = Authority(tmp_path, "other")
    context = make(ours)
    if context is not None:
        context.maximum_version = ssl.TLSVersion[version]
    cert, key = other.issue("esme.test") if "cert" in given else (None, None)
    trusted = {"ours": ours.ca, "other": other.ca}.get(given.get("ca_file", ""))
    tls = Tls(ca_file=trusted, cert_file=cert, key_file=key, server_name=NAME)
    with serving(context, b"" if context else NACK) as port, pytest.raises(ReachError, match=said) as raised:
        attempt(port, tls)
    assert (raised.value.step, raised.value.setting) == ("tls", setting)
    assert "\n" not in str(raised.value)


def test_a_version_that_is_too_old(ours: Authority) -> None:
    context = ours.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(context) as port, pytest.raises(ReachError, match=r'set tls.min_version to "1.2"') as raised:
        attempt(port, Tls(ca_file=ours.ca, server_name=NAME, min_version="1.3"))
    assert raised.value.setting == "tls.min_version"


def test_a_tls_port_spoken_to_in_plain(ours: Authority) -> None:
    with serving(ours.server()) as port, pytest.raises(ReachError, match="may want TLS") as raised:
        attempt(port, None)
    assert (raised.value.step, raised.value.setting) == ("bind", "tls")


@pytest.mark.parametrize("closes", [True, False])
def test_a_peer_that_never_takes_part_in_the_handshake(ours: Authority, closes: bool) -> None:
    """It ends within the bind's timeout, and nothing stays open."""
    ended: list[bytes] = []

    async def scenario() -> None:
        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            if not closes:
                await reader.read()
                ended.append(b"")
            writer.close()

        server = await asyncio.start_server(script, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        bind = Bind("127.0.0.1", port, "esme", tls=Tls(ca_file=ours.ca), bind_timeout_s=0.2)
        with pytest.raises(ReachError, match="during the TLS handshake") as raised:
            await asyncio.wait_for(connect(bind, Carrier(tps=1, binds=(bind,)), Diary(), "x-0"), PATIENCE_S)
        assert (raised.value.step, raised.value.setting) == ("tls", "tls")
        async with asyncio.timeout(PATIENCE_S):
            while not closes and not ended:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
        server.close()

    uvloop.run(scenario())
