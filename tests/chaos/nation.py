"""The country of the chaos runs: three carriers, how each is simulated and how we reach it, and its people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from chaos.schedule import Habits

COUNTRY: Final = Path(__file__).parents[2] / "config" / "vietnam.toml"
RESPONSE_TIMEOUT_S: Final = 3.0
ENQUIRE_LINK_S: Final = 2.0
# How the engine differs from its defaults: an end to waiting that a test can wait for.
ENGINE: Final = {"receipt_wait_s": 2.0}


@dataclass(frozen=True, slots=True)
class Binds:
    """One account of a carrier's."""

    mode: str
    sessions: int


@dataclass(frozen=True, slots=True)
class Carrier:
    """first: the lowest MSISDN. ids: keys that simulator and configuration share."""

    name: str
    tps: int
    window: int
    first: int
    binds: tuple[Binds, ...]
    ids: Mapping[str, str]
    id_kind: str = "counter"

    @property
    def sending(self) -> int:
        """How many links submit."""
        return sum(bind.sessions for bind in self.binds if bind.mode != "receiver")


CARRIERS: Final = (
    Carrier(
        "viettel", 2000, 100, 84_320_000_000, (Binds("transceiver", 4),),
        {"response_id": "hex", "receipt_id": "decimal"},
    ),
    Carrier(
        "vinaphone", 1500, 50, 84_810_000_000, (Binds("transmitter", 3), Binds("receiver", 2)),
        {"response_id": "text", "receipt_id": "text"}, "uuid",
    ),
    Carrier(
        "mobifone", 1000, 20, 84_700_000_000, (Binds("transceiver", 3),),
        {"response_id": "decimal", "receipt_id": "decimal"},
    ),
)  # fmt: skip
BY_NAME: Final = {carrier.name: carrier for carrier in CARRIERS}


def shares(messages: int) -> dict[str, int]:
    """Subscribers by carrier: by their TPS, so that all carriers are busy for as long."""
    total = sum(carrier.tps for carrier in CARRIERS)
    counts = {carrier.name: messages * carrier.tps // total for carrier in CARRIERS}
    counts[CARRIERS[0].name] += messages - sum(counts.values())
    return counts


def write_people(path: Path, messages: int) -> None:
    """A file for `broadcast subscriber import`."""
    with path.open("w", encoding="ascii") as file:
        file.write("msisdn\n")
        for name, count in shares(messages).items():
            first = BY_NAME[name].first
            file.writelines(f"{number}\n" for number in range(first, first + count))


def personality(carrier: Carrier, habits: "Habits", seed: int) -> str:
    """The simulator's TOML."""
    plain = {
        "name": carrier.name,
        "system_id": carrier.name,
        "seed": seed,
        "tps": carrier.tps,
        "window": carrier.window,
        "sessions": 20,
        "id_kind": carrier.id_kind,
        **carrier.ids,
        "response_delay_s": 0.01,
        "receipt_delay_s": habits.delay_s,
        "receipt_jitter_s": habits.delay_s / 2,
        "refused_share": 0.002,
        "temporary_share": 0.002,
        "undeliverable_share": 0.01,
        "expired_share": 0.005,
        "unreported_share": habits.lost,
    }
    receipts = {
        "early_share": habits.early,
        "repeats": 1,
        "repeat_share": habits.repeated,
        "repeat_after_s": 0.5,
        "any_session": True,
    }
    return f"{_lines(plain)}\n[receipts]\n{_lines(receipts)}"


def carriers_toml(addresses: Mapping[str, tuple[str, int]]) -> str:
    """Our side, beside the country's file. addresses: host and port by carrier."""
    tables = [f"[engine]\n{_lines(ENGINE)}"]
    for carrier in CARRIERS:
        tables.append(
            f"[carriers.{carrier.name}]\n{_lines({'tps': carrier.tps, 'retry_delay_s': 0.5, **carrier.ids})}"
        )
        host, port = addresses[carrier.name]
        for bind in carrier.binds:
            table = {
                "host": host,
                "port": port,
                "system_id": carrier.name,
                "mode": bind.mode,
                "sessions": bind.sessions,
                "window": carrier.window,
                "bind_timeout_s": 2.0,
                "response_timeout_s": RESPONSE_TIMEOUT_S,
                "enquire_link_s": ENQUIRE_LINK_S,
                "reconnect_min_s": 0.2,
                "reconnect_max_s": 2.0,
            }
            tables.append(f"[[carriers.{carrier.name}.binds]]\n{_lines(table)}")
    return "\n".join(tables)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
