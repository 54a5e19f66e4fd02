"""Who acts: drafts and approves the campaign, launches it, and has it audited."""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chaos.database import environment
from chaos.nation import TEXT
from chaos.schedule import Schedule
from chaos.world import World

from broadcast.campaign import campaigns
from broadcast.campaign.content import content
from broadcast.campaign.launch import launch as launched
from broadcast.config import load

CAMPAIGN: Final = "chaos"
LIFETIME_S: Final = 600.0  # of a campaign that does not expire: longer than any run
GRACE_S: Final = 1
_AUDIT_S: Final = 180.0


async def launch(world: World, plan: Schedule) -> None:
    """One campaign to everybody, from now on."""
    config = load([Path(each) for each in world.config.split(os.pathsep)])
    made = content(
        text=TEXT,
        sender="BOYTE",
        carriers=tuple(config.carriers),
        category="emergency",
        expires_at=datetime.now(UTC) + timedelta(seconds=plan.expires_s or LIFETIME_S),
        in_doubt_policy=plan.policy,
        grace_s=GRACE_S,
    )
    async with world.home.connected() as conn:
        drafted = await campaigns.draft(conn, CAMPAIGN, made, "an")
        approved = await campaigns.approve(conn, drafted, "binh", drafted.code)
        await launched(conn, config, approved, "an")
    world.launched_at = time.monotonic()


async def audit(world: World) -> dict[str, Any]:
    """`broadcast campaign audit`, with every SMSC's own book."""
    books = [f"--differences={world.folder / 'differences.csv'}", "--reveal"]
    books += [f"--book={name}=http://{smsc.host}:{smsc.book_port}/book" for name, smsc in world.smscs.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "broadcast", "campaign", "audit", CAMPAIGN, "--json", *books,
        env={**environment(world.home.server.url(), world.config), "PATH": os.environ.get("PATH", os.defpath)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, words = await asyncio.wait_for(process.communicate(), _AUDIT_S)
    (world.folder / "audit.json").write_bytes(told)
    if not told:
        raise RuntimeError(f"the audit failed: {words.decode()}")
    found: dict[str, Any] = json.loads(told)
    return found
