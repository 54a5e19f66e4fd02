"""The chain itself: each entry hashed with the one before it, numbered without a gap. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from broadcast.acts.difference import Difference, of_act
from broadcast.acts.entry import FIRST, Entry, entry_hash
from broadcast.acts.heads import Head, Line
from broadcast.languages import N_, _

_CUT_OUT: Final = N_("an entry was deleted: only PostgreSQL's superuser, or the owner, can do that")
_EDITED: Final = N_(
    "an entry was changed after it was written: only PostgreSQL's superuser, or the owner, can do that"
)
_REWRITTEN: Final = N_(
    "the chain was written anew after this was witnessed, or the database was set back to before and went on "
    "otherwise"
)
_SHORTENED: Final = N_(
    "the newest entries were deleted, or the database was set back to before: what was done since is known from "
    "these lines alone"
)
_FORGED: Final = N_("somebody without the key wrote or changed this line, or the key is another one")


@dataclass(slots=True)
class Walked:
    """What one pass over a chain saw. hashes: of the entries that were asked for."""

    last: Entry | None = None
    entries: int = 0
    hashes: dict[int, bytes] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def head(self, database: str) -> Head | None:
        """Where it ends."""
        return None if self.last is None else Head(database, self.last.act_no, self.last.at, self.last.hash)


def walk(
    entries: Iterable[Entry], wanted: frozenset[int] = frozenset(), walked: Walked | None = None
) -> Iterator[Entry]:
    """Hands the entries on, in their order, and notes in `walked` what is wrong with them. wanted: numbers of heads."""
    seen = walked if walked is not None else Walked()
    before, number = FIRST, 0
    for entry in entries:
        if entry.act_no != number + 1:
            seen.differences.append(of_act(entry.act_no, _gap(number + 1, entry.act_no - 1), _(_CUT_OUT)))
        elif entry.before != before:
            seen.differences.append(
                of_act(entry.act_no, _("it does not follow from the one before it"), _(_EDITED))
            )
        if entry_hash(entry) != entry.hash:
            seen.differences.append(
                of_act(entry.act_no, _("its hash is not that of what it says"), _(_EDITED))
            )
        if entry.act_no in wanted:
            seen.hashes[entry.act_no] = entry.hash
        seen.last, before, number = entry, entry.hash, entry.act_no
        seen.entries += 1
        yield entry


def check_heads(lines: Iterable[Line], chains: Mapping[str, Walked]) -> list[Difference]:
    """Each line against the chain of its database (`Head.database`); lines of other databases say nothing here."""
    return [found for line in lines if (found := _check_line(line, chains)) is not None]


def _gap(first: int, last: int) -> str:
    if first == last:
        return _("act {first} before it is missing", first=str(first))
    return _("acts {first} to {last} before it are missing", first=str(first), last=str(last))


def _check_line(line: Line, chains: Mapping[str, Walked]) -> Difference | None:
    head = line.head
    if head is None:
        return Difference(line.place, _("this line is not sealed with the key"), _(_FORGED))
    if (chain := chains.get(head.database)) is None:
        return None
    said = {"act": str(head.act_no), "at": head.at.isoformat(sep=" ", timespec="seconds")}
    if chain.last is None:
        what = _("act {act} of {at} was witnessed, and the chain is empty", **said)
        return Difference(line.place, what, _(_SHORTENED))
    if chain.last.act_no < head.act_no:
        last = str(chain.last.act_no)
        what = _("act {act} of {at} was witnessed, and the chain ends with act {last}", last=last, **said)
        return Difference(line.place, what, _(_SHORTENED))
    if head.act_no not in chain.hashes:
        what = _("act {act} of {at} was witnessed, and the chain has none of that number", **said)
        return Difference(line.place, what, _(_CUT_OUT))
    if chain.hashes[head.act_no] != head.hash:
        what = _("act {act} of {at} was witnessed with another hash than the chain has", **said)
        return Difference(line.place, what, _(_REWRITTEN))
    return None
