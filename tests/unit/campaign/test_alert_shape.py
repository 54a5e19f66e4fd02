"""Where an alert holds, as a shape."""

import pytest
import shapely

from broadcast.campaign.alert_shape import shape_of
from broadcast.campaign.area import Area
from broadcast.errors import InputError


def test_polygons_and_circles_are_one_shape_latitude_first() -> None:
    shape = shape_of(
        [
            Area("a", polygons=("16,105 16,106 17,106 16,105",)),
            Area("b", circles=("10,100 0", "12,110 50"), geocodes=(("x", "y"),)),
        ]
    )
    for x, y, within in ((105.9, 16.1, True), (100, 10, True), (110.1, 12.1, True), (105.1, 16.9, False)):
        assert bool(shapely.intersects(shape, shapely.Point(x, y))) is within
    assert shape_of([Area("nothing")]).is_empty


@pytest.mark.parametrize(
    "area",
    [
        Area("Bờ biển", polygons=("16,105 16,106 17,106 16,107",)),
        Area("Bờ biển", polygons=("16,105 96,106 17,106 16,105",)),
        Area("Bờ biển", circles=("16,105",)),
        Area("Bờ biển", circles=("16,205 3",)),
        Area("Bờ biển", circles=("89.9,105 300",)),
    ],
)
def test_what_cannot_be_read_is_named(area: Area) -> None:
    with pytest.raises(InputError, match="area Bờ biển: "):
        shape_of([area])
