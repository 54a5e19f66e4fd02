"""Law 6 whatever is tried: sequences of steps, straight in SQL, and a model that knows who wrote and who approved."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import asyncpg
import pytest
from acting import acting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.test_campaigns import alert

from broadcast.store.pool import connect

WAIT_S: Final = 120
ACTS: Final = ("edit", "approve", "override", "withdraw", "return", "launch", "pause", "resume", "wait")
PEOPLE: Final = ("an", "binh", "mai", "chi")
SQL: Final = {
    "edit": "SELECT desk_edit($1, $2)",
    "approve": """SELECT desk_approve($1, content_code(campaign))
                    FROM campaign WHERE campaign_id = $1""",
    "override": "SELECT desk_override($1)",
    "withdraw": "SELECT desk_withdraw($1, 'why')",
    "return": "SELECT desk_return($1, 'why')",
    "pause": "SELECT desk_pause($1)",
    "resume": "SELECT desk_resume($1)",
}
LAUNCH: Final = (
    "SELECT desk_begin_launch($1)",
    """INSERT INTO slice (campaign_id, carrier_no, total, msisdns)
       SELECT $1, carrier_no, 1, '{84960000000}' FROM carrier LIMIT 1""",
    "SELECT desk_count($1)",
    "SELECT desk_launch($1, 1, 1, 0, '{}', '{}', '{}')",
)
# as tests/acting.py
ROLES: Final = {
    "author": {"an", "mai"},
    "approver": {"binh", "mai", "chi"},
    "operator": {"an", "binh", "mai"},
}


@dataclass
class Model:
    """What is to be true. signed: who approved what there is, and whether it was long ago."""

    writer: str
    needed: int
    overrides: bool
    state: str = "draft"
    signed: dict[str, bool] = field(default_factory=dict)
    overridden: set[str] = field(default_factory=set)
    returned: bool = False

    def act(self, who: str, act: str) -> None:
        """What becomes of it, where a rule allows it."""
        unlaunched = self.state in ("draft", "approved")
        if act == "wait":
            self.signed = dict.fromkeys(self.signed, True)
        elif act == "edit" and who in ROLES["author"] and unlaunched:
            self.writer, self.state, self.returned = who, "draft", False
            self.signed, self.overridden = {}, set()
        elif act in ("approve", "override", "withdraw", "return") and who in ROLES["approver"] and unlaunched:
            getattr(self, f"_{act}")(who)
        elif who in ROLES["operator"]:
            moves = {
                ("approved", "launch"): "running",
                ("running", "pause"): "paused",
                ("paused", "resume"): "running",
            }
            self.state = moves.get((self.state, act), self.state)

    def _approve(self, who: str) -> None:
        if self.state == "draft" and who != self.writer and who not in self.signed and not self.returned:
            self.signed[who] = False
            self._settle()

    def _override(self, who: str) -> None:
        if self.overrides and self.state == "draft" and who != self.writer and self.signed.get(who):
            self.overridden.add(who)
            self._settle()

    def _withdraw(self, who: str) -> None:
        self.signed.pop(who, None)
        self.overridden.discard(who)
        self._settle()

    def _return(self, who: str) -> None:
        self.signed, self.overridden, self.state, self.returned = {}, set(), "draft", True

    def _settle(self) -> None:
        self.state = "approved" if self.overridden or len(self.signed) >= self.needed else "draft"


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


async def prepared(url: str) -> asyncpg.Connection:
    conn = await connect(url)
    await conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 1) ON CONFLICT DO NOTHING")
    return conn


async def begin(conn: asyncpg.Connection, model: Model, number: int) -> int:
    """A new campaign by the model's writer."""
    rules = {"approvers.emergency": model.needed, "override_s": WAIT_S if model.overrides else 0}
    await conn.execute("DELETE FROM desk_rule")
    for key, value in rules.items():
        await conn.execute("INSERT INTO desk_rule VALUES ($1, $2)", key, json.dumps(value))
    document = json.dumps(alert(category="emergency").document())
    async with acting(conn, model.writer):
        return int(await conn.fetchval("SELECT desk_draft($1, $2)", f"a{number}", document))


async def step(conn: asyncpg.Connection, campaign_id: int, who: str, act: str, number: int) -> None:
    if act == "wait":
        await conn.execute(f"UPDATE approval SET at = at - interval '{WAIT_S} s'")
        return
    document = json.dumps(replace(alert(category="emergency"), grace_s=number).document())
    async with acting(conn, who):
        try:
            async with conn.transaction():
                for statement in LAUNCH if act == "launch" else (SQL[act],):
                    await conn.execute(statement, campaign_id, *((document,) if act == "edit" else ()))
        except asyncpg.PostgresError as refused:
            assert refused.sqlstate is not None
            assert refused.sqlstate.startswith("BC") or refused.sqlstate == "42501", refused


async def follow(conn: asyncpg.Connection, model: Model, tried: list[tuple[str, str]]) -> None:
    count = await conn.fetchval("SELECT count(*) FROM campaign")
    campaign_id = await begin(conn, model, count)
    for number, (who, act) in enumerate(tried):
        await step(conn, campaign_id, who, act, number)
        model.act(who, act)
        row = await conn.fetchrow(
            "SELECT state, drafted_by FROM campaign WHERE campaign_id = $1", campaign_id
        )
        assert row is not None
        assert (row["state"], row["drafted_by"]) == (model.state, model.writer), (number, who, act)
        signers = await conn.fetch(
            "SELECT DISTINCT signer FROM approval WHERE campaign_id = $1 AND void_at IS NULL", campaign_id
        )
        assert {each["signer"] for each in signers} == set(model.signed)
        if model.state in ("approved", "running", "paused"):
            assert set(model.signed) - {model.writer}


QUICK = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUICK
@given(
    tried=st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ACTS)), max_size=14),
    needed=st.integers(1, 2),
    overrides=st.booleans(),
    writer=st.sampled_from(sorted(ROLES["author"])),
)
def test_what_is_launched_was_approved_by_others(
    loop: asyncio.AbstractEventLoop,
    database_url: str,
    tried: list[tuple[str, str]],
    needed: int,
    overrides: bool,
    writer: str,
) -> None:
    async def run() -> None:
        conn = await prepared(database_url)
        try:
            await follow(conn, Model(writer, needed, overrides), tried)
        finally:
            await conn.close()

    loop.run_until_complete(run())


@QUICK
@given(tried=st.lists(st.sampled_from(ACTS), max_size=14), needed=st.integers(1, 2), overrides=st.booleans())
def test_nobody_gets_an_own_draft_launched(
    loop: asyncio.AbstractEventLoop, database_url: str, tried: list[str], needed: int, overrides: bool
) -> None:
    """One who has every role, whatever he tries alone."""

    async def run() -> None:
        conn = await prepared(database_url)
        try:
            await follow(conn, Model("mai", needed, overrides), [("mai", act) for act in tried])
            assert await conn.fetchval("SELECT count(*) FROM campaign WHERE launched_at IS NOT NULL") == 0
        finally:
            await conn.close()

    loop.run_until_complete(run())
