"""One run from its seed to its verdict."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chaos import checks, evidence, operator
from chaos.checks import Outcome, Receipts
from chaos.database import Database, Prepared, copy_of
from chaos.faults import Done, play
from chaos.hosts import network
from chaos.known import receipt_ids
from chaos.nation import BY_NAME, CARRIERS
from chaos.obedience import judged
from chaos.operator import Given
from chaos.resolving import ways_back
from chaos.schedule import Schedule
from chaos.topology import Topology
from chaos.traffic import recoveries
from chaos.world import World

from broadcast.ledger.states import RecipientState
from broadcast.reports.recipients import recipients

REST_S: Final = 180.0  # after the last fault, until nothing moves any more
QUIET_S: Final = 1.2  # nothing moved for so long: rest
CLOSED_QUIET_S: Final = 6.0  # the same where receipts of who was given up are looked for, now and then

_STATES: Final = """
    SELECT sum(waiting)::int AS waiting, sum(in_doubt)::int AS in_doubt, sum(accepted)::int AS accepted,
           sum(unknown)::int AS unknown, sum(expired)::int AS expired, sum(rejected)::int AS rejected,
           sum(undeliverable)::int AS undeliverable, sum(delivered)::int AS delivered, sum(excluded)::int AS excluded,
           (SELECT coalesce(sum(receipts), 0) FROM received)::int AS unresolved,
           (SELECT sum(received) FROM carrier_tally)::int AS received,
           (SELECT count(*) FROM inbound WHERE state = 'new')::int
               + (SELECT count(*) FROM reply WHERE effect IS NULL)::int AS unread
      FROM tally"""
_AT_HOME: Final = """
    SELECT finished_at IS NOT NULL AS finished, state = 'paused' AS paused FROM campaign"""
_DOUBTS: Final = """
    SELECT carrier.name AS carrier, reason, coalesce(ended_as, 'open') AS ended_as, count(*) AS recipients
      FROM in_doubt JOIN carrier USING (carrier_no) GROUP BY 1, 2, 3"""
_RESENT: Final = (
    "SELECT msisdn::text AS msisdn, count(*) AS times FROM in_doubt WHERE ended_as = 'resent' GROUP BY 1"
)
_RECEIVED: Final = """
    SELECT carrier.name AS carrier, sum(received)::int AS received
      FROM carrier_tally JOIN carrier USING (carrier_no) GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Result:
    """seconds: of the whole run. doubts: recipients by reason and end. problems: none if it passed. slow: ways back
    that took too long. folder: what is needed to look into it."""

    plan: Schedule
    seconds: float
    outcome: Outcome | None
    doubts: Mapping[str, int]
    problems: list[str]
    slow: list[str]
    folder: Path


async def run(plan: Schedule, messages: int, data: Prepared, folder: Path) -> Result:
    """Never raises over what goes wrong in it. folder: for logs, schedule and books."""
    _begin(folder, plan)
    started = time.monotonic()
    outcome, doubts = None, Counter[str]()
    wrong, slow = list[str](), list[str]()
    with ExitStack() as stack:
        databases = await asyncio.to_thread(_databases, stack, plan.topology, data)
        net = stack.enter_context(network(plan.topology.hosts)) if plan.hosts else None
        world = World(folder, plan.topology, databases, net)
        try:
            outcome, doubts = await _played(world, plan, messages)
            wrong, slow = checks.problems(outcome), [*checks.slow(outcome)]
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails this run and not the others
            wrong = [*evidence.words(error), *world.ended]
        finally:
            if wrong:
                await evidence.keep(world)
            await world.close()
            await asyncio.to_thread(stack.close)
    _note(folder / "problems.txt", wrong)
    if outcome is not None:
        _note(folder / "orders.txt", [*outcome.given, *judged(plan, outcome.done, outcome.given)])
        _note(folder / "ways-back.txt", [*outcome.recoveries, *outcome.resolved])
    return Result(plan, time.monotonic() - started, outcome, doubts, wrong, slow, folder)


def _databases(stack: ExitStack, topology: Topology, data: Prepared) -> dict[str, Database]:
    """As prepared, each a server of its own."""
    found = {}
    for name in topology.databases:
        server = stack.enter_context(copy_of(data.home if name == topology.home else data.ledger))
        found[name] = Database(name, server, server.url())
    return found


def _begin(folder: Path, plan: Schedule) -> None:
    evidence.begin(folder)
    _note(folder / "schedule.txt", [*plan.faults, *plan.orders, *plan.stops])


def _note(path: Path, lines: Iterable[object]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


async def _played(world: World, plan: Schedule, messages: int) -> tuple[Outcome, Counter[str]]:
    await world.start(plan)
    if plan.topology.several:
        await operator.spread(world)
    await world.work()
    await operator.launch(world, plan)
    async with asyncio.TaskGroup() as group:
        done = group.create_task(play(world, plan, messages), name="faults")
        given = group.create_task(operator.give(world, plan), name="orders")
    states = await _rest(world, plan, messages)
    return await _outcome(world, plan, messages, done.result(), given.result(), states)


async def _rest(world: World, plan: Schedule, messages: int) -> dict[str, Any]:
    """Wait until nothing moves; the states then. Raises TimeoutError when that takes too long."""
    before: dict[str, Any] = {}
    since = time.monotonic()
    deadline = max(since, world.launched_at + plan.ends_s if plan.closes else since) + REST_S
    while True:
        states = await _states(world)
        if states["paused"]:
            await operator.resume(world)
        now = time.monotonic()
        if states != before:
            before, since = states, now
        if now - since > _quiet_s(plan, states) and await _all_acked(world, plan, messages):
            return states
        if now > deadline:
            raise TimeoutError(f"no rest within {REST_S:.0f} s of the last fault: {states}")
        await asyncio.sleep(0.2)


async def _states(world: World) -> dict[str, Any]:
    """Over all ledgers, and what home says."""
    found = Counter[str]()
    for row in await world.everywhere(_STATES):
        found.update({name: count or 0 for name, count in row.items()})
    return {**found, **(await world.home.fetch(_AT_HOME))[0]}


def _quiet_s(plan: Schedule, states: Mapping[str, Any]) -> float:
    """After which rest nothing more will come; never while somebody is open who will not stay so."""
    if states["unread"] or states["unresolved"]:
        return math.inf
    if states["finished"]:
        return CLOSED_QUIET_S if plan.closes else QUIET_S
    in_doubt = states["in_doubt"] if plan.policy == "resend" else 0
    will_move = plan.closes or states["waiting"] + in_doubt
    return math.inf if will_move else 2 * QUIET_S


async def _all_acked(world: World, plan: Schedule, messages: int) -> bool:
    """Else an SMSC waits for the lease of a dead worker to end before it can send its receipts again."""
    accounts = (await evidence.accounts(world)).values()
    stops = sum(account["stops"] for account in accounts)
    pending = any(account["book"]["receipts"]["pending"] for account in accounts)
    return stops >= checks.stops(plan, messages) and not pending


async def _outcome(
    world: World, plan: Schedule, messages: int, done: list[Done], given: list[Given], states: dict[str, Any]
) -> tuple[Outcome, Counter[str]]:
    accounts = await evidence.accounts(world)
    doubts, by_end = Counter[str](), Counter[str]()
    for row in await world.everywhere(_DOUBTS):
        doubts[row["carrier"]] += row["recipients"]
        by_end[f"{row['reason']} {row['ended_as']}"] += row["recipients"]
    received = Counter[str]()
    for row in await world.everywhere(_RECEIVED):
        received[row["carrier"]] += row["received"]
    ids = await _receipt_ids(world)
    outcome = Outcome(
        messages=messages,
        plan=plan,
        done=done,
        given=given,
        states={each.column: states[each.column] for each in RecipientState},
        people=await _people(world),
        finished=states["finished"],
        opted_out=await _opted_out(world),
        audit=await operator.audit(world),
        doubts=doubts,
        given_up=sum(count for end, count in by_end.items() if end.endswith(" closed")),
        resent={row["msisdn"]: row["times"] for row in await world.everywhere(_RESENT)},
        receipts={name: Receipts(received[name], frozenset(ids.get(name, ()))) for name in accounts},
        accounts=accounts,
        recoveries=[
            each
            for name, account in accounts.items()
            if not plan.topology.several
            for each in recoveries(name, BY_NAME[name].tps, account["samples"], done)
        ],
        resolved=ways_back(done, plan.resolvers),
        ended=tuple(world.ended),
        tracebacks=evidence.tracebacks(world.folder, plan.topology.places),
    )
    return outcome, by_end


async def _opted_out(world: World) -> frozenset[int]:
    """By home."""
    rows = await world.home.fetch("SELECT msisdn FROM subscriber WHERE opted_out_at IS NOT NULL")
    return frozenset(row["msisdn"] for row in rows)


async def _receipt_ids(world: World) -> dict[str, set[str]]:
    """By carrier, in all ledgers."""
    found: dict[str, set[str]] = {}
    for ledger in world.ledgers:
        for name, ids in (await receipt_ids(ledger)).items():
            found.setdefault(name, set()).update(ids)
    return found


async def _people(world: World) -> dict[str, dict[str, str]]:
    """carrier -> MSISDN -> state, by the ledgers."""
    found: dict[str, dict[str, str]] = {carrier.name: {} for carrier in CARRIERS}
    for ledger in world.ledgers:
        async with ledger.connected() as conn:
            async for each in recipients(conn, await conn.fetchval("SELECT campaign_id FROM campaign")):
                found[each.carrier][str(each.msisdn)] = each.state
    return found
