"""Rules with their times divided: all times, and nothing but times."""

import re

import pytest
import yaml
from integration.quicker import FILES, RULES, divided, duration, quicker, seconds


@pytest.mark.parametrize(
    ("said", "meant"), [("15s", 15), ("1m30s", 90), ("250ms", 0.25), ("1d", 86_400), ("2h5m", 7500)]
)
def test_a_duration_is_read(said: str, meant: float) -> None:
    assert seconds(said) == meant


@pytest.mark.parametrize("said", ["", "5", "s", "5s5", "1.5m", "5 s"])
def test_what_is_no_duration_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds(said)


def test_ranges_offsets_and_thresholds_in_seconds_are_divided() -> None:
    told = "increase(a_total[10m]) > 0.02\nor time() - b\n> 30  # s\nor max(c offset 1m30s) / 60 > 7"
    assert divided(told, 20) == (
        "increase(a_total[30000ms]) > 0.02\nor time() - b\n> 1.5  # s\nor max(c offset 4500ms) / 60 > 7"
    )


def test_a_rule_is_divided_and_its_words_are_not() -> None:
    rule = {
        "alert": "A",
        "expr": "a == 0",
        "for": "1m",
        "labels": {"severity": "page"},
        "annotations": {"within": "2m", "summary": "since 5m"},
    }
    made = quicker({"groups": [{"name": "g", "rules": [rule]}]}, 20)
    assert made["groups"][0]["rules"] == [
        {**rule, "for": "3000ms", "annotations": {"within": "6000ms", "summary": "since 5m"}}
    ]


@pytest.mark.parametrize("name", FILES)
def test_by_one_they_are_as_they_were(name: str) -> None:
    """In all but how a duration is written: so no time is overlooked, and nothing is made a time."""
    read = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
    for before, after in zip(read["groups"], quicker(read, 1)["groups"], strict=True):
        for rule, made in zip(before["rules"], after["rules"], strict=True):
            assert seconds(made.get("for", "0s")) == seconds(rule.get("for", "0s"))
            ranges = re.sub(
                r"(?<=[\[ ])(\d+[smhd])(?=[\])\s])", lambda each: duration(seconds(each[1])), rule["expr"]
            )
            assert re.sub(r"([\d.]+)(?=  # s)", lambda each: f"{float(each[1]):g}", ranges) == made["expr"]


def test_a_time_that_something_is_compared_with_says_so() -> None:
    """`time() - x > 30` without its `# s` would not be divided."""
    for name in FILES:
        for group in yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                line = " ".join(rule["expr"].split())
                for compared in re.findall(
                    r"(?:_seconds(?:\{[^}]*\})?\)*|time\(\)) [<>]=? ([\d.]+)(?![\d.]| # s| \*)", line
                ):
                    assert compared == "0", (rule, compared)
