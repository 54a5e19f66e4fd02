"""An SMSC that is not ours: npm's `smpp`, installed once and run by node (see node_smpp/server.js)."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from integration import npm_packages
from waiting import PATIENCE_S

FOLDER = Path(__file__).parent / "node_smpp"


def installed(cache: pytest.Cache) -> Path:
    """The folder of the pinned packages."""
    return npm_packages.installed(cache, FOLDER)


class NodeSmsc:
    """The running server. events: all that it told, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._told = asyncio.Condition()

    async def listen(self) -> None:
        """Take its events until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._told:
                self.events.append(json.loads(line))
                self._told.notify_all()

    async def until(self, event: str, count: int = 1, **details: Any) -> list[dict[str, Any]]:
        """The events of that name and those details, once there are so many."""
        async with asyncio.timeout(PATIENCE_S), self._told:
            while len(found := self.of(event, **details)) < count:
                await self._told.wait()
            return found

    def of(self, event: str, **details: Any) -> list[dict[str, Any]]:
        """The events so far of that name and those details."""
        wanted = {"event": event, **details}
        return [told for told in self.events if wanted.items() <= told.items()]

    def do(self, command: str, session: int, **details: Any) -> None:
        assert self._process.stdin is not None
        line = json.dumps({"do": command, "session": session, **details})
        self._process.stdin.write(line.encode() + b"\n")


@contextlib.asynccontextmanager
async def running(modules: Path, **options: Any) -> AsyncIterator[tuple[NodeSmsc, int]]:
    """The server with these options, and its port."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(FOLDER / "server.js"),
        json.dumps(options),
        env={**os.environ, "NODE_PATH": str(modules)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    smsc = NodeSmsc(process)
    listening = asyncio.create_task(smsc.listen(), name="node")
    try:
        (told,) = await smsc.until("listening")
        yield smsc, told["port"]
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        await listening
    assert process.returncode == 0
    assert smsc.of("error") == []
