"""The rules of ops/prometheus with every time divided by one number: what takes minutes is tried in seconds.

A time is a range, an `offset`, a `for`, how soon an alarm says that it is told (`within`), and a threshold whose line
ends with `# s`. Nothing else is: a share, a count, or how fast a machine is, stays.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

RULES: Final = Path(__file__).parents[2] / "ops" / "prometheus"
FILES: Final = ("recording.yml", "alerts.yml")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART: Final = re.compile(r"(\d+)(ms|[smhdw])")
_RANGE: Final = re.compile(r"\[((?:\d+(?:ms|[smhdw]))+)\]|\boffset ((?:\d+(?:ms|[smhdw]))+)")
_THRESHOLD: Final = re.compile(r"(?m)(\d+(?:\.\d+)?)( +# s)$")


def seconds(said: str) -> float:
    """Of a duration as Prometheus writes it: 1m30s. Raises ValueError where it is none."""
    parts = _PART.findall(said)
    if not parts or "".join(count + unit for count, unit in parts) != said:
        raise ValueError(f"no duration: {said}")
    return sum(int(count) * _UNITS[unit] for count, unit in parts)


def duration(wanted_s: float) -> str:
    """As Prometheus writes it; at least a millisecond."""
    return f"{max(1, round(1000 * wanted_s))}ms"


def divided(expression: str, by: float) -> str:
    """A PromQL expression with its times divided."""
    ranges = _RANGE.sub(lambda found: _range(found, by), expression)
    return _THRESHOLD.sub(lambda found: f"{float(found[1]) / by:g}{found[2]}", ranges)


def quicker(rules: Mapping[str, Any], by: float) -> dict[str, Any]:
    """A file of rules, read, with all its times divided."""
    groups = [{**group, "rules": [_rule(rule, by) for rule in group["rules"]]} for group in rules["groups"]]
    return {**rules, "groups": groups}


def write(folder: Path, by: float) -> list[Path]:
    """Both files, quicker; where they are."""
    paths = []
    for name in FILES:
        read = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
        path = folder / name
        path.write_text(yaml.safe_dump(quicker(read, by), sort_keys=False), encoding="utf-8")
        paths.append(path)
    return paths


def _rule(rule: Mapping[str, Any], by: float) -> dict[str, Any]:
    made = {**rule, "expr": divided(rule["expr"], by)}
    if "for" in rule:
        made["for"] = duration(seconds(rule["for"]) / by)
    if "annotations" in rule:
        within = duration(seconds(rule["annotations"]["within"]) / by)
        made["annotations"] = {**rule["annotations"], "within": within}
    return made


def _range(found: "re.Match[str]", by: float) -> str:
    said = duration(seconds(found[1] or found[2]) / by)
    return f"[{said}]" if found[1] else f"offset {said}"
