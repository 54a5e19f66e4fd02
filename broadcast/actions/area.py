"""Areas: bringing them in, and what is known of one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import shapely

from broadcast.actions import clock
from broadcast.actions.session import Session
from broadcast.areas import keep, listed, tree
from broadcast.areas.geojson import read_geojson
from broadcast.areas.keep import Brought, Kept, Origin
from broadcast.areas.said import Columns, SaidArea
from broadcast.areas.shapes import area_km2
from broadcast.areas.tree import AreaTree
from broadcast.audience.coverage import by_profile
from broadcast.audience.profiles import all_profiles
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.store.queries import sql

_SHEETS: Final = (".csv", ".tsv", ".txt")
_NAMED: Final = 3  # files, in the name of a source


@dataclass(frozen=True, slots=True)
class Areas:
    """Files to bring in, together. package: Vietnam's areas instead. columns: field of an area -> name in the files;
    geocodes: CAP's valueName -> name in the files. kind, parent: of new areas that say none; parent: as `find` takes
    it. source, as_of: None: the files' names, today. replace: areas that the files do not have go."""

    files: Sequence[Path] = ()
    package: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    geocodes: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    parent: str | None = None
    source: str | None = None
    as_of: date | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """An area. path: names, from the topmost down to itself. km2: None where it has no geometry. below: how many areas
    are in it. living: people who live in it or in one below; seen: were seen there last."""

    row: Kept
    path: tuple[str, ...]
    km2: float | None
    below: int
    living: int
    seen: int
    language: str | None

    def document(self) -> dict[str, Any]:
        """For JSON: without the geometry."""
        said = {name: getattr(self.row, name) for name in _SHOWN}
        known = {name: getattr(self, name) for name in ("path", "km2", "below", "living", "seen")}
        return {**said, **known, "as_of": self.row.as_of.isoformat(), "language": self.language}


_SHOWN: Final = ("code", "name", "parent", "kind", "census", "geocodes", "source")


async def bring(session: Session, areas: Areas) -> Brought:
    """All of it or nothing. Raises InputError, RefusedError as `keep.bring`."""
    if areas.package == bool(areas.files):
        raise InputError(_("give files, or --package vietnam"))
    connection = session.connection
    parent = (await tree.load(connection)).find(areas.parent) if areas.parent else None
    if areas.package:
        source, said = listed.vietnam()
        as_of = areas.as_of or listed.VIETNAM_SINCE
    else:
        columns = Columns(areas.columns, areas.geocodes)
        said = [each for file in areas.files for each in _read(file, columns)]
        source = ", ".join(sorted({file.name for file in areas.files})[:_NAMED])
        as_of = areas.as_of or (await clock.now(session)).date()
    done = await keep.bring(
        connection,
        said,
        Origin(areas.source or source, as_of, areas.kind or "area", parent, areas.replace),
    )
    counts = {"new": done.new, "changed": done.changed, "gone": done.gone}
    await connection.execute(sql("note_areas"), done.source, json.dumps(counts))
    return done


def _read(file: Path, columns: Columns) -> Iterator[SaidArea]:
    return listed.read_csv(file, columns) if file.suffix.lower() in _SHEETS else read_geojson(file, columns)


async def shown(session: Session, said: str) -> Known:
    """Raises InputError for one that there is not."""
    connection = session.connection
    known = await tree.load(connection)
    code = known.find(said)
    row, under = await keep.kept(connection, code), known.under(code)
    counts = await by_profile(connection)
    profiles = [(each, counts.get(each.profile_no, 0)) for each in await all_profiles(connection)]
    return Known(
        row,
        tuple(known[each].name for each in known.path(code)),
        None if row.geometry is None else area_km2(shapely.from_wkb(row.geometry)),
        len(under) - 1,
        sum(people for each, people in profiles if each.area in under),
        sum(people for each, people in profiles if each.seen in under),
        known.language(code),
    )


async def tree_of(session: Session) -> AreaTree:
    """Every area."""
    return await tree.load(session.connection)
