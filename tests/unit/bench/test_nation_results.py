"""The nation's shape as a table and as JSON: the product, and what stands beside it."""

import json
from dataclasses import fields

import pytest
from click.testing import CliRunner

from broadcast.bench import command
from broadcast.bench.limits import Limit
from broadcast.bench.load import Load, Part
from broadcast.bench.nation import Nation
from broadcast.bench.nation_results import NationRun, columns, notes, rows

CPU = {"sender": 10.0, "postgres": 2.0, "resolver": 1.0, "simulator": 12.0}
LIMITS = {
    "link": Limit(1000, 40.0, 90_000.0, 91_000.0, {"sender": 4.0, "simulator": 13.0}, {"sender": 60.0}),
    "ledger": Limit(1000, 40.0, 180_000.0, 181_000.0, {"sender": 6.0, "postgres": 1.5}, {"sender": 160.0}),
    "peer": Limit(1000, 15.0, 400.0, 450.0, {"sender": 1300.0, "simulator": 270.0}, {"sender": 50.0}),
}


def nation(rate: float, *, sent_s: float = 100.0) -> Nation:
    return Nation(
        2000, round(rate * sent_s), sent_s, rate, rate - 1000, CPU, None, 0.5, 1.5, (0.2, 0.9), 88.0, 122.0,
        {"sender": 112.0},
    )  # fmt: skip


def test_the_product_beside_what_is_possible() -> None:
    runs = [NationRun(nation(rate), LIMITS) for rate in (50_000.0, 48_000.0, 54_000.0)]
    assert columns(runs) == [
        "what", "unit", "pipeline", "least", "most", "bare link", "bare ledger", "aiosmpplib",
    ]  # fmt: skip
    found = {line[0]: line[1:] for line in rows(runs)}
    assert found["accepted"] == ["segments/s", 50_000, 48_000, 54_000, 90_000, 180_000, 400]
    assert found["final, or receipted"] == ["segments/s", 49_000, 47_000, 53_000, 91_000, 181_000, 450]
    assert found["CPU, Postgres"] == ["s per million segments", 2.0, 2.0, 2.0, None, 1.5, None]
    assert found["write-ahead log"] == ["octets a segment", 88, 88, 88, None, None, None]
    assert found["to aiosmpplib"] == ["times", 125, 120, 135, None, None, None]
    assert found["link and ledger together allow"][1] == pytest.approx(60_000)
    assert found["to what they allow"][1] == pytest.approx(100 * 50 / 60)
    assert "used of the TPS" not in found
    assert len(notes(runs)) == 3


def test_a_short_alert_is_not_compared() -> None:
    runs = [NationRun(nation(50_000.0, sent_s=29.0), LIMITS)]
    found = {line[0]: line[1:] for line in rows(runs)}
    assert "to aiosmpplib" not in found
    assert "to what they allow" not in found
    assert found["link and ledger together allow"][1] == pytest.approx(60_000)
    assert "--messages" in notes(runs)[-1]


def test_parts_alone() -> None:
    runs = [NationRun(None, {"link": LIMITS["link"]})]
    assert columns(runs) == ["what", "unit", "bare link"]
    assert rows(runs)[0] == ["accepted", "segments/s", 90_000]
    assert {len(line) for line in rows(runs)} == {3}
    product = [NationRun(nation(50_000.0), {})]
    assert columns(product) == ["what", "unit", "pipeline", "least", "most"]
    assert notes(product) == []


@pytest.mark.parametrize(
    ("words", "nations", "parts"),
    [
        ((), 2, {"link", "ledger", "peer", "ratios"}),
        (("--only", "pipeline"), 2, {"ratios"}),
        (("--only", "peer"), 0, {"peer", "ratios"}),
    ],
)
def test_the_command_measures_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], nations: int, parts: set[str]
) -> None:
    loads: dict[Part, Load] = {}

    def measured(part: Part, load: Load) -> Limit:
        loads[part] = load
        return LIMITS[part]

    monkeypatch.setattr(command, "nation", lambda load, *, growth: nation(50_000.0))
    monkeypatch.setattr(
        command, "LIMITS", {part: lambda load, part=part: measured(part, load) for part in LIMITS}
    )
    done = CliRunner().invoke(
        command.bench, ["--nation", "--runs", "2", "--messages", "5000", "--json", *words]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["load"]["messages"] == 5000
    assert len(said["nation"]) == nations
    assert all(set(each) == {field.name for field in fields(Nation)} for each in said["nation"])
    assert [set(run) for run in said["runs"]] == [parts, parts]
    assert all(load.nation and load.segments == 5 and load.carriers == 3 for load in loads.values())
