"""What one list has to say of people beside their numbers: its columns of areas, languages and attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from broadcast.areas import tree as areas
from broadcast.areas.tree import AreaTree
from broadcast.audience import attributes
from broadcast.audience.attributes import Kind
from broadcast.audience.cells import AreaOf, Cells, text
from broadcast.audience.combining import Combining, Profiles
from broadcast.audience.lines import Lines
from broadcast.audience.parquet import ParquetRows
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.store.types import Connection
from broadcast.visible import visible

_LONGEST: Final = 128  # characters of an area with those that it is in; an address takes time, and is none
_COMMAS: Final = 4


@dataclass(frozen=True, slots=True)
class Columns:
    """names: in the order of the list, once it is open. attributes: types by name, of those that are registered and
    those that this import registers, `new`; wanted: those that it names. area_of: reads areas."""

    names: Sequence[str]
    attributes: Mapping[str, Kind]
    wanted: Mapping[str, Kind]
    new: Mapping[str, Kind]
    area_of: AreaOf

    @classmethod
    async def begin(cls, connection: Connection, wanted: Mapping[str, Kind]) -> "Columns":
        """Of a list that is not open yet. wanted: attributes to register. Raises RefusedError as `check_new`."""
        known = await attributes.registered(connection)
        new = attributes.check_new(known, wanted)
        return cls((), {**known, **new}, wanted, new, await _areas(connection))

    def of(self, source: Lines | ParquetRows) -> "Columns":
        """Of the list that is open. Raises InputError where it lacks one that is named."""
        if missing := [name for name in self.wanted if name not in source.header.cells]:
            raise InputError(
                _(
                    "{name} has no column {column}, which --attribute names",
                    name=source.name,
                    column=visible(missing[0]),
                )
            )
        return replace(self, names=tuple(source.header.cells))

    def cells(self) -> Cells | None:
        """None: it says no more than numbers."""
        return Cells(self.attributes, self.names, self.area_of) if self.names else None

    async def combining(self, connection: Connection) -> Combining | None:
        """Within a transaction that may import: registers what is new. None: the list changes no profile.

        Raises RefusedError when attributes were added or dropped since `begin`.
        """
        await attributes.register(connection, self.new)
        if not self.names:
            return None
        known = await attributes.registered(connection)
        if known != self.attributes:
            raise RefusedError(_("attributes were added or dropped meanwhile: start this import again"))
        return Combining(await Profiles.load(connection, known), self.names)


async def _areas(connection: Connection) -> AreaOf:
    """By code or name; where no areas were imported yet, whatever stands there is taken for a code."""
    tree = await areas.load(connection)
    return partial(_find, tree) if tree else text


def _find(tree: AreaTree, said: str) -> str | None:
    return tree.perhaps(said) if len(said) <= _LONGEST and said.count(",") <= _COMMAS else None
