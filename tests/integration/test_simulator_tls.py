"""The simulator's TLS: who is let in with which certificate and version."""

import asyncio
import ssl
from pathlib import Path

import pytest
from integration.authority import NAME, Authority
from integration.simulated import TRANSCEIVER, bind_pdu, simulated
from unit.simulator.pdus import header
from waiting import PATIENCE_S

from broadcast.errors import ConfigError
from broadcast.simulator.habits import TlsFiles
from broadcast.simulator.tls import server_context


async def bind(port: int, context: ssl.SSLContext) -> int:
    """command_status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=NAME)
    try:
        writer.write(bind_pdu(TRANSCEIVER, b"esme", b"secret"))
        async with asyncio.timeout(PATIENCE_S):
            return header(await reader.readexactly(16))[2]
    finally:
        writer.close()


async def test_certificates_and_versions(tmp_path: Path) -> None:
    authority, of_clients = Authority(tmp_path), Authority(tmp_path, "of-clients")
    cert, key = authority.issue(NAME)
    client = of_clients.issue("esme.test")
    files = TlsFiles(cert, key, client_ca_file=of_clients.ca, min_version="1.3")
    trusting = ssl.create_default_context(cafile=authority.ca)
    known = ssl.create_default_context(cafile=authority.ca)
    known.load_cert_chain(*client)
    old = ssl.create_default_context(cafile=authority.ca)
    old.load_cert_chain(*client)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with simulated(tls=files) as (smsc, port):
        assert await bind(port, known) == 0
        for context in (trusting, old, ssl.create_default_context()):
            with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                await bind(port, context)
        assert smsc.summary()["binds"] == 1
    async with simulated(tls=TlsFiles(cert, key, max_version="1.2")) as (_, port):
        assert await bind(port, trusting) == 0


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    cert, key = Authority(tmp_path).issue(NAME)
    missing = str(tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=r"none\.pem and .* cannot be used"):
        server_context(TlsFiles(missing, key))
    with pytest.raises(ConfigError, match=r"tls\.client_ca_file .*none\.pem cannot be used"):
        server_context(TlsFiles(cert, key, missing))
    assert server_context(TlsFiles()) is None
