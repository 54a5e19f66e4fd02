"""The way between a worker and Postgres, as a relay on a Unix socket that can go away and come back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from broadcast.store.embedded import _socket_name

_COMMITTED = b"C\0\0\0\x0dSELECT 1\0"  # CommandComplete of a usual group, which is one call


class DatabaseWay:
    """url: the same database through it. `lose`: connections are cut and new ones refused; `silence`: nothing passes.

    swallow: as `silence`, and what was under way on the connections of then never arrives; `speak` ends both.
    groups_wait_s: so long whatever a ledger's session says waits on its way, as for a slow disk.
    cut_commits: so many commits of ledger groups are made, yet instead of the answer the connection ends.
    cut_after: so many octets more of what a ledger's session says arrive, then its connection ends, once.
    """

    def __init__(self, folder: Path, url: str) -> None:
        parts = urlsplit(url)
        self._server_socket = str(Path(parse_qs(parts.query)["host"][0]) / _socket_name())
        self._socket = str(folder / _socket_name())
        self.url = f"postgresql://broadcast@{parts.path}?host={folder}"
        self._writers: set[asyncio.StreamWriter] = set()
        self._passes = asyncio.Event()
        self._passes.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self._ledgers: set[asyncio.StreamWriter] = set()
        self._groups: set[asyncio.StreamWriter] = set()  # of these, those that have begun to write groups
        self.groups_wait_s = 0.0
        self.cut_commits = 0
        self.cut_after: int | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._socket)

    def lose(self) -> None:
        """As a server that is stopped at once."""
        if self._server is not None:
            self._server.close()
            self._server = None
        Path(self._socket).unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()

    def silence(self) -> None:
        """As a server that hangs: connections stay, new ones too, and nothing is answered."""
        self._passes.clear()

    def swallow(self) -> None:
        """As a network that forgets its connections without a word."""
        self._forgotten |= self._writers
        self._passes.clear()

    def speak(self) -> None:
        """Everything passes again."""
        self._passes.set()

    async def stop(self) -> None:
        self._passes.set()
        self.lose()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back, there = await asyncio.open_unix_connection(self._server_socket)
        self._writers |= {writer, there}
        try:
            await asyncio.gather(self._pass_on(reader, there, writer), self._pass_on(back, writer, there))
        except OSError:
            pass  # one side has gone: so does the other
        finally:
            for each in (writer, there):
                each.transport.abort()
                self._writers.discard(each)
            self._tasks.discard(task)

    async def _pass_on(
        self, origin: asyncio.StreamReader, target: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while octets := await origin.read(65536):
            await self._passes.wait()
            if target in self._forgotten:
                continue
            if b"broadcast writer " in octets:  # how a ledger's session names itself
                self._ledgers.add(back)
            if b"commit_group" in octets and back in self._ledgers:
                self._groups.add(back)
            if self.groups_wait_s and target in self._groups:
                await asyncio.sleep(self.groups_wait_s)
            if _COMMITTED in octets and target in self._groups and self.cut_commits:
                self.cut_commits -= 1
                raise ConnectionResetError
            if self.cut_after is not None and back in self._ledgers:
                octets, self.cut_after = octets[: self.cut_after], self.cut_after - len(octets)
            target.write(octets)
            await target.drain()
            if self.cut_after is not None and self.cut_after <= 0:
                self.cut_after = None
                raise ConnectionResetError
        raise ConnectionResetError


@contextlib.asynccontextmanager
async def way_to_database(folder: Path, url: str) -> AsyncIterator[DatabaseWay]:
    way = DatabaseWay(folder, url)
    await way.start()
    try:
        yield way
    finally:
        await way.stop()
