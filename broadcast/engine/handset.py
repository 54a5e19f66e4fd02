"""How soon receipts came of late, minute by minute: what a resolver counts, for whoever shows it."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final

import asyncpg

from broadcast.forecast.delays import of_seconds
from broadcast.ids import CarrierNo
from broadcast.store.queries import sql

KEPT_S: Final = 600.0


class HandsetTimes:
    """Of the carriers of one resolver. Minutes are the database's, in which it was told."""

    def __init__(self) -> None:
        self._new: dict[CarrierNo, Counter[int]] = {}

    def add(self, carrier_no: CarrierNo, delays_s: Mapping[int, int]) -> None:
        """delays_s: whole seconds -> people who were delivered to."""
        if delays_s:
            self._new.setdefault(carrier_no, Counter()).update(delays_s)

    async def write(self, connection: asyncpg.Connection) -> None:
        """What is new. What nobody knows to be written is written with the next, and may count twice."""
        if not self._new:
            return
        new = dict(sorted(self._new.items()))
        said = [json.dumps(of_seconds(0, each).document()) for each in new.values()]
        counted = {carrier_no: Counter(each) for carrier_no, each in new.items()}
        await connection.execute(sql("handset_minutes_keep"), list(new), said)
        for carrier_no, each in counted.items():
            self._new[carrier_no] -= each
        self._new = {carrier_no: each for carrier_no, each in self._new.items() if each}
        await connection.execute(sql("handset_minutes_forget"), KEPT_S)
