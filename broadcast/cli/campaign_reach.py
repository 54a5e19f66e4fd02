"""An alert's areas, as who approves it sees them: people, those outside of where it holds, the census."""

from broadcast.cli.output import print_table, say
from broadcast.forecast.reach import AreaReach, Reach
from broadcast.languages import _, grouped, headings, ngettext

_SHOWN = 30


def show_reach(found: Reach | None) -> None:
    """Nothing where there are no areas."""
    if found is None:
        return
    if found.areas:
        columns = headings("area", "code", "on the list", "within the alert", "outside, about", "census")
        most = sorted(found.areas, key=lambda each: (-each.people, each.code))
        print_table(_("Its areas"), columns, [_row(found, each) for each in most[:_SHOWN]])
        if len(most) > _SHOWN:
            say(_("and {count} areas more, with fewer people", count=len(most) - _SHOWN))
    for line in _lines(found):
        say(line)
    say("")


def _row(found: Reach, each: AreaReach) -> tuple[object, ...]:
    share = None if each.share is None else _percent(each.share)
    return (
        each.name,
        each.code,
        each.people,
        share,
        round(each.outside) if found.shaped else None,
        each.census,
    )


def _lines(found: Reach) -> list[str]:
    lines = []
    if found.areas:
        lines.append(
            ngettext(
                "who is on the list and lives in the area, or was seen there last: {people:,}",
                "who is on the list and lives in these {n} areas, or was seen there last: {people:,}",
                len(found.areas),
                people=found.people,
            )
        )
    if found.shaped:
        lines.append(
            _(
                "outside of where the alert holds are {outside:,} of {people:,} for certain, and about {perhaps:,}"
                " more, by the shares of areas that are partly within",
                outside=found.outside,
                people=found.people,
                perhaps=round(found.perhaps),
            )
        )
    if found.unmapped:
        lines.append(
            _("of {n:,} nobody can say: no area of theirs has a geometry, or none is known", n=found.unmapped)
        )
    if found.census:
        lines.append(_census(found))
    if found.vague:
        lines.append(
            _(
                "{n:,} PEOPLE ARE KNOWN ONLY TO LIVE IN AN AREA AROUND THESE, AND DO NOT HEAR IT: name that area"
                " too, if they should",
                n=found.vague,
            )
        )
    return lines


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
