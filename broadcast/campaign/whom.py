"""Whom a plan names, in words. Pure; apart from choosing.py, for an alert is shown without the arrays of that."""

from typing import Final

from broadcast.areas.tree import AreaTree
from broadcast.campaign.plan import Plan
from broadcast.languages import _

_AREAS_SAID: Final = 6


def in_words(plan: Plan, tree: AreaTree | None = None) -> str:
    """Whom a plan names. tree: for the names of its areas."""
    areas = [tree.full_name(each) if tree and each in tree else each for each in plan.areas[:_AREAS_SAID]]
    if more := len(plan.areas) - len(areas):
        areas.append(_("and {more} more", more=more))
    said = []
    if areas and plan.where:
        said.append(
            _(
                "those of the areas {areas} whom the filter {where} fits",
                areas="; ".join(areas),
                where=plan.where,
            )
        )
    elif areas:
        said.append(_("who lives in {areas}, or was seen there last", areas="; ".join(areas)))
    elif plan.where:
        said.append(_("whom the filter {where} fits", where=plan.where))
    if plan.lists:
        said.append(_("who is on the list {lists}", lists=", ".join(plan.lists)))
    return _(", and ").join(said)
