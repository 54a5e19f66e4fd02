"""The databases of a home: which one a database is, and connections to the ledgers that have a part of something.

With no ledgers configured home is the one part of everything, by the connection that is there already.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg

from broadcast.config import Config, Ledger
from broadcast.errors import (
    BroadcastError,
    ConfigError,
    DatabaseDownError,
    DatabaseError,
    RefusedError,
    TooSlowError,
)
from broadcast.ids import CampaignId
from broadcast.languages import N_, _
from broadcast.store import address, failures, pool
from broadcast.store.failures import MENDABLE
from broadcast.store.queries import sql
from broadcast.store.types import Connection

SLACK: Final = 1  # schema versions that home and a ledger may differ by, while they are upgraded
CONNECT_S: Final = 4.0
CLOCK_OFF_S: Final = 1.0  # of a ledger, beside home's: more than that is told
LOST: Final = N_(
    "was set back to before this campaign's launch and has nothing of it: `broadcast campaign cancel` ends it"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """home_id: of its home. ledger: None of home itself, and of a database that is nothing yet."""

    home_id: UUID
    ledger: str | None

    @property
    def name(self) -> str:
        """The same on every machine, and after a restore."""
        return f"{self.home_id}/{self.ledger or 'home'}"


@dataclass(frozen=True, slots=True)
class Part:
    """A ledger that was reached. name: '' where home is the only one. home: it is home, by home's own connection."""

    name: str
    connection: Connection
    home: bool


@dataclass(frozen=True, slots=True)
class Away:
    """A ledger that was not reached, and why."""

    name: str
    why: BroadcastError

    @property
    def reason(self) -> str:
        """In words, for a line that has named it."""
        return str(self.why).removeprefix(f"ledger {self.name}: ")


@dataclass(frozen=True, slots=True)
class Parts:
    """Those of a campaign, or all of a home; by name. lost: people, by ledger, of which the ledger has nothing: it was
    set back to a moment before the launch."""

    reached: Sequence[Part]
    away: Sequence[Away] = ()
    lost: Mapping[str, int] = field(default_factory=dict)

    def all(self) -> Sequence[Part]:
        """Raises what kept one from being reached."""
        if self.away:
            raise self.away[0].why
        return self.reached


async def identity(connection: Connection) -> Identity:
    """Which database this is."""
    row = await connection.fetchrow(sql("identity"))
    assert row is not None  # the migration made it
    return Identity(row["home_id"], row["ledger"])


async def known(home: Connection) -> dict[str, str]:
    """What this home's ledgers have of the carriers, as `spelt`, by name; none where home is the only one."""
    return {row["name"]: row["carriers"] for row in await home.fetch(sql("known_ledgers"))}


def spelt(ledger: Ledger) -> dict[str, Any]:
    """What it has of the carriers, as home remembers it: the whole of one (None), or a share."""
    return dict.fromkeys(ledger.carriers) | {
        name: {**asdict(share), "accounts": sorted(share.accounts)} for name, share in ledger.shares.items()
    }


async def check_known(home: Connection, config: Config) -> None:
    """Raises RefusedError when home knows other ledgers, or other carriers of theirs, than this configuration: two
    that send to one carrier would each use its TPS."""
    there = {name: json.loads(carriers) for name, carriers in (await known(home)).items()}
    here = {name: spelt(ledger) for name, ledger in config.ledgers.items()}
    if wrong := sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name)):
        raise _other(wrong[0])


async def check_carriers(home: Connection, name: str, carriers: Mapping[str, Any]) -> None:
    """The same of one ledger alone."""
    if json.loads((await known(home)).get(name, "null")) != carriers:
        raise _other(name)


def clock_words(ahead_s: float) -> str:
    """Of a ledger's clock, ahead of home's by so much; negative: behind."""
    if ahead_s > 0:
        return _(
            "its clock is {off_s:.1f} s ahead of home's, campaigns expire there so much too early: use NTP",
            off_s=ahead_s,
        )
    return _(
        "its clock is {off_s:.1f} s behind home's, campaigns expire there so much too late: use NTP",
        off_s=-ahead_s,
    )


async def check_home(database: Connection) -> None:
    """Raises RefusedError when this is a ledger: what were ordered in it alone, home would not know."""
    if (name := (await identity(database)).ledger) is not None:
        raise RefusedError(
            _(
                "the database of BROADCAST_DATABASE_URL is the ledger {name}: home's URL belongs there",
                name=name,
            )
        )


async def check_alone(database: Connection, carriers: Collection[str]) -> None:
    """For a worker that knows of no ledgers, and has these carriers. Raises RefusedError as `check_home`, and when one
    of them is in another database by now."""
    await check_home(database)
    for row in await database.fetch(sql("known_ledgers")):
        if not row["here"] and (moved := sorted(json.loads(row["carriers"]).keys() & set(carriers))):
            raise RefusedError(
                _(
                    "home has the carrier {moved} in the ledger {name}, and this configuration knows no "
                    "ledgers: give the --config FILE that all have, and --ledger NAME",
                    moved=moved[0],
                    name=row["name"],
                )
            )


def _other(name: str) -> RefusedError:
    return RefusedError(
        _(
            "home knows the ledger {name} otherwise than this configuration, or only one of the two has it: give the "
            "--config FILE that all have, or, where it is to be so from now on, run `broadcast db spread` with it",
            name=name,
        )
    )


@asynccontextmanager
async def parts_of(home: Connection, config: Config | None, campaign_id: CampaignId) -> AsyncIterator[Parts]:
    """The ledgers that have recipients of a campaign; home itself before its launch, and where it is the only one.

    Raises ConfigError when the configuration does not have them.
    """
    people = {row["ledger"]: row["audience"] for row in await home.fetch(sql("campaign_parts"), campaign_id)}
    async with _opened(home, config, list(people)) as parts:
        looked = await asyncio.gather(*(_having(part, campaign_id) for part in parts.reached))
        has = [each for each in looked if isinstance(each, Part)]
        away = [*parts.away, *(each for each in looked if isinstance(each, Away))]
        there = {each.name for each in has} | {each.name for each in away}
        yield Parts(has, away, {name: people[name] for name in people if name not in there})


@asynccontextmanager
async def all_parts(home: Connection, config: Config | None) -> AsyncIterator[Parts]:
    """Every ledger of this home; home itself where it is the only one. Raises as `parts_of`."""
    async with _opened(home, config, sorted(await known(home))) as parts:
        yield parts


@asynccontextmanager
async def named_parts(home: Connection, config: Config) -> AsyncIterator[Parts]:
    """Every ledger of the configuration, which home knows; home itself where it has none. No `db spread` changes that
    meanwhile.

    Raises RefusedError as `check_known`.
    """
    await home.execute(sql("hold_ledgers"))
    try:
        await check_known(home, config)
        async with _opened(home, config, sorted(config.ledgers)) as parts:
            yield parts
    finally:
        if not home.is_closed():
            await home.execute(sql("let_ledgers_go"))


async def open_ledger(
    name: str, ledger: Ledger, home_id: UUID | None, *, check_schema: bool = True
) -> asyncpg.Connection:
    """A connection of one's own to a ledger that is not home. home_id: None, and whose it is is not looked at.

    Raises DatabaseError, ConfigError, RefusedError: it cannot be reached, or is another one; its name in front.
    """
    try:
        url = ledger.url()
        connection = await pool.connect(url, check_schema=check_schema, slack=SLACK, timeout_s=CONNECT_S)
    except BroadcastError as error:
        raise _of(name, error) from error
    try:
        if home_id is not None:
            with naming(name), pool.within(connection, CONNECT_S):
                await _check_is(connection, name, home_id, url)
    except BaseException:
        connection.terminate()
        raise
    return connection


@asynccontextmanager
async def opened(name: str, ledger: Ledger, *, check_schema: bool = True) -> AsyncIterator[Connection]:
    """One that is not looked at, for as long as the block takes. Raises as `open_ledger`."""
    connection = await open_ledger(name, ledger, None, check_schema=check_schema)
    try:
        yield connection
    finally:
        connection.terminate()


async def _check_is(connection: Connection, name: str, home_id: UUID, url: str) -> None:
    found = await identity(connection)
    if found == Identity(home_id, name):
        return
    where = f"{address.place(url)}/{address.database(url)}"
    if found.home_id == home_id:
        what = _("home itself") if found.ledger is None else _("the ledger {ledger}", ledger=found.ledger)
    else:
        what = (
            _("no ledger yet: run `broadcast db spread`")
            if found.ledger is None
            else _("a ledger of another home")
        )
    raise RefusedError(
        _("ledger {name}: the database {where} is {what}; correct its URL", name=name, where=where, what=what)
    )


async def reach(home: Connection, config: Config | None, name: str) -> Part:
    """One ledger; its connection is the caller's to end, unless it is home. Raises as `open_ledger`; ConfigError."""
    return await _part(name, configured(config, [name])[name], home, (await identity(home)).home_id)


@asynccontextmanager
async def parts_to_tell(home: Connection, ledgers: Mapping[str, Ledger]) -> AsyncIterator[Parts]:
    """These ledgers, for an order that home has taken: whatever is wrong with one of them, it is away, and nothing is
    raised, so that the others are told."""
    found = await identity(home)
    async with AsyncExitStack() as stack:
        opening = [_part(name, ledger, home, found.home_id) for name, ledger in ledgers.items()]
        parts = await asyncio.gather(*opening, return_exceptions=True)
        for each in parts:
            if isinstance(each, Part) and not each.home:
                stack.callback(each.connection.terminate)
        away = []
        for name, error in zip(ledgers, parts, strict=True):
            if isinstance(error, BroadcastError):
                away.append(Away(name, error))
            elif isinstance(error, BaseException):
                raise error
        yield Parts([each for each in parts if isinstance(each, Part)], away)


@asynccontextmanager
async def _opened(home: Connection, config: Config | None, names: Sequence[str]) -> AsyncIterator[Parts]:
    if not names:
        yield Parts((Part("", home, home=True),))
        return
    known = configured(config, names)
    async with parts_to_tell(home, {name: known[name] for name in names}) as parts:
        for each in parts.away:
            if not isinstance(each.why, DatabaseError):
                raise each.why
        yield parts


async def _part(name: str, ledger: Ledger, home: Connection, home_id: UUID) -> Part:
    if ledger.home:
        return Part(name, home, home=True)
    return Part(name, await open_ledger(name, ledger, home_id), home=False)


async def _having(part: Part, campaign_id: CampaignId) -> Part | Away | None:
    """None: it has nothing of this campaign."""
    if part.home:
        return part
    try:
        with pool.within(part.connection, CONNECT_S):
            return part if await part.connection.fetchval(sql("has_copy"), campaign_id) else None
    except MENDABLE as error:
        return Away(part.name, _of(part.name, failures.explain(error)))


@contextmanager
def naming(name: str) -> Iterator[None]:
    """What goes wrong with a ledger in this block is told with its name; '': home is the only one."""
    try:
        yield
    except MENDABLE as error:
        if not name:
            raise
        raise _of(name, failures.explain(error)) from error


def configured(config: Config | None, names: Sequence[str]) -> Mapping[str, Ledger]:
    """Those that the configuration has. Raises ConfigError where it has not all of these."""
    known = {} if config is None else config.ledgers
    missing = [name for name in names if name not in known]
    if missing:
        raise ConfigError(
            _(
                "home has the ledger {missing}, and this configuration has not: give the --config FILE with [ledgers], "
                "or set BROADCAST_CONFIG",
                missing=missing[0],
            )
        )
    return known


def _of(name: str, error: BroadcastError) -> BroadcastError:
    """The same with the ledger's name in front."""
    words = _(
        "ledger {name}: {error}", name=name, error=str(error).replace("BROADCAST_DATABASE_URL", _("its URL"))
    )
    return DatabaseDownError(words) if isinstance(error, TooSlowError) else type(error)(words)
