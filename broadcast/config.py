"""The configuration: TOML files read once into frozen dataclasses.

Several files may be given (a national profile, the carriers, a site's own settings); a table or key may
stand in one of them only. Unknown keys are refused with the nearest known one. Secrets never stand in the
TOML: a bind names the environment variable or the file that holds its password.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.v import format_exception

from broadcast.errors import ConfigError

BindMode = Literal["transceiver", "transmitter", "receiver"]
Concatenation = Literal["udh8", "udh16", "sar", "payload"]
IdFormat = Literal["text", "decimal", "hex"]
ValidityFormat = Literal["absolute", "relative", "none"]
DefaultAlphabet = Literal["gsm0338", "ascii", "latin1"]


@dataclass(frozen=True, slots=True)
class Country:
    """A country's numbering plan, as far as mobile numbers go.

    prefixes: carrier name -> the leading digits of the national significant number that are its own.
    national_lengths: digits of a mobile national significant number (without trunk prefix).
    """

    name: str
    country_code: str
    national_lengths: tuple[int, ...]
    prefixes: Mapping[str, tuple[str, ...]]
    time_zone: str
    trunk_prefix: str = ""
    international_prefix: str = "00"

    def __post_init__(self) -> None:
        _require(re.fullmatch(r"[1-9]\d{0,2}", self.country_code), "country.country_code: 1 to 3 digits, no +")
        _require(self.national_lengths, "country.national_lengths: give at least one length")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"country.time_zone: {self.time_zone!r} is not an IANA time zone") from None
        seen: dict[str, str] = {}
        for carrier, prefixes in self.prefixes.items():
            for prefix in prefixes:
                _require(re.fullmatch(r"\d+", prefix), f"country.prefixes.{carrier}: {prefix!r} is not digits")
                _require(
                    prefix not in seen,
                    f"country.prefixes: {prefix} belongs to both {seen.get(prefix)} and {carrier}",
                )
                seen[prefix] = carrier


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards one SMSC. Files are PEM; without `ca_file` the system's authorities are trusted."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """One account on one SMSC address; `sessions` links are bound with it. Times in seconds."""

    host: str
    port: int
    system_id: str
    password_env: str | None = None
    password_file: str | None = None
    system_type: str = ""
    mode: BindMode = "transceiver"
    sessions: int = 1
    window: int = 100
    tls: Tls | None = None
    bind_timeout_s: float = 10.0
    response_timeout_s: float = 60.0
    enquire_link_s: float = 30.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0

    def __post_init__(self) -> None:
        _require(0 < self.port < 65536, f"bind {self.system_id}: port must be 1 to 65535")
        _require(1 <= len(self.system_id) <= 15, f"bind {self.system_id!r}: system_id has 1 to 15 characters")
        _require(self.sessions >= 1, f"bind {self.system_id}: sessions must be at least 1")
        _require(self.window >= 1, f"bind {self.system_id}: window must be at least 1")
        _require(
            not (self.password_env and self.password_file),
            f"bind {self.system_id}: give password_env or password_file, not both",
        )

    def password(self) -> str:
        """The secret itself, read now. Raises ConfigError when the named place does not hold one."""
        if self.password_env:
            if self.password_env not in os.environ:
                raise ConfigError(
                    f"bind {self.system_id}: the environment variable {self.password_env} is not set"
                )
            return os.environ[self.password_env]
        if self.password_file:
            try:
                return Path(self.password_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(
                    f"bind {self.system_id}: cannot read password_file {self.password_file}: {error.strerror}"
                ) from error
        return ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one carrier is spoken to. `tps` counts segments per second over all its binds.

    response_id / receipt_id: how the SMSC writes the message id in `submit_sm_resp` and in receipts.
    temporary_statuses / permanent_statuses: command_status values that override the built-in meaning.
    """

    tps: int
    binds: tuple[Bind, ...]
    sender: str | None = None
    source_ton: int | None = None
    source_npi: int | None = None
    dest_ton: int = 1
    dest_npi: int = 1
    service_type: str = ""
    concatenation: Concatenation = "udh8"
    default_alphabet: DefaultAlphabet = "gsm0338"
    response_id: IdFormat = "text"
    receipt_id: IdFormat = "text"
    validity: ValidityFormat = "absolute"
    temporary_statuses: tuple[int, ...] = ()
    permanent_statuses: tuple[int, ...] = ()
    retry_limit: int = 5
    retry_delay_s: float = 2.0

    def __post_init__(self) -> None:
        _require(self.tps >= 1, "carrier.tps must be at least 1 segment per second")
        _require(self.binds, "carrier.binds: a carrier needs at least one bind")
        _require(
            any(bind.mode != "receiver" for bind in self.binds),
            "carrier.binds: a carrier needs a transceiver or transmitter bind to send",
        )
        _require(
            any(bind.mode != "transmitter" for bind in self.binds),
            "carrier.binds: a carrier needs a transceiver or receiver bind, or its receipts are lost",
        )
        _require(
            not set(self.temporary_statuses) & set(self.permanent_statuses),
            "carrier: a status cannot be both temporary and permanent",
        )

    def slots(self) -> tuple[Bind, ...]:
        """The bind of every slot, in slot order: each bind repeated `sessions` times."""
        return tuple(bind for bind in self.binds for _ in range(bind.sessions))


@dataclass(frozen=True, slots=True)
class Engine:
    """A worker's own settings. Times in seconds."""

    slice_size: int = 2000
    lease_s: float = 5.0
    group_s: float = 0.02
    bucket_s: float = 2.0
    receipt_wait_s: float = 3 * 86400.0
    drain_s: float = 8.0

    def __post_init__(self) -> None:
        _require(1 <= self.slice_size <= 30_000, "engine.slice_size must be 1 to 30000 recipients")
        _require(self.lease_s >= 2, "engine.lease_s must be at least 2 seconds")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a site says. `carriers`: by name; the names are those of `country.prefixes`."""

    country: Country
    sender: str
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    engine: Engine = field(default_factory=Engine)

    def __post_init__(self) -> None:
        for name in self.carriers:
            if name not in self.country.prefixes:
                known = ", ".join(sorted(self.country.prefixes))
                raise ValueError(f"carriers.{name}: no such carrier in country.prefixes ({known})")


def load(paths: Sequence[Path]) -> Config:
    """Read and join the files. Raises ConfigError with file, key and the way out."""
    joined: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for key, value in _read(path).items():
            _join(joined, origin, key, value, path)
    return _structure(joined, ", ".join(str(path) for path in paths))


def paths_from(options: Sequence[str]) -> tuple[Path, ...]:
    """Configuration files by precedence: the command's options, else BROADCAST_CONFIG (separated like PATH)."""
    chosen = list(options) or [part for part in os.environ.get("BROADCAST_CONFIG", "").split(os.pathsep) if part]
    if not chosen:
        raise ConfigError("no configuration: give --config FILE or set BROADCAST_CONFIG (config/vietnam.toml, say)")
    return tuple(Path(name) for name in chosen)


def _require(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration file {path}: check --config and BROADCAST_CONFIG") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _join(joined: dict[str, Any], origin: dict[str, Path], key: str, value: Any, path: Path) -> None:
    """Tables `carriers` join by carrier; anything else stands in one file only."""
    if key == "carriers" and isinstance(value, dict) and isinstance(joined.get(key, {}), dict):
        carriers = joined.setdefault(key, {})
        for name, table in value.items():
            if name in carriers:
                raise ConfigError(f"carriers.{name} stands in both {origin[name]} and {path}: keep one")
            carriers[name] = table
            origin[name] = path
        return
    if key in joined:
        raise ConfigError(f"{key} stands in both {origin[key]} and {path}: keep one")
    joined[key] = value
    origin[key] = path


def _structure(joined: dict[str, Any], source: str) -> Config:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _exact(str, "text"))
    converter.register_structure_hook(int, _exact(int, "a whole number"))
    converter.register_structure_hook(float, _number)
    try:
        return converter.structure(joined, Config)
    except (ClassValidationError, IterableValidationError) as error:
        raise ConfigError(f"{source}: {'; '.join(_messages(error, ''))}") from error


def _exact(kind: type, name: str) -> Any:
    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"must be {name}, not {value!r}")
        return value

    return structure


def _number(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"must be a number, not {value!r}")
    return float(value)


def _messages(error: BaseException, where: str) -> list[str]:
    """One sentence for every leaf of cattrs' error tree, the key's full name in front."""
    if isinstance(error, ForbiddenExtraKeysError):
        known = [each.name for each in fields(error.cl)]
        return [_unknown_key(f"{where}{key}", key, known) for key in sorted(error.extra_fields)]
    if isinstance(error, ClassValidationError):
        noted, bare = error.group_exceptions()
        found = [line for inner, note in noted for line in _messages(inner, f"{where}{note.name}.")]
        return found + [line for inner in bare for line in _messages(inner, where)]
    if isinstance(error, IterableValidationError):
        listed, rest = error.group_exceptions()
        found = [line for inner, note in listed for line in _messages(inner, f"{where}{note.index}.")]
        return found + [line for inner in rest for line in _messages(inner, where)]
    if isinstance(error, KeyError):
        return [f"{where}{error.args[0]} is missing"]
    text = str(error) if isinstance(error, ValueError) else format_exception(error, None)
    place = where.rstrip(".")
    return [text if not place or text.startswith(place.split(".")[0]) else f"{place}: {text}"]


def _unknown_key(full_name: str, key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key {full_name}: {hint}"
