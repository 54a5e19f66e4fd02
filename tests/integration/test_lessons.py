"""What finished alerts teach about the list: by hand-written campaigns beside a model of each person, by the
actions, and who is erased. With simulated carriers and several ledgers: test_lessons_sent.py.

BROADCAST_LESSONS=200 tries so many random lives of a list.
"""

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from acting import acting
from click.testing import CliRunner
from integration.everywhere import found, found_each
from integration.packed_rows import Person, us, write_slice
from integration.test_erasure import due as erase_due
from integration.test_erasure import erase

from broadcast.actions import learn as learning
from broadcast.actions.erasure import export
from broadcast.actions.session import Session
from broadcast.audience import learnt
from broadcast.audience.carriers import carrier_names, carrier_numbers, name_carriers
from broadcast.audience.importer import import_file
from broadcast.channel.sayings import Sayings
from broadcast.cli.main import broadcast
from broadcast.config import Config, Hygiene
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.ledger import learn
from broadcast.ledger.learn import Words
from broadcast.ledger.opt_outs import Sides
from broadcast.ledger.packing.failing import unpack_failing
from broadcast.ledger.states import RecipientState as State

RUNS = int(os.environ.get("BROADCAST_LESSONS", "3"))
FIRST = {"viettel": 84_320_000_000, "mobifone": 84_900_000_000}
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
HYGIENE = Hygiene(dead_after=3, over_days=20, retry_after_days=100)
SAYINGS = Sayings({"0b1": "mobifone", "0b2": ""}, frozenset({"status:esme_rinvdstadr"}))
UNKNOWN = "status:ESME_RINVDSTADR"


@dataclass
class World:
    """A list of some people of two carriers, and campaigns to them as they come, written by hand."""

    conn: asyncpg.Connection
    numbers: dict[str, int]
    day: int = 0
    campaigns: list[int] = field(default_factory=list)

    @property
    def sides(self) -> Sides:
        return Sides(self.conn, self.conn, "")

    @property
    def words(self) -> Words:
        return Words(dict.fromkeys(self.numbers.values(), SAYINGS), HYGIENE)  # type: ignore[misc]

    async def people(self, carrier: str, count: int) -> list[int]:
        those = [FIRST[carrier] + n for n in range(count)]
        await self.conn.executemany(
            """INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)
               VALUES ($1::bigint, $1::bigint % 64, $2, 1)""",
            [(each, self.numbers[carrier]) for each in those],
        )
        return those

    async def campaign(self, told: dict[str, Sequence[Person]], days: int = 10, size: int = 7) -> CampaignId:
        """One that is over, so many days after the last; its people by carrier, in slices of `size`."""
        self.day += days
        at = START + timedelta(days=self.day)
        number: int = await self.conn.fetchval(
            """INSERT INTO campaign
                      (name, category, priority, sender, text, alphabet, carriers, hears_opted_out, in_doubt_policy,
                       grace_s, expires_at, state, drafted_by, drafted_at, launched_by, launched_at, finished_at,
                       closed_at, audience, segments)
               VALUES ($1, 'health', 5, 'BOYTE', 'x', 'ucs2', '{viettel}', false, 'hold', 30, $2, 'finished', 'an', $2,
                       'an', $2, now() - interval '1 hour', $2, 0, 1)
               RETURNING campaign_id""",
            f"alert-{len(self.campaigns) + 1}", at,
        )  # fmt: skip
        for carrier, people in told.items():
            for start in range(0, len(people), size):
                await write_slice(self.conn, number, self.numbers[carrier], people[start : start + size])
            counts = {
                state: sum(each.state == state for each in people)
                for state in (
                    State.DELIVERED,
                    State.UNDELIVERABLE,
                    State.EXPIRED,
                    State.REJECTED,
                    State.UNKNOWN,
                )
            }
            await self.conn.execute(
                """INSERT INTO tally (campaign_id, carrier_no, shard, delivered, undeliverable, expired, rejected,
                                      unknown)
                   VALUES ($1, $2, 3, $3, $4, $5, $6, $7)""",
                number, self.numbers[carrier], *counts.values(),
            )  # fmt: skip
        self.campaigns.append(number)
        return CampaignId(number)

    def person(self, msisdn: int, state: int, err: str = "000") -> Person:
        at = us(START + timedelta(days=self.day))
        if err.startswith("status:"):
            return Person(msisdn, state, err=err, settled_at=at)
        return Person(msisdn, state, ("1",), err, at, at if state == State.UNKNOWN else at + 9)

    async def learn(self) -> list[learn.Learnt]:
        """Everything, as a worker does it."""
        done = []
        async with acting(self.conn, "w"):
            while due := await learn.due(self.conn, self.words):
                found = await learn.learn(self.sides, self.words, due, go_on)
                done += [found] if found else []
        return done

    async def standing(self) -> dict[int, tuple[str, bool, bool]]:
        """Of each subscriber: carrier, ported, set aside."""
        names = await carrier_names(self.conn)
        rows = await self.conn.fetch("SELECT msisdn, carrier_no, ported, standing FROM subscriber")
        return {
            row["msisdn"]: (names[row["carrier_no"]], row["ported"], bool(row["standing"] & 1))
            for row in rows
        }

    async def aside(self) -> set[int]:
        found = {msisdn for msisdn, (*_, aside) in (await self.standing()).items() if aside}
        assert found == {row["msisdn"] for row in await self.conn.fetch("SELECT msisdn FROM set_aside")}
        return found


async def go_on() -> bool:
    return True


@pytest.fixture
async def world(conn: asyncpg.Connection, config: Config) -> World:
    await name_carriers(conn, config)
    numbers = await carrier_numbers(conn)
    return World(conn, {name: numbers[name] for name in FIRST})


async def counted_right(conn: asyncpg.Connection) -> None:
    """What triggers counted is what there is."""
    rows = await conn.fetch(
        """SELECT carrier_no, profile_no, standing * 2 + (opted_out_at IS NOT NULL)::integer, count(*)
             FROM subscriber GROUP BY 1, 2, 3 EXCEPT
           SELECT carrier_no, profile_no, standing, sum(people) FROM subscriber_count GROUP BY 1, 2, 3"""
    )
    assert rows == []


# ---------------------------------------------------------------- by hand-written campaigns


async def test_a_number_that_is_anothers_goes_there_and_what_said_so_stays(world: World) -> None:
    one, two, three, other, *rest = await world.people("viettel", 12)
    await world.conn.execute(
        "DELETE FROM subscriber WHERE msisdn = $1", other
    )  # no subscriber, on a list alone
    told = [
        world.person(one, State.UNDELIVERABLE, "0B1"), world.person(two, State.REJECTED, "0b2"),
        world.person(three, State.DELIVERED, "0b1"), world.person(other, State.UNDELIVERABLE, "0b1"),
    ]  # fmt: skip
    told += [world.person(each, State.DELIVERED) for each in rest]
    campaign = await world.campaign({"viettel": told})
    (done,) = await world.learn()
    assert done.changes == {"ported": 3, "routed": 2}
    after = await world.standing()
    assert after[one] == ("mobifone", True, False)
    assert all(after[each] == ("viettel", False, False) for each in (two, three, *rest))
    ports, aside = await learnt.of_number(world.conn, one)
    assert [(each.was, each.now, each.heeded, each.campaign, each.said) for each in ports] == [
        ("viettel", "mobifone", True, "alert-1", "0b1")
    ]
    assert ports[0].at == START + timedelta(microseconds=9) and aside is None
    ((unnamed,), _) = await learnt.of_number(world.conn, two)
    assert (unnamed.now, unnamed.heeded) == (None, False)
    assert await learnt.of_number(world.conn, three) == ([], None)
    act = await world.conn.fetchrow("SELECT who, subject, details FROM act_new WHERE what = 'learnt'")
    act = act or await world.conn.fetchrow("SELECT who, subject, details FROM act WHERE what = 'learnt'")
    assert act["who"] == "w" and json.loads(act["details"])["campaign"] == campaign
    assert str(one) not in act["details"]
    await counted_right(world.conn)
    assert await world.learn() == []


async def test_an_import_that_names_a_carrier_wins_and_a_prefix_does_not(
    world: World, config: Config, tmp_path: Path
) -> None:
    one, two, three, four = await world.people("viettel", 4)
    told = [world.person(each, State.UNDELIVERABLE, "0b1") for each in (one, two)]
    await world.campaign(
        {"viettel": [*told, *(world.person(each, State.DELIVERED) for each in (three, four))]}
    )
    await world.learn()

    async def import_(name: str, *lines: str) -> dict[int, tuple[str, bool, bool]]:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        async with acting(world.conn, "an"):
            await import_file(world.conn, config, path, tmp_path / "refused.csv")
        return await world.standing()

    moved, home = ("mobifone", True, False), ("viettel", False, False)
    after = await import_("plain.csv", "msisdn", *map(str, (one, two, three)))
    assert (after[one], after[two], after[three]) == (moved, moved, home)
    after = await import_("named.csv", "msisdn,carrier", f"{one},viettel", f"{two},", f"{three},mobifone")
    assert (after[one], after[two], after[three]) == (home, moved, moved)
    after = await import_("again.csv", "msisdn", str(one), str(two))
    assert (after[one], after[two]) == (home, moved)
    ((port,), _) = await learnt.of_number(world.conn, one)
    assert not port.heeded  # what was learnt before the list said otherwise
    told = [world.person(each, State.UNDELIVERABLE, "0b1") for each in (one,)]
    await world.campaign({"viettel": [*told, world.person(four, State.DELIVERED)]})
    await world.learn()
    assert (await world.standing())[one] == moved  # it is said once more, after the list
    await counted_right(world.conn)


async def test_whom_a_list_has_elsewhere_is_no_longer_set_aside(
    world: World, config: Config, tmp_path: Path
) -> None:
    dead, kept, *rest = await world.people("viettel", 8)
    for _ in range(3):
        people = [world.person(each, State.EXPIRED) for each in (dead, kept)]
        await world.campaign({"viettel": [*people, *(world.person(each, State.DELIVERED) for each in rest)]})
        await world.learn()
    assert await world.aside() == {dead, kept}
    path = tmp_path / "list.csv"
    path.write_text(f"msisdn,carrier\n{dead},mobifone\n{kept},viettel\n")
    async with acting(world.conn, "an"):
        await import_file(world.conn, config, path, tmp_path / "refused.csv")
    after = await world.standing()
    assert (after[dead], after[kept]) == (("mobifone", True, False), ("viettel", False, True))
    assert (await learnt.of_number(world.conn, dead))[1] is None
    await counted_right(world.conn)


async def test_dead_after_so_many_set_aside_and_tried_again(world: World) -> None:
    dead, lives, silent, *rest = await world.people("viettel", 9)

    async def alert(**states: tuple[int, str]) -> None:
        told = {dead: states.get("dead"), lives: states.get("lives"), silent: states.get("silent")}
        people = [world.person(each, *said) for each, said in told.items() if said]
        people += [world.person(each, State.DELIVERED) for each in rest]
        await world.campaign({"viettel": people})
        await world.learn()

    gone, came, none = (State.EXPIRED, "011"), (State.DELIVERED, "000"), (State.UNKNOWN, "")
    await alert(dead=gone, lives=gone, silent=none)
    await alert(dead=(State.REJECTED, UNKNOWN), lives=came, silent=none)
    assert await world.aside() == set()
    await alert(dead=none, lives=gone, silent=none)  # nobody told: not reached, after one that surely failed
    assert await world.aside() == {dead}
    (_, aside) = await learnt.of_number(world.conn, dead)
    assert aside is not None and (aside.since, aside.last, aside.campaigns) == ("alert-1", "alert-3", 3)
    await alert(dead=gone, lives=came, silent=none)  # an emergency tells them anyhow
    assert await world.aside() == {dead}

    assert await learnt.try_again(world.conn, 100) == 0
    await world.conn.execute("UPDATE set_aside SET at = at - interval '101 days'")
    assert await learnt.try_again(world.conn, 100) == 1
    assert await world.aside() == set()
    await alert(dead=gone, silent=none)  # one more failure
    assert await world.aside() == {dead}
    await alert(dead=came, silent=none)
    assert await world.aside() == set()
    await alert(dead=gone, silent=none)
    assert await world.aside() == set()
    assert (await learn.of_number(world.conn, dead))[0].campaigns == 1
    assert await learn.of_number(world.conn, silent) == []
    await counted_right(world.conn)


async def test_who_writes_lives(world: World) -> None:
    dead, *rest = await world.people("viettel", 4)
    for _ in range(3):
        people = [world.person(dead, State.EXPIRED), *(world.person(each, State.DELIVERED) for each in rest)]
        await world.campaign({"viettel": people})
        await world.learn()
    assert await world.aside() == {dead}
    await world.conn.execute(
        """INSERT INTO reply (reply_no, campaign_id, carrier_no, msisdn, received_at, destination, kind, keyword,
                              effect, parts, missing, text)
           VALUES (7, 0, $1, $2, now(), '1900', '', '', 'none', 1, 0, 'hm'),
                  (8, 0, $1, NULL, now(), '1900', '', '', 'none', 1, 0, '')""",
        world.numbers["viettel"], dead,
    )  # fmt: skip
    async with acting(world.conn, "w"):
        assert await learn.hear(world.sides, world.words) == 2
        assert await learn.hear(world.sides, world.words) == 0
    assert await world.aside() == set()
    assert await learn.of_number(world.conn, dead) == []


async def test_a_carrier_that_fails_itself_sets_nobody_aside(world: World) -> None:
    """Nor one that sends no receipts: what it refuses is the only thing that it says."""
    those, others = await world.people("viettel", 10), await world.people("mobifone", 4)
    for _ in range(4):
        failed = [world.person(each, State.UNDELIVERABLE, "0b1") for each in those[:6]]
        people = failed + [world.person(each, State.DELIVERED) for each in those[6:]]
        silent = [world.person(others[0], State.REJECTED, UNKNOWN)]
        silent += [world.person(each, State.UNKNOWN, "") for each in others[1:]]
        await world.campaign({"viettel": people, "mobifone": silent})
    done = await world.learn()
    assert [each.taught for each in done] == [False] * 8
    assert await world.aside() == set()
    assert await world.conn.fetchval("SELECT count(*) FROM port") == 0


# ---------------------------------------------------------------- a model of each person


@dataclass
class Life:
    """Of one number at one carrier, by a plain look at one campaign after the other."""

    carrier: str
    failed: list[int] = field(default_factory=list)  # days of a row of campaigns that did not reach it
    aside: bool = False

    def hears(self, said: tuple[int, str] | None, day: int) -> None:
        if said is None:
            return
        state, err = said
        sure = state in (State.EXPIRED, State.UNDELIVERABLE) or err == UNKNOWN
        if state == State.DELIVERED or err.lower() == "0b1":
            self.failed, self.aside = [], False
            if state != State.DELIVERED and self.carrier == "viettel":
                self.carrier = "mobifone"
        elif err.lower() != "0b2" and (sure or (state == State.UNKNOWN and self.failed)):
            self.failed.append(day)
            self.aside |= len(self.failed) >= 3 and day - self.failed[0] >= 20


@pytest.mark.parametrize("seed", range(RUNS))
async def test_random_lives_as_a_model_says(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut into parts, and stopped amid them: each campaign counts once."""
    dice = random.Random(seed)
    monkeypatch.setattr(learn, "PAGE", dice.choice([1, 9, 20_000]))
    monkeypatch.setattr(learn, "PART", dice.choice([5, 4_000_000]))
    monkeypatch.setattr(learn, "SLICES", dice.choice([1, 3, 4_000]))
    lives = {each: Life("viettel") for each in await world.people("viettel", 40)}
    bad = [
        (State.EXPIRED, "011"), (State.UNDELIVERABLE, "0b1"), (State.REJECTED, UNKNOWN), (State.UNKNOWN, ""),
        (State.REJECTED, "0b2"), (State.REJECTED, "099"),
    ]  # fmt: skip
    worse = {each: dice.random() < 0.3 for each in lives}
    for _ in range(9):
        said: dict[str, list[Person]] = {"viettel": [], "mobifone": []}
        days = dice.randint(0, 15)
        for msisdn, life in lives.items():
            hears = dice.choice(bad) if worse[msisdn] and dice.random() < 0.9 else (State.DELIVERED, "000")
            if life.carrier == "mobifone" or dice.random() < 0.1:
                continue  # nobody sends to them in this one; a moved one is another carrier's business
            world.day += days
            said[life.carrier].append(world.person(msisdn, *hears))
            world.day -= days
            life.hears(hears, world.day + days)
        failed = sum(
            each.state in (State.EXPIRED, State.UNDELIVERABLE, State.REJECTED) for each in said["viettel"]
        )
        assert failed <= len(said["viettel"]) // 2
        await world.campaign(said, days=days)
        if dice.random() < 0.6:
            await stopped_often(world, dice)
    await stopped_often(world, dice)
    after = await world.standing()
    assert {each: (carrier, aside) for each, (carrier, _, aside) in after.items()} == {
        each: (life.carrier, life.aside) for each, life in lives.items()
    }
    failing = {}
    for row in await world.conn.fetch("SELECT packed FROM failing"):
        those = unpack_failing(row["packed"])
        failing |= dict(zip(those.msisdns.tolist(), those.campaigns.tolist(), strict=True))
    assert failing == {each: len(life.failed) for each, life in lives.items() if life.failed}
    people = await world.conn.fetchval("SELECT sum(people) FROM lesson WHERE done_at IS NOT NULL")
    assert people == await world.conn.fetchval("SELECT sum(total) FROM slice")
    await counted_right(world.conn)


class CutError(Exception):
    """The process ended there."""


async def stopped_often(world: World, dice: random.Random) -> None:
    """Everything is learnt, by tries that are stopped: between pages in peace, between home and ledger by a crash."""
    kept = learn._write

    async def cut(*given: Any) -> None:
        if dice.random() < 0.3:
            raise CutError
        await kept(*given)

    async def sometimes() -> bool:
        return dice.random() < 0.8

    learn._write = cut
    try:
        while due := await learn.due(world.conn, world.words):
            try:
                await learn.learn(world.sides, world.words, due, sometimes)
            except CutError:
                await world.conn.execute("SELECT pg_advisory_unlock_all()")
    finally:
        learn._write = kept


# ---------------------------------------------------------------- who is erased, and who asks


async def test_who_is_erased_is_nowhere_in_what_was_learnt(
    world: World, session: Session, conn: asyncpg.Connection
) -> None:
    moved, dead, fails, *rest = await world.people("viettel", 12)
    for turn in range(3):
        people = [world.person(each, State.EXPIRED) for each in ((dead, fails) if turn else (dead,))]
        people += [world.person(moved, State.UNDELIVERABLE, "0b1")] if turn == 1 else []
        await world.campaign({"viettel": [*people, *(world.person(each, State.DELIVERED) for each in rest)]})
        await world.learn()
    assert await found(conn, moved) >= {"port.msisdn", "slice.msisdns"}
    assert await found(conn, dead) >= {"set_aside.msisdn", "failing.packed"}
    async with acting(conn, "an"):
        told = await export(session, dead)
        assert told["set_aside"]["campaigns"] == 3 and told["not_reached"][0]["campaigns"] == 3
        assert (await export(session, moved))["ported"][0]["now"] == "mobifone"
    await conn.execute("ANALYZE")
    await erase(session, (moved, dead, fails))
    assert (await erase_due(session)).erased == 3
    assert not any((await found_each(conn, (moved, dead, fails))).values())
    people = [world.person(moved, State.UNDELIVERABLE, "0b1"), world.person(dead, State.EXPIRED)]
    await world.campaign({"viettel": [*people, *(world.person(each, State.DELIVERED) for each in rest)]})
    await world.learn()  # a message to them was on its way when they asked
    for table in ("port", "set_aside", "failing"):
        for places in (await found_each(conn, (moved, dead))).values():
            assert not any(place.startswith(table) for place in places)


async def test_nothing_is_learnt_while_somebody_holds_the_list(
    world: World, database_url: str, two_connections: asyncpg.Connection
) -> None:
    moved, *rest = await world.people("viettel", 3)
    people = [world.person(moved, State.UNDELIVERABLE, "0b1")]
    await world.campaign({"viettel": [*people, *(world.person(each, State.DELIVERED) for each in rest)]})
    for hold in (
        "SELECT pg_advisory_xact_lock(7103)",  # an import
        "SELECT pg_advisory_xact_lock(7117)",  # who erases
        f"SELECT FROM subscriber WHERE msisdn = {moved} FOR UPDATE",
    ):
        async with two_connections.transaction():
            await two_connections.execute(hold)
            with pytest.raises(RefusedError):
                await world.learn()
    assert (await world.standing())[moved][0] == "viettel"
    await world.learn()
    assert (await world.standing())[moved][0] == "mobifone"


@pytest.fixture
async def two_connections(conn: asyncpg.Connection, database_url: str) -> Any:
    other = await asyncpg.connect(database_url)
    yield other
    await other.close()


# ---------------------------------------------------------------- the command


async def test_the_actions(world: World, session: Session, conn: asyncpg.Connection) -> None:
    moved, *rest = await world.people("viettel", 4)
    smsc = {"ported_errs": ("0b1",), "ported_to": "mobifone"}
    carrier = next(iter(session.config.carriers.values())).having(**smsc)
    session = replace(session, configuration=replace(session.config, carriers={"viettel": carrier}))
    people = [world.person(moved, State.UNDELIVERABLE, "0B1")]
    await world.campaign({"viettel": [*people, *(world.person(each, State.DELIVERED) for each in rest)]})
    async with acting(conn, "an"):
        with pytest.raises(InputError, match="nothing"):
            await learning.learn(session, "nothing")
        done = await learning.learn(session)
        (taught,) = done.campaigns["alert-1"]
        assert (taught.carrier, taught.people, taught.ported, taught.routed) == ("viettel", 4, 1, 1)
        assert (await learning.learn(session)).campaigns == {}
        again = await learning.learn(session, "alert-1")
        assert again.campaigns["alert-1"] == [taught]
        (count,) = await learning.port_counts(session, "viettel")
        assert (count.was, count.now, count.heeded, count.numbers) == ("viettel", "mobifone", True, 1)
        assert await learning.port_counts(session, "mobifone") == []
        with pytest.raises(InputError, match="there is no carrier vietel: "):
            await learning.port_counts(session, "vietel")
        (one,) = await learning.ported_numbers(session, None, 9, reveal=True)
        assert (one.msisdn, one.said) == (moved, "0b1")
    told = await conn.fetchval("SELECT details::text FROM act_new WHERE what = 'numbers read'")
    told = told or await conn.fetchval("SELECT details::text FROM act WHERE what = 'numbers read'")
    assert json.loads(told) == {"read": "ported", "numbers": 1}
    await conn.execute("UPDATE campaign SET finished_at = NULL, state = 'running'")
    async with acting(conn, "an"):
        with pytest.raises(
            RefusedError, match="alert-1 is running: it teaches about the list when it is over"
        ):
            await learning.learn(session, "alert-1")
    await conn.execute("DELETE FROM lesson")
    await conn.execute("UPDATE campaign SET finished_at = now(), state = 'finished'")
    async with acting(conn, "an"):
        await learning.learn(session, "alert-1")  # however short ago


def test_reveal_goes_with_what_shows_numbers() -> None:
    result = CliRunner().invoke(broadcast, ["subscriber", "ported", "--reveal"])
    assert result.exit_code == 2 and "--latest or --csv" in result.output
