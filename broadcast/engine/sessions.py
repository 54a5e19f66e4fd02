"""The links behind a worker's slots: opened with the slot, closed before it is given up."""

import asyncio
import time
from collections.abc import Callable

from broadcast.channel.channel import LEAVE_S, UNBIND_S
from broadcast.diagnosis.links import REFUSED_S
from broadcast.diagnosis.reading import LinkTrouble
from broadcast.engine.lane import Lane
from broadcast.engine.standing import Standing
from broadcast.errors import BroadcastError
from broadcast.ids import CarrierNo
from broadcast.monitor import events
from broadcast.monitor.loggable import Name, Word
from broadcast.monitor.logger import about, logger
from broadcast.monitor.metrics import Metrics

log = logger(__name__)

SlotKey = tuple[CarrierNo, int]


class Sessions:
    """One task per held slot, which keeps its link bound for as long as the slot is held."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tasks: dict[SlotKey, asyncio.Task[None]] = {}
        self._leaving: dict[SlotKey, asyncio.Task[None]] = {}
        self._idle: set[SlotKey] = set()
        self._states: dict[SlotKey, str] = {}
        self._closing = False
        self._standing: dict[SlotKey, Standing] = {}

    @property
    def bound(self) -> set[SlotKey]:
        """Slots whose link is bound now."""
        return {key for key, state in self._states.items() if state == "bound" and key in self._tasks}

    def holds(self, carrier_no: CarrierNo) -> bool:
        """Whether a slot of this carrier is held."""
        return any(number == carrier_no for number, _ in self._tasks)

    def states(self) -> dict[CarrierNo, list[str]]:
        """What each link last reported that a slot of this worker wants, by carrier."""
        found: dict[CarrierNo, list[str]] = {}
        for key in self._tasks:
            found.setdefault(key[0], []).append(self._states.get(key, "connecting"))
        return found

    def troubles(self, carrier_no: CarrierNo, now: float) -> tuple[LinkTrouble, ...]:
        """The links of a carrier that have not been up for a while. now: of time.monotonic."""
        ages: dict[str, list[float]] = {}
        for key, each in self._standing.items():
            why = each.trouble(now) if key[0] == carrier_no else ""
            if why and now - each.since >= REFUSED_S:
                ages.setdefault(why, []).append(now - each.since)
        return tuple(LinkTrouble(why, len(each), round(max(each), 1)) for why, each in ages.items())

    def open(self, lane: Lane, slot_no: int) -> None:
        """A slot is held: bind it and keep it bound, unless that is done already, or its last link is closing.

        Called at every heartbeat: a link whose task has failed is logged and opened anew.
        """
        key = (lane.carrier_no, slot_no)
        self._idle.discard(key)
        task = self._tasks.get(key)
        if task is not None and task.done():
            del self._tasks[key]
            error = None if task.cancelled() else task.exception()
            log(
                events.LINK_FAILED,
                link=Name(f"{lane.name}-{slot_no}"),
                kind=Word(type(error).__name__),
                error=error,
            )
        if key not in self._tasks and key not in self._leaving:
            log(events.SLOT_TAKEN, carrier=Name(lane.name), link=Name(f"{lane.name}-{slot_no}"))
            self._tasks[key] = asyncio.create_task(
                self._keep(lane, slot_no), name=f"link {lane.name}-{slot_no}"
            )

    async def _keep(self, lane: Lane, slot_no: int) -> None:
        """Until cancelled. What cannot even be tried, over an unusable TLS file say, is tried again later."""
        key = (lane.carrier_no, slot_no)
        name = f"{lane.name}-{slot_no}"
        standing = self._standing[key] = Standing(time.monotonic())

        def report(state: str) -> None:
            self._states[key] = state
            standing.report(state, time.monotonic())
            self._metrics.link_state(name, lane.name, state)

        try:
            while True:
                try:
                    with about(carrier=Name(lane.name)):
                        await lane.channel.keep_bound(slot_no, name, lane, report, self._leave_s)
                except BroadcastError as error:
                    log(events.LINK_CANNOT_BE_KEPT, link=Name(name), why=error)
                    report("refused")
                    await asyncio.sleep(lane.channel.again_s(slot_no))
        finally:
            self._states.pop(key, None)
            self._standing.pop(key, None)
            self._metrics.link_gone(name)

    def give_up(self, carrier_no: CarrierNo, slot_no: int, closed: Callable[[], None]) -> None:
        """Unbind; `released` names the slot once its link is closed, and `closed` is called then."""
        key = (carrier_no, slot_no)
        task = self._tasks.pop(key, None)
        if task is not None:
            log(events.SLOT_LEFT, link=Name(task.get_name().removeprefix("link ")))
            task.cancel()
            task.add_done_callback(lambda _: closed())
            self._leaving[key] = task
        elif key not in self._leaving:
            self._idle.add(key)  # never opened, or it was closed and the database lost as it was told

    def released(self) -> list[SlotKey]:
        """Slots that were given up and whose links are closed since the last call."""
        gone = [key for key, task in self._leaving.items() if task.done()]
        for key in gone:
            del self._leaving[key]
        gone += self._idle
        self._idle.clear()
        return gone

    def _leave_s(self) -> float:
        """A worker that stops has waited for its answers; one that gives up a slot sends until then."""
        return UNBIND_S if self._closing else LEAVE_S

    async def close(self) -> None:
        """Unbind all; links that are leaving already have as long for the rest of it."""
        self._closing = True
        for task in self._tasks.values():
            task.cancel()
        tasks = [*self._tasks.values(), *self._leaving.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=UNBIND_S)
        for task in self._leaving.values():
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._leaving.clear()
