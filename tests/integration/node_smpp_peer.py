"""An SMSC that is not ours: npm's `smpp`, installed once and run by node (see node_smpp/server.js)."""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE_S

FOLDER = Path(__file__).parent / "node_smpp"
INSTALL_S = 90
# what npm says when no registry can be reached
_OFFLINE = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "EHOSTUNREACH",
)


def installed(cache: pytest.Cache) -> Path:
    """The folder of the pinned packages, made on first use. Skips where node, npm or the registry is missing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing (Debian: apt-get install nodejs npm)")
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = cache.mkdir(f"node_smpp-{sha256(lock).hexdigest()[:12]}")
    with (folder / "lock").open("a") as turn:  # test processes side by side: one installs, the others wait
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _install(folder)
            (folder / "complete").touch()
    return folder / "node_modules"


def _install(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install the peer within {INSTALL_S} s")
    if done.returncode and any(word in done.stderr for word in _OFFLINE):
        pytest.skip("npm reaches no registry")
    assert done.returncode == 0, done.stderr


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
