"""What the chain says against what stands in the tables: campaigns, their approvals and events. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from broadcast.acts.difference import Difference
from broadcast.acts.replay import Signed, Told, state_words
from broadcast.languages import N_, _, term

_BY_HAND: Final = N_(
    "the table was changed by hand, by a superuser or the owner: what the chain says was done by people"
)
_NOBODY: Final = N_("somebody wrote it past the functions: nobody's act made it")
_DELETED: Final = N_("its row was deleted by hand")


@dataclass(slots=True)
class Found:
    """A campaign as its rows say. hash: computed anew from its content, hexadecimal. old: from before the chain. order:
    the number of the last one."""

    name: str
    state: str
    hash: str
    launched_by: str | None
    audience: int | None
    finished: bool
    old: bool
    order: int = 0
    archived: bool = False
    approvals: dict[int, Signed] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)


def compare(told: Mapping[int, Told], found: Mapping[int, Found]) -> list[Difference]:
    """By number of campaign."""
    return [
        Difference(
            _("campaign {name}", name=found[number].name if number in found else str(number)), what, means
        )
        for number in sorted(told.keys() | found.keys())
        for what, means in _of_one(told.get(number), found.get(number))
    ]


def older(told: Mapping[int, Told], found: Mapping[int, Found]) -> int:
    """Campaigns from before the chain, of which nothing is known."""
    return sum(each.old for number, each in found.items() if number not in told)


def _of_one(told: Told | None, found: Found | None) -> Iterator[tuple[str, str]]:
    if found is None:
        if told is not None and (told.whole or told.sent):
            yield _("the chain has it, and it is gone"), _(_DELETED)
    elif told is None:
        if not found.old:
            yield _("it is there, and no act made it"), _(_NOBODY)
    else:
        for what in (*_row(told, found), *_approvals(told, found), *_events(told, found)):
            yield what, _(_BY_HAND)


def _row(told: Told, found: Found) -> Iterator[str]:
    if told.states is not None and found.state not in told.states:
        said = state_words(told.states)
        yield _("its state is {found}, and by the chain {told}", found=term(found.state), told=said)
    if told.hash is not None and found.hash != told.hash:
        codes = {"found": found.hash[:8], "told": told.hash[:8]}
        yield _("its content has the hash {found}, and by the chain {told}", **codes)
    if (told.launched_by or told.whole) and found.launched_by != told.launched_by:
        who = {"found": _who(found.launched_by), "told": _who(told.launched_by)}
        yield _("{found} launched it, and by the chain {told}", **who)
    if told.audience is not None and found.audience != told.audience:
        yield _(
            "its audience is {found}, and by the chain {told}", found=found.audience or 0, told=told.audience
        )
    if told.order is not None and found.order != told.order:
        orders = {"found": found.order, "told": told.order}
        yield _("the last order that it obeyed is {found}, and by the chain {told}", **orders)
    yield from _ends(told, found)


def _ends(told: Told, found: Found) -> Iterator[str]:
    if told.states is not None and found.finished and not told.finished:
        yield _("it is over, and by the chain it is not")
    if told.states is not None and told.finished and not found.finished:
        yield _("it is over by the chain, and it is not")
    if told.archived and not found.archived:
        yield _("it was archived, and where is gone")
    if told.whole and found.archived and not told.archived:
        yield _("it is archived, and by the chain it is not")


def _who(name: str | None) -> str:
    return name or _("nobody")


def _approvals(told: Told, found: Found) -> Iterator[str]:
    """Those that hold. Of a ledger's copy they are home's."""
    if not told.whole:
        return
    for number in sorted(told.approvals.keys() | found.approvals.keys()):
        said, there = told.approvals.get(number), found.approvals.get(number)
        named = {"no": str(number), "signer": next(each.signer for each in (said, there) if each)}
        if said is None:
            yield _("approval {no} by {signer} holds, and no act made it", **named)
        elif there is None:
            yield _("approval {no} by {signer} holds by the chain, and it is gone or void", **named)
        elif said != there:
            yield _("approval {no} is not as {signer} gave it", **named)


def _events(told: Told, found: Found) -> Iterator[str]:
    """Those since the chain began."""
    for event in sorted(told.events.keys() | found.events.keys()):
        there, said = found.events[event], told.events[event]
        if not said <= there <= said + told.perhaps[event]:
            times = {"event": term(event), "found": there, "told": said}
            yield _('its events have "{event}" {found} times, and the chain {told} times', **times)
