"""What a run leaves for its checks, and for whoever looks into a failure."""

import json
import re
import shutil
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from chaos.database import Database
from chaos.world import START_S, STARTED, World
from waiting import until

# From its first line to its error, and no line of the log between.
NO_DATABASE: Final = re.compile(
    r"^Traceback \(most recent call last\):\n(?:(?!\d{4}-|\{).*\n)*?broadcast\.errors\.DatabaseDownError: ",
    re.MULTILINE,
)
_WHOLE = (
    "worker", "bind_slot", "in_doubt", "tally", "carrier_tally", "campaign", "resolver", "resolver_cursor", "misfit",
    "sent", "received", "result", "parked",
)  # fmt: skip
DUMPED: Final = {
    "slice": """SELECT slice_id, carrier_no, total, mark, state, worker_no, token, resends,
                       bit_count(answered) AS answered, bit_count(retry) AS retry FROM slice ORDER BY slice_id""",
    "sessions": """SELECT pid, application_name, state, wait_event, now() - xact_start AS open_for, query,
                          (SELECT array_agg(DISTINCT concat_ws(' ', locktype, relation::regclass, objid, mode, granted))
                             FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid) AS locks
                     FROM pg_stat_activity WHERE backend_type = 'client backend'""",
    **{name: f"SELECT * FROM {name}" for name in _WHOLE},
}


async def accounts(world: World) -> dict[str, Any]:
    """What each SMSC knows (smsc.Account as JSON)."""
    found = {}
    for name, smsc in world.smscs.items():
        if smsc.process.returncode is not None:
            raise RuntimeError(f"the simulator of {name} has ended")
        path = world.folder / f"{name}.account"
        path.unlink(missing_ok=True)
        smsc.tell("account", path)
    for name in world.smscs:
        path = world.folder / f"{name}.account"
        await until(path.exists, f"the account of {name}", START_S)
        found[name] = json.loads(path.read_text())
    return found


async def keep(world: World) -> None:
    """The databases' tables as CSV, their sessions and logs, and the SMSCs' accounts: in the run's folder."""
    for database in world.databases.values():
        if database.server.answers():
            await _keep(database, world.folder)
    if all(smsc.process.returncode is None for smsc in world.smscs.values()):
        await accounts(world)


async def _keep(database: Database, folder: Path) -> None:
    for name, query in DUMPED.items():
        async with database.connected() as conn:
            await conn.copy_from_query(
                query, output=folder / f"{database.name}-{name}.csv", format="csv", header=True
            )
    shutil.copyfile(database.server.log, folder / f"{database.name}-postgres.log")


def begin(folder: Path) -> None:
    """An empty folder for a run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def words(error: BaseException) -> list[str]:
    """What went wrong, and where in the suite."""
    if isinstance(error, BaseExceptionGroup):
        return [each for one in error.exceptions for each in words(one)]
    place = traceback.extract_tb(error.__traceback__)[-1]
    return [f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"]


def tracebacks(folder: Path, places: Collection[str]) -> tuple[str, ...]:
    """Logs with one; but not of processes that did not start, nor of a resolver that its worker could not start: they
    may say at length why there is no database. places: of the product's processes."""
    logs = {path.name: path.read_text(errors="replace") for path in sorted(folder.glob("*.log"))}
    starting = {
        name for name, log in logs.items() if name.rsplit("-", 1)[0] in places and not STARTED.search(log)
    }
    return tuple(
        name for name, log in logs.items() if "Traceback" in NO_DATABASE.sub("", log) and name not in starting
    )
