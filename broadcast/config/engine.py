"""A worker's own settings."""

from dataclasses import dataclass

from broadcast.config.ledgers import HomeAway
from broadcast.config.rules import require
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class Engine:
    """A worker's own settings. Times in seconds.

    drain_s: how long a worker that is told to stop waits for answers; a little more than 5 s, and it takes over 10 s.
    home_away: what workers of other ledgers than home do when home does not answer for 2 s.
    """

    slice_size: int = 2000
    lease_s: float = 5.0
    group_s: float = 0.05
    receipt_wait_s: float = 3 * 86400.0
    drain_s: float = 5.0
    parts_wait_s: float = 600.0
    home_away: HomeAway = "stop"

    def __post_init__(self) -> None:
        require(1 <= self.slice_size <= 30_000, _("slice_size must be 1 to 30000 recipients"))
        require(self.lease_s >= 2, _("lease_s must be at least 2 seconds"))
        for name in ("group_s", "receipt_wait_s", "drain_s", "parts_wait_s"):
            require(getattr(self, name) > 0, _("{name} must be more than 0 seconds", name=name))
