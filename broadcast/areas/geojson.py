"""Areas in GeoJSON (RFC 7946): a FeatureCollection, or one Feature, of polygons in WGS 84. Pure but for the file."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from broadcast.areas.said import Columns, SaidArea
from broadcast.areas.shapes import surface
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.visible import visible

_OUR_CRS: Final = re.compile(r"(?<![0-9])(?:CRS84|4326)(?![0-9])")
_HALF: Final = 180.0


def read_geojson(file: Path, columns: Columns) -> Iterator[SaidArea]:
    """In the file's order. Raises InputError for the first that cannot be read, with its place and name."""
    document = _document(file)
    for place, feature in enumerate(_features(file, document), 1):
        where = _("{file}: feature {place}", file=visible(file.name), place=str(place))
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise InputError(_("{where}: it is no Feature", where=where))
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            raise InputError(_("{where}: its properties are no object", where=where))
        said = columns.said(where, properties, _code(feature.get("id")))
        yield _shaped(said, feature.get("geometry"))


def _document(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(_("cannot read {file}: {strerror}", file=file, strerror=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise InputError(_("{file} is not UTF-8: save it as UTF-8", file=file)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(_("{file} is not JSON: {error}", file=file, error=error)) from error
    if not isinstance(found, dict):
        raise InputError(_("{file} is no GeoJSON: no FeatureCollection, no Feature", file=file))
    crs = found.get("crs")
    if crs is not None and not _OUR_CRS.search(json.dumps(crs)):
        raise InputError(
            _(
                "{file} is not in WGS 84, by its crs: convert it to EPSG:4326, longitude and latitude",
                file=file,
            )
        )
    return found


def _features(file: Path, document: Mapping[str, Any]) -> list[Any]:
    match document:
        case {"type": "FeatureCollection", "features": [*features]}:
            return features
        case {"type": "Feature"}:
            return [document]
    raise InputError(_("{file} is no GeoJSON: no FeatureCollection, no Feature", file=file))


def _code(feature_id: Any) -> str | None:
    """A number is none: programs number features as they write them, and that is some other area's code."""
    return feature_id if isinstance(feature_id, str) else None


def _shaped(said: SaidArea, geometry: Any) -> SaidArea:
    """With its shape, if the file has one."""
    match geometry:
        case None:
            return said
        case {"type": "Polygon", "coordinates": [*rings]}:
            polygons = [rings]
        case {"type": "MultiPolygon", "coordinates": [*polygons]}:
            pass
        case _:
            raise InputError(_("{where}: its geometry is no Polygon and no MultiPolygon", where=said.place))
    shape = shapely.MultiPolygon([_polygon(said.place, each) for each in polygons])
    valid = surface(shape)
    if valid.is_empty:
        raise InputError(_("{where}: its geometry encloses nothing", where=said.place))
    return replace(said, shape=valid, repaired=not shape.is_valid)


def _polygon(where: str, rings: Any) -> shapely.Polygon:
    if not isinstance(rings, list) or not rings:
        raise InputError(_("{where}: a polygon of it has no rings", where=where))
    shell, *holes = (_ring(where, each) for each in rings)
    return shapely.Polygon(shell, holes)


def _ring(where: str, positions: Any) -> Any:
    """Its corners, an array of longitude and latitude."""
    try:
        # heights, which GeoJSON may have, are no part of a map
        corners = np.asarray([(x, y) for x, y, *_height in positions], dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(_("{where}: a ring of it is no list of positions", where=where)) from error
    if len(corners) < 4 or not np.isfinite(corners).all():
        raise InputError(_("{where}: a ring of it has fewer than four positions, or no numbers", where=where))
    beyond = (np.abs(corners[:, 0]) > _HALF) | (np.abs(corners[:, 1]) > _HALF / 2)
    if beyond.any():
        x, y = map(float, corners[beyond][0])
        if np.abs(corners[:, 0]).max() <= _HALF / 2 and np.abs(corners[:, 1]).max() <= _HALF:
            raise InputError(
                _("{where}: {x:g}, {y:g} is latitude and longitude: in GeoJSON the longitude stands first",
                  where=where, x=x, y=y)
            )  # fmt: skip
        raise InputError(
            _("{where}: {x:g}, {y:g} is no longitude and latitude in degrees: convert it to WGS 84 (EPSG:4326)",
              where=where, x=x, y=y)
        )  # fmt: skip
    if float(np.ptp(corners[:, 0])) >= _HALF:
        raise InputError(
            _("{where}: a ring of it goes over the meridian of 180°: it is to be cut there", where=where)
        )
    return corners
