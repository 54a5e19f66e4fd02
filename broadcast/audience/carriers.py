"""The carriers of the configuration as rows of the database: what leases, routing and snapshots refer to."""

import logging

from broadcast.config import Config
from broadcast.store.queries import sql
from broadcast.store.types import Connection

log = logging.getLogger(__name__)


async def name_carriers(conn: Connection, config: Config) -> dict[str, int]:
    """A row for every carrier of the numbering plan, nothing else changed. Returns carrier_no by name.

    For commands that need names only: they may run with less of the configuration than the workers have.
    """
    await conn.execute(sql("insert_carriers"), sorted(config.country.prefixes))
    return await carrier_numbers(conn)


async def sync_carriers(conn: Connection, config: Config) -> dict[str, int]:
    """Bring `carrier` and `bind_slot` in line with the configuration. Returns carrier_no by name.

    Every carrier of the numbering plan has a row; its TPS is null while it is not connected.
    Slots are numbered from 0, in the order of `Carrier.slots()`; surplus ones go once no worker holds them.
    Rows are locked in the order in which workers lock them. What one process says holds for all of them: a
    TPS that was another one before is warned of, since two configurations may be about.
    """
    names = sorted(config.country.prefixes)
    tps = [config.carriers[name].tps if name in config.carriers else None for name in names]
    slots = [len(config.carriers[name].slots()) if name in config.carriers else 0 for name in names]
    async with conn.transaction():
        await name_carriers(conn, config)
        await conn.fetch(sql("lock_all_carriers"))
        changed = await conn.fetch(sql("update_carriers"), names, tps)
        await conn.execute(sql("insert_slots"), names, slots)
        await conn.execute(sql("delete_surplus_slots"), names, slots)
        numbers = await carrier_numbers(conn)
    for row in changed:
        if row["before"] is not None:
            now = "not connected" if row["after"] is None else f"{row['after']}"
            log.warning(
                "carrier %s: its TPS was %d and is %s from now on, for every worker: is this the right file?",
                *(row["name"], row["before"], now),
            )
    return numbers


async def carrier_numbers(conn: Connection) -> dict[str, int]:
    """carrier_no by name, of every carrier ever known."""
    return {row["name"]: row["carrier_no"] for row in await conn.fetch(sql("carrier_numbers"))}
