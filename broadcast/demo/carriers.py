"""The demo's carriers: what each is like as a simulated SMSC, and how `broadcast` is told to reach it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PASSWORD_VARIABLE = "BROADCAST_DEMO_PASSWORD"
PASSWORD = "demo"


@dataclass(frozen=True, slots=True)
class Carrier:
    """weight: share of subscribers. personality: of the simulator; settings: of our own carrier table.

    What both sides must agree on (tps, window, how ids are written) stands once, in `shared`.
    """

    name: str
    weight: float
    shared: Mapping[str, Any]
    personality: Mapping[str, Any]
    settings: Mapping[str, Any]
    window: int


CARRIERS = (
    Carrier(
        name="viettel",
        weight=54,
        shared={"tps": 12000, "response_id": "hex", "receipt_id": "decimal"},
        personality={
            "id_kind": "counter",
            "receipt_delay_s": 2.0,
            "receipt_jitter_s": 1.5,
            "refused_share": 0.004,
            "temporary_share": 0.01,
            "undeliverable_share": 0.02,
            "expired_share": 0.008,
        },
        settings={"concatenation": "udh8"},
        window=1000,
    ),
    Carrier(
        name="vinaphone",
        weight=24,
        shared={"tps": 6000, "response_id": "text", "receipt_id": "text"},
        personality={
            "id_kind": "uuid",
            "receipt_id_upper": True,
            "receipt_delay_s": 0.8,
            "receipt_jitter_s": 0.5,
            "undeliverable_share": 0.03,
            "expired_share": 0.01,
        },
        settings={"concatenation": "sar", "id_case": "fold"},
        window=500,
    ),
    Carrier(
        name="mobifone",
        weight=18,
        shared={"tps": 4500, "response_id": "decimal", "receipt_id": "decimal"},
        personality={
            "id_kind": "counter",
            "receipt_id_width": 12,
            "receipt_delay_s": 3.0,
            "receipt_jitter_s": 2.0,
            "undeliverable_share": 0.015,
            "expired_share": 0.02,
            "rejected_share": 0.005,
        },
        settings={"concatenation": "udh16"},
        window=200,
    ),
)
# Known by their prefixes and without a link: their subscribers are left out, and the report says so.
NOT_CONNECTED = {"vietnamobile": 3.0, "gmobile": 1.0}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a simulated carrier listens: SMPP, and HTTP for its book."""

    port: int
    book_port: int

    @property
    def book(self) -> str:
        return f"http://127.0.0.1:{self.book_port}/book"


def personality_toml(carrier: Carrier, seed: int, sessions: int) -> str:
    """For `broadcast carrier simulate`. sessions: how many binds it allows."""
    table = {
        "name": carrier.name,
        "system_id": "broadcast",
        "password": PASSWORD,
        "seed": seed,
        "sessions": sessions,
        "window": carrier.window,
        **carrier.shared,
        **carrier.personality,
    }
    return _lines(table)


def carriers_toml(addresses: Mapping[str, Address], sessions: int) -> str:
    """The site's and its carriers' configuration, beside the country's: one that trains, and reaches nobody.

    sessions: binds per carrier, for all workers.
    """
    tables = [f"[site]\n{_lines({'purpose': 'training'})}"]
    for carrier in CARRIERS:
        bind = {
            "host": "127.0.0.1",
            "port": addresses[carrier.name].port,
            "system_id": "broadcast",
            "password_env": PASSWORD_VARIABLE,
            "sessions": sessions,
            "window": carrier.window,
        }
        table = {**carrier.shared, **carrier.settings, "simulated": True}
        tables.append(f"[carriers.{carrier.name}]\n{_lines(table)}")
        tables.append(f"[[carriers.{carrier.name}.binds]]\n{_lines(bind)}")
    return "\n".join(tables)


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
