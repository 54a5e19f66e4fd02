"""What a run costs its processes: CPU seconds, and the most memory that they had."""

import os
import time
from collections.abc import Mapping, Sequence

import psutil

from broadcast.bench.stage import RESOLVER, Stage
from broadcast.errors import BroadcastError

SENDER, POSTGRES, SIMULATOR = "sender", "postgres", "simulator"
_LOOK_S = 1.0
# looks: counting pages that many processes share takes a tenth of a second, and halts them
_POSTGRES_EVERY = 30


class Meters:
    """Counts from its making on. Without workers, and without `senders`, this process is the sender."""

    def __init__(self, stage: Stage, senders: Sequence[int] = ()) -> None:
        """senders: ids of processes that send in the workers' place."""
        running = stage.shell.running()
        pids = [*senders, *(pid for name, pid in running if name.startswith("worker-"))]
        workers = [psutil.Process(pid) for pid in pids]
        self._groups: dict[str, list[psutil.Process]] = {SENDER: workers or [psutil.Process()]}
        if stage.server is not None and (pid := stage.server.pid()) is not None:
            self._groups[POSTGRES] = [psutil.Process(pid)]
        for name, pid in running:
            if not name.startswith("worker-"):
                kind = RESOLVER if name.startswith(RESOLVER) else SIMULATOR
                self._groups.setdefault(kind, []).append(psutil.Process(pid))
        self._began = self._cpu()
        self._looks = 0
        self._looked_at = 0.0
        # of this process it would be that of all parts before, too
        self.peak_mib = {kind: 0.0 for kind in self._groups if kind != SENDER or workers}
        self.now_mib: dict[str, float] = {}  # as of the last look
        self.look()

    def look(self) -> None:
        """Take the memory's peak, once a second however often it is called."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        for kind in self.peak_mib:
            if kind == POSTGRES and self._looks % _POSTGRES_EVERY:
                continue
            self.now_mib[kind] = now_mib = self._now_mib(kind)
            self.peak_mib[kind] = max(self.peak_mib[kind], now_mib)
        self._looks += 1

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU since the start, by kind of process."""
        now = self._cpu()
        return {kind: now[kind] - self._began[kind] for kind in now}

    def per_million(self, messages: int) -> dict[str, float]:
        """Seconds of CPU per million messages since the start, by kind of process."""
        return {kind: spent / messages * 1e6 for kind, spent in self.cpu_s().items()}

    def _now_mib(self, kind: str) -> float:
        processes = self._groups[kind]
        if kind == POSTGRES:
            return _together_mib(processes[0])
        return max(process.memory_info().rss for process in processes) / 2**20

    def _cpu(self) -> dict[str, float]:
        """One look at all processes of the machine: one for each of ours would stop the carriers for a tenth of a
        second."""
        children, spent = _processes()
        return {
            kind: sum(_spent_s(process, children, spent) for process in processes)
            for kind, processes in self._groups.items()
        }


def _processes() -> tuple[dict[int, list[int]], dict[int, float]]:
    """Children, and CPU seconds (with those of children that were waited for), by process number."""
    children: dict[int, list[int]] = {}
    spent: dict[int, float] = {}
    for each in psutil.process_iter(["ppid", "cpu_times"]):
        times = each.info["cpu_times"]
        if times is not None:
            children.setdefault(each.info["ppid"], []).append(each.pid)
            spent[each.pid] = times.user + times.system + times.children_user + times.children_system
    return children, spent


def _spent_s(
    process: psutil.Process, children: Mapping[int, Sequence[int]], spent: Mapping[int, float]
) -> float:
    """As `cpu_s`; of this process, only its own."""
    if process.pid == os.getpid():
        times = process.cpu_times()
        return float(times.user + times.system)
    return _tree_s(process.pid, children, spent)


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process, its living children, and those that it has waited for. Raises BroadcastError."""
    return _tree_s(process.pid, *_processes())


def _tree_s(number: int, children: Mapping[int, Sequence[int]], spent: Mapping[int, float]) -> float:
    if number not in spent:
        raise BroadcastError("a process that is measured has ended")
    return spent[number] + sum(_tree_s(each, children, spent) for each in children.get(number, ()))


def _together_mib(process: psutil.Process) -> float:
    """A process and its children, what they share counted once (where the system tells: Linux)."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += getattr(each.memory_full_info(), "pss", 0) or each.memory_info().rss
        except psutil.NoSuchProcess:  # a backend that ended just now
            continue
    return float(total) / 2**20
