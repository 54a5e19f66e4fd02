"""The columns that a list may have beside area and language: registered, listed, dropped."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from broadcast.actions.session import Session
from broadcast.audience import attributes
from broadcast.audience.attributes import Kind
from broadcast.audience.dropping import drop as drop_attribute
from broadcast.audience.importer import RUNS_ALREADY
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.store import citus
from broadcast.store.queries import sql


@dataclass(frozen=True, slots=True)
class Attribute:
    """type: text, number, boolean."""

    name: str
    type: Kind


async def add(session: Session, name: str, kind: Kind) -> Attribute:
    """Nothing happens where it is registered so already. Raises InputError for a name that none may have, RefusedError
    as `attributes.check_new`, and while an import runs."""
    attributes.check_name(name)
    async with _alone(session):
        if await attributes.register(session.connection, {name: kind}):
            await _note(session, "attribute added", name, type=kind)
    return Attribute(name, kind)


async def registered(session: Session) -> list[Attribute]:
    """By name."""
    return [Attribute(*each) for each in (await attributes.registered(session.connection)).items()]


async def drop(session: Session, name: str, *, forget: bool) -> None:
    """forget: also where people have it. Raises as `dropping.drop`, and RefusedError while an import runs."""
    async with _alone(session):
        await drop_attribute(session.connection, name, forget=forget)
        await _note(session, "attribute dropped", name, forget=forget)


@asynccontextmanager
async def _alone(session: Session) -> AsyncIterator[None]:
    """A transaction, beside no import."""
    await citus.recover_if_spread(session.connection)
    async with session.connection.transaction():
        if not await session.connection.fetchval(sql("import_lock")):
            raise RefusedError(_(RUNS_ALREADY))
        yield


async def _note(session: Session, what: str, name: str, **details: object) -> None:
    await session.connection.execute(sql("desk_say"), what, f"attribute {name}", json.dumps(details))
