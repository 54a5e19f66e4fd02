"""The demo's verdict: every line of the generator is accounted for, or it says which is not."""

import copy
from typing import Any

from broadcast.demo.verdict import differences

CONNECTED = frozenset({"viettel"})
EXPECTED: dict[str, Any] = {
    "lines": 100,
    "imported": 90,
    "duplicate": 4,
    "refused": {"landline": 5, "foreign": 1, "garbage": 0},
    "subscribers": {"viettel": 80, "gmobile": 10},
    "opted_out": {"viettel": 2, "gmobile": 1},
}
REPORT: dict[str, Any] = {
    "imports": [
        {
            "lines": 100, "imported": 90, "updated": 0, "duplicate": 4, "refused": 6,
            "refused_by_reason": {"foreign": 1, "landline": 5},
        }
    ],
    "total": {"audience": 90, "waiting": 0, "in_doubt": 0, "accepted": 0},
    "carriers": [{"carrier": "viettel", "audience": 80}, {"carrier": "gmobile", "audience": 10}],
    "exclusions": [
        {"carrier": "viettel", "reason": "opted_out", "recipients": 2},
        {"carrier": "gmobile", "reason": "not_connected", "recipients": 10},
    ],
}  # fmt: skip


def test_all_accounted_for() -> None:
    assert differences(EXPECTED, REPORT, CONNECTED) == []


def test_what_is_off_is_named() -> None:
    off = copy.deepcopy(REPORT)
    off["total"]["accepted"] = 1
    off["exclusions"][0]["recipients"] = 1
    off["imports"][0]["duplicate"] = 3
    assert differences(EXPECTED, off, CONNECTED) == [
        "duplicate: expected 4, the report has 3",
        "lines accounted for: expected 100, the report has 99",
        "open recipients: expected 0, the report has 1",
        "left out: expected {'gmobile': 10, 'viettel': 2}, the report has {'gmobile': 10, 'viettel': 1}",
    ]
