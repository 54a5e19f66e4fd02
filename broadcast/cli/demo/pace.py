"""How steadily the demo sends: does a carrier that has work and TPS stand still, and how much of its TPS is used?"""

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import psutil

from broadcast.cli.bench.meters import cpu_s
from broadcast.errors import BroadcastError
from broadcast.reports.progress import CarrierProgress, Progress, progress
from broadcast.reports.report import find
from broadcast.store import failures, pool

PAUSE_MOST_S: Final = 5.0
LINES_LEAST: Final = 50_000  # for a verdict: a short run is over before it has a pace
OTHERS_MOST: Final = 0.10  # likewise, of the cores: what stands still then may be the machine's doing
LOOK_S: Final = 0.25
WORK_S: Final = 0.5  # of a carrier's TPS at least: the few that are tried again later are no work now

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CarrierPace:
    """One carrier, while it has work and links. Seconds, and segments."""

    longest_pause_s: float = 0.0
    sent: int = 0
    possible: float = 0.0  # by its TPS
    _still_s: float = 0.0

    def went(self, seconds: float, sent: int, tps: int) -> None:
        self.sent += sent
        self.possible += tps * seconds
        self._still_s = 0.0 if sent else self._still_s + seconds
        self.longest_pause_s = max(self.longest_pause_s, self._still_s)

    def rested(self) -> None:
        """It had nothing to do: what follows is another stretch."""
        self._still_s = 0.0


@dataclass(slots=True)
class Pace:
    """By carrier, from one look at the tallies to the next. Pure."""

    carriers: dict[str, CarrierPace] = field(default_factory=dict)
    _last: dict[str, tuple[datetime, CarrierProgress]] = field(default_factory=dict)

    def look(self, now: Progress) -> None:
        """now: of a launched campaign, later than the last one."""
        for line in now.carriers:
            before = self._last.pop(line.carrier, None)
            if line.tps is None or not _works(line, now.segments or 1):
                self.carriers.get(line.carrier, CarrierPace()).rested()
                continue
            self._last[line.carrier] = now.at, line
            if before is not None:
                at, then = before
                pace = self.carriers.setdefault(line.carrier, CarrierPace())
                pace.went((now.at - at).total_seconds(), line.segments - then.segments, line.tps)

    @property
    def share(self) -> float | None:
        """Of the TPS of all carriers, what was used while there was work; None: there never was."""
        possible = sum(each.possible for each in self.carriers.values())
        return sum(each.sent for each in self.carriers.values()) / possible if possible else None

    def slowest(self) -> tuple[str, float]:
        """The carrier that stood still longest, and for how long."""
        return max(
            ((name, each.longest_pause_s) for name, each in self.carriers.items()),
            key=lambda pause: pause[1],
            default=("", 0.0),
        )


def _works(line: CarrierProgress, segments: int) -> bool:
    return line.links > 0 and line.states["waiting"] * segments >= (line.tps or 0) * WORK_S


def verdict(pace: Pace, others: float, lines: int) -> tuple[str, bool]:
    """A sentence for the operator, and whether it holds against the demo. others: the share of the cores, 0 to 1, that
    processes not ours took meanwhile."""
    name, pause_s = pace.slowest()
    if pace.share is None:
        return "Too little was sent to say how steadily.", False
    said = (
        f"The longest pause of a carrier that had work and TPS: {pause_s:.1f} s ({name}). "
        f"Used of the TPS while there was work: {pace.share:.0%}. "
        f"Other processes took {others:.0%} of the cores."
    )
    return said, pause_s > PAUSE_MOST_S and lines >= LINES_LEAST and others < OTHERS_MOST


class Onlooker:
    """Looks at a campaign's tallies in a thread of its own, for as long as the context lasts.

    postmaster: the process id of the demo's own PostgreSQL, None: it is not ours.
    """

    def __init__(self, url: str, campaign: str, postmaster: int | None) -> None:
        self.pace = Pace()
        self.others = 0.0
        self._url = url
        self._campaign = campaign
        self._postmaster = postmaster
        self._over = threading.Event()
        self._failure: BroadcastError | None = None
        self._thread = threading.Thread(target=self._run, name="onlooker", daemon=True)

    def __enter__(self) -> "Onlooker":
        self._began = self._cpu()
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._over.set()
        self._thread.join(30)
        if self._failure is not None and kind is None:
            raise self._failure
        taken = [now - then for now, then in zip(self._cpu(), self._began, strict=True)]
        everything, idle, ours = taken
        self.others = max(0.0, everything - idle - ours) / everything if everything else 0.0

    def _run(self) -> None:
        try:
            asyncio.run(self._look())
        except BroadcastError as error:
            self._failure = error

    async def _look(self) -> None:
        connection = await pool.connect(self._url)
        try:
            number = (await find(connection, self._campaign)).campaign_id
            while not self._over.is_set():
                self.pace.look(await progress(connection, number))
                await asyncio.sleep(LOOK_S)
        except (*failures.LOST, OSError) as error:
            raise failures.explain(error) from error
        finally:
            connection.terminate()

    def _cpu(self) -> tuple[float, float, float]:
        """Seconds of all cores, of these idle, and ours with our children and PostgreSQL."""
        times = psutil.cpu_times()
        ours = cpu_s(psutil.Process())
        if self._postmaster is not None:
            ours += cpu_s(psutil.Process(self._postmaster))
        return sum(times), times.idle + getattr(times, "iowait", 0.0), ours
