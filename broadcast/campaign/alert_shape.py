"""Where an alert holds, as CAP says it, as a shape on the map. Pure."""

from collections.abc import Iterator, Sequence

from shapely.geometry.base import BaseGeometry

from broadcast.areas import shapes
from broadcast.campaign.area import Area
from broadcast.cap import geometry
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.visible import visible


def shape_of(areas: Sequence[Area]) -> BaseGeometry:
    """All polygons and circles together; of none, nowhere. Raises InputError for one that cannot be read."""
    return shapes.union([shapes.NOWHERE, *(shape for each in areas for shape in _shapes(each))])


def _shapes(area: Area) -> Iterator[BaseGeometry]:
    try:
        for text in area.polygons:
            corners = geometry.polygon(text)
            if corners is None or not geometry.on_earth(corners):
                raise InputError(_("a polygon cannot be read"))
            yield shapes.polygon(corners)
        for text in area.circles:
            found = geometry.circle(text)
            if found is None or not geometry.on_earth((found[0],)):
                raise InputError(_("a circle cannot be read"))
            yield shapes.circle(*found)
    except InputError as error:
        raise InputError(
            _("area {description}: {error}", description=visible(area.description), error=error)
        ) from error
