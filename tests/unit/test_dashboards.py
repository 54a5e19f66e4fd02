"""Grafana's dashboards: what the code makes, whole, in order, and of nothing that is not served.

Whether each query has an answer is asked of a real Prometheus in integration/test_dashboards.py.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from broadcast.monitor.catalogue import METRICS

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "ops" / "grafana"
BOARDS = ("nation", "carrier", "campaign", "workers")
# Lines of these have a colour each of their own, and no other one.
STATES = (
    "delivered",
    "accepted",
    "in_doubt",
    "waiting",
    "undeliverable",
    "rejected",
    "expired",
    "unknown",
    "excluded",
)
GIVEN = frozenset({"datasource", "__all", "__range", "__rate_interval", "__url_time_range", "__value"})


def board(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def panels(kind: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Each with the name of its dashboard, of one kind if it is said."""
    return [
        (name, panel) for name in BOARDS for panel in board(name)["panels"] if kind in ("", panel["type"])
    ]


def called(value: object) -> str:
    return str(value["title"]) if isinstance(value, dict) else str(value)


def queries(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def test_the_files_are_what_the_code_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, GRAFANA / "make.py", "--out", tmp_path], check=True, timeout=60)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    there = {path.name: path.read_text(encoding="utf-8") for path in (GRAFANA / "dashboards").iterdir()}
    assert set(made) == {f"{name}.json" for name in BOARDS}
    assert made == there, "make dashboards"


@pytest.mark.parametrize("name", BOARDS)
def test_it_is_in_order(name: str) -> None:
    found = board(name)
    assert found["uid"] == f"broadcast-{name}"
    assert not found["editable"]
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        x, y = place.get("x", 0), place.get("y", 0)
        cells = {(x + across, y + down) for across in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert x + place["w"] <= 24, panel["title"]
        taken |= cells
    assert len(taken) == 24 * (1 + max(y for _x, y in taken)), "there is a hole"


def test_the_wall_sees_the_nation_without_scrolling() -> None:
    """At 1920 x 1080, without Grafana's own bars: a row is 30 pixels and 8 between."""
    lowest = max(panel["gridPos"].get("y", 0) + panel["gridPos"]["h"] for panel in board("nation")["panels"])
    assert lowest * 38 < 1080


@pytest.mark.parametrize(("name", "panel"), panels(), ids=called)
def test_a_panel_says_what_it_is(name: str, panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] and defaults["noValue"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert queries(panel)
    steps = defaults["thresholds"]["steps"]
    assert steps[0]["value"] is None
    for step in steps[1:]:  # what a colour means is told to who does not see it
        assert f"From {step['value']:g}: " in panel["description"]


@pytest.mark.parametrize(("name", "panel"), panels("timeseries"), ids=called)
def test_a_line_is_told_apart(name: str, panel: dict[str, Any]) -> None:
    """By a colour of its own and, but for areas that lie on each other, a dash."""
    looks = {
        each["matcher"]["options"]: {one["id"]: one["value"] for one in each["properties"]}
        for each in panel["fieldConfig"]["overrides"]
    }
    names = [target["legendFormat"] for target in panel["targets"]]
    assert sorted(looks) == sorted(names)
    assert not [name for name in names if "{{" in name]
    colours = [look["color"]["fixedColor"] for look in looks.values()]
    if tuple(names) == STATES:
        assert len(set(colours)) == len(STATES)
    else:
        drawn = [
            (colour, str(look["custom.lineStyle"]))
            for colour, look in zip(colours, looks.values(), strict=True)
        ]
        assert len(set(drawn)) == len(names)


@pytest.mark.parametrize("name", BOARDS)
def test_its_links_and_variables_are_there(name: str) -> None:
    text = (GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8")
    variables = {each["name"] for each in board(name)["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", text)) - GIVEN
    assert used <= variables
    led = set(re.findall(r"/d/([\w-]+)\?var-(\w+)=", text))
    for uid, variable in led:
        assert variable in {
            each["name"] for each in board(uid.removeprefix("broadcast-"))["templating"]["list"]
        }
    assert name != "nation" or led == {("broadcast-campaign", "campaign"), ("broadcast-carrier", "carrier")}
    (link,) = board(name)["links"]
    assert (link["type"], link["tags"]) == ("dashboards", board(name)["tags"])


@pytest.mark.parametrize("name", BOARDS)
def test_grafanas_own_model_knows_every_word(name: str) -> None:
    """What it does not know it drops."""

    def plain(value: object) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return plain(value.to_json()) if hasattr(value, "to_json") else value

    assert plain(Dashboard.from_json(board(name))) == board(name)


def test_every_metric_is_shown_or_watched() -> None:
    said = [expr for _name, panel in panels() for expr in queries(panel)]
    for name in ("recording.yml", "alerts.yml"):
        rules = yaml.safe_load((ROOT / "ops" / "prometheus" / name).read_text(encoding="utf-8"))
        said += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    named = {word.removesuffix("_bucket") for expr in said for word in re.findall(r"[a-z_]+", expr)}
    ours = {each for each in METRICS if each.startswith("broadcast_")}
    finds = {"broadcast_campaign_finding", "broadcast_carrier_finding"}
    assert ours - named - finds == set()


def test_grafana_is_given_them_and_begins_with_the_nation() -> None:
    text = (GRAFANA / "provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    assert [source["type"] for source in yaml.safe_load(text)["datasources"]] == ["prometheus"]
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/broadcast.yml").read_text(encoding="utf-8"))
    folder = provider["providers"][0]["options"]["path"]
    for name in ("compose.yaml", "compose.nation.yaml"):
        service = yaml.safe_load((ROOT / "ops" / name).read_text(encoding="utf-8"))["services"]["grafana"]
        assert f"./grafana/dashboards:{folder}:ro" in service["volumes"]
        first = Path(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
        assert first.parent == Path(folder)
        assert (GRAFANA / "dashboards" / first.name).is_file()


def test_a_page_names_panels_that_are_there() -> None:
    pages = [*sorted((GRAFANA.parent / "runbooks").glob("*.md")), ROOT / "docs" / "failures.md"]
    others = {"Receipts", "Seen", "TLS", "When it can not be repaired"}  # headings and words
    titles = {panel["title"] for _, panel in panels()} | others
    for page in pages:
        named = re.findall(r"(?<!\*)\*([A-Z][a-zA-Z ]*)\*(?!\*)", page.read_text(encoding="utf-8"))
        assert set(named) <= titles, page.name
