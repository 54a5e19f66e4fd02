"""ops/, config/ and the Dockerfile: checked by the tools that will read them, and against the code."""

import csv
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from broadcast.cli.main import broadcast
from broadcast.config import Config, load
from broadcast.monitor.catalogue import METRICS

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
RULES = OPS / "prometheus"
NUMBERING = ROOT.parent / "shared" / "data" / "numbering-vn.csv"

_NAME = re.compile(r"(?<![\w:])(?:broadcast|process)_[a-z_]+\b")
_SELECTOR = re.compile(r"\b((?:broadcast|process)_[a-z_]+)\{([^}]*)\}")
# given by Prometheus to every series; ledger: where there are several
_SCRAPED = frozenset({"job", "instance", "ledger"})
# of ALERTS, which Prometheus makes of its rules
_OF_ALERTS = frozenset({"alertname", "severity"})


def series() -> Mapping[str, frozenset[str]]:
    """Name of every sample that a process can serve -> its label names."""
    found: dict[str, frozenset[str]] = {}
    for name, each in METRICS.items():
        found[name] = frozenset(each.labels)
        if each.kind == "histogram":
            found[f"{name}_bucket"] = frozenset((*each.labels, "le"))
            found[f"{name}_sum"] = found[f"{name}_count"] = frozenset(each.labels)
    return found


def dashboard_expressions() -> Iterator[str]:
    """How dashboards look is looked at by test_dashboards.py, and what is answered by its sister in integration."""
    for path in sorted((OPS / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield target["expr"]


def rule_expressions() -> Iterator[str]:
    """Of alarms and of recorded figures; what they say and when is looked at by test_alarms.py."""
    for name in ("recording.yml", "alerts.yml"):
        for group in yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield rule["expr"]


def expressions() -> list[str]:
    return [*dashboard_expressions(), *rule_expressions()]


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tool(name: str) -> Path:
    """A tool of the development packages, beside this interpreter."""
    return Path(sys.executable).parent / name


# ---------------------------------------------------------------- metrics, alerts, dashboard


@pytest.mark.parametrize("expression", expressions())
def test_a_rule_or_panel_names_only_what_a_worker_serves(expression: str) -> None:
    known = series()
    names = set(_NAME.findall(expression))
    assert names <= known.keys()
    for name, selector in _SELECTOR.findall(expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        assert labels <= known[name] | _SCRAPED
    for grouped in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
        asked = {label.strip() for label in grouped.split(",")} - {""}
        assert (
            asked <= _SCRAPED or asked <= _OF_ALERTS or any(asked <= known[name] | _SCRAPED for name in names)
        ), grouped


@pytest.mark.parametrize("name", [name for name in METRICS if name.startswith("broadcast_")])
def test_every_series_is_shown_or_watched(name: str) -> None:
    whole = re.compile(rf"\b{name}(_bucket|_sum|_count)?\b")
    assert any(whole.search(expression) for expression in expressions())


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool: it is in Debian's package `prometheus`")
    return found


@pytest.mark.parametrize("name", ["prometheus.yml", "nation.yml"])
def test_prometheus_accepts_its_configuration(promtool: str, name: str) -> None:
    run(promtool, "check", "config", name, cwd=RULES)


def test_the_dashboards_queries_are_promql(promtool: str, tmp_path: Path) -> None:
    rules = [
        {
            "record": f"panel:{number}",
            "expr": re.sub(r"\$__\w+", "1m", expr).replace("$", ""),
        }
        for number, expr in enumerate(dashboard_expressions())
    ]
    assert len(rules) > 100
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run(promtool, "check", "rules", path)


# ---------------------------------------------------------------- files that other tools read


def test_hadolint_finds_nothing() -> None:
    run(tool("hadolint"), "Dockerfile")


def test_yamllint_finds_nothing() -> None:
    run(tool("yamllint"), "--strict", "-c", "ops/yamllint.yaml", "ops", ".pre-commit-config.yaml")


def test_a_commit_is_checked_by_what_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    targets = (ROOT / "Makefile").read_text().partition("\nlint: $(MADE)\n")[2].partition("\n\n# ")[0]
    linted = [
        line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .")
        for line in targets.splitlines()
        if line.startswith("\t$(BIN)")
    ]
    assert len(linted) == 4
    assert [hook["entry"] for hook in hooks[0]["hooks"]] == linted


UNITS = sorted((OPS / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_systemd_accepts_its_units(unit: Path, tmp_path: Path) -> None:
    """As they are, but for the place of the program, which is not installed here."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    text = unit.read_text()
    started = re.findall(r"(?m)^ExecStart=(/opt/broadcast/.venv/bin/broadcast) (.*)$", text)
    assert len(started) == 1
    there = text.replace(started[0][0], "/bin/true").replace("file:///opt/broadcast/README.md", "man:true(1)")
    path = tmp_path / unit.name.replace("@", "@9464")
    path.write_text(there)
    run(analyze, "verify", path)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_a_unit_starts_what_the_command_line_knows(unit: Path) -> None:
    words = re.findall(r"(?m)^ExecStart=/opt/broadcast/.venv/bin/broadcast (.*)$", unit.read_text())[
        0
    ].split()
    words = [word.replace("%i", "9464") for word in words]
    parsed(words)


def parsed(words: Sequence[str]) -> dict[str, Any]:
    """The options of a command line behind `broadcast`. Raises ClickException where that is none."""
    command: click.Command = broadcast
    rest = list(words)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, words
        command, rest = found, rest[1:]
    return command.make_context(words[0], rest).params


def test_the_image_runs_as_a_user_without_rights() -> None:
    final = (ROOT / "Dockerfile").read_text().split("\nFROM ")[-1]
    assert re.search(r"^USER 10001$", final, re.MULTILINE)


COMPOSED = ("compose.yaml", "compose.nation.yaml")


def services(name: str = "compose.nation.yaml") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((OPS / name).read_text(encoding="utf-8"))["services"]
    return found


@pytest.mark.parametrize("name", COMPOSED)
def test_compose_mounts_only_what_is_there(name: str) -> None:
    mounted = {
        volume.split(":")[0]
        for service in services(name).values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    }
    there = {path for path in mounted if not path.startswith("./site")}
    assert there == {"./prometheus", "./grafana/provisioning", "./grafana/dashboards"}
    assert all((OPS / path).is_dir() for path in there)


@pytest.mark.parametrize("name", COMPOSED)
def test_compose_starts_what_the_command_line_knows(name: str) -> None:
    commands = [
        service["command"]
        for service in services(name).values()
        if service["image"] == "broadcast" and "command" in service
    ]
    assert len(commands) >= 3
    for words in commands:
        parsed(words)


@pytest.mark.parametrize("name", COMPOSED)
def test_compose_has_the_volumes_and_services_that_it_names(name: str) -> None:
    composed = yaml.safe_load((OPS / name).read_text(encoding="utf-8"))
    volumes = {
        volume.split(":")[0]
        for service in composed["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert volumes == set(composed["volumes"])
    waited = {name for service in composed["services"].values() for name in service.get("depends_on", [])}
    assert waited <= set(composed["services"])


def test_the_operators_command_does_not_wait_for_a_migration() -> None:
    """That refuses during an alert, which somebody may have to pause."""
    alone, nation = services("compose.yaml"), services()
    assert list(alone["broadcast"]["depends_on"]) == ["postgres"]
    assert list(alone["worker"]["depends_on"]) == ["migrate"]
    assert "depends_on" not in nation["broadcast"]
    assert list(nation["north"]["depends_on"]) == ["spread"]


def test_prometheus_scrapes_the_port_that_the_image_serves() -> None:
    scrape = yaml.safe_load((OPS / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    found = scrape["dns_sd_configs"][0]
    assert (scrape["job_name"], found["names"], found["port"]) == (
        "broadcast",
        ["worker", "resolver", "exporter"],
        9464,
    )
    assert '"--metrics-port", "9464"' in (ROOT / "Dockerfile").read_text()
    assert "worker" in services("compose.yaml")


# ---------------------------------------------------------------- several databases


@pytest.fixture(scope="module")
def nation() -> Config:
    """The annotated example, which both ways of running it are of."""
    return load([ROOT / "config/vietnam.toml", ROOT / "config/nation.toml"])


MANIFESTS = sorted((OPS / "kubernetes").rglob("*.yaml"))


def manifests(kind: str) -> dict[str, Any]:
    """By name, from every file."""
    every = [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return {each["metadata"]["name"]: each for each in every if each["kind"] == kind}


def containers(workload: Mapping[str, Any]) -> list[dict[str, Any]]:
    pod = workload["spec"]["template"]["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


def url_names(nation: Config) -> dict[str, str]:
    """The variable that holds the URL of each ledger."""
    return {name: each.url_env for name, each in nation.ledgers.items() if each.url_env}


def password_files(nation: Config) -> set[str]:
    binds = [bind for carrier in nation.carriers.values() for bind in carrier.binds]
    return {bind.password_file for bind in binds if bind.password_file}


def served(words: Sequence[str]) -> set[int]:
    """The ports of `broadcast up` with these words."""
    given = parsed(words)
    return {given["metrics_port"] + number for number in range(given["workers"] + 1 + given["exporter"])}


def test_compose_runs_every_ledger_with_its_database(nation: Config) -> None:
    ups = {name: each["command"] for name, each in services().items() if each.get("command", [""])[0] == "up"}
    assert {name: parsed(words)["ledger"] for name, words in ups.items()} == {
        name: name for name in nation.ledgers
    }
    given = services()["north"]["environment"]
    urls = {**url_names(nation), "home": "BROADCAST_DATABASE_URL"}
    hosts = {name: re.findall(r"@([\w-]+)/broadcast$", given[url])[0] for name, url in urls.items()}
    assert hosts == {**{name: f"{name}-db" for name in nation.ledgers}, "home": "home"}
    assert set(hosts.values()) <= set(services())
    assert given["BROADCAST_CONFIG"].endswith(":/etc/broadcast/site/nation.toml")
    mounted = {volume.split(":")[1] for volume in services()["north"]["volumes"]}
    assert {Path(file).parent.as_posix() for file in password_files(nation)} <= mounted


def test_prometheus_scrapes_the_workers_and_the_resolver_of_every_ledger(nation: Config) -> None:
    scrape = yaml.safe_load((OPS / "prometheus/nation.yml").read_text())["scrape_configs"][0]
    targets = {each["labels"]["ledger"]: each["targets"] for each in scrape["static_configs"]}
    assert targets == {
        name: [f"{name}:{port}" for port in sorted(served(services()[name]["command"]))]
        for name in nation.ledgers
    }
    assert "--config.file=/etc/prometheus/nation.yml" in services()["prometheus"]["command"]


def test_kubernetes_starts_what_the_command_line_knows(nation: Config) -> None:
    workloads = [*manifests("Deployment").values(), *manifests("Job").values()]
    ours = [each for workload in workloads for each in containers(workload) if each["image"] == "broadcast"]
    commands = [each["args"] for each in ours if "args" in each]
    assert sorted(" ".join(words[:3]) for words in commands) == [
        "board --host 0.0.0.0",
        "db migrate",
        "db spread",
        "exporter --metrics-host 0.0.0.0",
        *(f"up --ledger {name}" for name in sorted(nation.ledgers)),
    ]
    for words in commands:
        parsed(words)
    for each in ours:
        rights = each["securityContext"]
        assert (rights["readOnlyRootFilesystem"], rights["allowPrivilegeEscalation"]) == (True, False)
        assert each["resources"]["limits"]["memory"]


def test_kubernetes_runs_every_ledger_with_its_database(nation: Config) -> None:
    for name, url in url_names(nation).items():
        deployment = manifests("Deployment")[name]
        [up] = containers(deployment)
        ports = {each["name"]: each["containerPort"] for each in up["ports"]}
        assert set(ports.values()) == served(up["args"])
        for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            assert up[probe]["httpGet"] == {"path": path, "port": "worker"}
        taken = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in up["env"]}
        assert taken == {
            key: {"name": "broadcast-databases", "key": key} for key in ("BROADCAST_DATABASE_URL", url)
        }
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == labels
        assert manifests("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == labels


def test_kubernetes_has_one_file_for_each_ledger_and_they_are_alike(nation: Config) -> None:
    texts = {name: (OPS / f"kubernetes/{name}.yaml").read_text(encoding="utf-8") for name in nation.ledgers}
    alike = {text.replace(name, "NAME").replace(name.upper(), "NAME") for name, text in texts.items()}
    assert len(alike) == 1


def test_kubernetes_mounts_what_the_configuration_and_the_secrets_name(nation: Config) -> None:
    secrets = manifests("Secret")
    assert set(secrets["broadcast-databases"]["stringData"]) == {
        "BROADCAST_DATABASE_URL",
        *url_names(nation).values(),
    }
    assert {f"/etc/broadcast/secrets/{key}" for key in secrets["broadcast-carriers"]["stringData"]} == (
        password_files(nation)
    )
    shared = manifests("ConfigMap")["broadcast"]["data"]
    assert set(shared) <= {"BROADCAST_CONFIG", "BROADCAST_LOG"}
    for workload in [*manifests("Deployment").values(), *manifests("Job").values()]:
        pod = workload["spec"]["template"]["spec"]
        volumes = {each["name"] for each in pod["volumes"]}
        for each in containers(workload):
            mounts = {mount["name"]: mount["mountPath"] for mount in each["volumeMounts"]}
            assert mounts.keys() <= volumes
            assert shared["BROADCAST_CONFIG"].endswith(f":{mounts['site']}/nation.toml")
            assert mounts.get("secrets", "/etc/broadcast/secrets") == "/etc/broadcast/secrets"
    assert {each["metadata"]["namespace"] for each in secrets.values()} == set(manifests("Namespace"))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.name))
def test_a_manifest_is_of_one_namespace_and_holds_no_secret(path: Path) -> None:
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "broadcast"
        for value in each.get("stringData", {}).values():
            assert value == "" or ":PASSWORD@" in value


def test_the_lock_holds_versions_and_no_addresses() -> None:
    lines = (OPS / "requirements.lock").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==(?:[0-9]+!)?[0-9][A-Za-z0-9.]*", line) for line in lines)
    assert lines == sorted(lines, key=str.lower)


def test_the_lock_pins_every_named_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        re.split(r"[><=]", each)[0].lower()
        for each in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    }
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (OPS / "requirements.lock").read_text().splitlines()
    }
    assert named <= pinned


# ---------------------------------------------------------------- country profiles


def test_the_profile_of_vietnam_equals_the_numbering_plan() -> None:
    if not NUMBERING.exists():
        pytest.skip("the regulator's table is not beside this repository")
    with NUMBERING.open(encoding="utf-8", newline="") as file:
        plan = {row["prefix"]: row["carrier"] for row in csv.DictReader(file)}
    prefixes = load([ROOT / "config/vietnam.toml"]).country.prefixes
    assert {prefix: carrier for carrier, each in prefixes.items() for prefix in each} == plan


def test_the_profile_of_vietnam() -> None:
    vietnam = load([ROOT / "config/vietnam.toml"])
    country = vietnam.country
    assert (country.country_code, country.trunk_prefix, country.national_lengths) == ("84", "0", (9,))
    assert (vietnam.sender, country.time_zone) == ("BOYTE", "Asia/Ho_Chi_Minh")
    assert {carrier: len(prefixes) for carrier, prefixes in country.prefixes.items()} == {
        "viettel": 12,
        "vinaphone": 8,
        "mobifone": 8,
        "vietnamobile": 4,
        "gmobile": 2,
    }


def test_the_examples_are_valid() -> None:
    site = load([ROOT / "config/vietnam.toml", ROOT / "config/carriers.example.toml"])
    assert list(site.carriers) == ["viettel", "vinaphone"]
    assert [bind.mode for bind in site.carriers["vinaphone"].slots()] == [
        "transmitter",
        "transmitter",
        "receiver",
    ]
    assert load([ROOT / "config/example-country.toml"]).country.country_code == "351"


def test_the_defaults_that_the_example_shows_are_the_defaults(tmp_path: Path) -> None:
    """Every commented-out key of the example, switched on, changes nothing."""
    text = (ROOT / "config/carriers.example.toml").read_text()
    shown = re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", text)
    skipped = re.sub(
        r"(?m)^(sender|source_ton|source_npi|temporary_statuses|ported_to|price) = .*$", "", shown
    )
    assert skipped.count("\n") == text.count("\n")
    path = tmp_path / "shown.toml"
    path.write_text(skipped)
    vietnam = ROOT / "config/vietnam.toml"
    assert load([vietnam, path]) == load([vietnam, ROOT / "config/carriers.example.toml"])
    assert len(re.findall(r"(?m)^# [a-z_]+ = ", text)) >= 20
