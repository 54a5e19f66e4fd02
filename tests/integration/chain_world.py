"""A database in which people did things by the functions that there are, so that its chain says so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from acting import PEOPLE, acting

from broadcast.acts.difference import Difference
from broadcast.acts.heads import Line
from broadcast.campaign.content import Content, content
from broadcast.reports.audit_chain import named, verify

TEXT = "Nước lũ đang lên, hãy lên chỗ cao."


def words(text: str = TEXT, **more: Any) -> Content:
    return content(
        text=text, sender="BOYTE", carriers=("viettel",), category="health",
        expires_at=datetime.now(UTC) + timedelta(hours=1), **more,
    )  # fmt: skip


@dataclass
class Chain:
    """conn: the superuser's; who acts is named."""

    conn: asyncpg.Connection

    async def begin(self) -> None:
        """The accounts of tests, by acts of whoever migrates."""
        for name, kinds in PEOPLE.items():
            await self.note("account begun", name, {"kinds": list(kinds)})
        await self.conn.execute(
            "INSERT INTO carrier (carrier_no, name, tps) OVERRIDING SYSTEM VALUE VALUES (1, 'viettel', 100)"
        )

    async def note(self, what: str, subject: str, details: Mapping[str, Any]) -> None:
        await self.conn.execute("SELECT desk_note(NULL, $1, $2, $3)", what, subject, json.dumps(details))

    async def do(self, who: str, function: str, *arguments: Any) -> Any:
        places = ", ".join(f"${number}" for number in range(1, len(arguments) + 1))
        async with acting(self.conn, who):
            return await self.conn.fetchval(f"SELECT {function}({places})", *arguments)

    async def drafted(self, name: str = "flood", **more: Any) -> int:
        made: int = await self.do("an", "desk_draft", name, json.dumps(words(**more).document()))
        return made

    async def approved(self, name: str = "flood") -> int:
        number = await self.drafted(name)
        await self.do("binh", "desk_approve", number, await self.code(number))
        return number

    async def code(self, number: int) -> str:
        digits: str = await self.conn.fetchval(
            "SELECT content_code(campaign) FROM campaign WHERE campaign_id = $1", number
        )
        return digits

    async def launched(self, name: str = "flood", people: Sequence[int] = (84320000001, 84320000002)) -> int:
        number = await self.approved(name)
        async with acting(self.conn, "an"), self.conn.transaction():
            await self.conn.execute("SELECT desk_begin_launch($1)", number)
            await self.conn.execute(
                "INSERT INTO slice (campaign_id, carrier_no, total, msisdns) VALUES ($1, 1, $2, $3)",
                number, len(people), list(people),
            )  # fmt: skip
            await self.conn.execute("SELECT desk_count($1)", number)
            await self.conn.execute(
                "SELECT desk_launch($1, $2, 1, 0, '{}', '{}', '{\"excluded\": {}}')", number, len(people)
            )
        return number

    async def verified(self, *lines: Line) -> list[str]:
        """What differs, a line each."""
        return [str(each) for each in await self.differences(*lines)]

    async def differences(self, *lines: Line) -> list[Difference]:
        wanted = frozenset(each.head.act_no for each in lines if each.head)
        return named(await verify(self.conn, wanted=wanted))

    async def by_hand(self, statement: str, *arguments: Any) -> None:
        """A superuser's, past every trigger."""
        async with self.conn.transaction():
            await self.conn.execute("SET LOCAL session_replication_role = replica")
            await self.conn.execute(statement, *arguments)
