"""Units, images, compose files and manifests: held to the schemas of those who read them, and to what is served."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml

from broadcast.config import Config, load
from broadcast.engine.watched import ABORT_S, WATCHDOG_S
from broadcast.monitor import health
from broadcast.monitor.health import HealthServer
from broadcast.monitor.http import Request
from broadcast.monitor.metrics import Metrics
from broadcast.web.app import make_app, make_runtime
from broadcast.web.security import Front

ROOT: Final = Path(__file__).parents[2]
OPS: Final = ROOT / "ops"
MANIFESTS: Final = sorted((OPS / "kubernetes").rglob("*.yaml"))
COMPOSED: Final = sorted(OPS.glob("compose*.yaml"))
UNITS: Final = sorted((OPS / "systemd").glob("*.service"))
Manifest = dict[str, Any]


def documents(*kinds: str) -> Iterator[Manifest]:
    """Of these kinds, or all, from every file."""
    for path in MANIFESTS:
        for each in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if not kinds or each["kind"] in kinds:
                yield each


def named(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def by_name(*kinds: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in documents(*kinds)}


def pods() -> dict[str, Manifest]:
    """Ours: of each workload that runs the image, by its name, its pod's template."""
    found = {name: each["spec"]["template"] for name, each in by_name("Deployment", "Job").items()}
    return {
        name: pod
        for name, pod in found.items()
        if any(each["image"] == "broadcast" for each in containers(pod))
    }


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


# ---------------------------------------------------------------- as those read them who run them

OF_OTHERS: Final = {"Cluster", "ServiceMonitor"}  # custom resources: no schema of the API's
OLDEST: Final = "1.29.0"  # before, the API's own description of podFailurePolicy was wrong
NEWEST: Final = kubernetes_validate.latest_version()


def accept(manifest: Manifest) -> None:
    """Raises ValidationError where a Kubernetes of today, or of some years ago, does not know it."""
    for version in (OLDEST, NEWEST):
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize(
    "manifest", [each for each in documents() if each["kind"] not in OF_OTHERS], ids=named
)
def test_kubernetes_knows_every_key(manifest: Manifest) -> None:
    accept(manifest)


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("NetworkPolicy", lambda spec: spec.update(podselector={})),
        ("Deployment", lambda spec: spec.update(replicas="2")),
        ("Deployment", lambda spec: spec["template"]["spec"]["containers"][0].update(livenesProbe={})),
        ("PodDisruptionBudget", lambda spec: spec["selector"].update(matchlabels={})),
    ],
)
def test_what_it_does_not_know_is_found(kind: str, spoil: Callable[[Manifest], object]) -> None:
    manifest = json.loads(json.dumps(next(documents(kind))))
    spoil(manifest["spec"])
    with pytest.raises(kubernetes_validate.ValidationError):
        accept(manifest)


# No package has the schema of prometheus-operator's kinds but as 5 s of imports. This one is ours, after its API
# reference (monitoring.coreos.com/v1): the keys that we use, and no other.
_WORD = {"type": "string", "minLength": 1}
_WORDS = {"type": "array", "items": _WORD, "minItems": 1}
_TIME = {"type": "string", "pattern": "^[0-9]+(ms|s|m)$"}
SERVICE_MONITOR: Final[Manifest] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "ServiceMonitor"},
        "metadata": {"type": "object", "required": ["name", "namespace"]},
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["selector", "endpoints"],
            "properties": {
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["matchLabels"],
                    "properties": {"matchLabels": {"type": "object", "additionalProperties": _WORD}},
                },
                "namespaceSelector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchNames": _WORDS},
                },
                "podTargetLabels": _WORDS,
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["port", "path"],
                        "properties": {
                            "port": _WORD,
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": _TIME,
                            "scrapeTimeout": _TIME,
                            "relabelings": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "properties": {"targetLabel": _WORD, "replacement": _WORD},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


async def test_the_service_monitor_finds_every_port_that_serves_metrics() -> None:
    """Its selector fits Services, each of its ports is one of theirs, and that of a container behind them."""
    [monitor] = documents("ServiceMonitor")
    jsonschema.validate(monitor, SERVICE_MONITOR)
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [each for each in documents("Service") if wanted <= each["metadata"].get("labels", {}).items()]
    asked = {each["port"] for each in monitor["spec"]["endpoints"]}
    there: set[str] = set()
    for service in services:
        for port in service["spec"]["ports"]:
            behind = [
                each["containerPort"]
                for pod in pods().values()
                if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
                for container in containers(pod)
                for each in container.get("ports", [])
                if each["name"] == port["targetPort"]
            ]
            assert behind, port
            assert set(behind) == {port["port"]}
            there.add(port["name"])
    assert asked == there
    assert {await answer(each["path"]) for each in monitor["spec"]["endpoints"]} == {"200"}


def test_a_service_monitor_with_another_key_is_found() -> None:
    [monitor] = documents("ServiceMonitor")
    monitor["spec"]["endpoints"][0]["intervall"] = "5s"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(monitor, SERVICE_MONITOR)


COMPOSE: Final = json.loads(
    files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
)


def composed(path: Path) -> Manifest:
    found: Manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", COMPOSED, ids=lambda path: str(path.name))
def test_compose_knows_every_key(path: Path) -> None:
    jsonschema.validators.validator_for(COMPOSE)(COMPOSE).validate(composed(path))


def test_what_compose_does_not_know_is_found() -> None:
    spoilt = composed(COMPOSED[0])
    next(iter(spoilt["services"].values()))["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoilt, COMPOSE)


# ---------------------------------------------------------------- probes


async def answer(path: str) -> str:
    """The status of what every process serves at a path."""

    async def well() -> None:
        return None

    server, asked = HealthServer(Metrics("worker"), {"lease": well}), Request(path, {}, {})
    status, _, _ = server._at_once(asked) or await server._answer(asked)
    return status[:3]


def routed() -> set[str]:
    """What the board answers."""
    run = make_runtime(Front(True, frozenset({"board.example"}), True), None, UTC)
    return {route.resource.canonical for route in make_app(run).router.routes() if route.resource}


def probes() -> Iterator[tuple[str, str, Manifest, Manifest]]:
    """Pod, which probe, the probe, its container."""
    for name, pod in pods().items():
        for container in containers(pod):
            for which in ("startupProbe", "livenessProbe", "readinessProbe"):
                if which in container:
                    yield name, which, container[which], container


async def test_every_probe_asks_a_port_that_is_open_for_a_path_that_is_answered() -> None:
    found = list(probes())
    assert len(found) >= 9
    for name, which, probe, container in found:
        assert probe["httpGet"]["port"] in {each["name"] for each in container["ports"]}
        path = probe["httpGet"]["path"]
        if name == "board":
            assert path in routed()
            host = probe["httpGet"]["httpHeaders"][0]["value"]
            assert container["args"][container["args"].index("--name") + 1] == host
            continue
        assert path == ("/readyz" if which == "readinessProbe" else "/healthz")
        assert await answer(path) == "200"


def test_what_serves_for_long_has_all_three_probes() -> None:
    asked = {(name, which) for name, which, *_ in probes()}
    serving = {name for name, pod in pods().items() if any("ports" in each for each in containers(pod))}
    assert len(asked) == 3 * len(serving)


def test_a_probe_waits_as_long_as_what_it_asks_may_take() -> None:
    """What hangs `up` ends first, and one process of the pod alone; one that loads is not killed for it."""
    for _, which, probe, _ in probes():
        lasts_s = probe["periodSeconds"] * probe["failureThreshold"]
        if which == "readinessProbe":
            assert health.CHECK_DEADLINE_S < probe["timeoutSeconds"] <= probe["periodSeconds"]
        elif which == "livenessProbe":
            assert lasts_s > WATCHDOG_S + 2 * ABORT_S + probe["periodSeconds"]
        else:
            assert lasts_s >= 60


def health_checks() -> Iterator[tuple[list[str], list[str]]]:
    """The words of each container's health check, and of its command."""
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    check = re.findall(r"^HEALTHCHECK [^\n]*\\\n +CMD (\[.*\])$", image, re.MULTILINE)
    yield json.loads(check[0]), json.loads(re.findall(r"^CMD (\[.*\])$", image, re.MULTILINE)[-1])
    for path in COMPOSED:
        for service in composed(path)["services"].values():
            asked = service.get("healthcheck", {})
            if service["image"] == "broadcast" and not asked.get("disable"):
                assert asked["test"][0] == "CMD"
                yield asked["test"][1:], service["command"]


async def test_a_container_is_asked_whether_it_lives_where_it_serves() -> None:
    found = list(health_checks())
    assert len(found) >= 6
    for asked, command in found:
        assert asked[:3] == ["python", "-m", "broadcast.monitor.probe"]
        scheme, port, path = re.findall(r"^(https?)://127\.0\.0\.1:(\d+)(/\w+)$", asked[3])[0]
        if command[0] == "board":
            assert {f"--port={port}", "--name=127.0.0.1"} <= set(command)
            assert (scheme, "--behind-proxy" in command) == ("https", False)
        else:
            assert scheme == "http"
            assert port == command[command.index("--metrics-port") + 1]
        assert path == "/healthz"
        assert await answer(path) == "200"


def test_what_waits_for_the_database_says_so() -> None:
    """Where who starts them anew would wait longer with every try."""
    commands = [
        *(command for _, command in health_checks()),
        *(each["args"] for pod in pods().values() for each in containers(pod) if "ports" in each),
    ]
    serving = [words for words in commands if words[0] in ("up", "worker", "resolver")]
    assert len(serving) >= 9
    assert all("--wait" in words for words in serving)


# ---------------------------------------------------------------- who reaches whom, and by which secret


@pytest.fixture(scope="module")
def nation() -> Config:
    return load([ROOT / "config/vietnam.toml", ROOT / "config/nation.toml"])


def test_every_pod_is_of_one_network_policy() -> None:
    policies = documents("NetworkPolicy")
    chosen = [each["spec"]["podSelector"]["matchLabels"].items() for each in policies]
    for name, pod in pods().items():
        assert sum(each <= pod["metadata"]["labels"].items() for each in chosen) == 1, name
    for each in documents("NetworkPolicy"):
        assert each["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_a_policy_lets_in_what_is_served_and_nothing_else() -> None:
    for policy in documents("NetworkPolicy"):
        chosen = policy["spec"]["podSelector"]["matchLabels"].items()
        behind = [pod for pod in pods().values() if chosen <= pod["metadata"]["labels"].items()]
        opened = {
            port["name"] for pod in behind for each in containers(pod) for port in each.get("ports", [])
        }
        let_in = policy["spec"].get("ingress", [])
        assert behind
        assert {port["port"] for rule in let_in for port in rule["ports"]} == opened
        assert all(rule["from"] for rule in let_in)


def test_only_who_speaks_to_carriers_reaches_their_ports(nation: Config) -> None:
    carriers = {bind.port for each in nation.carriers.values() for bind in each.binds}
    reach = {
        name: {port["port"] for rule in each["spec"]["egress"] for port in rule["ports"]}
        for name, each in by_name("NetworkPolicy").items()
    }
    speak = {"workers", "operator"}
    assert all(reach[name] == {53, 5432} | carriers for name in speak)
    assert all(ports == {53, 5432} for name, ports in reach.items() if name not in speak)


def test_a_secret_is_named_and_never_written() -> None:
    """Keys that a pod takes are those of the example, and what it takes them for has no value of its own."""
    secrets = {name: set(each["stringData"]) for name, each in by_name("Secret").items()}
    for pod in pods().values():
        for container in containers(pod):
            for each in container.get("env", []):
                assert set(each) == {"name", "valueFrom"}
                taken = each["valueFrom"]["secretKeyRef"]
                assert taken["key"] in secrets[taken["name"]]
            for source in container.get("envFrom", []):
                assert source.get("secretRef", {"name": "broadcast-databases"})["name"] in secrets
        for volume in pod["spec"]["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["secretName"] in secrets


# ---------------------------------------------------------------- units

HARDEST: Final = 15  # tenths of what `systemd-analyze security` calls exposure: 100 is unsafe


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: str(path.name))
def test_a_unit_leaves_little_open(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    path = tmp_path / unit.name.replace("@", "@9464")
    path.write_text(unit.read_text(encoding="utf-8"), encoding="utf-8")
    words = (analyze, "security", "--offline=true", "--no-pager", f"--threshold={HARDEST}", str(path))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("its systemd-analyze is older than 250")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "unit",
    [each for each in UNITS if "Type=oneshot" not in each.read_text()],
    ids=lambda path: str(path.name),
)
def test_a_unit_that_serves_is_watched(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    keys = dict(re.findall(r"(?m)^(\w+)=(.*)$", text.partition("[Service]")[2]))
    assert (keys["Type"], keys["NotifyAccess"], keys["Restart"]) == ("notify", "main", "always")
    assert float(keys["WatchdogSec"]) == WATCHDOG_S
    assert "StartLimitIntervalSec=0" in text
