"""How a link stands, as an operator should hear it: between two tries it is as down as while it tries.

Pure: states of `Channel.keep_bound` and `now` in, troubles out.
"""

from dataclasses import dataclass
from typing import Final

STEADY_S: Final = 15.0  # bound for so long, a link's past is forgotten


@dataclass(slots=True)
class Standing:
    """One link's. since: it was last steady, or first tried. Times in seconds of a monotonic clock."""

    since: float
    _why: str = "connecting"
    _stage: str = "connecting"
    _bound_at: float | None = None
    _losses: int = 0

    def report(self, state: str, now: float) -> None:
        """As `Channel.keep_bound` reports it; a bare `refused` is a link that cannot even be tried."""
        if state == "bound":
            self._bound_at = now
        elif state.startswith("refused"):
            self._why = state if ":" in state else "cannot"
        elif state != "backing_off":
            self._stage = state
        elif self._bound_at is None:
            self._why = self._stage
        else:
            self._forget_if_steady(now)
            self._bound_at = None
            self._losses += 1
            self._why = "connecting" if self._losses == 1 else "lost"

    def trouble(self, now: float) -> str:
        """What is wrong with it (LinkTrouble.why), or nothing. One that was lost once and is back is well."""
        self._forget_if_steady(now)
        if self._bound_at is None:
            return self._why
        return "lost" if self._losses > 1 else ""

    def _forget_if_steady(self, now: float) -> None:
        if self._bound_at is not None and now - self._bound_at >= STEADY_S:
            self.since, self._losses = now, 0
