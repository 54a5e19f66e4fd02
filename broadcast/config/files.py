"""The configuration's files, read and joined into one `Config`."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from broadcast.config.board import Board, check_contacts
from broadcast.config.cap import Cap
from broadcast.config.carriers import SMPP_KEYS, Carrier
from broadcast.config.contact import Rules
from broadcast.config.country import Country
from broadcast.config.engine import Engine
from broadcast.config.hygiene import Hygiene
from broadcast.config.ledgers import Ledger, check
from broadcast.config.prices import Budget
from broadcast.config.rules import require
from broadcast.config.site import Phones, Site, Witness, check_carriers
from broadcast.config.smpp import read_status
from broadcast.config.wording import Templates, Wording
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.monitor import events
from broadcast.monitor.loggable import Name
from broadcast.monitor.logger import logger
from broadcast.tables import nearest, read_toml, structure

log = logger(__name__)

_JOINED: Final = ("carriers", "templates", "wording", "rules")
_ADDED: Final = ("wording.official_domains",)  # a list in each file, one list in all
_RETIRED: Final = {"engine": frozenset({"bucket_s"})}  # table -> keys that an older version knew


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a site says. carriers: by name, one of those of `country.prefixes`. ledgers: by name; none, and
    home is the only one."""

    country: Country
    sender: str
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    engine: Engine = field(default_factory=Engine)
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)
    wording: Wording = field(default_factory=Wording)
    templates: Templates = field(default_factory=Templates)
    site: Site = field(default_factory=Site)
    phones: Phones = field(default_factory=Phones, repr=False)
    audit: Witness = field(default_factory=Witness)
    cap: Cap = field(default_factory=Cap)
    budget: Budget | None = None
    rules: Rules = field(default_factory=Rules)
    hygiene: Hygiene = field(default_factory=Hygiene)
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        require(self.sender, _("sender must not be empty"))
        known = sorted(self.country.prefixes)
        for name in self.carriers:
            require(
                name in known,
                _(
                    "carriers.{name} is not in country.prefixes: {nearest}",
                    name=name,
                    nearest=nearest(name, known),
                ),
            )
        for name, carrier in self.carriers.items():
            for named in sorted(carrier.smpp.named_carriers):
                require(
                    named in known,
                    _(
                        "carriers.{name}: ported numbers are said to be of {named}, which is not in "
                        "country.prefixes: {nearest}",
                        name=name,
                        named=named,
                        nearest=nearest(named, known),
                    ),
                )
        check(self.ledgers, self.carriers)
        check_contacts(self.board, self.country.prefixes)
        check_carriers(self.site, self.carriers)


def load(paths: Sequence[Path]) -> Config:
    """Read and join the files; a key that an older version knew is left out with a warning, for no worker may stand
    still over it. Raises ConfigError with file, key and the way out."""
    joined: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for key, value in read_toml(path).items():
            _join(joined, origin, key, _without_retired(key, value, path), path)
    return made(joined, ", ".join(str(path) for path in paths))


def made(raw: Mapping[str, Any], source: str) -> Config:
    """From the joined tables. source: where they stood, in front of every error."""
    carriers = raw.get("carriers")
    if not isinstance(carriers, dict):
        return structure(raw, Config, source)
    beside: dict[str, str] = {}
    parted = {name: _parted(f"carriers.{name}", table, beside, source) for name, table in carriers.items()}
    return structure({**raw, "carriers": parted}, Config, source, beside)


def _parted(place: str, table: Any, beside: dict[str, str], source: str) -> Any:
    """A carrier's table with all that is SMPP's own in its part. beside: its full keys, as the file spells them."""
    if not isinstance(table, dict):
        return table
    table = _named_parted(place, _senders_parted(place, table, beside), beside)
    part, own = table.get("smpp", {}), [key for key in SMPP_KEYS if key in table]
    if isinstance(part, dict) and part:
        part = _named_parted(f"{place}.smpp", part, beside)
        table = {**table, "smpp": part}
    rest = {key: value for key, value in table.items() if key not in own}
    if not own or not isinstance(part, dict):
        return rest
    for key in own:
        if key in part:
            raise ConfigError(
                _(
                    "{source}: {place}.{key} and {place}.smpp.{key} are the same key: keep one",
                    source=source,
                    place=place,
                    key=key,
                )
            )
        beside[f"{place}.smpp.{key}"] = beside.get(f"{place}.{key}", f"{place}.{key}")
    return {**rest, "smpp": {**part, **{key: table[key] for key in own}}}


def _senders_parted(place: str, table: Mapping[str, Any], beside: dict[str, str]) -> Mapping[str, Any]:
    """Senders with the day until which each is registered are a table in the file."""
    senders = table.get("senders")
    if not isinstance(senders, dict):
        return table
    beside[f"{place}.senders_until"] = f"{place}.senders"
    return {**table, "senders": list(senders), "senders_until": senders}


def _named_parted(place: str, table: Mapping[str, Any], beside: dict[str, str]) -> Mapping[str, Any]:
    """What says that a number is ported may be a table in the file, with the carrier that each names."""
    for key, read in _NAMED.items():
        said = table.get(key)
        if isinstance(said, dict):
            beside[f"{place}.{key}_to"] = f"{place}.{key}"
            table = {**table, key: [read(each) for each in said], f"{key}_to": said}
    return table


_NAMED: Final[Mapping[str, Callable[[str], int | str]]] = {
    "ported_statuses": read_status,
    "ported_errs": str,
}


def paths_from(options: Sequence[str]) -> tuple[Path, ...]:
    """The configuration files. Raises ConfigError when there are none."""
    chosen = named(options)
    if not chosen:
        raise ConfigError(
            _("no configuration: give --config FILE or set BROADCAST_CONFIG (config/vietnam.toml, say)")
        )
    return tuple(Path(name) for name in chosen)


def named(options: Sequence[str]) -> list[str]:
    """The command's options, else BROADCAST_CONFIG (separated like PATH)."""
    given = os.environ.get("BROADCAST_CONFIG", "").split(os.pathsep)
    return list(options) or [part for part in given if part]


def _without_retired(table: str, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        return value
    for key in sorted(value.keys() & _RETIRED.get(table, frozenset())):
        log(events.KEY_RETIRED, file=Name(f"{path}"), key=Name(f"{table}.{key}"))
    return {key: each for key, each in value.items() if key not in _RETIRED.get(table, frozenset())}


def _join(joined: dict[str, Any], origin: dict[str, Path], key: str, value: Any, path: Path) -> None:
    """These join by what is in them, carriers by name; anything else stands in one file only."""
    if key in _JOINED and isinstance(value, dict) and isinstance(joined.get(key, {}), dict):
        whole = joined.setdefault(key, {})
        for name, table in value.items():
            if f"{key}.{name}" in _ADDED and isinstance(table, list) and isinstance(whole.get(name), list):
                whole[name] = [*whole[name], *table]
                continue
            _once(origin, f"{key}.{name}", path)
            whole[name] = table
        origin[key] = path
        return
    _once(origin, key, path)
    joined[key] = value


def _once(origin: dict[str, Path], key: str, path: Path) -> None:
    if key in origin:
        raise ConfigError(
            _("{key} stands in both {origin} and {path}: keep one", key=key, origin=origin[key], path=path)
        )
    origin[key] = path
