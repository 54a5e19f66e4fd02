"""Approvals as the database has them: who may give one, what it is worth, and what the audit chain says of it."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from acting import acting, grant
from integration import steps
from integration.old_ledger import make_schema
from integration.test_campaigns import alert, people
from waiting import PATIENCE_S

from broadcast.actions.database import migrate
from broadcast.actions.session import Session
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import MOVES
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.reports.campaigns import shown
from broadcast.store.pool import connect
from broadcast.store.queries import sql


async def rule(conn: asyncpg.Connection, key: str, value: int) -> None:
    await conn.execute(
        "INSERT INTO desk_rule VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        key,
        json.dumps(value),
    )


async def override(conn: asyncpg.Connection, campaign: Campaign, who: str) -> Campaign:
    async with acting(conn, who):
        return await campaigns.override(conn, campaign)


async def withdraw(conn: asyncpg.Connection, campaign: Campaign, who: str, reason: str = "why") -> Campaign:
    async with acting(conn, who):
        return await campaigns.withdraw(conn, campaign, reason)


async def send_back(conn: asyncpg.Connection, campaign: Campaign, who: str, reason: str = "why") -> Campaign:
    async with acting(conn, who):
        return await campaigns.send_back(conn, campaign, reason)


async def acts(conn: asyncpg.Connection) -> list[tuple[str, str]]:
    """Who did what, once every entry is chained, each as it was hashed."""
    await conn.execute(sql("chain_acts"))
    rows = await conn.fetch("SELECT act.*, act_hash(act) AS proved FROM act ORDER BY act_no")
    assert [row["act_no"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["before"] for row in rows] == [bytes(32), *(row["hash"] for row in rows[:-1])]
    assert all(row["hash"] == row["proved"] for row in rows)
    assert await conn.fetchval("SELECT count(*) FROM act_new") == 0
    return [(row["who"], row["what"]) for row in rows if row["subject"].startswith("campaign")]


async def test_the_moves_are_pythons(conn: asyncpg.Connection) -> None:
    rows = await conn.fetch("SELECT origin, target FROM campaign_move")
    assert {tuple(row) for row in rows} == {(origin, each) for origin in MOVES for each in MOVES[origin]}


async def test_every_step_is_an_entry_of_the_chain(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    made = await steps.draft(conn, "a", alert())
    made = await steps.approve(conn, await steps.edit(conn, made, replace(made.content, text="Rửa chân tay")))
    made = await withdraw(conn, made, "binh")
    made = await steps.approve(conn, made)
    await steps.launch(conn, config, made)
    await steps.resume(conn, await steps.pause(conn, made))
    await steps.cancel(conn, made, "binh")
    assert await acts(conn) == [
        ("an", "drafted"),
        ("an", "edited"),
        ("binh", "approved"),
        ("binh", "withdrawn"),
        ("binh", "approved"),
        ("an", "launched"),
        ("an", "paused"),
        ("an", "resumed"),
        ("binh", "cancelled"),
    ]
    rows = await conn.fetch("SELECT details FROM act WHERE what = 'edited'")
    assert [json.loads(row["details"])["changed"] for row in rows] == [["text"]]
    written = await conn.fetchval("SELECT string_agg(act::text, ' ') FROM act")
    assert "chân" not in written
    assert "why" not in written


async def test_what_is_in_the_chain_stays(conn: asyncpg.Connection) -> None:
    await steps.draft(conn, "a", alert())
    for statement in ("UPDATE act SET who = 'x'", "DELETE FROM act", "TRUNCATE act"):
        with pytest.raises(asyncpg.PostgresError, match="stays as it is"):
            await conn.execute(statement)


async def test_an_order_waits_for_nobody_who_is_amid_an_act(
    conn: asyncpg.Connection, config: Config, database_url: str
) -> None:
    """Who leaves a transaction open has the chain; entries made meanwhile are chained after it."""
    await people(conn, config, viettel=10)
    running = await steps.launch(conn, config, await steps.approved(conn, "a", alert()))
    other = await connect(database_url)
    try:
        async with acting(other, "an"), other.transaction():
            await campaigns.draft(other, "b", alert())
            paused = await asyncio.wait_for(steps.pause(conn, running), PATIENCE_S)
            assert paused.state == "paused"
            assert await conn.fetchval("SELECT count(*) FROM act_new WHERE what = 'paused'") == 1
    finally:
        await other.close()
    assert (await acts(conn))[-2:] == [("an", "drafted"), ("an", "paused")]


async def test_emergencies_by_two(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    await rule(conn, "approvers.emergency", 2)
    made = await steps.draft(conn, "a", alert(category="emergency"))
    first = await steps.approve(conn, made)
    assert (first.state, first.approved_by) == ("draft", None)
    seen = await shown(conn, "a")
    assert (seen.wanted.needed, seen.wanted.missing, [each.signer for each in seen.approvals]) == (
        2,
        1,
        ["binh"],
    )
    with pytest.raises(RefusedError, match="binh has approved it already"):
        await steps.approve(conn, made)
    with pytest.raises(RefusedError, match="is draft, it cannot become running"):
        await steps.launch(conn, config, first)
    second = await steps.approve(conn, made, "chi")
    assert (second.state, second.approved_by) == ("approved", "chi")
    assert (await withdraw(conn, second, "binh")).state == "draft"
    assert (await steps.approve(conn, second, "mai")).state == "approved"
    assert (await steps.launch(conn, config, second)).state == "running"


async def test_an_edit_voids_the_first_of_two(conn: asyncpg.Connection) -> None:
    await rule(conn, "approvers.emergency", 2)
    made = await steps.draft(conn, "a", alert(category="emergency"))
    await steps.approve(conn, made)
    edited = await steps.edit(conn, made, replace(made.content, priority=8))
    assert (await steps.approve(conn, edited, "chi")).state == "draft"
    assert [each.signer for each in await campaigns.approvals(conn, made.campaign_id)] == ["chi"]


async def test_a_rule_that_came_after_the_approval(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    made = await steps.approved(conn, "a", alert(category="emergency"))
    await rule(conn, "approvers.emergency", 2)
    with pytest.raises(RefusedError, match="is not approved"):
        await steps.launch(conn, config, made)


async def test_a_large_exercise_by_two(conn: asyncpg.Connection, config: Config) -> None:
    """How large it is shows at the launch; who knows it before approves before."""
    await people(conn, config, viettel=10)
    await rule(conn, "large_exercise", 10)
    text = {"text": "[EXERCISE] Rua tay", "texts": {"und": "Rua tay"}}
    made = await steps.approved(conn, "a", alert(status="exercise", **text))
    with pytest.raises(RefusedError, match="for 10 people or more needs approvals of more people"):
        await steps.launch(conn, config, made)
    assert await conn.fetchval("SELECT count(*) FROM slice") == 0
    with pytest.raises(RefusedError, match="binh has approved it already"):
        await steps.approve(conn, made)
    await steps.approve(conn, made, "chi")
    with pytest.raises(RefusedError, match="is approved already"):
        await steps.approve(conn, made, "mai")
    assert (await steps.launch(conn, config, made)).state == "running"


async def test_one_alone_at_night(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    await rule(conn, "approvers.emergency", 2)
    made = await steps.draft(conn, "a", alert(category="emergency"), "mai")
    await steps.approve(conn, made)
    with pytest.raises(RefusedError, match="no rule allows an override"):
        await override(conn, made, "binh")
    await rule(conn, "override_s", 120)
    for who, words in (
        ("chi", "has approved it before"),
        ("mai", "second person"),
        ("binh", "too early .* in 1[12]"),
    ):
        with pytest.raises(RefusedError, match=words):
            await override(conn, made, who)
    await conn.execute("UPDATE approval SET at = at - interval '120 s'")
    done = await override(conn, made, "binh")
    assert (done.state, done.approved_by) == ("approved", "binh")
    with pytest.raises(RefusedError, match="no approval of it is missing"):
        await override(conn, made, "binh")
    seen = await shown(conn, "a")
    assert [(each.signer, each.kind) for each in seen.approvals] == [
        ("binh", "approved"),
        ("binh", "override"),
    ]
    assert (await steps.launch(conn, config, done)).state == "running"
    assert ("binh", "override") in await acts(conn)
    assert "override" in [each.event for each in await campaigns.events(conn, made.campaign_id)]


async def test_returned_for_an_edit(conn: asyncpg.Connection) -> None:
    made = await steps.approved(conn, "a", alert(priority=3))
    with pytest.raises(InputError, match="--reason"):
        await send_back(conn, made, "chi", " ")
    back = await send_back(conn, made, "chi", "the hotline is missing")
    assert (back.state, back.approved_by, await campaigns.approvals(conn, made.campaign_id)) == (
        "draft",
        None,
        (),
    )
    with pytest.raises(RefusedError, match="was returned, and has not been edited since"):
        await steps.approve(conn, back)
    assert (await shown(conn, "a")).before is None
    edited = await steps.edit(conn, back, replace(back.content, text="Gọi 1022", priority=5))
    before = (await shown(conn, "a")).before
    assert before is not None
    assert (before.event, before.actor) == ("returned", "chi")
    assert before.changes["priority"] == (3, 5)
    assert before.changes["text"] == ("Rửa tay", "Gọi 1022")
    assert before.changes.keys() == {"priority", "text"}
    assert (await steps.approve(conn, edited)).state == "approved"
    event = (await campaigns.events(conn, made.campaign_id))[2]
    assert (event.event, event.details["reason"]) == ("returned", "the hotline is missing")


async def test_only_who_approved_withdraws(conn: asyncpg.Connection) -> None:
    made = await steps.approved(conn, "a", alert())
    with pytest.raises(RefusedError, match="chi has not approved it"):
        await withdraw(conn, made, "chi")
    assert (await withdraw(conn, made, "binh")).state == "draft"
    assert (await steps.approve(conn, made, "chi")).state == "approved"


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE approval SET hash = decode('00', 'hex')", "not what was approved"),
        ("UPDATE approval SET signer = 'chi'", "not in the audit chain"),
        ("UPDATE approval SET signer = 'an'", "may approve nothing any more"),
        ("UPDATE campaign SET priority = 9", "not what was approved"),
        (
            "UPDATE account SET disabled_at = now() WHERE name = 'binh'",
            "binh approved it, and may approve nothing",
        ),
        ("DELETE FROM approval", "is not approved"),
    ],
)
async def test_a_launch_looks_again(conn: asyncpg.Connection, config: Config, harm: str, words: str) -> None:
    """Whoever did that to the tables by force."""
    await people(conn, config, viettel=10)
    made = await steps.approved(conn, "a", alert())
    await conn.execute(harm)
    with pytest.raises(RefusedError, match=words):
        await steps.launch(conn, config, made)
    assert await conn.fetchval("SELECT count(*) FROM slice") == 0


async def test_a_signer_who_lost_the_role(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    await conn.execute("CREATE ROLE passing LOGIN")
    try:
        await conn.execute(
            "INSERT INTO account (name, skeleton, made_login) VALUES ('passing', 'passing', true)"
        )
        await conn.execute(grant("approver", "passing"))
        made = await steps.approve(conn, await steps.draft(conn, "a", alert()), "passing")
        assert made.state == "approved"
        await conn.execute("REVOKE template_approver FROM passing GRANTED BY template_owner")
        with pytest.raises(RefusedError, match="passing approved it, and may approve nothing any more"):
            await steps.launch(conn, config, made)
    finally:
        await conn.execute("DROP ROLE passing")


async def test_names_that_look_alike_are_one_person(conn: asyncpg.Connection) -> None:
    """Where two accounts have come to look alike, one cannot approve for the other."""
    made = await steps.draft(conn, "a", alert())
    await conn.execute("ALTER TABLE account DROP CONSTRAINT account_skeleton_key")
    await conn.execute("UPDATE account SET skeleton = 'an' WHERE name = 'binh'")
    with pytest.raises(RefusedError, match="second person"):
        await steps.approve(conn, made)


async def test_a_draft_of_somebody_without_an_account(conn: asyncpg.Connection) -> None:
    """Written before there were accounts: nobody knows by whom."""
    made = await steps.draft(conn, "a", alert())
    await conn.execute("UPDATE campaign SET drafted_by = 'lan nguyen'")
    with pytest.raises(RefusedError, match="by lan nguyen, who has no account"):
        await steps.approve(conn, made)
    edited = await steps.edit(conn, made, replace(made.content, priority=2))
    assert (await steps.approve(conn, edited)).state == "approved"


SLICE = "INSERT INTO slice (campaign_id, carrier_no, total, msisdns) VALUES ($1, 1, 1, '{84960000000}')"


async def test_who_hears_it_is_written_within_its_launch(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    made = await steps.approved(conn, "a", alert())
    other = await steps.approved(conn, "b", alert())
    async with acting(conn, "an"):
        for statement in (
            SLICE,
            "INSERT INTO exclusion (campaign_id, carrier_no, reason, msisdns) VALUES ($1, 1, 'x', '{1}')",
        ):
            with pytest.raises(asyncpg.PostgresError, match="is not launched by this transaction"):
                await conn.execute(statement, made.campaign_id)
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute(sql("begin_launch"), made.campaign_id)
        await conn.execute(SLICE, made.campaign_id)
        with pytest.raises(asyncpg.PostgresError, match="is not launched by this transaction"):
            async with conn.transaction():
                await conn.execute(SLICE, other.campaign_id)
        await transaction.commit()  # half way
        with pytest.raises(asyncpg.PostgresError, match="is not launched by this transaction"):
            await conn.execute(SLICE, made.campaign_id)
    done = await steps.launch(conn, config, made)
    assert (done.audience, await conn.fetchval("SELECT sum(total) FROM slice")) == (10, 10)


async def test_more_people_than_were_counted(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=10)
    made = await steps.approved(conn, "a", alert())
    number = made.campaign_id
    async with acting(conn, "an"):
        for late in (True, False):
            transaction = conn.transaction()
            await transaction.start()
            await conn.execute(sql("begin_launch"), number)
            await conn.execute(SLICE, number)
            assert await conn.fetchval(sql("snapshot_tallies"), number) == 1
            if late:
                await conn.execute(sql("launch"), number, 1, 1, 0, [], [], "{}")
                with pytest.raises(asyncpg.PostgresError, match="is not launched by this transaction"):
                    await conn.execute(SLICE, number)
            else:
                with pytest.raises(asyncpg.PostgresError, match="not what was written of it"):
                    await conn.execute(sql("launch"), number, 2, 1, 0, [], [], "{}")
            await transaction.rollback()


@pytest.mark.parametrize(
    "change",
    [
        {"texts": {}},
        {"carriers": ["viettel", "gmobile"]},  # not in their order, so the hash would be another
        {"expires_at": "2030-01-01 00:00:00+00"},
        {"more": 1},
    ],
)
async def test_a_content_is_whole_and_canonical(conn: asyncpg.Connection, change: dict[str, Any]) -> None:
    document = json.dumps({**alert().document(), **change})
    async with acting(conn, "an"):
        with pytest.raises(asyncpg.PostgresError, match="not the whole content"):
            await conn.execute("SELECT desk_draft('a', $1)", document)
    assert await campaigns.all_campaigns(conn) == []


async def test_who_hears_though_opted_out_follows_from_the_category(conn: asyncpg.Connection) -> None:
    document = json.dumps({**alert().document(), "hears_opted_out": True})
    async with acting(conn, "an"):
        with pytest.raises(asyncpg.PostgresError, match="not the whole content"):
            await conn.execute("SELECT desk_draft('a', $1)", document)


async def test_an_upgrade_voids_what_was_approved_before(empty_database_url: str) -> None:
    """What runs goes on; what was not launched needs approval again, and `db migrate` names it."""
    connection = await connect(empty_database_url, check_schema=False)
    await make_schema(connection, last=26)
    for name, state in (("runs", "running"), ("waits", "approved")):
        await connection.execute(
            """INSERT INTO campaign (name, category, priority, sender, text, alphabet, carriers, in_doubt_policy,
                                     grace_s, expires_at, hears_opted_out, drafted_by, approved_by, approved_hash,
                                     state)
               VALUES ($1, 'health', 5, 'BOYTE', 'x', 'gsm0338', '{viettel}', 'hold', 0, '2030-01-01', false, 'ann',
                       'bob', decode('00', 'hex'), $2)""",
            name,
            state,
        )
    (done,) = await migrate(Session(connection), during_alert=False)
    assert done.unapproved == ["waits"]
    runs, waits = await campaigns.by_name(connection, "runs"), await campaigns.by_name(connection, "waits")
    assert (runs.state, runs.approved_by, runs.approved_hash) == ("running", "bob", b"\0")
    assert (waits.state, waits.approved_by, waits.approved_hash) == ("draft", None, None)
    assert [each.event for each in await campaigns.events(connection, waits.campaign_id)] == ["withdrawn"]
    (again,) = await migrate(Session(connection), during_alert=False)
    assert again.unapproved == []
    await connection.close()


async def test_what_home_decides_no_worker_does_there(conn: asyncpg.Connection, config: Config) -> None:
    """Of home's campaigns it may stop one, as a ledger was told; to let one run is no worker's."""
    await people(conn, config, viettel=10)
    made = await steps.launch(conn, config, await steps.approved(conn, "a", alert()))
    number = made.campaign_id
    async with acting(conn, "w"):
        with pytest.raises(asyncpg.PostgresError, match="no ledger beside home"):
            await conn.execute(sql("obey"), number, 9, "cancelled")
        take_over = (number, "north", 1, made.launched_at, "an")
        await conn.execute(sql("take_over"), *take_over, "paused")
        assert (await campaigns.get(conn, number)).state == "paused"
        await conn.execute(sql("take_over"), number, "north", 2, made.launched_at, "an", "running")
        await conn.execute(sql("take_over"), *take_over, "cancelled")  # once
        await conn.execute(sql("mark_closed"), number)
        assert (await campaigns.get(conn, number)).closed_at is None  # it has not expired
    assert (await campaigns.get(conn, number)).state == "paused"
