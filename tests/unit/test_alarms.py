"""ops/prometheus, by promtool: every alarm fires when it should and at no other time, every figure is right."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.alarms.campaigns import CAMPAIGNS
from unit.alarms.carriers import CARRIERS
from unit.alarms.case import INTERVAL_S, Case
from unit.alarms.figures import FIGURES, Figure
from unit.alarms.machinery import DATABASE, PROCESSES
from unit.test_ops import promtool  # noqa: F401 - a fixture

from broadcast.diagnosis.finding import Code

RULES = Path(__file__).parents[2] / "ops" / "prometheus"
FILES = ("alerts.yml", "recording.yml")
CASES = (*CARRIERS, *CAMPAIGNS, *DATABASE, *PROCESSES)
FIGURE_AT_S = 120
# what a finding says that wakes nobody: it is as it should be, and goes on by itself
NO_ALARM = {"capped", "first_share", "gives_way", "quiet", "tps_reached"}
# what has an alarm by a series, also while no alert is under way
COVERED = {"no_worker"}


def rules() -> Iterator[dict[str, Any]]:
    """Of both files."""
    for name in FILES:
        for group in yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


ALERTS = {each["alert"]: each for each in rules() if "alert" in each}
RECORDS = {each["record"]: each for each in rules() if "record" in each}


def seconds(said: str) -> int:
    """Of a duration of one unit, as all are here."""
    return int(said[:-1]) * {"s": 1, "m": 60, "h": 3600}[said[-1]]


def alarm_test(case: Case) -> dict[str, Any]:
    """As promtool wants it: silent until the last moment that it may be, and told within its time."""
    rule = ALERTS[case.alert]
    held = seconds(rule.get("for", "0s"))
    said = {**rule["annotations"], "summary": case.summary}
    if case.description:
        said["description"] = case.description
    fires = {
        "exp_labels": {"severity": rule["labels"]["severity"], **(case.labels or {})},
        "exp_annotations": said,
    }
    moments = {
        case.begins_s + max(0, held - INTERVAL_S) - (INTERVAL_S if not held else 0): [],
        case.begins_s + seconds(said["within"]): [fires] if case.labels is not None else [],
    }
    return {
        "name": case.alert,
        "interval": f"{INTERVAL_S}s",
        "input_series": series({**case.sick, **case.well}),
        "alert_rule_test": [
            {"eval_time": f"{at}s", "alertname": case.alert, "exp_alerts": expected}
            for at, expected in moments.items()
        ],
    }


def figure_test(figure: Figure) -> dict[str, Any]:
    samples = [
        {"labels": f"{figure.record}{labels}", "value": value} for labels, value in figure.values.items()
    ]
    return {
        "name": figure.record,
        "interval": f"{INTERVAL_S}s",
        "input_series": series(figure.series),
        "promql_expr_test": [{"expr": figure.record, "eval_time": f"{FIGURE_AT_S}s", "exp_samples": samples}],
    }


def series(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"series": name, "values": said} for name, said in values.items()]


def tried(promtool: str, folder: Path, tests: list[dict[str, Any]]) -> str:  # noqa: F811
    """What promtool has against them, or nothing. Each with the rules that it needs: all of them take ten times as
    long."""
    paths = []
    for number, test in enumerate(tests):
        needed, path = folder / f"{number}.rules.yml", folder / f"{number}.yml"
        groups = [{"name": "needed", "rules": list(needed_by(test["name"]))}]
        needed.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
        wanted = {
            "rule_files": [str(needed)],
            "evaluation_interval": f"{INTERVAL_S}s",
            "tests": [test],
        }
        path.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
        paths.append(path)
    done = subprocess.run(
        [promtool, "test", "rules", *paths], capture_output=True, text=True, timeout=300, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def needed_by(name: str) -> Iterator[dict[str, Any]]:
    """The rule of that name, behind the recorded figures that it is made of."""
    rule = RECORDS.get(name) or ALERTS[name]
    for record in RECORDS:
        if record != name and record in rule["expr"]:
            yield from needed_by(record)
    yield rule


def test_every_alarm_is_told_within_its_time_and_only_then(promtool: str, tmp_path: Path) -> None:  # noqa: F811
    assert tried(promtool, tmp_path, [alarm_test(each) for each in CASES]) == ""


def test_every_recorded_figure_is_right(promtool: str, tmp_path: Path) -> None:  # noqa: F811
    assert tried(promtool, tmp_path, [figure_test(each) for each in FIGURES]) == ""


def test_an_alarm_that_is_not_told_is_noticed(promtool: str, tmp_path: Path) -> None:  # noqa: F811
    """So these tests can fail: what is well tried as if it were sick."""
    case = next(each for each in CASES if each.alert == "BroadcastDatabaseDown")
    never = Case(case.alert, {}, case.labels, case.summary, case.well)
    assert "BroadcastDatabaseDown" in tried(promtool, tmp_path, [alarm_test(never)])


def test_nothing_is_left_untried() -> None:
    tried_ = Counter(case.alert for case in CASES if case.labels is not None)
    assert set(tried_) == set(ALERTS)
    assert all(case.well for case in CASES if case.labels is not None)
    assert Counter(figure.record for figure in FIGURES) == Counter(list(RECORDS))


def test_every_finding_wakes_somebody_or_need_not() -> None:
    """By the diagnosis' own codes: one that comes new has its alarm, or stands in NO_ALARM."""
    told = {
        code
        for rule in ALERTS.values()
        for codes in re.findall(r'_finding\{[^}]*code=~?"([a-z_|]+)"', rule["expr"].partition("unless")[0])
        for code in codes.split("|")
    }
    assert told & NO_ALARM == set()
    assert {code.value for code in Code} - told - NO_ALARM - COVERED == set()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alarm_says_how_soon_and_leads_to_a_runbook_that_names_it(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook", "within"}
    assert seconds(said["within"]) >= seconds(rule.get("for", "0s")) + 3 * INTERVAL_S
    runbook = RULES.parents[1] / said["runbook"]
    assert f"`{name}`" in runbook.read_text(encoding="utf-8")


def test_runbooks_name_no_alarm_that_is_gone() -> None:
    for runbook in (RULES.parents[0] / "runbooks").glob("*.md"):
        named = set(re.findall(r"`(Broadcast[A-Z]\w+)`", runbook.read_text(encoding="utf-8")))
        assert named <= set(ALERTS), runbook.name


def test_the_page_of_alarms_is_that_of_the_rules() -> None:
    """Brought in line by `python ops/alarms.py > docs/alarms.md`."""
    done = subprocess.run(
        [sys.executable, RULES.parent / "alarms.py"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == (RULES.parents[1] / "docs" / "alarms.md").read_text(encoding="utf-8")
