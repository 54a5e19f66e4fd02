"""The bench's campaign: as many subscribers as messages, drafted, approved, launched, watched to its end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg

from broadcast.archive.books import books_of
from broadcast.audience.carriers import sync_carriers
from broadcast.bench.load import Load
from broadcast.bench.people import APPROVER, DRAFTER, acting, make_people
from broadcast.bench.stage import LOOK_S, Stage, bound, start_workers
from broadcast.campaign import campaigns
from broadcast.campaign import launch as launching
from broadcast.campaign.content import content
from broadcast.config import Config
from broadcast.errors import AuditError, BroadcastError
from broadcast.ids import CampaignId, CarrierNo
from broadcast.reports.audit import audit
from broadcast.reports.progress import Progress, progress
from broadcast.store import migrations, plans

MOST_S = 3600  # of a run; of one of many segments
_SLOWEST = 5000  # of them a second
Look = Callable[[Progress], Awaitable[None]]


def most_s(load: Load) -> float:
    """So long may a run of it take, in seconds."""
    return max(MOST_S, load.messages * load.segments / _SLOWEST)


async def prepare(connection: asyncpg.Connection, config: Config, load: Load) -> dict[str, CarrierNo]:
    """The schema, and so many numbers that look like a carrier's. Gives the carriers' numbers by name."""
    await migrations.migrate(connection)
    await make_people(connection)
    numbers = await sync_carriers(connection, config)
    for place, name in enumerate(config.carriers):
        await connection.execute(
            "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no) "
            "SELECT m, m % 64, $1, 1 FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) AS m",
            numbers[name], first_msisdn(config, place), load.share(place),
        )  # fmt: skip
    await connection.execute("VACUUM ANALYZE subscriber")
    return {name: numbers[name] for name in config.carriers}


def first_msisdn(config: Config, place: int) -> int:
    """The first number of the carrier at this place."""
    return int(f"{config.country.country_code}{place + 1}{'0' * 8}")


async def begin(connection: asyncpg.Connection, stage: Stage) -> CampaignId:
    """Subscribers, workers with every link bound, and a campaign launched to them; its number."""
    await prepare(connection, stage.config, stage.load)
    start_workers(stage)
    await bound(connection, stage.load)
    return await launch(connection, stage.config, stage.load)


async def launch(connection: asyncpg.Connection, config: Config, load: Load) -> CampaignId:
    """Everybody's campaign, launched; its number."""
    made = await approved(connection, config, load)
    async with acting(connection, APPROVER):
        return (await launching.launch(connection, config, made)).campaign_id


async def approved(connection: asyncpg.Connection, config: Config, load: Load) -> campaigns.Campaign:
    """Everybody's campaign, ready to launch."""
    made = content(
        text=load.text, sender="BENCH", carriers=tuple(config.carriers), category="emergency",
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )  # fmt: skip
    async with acting(connection, DRAFTER):
        drafted = await campaigns.draft(connection, "bench", made)
    async with acting(connection, APPROVER):
        return await campaigns.approve(connection, drafted, drafted.code)


async def watch(connection: asyncpg.Connection, campaign_id: CampaignId, look: Look) -> tuple[float, float]:
    """Until it is finished: seconds until all was sent and answered, and until all was settled."""
    began = time.monotonic()
    sent_s = 0.0
    while True:
        await asyncio.sleep(LOOK_S)
        now = await progress(connection, campaign_id)
        await look(now)
        took = time.monotonic() - began
        if not sent_s and not now.total.states["waiting"] and not now.total.states["in_doubt"]:
            sent_s = took
        if now.finished:
            return sent_s or took, took
        if took > MOST_S:
            raise BroadcastError(f"the campaign did not finish in {MOST_S} s")


async def answered(connection: asyncpg.Connection, campaign_id: CampaignId) -> list[float]:
    """When each message was accepted so far, in order, in seconds of Unix time."""
    async with connection.transaction():
        await connection.execute(plans.SETS)
        books = await books_of(connection, campaign_id)
        found = [at / 1e6 async for people in books.people() for at in people.submitted_at if at is not None]
    return sorted(found)


async def balance(connection: asyncpg.Connection, campaign_id: CampaignId, messages: int) -> float:
    """Octets of the logs that stay, per message. Raises AuditError unless the books balance and everybody was told."""
    found = await audit(connection, campaign_id)
    delivered = sum(line.counted for line in found.lines if line.state == "delivered")
    if not found.balanced or delivered != messages:
        problems = "; ".join(found.problems) or f"{delivered:,} of {messages:,} were delivered"
        raise AuditError(f"the books do not balance: {problems}")
    await connection.execute("VACUUM sent, result")
    octets: int = await connection.fetchval(
        "SELECT pg_total_relation_size('sent') + pg_total_relation_size('result')"
    )
    return octets / messages
