"""How long carriers take that send side by side: each as fast as it may, all together no faster than the cores."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """Until the next carrier is through. per_s: segments a second of each that still sends. part: of what it may."""

    seconds: float
    per_s: Mapping[str, float]
    part: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Phases in order."""

    phases: tuple[Phase, ...]

    @property
    def seconds(self) -> float:
        """Until the last is through."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def per_s(self) -> float:
        """Segments a second, when most are sent."""
        return sum(self.busiest.per_s.values())

    @property
    def busiest(self) -> Phase:
        """When most are sent."""
        return max(self.phases, key=lambda phase: sum(phase.per_s.values()))

    @property
    def slowed(self) -> bool:
        """Whether the cores ever did not suffice."""
        return any(phase.part < 1 for phase in self.phases)

    def seconds_of(self, name: str) -> float:
        """Until this carrier is through."""
        return sum(phase.seconds for phase in self.phases if name in phase.per_s)

    def most_of(self, parts: Mapping[str, float]) -> float:
        """Segments a second, when most, of these parts of carriers together."""
        return max(
            sum(part * phase.per_s.get(name, 0.0) for name, part in parts.items()) for phase in self.phases
        )


def flow(segments: Mapping[str, int], may: Mapping[str, float], most: float) -> Flow:
    """segments: to be sent, by carrier; may: segments a second of each; most: of all. All above 0."""
    order = sorted(segments, key=lambda name: segments[name] / may[name])
    phases, through = [], 0.0
    while order:
        part = min(1.0, most / sum(may[name] for name in order))
        # slowed alike, they end in the order in which they would alone
        alone = segments[order[0]] / may[order[0]]
        if alone > through:
            phases.append(Phase((alone - through) / part, {name: part * may[name] for name in order}, part))
        through = alone
        order = order[1:]
    return Flow(tuple(phases))
