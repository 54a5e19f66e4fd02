"""What a control room has beside a nation: an exporter, and a Prometheus with the rules of ops/prometheus.

FACTOR divides all times of the rules, of what carriers do, and of what the diagnosis waits for: 20 in `make test`, 1 in
`make rehearsal`. When an alarm was told is asked of Prometheus' samples alone, and counted in looks, not in seconds: on
a machine that stands still for a while there are fewer of these, and nothing is late.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from integration import quicker
from integration.constants import set_constants
from integration.forked import Forked
from integration.leaks import Secrets, named, pages, processes, without_fractions
from integration.prometheus import Prometheus, Series, prometheus
from integration.rig import TEXT, Rig
from waiting import until

if TYPE_CHECKING:
    import pytest

# read before the tests' environment is cleaned
FACTOR: Final = 1.0 if os.environ.get("BROADCAST_REHEARSAL") else 20.0
SCRAPE_S: Final = 5.0  # as in ops/prometheus/prometheus.yml
READ_S: Final = 2.0  # by the exporter
LOOK_S: Final = 1.0  # of a worker at its lanes
PATIENCE_S: Final = 90.0 + 600.0 / FACTOR

# what the diagnosis waits for until it believes something
WAITS: Final[Mapping[str, float]] = {
    "broadcast.diagnosis.receipts.UNKNOWN_S": 60.0,
    "broadcast.diagnosis.receipts.LEAST_S": 30.0,
    "broadcast.diagnosis.receipts.MOST_S": 600.0,
    "broadcast.diagnosis.receipts.MENDED_S": 60.0,
    "broadcast.diagnosis.receipts.RESOLVED_S": 12.0,
    "broadcast.diagnosis.gather.SETTLING_S": 15.0,
    "broadcast.diagnosis.links.UNBOUND_S": 10.0,
    "broadcast.diagnosis.links.REFUSED_S": 5.0,
    "broadcast.diagnosis.pace.SHORT_S": 10.0,
    "broadcast.diagnosis.settling.BEHIND_S": 15.0,
}
LONG: Final = "Wash your hands often, wear a mask, stay at home. " * 14  # five segments
_BEAT: Final = "rehearsal:looked:time"
_SERVES: Final = re.compile(r"http://(127\.0\.0\.1:\d+)/metrics")


@dataclass(frozen=True, slots=True)
class Sick:
    """What is to be told, and the first figure that shows it. series: of a worker, the resolver or the exporter; of
    a carrier unless `by` says otherwise; is_sick: of a sample of it.

    read: the exporter has to read it first; else Prometheus alone is waited for."""

    alert: str
    labels: Mapping[str, str]
    series: str
    is_sick: Callable[[float], bool]
    read: bool = True


@dataclass(frozen=True, slots=True)
class ControlRoom:
    """One that runs, with what its alarms said so far."""

    rig: Rig
    prometheus: Prometheus
    rules: Mapping[str, float]  # within, in seconds, as divided

    async def told(self, sick: Sick) -> float:
        """Wait for the alarm. Returns after how many seconds of looks it was told, counted from the first sample
        that was sick; the caller holds that against `self.rules[sick.alert]`."""
        labels = "".join(f', {name}="{value}"' for name, value in sick.labels.items())
        alarm = f'ALERTS{{alertname="{sick.alert}", alertstate="firing"{labels}}}'
        seen: list[Series] = []

        async def fires() -> bool:
            seen[:] = await self.prometheus.history(alarm)
            return bool(seen)

        await until(fires, f"{sick.alert} {dict(sick.labels)} is told", PATIENCE_S)
        fired = min(each.points[0][0] for each in seen)
        begun, samples = await self._begun(sick, fired)
        looks = [samples, await self._count(_BEAT, begun, fired)]
        if sick.read:
            looks.append(await self._news(begun, fired))
        print(sick.alert, dict(sick.labels), "looks:", looks, "as they were:", fired - begun)
        return min(looks) * SCRAPE_S / FACTOR

    async def fired(self, since: float = 0.0) -> dict[str, set[str]]:
        """Alarms that fired, each with the carriers (or campaigns, or nothing) that it named. since: Unix time."""
        found: dict[str, set[str]] = {}
        for each in await self.prometheus.history('ALERTS{alertstate="firing"}'):
            if each.points[-1][0] >= since:
                who = each.labels.get("carrier") or each.labels.get("campaign", "")
                found.setdefault(each.labels["alertname"], set()).add(who)
        return found

    async def over(self, alert: str) -> None:
        """Wait until it is told no more."""

        async def gone() -> bool:
            return alert not in {
                each.name for each in await self.prometheus.alerts() if each.state == "firing"
            }

        await until(gone, f"{alert} ends", PATIENCE_S)

    async def value(self, expression: str) -> float | None:
        """Of one figure, now; None where there is none. Raises ValueError where there are several."""
        found = await self.prometheus.query(expression)
        if len(found) > 1:
            raise ValueError(f"{expression} is not one figure")
        return found[0].value if found else None

    async def _begun(self, sick: Sick, fired: float) -> tuple[float, int]:
        """When the unbroken run of sick samples began in which it was told, and how many they are."""
        runs = [_run(each, sick.is_sick, fired) for each in await self.prometheus.history(sick.series)]
        runs = [run for run in runs if run]
        assert runs, f"{sick.series} was never sick before {sick.alert} was told"
        longest = min(runs, key=lambda run: run[0])
        return longest[0], len(longest)

    async def _count(self, selector: str, begun: float, fired: float) -> int:
        [found] = await self.prometheus.history(selector)
        return sum(begun < at <= fired for at, _ in found.points)

    async def _news(self, begun: float, fired: float) -> int:
        """Scrapes of the exporter that had something newer than the one before."""
        found = await self.prometheus.history("broadcast_exporter_read_timestamp_seconds")
        return len({value for each in found for at, value in each.points if begun < at <= fired})


def _run(series: Series, is_sick: Callable[[float], bool], until_at: float) -> list[float]:
    """The times of the last samples before that which are sick without a break."""
    times: list[float] = []
    for at, value in reversed([point for point in series.points if point[0] <= until_at]):
        if not is_sick(value):
            break
        times.append(at)
    return times[::-1]


def hurry(monkeypatch: "pytest.MonkeyPatch", waits_by: float = FACTOR) -> None:
    """Divide what processes wait for. waits_by: of the diagnosis; reading and looking go by FACTOR, down to 0.1 s."""
    set_constants(
        monkeypatch,
        {
            **{name: wait_s / waits_by for name, wait_s in WAITS.items()},
            "broadcast.exporter.exporter.EVERY_S": max(0.1, READ_S / FACTOR),
            "broadcast.engine.gauges.EVERY_S": max(0.1, LOOK_S / FACTOR),
            "broadcast.engine.database_watch.ROOM_EVERY_S": 5.0 / FACTOR,
            "broadcast.reports.nation_databases.SLOW_S": 10.0 / FACTOR,
        },
    )


async def serving(rig: Rig, *words: object) -> tuple[Forked, str]:
    """`broadcast WORDS`, once it serves metrics, and where (host:port)."""
    log = rig.folder / f"process-{len(rig.processes)}.log"
    process = await rig.command(*words, config=rig.configuration())
    await until(lambda: _SERVES.search(log.read_text()), f"{words} serves metrics")
    found = _SERVES.search(log.read_text())
    assert found is not None
    return process, found[1]


@asynccontextmanager
async def control_room(
    rig: Rig, workers: Sequence[Sequence[object]] = (("worker", "--no-resolver"), ("resolver",))
) -> AsyncIterator[ControlRoom]:
    """With these processes and an exporter, all scraped. At its end nothing of them may name anybody."""
    numbers = [str(row["msisdn"]) for row in await rig.conn.fetch("SELECT msisdn FROM subscriber")]
    addresses = [(await serving(rig, *words))[1] for words in workers]
    _, exporter = await serving(rig, "exporter")
    rules = [*quicker.write(rig.folder, FACTOR), _beat(rig.folder)]
    targets = {"broadcast": [*addresses, exporter]}
    async with prometheus(rig.folder, targets, rules=rules, scrape_s=SCRAPE_S / FACTOR) as running:
        await running.scraped(targets["broadcast"])
        yield ControlRoom(rig, running, _within(rules))
        await asyncio.to_thread(names_nobody, rig, numbers)


def names_nobody(rig: Rig, numbers: Sequence[str]) -> None:
    """No number and no word of an alert: in logs and error outputs, in `ps`, in metrics and health of who lives."""
    logs = {path.name: path.read_text("utf-8", "replace") for path in rig.folder.glob("process-*.log")}
    served = pages("\n".join(logs.values()))
    assert any("broadcast_campaign_info{" in each for each in served.values())  # the exporter's
    searched = {**logs, **served, "ps": processes(each.pid for each in rig.processes)}
    text = Secrets("no number", [TEXT, LONG])
    found = {
        name: [*named(without_fractions(said), numbers), *text.found(said)] for name, said in searched.items()
    }
    assert {name: each[:5] for name, each in found.items() if each} == {}


def _within(rules: Sequence[Path]) -> dict[str, float]:
    return {
        rule["alert"]: quicker.seconds(rule["annotations"]["within"])
        for path in rules
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


def _beat(folder: Path) -> Path:
    """A rule that says each time that rules are looked at."""
    path = folder / "beat.yml"
    path.write_text(
        yaml.safe_dump({"groups": [{"name": "beat", "rules": [{"record": _BEAT, "expr": "time()"}]}]})
    )
    return path
