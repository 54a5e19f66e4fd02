"""TOML tables into frozen dataclasses, and what is wrong with them in a person's words.

Nothing is coerced: a wrong type is the writer's slip, and a text is no list of its letters. An unknown key is
refused with the nearest known one. Messages name the key in full and never print a table, which may hold a
secret in the wrong place.
"""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import cattrs
from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn

from broadcast.errors import ConfigError
from broadcast.languages import N_, _

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_SHAPES: dict[type, str] = {dict: N_("a table"), list: N_("a list")}
_NOT: Final = N_(", not {value}")
_AS_IT_IS: Final[Mapping[str, str]] = {}


def read_toml(path: Path) -> dict[str, Any]:
    """The file's top table. Raises ConfigError when it is missing, not UTF-8 or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(_("there is no file {path}: check its name and where you are", path=path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(_("{path} is not UTF-8: save it as UTF-8", path=path)) from error
    except OSError as error:
        raise ConfigError(_("cannot read {path}: {strerror}", path=path, strerror=error.strerror)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_("{path} is not valid TOML: {error}", path=path, error=error)) from error


def structure(
    raw: Mapping[str, Any], kind: type[T], source: str, written: Mapping[str, str] = _AS_IT_IS
) -> T:
    """`raw` as a `kind`: a dataclass whose __post_init__ may raise ValueError, the key at fault in front.

    A field's metadata may name `keys_beside` it, which a caller moves into it; written: full keys that were moved, and
    as which they stand in the file. Raises ConfigError with `source` in front and every fault that was found.
    """
    try:
        return _converter().structure(raw, kind)
    except (ClassValidationError, IterableValidationError) as error:
        told = [_as_written(each, written) for each in _messages(error, "")]
        raise ConfigError(f"{source}: {'; '.join(told)}") from error


def _as_written(message: str, written: Mapping[str, str]) -> str:
    """The key in front of it as it stands in the file."""
    key = next((each for each in written if re.match(rf"{re.escape(each)}\b", message)), "")
    return written.get(key, "") + message[len(key) :]


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(str, _exact(str, N_("text")))
    converter.register_structure_hook(int, _exact(int, N_("a whole number")))
    converter.register_structure_hook(bool, _exact(bool, N_("true or false")))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook_func(_made_of(Literal), _choice)
    converter.register_structure_hook_factory(
        is_dataclass,
        lambda kind: _shaped(dict, make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)),
    )
    converter.register_structure_hook_factory(
        _made_of(Mapping),
        lambda kind: _shaped(dict, mapping_structure_factory(kind, converter)),
    )
    converter.register_structure_hook_factory(
        _made_of(tuple),
        lambda kind: _shaped(list, list_structure_factory(kind, converter), tuple),
    )
    return converter


def _made_of(origin: Any) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _shaped(shape: type, build: Hook, finish: Callable[[Any], Any] = lambda built: built) -> Hook:
    """`build` for values of `shape` only: cattrs alone would take a text for a list of its letters."""

    def structure(value: Any, kind: Any) -> Any:
        if not isinstance(value, shape):
            raise _wrong(_(_SHAPES[shape]), value)
        return finish(build(value, kind))

    return structure


def _exact(kind: type, name: str) -> Hook:
    def structure(value: Any, _kind: Any) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise _wrong(_(name), value)
        return value

    return structure


def _number(value: Any, _kind: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(_("a number"), value)
    return float(value)


def _decimal(value: Any, _kind: Any) -> Decimal:
    """What TOML calls a float is a binary fraction, and no amount of money."""
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not whole and not (isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", value)):
        raise _wrong(_('a whole number, or a decimal in quotes: "312.50"'), value)
    return Decimal(value)


def _choice(value: Any, kind: Any) -> Any:
    allowed = get_args(kind)
    if value not in allowed:
        raise _wrong(_("one of {allowed}", allowed=", ".join(allowed)), value)
    return value


def _wrong(wanted: str, value: Any) -> ValueError:
    return ValueError(_("must be {wanted}", wanted=wanted) + _(_NOT, value=_said(value)))


def _said(value: Any) -> str:
    return _(_SHAPES.get(type(value), "")) or repr(value)


def _messages(error: BaseException, place: str) -> list[str]:
    """One sentence for every leaf of cattrs' error tree, the key's full name in front.

    place: the key at which `error` arose, empty at the top.
    """
    if isinstance(error, ForbiddenExtraKeysError):
        known = [
            key for each in fields(error.cl) for key in (each.name, *each.metadata.get("keys_beside", ()))
        ]
        return [
            _("unknown key {below}: {nearest}", below=_below(place, key), nearest=nearest(key, known))
            for key in sorted(error.extra_fields)
        ]
    if isinstance(error, ClassValidationError):
        noted, bare = error.group_exceptions()
        found = [line for inner, note in noted for line in _messages(inner, _below(place, note.name))]
        return found + [line for inner in bare for line in _bare_messages(inner, place)]
    if isinstance(error, IterableValidationError):
        listed, _bare = error.group_exceptions()
        return [line for inner, note in listed for line in _messages(inner, _below(place, str(note.index)))]
    if isinstance(error, KeyError):
        return [_("{place} is missing", place=place)]
    said = str(error)
    # what stands there may be the secret itself, or somebody's number
    if place.rpartition(".")[2].startswith("password") or place.startswith("phones."):
        said = said.partition(_(_NOT).partition("{")[0])[0]
    return [f"{place} {said}"]


def _bare_messages(error: BaseException, place: str) -> list[str]:
    """What a table as a whole says: unknown keys, or __post_init__'s message, which starts with the key."""
    if isinstance(error, ForbiddenExtraKeysError):
        return _messages(error, place)
    return [_below(place, str(error))]


def _below(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def nearest(name: str, known: Sequence[str]) -> str:
    """The way out of an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return _("did you mean {near}?", near=near[0]) if near else _("known are {known}", known=", ".join(known))
