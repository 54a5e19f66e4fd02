"""How many people a choice among the list would reach, before there is an alert: as the alert would count them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.session import Session
from broadcast.actions.terms import carriers_named
from broadcast.areas import tree as trees
from broadcast.campaign import choosing
from broadcast.campaign.choosing import Counted
from broadcast.campaign.content import CATEGORIES
from broadcast.campaign.plan import Plan
from broadcast.campaign.ruled import reasons_of
from broadcast.campaign.whom import in_words
from broadcast.config import Config


@dataclass(frozen=True, slots=True)
class CarrierPeople:
    """Of one carrier who is chosen. connected: the configuration has it."""

    carrier: str
    people: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """By an alert of one category. excluded: who is left out, by reason."""

    recipients: int
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class People:
    """whom: in words. categories: of alerts, by name."""

    whom: str
    carriers: Sequence[CarrierPeople]
    categories: Mapping[str, Reached]


async def count(session: Session, plan: Mapping[str, Any], carriers: Sequence[str] = ()) -> People:
    """plan: its fields that were said; areas as they were typed. carriers: names; none: all. Raises InputError, with
    the nearest name, for what there is not."""
    home, config = session.connection, session.config
    await tell_of_unfinished(session)
    tree = await trees.load(home)
    wanted = Plan(**{**plan, "areas": tuple(tree.find(each) for each in plan.get("areas", ()))})
    names = carriers_named(config, carriers) or tuple(config.country.prefixes)
    found = await choosing.counted_by(home, config, wanted, names)
    return People(
        in_words(wanted, tree),
        [CarrierPeople(each.carrier, each.people, each.carrier in config.carriers) for each in found],
        {category: _reached(config, category, found) for category in CATEGORIES},
    )


def _reached(config: Config, category: str, found: Sequence[Counted]) -> Reached:
    reasons = reasons_of(config, category)
    excluded = choosing.excluded(config, reasons, found)
    return Reached(sum(each.people for each in found) - sum(excluded.values()), excluded)
