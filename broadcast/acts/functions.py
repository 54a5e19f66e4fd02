"""The functions that write acts and all that they are of, as the migrations made them, and as they are. Pure.

Whoever replaces one can do what he likes through it, and the chain would say that it was in order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from broadcast.acts.difference import Difference
from broadcast.languages import N_, _

# Those with a body between $$; a line of SQL without one (RETURN ...) says what it is by itself.
_MADE: Final = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)\s*\((?:(?!^CREATE ).)*?\bAS \$\$(.*?)\$\$",
    re.MULTILINE | re.DOTALL,
)
_TRIGGER: Final = re.compile(
    r"^( *)CREATE (?:CONSTRAINT )?TRIGGER (\w+)\s.*?\bON (\w+)", re.MULTILINE | re.DOTALL
)  # indented: made by a function, in databases of some kinds only
_REPLACED: Final = N_(
    "somebody replaced it, and may have done through it what the chain says was in order: compare it with its "
    "migration, and run that statement again"
)
_ADDED: Final = N_("somebody made it beside ours, and it has the owner's rights: look at it, and drop it")
_OFF: Final = N_("somebody turned it off, so that rows could be changed: ALTER TABLE ... ENABLE TRIGGER")


@dataclass(frozen=True, slots=True)
class Function:
    """One that is there. privileged: it runs with its owner's rights. pinned: nobody has set for it where names are
    looked for, or anything else, but its migration."""

    name: str
    body: str
    privileged: bool
    pinned: bool = True


@dataclass(frozen=True, slots=True)
class Trigger:
    """One that is there. on: it fires."""

    name: str
    table: str
    on: bool


def made(migrations: Iterable[str]) -> dict[str, frozenset[str]]:
    """Bodies by name, as the last migration that makes any of that name has them. migrations: their texts, in order."""
    found: dict[str, frozenset[str]] = {}
    for text in migrations:
        here: dict[str, set[str]] = {}
        for name, body in _MADE.findall(text):
            here.setdefault(name, set()).add(body)
        found |= {name: frozenset(bodies) for name, bodies in here.items()}
    return found


def compare_functions(
    migrations: Iterable[str], functions: Iterable[Function], triggers: Iterable[Trigger]
) -> Iterator[Difference]:
    """functions, triggers: of the database, but those of extensions."""
    texts = list(migrations)
    bodies = made(texts)
    for each in functions:
        place = _("function {name}", name=each.name)
        if each.name not in bodies:
            if each.privileged:
                yield Difference(place, _("no migration made it"), _(_ADDED))
        elif each.body not in bodies[each.name] or not each.pinned:
            yield Difference(place, _("it is not as its migration made it"), _(_REPLACED))
    known = [(not found[1], (found[2], found[3])) for text in texts for found in _TRIGGER.finditer(text)]
    yield from _triggers(
        {key for everywhere, key in known if everywhere}, {key for _everywhere, key in known}, triggers
    )


def _triggers(
    wanted: set[tuple[str, str]], known: set[tuple[str, str]], there: Iterable[Trigger]
) -> Iterator[Difference]:
    """By name and table. wanted: those of every database; known: with those that some have."""
    on: Mapping[tuple[str, str], bool] = {(each.name, each.table): each.on for each in there}
    for name, table in sorted(wanted):
        if not on.get((name, table), False):
            what = _("it is off") if (name, table) in on else _("it is gone")
            yield Difference(_("trigger {name} of {table}", name=name, table=table), what, _(_OFF))
    for name, table in sorted(key for key, fires in on.items() if fires and key not in known):
        place = _("trigger {name} of {table}", name=name, table=table)
        yield Difference(place, _("no migration made it"), _(_ADDED))
