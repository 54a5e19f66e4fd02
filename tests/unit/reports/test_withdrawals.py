"""What was asked back, in words and over several ledgers; and how long a cancelled campaign is watched for it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broadcast.reports.progress import Progress
from broadcast.reports.withdrawals import Withdrawal, in_words, joined

NORTH = Withdrawal("viettel", 10, 2, 30)
SOUTH = Withdrawal("viettel", 5, 1, 0)
MUTE = Withdrawal("vinaphone", 0, 4, None, "unknown")


def test_a_carrier_of_two_ledgers_is_told_of_once() -> None:
    assert joined([NORTH, MUTE, SOUTH]) == (Withdrawal("viettel", 15, 3, 30), MUTE)
    assert joined([]) == ()


def test_in_words() -> None:
    assert in_words([]) == ""
    assert in_words([NORTH]) == "withdrawn 10; not withdrawn 2; at most 30 not asked for yet"
    assert in_words([SOUTH, MUTE]) == (
        "withdrawn 5; not withdrawn 5; nobody is left to ask for; vinaphone: its SMSC knows no cancel_sm"
    )


@pytest.mark.parametrize(
    ("back", "workers", "over"),
    [((NORTH,), 1, False), ((NORTH,), 0, True), ((SOUTH, MUTE), 1, True), ((), 1, True)],
)
def test_a_cancelled_campaign_is_over_when_nobody_is_asked_for_any_more(
    back: tuple[Withdrawal, ...], workers: int, over: bool
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    now = Progress(at, "cancelled", True, False, 1, workers, (), withdrawals=back)
    assert now.over is over
    assert replace(now, finished=True).over
