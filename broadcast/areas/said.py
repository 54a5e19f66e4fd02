"""What a file says of an area: its properties by the names that such files have, checked. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from broadcast.config.country import LANGUAGE_TAG
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.tables import nearest
from broadcast.visible import hidden, visible

# What files call them, the first that one has; in small letters, without _ - and :
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("code", "areacode", "admcode", "pcode"),
    "name": ("fullname", "name", "areaname"),
    "parent": ("parent", "parentcode", "provincecode"),
    "kind": ("kind", "type", "divisiontype", "level"),
    "language": ("language", "lang"),
    "census": ("census", "population", "pop"),
}
_GEOCODES: Final = {"iso31662": "ISO3166-2"}
_LONGEST: Final = 200
_MOST_PEOPLE: Final = 10_000_000_000


@dataclass(frozen=True, slots=True)
class SaidArea:
    """None, and no geocodes: the file does not say it, so what is known stays. geocodes: value by CAP's valueName.
    shape: valid, WGS 84, longitude first. repaired: it was not valid in the file."""

    place: str
    code: str
    name: str | None = None
    parent: str | None = None
    kind: str | None = None
    language: str | None = None
    census: int | None = None
    geocodes: Mapping[str, str] = field(default_factory=dict)
    shape: BaseGeometry | None = None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """named: field -> the property or column that has it, where it is none of the usual. geocodes: CAP's valueName ->
    the same. Raises InputError for a field that there is not."""

    named: Mapping[str, str] = field(default_factory=dict)
    geocodes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.named:
            if each not in _USUAL:
                raise InputError(
                    _(
                        "an area has no {name}: {nearest}",
                        name=visible(each),
                        nearest=nearest(each, list(_USUAL)),
                    )
                )

    def said(self, place: str, properties: Mapping[str, Any], fallback_code: Any = None) -> SaidArea:
        """place: for messages, `feature 3` say. fallback_code: where no property is one. Raises InputError."""
        found = {name: self._find(place, name, properties) for name in _USUAL}
        code = _text(place, "code", found["code"] if found["code"] is not None else fallback_code)
        if code is None:
            raise InputError(
                _("{place}: it has no code: name the property that has it, code=NAME", place=place)
            )
        name = _text(place, "name", found["name"])
        where = f"{place} ({visible(name or code)})"
        return SaidArea(
            where,
            code,
            name,
            _text(where, "parent", found["parent"]),
            _text(where, "kind", found["kind"]),
            _language(where, _text(where, "language", found["language"])),
            _people(where, found["census"]),
            self._geocodes(where, properties),
        )

    def _find(self, place: str, name: str, properties: Mapping[str, Any]) -> Any:
        if (chosen := self.named.get(name)) is not None:
            if chosen not in properties:
                raise InputError(
                    _("{place}: there is no {chosen} in it, which is to be its {name}",
                      place=place, chosen=visible(chosen), name=name)
                )  # fmt: skip
            return properties[chosen]
        known = {plain(each): each for each in reversed(list(properties))}
        return next((properties[known[each]] for each in _USUAL[name] if each in known), None)

    def _geocodes(self, place: str, properties: Mapping[str, Any]) -> dict[str, str]:
        usual = {_GEOCODES[plain(each)]: each for each in properties if plain(each) in _GEOCODES}
        found = {
            name: _text(place, column, properties.get(column))
            for name, column in {**usual, **self.geocodes}.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def plain(name: str) -> str:
    """In small letters, without _ - : and blanks."""
    return re.sub(r"[_\-: ]", "", name).casefold()


def _text(place: str, name: str, value: Any) -> str | None:
    """A number's digits, too: codes are often numbers in files."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or hidden(value) or "\n" in value or "\t" in value:
        raise InputError(_("{place}: its {name} is no text of one line", place=place, name=visible(name)))
    return value.strip()


def _language(place: str, tag: str | None) -> str | None:
    if tag is not None and not LANGUAGE_TAG.fullmatch(tag):
        raise InputError(
            _("{place}: {tag} is no language: a BCP 47 tag, vi or en-US say", place=place, tag=visible(tag))
        )
    return tag


def _people(place: str, value: Any) -> int | None:
    text = (
        str(value) if isinstance(value, float) and not value.is_integer() else _text(place, "census", value)
    )
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,11}", text, re.ASCII) or int(text) > _MOST_PEOPLE:
        raise InputError(_("{place}: its census is no number of people", place=place))
    return int(text)
