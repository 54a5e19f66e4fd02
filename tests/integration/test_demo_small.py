"""The whole demo with a small list: two at once, each with carriers, database and workers of its own, one stopped."""

import csv
import json
import os
import re
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from integration.leaks import Secrets, named, processes
from waiting import PATIENCE_S


def start(folder: Path, home: Path, *words: str) -> "subprocess.Popen[str]":
    home.mkdir(mode=0o700)
    return subprocess.Popen(
        [sys.executable, "-m", "broadcast", "demo", "--workers", "2", "--out", str(folder), *words],
        cwd=home,
        env={**os.environ, "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    try:
        output, _ = process.communicate(timeout=220)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate(timeout=60)
        pytest.fail(f"the demo did not end: {output[-3000:]}")
    return output


@pytest.mark.long
def test_one_of_two_is_stopped(tmp_path: Path) -> None:
    """It leaves nothing running, and the other does not notice."""
    goes_on, stopped = (
        start(tmp_path / f"out{seed}", tmp_path / f"home{seed}", "--lines", "3000", "--seed", str(seed))
        for seed in (1, 2)
    )
    stop(stopped)
    with ThreadPoolExecutor(1) as watcher:
        listed = watcher.submit(listed_while_it_runs, goes_on)
        output = finish(goes_on)
    assert goes_on.returncode == 0, output[-3000:]
    check(tmp_path / "out1", output, listed.result())
    assert stat.S_IMODE((tmp_path / "home1").stat().st_mode) == 0o700


def listed_while_it_runs(process: "subprocess.Popen[str]") -> str:
    """What `ps` shows of a demo and all below it, twice a second."""
    seen: dict[str, None] = {}
    while process.returncode is None:
        seen.update(dict.fromkeys(processes([process.pid]).splitlines()))
        time.sleep(0.5)
    return "\n".join(seen)


def check(out: Path, output: str, listed: str) -> None:
    (folder,) = out.iterdir()
    assert output.rstrip().splitlines()[-1].startswith("3,000 lines accounted for in")
    for command in (
        "db up",
        "subscriber import",
        "campaign forecast",
        "worker",
        "campaign watch",
        "campaign audit",
    ):
        assert f"$ broadcast {command}" in output
    assert "the books balance" in output
    report = json.loads((folder / "report.json").read_text())
    imported, total = report["imports"][0], report["total"]
    assert imported["lines"] == 3000
    assert total["audience"] == imported["imported"]
    assert total["delivered"] > 0.8 * total["audience"]
    assert {line["carrier"] for line in report["carriers"] if line["excluded"] == line["audience"]} == {
        "vietnamobile", "gmobile",
    }  # fmt: skip
    summary = list(csv.DictReader((folder / "report.csv").read_text().splitlines()))
    assert sum(int(row["recipients"]) for row in summary) == total["audience"]
    people = list(csv.DictReader((folder / "recipients.csv").read_text().splitlines()))
    assert len(people) == total["audience"]
    assert sum(row["state"] == "delivered" for row in people) == total["delivered"]
    assert "<svg" in (folder / "report.html").read_text()
    numbers = re.findall(
        r"[0-9]{9,}", re.sub(r"(?<=[0-9])[ .\-](?=[0-9])", "", (folder / "people.csv").read_text())
    )
    assert len(numbers) > 2000 and named(f"to 0{numbers[0][-9:]}", numbers)
    logs = {path.name: path.read_text("utf-8", "replace") for path in folder.glob("*.log")}
    assert any("campaign_begun" in log for log in logs.values())
    assert all(command in listed for command in ("exporter", "resolver", "watch", "BROADCAST_LOG="))
    searched = {**logs, "ps": listed}
    for name, words in {**searched, "stdout": output}.items():
        assert (name, named(words, numbers)) == (name, set())
    text = Secrets("no number", [(folder / "alert.vi.txt").read_text("utf-8")])
    assert {name: found for name, words in searched.items() if (found := text.found(words))} == {}


def stop(demo: "subprocess.Popen[str]") -> None:
    """As soon as it sends."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if "broadcast campaign watch" in line:
            break
    children = _children(demo.pid)
    assert len(children) >= 5
    demo.terminate()
    output = finish(demo)
    assert demo.returncode == 130, output
    deadline = time.monotonic() + PATIENCE_S
    while left := [pid for pid in children if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
