"""Who of the list hears an alert, in which language, and how it goes out beyond its carriers' TPS. Pure.

Part of the content: an approval binds it (law 6). What is as it would be without a plan is not in its document.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from broadcast.errors import InputError
from broadcast.languages import _

WEIGHT_MOST: Final = 100
RESERVE_MOST: Final = 50  # percent
SHARE_MOST: Final = 50  # percent
WAIT_LEAST_S, WAIT_MOST_S = 1, 86_400


@dataclass(frozen=True, slots=True)
class Canary:
    """A first share goes out at each carrier and in each area, and after a wait the rest, unless too few accepted it or
    got it. share, least_accepted, least_delivered: in percent; wait_s: from the share's last submission. then: what
    becomes of it when enough did; too few: it is held whatever this says."""

    share: int
    wait_s: int
    least_accepted: int
    least_delivered: int
    then: Literal["go_on", "ask"] = "go_on"

    def check(self) -> None:
        """Raises InputError for numbers that mean nothing."""
        if not 1 <= self.share <= SHARE_MOST:
            raise InputError(_("the first share must be 1 to {most} percent of the people", most=SHARE_MOST))
        if not WAIT_LEAST_S <= self.wait_s <= WAIT_MOST_S:
            raise InputError(_("the wait after a first share must be a second to a day"))
        if not (0 <= self.least_accepted <= 100 and 0 <= self.least_delivered <= 100):
            raise InputError(_("what must be accepted and delivered of a first share is 0 to 100 percent"))


@dataclass(frozen=True, slots=True)
class Plan:
    """areas: codes; who lives there or was seen there last. where: a filter, as it was typed. lists: names; who is on
    one hears it too. own_language: each hears the text in their own language alone; one_alphabet: each of these in the
    alert's alphabet, as somebody said it, and not in its own best. callers_per_hour: how many may be expected to call,
    so no more are told. weight: of the TPS beside equal alerts; reserve: percent of the TPS that it has
    at least, as campaign/precedence.py says."""

    areas: tuple[str, ...] = ()
    where: str = ""
    lists: tuple[str, ...] = ()
    own_language: bool = False
    one_alphabet: bool = False
    callers_per_hour: int | None = None
    weight: int = 1
    reserve: int = 0
    canary: Canary | None = None

    @property
    def chooses(self) -> bool:
        """Somebody is named: not everybody on the list hears it."""
        return bool(self.areas or self.where or self.lists)

    def document(self) -> dict[str, Any]:
        """For JSON: what differs from a plan that says nothing. As `campaign.plan` in SQL."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _plain(value) for name, value in said.items() if value != getattr(NOTHING_SAID, name)}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Plan":
        """Of its own document."""
        said: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        if canary := document.get("canary"):
            said["canary"] = Canary(**canary)
        return cls(**said)


NOTHING_SAID: Final = Plan()


def check(plan: Plan) -> None:
    """Raises InputError for numbers that mean nothing."""
    if not 1 <= plan.weight <= WEIGHT_MOST:
        raise InputError(_("the weight must be 1 to {most}", most=WEIGHT_MOST))
    if not 0 <= plan.reserve <= RESERVE_MOST:
        raise InputError(_("the reserve must be 0 to {most} percent of the TPS", most=RESERVE_MOST))
    if plan.canary is not None:
        plan.canary.check()


def _plain(value: Any) -> Any:
    if isinstance(value, Canary):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return list(value) if isinstance(value, tuple) else value
