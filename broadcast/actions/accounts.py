"""Accounts, roles and rules: at home, and then in every ledger of the configuration, where people log in too.

What a ledger could not be told is said with its name, and any of these may be given again: who knows it says so.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg

from broadcast.access.roles import Kind
from broadcast.actions.session import Session
from broadcast.campaign.refusals import refusal
from broadcast.confusable import skeleton
from broadcast.errors import BroadcastError, DatabaseError, InputError, RefusedError
from broadcast.languages import _
from broadcast.store import failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import opened
from broadcast.store.queries import sql
from broadcast.store.types import Connection

HOME: Final = ""
_TOLD_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one database said. ledger: HOME, or its name. number: of the proposal there; problem: None: done."""

    ledger: str
    number: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """name: of the login. verifier: of its password; None: it has none, or one already."""

    name: str
    kinds: tuple[Kind, ...]
    verifier: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """known: False: a login with a role here that nobody made an account. kinds: none: disabled, or all taken away."""

    name: str
    kinds: tuple[str, ...]
    at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """One that waits for a second admin."""

    number: int
    kind: str
    subject: str
    details: Mapping[str, Any]
    proposed_by: str
    at: datetime

    @property
    def code(self) -> str | None:
        """Of the password that comes with it: its owner read it off when typing it."""
        digits = self.details.get("password")
        return None if digits is None else f"{digits[:4]}-{digits[4:]}"


@dataclass(frozen=True, slots=True)
class Everybody:
    """Home's accounts and proposals. masters: logins that may do everything, for they migrate."""

    accounts: Sequence[Account]
    proposals: Sequence[Proposal]
    masters: Sequence[str] = field(default_factory=tuple)


def check_kinds(kinds: Sequence[str]) -> tuple[Kind, ...]:
    """Raises InputError for what is no role, or none at all."""
    known = {kind.value for kind in Kind}
    if not kinds or (wrong := [each for each in kinds if each not in known]):
        known_ones = ", ".join(Kind)
        if not kinds:
            raise InputError(_("an account needs a role: {known}", known=known_ones))
        raise InputError(_("there is no role {role}: {known}", role=wrong[0], known=known_ones))
    return tuple(Kind(each) for each in dict.fromkeys(kinds))


async def begin(session: Session, new: Sequence[NewAccount]) -> list[Told]:
    """The first accounts, by who migrates: of each database in one transaction, those that are no admins first."""
    ordered = sorted(new, key=lambda each: Kind.ADMIN in each.kinds)

    async def make(database: Connection) -> None:
        async with database.transaction():
            for each in ordered:
                kinds = [kind.value for kind in each.kinds]
                await database.execute(
                    sql("begin_account"), each.name, skeleton(each.name), kinds, each.verifier
                )

    return await _everywhere(session, make)


async def propose_account(session: Session, new: NewAccount) -> list[Told]:
    """One admin proposes; nothing changes before another confirms."""
    details = {"kinds": sorted(new.kinds), "skeleton": skeleton(new.name)}
    return await _propose(session, "account", new.name, details, new.verifier)


async def propose_role(session: Session, name: str, kind: Kind) -> list[Told]:
    """The same of one role more."""
    return await _propose(session, "role", name, {"kind": kind.value})


async def propose_password(session: Session, name: str, verifier: str) -> list[Told]:
    """The same of a new password for who forgot theirs."""
    return await _propose(session, "password", name, {}, verifier)


async def propose_rule(session: Session, key: str, value: int) -> list[Told]:
    """The same of a rule. Ledgers keep it too, for what is ordered there while home is away."""
    return await _propose(session, "rule", key, {"value": value})


async def decide(session: Session, number: int, *, yes: bool) -> list[Told]:
    """Home's proposal of this number, by another admin, or, declined, by any: in each ledger the same one."""
    row = await _proposal(session.connection, number)
    _check_looks(row)

    async def at_home(database: Connection) -> int:
        await database.execute(sql("decide"), number, yes)
        return number

    async def in_ledger(database: Connection) -> int | None:
        found = await database.fetchrow(sql("same_proposal"), row["kind"], row["subject"], row["details"])
        if found is None:
            raise RefusedError(
                _("it knows nothing of this proposal: have it proposed again, then confirm that")
            )
        if found["decided_at"] is None:
            await database.execute(sql("decide"), found["proposal_no"], yes)
        return int(found["proposal_no"])

    return await _everywhere(session, in_ledger, at_home if row["decided_by"] is None else _nothing)


async def disable(session: Session, name: str) -> list[Told]:
    """No role any more, at once; one admin is enough."""
    return await _everywhere(session, lambda database: database.execute(sql("disable_account"), name))


async def take_role(session: Session, name: str, kind: Kind) -> list[Told]:
    """One role less, likewise."""
    return await _everywhere(session, lambda database: database.execute(sql("take_role"), name, kind.value))


async def own_password(session: Session, verifier: str) -> list[Told]:
    """Of who is logged in; no second person is asked."""
    quoted = verifier.replace("'", "''")  # no parameter may stand there
    return await _everywhere(
        session, lambda database: database.execute(f"ALTER ROLE SESSION_USER PASSWORD '{quoted}'")
    )


async def login(session: Session) -> str:
    """Who is logged in at home."""
    return str(await session.connection.fetchval(sql("session_login")))


async def everybody(session: Session) -> Everybody:
    """Accounts, what waits, and who may do everything."""
    home = session.connection
    accounts = [
        Account(
            row["name"],
            tuple(row["kinds"]),
            row["at"],
            row["disabled_at"],
            row["disabled_by"],
            row["known"],
        )
        for row in await home.fetch(sql("accounts"))
    ]
    waiting = [_read(row) for row in await home.fetch(sql("proposals"), None)]
    masters = [row["name"] for row in await home.fetch(sql("may_do_everything"))]
    return Everybody(accounts, waiting, masters)


async def proposal(session: Session, number: int) -> Proposal:
    """One of home's. Raises InputError when there is none."""
    return _read(await _proposal(session.connection, number))


async def rules(session: Session) -> dict[str, int]:
    """Those that were set, by key."""
    return {row["key"]: int(row["value"]) for row in await session.connection.fetch(sql("rules"))}


async def _propose(
    session: Session, kind: str, subject: str, details: Mapping[str, Any], verifier: str | None = None
) -> list[Told]:
    said = json.dumps(details)
    return await _everywhere(
        session, lambda database: database.fetchval(sql("propose"), kind, subject, said, verifier)
    )


async def _proposal(home: Connection, number: int) -> asyncpg.Record:
    row = await home.fetchrow(sql("proposals"), number)
    if row is None:
        raise InputError(_("there is no proposal {number}: see `broadcast user list`", number=str(number)))
    return row


def _check_looks(row: asyncpg.Record) -> None:
    """What a name looks like is computed by who proposes; who confirms computes it again."""
    if row["kind"] == "account" and json.loads(row["details"])["skeleton"] != skeleton(row["subject"]):
        raise RefusedError(_("the proposal is wrong about what the name looks like: decline it"))


def _read(row: asyncpg.Record) -> Proposal:
    details = json.loads(row["details"])
    return Proposal(row["proposal_no"], row["kind"], row["subject"], details, row["proposed_by"], row["at"])


Step = Callable[[Connection], Awaitable[Any]]


async def _nothing(database: Connection) -> None:
    """It is done there already."""


async def _everywhere(session: Session, step: Step, at_home: Step | None = None) -> list[Told]:
    """At home, and then in the ledgers. Raises what home says where it is the only one; else a ledger is told even
    what home knows already. Raises when all have a problem."""
    done: list[tuple[Told, BroadcastError | None]] = []
    done.append(await _told(HOME, at_home or step, session.connection))
    ledgers = session.configuration.ledgers if session.configuration else {}
    for name, ledger in sorted(ledgers.items()):
        if ledger.home:
            continue
        try:
            async with opened(name, ledger) as connection:
                done.append(await _told(name, step, connection))
        except (DatabaseError, RefusedError) as error:
            done.append((Told(name, problem=str(error).removeprefix(f"ledger {name}: ")), error))
    errors = [error for told, error in done if error is not None]
    if len(errors) == len(done):
        raise errors[0] if len(errors) == 1 else type(errors[0])(_everybodys(done))
    return [told for told, error in done]


def _everybodys(done: Sequence[tuple[Told, BroadcastError | None]]) -> str:
    """Each database's problem, with its name."""
    return "; ".join(
        f"{_('ledger {ledger}: ', ledger=each.ledger) if each.ledger else _('home: ')}{each.problem}"
        for each, error in done
    )


async def _told(ledger: str, step: Step, database: Connection) -> tuple[Told, BroadcastError | None]:
    try:
        with pool.within(database, _TOLD_S):
            number = await step(database)
    except asyncpg.PostgresError as error:
        known = refusal(error)
        if known is None and not isinstance(error, MENDABLE):
            raise
        found = known or failures.explain(error)
        return Told(ledger, problem=str(found)), found
    except RefusedError as error:
        return Told(ledger, problem=str(error)), error
    return Told(ledger, number if isinstance(number, int) else None), None
