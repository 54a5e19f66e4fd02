"""The audit chain of one database, read in one moment: its entries, and all that must be as they say."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import asyncpg

from broadcast.access.rights import FUNCTIONS, TABLES
from broadcast.access.roles import Kind
from broadcast.acts.chain import Walked, walk
from broadcast.acts.compare import Found, compare, older
from broadcast.acts.difference import Difference
from broadcast.acts.entry import Entry
from broadcast.acts.functions import Function, Trigger, compare_functions
from broadcast.acts.heads import Head
from broadcast.acts.people import People, compare_people, replay_people
from broadcast.acts.replay import Signed, replay
from broadcast.campaign import approval, campaigns
from broadcast.campaign.lifecycle import MOVES
from broadcast.config import Purpose
from broadcast.languages import N_, _
from broadcast.reports.acts import entries
from broadcast.store import migrations
from broadcast.store.ledgers import identity
from broadcast.store.purpose import purpose
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_MOVE_MADE: Final = N_("from {origin} to {target} is allowed, and no rule says so")
_MOVE_GONE: Final = N_("from {origin} to {target} is missing")
_OWNER: Final = "owner"
_COPIED: Final = N_(
    "the copy's text or terms were changed by hand in this ledger: its workers refuse to send it"
)
_PURPOSE: Final = N_(
    "what it is for was changed by hand, past two admins: a live SMSC may be reached from exercises"
)
_GRANTED: Final = N_(
    "somebody gave it by a GRANT of his own: `broadcast db migrate` takes it away; ask who can do that"
)
_WAITS_S: Final = 60  # a transaction of a launch may be long, and holds none up
_HELD: Final = N_(
    "somebody holds the chain in a transaction that is left open, and what was done meanwhile can be deleted without a "
    "trace: look who that is (pg_stat_activity), and end it"
)
_MOVES: Final = N_("which state may follow which was changed by hand: `broadcast db migrate` writes it anew")


@dataclass(frozen=True, slots=True)
class Verified:
    """One database. name: '' of home, else the ledger's. waiting: entries that are in no chain yet. older: campaigns
    from before the chain. owners: who is a member of the owner, and so can change all of it. hashes: of its
    campaigns."""

    name: str
    database: str
    walked: Walked
    waiting: int
    older: int
    owners: Sequence[str]
    hashes: Mapping[int, str]
    purpose: Purpose
    differences: Sequence[Difference]

    @property
    def head(self) -> Head | None:
        """Where its chain ends."""
        return self.walked.head(self.database)


async def verify(
    connection: Connection,
    name: str = "",
    wanted: frozenset[int] = frozenset(),
    home: Verified | None = None,
) -> Verified:
    """wanted: numbers of entries that heads name. home: of a ledger, what was found there."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        who = await identity(connection)
        walked = Walked()
        chained = list(walk(await entries(connection), wanted, walked))
        waiting = await _waiting(connection, len(chained))
        everything = [*chained, *waiting]
        told, impossible = replay(everything, home=who.ledger is None)
        found = await _found(connection, everything)
        people, alone = replay_people(everything)
        there, owners = await _people(connection)
        moves = await _moves(connection)
        here = await purpose(connection)
        replaced = [*await _functions(connection), *await _grants(connection), *await _held(connection)]
    differences = [
        *walked.differences, *impossible, *alone, *compare(told, found), *compare_people(people, there),
        *moves, *replaced,
        *(_purpose(people, here) if home is None else _against(home, found, here)),
    ]  # fmt: skip
    hashes = {number: each.hash for number, each in found.items()}
    return Verified(
        name, who.name, walked, len(waiting), older(told, found), owners, hashes, here, differences
    )


async def _waiting(connection: Connection, chained: int) -> list[Entry]:
    """Numbered as if they followed."""
    rows = await connection.fetch(sql("act_waiting"))
    return [
        Entry(act_no=number, **row, before=b"", hash=b"")
        for number, row in enumerate(rows, start=chained + 1)
    ]


async def _found(connection: Connection, acts: Sequence[Entry]) -> dict[int, Found]:
    since = await connection.fetchval(sql("act_chain_since"))
    found = {
        each.campaign_id: Found(
            name=each.name,
            state=each.state.value,
            hash=approval.content_hash(each.content).hex(),
            launched_by=each.launched_by,
            audience=each.audience,
            finished=each.finished_at is not None,
            old=each.drafted_at < since,
            order=each.control_no,
        )
        for each in await campaigns.all_campaigns(connection)
    }
    by_number: dict[int, Found] = {int(number): each for number, each in found.items()}
    await _add_rows(connection, by_number, min((each.at for each in acts), default=None))
    return by_number


async def _add_rows(connection: Connection, found: Mapping[int, Found], since: datetime | None) -> None:
    """What stands beside campaigns; of one that is gone nothing. since: the first entry, so of the same time."""
    for row in await connection.fetch(sql("act_approvals")):
        if one := found.get(row["campaign_id"]):
            one.approvals[row["approval_no"]] = Signed(row["signer"], row["kind"], row["hash"])
    for row in await connection.fetch(sql("act_archives")):
        if one := found.get(row["campaign_id"]):
            one.archived = True
    for row in await connection.fetch(sql("act_events"), since) if since else ():
        if one := found.get(row["campaign_id"]):
            one.events[row["event"]] = row["times"]


async def _people(connection: Connection) -> tuple[People, Sequence[str]]:
    accounts = await connection.fetch(sql("act_accounts"))
    rules = await connection.fetch(sql("act_rules"))
    found = People(
        accounts={row["name"]: row["enabled"] for row in accounts},
        rules={row["key"]: json.loads(row["value"]) for row in rules},
    )
    owners = list[str]()
    for row in await connection.fetch(sql("act_roles")):
        if row["kind"] == _OWNER:
            owners.append(row["name"])
        else:
            found.roles.setdefault(row["name"], set()).add(row["kind"])
    return found, sorted(owners)


async def _moves(connection: Connection) -> list[Difference]:
    rows: list[asyncpg.Record] = await connection.fetch(sql("act_moves"))
    there = {(row["origin"], row["target"]) for row in rows}
    allowed = {(origin.value, target.value) for origin, targets in MOVES.items() for target in targets}
    return [
        Difference("campaign_move", _(what, origin=origin, target=target), _(_MOVES))
        for pairs, what in ((there - allowed, _MOVE_MADE), (allowed - there, _MOVE_GONE))
        for origin, target in sorted(pairs)
    ]


async def _functions(connection: Connection) -> list[Difference]:
    """Nothing is said of a database that a newer version has migrated."""
    found = await migrations.status(connection)
    if found.ahead:
        return []
    done = {each.version for each in found.applied}
    return list(
        compare_functions(
            [each.text for each in found.known if each.version in done],
            [Function(**row) for row in await connection.fetch(sql("act_functions"))],
            [Trigger(**row) for row in await connection.fetch(sql("act_triggers"))],
        )
    )


async def _grants(connection: Connection) -> list[Difference]:
    """Rights beyond the table of rights; whoever reads is let."""
    kinds = {row["role_name"]: row["kind"] for row in await connection.fetch(sql("act_role_names"))}
    return [
        Difference(
            row["name"],
            _("{who} may {what}, and no right says so", who=row["who"] or "PUBLIC", what=row["what"]),
            _(_GRANTED),
        )
        for row in await connection.fetch(sql("act_grants"))
        if (row["name"] in TABLES or row["name"] in FUNCTIONS)
        and not _allowed(kinds.get(row["who"]), row["name"], row["what"])
    ]


def _allowed(kind: str | None, name: str, what: str) -> bool:
    if kind not in set(Kind):
        return False
    rights = TABLES.get(name, {}).get(Kind(kind), ())
    return Kind(kind) in FUNCTIONS.get(name, ()) or any(what in right.privileges for right in rights)


async def _held(connection: Connection) -> list[Difference]:
    waits: int = await connection.fetchval(sql("act_waits"))
    if waits < _WAITS_S:
        return []
    return [
        Difference("act_new", _("what was done is in no chain since {seconds} s", seconds=waits), _(_HELD))
    ]


def _purpose(told: People, here: Purpose) -> list[Difference]:
    said: Purpose = "training" if told.rules.get("training") else "live"
    if said == here:
        return []
    what = _("the database is for {here}, and by the chain for {said}", here=here, said=said)
    return [Difference("identity", what, _(_PURPOSE))]


def _against(home: Verified, found: Mapping[int, Found], here: Purpose) -> list[Difference]:
    """Of a ledger: it is for what home is for, and each copy says what home's campaign says."""
    if here == home.purpose:
        return _copies(found, home.hashes)
    what = _("it is for {here}, and home for {home}", here=here, home=home.purpose)
    return [Difference("identity", what, _(_PURPOSE)), *_copies(found, home.hashes)]


def _copies(found: Mapping[int, Found], home: Mapping[int, str]) -> list[Difference]:
    return [
        Difference(
            _("campaign {name}", name=each.name),
            _("its copy has the hash {here}, and home's {home}", here=each.hash[:8], home=home[number][:8]),
            _(_COPIED),
        )
        for number, each in sorted(found.items())
        if number in home and each.hash != home[number]
    ]


def named(verified: Verified) -> list[Difference]:
    """Its differences, of a ledger with its name in front."""
    if not verified.name:
        return list(verified.differences)
    return [
        replace(each, place=_("ledger {name}, {place}", name=verified.name, place=each.place))
        for each in verified.differences
    ]
