"""What a login, psql and patience might do to an approval, a launch or a cancel, past what people see of it."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from acting import PEOPLE, acting, grant
from integration.test_campaigns import alert
from integration.test_rights_attacked import login

from broadcast.access.desk_rules import RULES
from broadcast.campaign.content import Content
from broadcast.store.clock import database_time

REFUSED = asyncpg.PostgresError
LAUNCH = "SELECT desk_launch($1, $2, 1, 0, $3, $4, '{}')"


class Desk:
    """One alert, by its functions alone."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self.conn = conn
        self.content: Content = alert()

    async def do(self, who: str, call: str, *given: Any) -> Any:
        async with acting(self.conn, who):
            return await self.conn.fetchval(f"SELECT {call}", *given)

    async def drafted(self, name: str = "a", **other: Any) -> int:
        made = replace(self.content, **other)
        number: int = await self.do("an", "desk_draft($1, $2)", name, json.dumps(made.document()))
        return number

    async def code(self, number: int) -> str:
        code: str = await self.conn.fetchval(
            "SELECT content_code(campaign) FROM campaign WHERE campaign_id = $1", number
        )
        return code

    async def approved(self, name: str = "a", **other: Any) -> int:
        number = await self.drafted(name, **other)
        await self.do("binh", "desk_approve($1, $2)", number, await self.code(number))
        return number

    async def state(self, number: int) -> str:
        state: str = await self.conn.fetchval("SELECT state FROM campaign WHERE campaign_id = $1", number)
        return state

    async def launched(self, number: int, people: int = 1) -> None:
        async with acting(self.conn, "an"), self.conn.transaction():
            await begin(self.conn, number, people)
            await self.conn.execute(LAUNCH, number, people, [], [])

    async def rule(self, key: str, value: object) -> None:
        no = await self.do("chi", "access_propose('rule', $1, $2)", key, json.dumps({"value": value}))
        await self.do("dung", "access_decide($1, true)", no)


async def begin(conn: asyncpg.Connection, number: int, people: int, carrier: str = "viettel") -> None:
    """Within a transaction: it may be launched, and so many hear it."""
    await conn.execute("SELECT desk_begin_launch($1)", number)
    await write(conn, number, people, carrier)
    await conn.execute("SELECT desk_count($1)", number)


async def write(conn: asyncpg.Connection, number: int, people: int, carrier: str = "viettel") -> None:
    await conn.execute(
        "INSERT INTO slice (campaign_id, carrier_no, total, msisdns)"
        " SELECT $1, carrier_no, $2::integer, array_fill(84960000000::bigint, ARRAY[$2::integer])"
        " FROM carrier WHERE name = $3",
        number, people, carrier,
    )  # fmt: skip


@pytest.fixture
async def desk(conn: asyncpg.Connection) -> AsyncIterator[Desk]:
    await conn.execute("INSERT INTO carrier (name, tps) VALUES ('viettel', 100), ('gmobile', 100)")
    found = Desk(conn)
    found.content = replace(
        alert(), carriers=("viettel",), expires_at=await database_time(conn) + timedelta(hours=6)
    )
    yield found
    for name in ("binh", "mai"):  # roles are the server's
        for kind in PEOPLE[name]:
            await conn.execute(grant(kind, name))


# ---------------------------------------------------------------- what was seen is what is approved


async def test_each_writing_has_a_code_that_nobody_knows_before(desk: Desk) -> None:
    """Else an author looks for a second text with the code of the first, and edits when that was read."""
    number = await desk.drafted()
    codes = [await desk.code(number)]
    for text in ("Rửa chân", desk.content.text):
        document = json.dumps(replace(desk.content, text=text).document())
        await desk.do("an", "desk_edit($1, $2)", number, document)
        codes.append(await desk.code(number))
    assert len(set(codes)) == 3
    for code in (*codes[:2], None, ""):
        with pytest.raises(REFUSED) as refused:
            await desk.do("binh", "desk_approve($1, $2)", number, code)
        assert refused.value.sqlstate == "BC019"
    await desk.do("binh", "desk_approve($1, $2)", number, codes[2])


def message(number: int, *ends: int) -> str:
    row = {
        "sender": "s",
        "identifier": "i",
        "sent": "2026-01-01T00:00:00Z",
        "status": "Actual",
        "signature": "unsigned",
    }
    row |= {"message_type": "Update", "signer": "", "reason": ""}
    return json.dumps({**row, "campaign_id": number, "ends": ends})


async def test_what_its_launch_ends_was_seen_by_who_approves(desk: Desk) -> None:
    other = await desk.approved("other")
    await desk.launched(other)
    number = await desk.drafted()
    code = await desk.code(number)
    await desk.do("an", "desk_keep_message($1, '')", message(number, other))
    with pytest.raises(REFUSED) as refused:
        await desk.do("binh", "desk_approve($1, $2)", number, code)
    assert refused.value.sqlstate == "BC019"


async def test_nothing_more_is_ended_once_the_first_of_two_approved(desk: Desk) -> None:
    await desk.rule("approvers.emergency", 2)
    number = await desk.drafted(category="emergency")
    await desk.do("binh", "desk_approve($1, $2)", number, await desk.code(number))
    assert await desk.state(number) == "draft"
    with pytest.raises(REFUSED, match="becomes a draft of who imports"):
        await desk.do("an", "desk_keep_message($1, '')", message(number, 1))


@pytest.mark.parametrize(
    "name", ["", "-a", "a b", "a\nb", "a\x1b[2J", "a\u202eb", "a\u200bb", "a/b", "a'b", "a" * 65]
)
async def test_names_that_no_screen_shows_as_they_are(desk: Desk, name: str) -> None:
    with pytest.raises(REFUSED, match="name has letters"):
        await desk.drafted(name)


async def test_what_an_event_says_is_the_functions(desk: Desk) -> None:
    forged = {"hash": "00", "ledger": "north", "order_no": 1}
    document = json.dumps(desk.content.document())
    number = await desk.do("an", "desk_draft('đợt-1.a:b_C', $1, $2)", document, json.dumps(forged))
    details = json.loads(await desk.conn.fetchval("SELECT details FROM campaign_event"))
    assert details["hash"] == await desk.conn.fetchval(
        "SELECT encode(content_hash(c), 'hex') FROM campaign AS c"
    )
    # an order of a ledger is taken over all the same
    order = "tend_take_over($1, 'north', 1, now(), 'binh', 'cancelled')"
    await desk.do("w", order, number)
    assert await desk.state(number) == "cancelled"


# ---------------------------------------------------------------- a cancel waits for nobody


@pytest.mark.parametrize("who", ["an", "lan"])
async def test_no_open_transaction_holds_up_a_cancel(desk: Desk, database_url: str, who: str) -> None:
    number = await desk.approved()
    await desk.launched(number)
    correction = replace(desk.content, hearers="corrected", corrects=number).document()
    async with login(database_url, who) as other, other.transaction():
        if who == "an":
            await other.execute("SELECT desk_draft('b', $1)", json.dumps(correction))
        else:
            await other.execute("SELECT tend_audited($1, '{}')", number)
        await desk.conn.execute("SET lock_timeout = '2s'")
        await desk.do("binh", "desk_cancel($1)", number)
    assert await desk.state(number) == "cancelled"


# ---------------------------------------------------------------- a launch sees what is


async def _disable(desk: Desk) -> None:
    await desk.do("chi", "access_disable('binh')")


async def _take_role(desk: Desk) -> None:
    await desk.do("chi", "access_take_role('binh', 'approver')")


async def _more_approvers(desk: Desk) -> None:
    await desk.rule("approvers.emergency", 2)


async def _stop_operator(desk: Desk) -> None:
    await desk.do("chi", "access_take_role('mai', 'operator')")


CHANGES = [_disable, _take_role, _more_approvers, _stop_operator]


@pytest.mark.parametrize("isolation", ["repeatable_read", "serializable"])
@pytest.mark.parametrize("change", CHANGES)
async def test_a_launch_in_an_old_snapshot(
    desk: Desk, database_url: str, isolation: Any, change: Any
) -> None:
    number = await desk.approved(category="emergency")
    async with login(database_url, "mai") as mai:
        with pytest.raises((asyncpg.SerializationError, asyncpg.InsufficientPrivilegeError)):
            async with mai.transaction(isolation=isolation):
                await mai.execute("SELECT FROM campaign")
                await change(desk)
                await mai.execute("SELECT desk_begin_launch($1)", number)


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read"])
@pytest.mark.parametrize("change", CHANGES)
async def test_what_changes_amid_a_launch(desk: Desk, database_url: str, isolation: Any, change: Any) -> None:
    """And whoever disables somebody does not wait for it."""
    number = await desk.approved(category="emergency")
    async with login(database_url, "mai") as mai:
        with pytest.raises(REFUSED) as refused:
            async with mai.transaction(isolation=isolation):
                await begin(mai, number, 1)
                await desk.conn.execute("SET lock_timeout = '2s'")
                await change(desk)
                await mai.execute(LAUNCH, number, 1, [], [])
    assert refused.value.sqlstate in ("40001", "42501", "BC027", "BC029")
    assert await desk.state(number) == "approved"


@pytest.mark.parametrize(
    ("people", "parts", "numbers"),
    [
        (None, [], []),
        (2, [], []),
        (1, ["north"], [-9]),
        (1, ["north"], [None]),
        (10, None, []),
        (10, ["north"], []),
    ],
)
async def test_who_hears_it_is_said_as_it_was_written(
    desk: Desk, people: int | None, parts: Sequence[str] | None, numbers: Sequence[int | None]
) -> None:
    """Else a large exercise is a small one."""
    await desk.conn.execute("INSERT INTO ledger VALUES ('north', false, '{}')")
    number = await desk.approved(status="exercise")
    with pytest.raises(REFUSED, match=r"not what was written|says how many"):
        async with acting(desk.conn, "an"), desk.conn.transaction():
            await begin(desk.conn, number, 10)
            await desk.conn.execute(LAUNCH, number, people, parts, numbers)
    assert await desk.state(number) == "approved"


async def test_nobody_is_added_once_it_was_counted(desk: Desk) -> None:
    number = await desk.approved()
    with pytest.raises(REFUSED, match="not what was written"):
        async with acting(desk.conn, "an"), desk.conn.transaction():
            await begin(desk.conn, number, 10)
            await write(desk.conn, number, 10)
            await desk.conn.execute(LAUNCH, number, 10, [], [])


async def test_no_other_carriers_people_and_no_nation_for_own_phones(desk: Desk) -> None:
    elsewhere, phones = await desk.approved("b"), await desk.approved("c", hearers="phones")
    for number, people, carrier in ((elsewhere, 1, "gmobile"), (phones, 1001, "viettel")):
        with pytest.raises(REFUSED, match="more people than was approved"):
            async with acting(desk.conn, "an"), desk.conn.transaction():
                await begin(desk.conn, number, people, carrier)
                await desk.conn.execute(LAUNCH, number, people, [], [])
    await desk.launched(phones, 1000)


async def test_a_correction_is_for_no_more_than_heard(desk: Desk) -> None:
    wrong = await desk.approved("wrong")
    await desk.launched(wrong, 2)
    await desk.do("an", "desk_cancel($1)", wrong)
    number = await desk.approved(hearers="corrected", corrects=wrong)
    with pytest.raises(REFUSED, match="more people than was approved"):
        await desk.launched(number, 3)
    await desk.launched(number, 2)


async def test_own_phones_first_at_psql_too(desk: Desk) -> None:
    await desk.rule("phones_first", 1)
    number = await desk.approved()
    own, others = (
        await desk.approved("own", hearers="phones"),
        await desk.approved("x", hearers="phones", text="Khác"),
    )
    for rehearsal in (own, others):
        await desk.launched(rehearsal)
    with pytest.raises(REFUSED, match="phones hear it first"):  # no receipt yet
        await desk.launched(number)
    await desk.conn.execute("UPDATE tally SET delivered = 1, waiting = 0 WHERE campaign_id = $1", others)
    with pytest.raises(REFUSED, match="phones hear it first"):
        await desk.launched(number)
    await desk.conn.execute("UPDATE tally SET delivered = 1, waiting = 0 WHERE campaign_id = $1", own)
    await desk.launched(number)


# ---------------------------------------------------------------- rules, acts


@pytest.mark.parametrize("key", RULES)
async def test_a_rule_is_within_its_range_at_psql_too(desk: Desk, key: str) -> None:
    """Else two admins, one of them in a hurry, leave a desk that can launch nothing."""
    rule = RULES[key]
    for value in (rule.least - 1, rule.most + 1, rule.least + 0.5, "1", None, 1e300):
        with pytest.raises(REFUSED, match="no such rule"):
            await desk.do("chi", "access_propose('rule', $1, $2)", key, json.dumps({"value": value}))
    for value in (rule.least, rule.most):
        await desk.do("chi", "access_propose('rule', $1, $2)", key, json.dumps({"value": value}))


@pytest.mark.parametrize(
    ("subject", "details"), [("campaign 1", {}), ("x" * 201, {}), ("x", {"x": "x" * 10_000})]
)
async def test_what_operators_note_is_of_no_campaign_and_short(
    desk: Desk, subject: str, details: object
) -> None:
    with pytest.raises(REFUSED, match="no act to be noted"):
        await desk.do("an", "desk_say('opted in', $1, $2)", subject, json.dumps(details))
