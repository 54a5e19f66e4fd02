"""The database of a run: a copy of one that was prepared once, in a home of its own.

Prepared means: made, migrated, and with the people of the nation imported by `broadcast subscriber import`.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chaos.nation import CARRIERS, COUNTRY, carriers_toml, write_people

from broadcast.store.embedded import SETTINGS, Server
from broadcast.store.migrations import migrate
from broadcast.store.pool import connect
from broadcast.store.scratch import scratch_home

# Several servers share a machine. A server that is stopped loses nothing without fsync; a machine would.
SMALL: Final = {
    **SETTINGS,
    "shared_buffers": "64MB",
    "wal_buffers": "4MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "max_connections": "80",
    "fsync": "off",
}
_IMPORT_S: Final = 300.0


@contextmanager
def prepared(messages: int) -> Iterator[Path]:
    """The data folder of a stopped server that knows so many people."""
    with scratch_home("chaos") as home:
        server = Server(home, SMALL)
        server.start()
        asyncio.run(_migrate(server.url()))
        _import(home, server.url(), messages)
        server.stop()
        yield server.data


@contextmanager
def copy_of(data: Path) -> Iterator[Server]:
    """A server of its own on a copy of these data, not started yet."""
    with scratch_home("chaos") as home:
        server = Server(home, SMALL)
        # with its owners: root's servers run as another user
        subprocess.run(["cp", "-a", str(data), str(server.data)], check=True, timeout=_IMPORT_S)
        yield server


def environment(url: str, config: str) -> Mapping[str, str]:
    """For `python -m broadcast`: nothing of whoever runs the tests but where programs are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCAST_")}
    home = os.environ.get("BROADCAST_HOME")
    more = {"BROADCAST_HOME": home} if home else {}
    return {**kept, **more, "BROADCAST_DATABASE_URL": url, "BROADCAST_CONFIG": config}


async def _migrate(url: str) -> None:
    connection = await connect(url, check_schema=False)
    try:
        await migrate(connection)
    finally:
        await connection.close()


def _import(home: Path, url: str, messages: int) -> None:
    people, carriers = home / "people.csv", home / "carriers.toml"
    write_people(people, messages)
    carriers.write_text(carriers_toml({carrier.name: ("127.0.0.1", 2775) for carrier in CARRIERS}))
    done = subprocess.run(
        [sys.executable, "-m", "broadcast", "subscriber", "import", str(people)],
        env=environment(url, f"{COUNTRY}{os.pathsep}{carriers}"),
        capture_output=True, text=True, timeout=_IMPORT_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"the import failed: {done.stderr}")
