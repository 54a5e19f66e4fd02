"""What one simulated carrier is like: its account, limits, ids, how its messages fare, and its habits.

A TOML file holds one personality, keys as the fields here, the tables [receipts], [responses], [session],
[rules], [tls], [inbound] and [ids] as in habits/. Keys that a carrier's configuration has too (tps, window,
sessions, system_id, response_id, receipt_id) mean the same there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Any, Literal

from broadcast.config import IdFormat
from broadcast.errors import ConfigError
from broadcast.simulator.habits import (
    IdHabits,
    Inbound,
    ReceiptHabits,
    ResponseHabits,
    Rules,
    SessionHabits,
    TlsFiles,
)
from broadcast.simulator.habits.checks import require, seconds, shares, statuses
from broadcast.tables import nearest, read_toml, structure

CancelSm = Literal["unknown", "taken", "refused", "unanswered"]
IdKind = Literal["counter", "uuid", "sar", "digits23"]
_TABLES = ("receipts", "responses", "session", "rules", "tls", "inbound", "ids")

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
    id_kind: counter; uuid; sar (`SAR-<number>-2-1`); digits23 (23 digits).
    response_id, receipt_id: how a counter's id is written in each. *_width: zeros in front up to so many
    characters; *_upper: capital letters.
    Shares are parts of all recipients, 0 to 1, and exclude each other: refused (at submit_sm, for good),
    temporary (each segment refused once, then delivered), undeliverable, expired and rejected (accepted, so
    says the receipt), unreported (delivered without receipt). What is left is delivered, all but so many of
    its segments as segment_undeliverable_share says, each by itself: who lacks one has not the message.
    people: the book tells what became of each person; false: it counts segments and receipts only, and needs no
    memory for people: for millions of them.
    cancel_sm: unknown (no such command); taken (for what is still to be reported), refused (always too late) or
    unanswered. cancel_receipts: what was taken back is reported as undeliverable; false: it is not reported.
    record: of how many segments the book keeps all that happened to each; 0: it counts only.
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
    segment_undeliverable_share: float = 0.0
    people: bool = True
    record: int = 0
    cancel_sm: CancelSm = "unknown"
    cancel_receipts: bool = False
    receipts: ReceiptHabits = field(default_factory=ReceiptHabits)
    responses: ResponseHabits = field(default_factory=ResponseHabits)
    session: SessionHabits = field(default_factory=SessionHabits)
    rules: Rules = field(default_factory=Rules)
    tls: TlsFiles = field(default_factory=TlsFiles)
    inbound: Inbound = field(default_factory=Inbound)
    ids: IdHabits = field(default_factory=IdHabits)

    def __post_init__(self) -> None:
        require(self.name, "name must not be empty")
        require(
            re.fullmatch("[ -~]{1,15}", self.system_id),
            "system_id must be 1 to 15 printable ASCII characters",
        )
        require(re.fullmatch("[ -~]{0,16}", self.password), "password must be at most 16 ASCII characters")
        require(0 <= self.seed <= 0xFFFFFFFF, "seed must be 0 to 4294967295")
        require(0 <= self.tps <= 1_000_000, "tps must be 0 (no limit) to 1000000")
        for name in ("window", "sessions", "receipt_window"):
            require(1 <= getattr(self, name) <= 1_000_000, f"{name} must be 1 to 1000000")
        for name in ("response_id_width", "receipt_id_width"):
            require(0 <= getattr(self, name) <= 64, f"{name} must be 0 to 64 characters")
        seconds(self, "response_delay_s", "receipt_delay_s", "receipt_jitter_s")
        statuses("refused_status", self.refused_status)
        statuses("temporary_status", self.temporary_status)
        require(0 <= self.record <= 1_000_000, "record must be 0 to 1000000")
        shares(self)
        require(
            sum(getattr(self, name) for name in SHARES) <= 1,
            "refused_share and the other shares sum to more than 1",
        )
        require(
            self.id_kind != "uuid"
            or (self.ids.first, self.ids.modulo, self.receipts.stranger_ahead) == (-1, 0, 0),
            "id_kind must be one that counts where ids have a first, a modulo or a stranger_ahead",
        )
        require(
            not (self.receipts.stranger_ahead and (self.ids.twins or self.ids.same != "no")),
            "stranger_ahead cannot tell which ids come where [ids] has twins or the same ones",
        )


def load(path: Path, settings: Sequence[str] = ()) -> Personality:
    """Read a personality. settings: `key=value` each, the value as in TOML; they go before the file.

    Raises ConfigError naming the file or the setting, the key and the way out.
    """
    raw = read_toml(path)
    for setting in settings:
        (*tables, key), value = _setting(setting)
        place = raw
        for table in tables:
            place = place.setdefault(table, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{path}: {table} must be a table")
        place[key] = value
    source = f"{path} with --set" if settings else str(path)
    return structure(raw, Personality, source)


def _setting(setting: str) -> tuple[list[str], Any]:
    """`key=value` or `table.key=value`; a text may leave out its quotes."""
    name, separator, text = (part.strip() for part in setting.partition("="))
    key = name.split(".")
    if not separator or not all(key):
        raise ConfigError(f"--set {setting}: write key=value, tps=5000 say")
    if len(key) > 1 and (len(key) > 2 or key[0] not in _TABLES):
        raise ConfigError(f"--set {setting}: {key[0]} is no table: {nearest(key[0], _TABLES)}")
    if _kinds(key).get(key[-1]) is str and not text.startswith('"'):
        return key, text
    try:
        return key, loads(f"value = {text}")["value"]
    except TOMLDecodeError:
        return key, text


def _kinds(key: list[str]) -> dict[str, Any]:
    """The fields of the table that the key is in, and their types."""
    table: Any = Personality
    for name in key[:-1]:
        table = {each.name: each.type for each in fields(table)}[name]
    return {each.name: each.type for each in fields(table)}
