"""The carriers of the configuration as rows of the database: what leases, routing and snapshots refer to.

A carrier's TPS has one truth, its row, and the row one rule (ops/decisions/022): the lowest that a living worker's file
says; what is read here says, where no worker has the carrier.
"""

from collections.abc import Collection, Mapping

import asyncpg

from broadcast.config import Carrier, Config
from broadcast.errors import RefusedError
from broadcast.ids import CarrierNo, WorkerNo
from broadcast.languages import _
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name
from broadcast.monitor.logger import logger
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logger(__name__)


async def name_carriers(connection: Connection, config: Config) -> dict[str, CarrierNo]:
    """A row for every carrier of the numbering plan, nothing else changed. Returns carrier_no by name.

    For commands that need names only: they may run with less of the configuration than the workers have.
    """
    await connection.execute(sql("insert_carriers"), sorted(config.country.prefixes))
    return await carrier_numbers(connection)


async def sync_carriers(
    connection: Connection, config: Config, worker_no: WorkerNo | None = None
) -> dict[str, CarrierNo]:
    """Bring `carrier` and `bind_slot` in line with the configuration. Returns carrier_no by name.

    worker_no: whose configuration it is, from now until that worker ends; None, and it holds only where no worker has
    a say. Every carrier of the numbering plan has a row; its TPS is null while it is not connected.
    Slots are numbered from 0, in the order of `Carrier.slots()`; surplus ones go once no worker holds them.
    Rows are locked in the order in which workers lock them. What changes is warned of, and what of this file does not
    hold, since two configurations may be about.
    """
    own = config.carriers
    slots = list(own), [len(each.slots()) for each in own.values()]
    async with connection.transaction():
        await name_carriers(connection, config)
        await connection.fetch(sql("lock_all_carriers"))
        if worker_no is not None:
            await connection.execute(
                sql("say_tps"), worker_no, list(own), [each.tps for each in own.values()]
            )
        said = {row["name"]: row["lowest"] for row in await connection.fetch(sql("said_tps"))}
        holds = {name: each.tps for name, each in own.items()} | said
        changed = await connection.fetch(sql("update_carriers"), list(holds), list(holds.values()))
        await connection.execute(sql("insert_slots"), *slots)
        await connection.execute(sql("delete_surplus_slots"), *slots)
        numbers = await carrier_numbers(connection)
    _warn(changed, own, holds)
    return numbers


async def tps_that_hold(connection: Connection, config: Config) -> dict[str, int]:
    """By name, of every carrier that this configuration or a worker has: its row's, or what this file makes of it."""
    rows = {row["name"]: row["holds"] or row["lowest"] for row in await connection.fetch(sql("said_tps"))}
    return {name: each.tps for name, each in config.carriers.items()} | rows


async def check_has_all(connection: Connection, config: Config, carriers: Collection[str]) -> None:
    """Raises RefusedError when workers send to one of these that this configuration does not know: it cannot be
    foreseen how the text goes there, and its subscribers are not to be left out by a file that is missing."""
    for row in await connection.fetch(sql("said_tps")):
        if row["sends"] and row["name"] in carriers and row["name"] not in config.carriers:
            raise RefusedError(
                _(
                    "workers send to the carrier {name}, which is not in this configuration: "
                    "give the --config FILE that they have",
                    name=row["name"],
                )
            )


async def carrier_numbers(connection: Connection) -> dict[str, CarrierNo]:
    """carrier_no by name, of every carrier ever known."""
    return {row["name"]: row["carrier_no"] for row in await connection.fetch(sql("carrier_numbers"))}


async def carrier_names(connection: Connection) -> dict[CarrierNo, str]:
    """The other way round."""
    return {number: name for name, number in (await carrier_numbers(connection)).items()}


def _warn(changed: list[asyncpg.Record], own: Mapping[str, Carrier], holds: Mapping[str, int]) -> None:
    for row in changed:
        if row["before"] is not None:
            before, after = Count(row["before"]), None if row["after"] is None else Count(row["after"])
            log(events.TPS_CHANGED, carrier=Name(row["name"]), before=before, after=after)
    for name, tps in holds.items():
        here = Count(own[name].tps) if name in own else None
        if here != tps:
            log(events.TPS_DIFFERS, carrier=Name(name), here=here, holds=Count(tps))
