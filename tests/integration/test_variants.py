"""Each hears the message of their own language alone, from its slice to the wire, whatever its segments are there."""

from collections.abc import Mapping
from dataclasses import replace

import asyncpg
import pytest
from integration import steps
from integration.close_world import make_close_world
from integration.rig import Rig

from broadcast.actions import drafting
from broadcast.actions import launch as launching
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, worded
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign.content import Content
from broadcast.campaign.plan import Plan
from broadcast.campaign.text import compose
from broadcast.config import Phones
from broadcast.errors import InputError
from broadcast.store.queries import sql

FIRST = 84320000000
TEXTS = {
    "vi": "Bộ Y tế khuyến cáo người dân rửa tay thường xuyên. " * 3,  # UCS-2, three segments
    "en": "Wash your hands.",  # GSM 03.38, one
    "km": "សូមលាងដៃរបស់អ្នកឱ្យបានញឹកញាប់ " * 4,  # UCS-2, two
}
SEGMENTS = (0, 3, 1, 2)  # by variant
COUNT = 900


def own() -> dict[str, object]:
    """What a content says beside its text."""
    texts = {language: text.strip() for language, text in TEXTS.items()}
    return {
        "text": "\n\n".join(texts.values()), "texts": texts, "languages": tuple(texts),
        "plan": Plan(own_language=True),
    }  # fmt: skip


async def speakers(rig: Rig, counts: Mapping[str | None, int]) -> dict[int, str | None]:
    """So many people of each language, at viettel: of each number the language."""
    numbers = await sync_carriers(rig.conn, rig.config)
    found: dict[int, str | None] = {}
    for language, count in counts.items():
        profile_no = 0
        if language is not None:
            profile_no = await rig.conn.fetchval(
                "INSERT INTO profile (language) VALUES ($1) RETURNING profile_no", language
            )
        first = FIRST + len(found)
        await rig.conn.execute(
            """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, profile_no)
               SELECT m, m % 64, $1, 1, $4 FROM generate_series($2::bigint, $2::bigint + $3 - 1) AS m""",
            numbers["viettel"], first, count, profile_no,
        )  # fmt: skip
        found |= dict.fromkeys(range(first, first + count), language)
    return found


async def heard(rig: Rig, content: Content) -> list[tuple[int, int]]:
    """By the simulator's book: whose handset showed which variant, of as many segments as it has; in their order."""
    numbers = {variant.text: no for no, variant in enumerate(content.variants) if no}
    segments = [
        len(compose(each.text, each.alphabet, "udh8", "gsm0338", 0).segments) for each in content.variants
    ]
    book = await rig.smscs["viettel"].get(f"/book/messages?limit={10 * COUNT}")
    found = []
    for each in book["messages"]:
        if each["taken"] and each["complete"] and each["text"] in numbers:
            variant = numbers[each["text"]]
            assert len(each["segments"]) == segments[variant]
            found.append((int(each["msisdn"]), variant))
    return sorted(found)


async def test_each_hears_their_language_and_ends_as_the_carrier_says(rig: Rig) -> None:
    await rig.smsc(
        "viettel", receipt_delay_s=0.1, undeliverable_share=0.1, expired_share=0.05, refused_share=0.02,
        temporary_share=0.05, record=100_000,
    )  # fmt: skip
    rig.connect("viettel", 2000, retry_delay_s=0.1)
    rig.config = replace(rig.config, engine=replace(rig.config.engine, slice_size=50))
    speak = await speakers(rig, {"vi": COUNT // 3, "en": COUNT // 4, "km": COUNT // 4, "fr": COUNT // 6})
    campaign = await rig.launch(**own())
    assert campaign.segments == max(SEGMENTS)
    told = {number: list(TEXTS).index(each) + 1 if each in TEXTS else 1 for number, each in speak.items()}
    rig.worker()
    states = await rig.finish(campaign)
    assert sum(states.values()) == COUNT
    assert min(states[each] for each in ("delivered", "undeliverable", "expired", "rejected")) > 5
    assert await rig.differing(campaign) == []
    found = await heard(rig, campaign.content)
    assert len(found) == len(dict(found)) == COUNT - states["rejected"]
    assert dict(found).items() <= told.items()
    rows = await rig.conn.fetch("SELECT DISTINCT variant, segments FROM slice ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, 3), (2, 1), (3, 2)]


async def test_a_correction_is_heard_in_the_language_in_which_its_mistake_was(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.05, record=100_000)
    rig.connect("viettel", 2000)
    await speakers(rig, {"vi": 40, "en": 30, "km": 20, None: 10})
    rig.worker()
    wrong = await rig.launch(**own(), category="health")
    assert await rig.finish(wrong) == {"delivered": 100}
    session = Session(rig.conn, rig.config)
    said = {"en": worded("That was wrong.", plain=False), "vi": worded("Tin trước sai.", plain=False)}
    made = await steps.by("an", drafting.correct, session, wrong.name, Terms(texts=said))
    assert made.plan.own_language
    await steps.approve(rig.conn, made)
    right = await steps.by("an", launching.launch, session, made.name)
    rows = await rig.conn.fetch(
        "SELECT variant, sum(total) FROM slice WHERE campaign_id = $1 GROUP BY 1 ORDER BY 1",
        right.campaign_id,
    )
    assert [tuple(row) for row in rows] == [(1, 60), (2, 40)]  # who heard km hears its first
    assert await rig.finish(right) == {"delivered": 100}
    corrected = await heard(rig, right.content)
    assert [right.languages[variant - 1] for _, variant in corrected] == ["vi"] * 40 + ["en"] * 60


async def test_whoever_heard_every_language_hears_the_correction_so(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.05)
    rig.connect("viettel", 2000)
    await rig.subscribers("viettel", 10)
    rig.worker()
    wrong = await rig.launch(category="health")
    await rig.finish(wrong)
    session = Session(rig.conn, rig.config)
    made = await steps.by(
        "an", drafting.correct, session, wrong.name, Terms(text=worded("That was wrong.", plain=False))
    )
    with pytest.raises(InputError, match="heard it in all of its languages"):
        await steps.by("an", drafting.edit, session, made.name, Terms(plan={"own_language": True}))


async def test_ones_own_phones_take_turns_so_that_each_language_is_heard(rig: Rig) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.05, record=100_000)
    rig.connect("viettel", 2000)
    phones = Phones(tuple(f"+8432000000{n}" for n in range(5)))
    rig.config = replace(rig.config, phones=phones)
    rehearsed = await rig.launch(**own(), hearers="phones")
    rows = await rig.conn.fetch("SELECT variant, unnest(msisdns) AS msisdn FROM slice ORDER BY 2")
    assert [row["variant"] for row in rows] == [1, 2, 3, 1, 2]
    rig.worker()
    await rig.finish(rehearsed)
    assert [variant for _, variant in await heard(rig, rehearsed.content)] == [1, 2, 3, 1, 2]


async def test_a_second_copy_says_what_the_first_did(conn: asyncpg.Connection) -> None:
    world = await make_close_world(conn)
    people = {variant: range(84320000000 + variant * 100, 84320000040 + variant * 100) for variant in (1, 2)}
    for variant, those in people.items():
        slice_id = await world.doubted(those)
        await conn.execute("UPDATE slice SET variant = $2 WHERE slice_id = $1", slice_id, variant)
    await world.resolved()
    await conn.execute(sql("resend_doubts"), 25, 3, [world.carrier_no], [3600.0], 60.0)
    rows = await conn.fetch("SELECT variant, total, msisdns FROM slice WHERE resends ORDER BY slice_id")
    assert sorted(row["total"] for row in rows) == [15, 15, 25, 25]
    for variant, those in people.items():
        assert sorted(n for row in rows if row["variant"] == variant for n in row["msisdns"]) == list(those)
    assert await world.balanced() == {"waiting": 80}
