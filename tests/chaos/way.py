"""A database's address on a host: TCP there, the server's Unix socket behind it.

python -m chaos.way HOST PORT SOCKET

A worker's session tells its server to give it up when the network has lost it (broadcast/engine/connections.py). Behind
a Unix socket the server cannot; so it is done here, as soon. Else its locks would be held for ever.
"""

import asyncio
import contextlib
import socket
import sys
from typing import Final

from broadcast.cli.runner import run

_PIECE_OCTETS: Final = 1 << 16
_LOST: Final = {"TCP_KEEPIDLE": 2, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 5000}


async def _serve(host: str, port: int, path: str) -> None:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _watch(writer.get_extra_info("socket"))
        try:
            behind = await asyncio.open_unix_connection(path)
        except OSError:  # the server is down: so is its port
            writer.transport.abort()
            return
        await asyncio.gather(_pass_on(reader, behind[1]), _pass_on(behind[0], writer))

    server = await asyncio.start_server(one, host, port)
    print("ready", flush=True)
    await server.serve_forever()


def _watch(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _LOST.items():
        client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; the other is told."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE_OCTETS):
            writer.write(piece)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
