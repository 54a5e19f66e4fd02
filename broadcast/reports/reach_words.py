"""How many people an alert's areas are, in words: what who approves it reads. Pure."""

from broadcast.forecast.reach import AreaReach, Reach
from broadcast.languages import _, grouped, headings, ngettext


def heads() -> tuple[str, ...]:
    """Of `row`'s columns."""
    return headings("area", "code", "on the list", "within the alert", "outside, about", "census")


def most(found: Reach) -> list[AreaReach]:
    """Those with the most people first."""
    return sorted(found.areas, key=lambda each: (-each.people, each.code))


def row(found: Reach, each: AreaReach) -> tuple[object, ...]:
    """Below HEADS."""
    share = None if each.share is None else _percent(each.share)
    return (
        each.name,
        each.code,
        each.people,
        share,
        round(each.outside) if found.shaped else None,
        each.census,
    )


def lines(found: Reach) -> list[str]:
    """What is to be said of all of them."""
    said = []
    if found.areas:
        said.append(
            ngettext(
                "who is on the list and lives in the area, or was seen there last: {people:,}",
                "who is on the list and lives in these {n} areas, or was seen there last: {people:,}",
                len(found.areas),
                people=found.people,
            )
        )
    if found.shaped:
        said.append(
            _(
                "outside of where the alert holds are {outside:,} of {people:,} for certain, and about {perhaps:,}"
                " more, by the shares of areas that are partly within",
                outside=found.outside,
                people=found.people,
                perhaps=round(found.perhaps),
            )
        )
    if found.unmapped:
        said.append(
            _("of {n:,} nobody can say: no area of theirs has a geometry, or none is known", n=found.unmapped)
        )
    if found.census:
        said.append(_census(found))
    if found.vague:
        said.append(
            _(
                "{n:,} PEOPLE ARE KNOWN ONLY TO LIVE IN AN AREA AROUND THESE, AND DO NOT HEAR IT: name that area"
                " too, if they should",
                n=found.vague,
            )
        )
    return said


def _census(found: Reach) -> str:
    assert found.census is not None
    said = _(
        "the census counts {census:,} people there: {percent} of them are on the list",
        census=found.census,
        percent=_percent(found.people / found.census),
    )
    if found.uncounted:
        said += _(" (not counting {n} areas of which no census is known)", n=found.uncounted)
    return said


def _percent(share: float) -> str:
    """Never 100 or 0 for what is nearly so."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{grouped(100 * share, ',.1f')} %"
