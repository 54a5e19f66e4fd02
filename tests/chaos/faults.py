"""How each fault is done to a world, and the log of what was done when."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psutil
from chaos.schedule import RESOLVER, Fault, Kind, Schedule, Stops
from chaos.world import World


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was done. began, ended: monotonic; ended: the frozen one woken, the database ready again. resolved:
    when all receipts were that were committed before it ended, or, of what was killed, before it began; None: nobody
    looked."""

    fault: Fault
    began: float
    ended: float
    resolved: float | None = None


_KILLED: Final = (Kind.WORKER_KILLED, Kind.RESOLVER_KILLED)
_LOOKED_AFTER: Final = (Kind.WORKER_KILLED, *RESOLVER, Kind.DATABASE_DOWN)


async def play(world: World, plan: Schedule, messages: int) -> list[Done]:
    """Do all of them at their times, counted from the launch, and let subscribers answer. By the time they began."""

    async def one(fault: Fault) -> Done:
        await world.at(fault.at_s)
        if fault.kind in RESOLVER:
            await world.resolver(fault.target)  # may be between two lives
        began, began_at = time.monotonic(), datetime.now(UTC)
        await _WAYS[fault.kind](world, fault)
        ended, ended_at = time.monotonic(), datetime.now(UTC)
        if fault.kind not in _LOOKED_AFTER or plan.topology.several:
            return Done(fault, began, ended)
        await world.resolved_until(began_at if fault.kind in _KILLED else ended_at)
        return Done(fault, began, ended, time.monotonic())

    async def answer(stops: Stops) -> None:
        await world.at(stops.at_s)
        world.smscs[stops.by].tell("stop", *stops.numbers(messages))

    async with asyncio.TaskGroup() as group:
        for stops in plan.stops:
            group.create_task(answer(stops), name="stops")
        tasks = [group.create_task(one(fault), name=fault.kind.value) for fault in plan.faults]
    return [task.result() for task in tasks]


async def _kill(world: World, fault: Fault) -> None:
    if await world.kill(fault.target):
        await asyncio.sleep(fault.seconds)
        await world.start_in(fault.target)


async def _freeze_worker(world: World, fault: Fault) -> None:
    process = world.processes[fault.target]
    if process.returncode is None:
        process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(fault.seconds)
    if process.returncode is None:
        process.send_signal(signal.SIGCONT)


async def _kill_resolver(world: World, fault: Fault) -> None:
    if fault.target in world.processes:
        await _kill(world, fault)
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        (await world.resolver(fault.target)).kill()


async def _freeze_resolver(world: World, fault: Fault) -> None:
    process = await world.resolver(fault.target)
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


async def _stop_database(world: World, fault: Fault) -> None:
    server = world.databases[fault.target].server
    await asyncio.to_thread(server.stop, "immediate")
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(server.start)


async def _crash_smsc(world: World, fault: Fault) -> None:
    world.smscs[fault.target].tell("crash", fault.seconds)
    await asyncio.sleep(fault.seconds)


async def _hang_smsc(world: World, fault: Fault) -> None:
    process = world.smscs[fault.target].process
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(fault.seconds)
    process.send_signal(signal.SIGCONT)


async def _cut_link(world: World, fault: Fault) -> None:
    world.smscs[fault.target].tell("cut", 1)


async def _cut_links(world: World, fault: Fault) -> None:
    world.smscs[fault.target].tell("cut", 1000)


async def _mute_link(world: World, fault: Fault) -> None:
    world.smscs[fault.target].tell("mute", 1, fault.seconds)
    await asyncio.sleep(fault.seconds)


async def _part_host(world: World, fault: Fault) -> None:
    assert world.network is not None
    await asyncio.to_thread(world.network.part, fault.target)
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(world.network.join, fault.target)


async def _worsen_host(world: World, fault: Fault) -> None:
    assert world.network is not None
    await asyncio.to_thread(world.network.worsen, fault.target)
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(world.network.mend, fault.target)


async def _part_way(world: World, fault: Fault) -> None:
    assert world.network is not None
    for ends in world.topology.ends(fault.target):
        await asyncio.to_thread(world.network.sever, *ends)
    await asyncio.sleep(fault.seconds)
    for ends in world.topology.ends(fault.target):
        await asyncio.to_thread(world.network.rejoin, *ends)


_WAYS: Final[dict[Kind, Callable[[World, Fault], Awaitable[None]]]] = {
    Kind.WORKER_KILLED: _kill,
    Kind.WORKER_FROZEN: _freeze_worker,
    Kind.RESOLVER_KILLED: _kill_resolver,
    Kind.RESOLVER_FROZEN: _freeze_resolver,
    Kind.DATABASE_DOWN: _stop_database,
    Kind.DATABASE_AWAY: _stop_database,
    Kind.SMSC_CRASHED: _crash_smsc,
    Kind.SMSC_HANGS: _hang_smsc,
    Kind.LINK_CUT: _cut_link,
    Kind.LINKS_CUT: _cut_links,
    Kind.LINK_MUTE: _mute_link,
    Kind.HOST_PARTED: _part_host,
    Kind.HOST_LOSSY: _worsen_host,
    Kind.WAY_PARTED: _part_way,
}
