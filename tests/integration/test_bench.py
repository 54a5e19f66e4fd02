"""`broadcast bench`, every part of it, small: what it prints has its shape, and the books balanced."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from broadcast.bench import link
from broadcast.bench.limits import LIMITS
from broadcast.bench.load import Load, Part
from broadcast.bench.nation import nation
from broadcast.bench.pacing import Case, pace
from broadcast.bench.plot import draw_nation
from broadcast.bench.senders import senders
from broadcast.bench.stage import staged
from broadcast.errors import BroadcastError

MESSAGES = 5000
PARTS = {
    "link": ({"sender", "simulator"}, None),
    "ledger": ({"sender", "resolver", "postgres"}, True),
    "pipeline": ({"sender", "resolver", "postgres", "simulator"}, True),
    "peer": ({"sender", "simulator"}, None),
}


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "broadcast", "bench", "--messages", str(MESSAGES), *words],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def run_of(*words: str) -> dict[str, Any]:
    """The only run of a bench with `--json`."""
    done = bench(*words, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["load"]["messages"] == MESSAGES
    assert len(said["runs"]) == 1
    run: dict[str, Any] = said["runs"][0]
    return run


def check(part: str, measured: dict[str, Any]) -> None:
    kinds, balanced = PARTS[part]
    assert measured["balanced"] is balanced
    if part == "peer":  # it has so many seconds, which may not be enough
        assert 0 < measured["messages"] <= MESSAGES
    else:
        assert measured["messages"] == MESSAGES
    assert measured["sent_rate"] >= measured["rate"] > 0
    assert set(measured["cpu_s"]) == kinds
    assert set(measured["peak_mib"]) == (kinds if part == "pipeline" else kinds - {"sender"})
    assert all(each > 0 for each in measured["peak_mib"].values())


def test_one_part_alone() -> None:
    run = run_of("--only", "link", "--ids", "uuid")
    assert set(run) == {"link", "ratios"}
    check("link", run["link"])
    assert set(run["ratios"].values()) == {None}


@pytest.mark.long
def test_parts_compared_and_the_growth_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "growth.svg"
    run = run_of("--plot", str(picture))
    for part in PARTS:
        check(part, run[part])
    link, ledger, pipeline, peer = (run[part]["rate"] for part in PARTS)
    assert run["ratios"] == {
        "pipeline_to_peer": pytest.approx(pipeline / peer),
        "possible_rate": pytest.approx(1 / (1 / link + 1 / ledger)),
        "pipeline_to_possible": pytest.approx(pipeline * (1 / link + 1 / ledger)),
    }
    last = run["pipeline"]["growth"][-1]
    assert last["settled"] == MESSAGES
    assert last["table_mib"] > 0
    assert last["worker_mib"] > 0
    assert "messages/s" in picture.read_text()


def test_the_table_has_columns_for_what_was_measured() -> None:
    done = bench("--only", "link", "--carriers", "2")
    assert done.returncode == 0, done.stderr
    assert "bare link" in done.stdout
    assert "aiosmpplib" not in done.stdout
    assert "pipeline" not in done.stdout


def test_growth_without_the_pipeline_is_a_mistake() -> None:
    done = bench("--only", "link", "--growth")
    assert done.returncode == 2
    assert "--only pipeline" in done.stderr


# as the nation's, with a sixtieth of its receipts' times
NATION = Load(600, 5, 2, 2, 0, "uuid", 0.0, 6, nation=True, receipts_over=60.0)


@pytest.mark.parametrize("part", LIMITS)
def test_what_stands_beside_the_nations_alert(part: Part) -> None:
    found = LIMITS[part](NATION)
    segments = NATION.messages * NATION.segments
    if part == "ledger":
        assert found.segments == segments
    else:  # some are refused, once each; the peer has so many seconds, which may not be enough
        assert (0 if part == "peer" else 0.97 * segments) < found.segments < segments
    assert found.segments_per_s > 0
    assert set(found.cpu_s) == PARTS[part][0]
    assert set(found.peak_mib) == PARTS[part][0]


def test_a_sender_that_fails_says_why() -> None:
    with (
        staged(NATION, database=False, simulated=False) as stage,
        pytest.raises(BroadcastError, match="refused"),
        senders(link.sending, stage),
    ):
        pytest.fail("nobody listens")


@pytest.mark.long
def test_a_nation_as_it_grows(tmp_path: Path) -> None:
    load = Load(MESSAGES, 5, 3, 3, 2000, "uuid", 0.0, 6, nation=True, receipts_over=15.0, sums=True)
    found = nation(load, growth=True)
    assert found.segments == 5 * MESSAGES  # what was refused once was sent again
    assert sum(found.states.values()) == MESSAGES
    assert found.states["delivered"] > found.states["undeliverable"] > 0
    assert set(found.cpu_s) == PARTS["pipeline"][0]
    steps = found.growth
    assert 1 <= len(steps) <= 10  # a busy machine looks seldom
    assert steps[-1].segments == 5 * MESSAGES
    assert all(each.open > 0 and each.log_octets > 0 and each.database_mib > 0 for each in steps)
    assert all(set(each.cpu_s) == set(each.mib) == PARTS["pipeline"][0] for each in steps)
    draw_nation(tmp_path / "growth.svg", steps, "a nation")
    assert "segments/s" in (tmp_path / "growth.svg").read_text()


def test_all_of_a_nation_open_then_late_receipts() -> None:
    done = bench("--nation", "--open", "0.1", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["open"]
    assert found["segments"] == 5 * MESSAGES
    assert found["late"] % 5 == 0
    assert 0.05 * 5 * MESSAGES < found["late"] < 0.2 * 5 * MESSAGES
    assert (
        set(found["before_mib"]) == set(found["open_mib"]) == set(found["peak_mib"]) == PARTS["pipeline"][0]
    )
    assert 0 < found["late_s"][0] <= found["late_s"][1]


def test_what_is_of_a_nation_alone_is_a_mistake_elsewhere() -> None:
    for words in (("--open", "1"), ("--nation", "--open", "1", "--growth")):
        done = bench(*words)
        assert done.returncode == 2
        assert "--open" in done.stderr


@pytest.mark.alone
def test_one_pace() -> None:
    paced = pace(Case(tps=200, links=2, workers=1), sending_s=4.0)
    assert 0 < paced.max_in_a_second <= 200
    assert 0.5 < paced.used_share <= 1.01
    assert paced.throttled == 0
