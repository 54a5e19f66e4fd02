"""Caps over all alerts of a category, end to end: held at the launch, let go by the tidier, never above.

Time goes on as the database has it: what was sent is dated back, and a moment that was ahead has come.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from integration import steps
from integration.rig import Rig
from integration.steps import acting, by
from waiting import until

from broadcast.actions.archive import archive
from broadcast.actions.forecast import Foreseen, at_launch, foresee
from broadcast.actions.session import Session
from broadcast.campaign import capped
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.launch import Asked, launch
from broadcast.campaign.plan import Plan
from broadcast.config import Rule, Rules
from broadcast.config.contact import Cap
from broadcast.diagnosis.finding import Code
from broadcast.diagnosis.gather import Diagnosis
from broadcast.errors import RefusedError
from broadcast.forecast import running
from broadcast.forecast.kept import Kept
from broadcast.rules import letting_go

LAW = "Act 1"
HOUR_S = 3600
FIRST = 84_320_000_000


def ruled(rig: Rig, **rule: object) -> None:
    country = replace(rig.config.country, time_zone="UTC")
    rig.config = replace(rig.config, country=country, rules=Rules(routine=Rule(LAW, **rule)))  # type: ignore[arg-type]


async def world(rig: Rig, people: int, **rule: object) -> None:
    await rig.smsc("viettel", receipt_delay_s=0.0)
    rig.connect("viettel", 2000)
    ruled(rig, **rule)
    await rig.subscribers("viettel", people, FIRST)


async def advert(rig: Rig, number: int, lifetime_s: float = 48 * HOUR_S) -> Campaign:
    return await rig.launch(category="routine", text=f"Offer {number}", lifetime_s=lifetime_s)


async def ago(rig: Rig, campaign: Campaign, by: timedelta) -> None:
    """It was sent so much earlier."""
    await rig.conn.execute(
        "UPDATE slice SET sent_until = sent_until - $2::interval WHERE campaign_id = $1",
        campaign.campaign_id,
        by,
    )


async def moments(rig: Rig, campaign: Campaign) -> dict[str, int]:
    """People by state of their slices, and those that are held by the hours until they are looked at."""
    rows = await rig.conn.fetch(
        """SELECT CASE WHEN state = 'held'
                         THEN 'held ' || round(extract(epoch FROM not_before - clock_timestamp()) / 3600)::text
                         ELSE state END AS state, total
             FROM slice WHERE campaign_id = $1""",
        campaign.campaign_id,
    )
    found = Counter[str]()
    for row in rows:
        found[row["state"]] += row["total"]
    return dict(found)


async def moment_comes(rig: Rig, campaign: Campaign) -> None:
    await rig.conn.execute(
        "UPDATE slice SET not_before = clock_timestamp() WHERE campaign_id = $1 AND state = 'held'",
        campaign.campaign_id,
    )


async def test_the_third_in_a_day_waits_and_goes_by_itself(rig: Rig) -> None:
    await world(rig, 100, cap=Cap(2, 24))
    rig.worker()
    first = await advert(rig, 1)
    await rig.finish(first)
    await ago(rig, first, timedelta(hours=4))
    second = await advert(rig, 2)
    await rig.finish(second)
    await rig.subscribers("viettel", 50, FIRST + 100)  # whom nobody told yet
    third = await advert(rig, 3)
    await rig.reached(third, 50, "delivered")
    assert await moments(rig, third) == {"held 20": 100, "done": 50}
    (finding,) = await Diagnosis(rig.conn, third.campaign_id).findings()
    assert (finding.code, finding.grave) == (Code.CAPPED, False)
    assert finding.sentence.endswith(f" ({LAW}): 100 wait, and it goes on by itself")
    fourth = await advert(rig, 4, lifetime_s=4 * HOUR_S)  # those of one message may hear a second
    await rig.finish(fourth)
    assert await rig.states(fourth) == {"delivered": 50, "excluded": 100}
    with pytest.raises(RefusedError, match="150 capped"):
        await advert(rig, 5, lifetime_s=4 * HOUR_S)
    await moment_comes(rig, third)  # too soon: nobody goes

    async def looked() -> bool:
        return "held 20" in await moments(rig, third)

    await until(looked, "who may not go is held again")
    await ago(rig, first, timedelta(hours=20))
    await moment_comes(rig, third)
    assert await rig.finish(third) == {"delivered": 150}
    assert (await rig.smscs["viettel"].book())["extra_copies"] == 0


async def test_what_is_let_go_and_unsent_counts_until_it_is_cancelled(rig: Rig) -> None:
    """No worker: the first two may be sent at any moment, so nobody can be told a third time before that is known."""
    await world(rig, 10, cap=Cap(2, 24))
    first, second, third = [await advert(rig, number) for number in (1, 2, 3)]
    assert [list(await moments(rig, each)) for each in (first, second)] == [["ready"], ["ready"]]
    assert await moments(rig, third) == {"held 0": 10}  # looked at again in five minutes
    await moment_comes(rig, third)
    await letting_go.look(rig.conn)
    assert await moments(rig, third) == {"held 0": 10}
    await steps.cancel(rig.conn, second)
    await moment_comes(rig, third)
    await letting_go.look(rig.conn)
    assert await moments(rig, third) == {"ready": 10}


async def test_who_can_be_told_no_more_keeps_nobody_out(rig: Rig) -> None:
    """An alert that waited is passed by another one while it is paused; its people wait for its expiry, for no turn."""
    await world(rig, 10, cap=Cap(1, 24))
    rig.worker()
    first = await advert(rig, 1)
    await rig.finish(first)
    waiting = await advert(rig, 2, lifetime_s=30 * HOUR_S)
    assert await moments(rig, waiting) == {"held 24": 10}
    await steps.pause(rig.conn, waiting)
    await ago(rig, first, timedelta(hours=25))
    passing = await advert(rig, 3)
    await rig.finish(passing)
    last = await advert(rig, 4)
    await steps.resume(rig.conn, waiting)
    await rig.conn.execute(
        "UPDATE campaign SET expires_at = clock_timestamp() + interval '20 hours' WHERE campaign_id = $1",
        waiting.campaign_id,
    )
    await moment_comes(rig, waiting)

    async def told_never() -> bool:
        return await moments(rig, waiting) == {"held 20": 10}

    await until(told_never, "they are held until the expiry")
    await ago(rig, passing, timedelta(hours=25))
    await moment_comes(rig, last)
    assert await rig.finish(last) == {"delivered": 10}


async def test_a_slice_is_cut_in_those_who_go_and_those_who_wait(rig: Rig) -> None:
    await world(rig, 10, distance_hours=3.0)
    first = await advert(rig, 1)
    second = await advert(rig, 2)
    assert await moments(rig, second) == {"held 0": 10}
    # of the first one half was told five hours ago, and the other half just now
    await rig.conn.execute(
        """WITH half AS (UPDATE slice SET total = 5, mark = 5, state = 'done', answered = '\\x1f',
                                          msisdns = msisdns[1:5],
                                          sent_until = clock_timestamp() - interval '5 hours'
                          WHERE campaign_id = $1 RETURNING *)
           INSERT INTO slice (campaign_id, carrier_no, total, mark, state, answered, msisdns, sent_until)
           SELECT campaign_id, carrier_no, 5, 5, 'done', '\\x1f', ARRAY(SELECT generate_series($2::bigint, $2 + 4)),
                  clock_timestamp() FROM half""",
        first.campaign_id, FIRST + 5,
    )  # fmt: skip
    await moment_comes(rig, second)
    await letting_go.look(rig.conn)
    assert await moments(rig, second) == {"ready": 5, "held 3": 5}
    (went,) = await rig.conn.fetch(
        "SELECT msisdns FROM slice WHERE campaign_id = $1 AND state = 'ready'", second.campaign_id
    )
    assert len(went["msisdns"]) == 5
    told = await rig.conn.fetchval(
        "SELECT msisdns FROM slice WHERE campaign_id = $1 ORDER BY slice_id LIMIT 1", first.campaign_id
    )
    assert sorted(went["msisdns"]) == sorted(told)


async def test_a_hotline_has_no_more_callers_than_it_takes(rig: Rig) -> None:
    """2 callers an hour of 2 % are 100 people: two a slot of 72 s, and after a stop no more than that at once."""
    await world(rig, 250)
    campaign = await rig.launch(category="routine", lifetime_s=4 * HOUR_S, plan=Plan(callers_per_hour=2))
    rows = await rig.conn.fetch(
        "SELECT total, extract(epoch FROM not_before)::float8 AS at FROM slice WHERE campaign_id = $1 ORDER BY 2",
        campaign.campaign_id,
    )
    assert sum(row["total"] for row in rows) == 250
    for first in rows:
        assert sum(row["total"] for row in rows if first["at"] <= row["at"] < first["at"] + HOUR_S) <= 100
    assert rows[-1]["at"] - rows[0]["at"] <= 2.6 * HOUR_S
    await moment_comes(rig, campaign)  # as if nobody had tidied up for hours
    await letting_go.look(rig.conn)
    assert (await moments(rig, campaign))["ready"] == 100


async def test_an_emergency_is_under_no_rule(rig: Rig) -> None:
    await world(rig, 10, cap=Cap(1, 24), quiet=("00:00-23:59",))
    for number in range(3):
        alert = await rig.launch(text=f"Run {number}")
        assert await moments(rig, alert) == {"ready": 10}
        assert alert.rules == "{}"


async def test_an_alert_that_a_cap_counts_is_not_dropped(rig: Rig, tmp_path: Path) -> None:
    await world(rig, 10, cap=Cap(2, 24))
    rig.worker()
    told = await advert(rig, 1)
    await rig.finish(told)
    session = Session(rig.conn, None)  # by the rule that it was launched under
    with pytest.raises(RefusedError, match=f"a cap counts whom {told.name} told until .* UTC"):
        await by("w", archive, session, told.name, tmp_path, drop=True)
    assert not (tmp_path / f"{told.name}.archive").exists()
    assert not (await by("w", archive, session, told.name, tmp_path, drop=False)).dropped
    await ago(rig, told, timedelta(hours=24))
    ruled(rig, cap=Cap(2, 36))  # the file's, under which the next one would be launched
    with pytest.raises(RefusedError, match="a cap counts"):
        await by("w", archive, replace(session, configuration=rig.config), told.name, tmp_path, drop=True)
    assert (await by("w", archive, session, told.name, tmp_path, drop=True)).dropped


async def test_a_running_alerts_cap_counts_those_before_it(rig: Rig, tmp_path: Path) -> None:
    await world(rig, 10)
    rig.worker()
    told = await advert(rig, 1)
    await rig.finish(told)
    ruled(rig, cap=Cap(2, 36))
    await advert(rig, 2)
    with pytest.raises(RefusedError, match="a cap counts"):
        await by("w", archive, Session(rig.conn, None), told.name, tmp_path, drop=True)
    assert (
        await by("w", archive, Session(rig.conn, None), told.name, tmp_path, drop=True, anyway=True)
    ).dropped


async def foreseen_and_launched(rig: Rig, lifetime_s: float) -> tuple[Foreseen, Campaign, Kept]:
    """What is foreseen, and what the launch then does and keeps of its forecast."""
    draft = await rig.approved(category="routine", text="Offer", lifetime_s=lifetime_s)
    session = Session(rig.conn, rig.config)
    found = await foresee(session, draft.name)
    asked = Asked(foreseen=await at_launch(session, draft))
    async with acting(rig.conn, "an"):
        done = await launch(rig.conn, rig.config, draft, asked=asked)
    kept = await running.kept(rig.conn, [done.campaign_id])
    return found, done, kept[done.campaign_id]


async def test_the_forecast_knows_who_will_wait_and_who_is_left_out(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world(rig, 256, cap=Cap(1, 24))
    rig.worker()
    first = await advert(rig, 1)
    await rig.finish(first)
    await ago(rig, first, timedelta(hours=20))
    await rig.subscribers("viettel", 64, FIRST + 256)  # whom nobody told yet
    await rig.conn.execute("UPDATE subscriber SET opted_out_at = now() WHERE msisdn < $1", FIRST + 6)

    found, done, _kept = await foreseen_and_launched(rig, lifetime_s=3 * HOUR_S)
    assert found.excluded == {"opted_out": 6, "capped": 250}
    assert (found.capped.people_held, found.capped.people_left_out, found.capped.exact) == (0, 250, True)
    assert found.variants[0].recipients == 64
    assert await rig.finish(done) == {"delivered": 64, "excluded": 256}

    await ago(rig, done, timedelta(hours=30))
    found, done, kept = await foreseen_and_launched(rig, lifetime_s=30 * HOUR_S)
    assert found.excluded == {"opted_out": 6}
    assert (found.capped.people_held, found.variants[0].recipients) == (250, 314)
    assert (await moments(rig, done))["held 4"] == 250
    at = found.capped.moments[0]
    for last in (found.variants[0].sent.last, kept.sent.last):
        assert last is not None and at < last.timestamp() < at + 2 * HOUR_S / 60
    for half in (found.variants[0].sent.half, kept.sent.half):
        assert half is not None and half.timestamp() > at - 600
    assert found.verdict.problems == ()

    monkeypatch.setattr(capped, "CONTACTS_MOST", 100)  # of some buckets, for all
    draft = await rig.approved(category="routine", text="Another", lifetime_s=48 * HOUR_S)
    found = await foresee(Session(rig.conn, rig.config), draft.name)
    assert not found.capped.exact
    assert 200 <= found.capped.people_held <= 330


async def test_the_forecast_of_a_chosen_audience_knows_its_own_people(rig: Rig) -> None:
    """A list chooses them, and its strangers hear it too."""
    await world(rig, 20, cap=Cap(1, 24))
    rig.worker()
    first = await advert(rig, 1)
    await rig.finish(first)
    people = [FIRST + number for number in range(15, 25)]  # half of them nobody told, nor knows
    await rig.conn.execute("INSERT INTO list (name, source) VALUES ('fair', 'fair.csv')")
    await rig.conn.execute("INSERT INTO list_member SELECT list_no, 0, $1::bigint[] FROM list", people)
    draft = await rig.approved(
        category="routine", text="Fair", lifetime_s=3 * HOUR_S, plan=Plan(lists=("fair",))
    )
    found = await foresee(Session(rig.conn, rig.config), draft.name)
    assert (found.excluded, found.variants[0].recipients) == ({"capped": 5}, 5)


@pytest.mark.parametrize(("who", "unseen"), [("chi", True), ("an", False), ("lan", False)])
async def test_who_may_read_no_numbers_has_a_forecast_without_caps(rig: Rig, who: str, unseen: bool) -> None:
    """An approver, an operator, an auditor."""
    await world(rig, 10, cap=Cap(1, 24))
    await advert(rig, 1)
    draft = await rig.approved(category="routine", text="Offer", lifetime_s=3 * HOUR_S)
    await rig.subscribers("viettel", 5, FIRST + 10)
    found = await by(who, foresee, Session(rig.conn, rig.config), draft.name)
    assert found.capped.unseen == unseen
    # whom the first one may tell at any moment is looked at again: nobody is left out
    assert (found.capped.people_held, found.variants[0].recipients) == (0 if unseen else 10, 15)
