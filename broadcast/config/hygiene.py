"""What finished alerts teach about the list: when a number counts as dead, and when it is tried again."""

from dataclasses import dataclass

from broadcast.config.rules import require
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class Hygiene:
    """dead_after: alerts in a row that did not reach a number, the first of them surely, until it is set aside; 0: none
    ever is. over_days: and so long from the first of them to the last. retry_after_days: then it is tried again."""

    dead_after: int = 5
    over_days: int = 30
    retry_after_days: int = 180

    def __post_init__(self) -> None:
        require(
            self.dead_after == 0 or 2 <= self.dead_after <= 100,
            _("dead_after must be 2 to 100 alerts, or 0: nobody is set aside"),
        )
        require(0 <= self.over_days <= 3650, _("over_days must be 0 to 3650"))
        require(1 <= self.retry_after_days <= 3650, _("retry_after_days must be 1 to 3650"))
