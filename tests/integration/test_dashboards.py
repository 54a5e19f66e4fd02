"""Every query of every dashboard has an answer while an alert goes out: asked of a real Prometheus with our rules,
beside simulated carriers, workers, a resolver and an exporter as the processes that production runs.

What a healthy carrier leaves empty comes of a sick one beside it, or is only heard to be a query; see UNSEEN.
"""

import json
import math
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from integration.prometheus import Prometheus, QueryError, prometheus
from integration.rig import Rig
from waiting import until

OPS = Path(__file__).parents[2] / "ops"
RULES = [OPS / "prometheus" / "recording.yml", OPS / "prometheus" / "alerts.yml"]
BOARDS = ("nation", "carrier", "campaign", "workers")
PEOPLE = 200
# Queries that nothing here answers, by what they name, and why; they are heard to be queries all the same.
UNSEEN = {
    "certificate_expiry": "no TLS here: test_tls_links.py has certificates",
    "look_failures": "no look fails",
    "handset_usual": "of alerts that were over when the exporter began",
    "link_test": "workers try every bind, but not within a minute: test_link_tests.py",
    "database_disk": "a worker's login may not ask the server for its disk",
    "ALERTS": "of alarms the rehearsals tell; a minute of this is too short for theirs",
}


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (OPS / "grafana/dashboards" / f"{name}.json").read_text(encoding="utf-8")
    )
    return found


def queries(name: str) -> list[tuple[str, str]]:
    """(title of the panel, expression) of one dashboard."""
    return [
        (panel["title"], target["expr"])
        for panel in board(name)["panels"]
        for target in panel.get("targets", [])
    ]


def variables(name: str) -> dict[str, str]:
    """Of one dashboard: its variables that are asked of Prometheus -> their query."""
    found = board(name)["templating"]["list"]
    return {each["name"]: each["query"]["query"] for each in found if each["type"] == "query"}


async def values(running: Prometheus, query: str) -> set[str]:
    """What Grafana's label_values(metric, label) finds."""
    metric, label = re.findall(r"label_values\((\w+), (\w+)\)", query)[0]
    return {each.labels[label] for each in await running.query(metric)}


def filled(expr: str, chosen: Mapping[str, str]) -> str:
    """As Grafana asks, with these values of its variables."""
    for name, value in {"__rate_interval": "5s", "__range": "600s", **chosen}.items():
        expr = re.sub(rf"\${name}\b|\${{{name}}}", value, expr)
    assert "$" not in expr
    return expr


@asynccontextmanager
async def watched(rig: Rig, folder: Path) -> AsyncIterator[Prometheus]:
    """Two workers, a resolver and an exporter, found as production finds them, and a Prometheus with all rules."""
    await rig.command("up", "--workers", "2", config=rig.configuration())
    found = folder / "targets.json"
    await rig.command("metrics", "targets", "--file", found, "--every", 1, config=rig.configuration())

    def addresses() -> set[str]:
        told = json.loads(found.read_text()) if found.exists() else []
        return {address for group in told for address in group["targets"]}

    await until(lambda: len(addresses()) == 4, "two workers, a resolver and an exporter say where they serve")
    async with prometheus(folder, files={"broadcast": [found]}, rules=RULES, scrape_s=0.5) as running:
        await running.scraped(addresses())
        yield running


async def sick(rig: Rig) -> None:
    """A carrier that throttles, and of which much is odd."""
    await rig.smsc(
        "mobifone",
        tps=40,
        receipt_delay_s=1.0,
        undeliverable_share=0.05,
        rejected_share=0.03,
        expired_share=0.03,
        **{
            "receipts.intermediate": ["ENROUTE", "KAPUTT"],  # and a state that no profile knows
            "receipts.stranger_share": 0.1,
            "receipts.poison": 2,
            "receipts.poison_every_s": 5.0,  # a link that is idle between is asked whether it lives
            "inbound.share": 0.2,
        },
    )
    rig.connect("mobifone", 80)
    await rig.subscribers("mobifone", PEOPLE, 84900000000)


@pytest.mark.long
async def test_every_query_of_every_dashboard_has_an_answer(rig: Rig, tmp_path: Path) -> None:
    await rig.smsc("viettel", receipt_delay_s=1.0, receipt_jitter_s=0.8)
    rig.connect("viettel", 100)
    await rig.subscribers("viettel", PEOPLE)
    await sick(rig)
    async with watched(rig, tmp_path) as running:
        campaign = await rig.launch(text="Wash your hands. " * 20)
        started = time.time()
        await rig.reached(campaign, PEOPLE // 2, "delivered")
        recount = await rig.command("campaign", "audit", campaign.name, "--as", "an")
        assert await recount.wait() == 0
        asked = Asked(running, {"carrier": "mobifone", "campaign": campaign.name}, started)
        await asked.begin()
        carrier = rig.smscs["mobifone"]
        carrier.process.terminate()  # so that something is grave
        await carrier.process.wait()
        await asked.answered(
            but=("reconnects", "enquire_link")
        )  # for which it has to come again, and to idle
        await rig.smsc("mobifone", port=carrier.port)
        await asked.answered()
    assert running.process.returncode == 0


@dataclass
class Asked:
    """What is still to be answered, at some moment since `started` (Unix time). chosen: values of variables."""

    running: Prometheus
    chosen: dict[str, str]
    started: float
    left: list[tuple[str, str, str]] = field(default_factory=list)

    async def begin(self) -> None:
        """Variables have values, and those that nothing here answers are queries."""
        for name in BOARDS:
            for variable, query in variables(name).items():
                found = await values(self.running, query)
                assert self.chosen.setdefault(variable, ".*") in found | {".*"}, (name, variable, found)
                assert found
        self.left = [(name, title, expr) for name in BOARDS for title, expr in queries(name)]
        unseen = [each for each in self.left if any(word in each[2] for word in UNSEEN)]
        assert not [word for word in UNSEEN if not any(word in expr for _name, _title, expr in unseen)]
        for each in unseen:
            await self._has_points(each)
        self.left = [each for each in self.left if each not in unseen]

    async def answered(self, *, but: Sequence[str] = ()) -> None:
        """Wait until all are, but those that name one of these. What never is, is told."""

        async def none_is_left() -> bool:
            self.left = [each for each in self.left if not await self._has_points(each)]
            return all(any(word in expr for word in but) for _name, _title, expr in self.left)

        try:
            await until(none_is_left, "every query has an answer")
        finally:
            print(*self.left, sep="\n")

    async def _has_points(self, query: tuple[str, str, str]) -> bool:
        """A quantile of nothing is a point, but no number."""
        name, title, expr = query
        asked = filled(expr, self.chosen)
        try:
            found = await self.running.query_range(asked, self.started, time.time(), 0.5)
        except QueryError as error:
            raise AssertionError(f"{name}, {title}: {expr}") from error
        return any(not math.isnan(value) for series in found for _at, value in series.points)
