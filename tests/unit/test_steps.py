"""Steps that somebody follows by hand, in pages and at the tops of files: none is missing, none says two things."""

import re
from pathlib import Path

import pytest
import yaml
from unit.test_docs import blocks

from broadcast.capacity import costs

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
SECRETS = OPS / "kubernetes" / "examples" / "secrets.yaml"
LEVELS = "Environment=BROADCAST_LOG_LEVELS=/var/lib/broadcast/log-levels.toml"


def head(path: Path) -> str:
    """The comment at the top, its lines joined where one goes on."""
    text = path.read_text(encoding="utf-8").split("\nname:")[0].split("\napiVersion:")[0]
    return re.sub(r"(?m)^# ?", "", text).replace("\\\n", "")


def test_kubernetes_has_every_login_made_that_its_secrets_name() -> None:
    urls: dict[str, set[str]] = {}
    for each in yaml.safe_load_all(SECRETS.read_text(encoding="utf-8")):
        found = re.findall(r"postgresql://(\w+):", " ".join(each["stringData"].values()))
        urls[each["metadata"]["name"]] = set(found)
    [(migrates, made)] = re.findall(
        r"broadcast --as (\w+) user begin (.*)", head(OPS / "kubernetes" / "namespace.yaml")
    )
    assert {migrates} == urls.pop("broadcast-migration")
    begun = {each.partition("=")[0] for each in made.split()}
    assert set().union(*urls.values()) <= begun


@pytest.mark.parametrize("name", ["compose.yaml", "compose.nation.yaml"])
def test_who_writes_the_passfile_may(name: str) -> None:
    steps = head(OPS / name)
    user = re.findall(r"USER (\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1]
    given, written = steps.index(f"sudo chown -R {user} ops/site/secrets"), steps.index("user begin")
    assert steps.index("mkdir -p ops/site/secrets") < given < written


def test_the_user_of_the_units_is_made() -> None:
    users = {
        user
        for unit in (OPS / "systemd").glob("*.service")
        for user in re.findall(r"(?m)^User=(\w+)$", unit.read_text(encoding="utf-8"))
    }
    said = (ROOT / "docs" / "machines.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`sudo useradd --system .* (\w+)`", said)) == users


@pytest.mark.parametrize("unit", sorted((OPS / "systemd").glob("*.service")), ids=lambda path: str(path.name))
def test_who_serves_looks_at_the_file_of_log_levels(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    assert (LEVELS in lines) == ("Type=notify" in lines)


def test_of_several_databases_an_exporter_runs_where_all_are_reached() -> None:
    """A machine of workers has only home's URL and its own ledger's."""
    steps = "\n".join(blocks(ROOT / "docs" / "nation.md", ""))
    ups = re.findall(r"broadcast up --ledger .*", steps)
    assert len(ups) == 3
    assert all("--no-exporter" in each for each in ups)
    assert steps.count("broadcast exporter --metrics-host 0.0.0.0 --metrics-port 9462") == 2


@pytest.mark.parametrize("page", ["docs/machines.md", "ops/runbooks/database-down.md"])
def test_connections_are_counted_alike(page: str) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    counted = re.findall(r"(\d+) (?:a|for each) worker and (\d+) (?:a|for each) resolver", text)
    assert counted
    assert set(counted) == {(str(costs.WORKER_CONNECTIONS), str(costs.RESOLVER_CONNECTIONS))}
