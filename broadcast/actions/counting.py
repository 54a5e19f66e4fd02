"""How many people a choice among the list would reach, before there is an alert: as the alert would count them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.actions.audience import tell_of_unfinished
from broadcast.actions.session import Session
from broadcast.actions.terms import carriers_named
from broadcast.areas import tree as trees
from broadcast.campaign import choosing
from broadcast.campaign.plan import Plan


@dataclass(frozen=True, slots=True)
class CarrierPeople:
    """Of one carrier who is chosen. opted_out: how many of them hear emergencies alone. connected: the configuration
    has it."""

    carrier: str
    people: int
    opted_out: int
    connected: bool


@dataclass(frozen=True, slots=True)
class People:
    """whom: in words. recipients: of an alert that is no emergency; with those who opted out: of one that is."""

    whom: str
    carriers: Sequence[CarrierPeople]
    recipients: int
    recipients_of_emergency: int


async def count(session: Session, plan: Mapping[str, Any], carriers: Sequence[str] = ()) -> People:
    """plan: its fields that were said; areas as they were typed. carriers: names; none: all. Raises InputError, with
    the nearest name, for what there is not."""
    home, config = session.connection, session.config
    await tell_of_unfinished(session)
    tree = await trees.load(home)
    wanted = Plan(**{**plan, "areas": tuple(tree.find(each) for each in plan.get("areas", ()))})
    names = carriers_named(config, carriers) or tuple(config.country.prefixes)
    found = [
        CarrierPeople(each.carrier, each.subscribers, each.opted_out, each.carrier in config.carriers)
        for each in await choosing.counted_by(home, config, wanted, names)
    ]
    heard = [each for each in found if each.connected]
    return People(
        choosing.in_words(wanted, tree),
        found,
        sum(each.people - each.opted_out for each in heard),
        sum(each.people for each in heard),
    )
