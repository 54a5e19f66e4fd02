"""A private authority, the certificates that it issues, and servers that speak TLS as real ones do.

OpenSSL's own sockets, in threads: asyncio's server drops a connection without the alert that says why.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from unit.smpp.wire import pdu
from waiting import PATIENCE_S

NAME = "smsc.test"


class Authority:
    """Its certificate is `ca` in the folder; what it issues goes there too."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.ca = str(folder / f"{name}.pem")
        self.authority.cert_pem.write_to_path(self.ca)

    def issue(self, name: str, *, file: str = "", days: tuple[int, int] = (-1, 2)) -> tuple[str, str]:
        """(certificate, key) files for a host's name, valid between these days from now."""
        now = datetime.now(UTC)
        first, last = (now + timedelta(days=each) for each in days)
        made = self.authority.issue_cert(name, not_before=first, not_after=last)
        cert, key = (str(self.folder / f"{file or name}.{kind}") for kind in ("pem", "key"))
        made.cert_chain_pems[0].write_to_path(cert)
        made.private_key_pem.write_to_path(key)
        return cert, key

    def server(self, name: str = NAME, *, client_ca: str = "", **issued: Any) -> ssl.SSLContext:
        """For a server with a certificate of this authority; client_ca: who must have signed its clients'."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, file="server", **issued))
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None, first_words: bytes = b"") -> Iterator[int]:
    """The port of a server that accepts any bind, every connection in turn. first_words: said in place of
    that. context: None for plain TCP."""
    listening = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                connection.settimeout(PATIENCE_S)
                with connection:
                    _speak(connection, context, first_words)

    thread = threading.Thread(target=serve, name="tls server")
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        ending.set()
        with contextlib.suppress(OSError):  # wakes the accept
            socket.create_connection(listening.getsockname()[:2], 1).close()
        thread.join(PATIENCE_S)
        listening.close()


def _speak(connection: socket.socket, context: ssl.SSLContext | None, first_words: bytes) -> None:
    """Answer the bind, then read until the other side ends."""
    if context is not None:
        connection = context.wrap_socket(connection, server_side=True)
    with connection:
        asked = connection.recv(65536)
        if first_words or asked[4:8] != b"\0\0\0\x09":
            connection.sendall(first_words)
            return
        connection.sendall(pdu(0x80000009, 1, b"smsc\0"))
        while connection.recv(65536):
            pass
