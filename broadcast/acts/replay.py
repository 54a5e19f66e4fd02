"""What the chain says of every campaign, entry by entry: what must stand in the tables when both are true. Pure.

The functions of the database write nothing that is not told here, so a table that says otherwise was changed by hand.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from broadcast.acts.difference import UNREADABLE, Difference, of_act, unreadable
from broadcast.acts.entry import Entry
from broadcast.campaign.lifecycle import MOVES, CampaignState
from broadcast.languages import N_, _, term

_S = CampaignState
_FORBIDDEN: Final = N_(
    "no rule allows it: the functions that write these entries were changed, or gone round"
)


@dataclass(frozen=True, slots=True)
class Signed:
    """An approval that holds. hash: of the content, hexadecimal."""

    signer: str
    kind: str
    hash: str


@dataclass(slots=True)
class Told:
    """What the chain says of one campaign. None: nothing, for it is older than the chain. states: more than one where
    an entry does not say which. sent: a ledger's copy was ordered to run. events: that the screens show, by name."""

    states: frozenset[CampaignState] | None = None
    hash: str | None = None
    drafter: str | None = None
    approvals: dict[int, Signed] = field(default_factory=dict)
    launched_by: str | None = None
    audience: int | None = None
    order: int | None = None  # of home, that a copy obeyed last
    finished: bool = False
    archived: bool = False
    sent: bool = False
    whole: bool = False  # from its draft on
    events: Counter[str] = field(default_factory=Counter)
    perhaps: Counter[str] = field(
        default_factory=Counter
    )  # entries of other kinds, which may leave an event too


Step = Callable[[Told, Entry], Iterator[str]]


def replay(entries: Iterable[Entry], *, home: bool) -> tuple[dict[int, Told], list[Difference]]:
    """By number of campaign, and what entries say that could not be. home: else a ledger, which has copies."""
    found: dict[int, Told] = {}
    differences: list[Difference] = []
    steps = _AT_HOME if home else _IN_A_LEDGER
    for entry in entries:
        number = entry.campaign_id
        if number is None:
            continue
        told = found.setdefault(number, Told())
        if entry.what not in steps:
            told.perhaps[entry.what] += 1
            continue
        try:
            differences += [
                of_act(entry.act_no, said, _(_FORBIDDEN)) for said in steps[entry.what](told, entry)
            ]
        except UNREADABLE:
            differences.append(unreadable(entry))
        if entry.what not in _UNSHOWN:
            told.events[entry.what] += 1
    return found, differences


def state_words(states: Iterable[CampaignState]) -> str:
    """One, or several of which it may be any."""
    return _(" or ").join(term(each.value) for each in sorted(states))


def _only(state: CampaignState) -> frozenset[CampaignState]:
    return frozenset({state})


def _to(told: Told, target: CampaignState, entry: Entry) -> Iterator[str]:
    """Into a state, by the moves that there are."""
    if told.states is not None and not any(target in MOVES[each] for each in told.states):
        yield _(
            "the campaign is {what}, and it was {was}", what=term(entry.what), was=state_words(told.states)
        )
    told.states = _only(target)


def _drafted(told: Told, entry: Entry) -> Iterator[str]:
    if told.whole:
        yield _("the campaign is drafted a second time")
    told.states, told.hash, told.drafter = _only(_S.DRAFT), entry.told["hash"], entry.who
    told.whole = True
    yield from ()


def _edited(told: Told, entry: Entry) -> Iterator[str]:
    yield from _to(told, _S.DRAFT, entry)
    told.hash, told.drafter, told.whole = entry.told["hash"], entry.who, True
    told.approvals.clear()


def _signed(told: Told, entry: Entry) -> Iterator[str]:
    said = entry.told
    told.approvals[said["approval"]] = Signed(entry.who, entry.what, said["hash"])
    if entry.who == told.drafter:
        yield _("{who} approves what {who} drafted", who=entry.who)
    if told.hash is not None and said["hash"] != told.hash:
        yield _("what is approved is not what was written")
    if said["missing"] == 0 and told.states != _only(_S.APPROVED):
        yield from _to(told, _S.APPROVED, entry)


def _withdrawn(told: Told, entry: Entry) -> Iterator[str]:
    """One approval less; whether too few are left is not said."""
    told.approvals = {no: each for no, each in told.approvals.items() if each.signer != entry.who}
    told.states = frozenset({_S.DRAFT, _S.APPROVED} if told.approvals else {_S.DRAFT})
    yield from ()


def _returned(told: Told, entry: Entry) -> Iterator[str]:
    yield from _to(told, _S.DRAFT, entry)
    told.approvals.clear()


def _launched(told: Told, entry: Entry) -> Iterator[str]:
    said = entry.told
    yield from _to(told, _S.RUNNING, entry)
    if told.hash is not None and said["hash"] != told.hash:
        yield _("what is launched is not what was written")
    if told.whole and not any(each.hash == said["hash"] for each in told.approvals.values()):
        yield _("what is launched nobody approved")
    told.hash, told.launched_by, told.audience = said["hash"], entry.who, said["audience"]


def _moved(target: CampaignState) -> Step:
    return lambda told, entry: _to(told, target, entry)


def _cancelled(told: Told, entry: Entry) -> Iterator[str]:
    yield from _to(told, _S.CANCELLED, entry)
    told.finished = told.launched_by is None and told.whole


def _finished(told: Told, entry: Entry) -> Iterator[str]:
    if told.states != _only(_S.CANCELLED):
        yield from _to(told, _S.FINISHED, entry)
    told.finished = True


def _archived(told: Told, entry: Entry) -> Iterator[str]:
    told.archived = True
    yield from ()


def _nothing(told: Told, entry: Entry) -> Iterator[str]:
    yield from ()


def _entered(told: Told, entry: Entry) -> Iterator[str]:
    told.audience = entry.told["audience"]
    yield from ()


def _copied(told: Told, entry: Entry) -> Iterator[str]:
    """Anew, where a launch before left one behind."""
    told.states, told.audience, told.sent = _only(_S.PAUSED), entry.told["audience"], False
    told.order = 0
    told.events.clear()
    yield from ()


def _obeyed(told: Told, entry: Entry) -> Iterator[str]:
    """What was cancelled here stays so, whatever home says before it has heard of that."""
    told.sent, told.order = True, entry.told["order"]
    if told.states != _only(_S.CANCELLED):
        told.states = _only(_S(entry.told["state"]))
    yield from ()


def _ordered(target: CampaignState) -> Step:
    def step(told: Told, entry: Entry) -> Iterator[str]:
        told.states = _only(target)
        yield from ()

    return step


_ALIKE: Final[Mapping[str, Step]] = {
    "finished": _finished,
    "audited": _nothing,
    "archived": _archived,
    "archive moved": _nothing,
    "archive made anew": _nothing,
}
_AT_HOME: Final[Mapping[str, Step]] = {
    **_ALIKE,
    "drafted": _drafted,
    "edited": _edited,
    "approved": _signed,
    "override": _signed,
    "withdrawn": _withdrawn,
    "returned": _returned,
    "launched": _launched,
    "entered": _entered,
    "paused": _moved(_S.PAUSED),
    "resumed": _moved(_S.RUNNING),
    "cancelled": _cancelled,
    "first share passed": _nothing,
    "first share asks": _moved(_S.PAUSED),
    "first share failed": _moved(_S.PAUSED),
    "the rest follows": _nothing,
    "paused in a ledger": _nothing,
    "cancelled in a ledger": _nothing,
}
_IN_A_LEDGER: Final[Mapping[str, Step]] = {
    **_ALIKE,
    "copied": _copied,
    "entered here": _entered,
    "obeyed": _obeyed,
    "paused in a ledger": _ordered(_S.PAUSED),
    "cancelled in a ledger": _ordered(_S.CANCELLED),
}
_UNSHOWN: Final = frozenset(
    {"copied", "obeyed", "entered here", "archive moved", "archive made anew"}
)  # entries that leave no event
