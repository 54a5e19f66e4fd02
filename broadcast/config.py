"""The configuration: TOML files read once into frozen dataclasses.

Several files may be given (a national profile, the carriers, a site's own settings); a table or key may
stand in one of them only. Unknown keys are refused with the nearest known one. Secrets never stand in the
TOML: a bind names the environment variable or the file that holds its password.
"""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcast import secret
from broadcast.errors import ConfigError
from broadcast.tables import nearest, read_toml, structure

log = logging.getLogger(__name__)

BindMode = Literal["transceiver", "transmitter", "receiver"]
Concatenation = Literal["udh8", "udh16", "sar", "payload"]
IdFormat = Literal["text", "decimal", "hex"]
ValidityFormat = Literal["absolute", "relative", "none"]
DefaultAlphabet = Literal["gsm0338", "ascii", "latin1"]
TlsVersion = Literal["1.2", "1.3"]
Address = tuple[str, int]  # host (a name, or an IPv4 or IPv6 address without brackets) and port
ReceiptSegments = Literal["all", "last", "first", "none"]
ReceiptMeaning = Literal["delivered", "undeliverable", "expired", "rejected", "intermediate"]
IdZeros = Literal["keep", "strip"]
NationalShift = Literal["none", "turkish", "spanish", "portuguese"]

_RETIRED: Final = {"engine": frozenset({"bucket_s"})}  # table -> keys that an older version knew


@dataclass(frozen=True, slots=True)
class Country:
    """A country's numbering plan, as far as mobile numbers go.

    prefixes: carrier name -> the leading digits of the national significant number that are its own.
    landline_prefixes: leading digits of fixed lines; an import refuses those numbers by that name.
    keywords: kind -> words that people answer with; opt_out and opt_in act, any other kind is counted.
    everyday_words: names, and words that mean other things: what reads like one is a keyword only where it is clear.
    national_lengths: digits of a mobile national significant number (without trunk prefix).
    """

    name: str
    country_code: str
    national_lengths: tuple[int, ...]
    prefixes: Mapping[str, tuple[str, ...]]
    time_zone: str
    trunk_prefix: str = ""
    international_prefix: str = "00"
    landline_prefixes: tuple[str, ...] = ()
    keywords: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"opt_out": ("STOP",), "opt_in": ("START",)}
    )
    everyday_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(
            re.fullmatch("[1-9][0-9]{0,2}", self.country_code), "country_code must be 1 to 3 digits, no +"
        )
        _require(re.fullmatch("[0-9]*", self.trunk_prefix), "trunk_prefix must be digits, or empty")
        _require(re.fullmatch("[0-9]+", self.international_prefix), "international_prefix must be digits")
        longest = 15 - len(self.country_code)  # E.164: 15 digits with the country code
        _require(self.national_lengths, "national_lengths needs at least one length")
        _require(
            all(1 <= length <= longest for length in self.national_lengths),
            f"national_lengths must be 1 to {longest} digits (E.164, without the country code)",
        )
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time_zone {self.time_zone!r} is not an IANA time zone") from None
        self._check_prefixes()
        _require(self.keywords.get("opt_out"), "keywords.opt_out needs at least one word, STOP say")
        for kind in self.keywords:
            _require(
                re.fullmatch("[a-z][a-z0-9_]{0,30}", kind),
                f"keywords.{kind}: a kind has small letters, digits and _ only",
            )

    def _check_prefixes(self) -> None:
        _require(self.prefixes, "prefixes needs at least one carrier")
        seen: dict[str, str] = {}
        for carrier, prefixes in self.prefixes.items():
            _require(
                re.fullmatch("[a-z0-9][a-z0-9_-]*", carrier),
                f"prefixes.{carrier}: a carrier's name has small letters, digits, - and _ only",
            )
            for prefix in prefixes:
                _require(re.fullmatch("[0-9]+", prefix), f"prefixes.{carrier}: {prefix!r} is not digits")
                _require(
                    len(prefix) <= max(self.national_lengths),
                    f"prefixes.{carrier}: {prefix} is longer than any national number",
                )
                _require(
                    prefix not in seen, f"prefixes: {prefix} belongs to both {seen.get(prefix)} and {carrier}"
                )
                seen[prefix] = carrier
        for prefix in self.landline_prefixes:
            _require(re.fullmatch("[0-9]+", prefix), f"landline_prefixes: {prefix!r} is not digits")
            _require(prefix not in seen, f"landline_prefixes: {prefix} belongs to {seen.get(prefix)}")


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS towards one SMSC. Files are PEM; without `ca_file` the system's authorities are trusted.

    server_name: the name that the SMSC's certificate must hold; left out, the host that is connected to.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    min_version: TlsVersion = "1.2"

    def __post_init__(self) -> None:
        _require(self.cert_file or not self.key_file, "key_file needs cert_file beside it")


@dataclass(frozen=True, slots=True)
class Bind:
    """One account on one SMSC; `sessions` links are bound with it. Times in seconds.

    hosts: more addresses of the same SMSC, "host:port" or "[IPv6]:port", tried in order when the first fails.
    """

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
    enquire_link_s: float = 25.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(self.host, "host must not be empty")
        _require(
            "[" not in self.host, "host must be without brackets, IPv6 too: the port is a key of its own"
        )
        for text in self.hosts:
            _require(_address(text), f'hosts: {text!r} is not "host:port" (IPv6: "[2001:db8::1]:2775")')
        _require(len({*self.addresses()}) == 1 + len(self.hosts), "hosts names an address twice")
        _require(0 < self.port < 65536, "port must be 1 to 65535")
        _require(
            re.fullmatch("[ -~]{1,15}", self.system_id),
            "system_id must be 1 to 15 printable ASCII characters",
        )
        _require(
            re.fullmatch("[ -~]{0,12}", self.system_type), "system_type must be at most 12 ASCII characters"
        )
        _require(1 <= self.sessions <= 1000, "sessions must be 1 to 1000")
        _require(1 <= self.window <= 100_000, "window must be 1 to 100000")
        for name in ("bind_timeout_s", "response_timeout_s", "enquire_link_s", "reconnect_min_s"):
            _require(getattr(self, name) > 0, f"{name} must be more than 0 seconds")
        _require(
            self.reconnect_min_s <= self.reconnect_max_s, "reconnect_max_s must not be below reconnect_min_s"
        )
        _require(
            self.password_env is None or re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", self.password_env),
            f"password_env is the name of an environment variable: letters, digits and _ ({secret.NOT_SHOWN})",
        )
        _require(
            not (self.password_env and self.password_file),
            "password_env and password_file exclude each other: give one",
        )

    def addresses(self) -> tuple[Address, ...]:
        """Where the SMSC may be reached, in the order to try: host and port, then `hosts`."""
        return (self.host, self.port), *(each for text in self.hosts if (each := _address(text)))

    def password(self) -> str:
        """The secret itself, read now; empty when the bind names no place for one.

        Raises ConfigError when the named place does not hold one.
        """
        try:
            return secret.read(self.password_env, self.password_file)
        except ConfigError as error:
            raise ConfigError(f"bind {self.system_id}: {error}") from error

    def open_secrets(self) -> list[str]:
        """What every user of this machine may read and should not, in a person's words."""
        files = {"password_file": self.password_file, "tls.key_file": self.tls and self.tls.key_file}
        return [
            f"every user of this machine may read {key} {name}: chmod o-r it"
            for key, name in files.items()
            if name and secret.all_may_read(name)
        ]


@dataclass(frozen=True, slots=True)
class Carrier:
    """How one carrier is spoken to. `tps` counts segments per second over all its binds.

    response_id / receipt_id: how the SMSC writes the message id in `submit_sm_resp` and in receipts.
    temporary_statuses / permanent_statuses: command_status values that override the built-in meaning;
    throttled_statuses / queue_full_statuses: those that mean what 0x58 / 0x14 mean.
    receipts: for which segments of a message the SMSC sends receipts; they are asked for those only.
    receipt_states: what its own words mean (in capitals), or its message_state numbers (as "10").
    id_zeros: whether the leading zeros of an id of format text tell ids apart.
    national_shift: which single shift table its handsets know (3GPP TS 23.038 annex A), used instead of UCS-2
    where it saves segments and default_alphabet is gsm0338.
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
    id_zeros: IdZeros = "keep"
    receipts: ReceiptSegments = "all"
    receipt_states: Mapping[str, ReceiptMeaning] = field(default_factory=dict)
    national_shift: NationalShift = "none"
    validity: ValidityFormat = "absolute"
    temporary_statuses: tuple[int, ...] = ()
    permanent_statuses: tuple[int, ...] = ()
    throttled_statuses: tuple[int, ...] = ()
    queue_full_statuses: tuple[int, ...] = ()
    retry_limit: int = 5
    retry_delay_s: float = 2.0

    def __post_init__(self) -> None:
        _require(1 <= self.tps <= 1_000_000, "tps must be 1 to 1000000 segments per second")
        _require(self.binds, "binds needs at least one bind")
        _require(
            any(bind.mode != "receiver" for bind in self.binds),
            "binds needs a transceiver or transmitter bind to send",
        )
        _require(
            any(bind.mode != "transmitter" for bind in self.binds),
            "binds needs a transceiver or receiver bind, or its receipts are lost",
        )
        for name in ("source_ton", "source_npi", "dest_ton", "dest_npi"):
            value = getattr(self, name)
            _require(value is None or 0 <= value <= 255, f"{name} must be 0 to 255")
        _require(
            re.fullmatch("[ -~]{0,5}", self.service_type), "service_type must be at most 5 ASCII characters"
        )
        self._check_statuses()
        for word in self.receipt_states:
            _require(
                re.fullmatch("[A-Z][A-Z0-9_-]{0,31}", word)
                or (re.fullmatch("[0-9]{1,3}", word) and int(word) <= 255),
                f"receipt_states.{word}: a word in capital letters, or a message_state number up to 255",
            )
        _require(self.sender is None or self.sender, "sender must not be empty")
        _require(self.retry_limit >= 0, "retry_limit must be at least 0")
        _require(self.retry_delay_s > 0, "retry_delay_s must be more than 0 seconds")

    def receipt_segments(self, segments: int) -> tuple[int, ...]:
        """For which segments (from 1) of a message of so many receipts are asked and awaited (quirk 21)."""
        every = tuple(range(1, segments + 1))
        return {"all": every, "last": every[-1:], "first": every[:1], "none": ()}[self.receipts]

    def _check_statuses(self) -> None:
        """One meaning for each status."""
        seen: dict[int, str] = {}
        for name in ("temporary_statuses", "permanent_statuses", "throttled_statuses", "queue_full_statuses"):
            for status in getattr(self, name):
                _require(0 < status <= 0xFFFFFFFF, f"{name} must be 0x00000001 to 0xFFFFFFFF")
                _require(
                    seen.setdefault(status, name) == name,
                    f"{seen.get(status)} and {name} must not share a status",
                )

    def slots(self) -> tuple[Bind, ...]:
        """The bind of every slot, in slot order: each bind repeated `sessions` times."""
        return tuple(bind for bind in self.binds for _ in range(bind.sessions))


@dataclass(frozen=True, slots=True)
class Engine:
    """A worker's own settings. Times in seconds.

    drain_s: how long a worker that is told to stop waits for answers; a little more than 5 s, and it takes over 10 s.
    """

    slice_size: int = 2000
    lease_s: float = 5.0
    group_s: float = 0.05
    receipt_wait_s: float = 3 * 86400.0
    drain_s: float = 5.0
    parts_wait_s: float = 600.0

    def __post_init__(self) -> None:
        _require(1 <= self.slice_size <= 30_000, "slice_size must be 1 to 30000 recipients")
        _require(self.lease_s >= 2, "lease_s must be at least 2 seconds")
        for name in ("group_s", "receipt_wait_s", "drain_s", "parts_wait_s"):
            _require(getattr(self, name) > 0, f"{name} must be more than 0 seconds")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a site says. `carriers`: by name; the names are those of `country.prefixes`."""

    country: Country
    sender: str
    carriers: Mapping[str, Carrier] = field(default_factory=dict)
    engine: Engine = field(default_factory=Engine)

    def __post_init__(self) -> None:
        _require(self.sender, "sender must not be empty")
        known = sorted(self.country.prefixes)
        for name in self.carriers:
            _require(name in known, f"carriers.{name} is not in country.prefixes: {nearest(name, known)}")


def load(paths: Sequence[Path]) -> Config:
    """Read and join the files; a key that an older version knew is left out with a warning, for no worker may stand
    still over it. Raises ConfigError with file, key and the way out."""
    joined: dict[str, Any] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        for key, value in read_toml(path).items():
            _join(joined, origin, key, _without_retired(key, value, path), path)
    return structure(joined, Config, ", ".join(str(path) for path in paths))


def paths_from(options: Sequence[str]) -> tuple[Path, ...]:
    """The configuration files. Raises ConfigError when there are none."""
    chosen = named(options)
    if not chosen:
        raise ConfigError(
            "no configuration: give --config FILE or set BROADCAST_CONFIG (config/vietnam.toml, say)"
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
        log.warning(
            "%s: %s.%s is of an older version and means nothing any more: remove it", path, table, key
        )
    return {key: each for key, each in value.items() if key not in _RETIRED.get(table, frozenset())}


def _address(text: str) -> Address | None:
    """host:port, an IPv6 address in brackets; None when it is not that."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s\[\]:/@]+)):([0-9]{1,5})", text)
    if match is None or not 0 < int(match[3]) < 65536:
        return None
    return match[1] or match[2], int(match[3])


def _require(holds: object, message: str) -> None:
    """message: starts with the key; `tables.structure` puts the key's table in front of it."""
    if not holds:
        raise ValueError(message)


def _join(joined: dict[str, Any], origin: dict[str, Path], key: str, value: Any, path: Path) -> None:
    """Tables `carriers` join by carrier; anything else stands in one file only."""
    if key == "carriers" and isinstance(value, dict) and isinstance(joined.get(key, {}), dict):
        carriers = joined.setdefault(key, {})
        for name, table in value.items():
            _once(origin, f"carriers.{name}", path)
            carriers[name] = table
        origin[key] = path
        return
    _once(origin, key, path)
    joined[key] = value


def _once(origin: dict[str, Path], key: str, path: Path) -> None:
    if key in origin:
        raise ConfigError(f"{key} stands in both {origin[key]} and {path}: keep one")
    origin[key] = path
