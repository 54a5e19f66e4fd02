"""Lists of numbers by name: brought in, shown, dropped. Each is an act in the audit chain, without any number."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broadcast.actions.session import Session
from broadcast.actions.subscriber import planned
from broadcast.audience import lists
from broadcast.audience.lists import NumberList
from broadcast.audience.numbers import Numbers, read_numbers
from broadcast.audience.where import lists_named
from broadcast.errors import RefusedError
from broadcast.languages import _, term
from broadcast.store.queries import sql


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file of numbers for a list. refused: where its refused lines go. add: beside who is on it; else in their place.
    carrier: of its foreign numbers; None: as before."""

    name: str
    file: Path
    refused: Path
    add: bool = False
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class ListImport:
    """members: who is on the list now; new: who was not before. lines = numbers + repeated + refused."""

    name: str
    members: int
    new: int
    source: str
    lines: int
    numbers: int
    repeated: int
    refused: Mapping[str, int]
    refused_file: Path


def list_file(
    name: str, file: Path, refused: Path | None, *, add: bool = False, carrier: str | None = None
) -> ListFile:
    """refused: None for beside the file. Raises InputError for a name or file that cannot be."""
    plan = planned(file, refused, resumable=False, restart=False)
    return ListFile(lists.check_name(name), plan.file, plan.refused, add, carrier)


async def import_list(session: Session, plan: ListFile) -> ListImport:
    """All of the file or nothing. Raises as `read_numbers`; InputError for a carrier that nobody knows."""
    connection = session.connection
    if plan.carrier is not None:
        session.config.country.check_carrier(plan.carrier)
    found = await read_for(session, plan)
    write = lists.add if plan.add else lists.replace
    noted = {"lines": found.lines, "refused": sum(found.refused.values())}
    new = await write(connection, plan.name, plan.carrier, found.numbers, found.source, **noted)
    (after,) = await lists.all_lists(connection, plan.name)
    return ListImport(
        plan.name,
        after.members,
        new,
        found.source,
        found.lines,
        len(found.numbers),
        found.repeated,
        found.refused,
        found.refused_file,
    )


async def read_for(session: Session, plan: ListFile) -> Numbers:
    """The file's numbers; foreign ones where the list has a carrier for them, or gets one."""
    known = {each.name: each.carrier for each in await lists.all_lists(session.connection)}
    visitors = plan.carrier is not None or known.get(plan.name) is not None
    return await read_numbers(plan.file, plan.refused, session.config.country, visitors=visitors)


async def drop_list(session: Session, name: str) -> None:
    """Raises InputError when there is none; RefusedError while an alert that may be sent names it."""
    connection, name = session.connection, unicodedata.normalize("NFC", name)
    async with connection.transaction():
        await lists.hold(connection, name)
        for row in await connection.fetch(sql("campaigns_with_lists")):
            plan = json.loads(row["plan"])
            if name in plan.get("lists", ()) or name in lists_named(plan.get("where", "")):
                raise RefusedError(
                    _(
                        "the campaign {campaign} names this list, and is {state}: cancel it first",
                        campaign=row["name"],
                        state=term(row["state"]),
                    )
                )
        await lists.drop(connection, name)


async def known_lists(session: Session, name: str | None) -> list[NumberList]:
    """Every list, or one. Raises InputError when there is none of this name."""
    return await lists.all_lists(session.connection, name)
