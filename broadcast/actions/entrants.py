"""Late entrants: a file of a carrier's becomes part of a list, and of a running alert that names it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broadcast.actions.campaign import tell_untold
from broadcast.actions.lists import ListFile, read_for
from broadcast.actions.session import Session
from broadcast.audience import lists
from broadcast.campaign import campaigns, entrants
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.entrants import Entered
from broadcast.campaign.lifecycle import CampaignState
from broadcast.errors import RefusedError
from broadcast.languages import N_, _, term

_S = CampaignState
_WAY_OUT: Mapping[CampaignState, str] = {
    _S.PAUSED: N_("resume it, and give the same command again"),
    _S.CANCELLED: N_("that is its end: draft another campaign"),
    _S.FINISHED: N_("that is its end: draft another campaign"),
}


@dataclass(frozen=True, slots=True)
class Added:
    """new: were not on the list before. lines = numbers + repeated + refused. entered: of a running alert; None: it was
    not launched yet."""

    campaign: str
    list: str
    lines: int
    numbers: int
    repeated: int
    refused: Mapping[str, int]
    refused_file: Path
    new: int
    entered: Entered | None


async def add(session: Session, name: str, plan: ListFile) -> Added:
    """They are on the list from now on, and hear the alert `name` if it runs, else from its launch on. All again, and
    whoever is missing enters.

    Raises InputError when there is no such alert or list; RefusedError when it does not name the list, or is paused or
    over.
    """
    connection = session.connection
    found = await campaigns.by_name(connection, name)
    await lists.carrier_of(connection, plan.name)
    _check(found, plan.name)
    numbers = await read_for(session, plan)
    noted = {"lines": numbers.lines, "refused": sum(numbers.refused.values())}
    new = await lists.add(connection, plan.name, None, numbers.numbers, numbers.source, **noted)
    entered = None
    if found.state is _S.RUNNING:
        entered = await entrants.enter(
            connection,
            session.config,
            found,
            plan.name,
            numbers.numbers,
            lambda away: tell_untold(session, away),
        )
    return Added(
        name,
        plan.name,
        numbers.lines,
        len(numbers.numbers),
        numbers.repeated,
        numbers.refused,
        numbers.refused_file,
        new,
        entered,
    )


def _check(campaign: Campaign, name: str) -> None:
    if name not in campaign.plan.lists:
        raise RefusedError(
            _(
                "{campaign} does not name the list {name}: edit it (--list), and have that approved",
                campaign=campaign.name,
                name=name,
            )
        )
    if campaign.state in _WAY_OUT:
        raise RefusedError(
            _(
                "the campaign is {state}, nobody enters it: {way_out}",
                state=term(campaign.state.value),
                way_out=_(_WAY_OUT[campaign.state]),
            )
        )
