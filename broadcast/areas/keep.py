"""The table `area`: what a file says becomes what is known, all of it or nothing."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import shapely

from broadcast.areas.meeting import Map
from broadcast.areas.names import folded
from broadcast.areas.said import SaidArea, plain
from broadcast.areas.tree import Area, AreaTree
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection
from broadcast.visible import visible

_AT_ONCE: Final = 200  # rows with geometry in one statement
_SHOWN: Final = 3
_SOURCES_MOST: Final = 3
_TREE: Final = ("code", "name", "parent", "kind", "language", "census")


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of `area`. geometry: WKB."""

    code: str
    name: str
    parent: str | None
    kind: str
    language: str | None
    census: int | None
    geometry: bytes | None
    geocodes: Mapping[str, str]
    source: str
    as_of: date

    @property
    def area(self) -> Area:
        return Area(**{name: getattr(self, name) for name in _TREE})


@dataclass(frozen=True, slots=True)
class Origin:
    """Of an import. kind, parent: of areas that are new and said none. replace: areas that it does not have go."""

    source: str
    as_of: date
    kind: str = "area"
    parent: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import did. repaired: places of areas whose geometry was not valid. mapped: how many areas have one now,
    of `areas`."""

    source: str
    new: int
    changed: int
    same: int
    gone: int
    repaired: tuple[str, ...]
    areas: int
    mapped: int


async def load_map(home: Connection) -> Map:
    """Of the areas that have a geometry."""
    rows = await home.fetch(sql("area_shapes"))
    return Map(dict(zip([row["code"] for row in rows], _shapes(rows), strict=True)))


@dataclass(frozen=True, slots=True)
class Geocodes:
    """Codes of areas by CAP's valueName, which is written in many ways (`ISO 3166-2`, `ISO3166-2`), and value."""

    _named: Mapping[tuple[str, str], Sequence[str]]

    def areas(self, name: str, value: str) -> Sequence[str]:
        """None: no area is called so."""
        return self._named.get((plain(name), value), ())


async def geocodes(home: Connection) -> Geocodes:
    """All that there are."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in await home.fetch(sql("area_geocodes")):
        found.setdefault((plain(row["name"]), row["value"]), []).append(row["code"])
    return Geocodes(found)


async def kept(home: Connection, code: str) -> Kept:
    """One that there is."""
    return _kept(await home.fetchrow(sql("area_as_kept"), code))


async def bring(home: Connection, said: Iterable[SaidArea], origin: Origin) -> Brought:
    """One transaction. What the file does not say of an area stays as it is.

    Raises InputError for what is no tree; RefusedError for areas that would vanish though somebody names them, and
    where an approved alert's people would be others.
    """
    async with home.transaction():
        await home.execute(sql("lock_areas"))
        before = {row["code"]: _kept(row) for row in await home.fetch(sql("areas_as_kept"))}
        rows = _merged(before, said, origin)
        gone = sorted(before.keys() - rows.keys()) if origin.replace else []
        after = {**({} if origin.replace else before), **{code: row for code, (row, _said) in rows.items()}}
        AreaTree(each.area for each in after.values())
        await _check_unnamed(home, gone)
        if gone or await _moves(home, before, [row for row, _said in rows.values()]):
            await _check_no_approved(home)
        await home.execute(sql("drop_areas"), gone)
        other = [row for code, (row, _said) in rows.items() if before.get(code) != row]
        await _write(home, other, origin)
    new = sum(code not in before for code in rows)
    return Brought(
        origin.source,
        new,
        len(other) - new,
        len(rows) - len(other),
        len(gone),
        tuple(each.place for _row, each in rows.values() if each.repaired),
        len(after),
        sum(each.geometry is not None for each in after.values()),
    )


def _merged(
    before: Mapping[str, Kept], said: Iterable[SaidArea], origin: Origin
) -> dict[str, tuple[Kept, SaidArea]]:
    """By code, in the file's order. An area of which nothing new is said stays as it is, its source too."""
    found: dict[str, tuple[Kept, SaidArea]] = {}
    for each in said:
        if each.code in found:
            raise InputError(
                _("{place}: area {code} stands twice, as {other} too",
                  place=each.place, code=visible(each.code), other=found[each.code][1].place)
            )  # fmt: skip
        if each.code not in before:
            _check_zeros(before, each)
        found[each.code] = (_one(before.get(each.code), each, origin), each)
    if not found:
        raise InputError(_("there is no area in it"))
    return found


def _check_zeros(before: Mapping[str, Kept], new: SaidArea) -> None:
    """Raises InputError for an area that is there already, but for zeros which a spreadsheet took from its code."""
    digits = new.code.isdecimal() and new.name is not None
    for each in before.values() if digits else ():
        if each.code.lstrip("0") == new.code and folded(each.name) == folded(new.name or ""):
            raise InputError(
                _("{place}: area {code} is new, and {other} has its name: a spreadsheet took the zeros from its code",
                  place=new.place, code=visible(new.code), other=visible(each.code))
            )  # fmt: skip


def _one(before: Kept | None, said: SaidArea, origin: Origin) -> Kept:
    name = said.name or (before and before.name)
    if name is None:
        raise InputError(_("{place}: it has no name, and area {code} is new: name the property that has it, name=NAME",
                           place=said.place, code=visible(said.code)))  # fmt: skip
    new = {"kind": origin.kind, "parent": origin.parent} if before is None else {}
    told = {
        **new,
        **{each: getattr(said, each) for each in _TREE if getattr(said, each) is not None},
        "name": name,
        "geocodes": {**(before.geocodes if before else {}), **said.geocodes},
    }
    if said.shape is not None:
        told["geometry"] = shapely.to_wkb(said.shape)
    kept = {each.name: getattr(before, each.name) for each in fields(Kept)} if before else _UNSAID
    same = Kept(**{**_UNSAID, **kept, "source": _sources(before, origin), "as_of": origin.as_of, **told})
    if before is not None and all(getattr(same, each) == getattr(before, each) for each in told):
        return before
    return same


def _sources(before: Kept | None, origin: Origin) -> str:
    """Its name may be from one file and its geometry from another: the last few."""
    known = [each for each in before.source.split("; ") if each != origin.source] if before else []
    return "; ".join([*known, origin.source][-_SOURCES_MOST:])


_UNSAID: Final[dict[str, Any]] = {"language": None, "census": None, "geometry": None}


async def _check_unnamed(home: Connection, gone: Sequence[str]) -> None:
    named = {row["code"] for row in await home.fetch(sql("named_areas"))} if gone else set()
    if held := [each for each in gone if each in named]:
        raise RefusedError(
            _(
                "{n} areas are not in it, which people or alerts have, {codes} say: they cannot go",
                n=len(held),
                codes=visible(", ".join(held[:_SHOWN])),
            )
        )


async def _moves(home: Connection, before: Mapping[str, Kept], rows: Sequence[Kept]) -> bool:
    """Whether some are elsewhere than before, or new and have people already, whose list came before the areas did."""
    if any(each.code in before and each.parent != before[each.code].parent for each in rows):
        return True
    named = {row["code"] for row in await home.fetch(sql("named_areas"))}
    return any(each.code in named for each in rows if each.code not in before)


async def _check_no_approved(home: Connection) -> None:
    """Who is in an area is part of what was approved (law 6)."""
    if names := [row["name"] for row in await home.fetch(sql("approved_by_areas"))]:
        raise RefusedError(
            _(
                "it moves areas, and who hears {name} was approved by areas: launch it or return it first",
                name=", ".join(names[:_SHOWN]),
            )
        )


async def _write(home: Connection, rows: Sequence[Kept], origin: Origin) -> None:
    for first in range(0, len(rows), _AT_ONCE):
        part = rows[first : first + _AT_ONCE]
        columns = [[getattr(each, name) for each in part] for name in (*_TREE, "geometry")]
        named = [json.dumps(dict(each.geocodes), ensure_ascii=False) for each in part]
        sources = [each.source for each in part]
        await home.execute(sql("keep_areas"), *columns, named, sources, origin.as_of)


def _kept(row: Any) -> Kept:
    return Kept(**{**row, "geocodes": json.loads(row["geocodes"])})


def _shapes(rows: Sequence[Any]) -> list[Any]:
    return list(shapely.from_wkb([row["geometry"] for row in rows]))
