"""The simulator's TLS: who is let in with which certificate and version."""

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from integration.simulated import TRANSCEIVER, bind_pdu, simulated
from unit.simulator.pdus import header

from broadcast.errors import ConfigError
from broadcast.simulator.habits import TlsFiles
from broadcast.simulator.tls import server_context

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes the test's certificates"
)


def certificate(folder: Path, name: str) -> tuple[str, str]:
    """One that signs itself, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    words += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key)]
    subprocess.run(["openssl", *words, "-out", str(cert)], check=True, capture_output=True)
    return str(cert), str(key)


async def bind(port: int, context: ssl.SSLContext) -> int:
    """command_status of the answer."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="smsc.test"
    )
    try:
        writer.write(bind_pdu(TRANSCEIVER, b"esme", b"secret"))
        async with asyncio.timeout(10):
            return header(await reader.readexactly(16))[2]
    finally:
        writer.close()


async def test_certificates_and_versions(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "smsc.test")
    client_cert, client_key = certificate(tmp_path, "esme.test")
    files = TlsFiles(cert, key, client_ca_file=client_cert, min_version="1.3")
    trusting = ssl.create_default_context(cafile=cert)
    known = ssl.create_default_context(cafile=cert)
    known.load_cert_chain(client_cert, client_key)
    old = ssl.create_default_context(cafile=cert)
    old.load_cert_chain(client_cert, client_key)
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
    cert, key = certificate(tmp_path, "smsc.test")
    missing = str(tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=r"none\.pem and .* cannot be used"):
        server_context(TlsFiles(missing, key))
    with pytest.raises(ConfigError, match=r"tls\.client_ca_file .*none\.pem cannot be used"):
        server_context(TlsFiles(cert, key, missing))
    assert server_context(TlsFiles()) is None
