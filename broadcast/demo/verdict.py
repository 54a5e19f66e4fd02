"""Whether the report says what the generator of the list knows must come out of it. Pure."""

from collections.abc import Mapping
from typing import Any

from broadcast.languages import _


def differences(
    expected: Mapping[str, Any], report: Mapping[str, Any], connected: frozenset[str]
) -> list[str]:
    """What does not agree, a sentence each; empty when every line is accounted for.

    expected: of `subscriber generate --json`. report: of `campaign report --json`. connected: the carriers'
    names that have a link.
    """
    imported = report["imports"][0]
    lines = {carrier["carrier"]: carrier for carrier in report["carriers"]}
    pairs = [
        ("lines", expected["lines"], imported["lines"]),
        ("imported", expected["imported"], imported["imported"]),
        ("duplicate", expected["duplicate"], imported["duplicate"]),
        (_("refused, by reason"), _counts(expected["refused"]), _counts(imported["refused_by_reason"])),
        (_("lines accounted for"), expected["lines"], _accounted(imported)),
        ("audience", expected["imported"], report["total"]["audience"]),
        (
            _("open recipients"),
            0,
            sum(report["total"][state] for state in ("waiting", "in_doubt", "accepted")),
        ),
        (_("subscribers, by carrier"), _counts(expected["subscribers"]), _audiences(lines)),
        (_("left out"), _left_out(expected, connected), _exclusions(report)),
    ]
    return [
        _("{what}: expected {mine}, the report has {theirs}", what=what, mine=mine, theirs=theirs)
        for what, mine, theirs in pairs
        if mine != theirs
    ]


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in sorted(counts.items()) if count}


def _accounted(imported: Mapping[str, Any]) -> int:
    return sum(int(imported[part]) for part in ("imported", "updated", "duplicate", "refused"))


def _audiences(lines: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return _counts({carrier: line["audience"] for carrier, line in lines.items()})


def _left_out(expected: Mapping[str, Any], connected: frozenset[str]) -> dict[str, int]:
    """All subscribers of a carrier without a link, and at the others those who opted out."""
    kinds = {
        carrier: expected["opted_out"].get(carrier, 0) if carrier in connected else count
        for carrier, count in expected["subscribers"].items()
    }
    return _counts(kinds)


def _exclusions(report: Mapping[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in report["exclusions"]:
        counts[each["carrier"]] = counts.get(each["carrier"], 0) + each["recipients"]
    return _counts(counts)
