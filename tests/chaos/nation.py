"""The country of the chaos runs: three carriers, how each is simulated and how we reach it, its people, and what they
are told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from chaos.schedule import Habits

COUNTRY: Final = Path(__file__).parents[2] / "config" / "vietnam.toml"
TEXT: Final = "Wash your hands often, wear a mask, stay at home." * 14
SEGMENTS: Final = 5  # of it
RESPONSE_TIMEOUT_S: Final = 3.0
ENQUIRE_LINK_S: Final = 2.0
RECEIPTS_S: Final = (0.4, 6.0)  # of each segment by itself: a nation's 2 to 30 s, five times as fast
# How the engine differs from its defaults: an end to waiting that a test can wait for.
ENGINE: Final = {"receipt_wait_s": 2.0}


@dataclass(frozen=True, slots=True)
class Binds:
    """One account of a carrier's. account: its system_id; the carrier's name if it has one only."""

    mode: str
    sessions: int
    account: str = ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """first: the lowest MSISDN. One that is split is one in each of its ledgers, with its part of TPS and binds."""

    name: str
    tps: int
    window: int
    first: int
    binds: tuple[Binds, ...]

    @property
    def sending(self) -> int:
        """How many links submit."""
        return sum(bind.sessions for bind in self.binds if bind.mode != "receiver")

    @property
    def accounts(self) -> tuple[str, ...]:
        """By which a split one is told apart; none of a whole one."""
        return tuple(bind.account for bind in self.binds if bind.account)


CARRIERS: Final = (
    Carrier("viettel", 2000, 100, 84_320_000_000, (Binds("transceiver", 4),)),
    Carrier("vinaphone", 1500, 50, 84_810_000_000, (Binds("transmitter", 3), Binds("receiver", 2))),
    Carrier("mobifone", 1000, 20, 84_700_000_000, (Binds("transceiver", 3),)),
)
IDS: Final = {"response_id": "text", "receipt_id": "text"}  # of simulators and configuration: UUIDs
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
    """The simulator's TOML. About half of the people are reached."""
    plain = {
        "name": carrier.name,
        "system_id": carrier.name,
        "seed": seed,
        "tps": carrier.tps,
        "window": carrier.window,
        "sessions": 20,
        "id_kind": "uuid",
        **IDS,
        "response_delay_s": 0.01,
        "refused_share": 0.02,
        "temporary_share": 0.01,
        "undeliverable_share": 0.16,
        "expired_share": 0.12,
        "rejected_share": 0.12,
        "segment_undeliverable_share": 0.01,
        "unreported_share": habits.lost,
    }
    receipts = {
        "between_s": RECEIPTS_S,
        "missing_share": habits.missing,
        "early_share": habits.early,
        "repeats": 1,
        "repeat_share": habits.repeated,
        "repeat_after_s": 0.5,
        "any_session": True,
    }
    return f"{_lines(plain)}\n[receipts]\n{_lines(receipts)}"


def url_env(ledger: str) -> str:
    """What holds its URL."""
    return f"{ledger.upper()}_URL"


def carriers_toml(
    addresses: Mapping[str, tuple[str, int]],
    ledgers: Mapping[str, Sequence[Carrier]] | None = None,
    home_away: str = "stop",
) -> str:
    """Our side, beside the country's file. addresses: host and port by carrier. ledgers: where home is none."""
    engine = {**ENGINE, "home_away": home_away} if ledgers else ENGINE
    tables = [f"[engine]\n{_lines(engine)}"]
    for name, carriers in (ledgers or {}).items():
        tables += _ledger_tables(name, carriers)
    everything = [each for carriers in (ledgers or {"": CARRIERS}).values() for each in carriers]
    for carrier in CARRIERS:
        parts = [each for each in everything if each.name == carrier.name]
        plain = {"tps": carrier.tps, "retry_delay_s": 0.5, **IDS}
        returned = {"receipts_return": "account"} if len(parts) > 1 else {}
        tables.append(f"[carriers.{carrier.name}]\n{_lines({**plain, **returned})}")
        tables += [_bind_table(each, bind, addresses[carrier.name]) for each in parts for bind in each.binds]
    return "\n".join(tables)


def _ledger_tables(name: str, carriers: Sequence[Carrier]) -> list[str]:
    whole = [each.name for each in carriers if not each.accounts]
    found = [f"[ledgers.{name}]\n{_lines({'url_env': url_env(name), 'carriers': whole})}"]
    for each in carriers:
        if each.accounts:
            share = {"tps": each.tps, "accounts": each.accounts}
            found.append(f"[ledgers.{name}.shares.{each.name}]\n{_lines(share)}")
    return found


def _bind_table(carrier: Carrier, bind: Binds, address: tuple[str, int]) -> str:
    host, port = address
    table = {
        "host": host,
        "port": port,
        "system_id": bind.account or carrier.name,
        "mode": bind.mode,
        "sessions": bind.sessions,
        "window": carrier.window,
        "bind_timeout_s": 2.0,
        "response_timeout_s": RESPONSE_TIMEOUT_S,
        "enquire_link_s": ENQUIRE_LINK_S,
        "reconnect_min_s": 0.2,
        "reconnect_max_s": 2.0,
    }
    return f"[[carriers.{carrier.name}.binds]]\n{_lines(table)}"


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
