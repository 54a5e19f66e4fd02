"""Who a plan chooses: counted beforehand as the launch then takes it, person by person as a plain look at each says."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest
from acting import acting
from integration import steps

from broadcast.actions.counting import count
from broadcast.actions.session import Session
from broadcast.areas import tree as trees
from broadcast.audience import choice, lists, profiles
from broadcast.audience.carriers import sync_carriers
from broadcast.audience.profiles import Profile
from broadcast.audience.where import parse
from broadcast.campaign import campaigns, choosing
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Content, content
from broadcast.campaign.plan import Plan
from broadcast.campaign.ruled import reasons_for
from broadcast.config import Config, Rule
from broadcast.config.contact import Rules
from broadcast.errors import InputError, RefusedError
from broadcast.store.pool import connect
from broadcast.store.queries import sql

TEXTS = {"vi": "Rửa tay thường xuyên", "en": "Wash your hands", "km": "លាងដៃ"}
AREAS = [
    ("46", "Tỉnh Quảng Nam", None, "vi"),
    ("461", "Xã Trà My", "46", "km"),
    ("48", "Đà Nẵng", None, None),
]
LANGUAGES = ("vi", "en", "en-US", "km", "zh", None)
FIRST = 84_320_000_000


@dataclass(frozen=True)
class Person:
    msisdn: int
    carrier: str
    opted_out: bool
    profile: Profile
    standing: int = 0

    def left_out(self, rule: Rule) -> str:
        """By a plain look."""
        if self.opted_out:
            return "opted_out"
        if rule.do_not_call and self.standing & 2:
            return "do_not_call"
        if rule.consent and not self.standing & 4:
            return "no_consent"
        return "set_aside" if rule.set_aside and self.standing & 1 else ""


# Of this country, on a list alone, and heard where a plan names it. One of another country needs a list with a carrier.
STRANGER = Person(FIRST + 1, "viettel", False, Profile(0))
FOREIGN = 33_612_345_678


@dataclass
class World:
    """Some thousand people of five carriers, two of them not connected, with lists among them."""

    conn: asyncpg.Connection
    config: Config
    people: list[Person]
    lists: dict[str, set[int]]

    async def count(self, made: Content) -> Counter[tuple[str, int, str]]:
        """By carrier, variant and why they are left out."""
        found: Counter[tuple[str, int, str]] = Counter()
        reasons = reasons_for(self.config, made)
        for each in await choosing.counted(self.conn, self.config, made):
            found[each.carrier, each.variant, ""] += each.heard(reasons)
            for reason, people in each.left_out(reasons).items():
                found[each.carrier, each.variant, reason] += people
        return +found

    async def wanted(self, made: Content) -> dict[int, tuple[Person, int]]:
        """By a plain look at each."""
        tree = await trees.load(self.conn)
        plan = made.plan
        where = parse(plan.where, {"age": "number", "pregnant": "boolean"}, tree) if plan.where else None
        return {
            person.msisdn: (person, variant(person.profile, made, tree, self.config.country.languages[0]))
            for person in (*self.people, STRANGER)
            if person.carrier in made.carriers and self._hears(person, plan, where, tree)
        }

    def _hears(self, person: Person, plan: Plan, where: Any, tree: trees.AreaTree) -> bool:
        if any(person.msisdn in self.lists[name] for name in plan.lists):
            return True
        if person is STRANGER:
            return False
        if not plan.areas and where is None:
            return not plan.lists
        about = person.profile
        inside = {
            code for each in (about.area, about.seen) if each in tree.areas for code in tree.path(str(each))
        }
        if plan.areas and not inside & set(plan.areas):
            return False
        return where is None or where.fits(about, lambda name: person.msisdn in self.lists[name])


def variant(about: Profile, made: Content, tree: trees.AreaTree, otherwise: str) -> int:
    if not made.plan.own_language:
        return 0
    homes = [tree.language(each) for each in (about.area, about.seen) if each is not None]
    said = about.language or next((each for each in homes if each), None) or otherwise
    for form in (said, said.partition("-")[0]):
        if form in made.languages:
            return made.languages.index(form) + 1
    return 1


def says(**plan: Any) -> Content:
    more: dict[str, Any] = {"category": "health", **plan.pop("more", {})}
    return content(
        text="\n\n".join(TEXTS.values()), texts=TEXTS, languages=tuple(TEXTS), sender="BOYTE",
        carriers=("viettel", "vinaphone", "mobifone", "gmobile"),
        expires_at=datetime.now(UTC) + timedelta(hours=6), plan=Plan(**plan), **more,
    )  # fmt: skip


@pytest.fixture
async def world(conn: asyncpg.Connection, config: Config) -> World:
    chance = random.Random(16)
    numbers = await sync_carriers(conn, config)
    for area in AREAS:
        await conn.execute(
            "INSERT INTO area (code, name, parent, language, kind, source, as_of)"
            " VALUES ($1, $2, $3, $4, 'x', 'x', now())",
            *area,
        )  # fmt: skip
    await conn.execute("INSERT INTO attribute VALUES ('age', 'number'), ('pregnant', 'boolean')")
    for _ in range(60):
        about = {"age": chance.choice([20, 60])} | ({"pregnant": True} if chance.random() < 0.3 else {})
        await conn.execute(
            "INSERT INTO profile (area, seen, language, attributes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            chance.choice(["46", "461", "48", "gone", None]), chance.choice(["461", "48", None, None]),
            chance.choice(LANGUAGES), json.dumps(about),
        )  # fmt: skip
    known = await profiles.all_profiles(conn)
    people = [
        Person(
            *(FIRST + n * 7, chance.choice(list(numbers)), chance.random() < 0.1, chance.choice(known)),
            chance.choice((0, 4, 4, 4, *range(8))),
        )
        for n in range(3_000)
    ]
    await conn.executemany(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, opted_out_at, profile_no, standing)"
        " VALUES ($1, $1::bigint % 64, $2, 1, CASE WHEN $3 THEN now() END, $4, $5)",
        [
            (each.msisdn, numbers[each.carrier], each.opted_out, each.profile.profile_no, each.standing)
            for each in people
        ],
    )  # fmt: skip
    among = {name: set(chance.sample([each.msisdn for each in people], 400)) for name in ("hospital", "camp")}
    among["camp"] |= {STRANGER.msisdn, FOREIGN}
    async with acting(conn, "an"):
        for name, those in among.items():
            await lists.replace(conn, name, None, np.array(sorted(those), np.int64), "a file")
    return World(conn, config, people, among)


PLANS: Sequence[dict[str, Any]] = (
    {},
    {"own_language": True},
    {"areas": ("46",)},
    {"areas": ("461", "48"), "own_language": True},
    {"where": "age = 60"},
    {"where": 'area under "Quảng Nam" and not in list "hospital"', "own_language": True},
    {
        "areas": ("48",),
        "where": 'pregnant = true or in list "hospital"',
        "lists": ("camp",),
        "own_language": True,
    },
    {"lists": ("camp", "hospital")},
    {"where": 'in list "camp" and not in list "hospital"', "more": {"category": "emergency"}},
)


async def taken(
    world: World, launched: Campaign
) -> tuple[dict[int, tuple[str, int]], dict[int, tuple[str, str]]]:
    """By number: carrier and variant of who is sent to; carrier and reason of who is not."""
    sent = await world.conn.fetch(
        "SELECT name, variant, unnest(msisdns) AS msisdn FROM slice JOIN carrier USING (carrier_no)"
        " WHERE campaign_id = $1",
        launched.campaign_id,
    )  # fmt: skip
    left = await world.conn.fetch(
        "SELECT name, reason, unnest(msisdns) AS msisdn FROM exclusion JOIN carrier USING (carrier_no)"
        " WHERE campaign_id = $1",
        launched.campaign_id,
    )
    assert len({row["msisdn"] for row in (*sent, *left)}) == len(sent) + len(left)
    return (
        {row["msisdn"]: (row["name"], row["variant"]) for row in sent},
        {row["msisdn"]: (row["name"], row["reason"]) for row in left},
    )


async def test_whom_the_plan_chooses_hears_it_and_nobody_else(world: World) -> None:
    connected = set(world.config.carriers)
    for number, plan in enumerate(PLANS):
        made = says(**plan)
        heeds = Rule("-", do_not_call=number % 2 == 0, consent=number % 3 == 1, set_aside=number % 4 != 3)
        world.config = replace(world.config, rules=Rules(health=heeds))
        await choosing.check(world.conn, made)
        counted = await world.count(made)
        wanted = await world.wanted(made)
        rule = world.config.rules.of(made.category)
        why = {
            msisdn: "" if rule is None else person.left_out(rule) for msisdn, (person, _) in wanted.items()
        }
        assert counted == Counter(
            (person.carrier, heard, why[msisdn]) for msisdn, (person, heard) in wanted.items()
        ), plan
        launched = await steps.launch(
            world.conn, world.config, await steps.approved(world.conn, f"plan-{number}", made)
        )
        sent, left = await taken(world, launched)
        heard = {
            msisdn: (person.carrier, variant)
            for msisdn, (person, variant) in wanted.items()
            if person.carrier in connected and not why[msisdn]
        }
        assert sent == heard, plan
        assert left == {
            msisdn: (person.carrier, why[msisdn] if person.carrier in connected else "not_connected")
            for msisdn, (person, _) in wanted.items()
            if msisdn not in heard
        }
        assert await choosing.expected(world.conn, world.config, made) == len(heard)


async def test_who_wrote_subscribers_counted_them(world: World) -> None:
    """Whatever is written, and taken back: as a look at every row counts them."""
    conn, classes = world.conn, [1, 2, 3, 0] * 30

    async def check() -> None:
        for looked, counted in (
            ("chosen_counts", "counted_classes"),
            ("subscriber_counts", "counted_subscribers"),
        ):
            told = [await conn.fetch(sql(query), classes) for query in (looked, counted)]
            assert sorted(map(tuple, told[0])) == sorted(map(tuple, told[1]))

    await check()
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute("DELETE FROM subscriber WHERE msisdn % 3 = 0")
    await check()
    await transaction.rollback()
    for change in (
        "UPDATE subscriber SET opted_out_at = now() WHERE msisdn % 5 = 0",
        "UPDATE subscriber SET carrier_no = 1, profile_no = 2 WHERE msisdn % 11 = 0",
        "UPDATE subscriber SET opted_out_at = NULL",
        "UPDATE subscriber SET ported = true WHERE msisdn % 3 = 1",
        "UPDATE subscriber SET standing = msisdn % 8 WHERE msisdn % 3 = 0",
        "UPDATE subscriber SET standing = standing | 2, opted_out_at = now() WHERE msisdn % 4 = 0",
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no, profile_no)"
        " SELECT m, m % 64, 1, 1, m % 7 FROM generate_series(84320000000, 84320002000) AS m"
        " ON CONFLICT (hash_bucket, msisdn) DO UPDATE SET profile_no = excluded.profile_no, carrier_no = 2",
        "DELETE FROM subscriber WHERE msisdn % 2 = 0",
        "TRUNCATE subscriber",
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no) VALUES (84320000000, 0, 1, 1)",
    ):
        await conn.execute(change)
        await check()
    async with acting(conn, "an"):
        await conn.execute(sql("analyze_subscriber"))
    await check()
    assert await conn.fetchval("SELECT count(*) FROM subscriber_count") == 1


async def test_opt_outs_do_not_wait_for_an_import(world: World, database_url: str) -> None:
    other = await connect(database_url)
    async with world.conn.transaction():
        await world.conn.execute("UPDATE subscriber SET profile_no = 1 WHERE msisdn % 2 = 0")
        async with acting(world.conn, "an"):
            await world.conn.execute(sql("analyze_subscriber"))
        await other.execute("SET lock_timeout = '1s'")
        await other.execute("UPDATE subscriber SET opted_out_at = now() WHERE msisdn = $1", FIRST + 7)
    await other.close()
    counted = await choice.counts(world.conn, choice.EVERYBODY)
    assert sum(each.subscribers.total() for each in counted.values()) == len(world.people)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"areas": ("gone",)}, "there is no area gone"),
        ({"where": "ages = 60"}, "there is no attribute ages: did you mean age"),
        ({"where": 'in list "hospitl"'}, "there is no list hospitl: did you mean hospital"),
        ({"lists": ("hospitl",)}, "there is no list hospitl"),
        ({"where": "age ="}, "the filter at character 6"),
    ],
)
async def test_what_there_is_not_is_refused(world: World, plan: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        await choosing.check(world.conn, says(**plan))


async def test_a_plan_that_chooses_nobody_says_which_part_does_not(world: World) -> None:
    made = says(areas=("48",), where="age = 99")
    approved = await steps.approved(world.conn, "nobody", made)
    with pytest.raises(
        RefusedError, match=r"nobody is chosen: .* by who lives in 48.*; 0 by whom the filter age = 99"
    ):
        await steps.launch(world.conn, world.config, approved)
    assert (await campaigns.by_name(world.conn, "nobody")).launched_at is None


async def test_the_area_is_gone_by_the_launch(world: World) -> None:
    approved = await steps.approved(world.conn, "gone", says(areas=("48",)))
    await world.conn.execute("DELETE FROM area WHERE code = '48'")
    with pytest.raises(InputError, match="there is no area 48"):
        await steps.launch(world.conn, world.config, approved)


async def test_a_correction_names_nobody(world: World) -> None:
    made = replace(says(), hearers="corrected", corrects=1)
    with pytest.raises(RefusedError, match="choose nobody"):
        await choosing.check(world.conn, replace(made, plan=Plan(areas=("48",))))


async def test_how_many_before_there_is_an_alert(world: World) -> None:
    session = Session(world.conn, world.config)
    made = replace(says(areas=("46",), where="age = 60"), carriers=("viettel", "gmobile"))
    found = await steps.by(
        "an", count, session, {"areas": ("quang nam",), "where": "age = 60"}, made.carriers
    )
    assert (
        found.categories["health"].recipients == await choosing.expected(world.conn, world.config, made) > 0
    )
    wanted = [person for person, _ in (await world.wanted(made)).values()]
    assert {each.carrier: (each.people, each.connected) for each in found.carriers} == {
        name: (sum(person.carrier == name for person in wanted), name in world.config.carriers)
        for name in made.carriers
    }
    assert "Tỉnh Quảng Nam" in found.whom
    with pytest.raises(InputError, match="did you mean viettel"):
        await steps.by("an", count, session, {}, ("vietel",))
