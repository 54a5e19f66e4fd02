"""Ten subscribers, and what they answer: what the tests of replies and of opt-outs have in common."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
from integration.rig import Rig, make_rig

from broadcast.audience.carriers import carrier_names
from broadcast.campaign.campaigns import Campaign
from broadcast.config import Bind, Carrier, Config
from broadcast.engine.opt_outs import OptOuts
from broadcast.engine.replies import Replies
from broadcast.ids import CarrierNo
from broadcast.ledger.opt_outs import Sides
from broadcast.monitor.metrics import Metrics
from broadcast.reports.audit import audit
from broadcast.reports.recipients import recipients

FIRST = 84320000000
UCS2 = 8


@asynccontextmanager
async def quiet_rig(folder: Path, url: str, conn: asyncpg.Connection, config: Config) -> AsyncIterator[Rig]:
    """Ten subscribers of viettel, none of the other carriers; nothing is running."""
    async with make_rig(folder, url, conn, config) as made:
        binds = (Bind("127.0.0.1", 1, "nobody"),)
        keywords = {"opt_out": ("STOP", "HỦY", "HỦY ĐK"), "opt_in": ("START",), "help": ("HELP",)}
        made.config = replace(
            config,
            country=replace(config.country, keywords=keywords, everyday_words=("Huy",)),
            carriers={name: Carrier(tps=1000, binds=binds) for name in ("viettel", "mobifone")},
        )
        await made.subscribers("viettel", 10)
        yield made


async def came(
    rig: Rig, text: bytes, sender: int | str = FIRST, *, carrier: str = "viettel", coding: int = 0,
    esm_class: int = 0, ago_s: float = 0.0, sar: list[int] | None = None,
) -> None:  # fmt: skip
    """A raw message, as the ledger's group writes it."""
    await rig.conn.execute(
        """INSERT INTO inbound (carrier_no, received_at, destination, esm_class, data_coding, payload, source, sar)
           SELECT carrier_no, now() - $2::interval, '1900', $3, $4, $5, $6, $7 FROM carrier WHERE name = $1""",
        carrier, timedelta(seconds=ago_s), esm_class, coding, text, str(sender), sar,
    )  # fmt: skip


async def part(rig: Rig, number: int, total: int, text: bytes, sender: int = FIRST, **more: float) -> None:
    header = bytes((11, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 0, 3, 7, total, number))
    await came(rig, header + text, sender, esm_class=0x40, ago_s=more.get("ago_s", 0.0))


class Reader(Replies):
    """Of a worker whose ledger is home, with what it does beside reading: both in a round."""

    def __init__(self, config: Config, metrics: Metrics, names: Mapping[CarrierNo, str]) -> None:
        super().__init__(config, metrics, names)
        self.opt_outs = OptOuts(metrics, None, names)

    async def round(self, connection: asyncpg.Connection) -> bool:
        more = False
        try:
            more = await super().round(connection)
        finally:
            more |= await self.opt_outs.round(Sides(connection, connection, ""))
        return more


async def reader(rig: Rig) -> Reader:
    """As a worker has it; each call is another life of one."""
    return Reader(rig.config, Metrics(), await carrier_names(rig.conn))


async def read(rig: Rig, rounds: int = 3) -> list[asyncpg.Record]:
    """After some rounds: all replies in order."""
    by = await reader(rig)
    for _ in range(rounds):
        await by.round(rig.conn)
    return await rig.conn.fetch("SELECT * FROM reply ORDER BY reply_no")


async def opted_out(rig: Rig) -> set[int]:
    rows = await rig.conn.fetch(
        "SELECT msisdn - $1 AS n FROM subscriber WHERE opted_out_at IS NOT NULL", FIRST
    )
    return {row["n"] for row in rows}


async def sent(rig: Rig, campaign: Campaign, mark: int = 100, ago_s: float = 0.0) -> None:
    """The first `mark` of each of its slices are in doubt, some time ago."""
    await rig.conn.execute(
        """WITH moved AS (
               UPDATE slice SET mark = least(total, $2), leased_at = now() - $3::interval, retry = '\\x0000',
                                answered = '\\x0000'
                WHERE campaign_id = $1 RETURNING carrier_no, mark)
           UPDATE tally SET waiting = waiting - mark, in_doubt = in_doubt + mark FROM moved
            WHERE tally.campaign_id = $1 AND tally.carrier_no = moved.carrier_no""",
        campaign.campaign_id, mark, timedelta(seconds=ago_s),
    )  # fmt: skip


async def balanced(rig: Rig, campaign: Campaign) -> dict[str, int]:
    """The states, after the audit and the list of recipients agreed with them."""
    found = await audit(rig.conn, campaign.campaign_id)
    assert found.problems == ()
    states = await rig.states(campaign)
    listed: dict[str, int] = {}
    numbers = []
    async for each in recipients(rig.conn, campaign.campaign_id):
        listed[each.state] = listed.get(each.state, 0) + 1
        numbers.append(each.msisdn)
    assert listed == states
    assert len(numbers) == len(set(numbers))
    return states
