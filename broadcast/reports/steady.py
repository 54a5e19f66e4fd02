"""How steadily carriers send while they have work and TPS: the longest pause, and the share of the TPS that is used."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from broadcast.reports.progress import CarrierProgress, Progress

_WORK_S: Final = 0.5  # of a carrier's TPS
GRANTED_S: Final = timedelta(seconds=1.25)  # after its first link a grant is in force (law 4: 1.1 s)


def few(tps: int, segments: int) -> float:
    """Recipients of `segments` each that are hardly any: the few that are tried again later are no work now."""
    return tps * _WORK_S / segments


@dataclass(slots=True)
class CarrierPace:
    """One carrier, while it has work and links. Seconds, and segments."""

    longest_pause_s: float = 0.0
    sent: int = 0
    possible: float = 0.0  # by its TPS
    _still_s: float = 0.0

    def went(self, seconds: float, sent: int, tps: int) -> None:
        self.sent += sent
        self.possible += tps * seconds
        self._still_s = 0.0 if sent else self._still_s + seconds
        self.longest_pause_s = max(self.longest_pause_s, self._still_s)

    def rested(self) -> None:
        """It had nothing to do: what follows is another stretch."""
        self._still_s = 0.0


@dataclass(slots=True)
class Pace:
    """By carrier, from one look at the tallies to the next. Pure."""

    carriers: dict[str, CarrierPace] = field(default_factory=dict)
    _last: dict[str, tuple[datetime, CarrierProgress]] = field(default_factory=dict)
    _linkless: dict[str, datetime] = field(
        default_factory=dict
    )  # when a carrier was last seen without a link

    def look(self, now: Progress) -> None:
        """now: of a launched campaign, later than the last one."""
        for line in now.carriers:
            before = self._last.pop(line.carrier, None)
            if not line.links:
                self._linkless[line.carrier] = now.at
            granted = now.at >= self._linkless.get(line.carrier, now.at - GRANTED_S) + GRANTED_S
            if line.tps is None or not granted or line.states["waiting"] < few(line.tps, now.segments or 1):
                self.carriers.get(line.carrier, CarrierPace()).rested()
                continue
            self._last[line.carrier] = now.at, line
            if before is not None:
                at, then = before
                pace = self.carriers.setdefault(line.carrier, CarrierPace())
                pace.went((now.at - at).total_seconds(), line.segments - then.segments, line.tps)

    @property
    def share(self) -> float | None:
        """Of the TPS of all carriers, what was used while there was work; None: there never was."""
        possible = sum(each.possible for each in self.carriers.values())
        return sum(each.sent for each in self.carriers.values()) / possible if possible else None

    def slowest(self) -> tuple[str, float]:
        """The carrier that stood still longest, and for how long."""
        return max(
            ((name, each.longest_pause_s) for name, each in self.carriers.items()),
            key=lambda pause: pause[1],
            default=("", 0.0),
        )
