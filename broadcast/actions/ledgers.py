"""The databases of a home: what each is and how it stands, and the ledgers that there are from now on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from broadcast.access import logins
from broadcast.actions.session import Session
from broadcast.config import Config, Ledger, Purpose
from broadcast.errors import BroadcastError, RefusedError, SchemaError
from broadcast.languages import N_, _
from broadcast.store import address, citus, ledgers, migrations, pool
from broadcast.store.citus import Spreading
from broadcast.store.purpose import purpose
from broadcast.store.queries import sql
from broadcast.store.types import Connection

HOME: Final = "home"
_ASKED_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How one database stands. problem: None: it is ready. prepared: transactions that it, or nodes of its cluster,
    have yet to end. nodes: of a Citus cluster, `host:port`; away: of these. spread: the subscribers are there.
    login: who asked; advice: what is to be done about accounts. purpose: None where its schema is behind."""

    name: str
    place: str
    problem: str | None
    server: str | None = None
    applied: Sequence[str] = ()
    pending: Sequence[str] = ()
    old_workers: Sequence[str] = ()
    prepared: int = 0
    spread: bool = False
    nodes: Sequence[str] = ()
    away: Sequence[str] = ()
    login: str | None = None
    advice: str | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """What was done. ledgers: those that there are now, and what each has. subscribers: of a home that is a cluster."""

    ledgers: Mapping[str, Any]
    subscribers: Spreading | None


async def standing(name: str, place: str, connection: Connection) -> Standing:
    """connection: opened with check_schema=False."""
    with pool.within(connection, _ASKED_S, what=N_("say its schema")):
        server = await connection.fetchrow(sql("server_version"))
        found = await migrations.status(connection)
        old = await migrations.old_workers(connection)
        prepared = await connection.fetchval(sql("prepared_transactions"))
        cluster = await citus.look(connection) or citus.NONE
        who = await logins.standing(connection)
        what_for = None if found.pending else await purpose(connection)
    problem = cluster.problem
    try:
        found.check()
    except SchemaError as error:
        problem = str(error)
    return Standing(
        name, place, problem, server["text"] if server else None,
        [f"{each.version:04}_{each.name}" for each in found.applied],
        [f"{each.version:04}_{each.name}" for each in found.pending],
        [f"{each.host} ({each.pid})" for each in old], prepared + cluster.prepared,
        cluster.spread, cluster.nodes, cluster.away, who.login if who else None, who.advice() if who else None,
        what_for,
    )  # fmt: skip


async def all_standing(config: Config | None) -> list[Standing]:
    """Of every ledger of the configuration that is not home."""
    found = []
    for name, ledger in sorted(config.ledgers.items() if config else ()):
        if ledger.home:
            continue
        place = ""
        try:
            url = ledger.url()
            place = f"{address.place(url)}/{address.database(url)}"
            connection = await pool.connect(url, check_schema=False)
        except BroadcastError as error:
            found.append(Standing(name, place, str(error)))
            continue
        try:
            found.append(await standing(name, place, connection))
        except BroadcastError as error:
            found.append(Standing(name, place, str(error)))
        finally:
            connection.terminate()
    return found


async def spread(session: Session) -> Spread:
    """Home has the configuration's ledgers from now on; its subscribers are spread if it is a Citus cluster.

    Raises RefusedError: a database is something else; an alert is open where a carrier leaves; a ledger that has people
    is missing in the configuration; a launch or another of these is under way. Safe to repeat.
    """
    home = session.connection
    async with home.transaction():
        if not await home.fetchval(sql("spread_claim")):
            raise RefusedError(_("a launch or another `broadcast db spread` is under way: wait for its end"))
        await _spread(home, session.config)
    now = {name: json.loads(carriers) for name, carriers in (await ledgers.known(home)).items()}
    return Spread(now, await citus.spread(home))


async def _spread(home: Connection, config: Config) -> None:
    before = {name: json.loads(carriers) for name, carriers in (await ledgers.known(home)).items()}
    if missing := sorted(before.keys() - config.ledgers.keys()):
        raise RefusedError(
            _(
                "home has people in the ledger {missing}, and this configuration has no [ledgers.{missing}]: keep "
                "it, without carriers where it is to get none",
                missing=missing[0],
            )
        )
    found = await ledgers.identity(home)
    if found.ledger is not None:
        raise RefusedError(_("the database of BROADCAST_DATABASE_URL is a ledger: name home there"))
    what_for = await purpose(home)
    for name, ledger in sorted(config.ledgers.items()):
        if not ledger.home:
            await _become(name, ledger, found.home_id, what_for)
    await _check_moves(home, config, before)
    rows = [
        (name, ledger.home, json.dumps(ledgers.spelt(ledger)))
        for name, ledger in sorted(config.ledgers.items())
    ]
    await home.execute(
        sql("keep_ledgers"), *([list(column) for column in zip(*rows, strict=True)] or [[], [], []])
    )
    await home.execute(sql("note_act"), "spread", "ledgers", json.dumps({"ledgers": sorted(config.ledgers)}))


async def _become(name: str, ledger: Ledger, home_id: UUID, what_for: Purpose) -> None:
    async with ledgers.opened(name, ledger) as connection:
        with pool.within(connection, _ASKED_S):
            async with connection.transaction():
                if not await connection.fetchval(
                    sql("spread_claim")
                ):  # it is ours: a lock is of one database
                    raise RefusedError(
                        _("ledger {name}: its database is home itself; correct its URL", name=name)
                    )
                if await connection.fetchval(sql("become_ledger"), home_id, name, what_for) is None:
                    raise await _other(name, connection)


async def _other(name: str, connection: Connection) -> RefusedError:
    found = await ledgers.identity(connection)
    what = (
        _("the ledger {ledger}", ledger=found.ledger)
        if found.ledger
        else _("a home of its own, with campaigns or people")
    )
    return RefusedError(
        _("ledger {name}: its database is {what} already; give it an empty one", name=name, what=what)
    )


async def _check_moves(home: Connection, config: Config, before: Mapping[str, Mapping[str, Any]]) -> None:
    """A carrier leaves a database only when nobody waits there, or waits for a receipt: these would come elsewhere. Nor
    does a share change before: until workers have the new file, two ledgers could send more than the carrier's TPS."""
    old = before or {"": dict.fromkeys(config.carriers)}
    for name, had in old.items():
        ledger = config.ledgers.get(name)
        has = ledgers.spelt(ledger) if ledger else _at_home(config)
        leaving = [carrier for carrier in had if carrier not in has or has[carrier] != had[carrier]]
        if leaving:
            await _check_idle(home, config, name, leaving)


def _at_home(config: Config) -> Mapping[str, Any]:
    """What home has of the carriers from now on: all where it is the only one."""
    if not config.ledgers:
        return dict.fromkeys(config.carriers)
    return {
        carrier: shape
        for ledger in config.ledgers.values()
        if ledger.home
        for carrier, shape in ledgers.spelt(ledger).items()
    }


async def _check_idle(home: Connection, config: Config, name: str, carriers: Iterable[str]) -> None:
    ledger = config.ledgers.get(name)
    there: AbstractAsyncContextManager[Connection] = nullcontext(home)
    if ledger is not None and not ledger.home:
        there = ledgers.opened(name, ledger)
    async with there as connection:
        with pool.within(connection, _ASKED_S):
            rows = await connection.fetch(sql("open_here"), list(carriers))
    if rows:
        where = f"ledger {name}" if name else HOME
        raise RefusedError(
            _(
                "the carrier {carrier} cannot leave {where} yet: the campaign {name} is open there; "
                "leave the carrier, or its share, as it is until that is finished",
                carrier=rows[0]["carrier"],
                where=where,
                name=rows[0]["name"],
            )
        )
