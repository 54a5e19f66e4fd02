"""Two hosts: an SMSC that is live, and a machine that trains. Whatever the mistake there, no connection is opened."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import asyncpg
import pytest
from chaos.hosts import Network, missing, network
from integration.rig import Rig
from waiting import PATIENCE_S, until

_PORT = 2775
_BOOK = 8081
_COUNTRY = Path(__file__).parents[2] / "config" / "vietnam.toml"
_TRAINING = '[site]\npurpose = "training"\nnetworks = ["{net}.128/25"]\n'


@dataclass
class Hosts:
    """smsc: the live one's address."""

    rig: Rig
    net: Network

    @property
    def smsc(self) -> str:
        return self.net.hosts["smsc"]

    async def run(self, host: str, *words: str, files: tuple[Path, ...] = ()) -> asyncio.subprocess.Process:
        """`broadcast ...` there; the database is a socket in the file system, which namespaces share."""
        settings = {
            "BROADCAST_DATABASE_URL": self.rig.url,
            "BROADCAST_CONFIG": os.pathsep.join(map(str, files)),
        }
        process = await asyncio.create_subprocess_exec(
            *self.net.inside(host), sys.executable, "-m", "broadcast", *words, env={**os.environ, **settings},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self.rig.processes.append(process)
        return process

    async def refused(self, *files: Path) -> tuple[int | None, str]:
        """How a worker of these files ends at once, and what it says."""
        process = await self.run("desk", "worker", files=(_COUNTRY, *files))
        _, said = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        return process.returncode, said.decode()

    async def opened(self) -> int:
        """Connections that the SMSC took, ever."""
        return int((await asyncio.to_thread(self._told))["opened"])

    def _told(self) -> Any:
        with urlopen(f"http://{self.smsc}:{_BOOK}/book/sessions", timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def carriers(self, host: str, *, simulated: bool = False) -> Path:
        """The carrier's file."""
        path = self.rig.folder / f"carriers-{host}-{simulated}.toml"
        mark = "simulated = true\n" if simulated else ""
        path.write_text(
            f'[carriers.viettel]\ntps = 100\n{mark}[[carriers.viettel.binds]]\nhost = "{host}"\nport = {_PORT}\n'
            'system_id = "viettel"\nreconnect_min_s = 0.2\n'
        )
        return path

    def training(self) -> Path:
        """The site's file, with a test network beside the live SMSC's address."""
        path = self.rig.folder / "training.toml"
        path.write_text(_TRAINING.format(net=self.smsc.rpartition(".")[0]))
        return path


@pytest.fixture
async def hosts(rig: Rig) -> AsyncIterator[Hosts]:
    if why := missing():
        pytest.skip(why)
    with network(("smsc", "desk")) as net:
        made = Hosts(rig, net)
        personality = rig.folder / "live.toml"
        personality.write_text('name = "viettel"\nsystem_id = "viettel"\n')
        ready = rig.folder / "ready"
        await made.run(
            "smsc", "carrier", "simulate", "--personality", str(personality), "--host", made.smsc, "--port", str(_PORT),
            "--book-port", str(_BOOK), "--ready-file", str(ready),
        )  # fmt: skip
        await until(ready.exists, "the SMSC listens")
        yield made
        await rig.close()


@pytest.mark.long
async def test_no_mistake_leads_from_training_to_a_live_smsc(hosts: Hosts, conn: asyncpg.Connection) -> None:
    live, training = hosts.carriers(hosts.smsc), hosts.training()
    await conn.execute("UPDATE identity SET purpose = 'training'")

    code, said = await hosts.refused(live, training)  # the live file was copied beside the training site's
    assert (code, "not marked as simulated" in said) == (2, True)
    code, said = await hosts.refused(
        hosts.carriers(hosts.smsc, simulated=True), training
    )  # and marked as a simulator
    assert (code, f"has the host {hosts.smsc}" in said) == (2, True)
    code, said = await hosts.refused(hosts.carriers("smsc.example", simulated=True), training)  # by a name
    assert (code, "a name may lead anywhere" in said) == (2, True)
    code, said = await hosts.refused(live)  # the whole configuration is the live one, the database is not
    assert (code, "this database is there to train" in said) == (3, True)
    assert await hosts.opened() == 0

    await conn.execute(
        "UPDATE identity SET purpose = 'live'"
    )  # else these would count none for another reason
    await hosts.run("desk", "worker", files=(_COUNTRY, live))

    async def bound() -> bool:
        return await hosts.opened() > 0

    await until(bound, "a live worker's link")
