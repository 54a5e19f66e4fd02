"""Every step of an alert as every kind of login, from every state, straight in SQL: what MOVES and rights allow."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
from integration.rights_world import DONE, LOGINS, Database, logins, opened

from broadcast.access.roles import Kind
from broadcast.bench.people import acting
from broadcast.campaign.content import content
from broadcast.campaign.lifecycle import MOVES, CampaignState
from broadcast.store.clock import database_time
from broadcast.store.embedded import Server

_S = CampaignState
_BEGUN: Final = frozenset({_S.RUNNING, _S.PAUSED})
SUPERUSER: Final = "broadcast"
_LAUNCH: Final = """DO $do$ BEGIN
    PERFORM public.desk_begin_launch({id});
    INSERT INTO public.slice (campaign_id, carrier_no, total, msisdns) VALUES ({id}, {carrier}, 1, '{{84912345678}}');
    PERFORM public.desk_count({id});
    PERFORM public.desk_launch({id}, 1, 1, 0, '{{}}', '{{}}', '{{}}');
END $do$"""


def _to(target: CampaignState) -> frozenset[CampaignState]:
    return frozenset(origin for origin, targets in MOVES.items() if target in targets)


# a step as SQL, who may take it, and from which states; of home, then of ledgers
Step = tuple[str, Kind, frozenset[CampaignState]]
HOME: Final[tuple[Step, ...]] = (
    ("SELECT public.desk_draft('another', '{document}')", Kind.AUTHOR, frozenset(_S)),
    ("SELECT public.desk_edit({id}, '{document}')", Kind.AUTHOR, _to(_S.DRAFT)),
    ("SELECT public.desk_approve({id}, '{code}')", Kind.APPROVER, _to(_S.APPROVED)),
    ("SELECT public.desk_override({id})", Kind.APPROVER, frozenset()),
    ("SELECT public.desk_withdraw({id}, 'wrong')", Kind.APPROVER, frozenset({_S.APPROVED})),
    ("SELECT public.desk_return({id}, 'wrong')", Kind.APPROVER, _to(_S.DRAFT)),
    ("SELECT public.desk_begin_launch({id})", Kind.OPERATOR, frozenset({_S.APPROVED})),
    ("SELECT public.desk_count({id})", Kind.OPERATOR, frozenset()),
    ("SELECT public.desk_launch({id}, 0, 1, 0, '{{}}', '{{}}', '{{}}')", Kind.OPERATOR, frozenset()),
    (_LAUNCH, Kind.OPERATOR, frozenset({_S.APPROVED})),
    ("SELECT public.desk_pause({id})", Kind.OPERATOR, _to(_S.PAUSED)),
    ("SELECT public.desk_resume({id})", Kind.OPERATOR, frozenset({_S.PAUSED})),
    ("SELECT public.desk_cancel({id})", Kind.OPERATOR, _to(_S.CANCELLED)),
    ("SELECT public.desk_order_here({id}, 'paused')", Kind.OPERATOR, frozenset()),
    ("SELECT public.copy_begin('{row}', '[]', now())", Kind.OPERATOR, frozenset()),
    ("SELECT public.copy_end({id}, 1, 1, 0)", Kind.OPERATOR, frozenset()),
    (
        "INSERT INTO public.slice (campaign_id, carrier_no, total, msisdns) "
        "VALUES ({id}, {carrier}, 1, '{{84912345678}}')",
        Kind.WORKER,
        frozenset(_S),
    ),
)


def _of_home(statement: str) -> bool:
    return ".desk_" in statement and "order_here" not in statement


LEDGER: Final[tuple[Step, ...]] = (
    *((statement, kind, frozenset[CampaignState]()) for statement, kind, _ in HOME if _of_home(statement)),
    ("SELECT 1 / public.desk_order_here({id}, 'paused')::integer", Kind.OPERATOR, _BEGUN),
    ("SELECT 1 / public.desk_order_here({id}, 'running')::integer", Kind.OPERATOR, frozenset()),
    ("SELECT public.copy_end({id}, 1, 1, 0)", Kind.OPERATOR, frozenset()),
)


@pytest.fixture
async def databases(
    server: Server, database_url: str, two_databases: list[str]
) -> AsyncIterator[list[Database]]:
    """Home and a ledger, each with an alert that only_approver approved."""
    async with (
        logins(server),
        opened("home", database_url) as home,
        opened("north", two_databases[0]) as north,
    ):
        for each in (home, north):
            await each.connection.execute(
                _PEOPLE, [login for login, kind in LOGINS.items() if kind is not None]
            )
            await _approved(each)
        await north.connection.execute("UPDATE public.identity SET ledger = 'north'")
        yield [home, north]


@pytest.mark.parametrize("state", _S)
async def test_steps(databases: list[Database], state: CampaignState) -> None:
    for database, steps in zip(databases, (HOME, LEDGER), strict=True):
        said = await _set(database, state)
        statements = [statement.format_map(said) for statement, _, _ in steps]
        for login in (*LOGINS, SUPERUSER):
            kind = LOGINS.get(login)
            found = await database.outcomes(login, statements)
            done = {statement for (statement, _, _), how in zip(steps, found, strict=True) if how == DONE}
            allowed = {statement for statement, who, states in steps if who is kind and state in states}
            if login == SUPERUSER:  # may write any table; the chain tells it (audit verify)
                done = {each for each in done if "desk_" in each or "copy_" in each}
            assert done == allowed, (database.name, login, dict(zip(done ^ allowed, found, strict=False)))


_PEOPLE = (
    "INSERT INTO public.account (name, skeleton, made_login) SELECT n, n, true FROM unnest($1::text[]) AS n"
)


async def _approved(database: Database) -> None:
    connection = database.connection
    await connection.execute("INSERT INTO public.carrier (name, tps) VALUES ('viettel', 100)")
    now = await database_time(connection)
    made = content(
        text="Rửa tay",
        sender="BOYTE",
        carriers=("viettel",),
        category="health",
        expires_at=now + timedelta(hours=6),
    )
    document = json.dumps(made.document())
    async with acting(connection, "only_author"):
        number = await connection.fetchval("SELECT public.desk_draft('alert', $1)", document)
    code = await connection.fetchval("SELECT public.content_code(c) FROM public.campaign AS c")
    async with acting(connection, "only_approver"):
        await connection.execute("SELECT public.desk_approve($1, $2)", number, code)


async def _set(database: Database, state: CampaignState) -> dict[str, object]:
    """The alert is in this state, by whoever may write any table. What the steps name."""
    connection = database.connection
    begun = state in (*_BEGUN, _S.FINISHED)
    await connection.execute(
        "UPDATE public.campaign SET state = $1, launched_at = CASE WHEN $2 THEN now() END", state.value, begun
    )
    if state is _S.DRAFT:
        await connection.execute("UPDATE public.approval SET void_at = now()")
    row = await connection.fetchrow(
        """SELECT campaign_id AS id, public.content_document(c)::text AS document, to_jsonb(c)::text AS row,
                  public.content_code(c) AS code,
                  (SELECT min(carrier_no) FROM public.carrier) AS carrier
             FROM public.campaign AS c"""
    )
    assert row is not None  # it was drafted
    return dict(row)
