"""A carrier goes away, in every way that carriers do, and the others do not notice (law 8).

All kinds side by side in one run: two carriers that are well, and one of each fault, on one worker process. What is
measured comes from the simulators' books.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from integration.faulty_way import FAULTS, Fault, Way, way_to
from integration.rig import Rig
from waiting import until

from broadcast import config as configuration
from broadcast.simulator.personality import Personality
from broadcast.simulator.server import Smsc

WELL = ("well-1", "well-2")
WELL_TPS, TPS = 400, 100  # of those that are well; of those with a fault
WINDOW, SESSIONS = 20, 2
BEFORE_S, FAULT_S = 2.0, 5.0
RESENDS_AFTER_S = 3
BACK_WITHIN_S = 4.0  # reconnect_max_s and a fifth, bind_timeout_s, and a second before a grant is used
# Links that bind again and again, and take nothing or answer nothing: 10 of each new window (window.OPEN_FIRST).
DOUBTS_MOST = {"mute": 100, "flapping": 100}
PROBES_MOST = 3  # after a timeout without any answer a link gets a single submit at a time
# Of its TPS, while the fault lasts: what the lost bind has not answered counts as arriving until it is given up.
MEANWHILE_LEAST = {"one_bind": 0.75, "slow": 0.8 * SESSIONS * WINDOW / TPS}
TRIES_MOST = 30  # connections, of two links in all of the run: they back off
FIRST = 84_300_000_000  # numbers of the first carrier; each has a block of its own
BLOCK = 10_000_000


@dataclass
class Away:
    """A simulated carrier, here, and the way to it."""

    fault: Fault
    smsc: Smsc
    way: Way
    segments: int = 0  # taken before the fault ended
    back_s: float | None = None  # from the end of the fault to the first message

    @property
    def name(self) -> str:
        return self.fault.replace("_", "-")


@contextlib.asynccontextmanager
async def failing(faults: tuple[Fault, ...]) -> AsyncIterator[list[Away]]:
    """Simulated carriers in this process, nothing wrong yet."""
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for fault in faults:
            smsc = Smsc(Personality(fault, "esme", receipt_delay_s=0.2))
            port = await smsc.start("127.0.0.1")
            stack.push_async_callback(smsc.stop)
            made.append(Away(fault, smsc, await stack.enter_async_context(way_to(port))))
        yield made


def configure(rig: Rig, ports: dict[str, int]) -> str:
    """Carriers at these ports, with links that notice soon. The file, for a worker process."""
    country = {
        "name": "Vietnam",
        "country_code": "84",
        "national_lengths": [9],
        "time_zone": "Asia/Ho_Chi_Minh",
    }
    bind = {
        "host": "127.0.0.1", "sessions": SESSIONS, "window": WINDOW, "bind_timeout_s": 1.0, "response_timeout_s": 2.0,
        "enquire_link_s": 1.0, "reconnect_min_s": 0.2, "reconnect_max_s": 1.0,
    }  # fmt: skip
    lines = [
        'sender = "BOYTE"',
        "[country]",
        *(f"{key} = {json.dumps(value)}" for key, value in country.items()),
    ]
    lines += ["[country.prefixes]", *(f'{name} = ["{30 + index}"]' for index, name in enumerate(ports))]
    for name, port in ports.items():
        lines += [f"[carriers.{name}]", f"tps = {WELL_TPS if name in WELL else TPS}"]
        lines += ['response_id = "decimal"', 'receipt_id = "decimal"', f"[[carriers.{name}.binds]]"]
        system_id = name if name in WELL else "esme"
        settings = {**bind, "port": port, "system_id": system_id}
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    path = rig.folder / "broadcast.toml"
    path.write_text("\n".join(lines))
    rig.config = configuration.load([path])
    return str(path)


async def taken(rig: Rig, name: str) -> int:
    """Segments by the book of a carrier that is well."""
    return int((await rig.smscs[name].book())["segments"])


async def rates(rig: Rig, seconds: float) -> dict[str, float]:
    """Share of its TPS that each carrier that is well took, by its own book."""
    found = {}
    began = {}
    for name in WELL:
        began[name] = (await taken(rig, name), time.monotonic())
    await asyncio.sleep(seconds)
    for name, (before, at) in began.items():
        count = await taken(rig, name) - before
        found[name] = count / (time.monotonic() - at) / WELL_TPS
    return found


async def watch_return(away: list[Away], ended_at: float) -> None:
    """Notes when each takes its first message after the fault."""
    while any(each.back_s is None for each in away):
        for each in away:
            if each.back_s is None and each.smsc.book.segments > each.segments:
                each.back_s = time.monotonic() - ended_at
        await asyncio.sleep(0.01)


async def doubts_of(rig: Rig) -> dict[str, int]:
    """Recipients that were ever in doubt, by carrier."""
    rows = await rig.conn.fetch(
        "SELECT name, count(*) AS count FROM in_doubt JOIN carrier USING (carrier_no) GROUP BY name"
    )
    return {row["name"]: row["count"] for row in rows}


async def granted(rig: Rig) -> bool:
    """Every carrier's whole TPS is in somebody's hands."""
    return bool(await rig.conn.fetchval(
        "SELECT bool_and(granted = tps) FROM (SELECT tps, sum(granted_tps) AS granted FROM carrier"
        " JOIN bind_slot USING (carrier_no) GROUP BY carrier_no) AS each"
    ))  # fmt: skip


@pytest.mark.alone
async def test_the_others_run_at_full_speed_and_it_comes_back_by_itself(rig: Rig) -> None:
    for name in WELL:
        await rig.smsc(name, receipt_delay_s=0.2)
    async with failing(FAULTS) as away:
        try:
            await _story(rig, away)
        finally:
            await rig.close()


async def _story(rig: Rig, away: list[Away]) -> None:
    ports = {name: rig.smscs[name].port for name in WELL} | {each.name: each.way.port for each in away}
    file = configure(rig, ports)
    for index, name in enumerate(ports):
        seconds = BEFORE_S + FAULT_S + 4 if name in (*WELL, "one-bind") else 7
        await rig.subscribers(name, int(seconds * (WELL_TPS if name in WELL else TPS)), FIRST + index * BLOCK)
    await rig.command("worker", config=file)
    await until(lambda: granted(rig), "every carrier is granted")
    await asyncio.sleep(1.2)  # grants are in force
    campaign = await rig.launch(grace_s=RESENDS_AFTER_S)
    await until(lambda: all(each.smsc.book.segments > TPS for each in away), "all have begun")
    before = await rates(rig, BEFORE_S)
    begun = {each.name: each.smsc.book.segments for each in away}
    for each in away:
        await each.way.fail(each.fault)
    during = await rates(rig, FAULT_S)
    ended_at = time.monotonic()
    for each in away:
        each.segments = each.smsc.book.segments
        await each.way.fail("")
    doubts = await doubts_of(rig)
    returning = asyncio.create_task(watch_return(away, ended_at))
    states = await rig.finish(campaign, 60)
    await asyncio.wait_for(returning, 1)
    shares = {name: f"{during[name]:.3f} (before {before[name]:.3f})" for name in WELL}
    print(f"finished {time.monotonic() - ended_at:.1f} s after the faults; shares of the TPS {shares}")
    for each in away:
        taken_then = (each.segments - begun[each.name]) / FAULT_S / TPS
        print(
            f"{each.name:14} back after {each.back_s:4.1f} s, ever in doubt {doubts.get(each.name, 0):3}, "
            f"connections {each.way.tries:2}, meanwhile {taken_then:.2f} of its TPS"
        )
    assert set(states) == {"delivered"}
    for name in WELL:  # measured: the same within 1 %; less strict here, for whatever else this machine does
        assert during[name] >= 0.9 * before[name]
    for each in away:
        assert each.back_s is not None and each.back_s < BACK_WITHIN_S
        assert doubts.get(each.name, 0) <= DOUBTS_MOST.get(each.fault, SESSIONS * (WINDOW + PROBES_MOST))
        assert each.way.tries <= TRIES_MOST
        assert each.segments - begun[each.name] >= MEANWHILE_LEAST.get(each.fault, 0) * TPS * FAULT_S
        resent = await resends_of(rig, each.name)
        assert set(each.smsc.book.copies()) <= resent


async def resends_of(rig: Rig, carrier: str) -> set[str]:
    """Whom the ledger names as resent."""
    rows = await rig.conn.fetch(
        "SELECT msisdn FROM in_doubt JOIN carrier USING (carrier_no) WHERE ended_as = 'resent' AND name = $1",
        carrier,
    )
    return {str(row["msisdn"]) for row in rows}


async def test_slices_move_to_the_worker_whose_bind_is_left(rig: Rig) -> None:
    """Two workers with a bind each; one bind is gone. Nothing that was not sent waits for it."""
    async with failing(("one_bind",)) as (away,):
        try:
            configure(rig, {"one-bind": away.way.port})
            await rig.subscribers("one-bind", 600, FIRST)
            for _ in range(2):
                rig.worker()
            await until(lambda: granted(rig), "both are granted")
            await asyncio.sleep(1.2)
            campaign = await rig.launch(grace_s=RESENDS_AFTER_S)
            await until(lambda: away.smsc.book.segments > TPS / 2, "both have begun")
            await away.way.fail("one_bind")
            began = time.monotonic()
            await rig.reached(campaign, 600, "accepted", "delivered")
            print(f"550 recipients at {TPS} TPS on the bind that is left: {time.monotonic() - began:.1f} s")
            await away.way.fail("")  # receipts that the SMSC wrote into the dead session come again
            assert await rig.finish(campaign) == {"delivered": 600}
        finally:
            await rig.close()
