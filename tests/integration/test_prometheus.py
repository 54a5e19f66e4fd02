"""The Prometheus that other tests ask says what it scraped, and what its rules make of that."""

import json
from pathlib import Path

import pytest
import yaml
from integration.prometheus import QueryError, prometheus
from waiting import until

from broadcast.monitor.http import Answer, HttpServer, Request

RULES = {
    "groups": [
        {
            "name": "of this test",
            "rules": [
                {"record": "twice", "expr": "2 * told"},
                {
                    "alert": "Told",
                    "expr": "told == 7",
                    "for": "200ms",
                    "annotations": {"summary": "{{ $value }}"},
                },
            ],
        }
    ]
}


async def told(request: Request) -> Answer:
    return "200 OK", "text/plain; version=0.0.4", b'told{who="an"} 7\n'


async def test_what_is_scraped_and_ruled_is_told(tmp_path: Path) -> None:
    server = HttpServer(told)
    here = f"127.0.0.1:{await server.start('127.0.0.1', 0)}"
    rules, found = tmp_path / "rules.yml", tmp_path / "found.json"
    rules.write_text(yaml.safe_dump(RULES))
    found.write_text(
        json.dumps([{"targets": [here]}, {"targets": ["127.0.0.1:1"], "labels": {"ledger": "north"}}])
    )
    async with prometheus(
        tmp_path, {"static": [here]}, files={"found": [found]}, rules=[rules], scrape_s=0.1
    ) as running:
        await running.scraped([here])

        async def fires() -> bool:
            return [each.state for each in await running.alerts()] == ["firing"] * 2

        await until(fires, "it fires for both jobs")
        assert {each.annotations["summary"] for each in await running.alerts()} == {"7"}
        assert {(each.job, each.health) for each in await running.targets() if each.address == here} == {
            ("static", "up"),
            ("found", "up"),
        }
        assert {each.labels["job"]: each.value for each in await running.query("twice")} == {
            "static": 14.0,
            "found": 14.0,
        }
        first = min(series.points[0][0] for series in await running.history("told"))
        alert = min(await running.alerts(), key=lambda each: each.active_at)
        [fired, *_] = await running.history('ALERTS{alertstate="firing"}')
        assert first <= alert.active_at < fired.points[0][0]
        assert await running.rule_errors() == {}
        [line] = await running.query_range("sum(told)", first, first + 1, 0.5)
        assert len(line.points) == 3
        with pytest.raises(QueryError, match="parse error"):
            await running.query("sum(")
        down = [each for each in await running.targets() if each.address == "127.0.0.1:1"]
        assert [each.health for each in down] == ["down"]
        assert (await running.query('up{ledger="north"}'))[0].value == 0.0
    assert running.process.returncode == 0
    await server.stop()
