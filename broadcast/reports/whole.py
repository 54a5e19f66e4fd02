"""A campaign looked at again and again over all its ledgers, also while one of them is away."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from broadcast.config import Config
from broadcast.diagnosis.finding import Finding
from broadcast.diagnosis.gather import Diagnosis
from broadcast.diagnosis.order import merged
from broadcast.errors import DatabaseError
from broadcast.ids import CampaignId
from broadcast.reports.progress import Progress, joined, progress
from broadcast.store import pool
from broadcast.store.failures import MENDABLE
from broadcast.store.ledgers import Part, reach
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_ANSWER_S: Final = 3.0
_AGAIN_S: Final = 2.0  # until one that is away is tried again


class Whole:
    """home: stays the caller's. Ends with `close`."""

    def __init__(self, home: Connection, config: Config | None, campaign_id: CampaignId) -> None:
        self._home = home
        self._config = config
        self._campaign_id = campaign_id
        self._parts: dict[str, Part] = {}
        self._diagnoses: dict[str, Diagnosis] = {}
        self._last: dict[str, Progress] = {}
        self._lost: set[str] = set()  # ledgers that have nothing of it
        self._tried_at = -_AGAIN_S

    async def progress(self) -> Progress:
        """Where the campaign is now; a ledger that is away as it was last seen."""
        rows = await self._home.fetch(sql("campaign_parts"), self._campaign_id)
        names = [row["ledger"] for row in rows]
        home = await progress(self._home, self._campaign_id)
        if not names:
            return home
        missing = [name for name in names if name not in self._parts]
        if missing and time.monotonic() - self._tried_at >= _AGAIN_S:
            await self._open(missing)
        await asyncio.gather(*(self._look(self._parts[name]) for name in names if name in self._parts))
        away = [name for name in names if name not in self._parts]
        seen = [self._last[name] for name in names if name in self._last]
        return joined(home, seen, away, sorted(self._lost))

    async def findings(self, *, why: bool = False) -> tuple[Finding, ...]:
        """What is wrong, in the ledgers that answer. why: as `diagnose`."""
        found = []
        having = [each for name, each in self._parts.items() if name not in self._lost]
        for part in having or [Part("", self._home, home=True)]:
            made = Diagnosis(part.connection, self._campaign_id, self._home)
            diagnosis = self._diagnoses.setdefault(part.name, made)
            try:
                found.append(await diagnosis.findings(why=why))
            except MENDABLE:
                if part.home:
                    raise
                self._lose(part)
        return merged(found)

    def ledgers(self) -> list[Connection]:
        """Those that answer, or home where it is the only one."""
        return [each.connection for each in self._parts.values()] or [self._home]

    def close(self) -> None:
        """Of the connections that it opened."""
        for part in list(self._parts.values()):
            if not part.home:
                self._lose(part)

    async def _open(self, names: Sequence[str]) -> None:
        self._tried_at = time.monotonic()
        for name in names:
            try:
                self._parts[name] = await reach(self._home, self._config, name)
            except DatabaseError:  # it is shown as away
                continue

    async def _look(self, part: Part) -> None:
        try:
            with pool.within(part.connection, _ANSWER_S):
                if not await part.connection.fetchval(sql("has_copy"), self._campaign_id):
                    self._lost.add(part.name)
                    return
                self._lost.discard(part.name)
                self._last[part.name] = await progress(part.connection, self._campaign_id)
        except MENDABLE:
            if part.home:
                raise
            self._lose(part)

    def _lose(self, part: Part) -> None:
        part.connection.terminate()
        self._parts.pop(part.name, None)
        self._diagnoses.pop(part.name, None)
