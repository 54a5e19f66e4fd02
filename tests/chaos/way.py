"""A database's address on a host: TCP there, the server's Unix socket behind it.

python -m chaos.way HOST PORT SOCKET
"""

import asyncio
import contextlib
import sys

from broadcast.cli.runner import run

_PIECE_OCTETS = 1 << 16


async def _serve(host: str, port: int, socket: str) -> None:
    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_unix_connection(socket)
        except OSError:  # the server is down: so is its port
            writer.transport.abort()
            return
        await asyncio.gather(_pass_on(reader, behind[1]), _pass_on(behind[0], writer))

    server = await asyncio.start_server(one, host, port)
    print("ready", flush=True)
    await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; the other is told."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE_OCTETS):
            writer.write(piece)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    run(_serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
