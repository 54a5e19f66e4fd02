"""A real Prometheus beside a test: Debian's, unpacked and never installed (.ci/run bring_prometheus).

It listens on a port of its own choice at 127.0.0.1, keeps what it scraped in a folder of the test, and ends with it.
What it found is asked of its own samples: when something was scraped, when an alert began to fire. The machine that
tests run on is slow at times, and its clock says little.
"""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from waiting import PATIENCE_S, until

_LISTENS = re.compile(r'msg="Listening on" address=(127\.0\.0\.1:\d+)')


class QueryError(Exception):
    """Prometheus refuses an expression, and says why."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer. labels: with `__name__` where it has a name; points: (Unix time in s, value), in order;
    of an instant query one."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The newest."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True)
class Alert:
    """One that is pending or firing. active_at: when its expression first held, Unix time in s."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    active_at: float


@dataclass(frozen=True, slots=True)
class Target:
    """What is scraped. health: up, down or unknown (not tried yet); error: of the last scrape, or empty."""

    job: str
    address: str
    health: str
    error: str


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs. Every method raises QueryError where it refuses, OSError where it does not answer."""

    url: str
    process: "subprocess.Popen[bytes]"

    async def query(self, expression: str, at: float | None = None) -> list[Series]:
        """Its value now, or at a Unix time: one Series each; a scalar is one without labels."""
        return _series(await self._get("query", query=expression, **({} if at is None else {"time": at})))

    async def history(self, selector: str, seconds: int = 86_400) -> list[Series]:
        """The samples of series as they were scraped or evaluated, of the last seconds."""
        return await self.query(f"{selector}[{seconds}s]")

    async def query_range(self, expression: str, start: float, end: float, step_s: float) -> list[Series]:
        """As a dashboard asks."""
        return _series(
            await self._get("query_range", query=expression, start=start, end=end, step=step_s),
        )

    async def alerts(self) -> list[Alert]:
        """Those that are pending or firing now."""
        return [
            Alert(
                each["labels"]["alertname"],
                each["state"],
                each["labels"],
                each["annotations"],
                _unix(each["activeAt"]),
            )
            for each in (await self._get("alerts"))["alerts"]
        ]

    async def targets(self) -> list[Target]:
        """Everything that is scraped."""
        return [
            Target(each["labels"]["job"], each["labels"]["instance"], each["health"], each["lastError"])
            for each in (await self._get("targets", state="active"))["activeTargets"]
        ]

    async def rule_errors(self) -> dict[str, str]:
        """Rules that could not be evaluated -> why."""
        groups = (await self._get("rules"))["groups"]
        return {
            each["name"]: each["lastError"]
            for group in groups
            for each in group["rules"]
            if each.get("lastError")
        }

    async def scraped(self, addresses: Iterable[str], within_s: float = PATIENCE_S) -> None:
        """Wait until each of these (host:port) was scraped well."""
        wanted = set(addresses)

        async def all_up() -> bool:
            return wanted <= {each.address for each in await self.targets() if each.health == "up"}

        await until(all_up, f"Prometheus scrapes {sorted(wanted)}", within_s)

    async def _get(self, path: str, **parameters: object) -> Any:
        return await asyncio.to_thread(_fetch, f"{self.url}/api/v1/{path}?{urlencode(parameters)}")


def program() -> str:
    """Its path; skips the test where there is none."""
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("no prometheus: it is in Debian's package of that name")
    return found


def configuration(
    targets: Mapping[str, Sequence[str]],
    files: Mapping[str, Sequence[Path]],
    rules: Sequence[Path],
    *,
    scrape_s: float,
    evaluate_s: float,
) -> dict[str, Any]:
    """What Prometheus reads. targets: job -> addresses (host:port); files: job -> files in the form of file_sd."""
    jobs = [
        {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
        for job, addresses in targets.items()
    ]
    found = [
        {
            "job_name": job,
            "file_sd_configs": [{"files": [str(each) for each in places], "refresh_interval": "1s"}],
        }
        for job, places in files.items()
    ]
    return {
        "global": {
            "scrape_interval": duration(scrape_s),
            "scrape_timeout": duration(scrape_s),
            "evaluation_interval": duration(evaluate_s),
        },
        "rule_files": [str(each) for each in rules],
        "scrape_configs": [*jobs, *found],
    }


def duration(seconds: float) -> str:
    """As Prometheus writes it; not under a millisecond."""
    return f"{max(1, round(1000 * seconds))}ms"


@asynccontextmanager
async def prometheus(
    folder: Path,
    targets: Mapping[str, Sequence[str]] | None = None,
    *,
    files: Mapping[str, Sequence[Path]] | None = None,
    rules: Sequence[Path] = (),
    scrape_s: float = 1.0,
    evaluate_s: float | None = None,
    lookback_s: float = 300.0,
) -> AsyncIterator[Prometheus]:
    """One with these targets and rule files, ready. evaluate_s: of the rules; as often as it scrapes if None.

    lookback_s: for how long a sample counts as now. Skips the test where there is no Prometheus.
    """
    started = program()
    home = folder / "prometheus"
    home.mkdir()
    settings = configuration(
        targets or {}, files or {}, rules, scrape_s=scrape_s, evaluate_s=evaluate_s or scrape_s
    )
    (home / "prometheus.yml").write_text(yaml.safe_dump(settings))
    log = home / "prometheus.log"
    words = [
        *_ends_with_us(),
        started,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        f"--query.lookback-delta={duration(lookback_s)}",
    ]
    process = _start(words, log)
    try:
        yield Prometheus(await _ready(process, log), process)
    finally:
        await asyncio.to_thread(_end, process)


def _start(words: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as told:
        return subprocess.Popen(words, stdout=told, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


async def _ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Its URL, once it answers."""

    def listens() -> "re.Match[str] | None":
        assert process.poll() is None, log.read_text()
        said = log.read_text()
        return _LISTENS.search(said) if "Server is ready" in said else None

    await until(listens, "Prometheus is ready")
    found = listens()
    assert found is not None
    return f"http://{found[1]}"


def _ends_with_us() -> list[str]:
    """What has the kernel end it where a test's process is killed, and cannot (util-linux, as in every Debian)."""
    return ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv") else []


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _fetch(url: str) -> Any:
    try:
        with urlopen(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]
    except HTTPError as error:
        said = error.read().decode()
        if error.code >= 500 or not said.startswith("{"):
            raise
        raise QueryError(json.loads(said)["error"]) from error


def _series(data: Mapping[str, Any]) -> list[Series]:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return [Series({}, _points([result]))]
    return [Series(each["metric"], _points(each.get("values") or [each["value"]])) for each in result]


def _points(values: Iterable[Sequence[Any]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(at), float(value)) for at, value in values)


def _unix(said: str) -> float:
    """Of an RFC 3339 time with nanoseconds, which Python 3.11 reads to the microsecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", said)).timestamp()
