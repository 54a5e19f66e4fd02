"""What is approved has one hash: in Python, where it is shown and looked at again, and in SQL, where it is bound."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from integration import steps

from broadcast.campaign.approval import _jsonb_text, content_hash
from broadcast.campaign.area import Area
from broadcast.campaign.content import content
from broadcast.campaign.languages import message_text
from broadcast.campaign.plan import NOTHING_SAID, Canary, Plan

ALL_SAID = Plan(
    areas=("31", "46"),
    where='language = "vi" and not in list "Bệnh viện"',
    lists=("visitors",),
    own_language=True,
    callers_per_hour=3000,
    weight=3,
    reserve=20,
    canary=Canary(1, 60, 95, 80, "ask"),
)

# no NUL, which jsonb has not; no halves of a pair
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=6),
    max_leaves=20,
)


def test_json_is_written_as_postgresql_writes_it(database_url: str) -> None:
    """On one connection, for as many examples as hypothesis likes."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(database_url))

    @given(_VALUE)
    def same(value: Any) -> None:
        theirs = loop.run_until_complete(connection.fetchval("SELECT $1::jsonb::text", json.dumps(value)))
        assert _jsonb_text(value) == theirs

    try:
        same()
    finally:
        loop.run_until_complete(connection.close())
        loop.close()


@pytest.mark.parametrize("plan", [NOTHING_SAID, ALL_SAID])
async def test_a_campaign_has_one_hash(conn: asyncpg.Connection, plan: Plan) -> None:
    texts = {"vi": 'Rửa tay\n"thường xuyên" \\ \t😷', "en": "Wash", "zh-Hant": "洗手"}
    made = content(
        text=message_text(texts, ("vi", "en"), {"vi": "[TẬP]", "en": "[EXERCISE]"}),
        sender="BOYTE",
        carriers=("viettel", "gmobile", "Zeta", "ärger"),
        category="health",
        expires_at=datetime.now(UTC) + timedelta(hours=1, microseconds=7),
        areas=(Area("Quảng Nam", ("1,2 3,4",), ("15.5,108 20",), (("ISO3166-2", "VN-27"),)), Area("Huế")),
        status="exercise",
        languages=("vi", "en"),
        texts=texts,
        plan=plan,
    )
    drafted = await steps.draft(conn, "wash", made, "an")
    assert drafted.content == made
    found = await conn.fetchrow(
        "SELECT content_hash(c), content_code(c), content_document(c) FROM campaign AS c"
    )
    assert found is not None
    assert json.loads(found["content_document"]) == made.document()
    assert found["content_hash"] == content_hash(made) == content_hash(drafted.content)
    assert found["content_code"] == drafted.code.replace("-", "")
