"""docs/alarms.md, made of the rules in ops/prometheus: `python ops/alarms.py > docs/alarms.md`. A test compares."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

OPS: Final = Path(__file__).parent
HEADS: Final = {
    "broadcast-carriers": "Carriers",
    "broadcast-campaigns": "Alerts to the public",
    "broadcast-database": "Settling, and the database",
    "broadcast-processes": "Our own processes",
}
_HEAD: Final = """# Alarms, and the figures behind them

Made of `ops/prometheus/alerts.yml` and `ops/prometheus/recording.yml` by `python ops/alarms.py`, and compared with them
by a test. **page** wakes somebody now, *ticket* is for today. *Within* is how soon it is told at the latest, from the
first scrape that shows what is wrong; before that come a scrape (5 s), a reading (3 s) and how long the diagnosis waits
until it believes it ([when](../ops/runbooks/carrier-down.md#what-watch-report-and-the-lists-say)). Each has its
runbook: what it means, what to look at, what to do.

`ops/prometheus/prometheus.yml` has both files. Among its targets must be the exporter, every worker and every resolver.
`tests/unit/test_alarms.py` tries each rule with series that fire it and series that must not (promtool); in
`tests/integration/test_alarms.py` simulated carriers, workers, an exporter and a Prometheus show that what should fire
does, within its time, and nothing else. There all times are a twentieth; `make rehearsal` takes them as they are.
"""
_FIGURES: Final = """
## Recorded figures

For dashboards. Shares are from 0 to 1, of everybody who is to be sent to; `seconds` are those that are left.

| figure | made of |
| --- | --- |
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_alarms()) + _FIGURES + "".join(_figures())


def _alarms() -> Iterator[str]:
    for group in _groups("alerts.yml"):
        yield f"\n## {HEADS[group['name']]}\n\n"
        yield "| alarm | | within | it says | runbook |\n| --- | --- | --- | --- | --- |\n"
        for rule in group["rules"]:
            yield _row(rule)


def _row(rule: Mapping[str, Any]) -> str:
    said, severity = rule["annotations"], rule["labels"]["severity"]
    kind = "**page**" if severity == "page" else "*ticket*"
    runbook = Path(said["runbook"])
    link = f"[{runbook.stem}](../{runbook})"
    return f"| `{rule['alert']}` | {kind} | {said['within']} | {plain(said['summary'])} | {link} |\n"


def plain(template: str) -> str:
    """A template of Prometheus as a person reads it: a label by its name in capitals, a value as N."""
    whole = re.sub(r" ?\{\{-? *with [^}]*\}\}.*?\{\{ *end *\}\}", "", " ".join(template.split()))
    named = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: found[1].upper(), whole)
    return re.sub(r"\{\{ \$value[^}]*\}\}", "N", named).strip()


def _figures() -> Iterator[str]:
    for group in _groups("recording.yml"):
        for rule in group["rules"]:
            made = " ".join(rule["expr"].split()).replace("|", "\\|")
            yield f"| `{rule['record']}` | `{made}` |\n"


def _groups(name: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load((OPS / "prometheus" / name).read_text(encoding="utf-8"))[
        "groups"
    ]
    return groups


if __name__ == "__main__":
    sys.stdout.write(page())
