"""Carriers to plan with."""

from typing import Any

from broadcast.capacity.demand import CarrierPart


def carrier(name: str = "viettel", people: int = 1_000_000, tps: int = 1000, **other: Any) -> CarrierPart:
    """With five segments a message, each with its receipt, on four sessions."""
    return CarrierPart(
        **{
            "name": name,
            "people": people,
            "tps": tps,
            "sessions": 4,
            "window": 400,
            "segments": 5,
            "submits": 5,
            "receipts": 5,
            **other,
        }
    )
