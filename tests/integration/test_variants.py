"""Each hears the message of their own language alone, from its slice to the wire, whatever its segments are there."""

from dataclasses import replace

from integration.rig import Rig

from broadcast.campaign.content import Content
from broadcast.campaign.plan import Plan

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


async def by_language(rig: Rig) -> dict[int, int]:
    """The slices that there are hear other languages from now on: of each of their people the variant."""
    await rig.conn.execute("UPDATE slice SET variant = 1 + slice_id % 3")
    rows = await rig.conn.fetch("SELECT variant, unnest(msisdns) AS msisdn FROM slice")
    return {row["msisdn"]: row["variant"] for row in rows}


async def heard(rig: Rig, content: Content) -> list[tuple[int, int]]:
    """By the simulator's book: whose handset showed which variant, of as many segments as it has."""
    numbers = {variant.text: no for no, variant in enumerate(content.variants) if no}
    book = await rig.smscs["viettel"].get(f"/book/messages?limit={10 * COUNT}")
    found = []
    for each in book["messages"]:
        if each["taken"] and each["complete"]:
            variant = numbers[each["text"]]
            assert len(each["segments"]) == SEGMENTS[variant]
            found.append((int(each["msisdn"]), variant))
    return sorted(found)


async def test_each_hears_their_language_and_ends_as_the_carrier_says(rig: Rig) -> None:
    await rig.smsc(
        "viettel", receipt_delay_s=0.1, undeliverable_share=0.1, expired_share=0.05, refused_share=0.02,
        temporary_share=0.05, record=100_000,
    )  # fmt: skip
    rig.connect("viettel", 2000, retry_delay_s=0.1)
    rig.config = replace(rig.config, engine=replace(rig.config.engine, slice_size=50))
    await rig.subscribers("viettel", COUNT)
    campaign = await rig.launch(**own())
    assert campaign.segments == max(SEGMENTS)
    told = await by_language(rig)
    assert len(told) == COUNT
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
