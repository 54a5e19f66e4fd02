"""How steadily the demo sends: does a carrier that has work and TPS stand still, and how much of its TPS is used?"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import psutil

from broadcast.bench.meters import cpu_s
from broadcast.campaign.campaigns import by_name
from broadcast.errors import BroadcastError
from broadcast.languages import _
from broadcast.reports.carriers import slots
from broadcast.reports.progress import progress
from broadcast.reports.steady import GRANTED_S, Pace
from broadcast.store import failures, pool

PAUSE_MOST_S: Final = 5.0
LINES_LEAST: Final = 50_000  # for a verdict: a short run is over before it has a pace
PAUSE_LONG_S: Final = 1.0  # from here on, and below the next, it is said what the limit was
SHARE_LEAST: Final = 0.9
IDLE_LEAST: Final = 0.1  # of the cores: less, and they are all busy
OTHERS_MOST: Final = 0.10  # likewise, of the cores: what stands still then may be the machine's doing
LOOK_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Cores:
    """What became of the time of all cores meanwhile, 0 to 1. others: taken by processes not ours; idle: by none."""

    others: float
    idle: float


def verdict(pace: Pace, cores: Cores, lines: int) -> tuple[str, bool]:
    """Some sentences for the operator, and whether they hold against the demo."""
    name, pause_s = pace.slowest()
    if pace.share is None:
        return _("Too little was sent to say how steadily."), False
    said = _(
        "The longest pause of a carrier that had work and TPS: {pause_s:.1f} s ({name}). "
        "Used of the TPS while there was work: {share:.0%}. "
        "Other processes took {others:.0%} of the cores, {idle:.0%} were idle.",
        pause_s=pause_s,
        name=name,
        share=pace.share,
        others=cores.others,
        idle=cores.idle,
    )
    if pause_s > PAUSE_LONG_S or pace.share < SHARE_LEAST:
        said += f" {_limit(cores)}"
    return said, pause_s > PAUSE_MOST_S and lines >= LINES_LEAST and cores.others < OTHERS_MOST


def _limit(cores: Cores) -> str:
    """What kept a carrier from its TPS."""
    if cores.others >= OTHERS_MOST:
        return _("The limit was this machine: other processes were busy on it.")
    if cores.idle < IDLE_LEAST:
        return _(
            "The limit was this machine: the demo's own processes, the simulated carriers included, kept it busy."
        )
    return _("The machine was not the limit: see worker-*.log.")


class Granted:
    """Whether each worker has had a link to each carrier for so long that every grant is in force: what is launched
    then begins as in production, where workers wait for alerts, and no grant's wait looks like a pause.

    url: of the database. carriers: names. workers: how many there are.
    """

    def __init__(self, url: str, carriers: Iterable[str], workers: int) -> None:
        self._url = url
        self._wanted = dict.fromkeys(carriers, workers)
        self._since: float | None = None

    def __call__(self) -> bool:
        bound = asyncio.run(self._bound())
        if any(bound[carrier] < workers for carrier, workers in self._wanted.items()):
            self._since = None
            return False
        self._since = self._since or time.monotonic()
        return time.monotonic() - self._since >= GRANTED_S.total_seconds()

    async def _bound(self) -> Counter[str]:
        connection = await pool.connect(self._url)
        try:
            found = {(each.carrier, each.worker) for each in await slots(connection) if each.bound}
        finally:
            connection.terminate()
        return Counter(carrier for carrier, _worker in found)


class Onlooker:
    """Looks at a campaign's tallies in a thread of its own, for as long as the context lasts.

    postmaster: the process id of the demo's own PostgreSQL, None: it is not ours.
    """

    def __init__(self, url: str, campaign: str, postmaster: int | None) -> None:
        self.pace = Pace()
        self.cores = Cores(0.0, 0.0)
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
        if everything:
            self.cores = Cores(max(0.0, everything - idle - ours) / everything, idle / everything)

    def _run(self) -> None:
        try:
            asyncio.run(self._look())
        except BroadcastError as error:
            self._failure = error

    async def _look(self) -> None:
        connection = await pool.connect(self._url)
        try:
            number = (await by_name(connection, self._campaign)).campaign_id
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
