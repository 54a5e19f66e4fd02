"""What one simulated carrier is like: its account, limits, ids, and how its messages fare.

A TOML file holds one personality, keys as the fields here. Keys that a carrier's configuration has too
(tps, window, sessions, system_id, response_id, receipt_id) mean the same there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Any, Literal

from broadcast.config import IdFormat
from broadcast.errors import ConfigError
from broadcast.tables import read_toml, structure

IdKind = Literal["counter", "uuid"]

SHARES = (
    "refused_share",
    "temporary_share",
    "undeliverable_share",
    "expired_share",
    "rejected_share",
    "unreported_share",
)


@dataclass(frozen=True, slots=True)
class Personality:
    """One SMSC with one account.

    tps: submit_sm taken per second over all sessions, 0: no limit. window: unanswered submit_sm per session.
    receipt_window: deliver_sm that it has unanswered per session. Times in seconds; receipts come after
    receipt_delay_s, give or take receipt_jitter_s.
    response_id, receipt_id: how the id is written in each (a uuid is always text). *_width: zeros in front up
    to so many characters; *_upper: capital letters.
    Shares are parts of all recipients, 0 to 1, and exclude each other: refused (at submit_sm, for good),
    temporary (each segment refused once, then delivered), undeliverable, expired and rejected (accepted, so
    says the receipt), unreported (delivered without receipt). What is left is delivered.
    """

    name: str
    system_id: str
    password: str = ""
    seed: int = 1
    tps: int = 0
    window: int = 1000
    sessions: int = 10
    id_kind: IdKind = "counter"
    response_id: IdFormat = "decimal"
    receipt_id: IdFormat = "decimal"
    response_id_width: int = 0
    receipt_id_width: int = 0
    response_id_upper: bool = False
    receipt_id_upper: bool = False
    response_delay_s: float = 0.0
    receipt_delay_s: float = 0.5
    receipt_jitter_s: float = 0.0
    receipt_window: int = 5000
    receipt_tlvs: bool = False
    refused_share: float = 0.0
    refused_status: int = 0x0B
    temporary_share: float = 0.0
    temporary_status: int = 0x64
    undeliverable_share: float = 0.0
    expired_share: float = 0.0
    rejected_share: float = 0.0
    unreported_share: float = 0.0

    def __post_init__(self) -> None:
        _require(self.name, "name must not be empty")
        _require(
            re.fullmatch("[ -~]{1,15}", self.system_id),
            "system_id must be 1 to 15 printable ASCII characters",
        )
        _require(re.fullmatch("[ -~]{0,16}", self.password), "password must be at most 16 ASCII characters")
        _require(0 <= self.seed <= 0xFFFFFFFF, "seed must be 0 to 4294967295")
        _require(0 <= self.tps <= 1_000_000, "tps must be 0 (no limit) to 1000000")
        for name in ("window", "sessions", "receipt_window"):
            _require(1 <= getattr(self, name) <= 1_000_000, f"{name} must be 1 to 1000000")
        for name in ("response_id_width", "receipt_id_width"):
            _require(0 <= getattr(self, name) <= 64, f"{name} must be 0 to 64 characters")
        for name in ("response_delay_s", "receipt_delay_s", "receipt_jitter_s"):
            _require(0 <= getattr(self, name) <= 86400, f"{name} must be 0 to 86400 seconds")
        for name in ("refused_status", "temporary_status"):
            _require(0 < getattr(self, name) <= 0xFFFFFFFF, f"{name} must be 0x00000001 to 0xFFFFFFFF")
        for name in SHARES:
            _require(0 <= getattr(self, name) <= 1, f"{name} must be 0 to 1")
        _require(
            sum(getattr(self, name) for name in SHARES) <= 1,
            "refused_share and the other shares sum to more than 1",
        )


def load(path: Path, settings: Sequence[str] = ()) -> Personality:
    """Read a personality. settings: `key=value` each, the value as in TOML; they go before the file.

    Raises ConfigError naming the file or the setting, the key and the way out.
    """
    raw = read_toml(path)
    for setting in settings:
        key, value = _setting(setting)
        raw[key] = value
    source = f"{path} with --set" if settings else str(path)
    return structure(raw, Personality, source)


def _setting(setting: str) -> tuple[str, Any]:
    """`key=value`; a text may leave out its quotes."""
    key, separator, text = (part.strip() for part in setting.partition("="))
    if not separator or not key:
        raise ConfigError(f"--set {setting}: write key=value, tps=5000 say")
    if _kinds().get(key) is str and not text.startswith('"'):
        return key, text
    try:
        return key, loads(f"value = {text}")["value"]
    except TOMLDecodeError:
        return key, text


def _kinds() -> dict[str, Any]:
    return {field.name: field.type for field in fields(Personality)}


def _require(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)
