"""When and where segments reached a simulated carrier that keeps records (`record` in its personality)."""

from bisect import bisect_left
from dataclasses import dataclass

from integration.rig import Smsc


@dataclass(frozen=True, slots=True)
class Arrivals:
    """at: POSIX seconds, ascending; sessions: of each, the session that it came on."""

    at: list[float]
    sessions: list[int]

    def between(self, start: float, end: float) -> int:
        """How many."""
        return bisect_left(self.at, end) - bisect_left(self.at, start)

    def last_of(self, session: int) -> float:
        """When the last one came there."""
        return max(at for at, its in zip(self.at, self.sessions, strict=True) if its == session)

    def sessions_between(self, start: float, end: float) -> set[int]:
        """Those that anything came on."""
        return set(self.sessions[bisect_left(self.at, start) : bisect_left(self.at, end)])

    def fullest(self, end: float) -> int:
        """The most that a second brought until then: what the machine gives."""
        return max(self.between(at, min(at + 1.0, end)) for at in self.at[: bisect_left(self.at, end)])

    def full_from(self, since: float, rate: int) -> float:
        """The first moment after `since` from which a whole second brings at least 80 % of the rate. Raises if none."""
        for at in self.at[bisect_left(self.at, since) :]:
            if self.between(at, at + 1.0) >= 0.8 * rate:
                return at
        raise AssertionError(f"never {rate} a second again")


async def arrivals(smsc: Smsc) -> Arrivals:
    """Until now."""
    pages = await smsc.get("/book/messages?limit=1000000")
    assert pages["unrecorded"] == 0
    found = sorted((part["at"], part["session"]) for each in pages["messages"] for part in each["segments"])
    return Arrivals([at for at, _ in found], [session for _, session in found])
