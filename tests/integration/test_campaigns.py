"""A campaign's life in the database: approval binds, moves are checked, workers are told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from integration import steps
from waiting import PATIENCE_S, until

from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns
from broadcast.campaign.approval import content_hash
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Content, content
from broadcast.campaign.lifecycle import CampaignState
from broadcast.config import Config
from broadcast.errors import InputError, RefusedError
from broadcast.store.pool import connect


def alert(**changes: Any) -> Content:
    given: dict[str, Any] = {
        "text": "Rửa tay",
        "sender": "BOYTE",
        "carriers": ("viettel", "gmobile"),
        "category": "health",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return content(**{**given, **changes})


async def people(conn: asyncpg.Connection, config: Config, **by_carrier: int) -> None:
    numbers = await sync_carriers(conn, config)
    for place, (carrier, count) in enumerate(by_carrier.items()):
        await conn.execute(
            "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)"
            " SELECT m, m % 64, $1, 1 FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) AS m",
            numbers[carrier],
            84_900_000_000 + place * 1_000_000,
            count,
        )


@pytest.fixture
async def approved(conn: asyncpg.Connection, config: Config) -> Campaign:
    await people(conn, config, viettel=10, gmobile=3)
    drafted = await steps.draft(conn, "wash-hands", alert())
    return await steps.approve(conn, drafted)


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator[asyncio.Queue[str]]:
    """What workers hear on the control channel."""
    payloads: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect(database_url)
    await listener.add_listener("broadcast_control", lambda *event: payloads.put_nowait(str(event[3])))
    yield payloads
    await listener.close()


async def test_a_draft_is_kept_as_given(conn: asyncpg.Connection) -> None:
    made = await steps.draft(conn, "wash-hands", alert())
    assert made == await campaigns.get(conn, made.campaign_id) == await campaigns.by_name(conn, "wash-hands")
    assert made.content == alert(expires_at=made.expires_at)
    assert (made.state, made.drafted_by, made.audience, made.approved_hash) == (
        CampaignState.DRAFT,
        "an",
        None,
        None,
    )
    assert await campaigns.all_campaigns(conn) == [made]


async def test_bad_drafts_leave_nothing(conn: asyncpg.Connection) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    for name, said, actor, message in (
        ("a b", alert(), "an", "name"),
        ("a", replace(alert(), sender="MINISTRYOFHEALTH"), "an", "at most 11"),
        ("a", alert(expires_at=past), "an", "expiry has passed"),
    ):
        with pytest.raises(InputError, match=message):
            await steps.draft(conn, name, said, actor)
    assert await campaigns.all_campaigns(conn) == []
    await steps.draft(conn, "a", alert())
    with pytest.raises(InputError, match="a campaign a already"):
        await steps.draft(conn, "a", alert())
    with pytest.raises(InputError, match="no campaign b"):
        await campaigns.by_name(conn, "b")
    with pytest.raises(InputError, match="number 77"):
        await campaigns.get(conn, 77)


async def test_two_persons(conn: asyncpg.Connection) -> None:
    made = await steps.draft(conn, "a", alert(), "mai")
    with pytest.raises(RefusedError, match="second person"):
        await steps.approve(conn, made, "mai")
    with pytest.raises(RefusedError, match="may not do that"):
        await steps.approve(conn, made, "an")
    done = await steps.approve(conn, made)
    assert (done.state, done.approved_by, done.approved_hash) == (
        "approved",
        "binh",
        content_hash(made.content),
    )
    with pytest.raises(RefusedError, match="is approved"):
        await steps.approve(conn, done)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Rua mat"},
        {"sender": "1022"},
        {"carriers": ("viettel",)},
        {"priority": 9},
        {"category": "routine"},
        {"in_doubt_policy": "resend"},
        {"grace_s": 61},
        {"alphabet": "ucs2"},
        {"expires_at": timedelta(seconds=1)},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_approving_what_was_edited_meanwhile(conn: asyncpg.Connection, change: dict[str, Any]) -> None:
    """The code of what was shown fits nothing else, and the approval of anything else changes nothing."""
    shown = await steps.draft(conn, "a", alert(text="Rua tay"))
    if later := change.get("expires_at"):
        change = {"expires_at": shown.expires_at + later}
    edited = await steps.edit(conn, shown, replace(shown.content, **change))
    for read in (shown, edited):  # whatever whoever calls has read of the row since
        with pytest.raises(RefusedError, match="has another code") as refused:
            await steps.approve(conn, read, "binh", shown.code)
        assert edited.code not in str(refused.value)
    assert await campaigns.get(conn, edited.campaign_id) == edited
    assert (await steps.approve(conn, shown, "binh", edited.code)).approved_hash == content_hash(
        edited.content
    )


async def test_an_edit_that_is_under_way_when_it_is_approved(
    conn: asyncpg.Connection, database_url: str
) -> None:
    """The code is compared with what the approval binds, under one lock."""
    shown = await steps.draft(conn, "a", alert())
    editor = await connect(database_url)
    try:
        async with editor.transaction():
            await steps.edit(editor, shown, replace(shown.content, text="Khác"))
            approving = asyncio.create_task(steps.approve(conn, shown))

            async def waits() -> bool:
                return bool(await editor.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await until(waits, "the approval waits for the edit")
        with pytest.raises(RefusedError, match="has another code"):
            await approving
    finally:
        await editor.close()
    assert (await campaigns.get(conn, shown.campaign_id)).state is CampaignState.DRAFT


async def test_an_edit_voids_the_approval(
    conn: asyncpg.Connection, config: Config, approved: Campaign
) -> None:
    edited = await steps.edit(conn, approved, replace(approved.content, text="Đeo khẩu trang"), "mai")
    assert (
        edited.state,
        edited.drafted_by,
        edited.approved_by,
        edited.approved_at,
        edited.approved_hash,
    ) == (
        "draft",
        "mai",
        None,
        None,
        None,
    )
    with pytest.raises(
        RefusedError, match="is draft, it cannot become running: a second person must approve"
    ):
        await steps.launch(conn, config, edited)
    with pytest.raises(RefusedError, match="second person"):
        await steps.approve(conn, edited, "mai")


async def test_launch(
    conn: asyncpg.Connection, config: Config, approved: Campaign, heard: asyncio.Queue[str]
) -> None:
    done = await steps.launch(conn, config, approved)
    assert (done.state, done.launched_by, done.audience, done.segments) == ("running", "an", 13, 1)
    assert done.launched_at is not None
    assert [(each.event, each.actor) for each in await campaigns.events(conn, done.campaign_id)] == [
        ("drafted", "an"),
        ("approved", "binh"),
        ("launched", "an"),
    ]
    assert (await campaigns.events(conn, done.campaign_id))[2].details == {
        "audience": 13,
        "excluded": {"not_connected": 3},
        "hash": content_hash(approved.content).hex(),
        "parts": [],
        "segments": 1,
    }
    assert await asyncio.wait_for(heard.get(), PATIENCE_S) == str(done.campaign_id)
    with pytest.raises(RefusedError, match="is running"):
        await steps.launch(conn, config, done)
    with pytest.raises(RefusedError, match="is running"):
        await steps.edit(conn, done, alert())


async def _untouched(conn: asyncpg.Connection, campaign: Campaign) -> None:
    for table in ("slice", "exclusion", "tally"):
        assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await campaigns.get(conn, campaign.campaign_id)).launched_at is None


@pytest.mark.parametrize(
    "tampering",
    [
        "text = 'Khác'",
        "sender = 'OTHER'",
        "expires_at = expires_at + interval '1 s'",
        "carriers = array_append(carriers, 'mobifone')",
        "priority = 9",
    ],
)
async def test_what_was_not_approved_does_not_go_out(
    conn: asyncpg.Connection, config: Config, approved: Campaign, tampering: str
) -> None:
    await conn.execute(f"UPDATE campaign SET {tampering}")
    with pytest.raises(RefusedError, match="not what was approved"):
        await steps.launch(conn, config, approved)
    await _untouched(conn, approved)


async def test_launch_after_the_expiry(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=1)
    soon = alert(expires_at=datetime.now(UTC) + timedelta(seconds=2))
    made = await steps.draft(conn, "a", soon)
    made = await steps.approve(conn, made)
    await asyncio.sleep(2.1)
    with pytest.raises(RefusedError, match="expiry has passed"):
        await steps.launch(conn, config, made)
    await _untouched(conn, made)


async def test_launch_without_the_carriers_file(
    conn: asyncpg.Connection, config: Config, approved: Campaign
) -> None:
    with pytest.raises(RefusedError, match="--config FILE"):
        await steps.launch(conn, replace(config, carriers={}), approved)
    assert await conn.fetchval("SELECT count(*) FROM carrier WHERE tps IS NOT NULL") == 3
    await _untouched(conn, approved)


async def test_launch_to_nobody(conn: asyncpg.Connection, config: Config) -> None:
    made = await steps.draft(conn, "a", alert())
    made = await steps.approve(conn, made)
    with pytest.raises(RefusedError, match="audience is empty"):
        await steps.launch(conn, config, made)
    await people(conn, config, gmobile=4)
    with pytest.raises(RefusedError, match=r"everyone in the audience is excluded \(4 not_connected\)"):
        await steps.launch(conn, config, made)
    await _untouched(conn, made)


async def test_a_carrier_that_cannot_write_the_text(conn: asyncpg.Connection, config: Config) -> None:
    await people(conn, config, viettel=1)
    made = await steps.draft(conn, "a", alert(text="Δ", alphabet="gsm0338"))
    made = await steps.approve(conn, made)
    latin = config.carriers["viettel"].having(default_alphabet="latin1")
    changed = replace(config, carriers={**config.carriers, "viettel": latin})
    with pytest.raises(InputError, match=r"latin1 cannot write U\+0394"):
        await steps.launch(conn, changed, made)
    await _untouched(conn, made)


async def test_launched_twice_at_once(database_url: str, config: Config, approved: Campaign) -> None:
    pair = [await connect(database_url) for _ in range(2)]
    done = await asyncio.gather(
        *(steps.launch(each, config, approved) for each in pair), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["Campaign", "RefusedError"]
    assert await pair[0].fetchval("SELECT sum(waiting + excluded) FROM tally") == 13
    for each in pair:
        await each.close()


async def test_pause_resume_cancel(
    conn: asyncpg.Connection, config: Config, approved: Campaign, heard: asyncio.Queue[str]
) -> None:
    running = await steps.launch(conn, config, approved)
    with pytest.raises(RefusedError, match="only a paused one"):
        await steps.resume(conn, running)
    with pytest.raises(RefusedError, match="is running already: pause or cancel it"):
        await steps.launch(conn, config, running)
    paused = await steps.pause(conn, running)
    assert paused.state is CampaignState.PAUSED
    assert (await steps.resume(conn, paused)).state is CampaignState.RUNNING
    cancelled = await steps.cancel(conn, paused)
    assert (cancelled.state, cancelled.finished_at) == ("cancelled", None)
    told = [
        await asyncio.wait_for(heard.get(), PATIENCE_S)
        for _ in ("launched", "paused", "resumed", "cancelled")
    ]
    assert told == [str(running.campaign_id)] * 4
    with pytest.raises(RefusedError, match="is cancelled, it cannot become paused: that is its end"):
        await steps.pause(conn, cancelled)
    events = await campaigns.events(conn, running.campaign_id)
    assert [each.event for each in events][3:] == ["paused", "resumed", "cancelled"]
    assert events[-1].details == {"from": "running"}


async def test_cancel_before_launch_is_the_end(conn: asyncpg.Connection) -> None:
    made = await steps.draft(conn, "a", alert())
    done = await steps.cancel(conn, made)
    assert done.state is CampaignState.CANCELLED
    assert done.finished_at is not None


async def test_resume_after_the_expiry(conn: asyncpg.Connection, config: Config, approved: Campaign) -> None:
    paused = await steps.pause(conn, await steps.launch(conn, config, approved))
    await conn.execute("UPDATE campaign SET expires_at = clock_timestamp() - interval '1 second'")
    with pytest.raises(RefusedError, match="expiry has passed: cancel it"):
        await steps.resume(conn, paused)


async def test_who_reaches_the_opted_out_is_kept_with_the_content(conn: asyncpg.Connection) -> None:
    drafted = await steps.draft(conn, "typhoon", alert(category="emergency"))
    edited = await steps.edit(conn, drafted, alert(category="routine"))
    again = await steps.edit(conn, edited, alert(category="emergency"))
    assert [each.hears_opted_out for each in (drafted, edited, again)] == [True, False, True]
