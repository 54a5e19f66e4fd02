"""Columns of a list that are kept of people beside area and language: few, typed, each registered once (table
`attribute`). They are for groups: what differs from person to person, a name say, is none.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.visible import visible

Kind = Literal["text", "number", "boolean"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MOST: Final = 16
PLACES: Final = ("area", "seen", "language")  # what every profile has; a list's columns of these names

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_WORDS = frozenset({"and", "or", "not", "in", "list", "under", "is", "known", "unknown", "true", "false"})
_COLUMNS = frozenset(
    {"msisdn", "carrier", "opted_out", "line", "reason"}
)  # of a list, and of its refused lines


def check_name(name: str) -> None:
    """Raises InputError for one that a filter or a list could not name."""
    if not _NAME.fullmatch(name):
        raise InputError(
            _(
                "{name} is no name for an attribute: small letters, digits and _, a letter first, 32 at most",
                name=visible(name),
            )
        )
    if name in _WORDS or name in PLACES or name in _COLUMNS:
        raise InputError(
            _("{name} is a word of filters or a column of every list: give it another name", name=name)
        )


def declared(said: str) -> tuple[str, Kind]:
    """Of `age_band:number`. Raises InputError."""
    name, _colon, kind = said.partition(":")
    for each in KINDS:
        if each == kind:
            check_name(name)
            return name, each
    raise InputError(
        _(
            "--attribute {said}: write NAME:TYPE, age_band:number say; types are {kinds}",
            said=visible(said),
            kinds=", ".join(KINDS),
        )
    )


async def registered(connection: Connection) -> dict[str, Kind]:
    """Types by name, in the order of names."""
    return {row["name"]: row["type"] for row in await connection.fetch(sql("attributes"))}


def check_new(known: Mapping[str, Kind], wanted: Mapping[str, Kind]) -> dict[str, Kind]:
    """Those of `wanted` that are not registered. Raises RefusedError where one is with another type, or there would be
    too many."""
    for name, kind in wanted.items():
        if known.get(name, kind) != kind:
            raise RefusedError(
                _("the attribute {name} is registered as {kind} already", name=name, kind=known[name])
            )
    new = {name: kind for name, kind in wanted.items() if name not in known}
    if len(known) + len(new) > MOST:
        raise RefusedError(
            _(
                "there are {known} attributes, {most} at most: drop one that is not needed: `broadcast attribute drop`",
                known=len(known),
                most=MOST,
            )
        )
    return new


async def register(connection: Connection, wanted: Mapping[str, Kind]) -> dict[str, Kind]:
    """Within a transaction that may import. Returns those that are new. Raises as `check_new`."""
    new = check_new(await registered(connection), wanted)
    await connection.execute(sql("insert_attributes"), list(new), list(new.values()))
    return new
