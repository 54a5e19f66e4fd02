"""Who acts: drafts and approves the campaign, launches it, gives orders, and has it audited.

Orders are the product's own commands, given at home's host, tried again until they are taken.
"""

import asyncio
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from chaos.database import environment
from chaos.nation import TEXT
from chaos.schedule import Schedule, Word
from chaos.world import World

from broadcast.actions.live import reach
from broadcast.actions.session import Session
from broadcast.bench.people import APPROVER, DRAFTER, acting
from broadcast.campaign import campaigns
from broadcast.campaign.content import content
from broadcast.config import load

CAMPAIGN: Final = "chaos"
GRACE_S: Final = 1
COMMAND_S: Final = 180.0
AGAIN_S: Final = 0.5  # between two tries
TAKEN_S: Final = 120.0  # by then an order is, whatever is broken meanwhile
_REFUSED: Final = 3  # a rule said no
_UNTOLD: Final = re.compile(r"^ledger (\w+) could not be told", re.MULTILINE)
_WITHOUT_HOME: Final = re.compile(
    r"^home does not answer .*: the order holds in (.*) and home takes it over", re.MULTILINE
)
_AT: Final = "SELECT extract(epoch FROM max(at))::float8 AS at FROM campaign_event WHERE event = $1"
_EVENTS: Final = {Word.PAUSE: "paused", Word.CANCEL: "cancelled", Word.RESUME: "resumed"}


@dataclass(frozen=True, slots=True)
class Given:
    """An order that was taken. Monotonic: began: the first try; home_at: home's commit; ended: the command's end. told:
    the ledgers that heard of it by then. without_home: home was away, and only these know until it is back."""

    word: Word
    began: float
    home_at: float
    ended: float
    told: frozenset[str]
    without_home: bool = False


async def launch(world: World, plan: Schedule) -> None:
    """One campaign to everybody, from now on. An emergency, but where subscribers answer STOP: it would reach them."""
    config = load([Path(each) for each in world.config.split(os.pathsep)])
    before = time.monotonic()
    await _done(world, "db", "status")
    command_s = 1.5 * (time.monotonic() - before)  # what the launch will take, on this machine at this hour
    made = content(
        text=TEXT,
        sender="BOYTE",
        carriers=tuple(config.carriers),
        category="health" if plan.stops else "emergency",
        expires_at=datetime.now(UTC) + timedelta(seconds=command_s + (plan.expires_s or plan.ends_s)),
        in_doubt_policy=plan.policy,
        grace_s=GRACE_S,
    )
    async with world.home.connected() as conn:
        async with acting(conn, DRAFTER):
            drafted = await campaigns.draft(conn, CAMPAIGN, made)
        async with acting(conn, APPROVER):
            await campaigns.approve(conn, drafted, drafted.code)
        async with acting(conn, APPROVER):
            people = (await reach(Session(conn, config), CAMPAIGN)).recipients
    await _done(world, "campaign", "launch", CAMPAIGN, "--recipients", str(people), "--as", APPROVER)
    world.launched_at = time.monotonic()


async def spread(world: World) -> None:
    """The ledgers are home's from now on."""
    await _done(world, "db", "spread")


async def give(world: World, plan: Schedule) -> list[Given]:
    """All orders at their times, one after the other; without those that came when it was over already."""
    found = []
    before = world.launched_at
    for order in plan.orders:
        await asyncio.sleep(max(0.0, before + order.after_s - time.monotonic()))
        given = await _give(world, order.word)
        before = time.monotonic()
        if given is not None:
            found.append(given)
    return found


async def resume(world: World) -> None:
    """What a ledger was ordered while home was away home may have taken over after somebody resumed: once more."""
    await _give(world, Word.RESUME)


async def _give(world: World, word: Word) -> Given | None:
    began = time.monotonic()
    deadline = began + TAKEN_S
    while True:
        said = await _command(world, "campaign", word.value, CAMPAIGN, "--as", APPROVER)
        if said.code == 0:
            return await _given(world, word, began, said)
        if said.code == _REFUSED and await _refused_for_good(world, word):
            return None
        if time.monotonic() > deadline:
            raise TimeoutError(f"{word.value} is not taken within {TAKEN_S:.0f} s: {said.words}")
        await asyncio.sleep(AGAIN_S)


async def _refused_for_good(world: World, word: Word) -> bool:
    """It is as ordered, or over. A pause that a ledger took while home was away home may not know of yet."""
    state = (await world.home.fetch("SELECT state FROM campaign"))[0]["state"]
    return state != "running" if word is Word.RESUME else True


async def _given(world: World, word: Word, began: float, said: "_Said") -> Given:
    ended = time.monotonic()
    if followed := _WITHOUT_HOME.search(said.words):
        told = frozenset(followed[1].split(", ")).intersection(world.topology.ledgers)
        return Given(word, began, ended, ended, told, without_home=True)
    at = (await world.home.fetch(_AT, _EVENTS[word]))[0]["at"]
    told = frozenset(world.topology.ledgers).difference(_UNTOLD.findall(said.words))
    return Given(word, began, at - time.time() + time.monotonic(), ended, told)


async def audit(world: World) -> dict[str, Any]:
    """With every SMSC's own book."""
    books = [f"--differences={world.folder / 'differences.csv'}", "--reveal"]
    books += [f"--book={name}=http://{smsc.host}:{smsc.book_port}/book" for name, smsc in world.smscs.items()]
    said = await _command(world, "campaign", "audit", CAMPAIGN, "--json", *books, local=True)
    (world.folder / "audit.json").write_text(said.told)
    if not said.told:
        raise RuntimeError(f"the audit failed: {said.words}")
    found: dict[str, Any] = json.loads(said.told)
    return found


@dataclass(frozen=True, slots=True)
class _Said:
    """What a command ended with. told, words: on stdout and stderr."""

    code: int
    told: str
    words: str


async def _done(world: World, *words: str) -> None:
    """Raises RuntimeError where a command fails."""
    said = await _command(world, *words)
    if said.code != 0:
        raise RuntimeError(f"{' '.join(words)}: {said.words}")


async def _command(world: World, *words: str, local: bool = False) -> _Said:
    """`broadcast ...`. local: here and by the servers' own sockets, not at home's host."""
    home, ledgers = world.home.url, world.urls
    if local:
        home = world.home.server.url()
        ledgers = {name: world.databases[name].server.url() for name in ledgers}
    process = await asyncio.create_subprocess_exec(
        *((sys.executable,) if local else world.python(world.topology.home)), "-m", "broadcast", *words,
        env={**environment(home, world.config, ledgers), "PATH": os.environ.get("PATH", os.defpath)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, said = await asyncio.wait_for(process.communicate(), COMMAND_S)
    assert process.returncode is not None
    with (world.folder / "orders.log").open("a") as log:
        log.write(
            f"{time.monotonic() - world.launched_at:.1f} s: {' '.join(words)}: {process.returncode}\n{said.decode()}"
        )
    return _Said(process.returncode, told.decode(), said.decode())
