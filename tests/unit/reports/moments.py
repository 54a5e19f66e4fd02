"""Progress that is made up."""

from datetime import UTC, datetime, timedelta

from broadcast.ledger.states import RecipientState
from broadcast.reports.progress import CarrierProgress, Progress

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def line(carrier: str, tps: int | None, segments: int, **states: int) -> CarrierProgress:
    counts = {state.column: 0 for state in RecipientState} | states
    return CarrierProgress(carrier, tps, 1, segments, counts)


def moment(seconds: float, *lines: CarrierProgress, state: str = "running", workers: int = 2) -> Progress:
    return Progress(
        at=START + timedelta(seconds=seconds),
        state=state,
        launched=state != "approved",
        finished=state == "finished",
        segments=2,
        workers=workers,
        carriers=lines,
    )
