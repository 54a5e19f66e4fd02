"""Where processes serve their metrics, as they said in their databases: what Prometheus' file_sd and http_sd read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broadcast.reports.nation_databases import HOME
from broadcast.store.ledgers import Parts
from broadcast.store.queries import sql
from broadcast.store.types import Connection

Found = tuple[str, str]
"""Job (worker, resolver, exporter), address."""


@dataclass(slots=True)
class Targets:
    """By database, as it said last; away: those that did not answer this time."""

    found: dict[str, list[Found]] = field(default_factory=dict)
    away: list[str] = field(default_factory=list)

    async def look(self, home: Connection, parts: Parts) -> None:
        """At all of them. Raises what asyncpg does."""
        self.away = [each.name for each in parts.away]
        reached = {part.name: part.connection for part in parts.reached}
        if not any(part.home for part in parts.reached):  # exporters are at home
            reached[HOME] = home
        known = {*reached, *self.away}
        self.found = {name: found for name, found in self.found.items() if name in known}
        for name, connection in reached.items():
            rows = await connection.fetch(sql("metrics_targets"))
            self.found[name] = [(row["job"], row["address"]) for row in rows]

    def document(self) -> list[Mapping[str, Any]]:
        """A group of each job and database, in order. role: the job; ledger: of workers and resolvers, where there are
        several."""
        return [
            {
                "targets": addresses,
                "labels": {"role": job, **({"ledger": name} if name and job != "exporter" else {})},
            }
            for name, found in sorted(self.found.items())
            for job in dict.fromkeys(job for job, _ in found)
            if (addresses := [address for each, address in found if each == job])
        ]
