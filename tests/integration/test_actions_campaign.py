"""What a person may do with an alert: each action's event, its refusal, and what is told on the way to either."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from integration.steps import by

from broadcast.actions import clock
from broadcast.actions.campaign import approve, cancel, pause, resume
from broadcast.actions.drafting import draft, edit
from broadcast.actions.launch import launch
from broadcast.actions.notices import ClockOff, ExpiryComesTwice, Notice
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, worded
from broadcast.audience.carriers import sync_carriers
from broadcast.audience.unfinished import Unfinished
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.clock import machine_time
from broadcast.errors import ConfigError, InputError, RefusedError

AN, BINH = "an", "binh"
HANDS = Terms(text=worded("Rua tay", plain=False), carriers=("viettel",))
Act = Callable[[Session], Awaitable[Campaign]]


@pytest.fixture
async def drafted(session: Session) -> Campaign:
    """`hands`, for ten people."""
    numbers = await sync_carriers(session.connection, session.config)
    await session.connection.execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)"
        " SELECT m, m % 64, $1, 1 FROM generate_series(84960000000, 84960000009) AS m",
        numbers["viettel"],
    )
    return await by(AN, draft, session, "hands", HANDS)


@pytest.fixture
async def approved(session: Session, drafted: Campaign) -> Campaign:
    return await by(BINH, approve, session, "hands", drafted.code)


@pytest.fixture
async def running(session: Session, approved: Campaign) -> Campaign:
    return await by(AN, launch, session, approved.name)


@pytest.fixture
def wrong_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "machine_time", lambda: machine_time() + timedelta(days=1))


async def unfinished(session: Session) -> None:
    """An import that was stopped after three lines."""
    await session.connection.execute(
        """INSERT INTO subscriber_import (import_no, source) OVERRIDING SYSTEM VALUE VALUES (9, 'people.csv');
           INSERT INTO unfinished_import (import_no, file_octets, file_digest, lines, place, imported, updated,
                                          duplicate, refused, refused_octets, refused_crc)
           VALUES (9, 1, '', 3, 0, 3, 0, 0, '{}', 0, 0)"""
    )


async def events(session: Session, name: str = "hands") -> list[tuple[str, str]]:
    found = await campaigns.by_name(session.connection, name)
    return [
        (each.event, each.actor) for each in await campaigns.events(session.connection, found.campaign_id)
    ]


async def expire(session: Session) -> None:
    await session.connection.execute(
        "UPDATE campaign SET expires_at = clock_timestamp() - interval '1 second'"
    )


async def test_a_draft(session: Session, told: list[Notice], drafted: Campaign) -> None:
    assert (drafted.state, drafted.drafted_by, drafted.category) == ("draft", "an", "health")
    assert await campaigns.by_name(session.connection, "hands") == drafted
    assert await events(session) == [("drafted", "an")]
    assert told == []


@pytest.mark.parametrize(
    ("actor", "name", "terms", "message"),
    [
        (AN, "hands", HANDS, "a campaign hands already"),
        (AN, "a b", HANDS, "name"),
        (AN, "a", Terms(), "give the alert's text"),
        (AN, "a", replace(HANDS, expires="2020-01-01T00:00"), "expiry has passed"),
    ],
)
async def test_a_draft_that_is_refused(
    session: Session, drafted: Campaign, actor: str, name: str, terms: Terms, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        await by(actor, draft, session, name, terms)
    assert await campaigns.all_campaigns(session.connection) == [drafted]


async def test_a_draft_keeps_what_plain_letters_changed(session: Session) -> None:
    made = await by(AN, draft, session, "plain", replace(HANDS, text=worded("Rửa", plain=True), plain=True))
    (change,) = await campaigns.plain_changes(session.connection, made.campaign_id)
    assert (change.character, change.replacement) == ("ử", "u")


async def test_a_draft_expires_by_the_databases_clock(
    session: Session, told: list[Notice], wrong_clock: None
) -> None:
    made = await by(AN, draft, session, "a", replace(HANDS, expires="1h"))
    assert abs((made.expires_at - made.drafted_at).total_seconds() - 3600) < 60
    (notice,) = told
    assert isinstance(notice, ClockOff)
    assert round(notice.ahead_s / 3600) == 24


async def test_an_expiry_that_comes_twice_is_told(session: Session, told: list[Notice]) -> None:
    country = replace(session.config.country, time_zone="Europe/Paris")
    paris = replace(session, configuration=replace(session.config, country=country))
    await by(AN, draft, paris, "a", replace(HANDS, expires="2098-10-26T02:30"))
    assert [type(each) for each in told] == [ExpiryComesTwice]


async def test_an_edit(session: Session, approved: Campaign) -> None:
    done = await by("mai", edit, session, "hands", Terms(priority=7))
    assert (done.state, done.drafted_by, done.approved_by, done.priority) == ("draft", "mai", None, 7)
    assert done.expires_at == approved.expires_at
    assert await events(session) == [("drafted", "an"), ("approved", "binh"), ("edited", "mai")]


async def test_an_edit_that_is_refused(session: Session, running: Campaign) -> None:
    with pytest.raises(RefusedError, match="is running"):
        await by(AN, edit, session, "hands", Terms(priority=7))
    with pytest.raises(InputError, match="nothing to change"):
        await by(AN, edit, session, "hands", Terms())
    assert await campaigns.by_name(session.connection, "hands") == running


async def test_an_approval(session: Session, told: list[Notice], drafted: Campaign) -> None:
    await by("mai", draft, session, "a", HANDS)
    with pytest.raises(RefusedError, match="second person"):
        await by("mai", approve, session, "a", (await campaigns.by_name(session.connection, "a")).code)
    with pytest.raises(RefusedError, match="another code"):
        await by(BINH, approve, session, "hands", "0000-0000")
    done = await by(BINH, approve, session, "hands", drafted.code)
    assert (done.state, done.approved_by) == ("approved", "binh")
    assert await events(session) == [("drafted", "an"), ("approved", "binh")]
    assert told == []


async def test_a_launch(session: Session, told: list[Notice], running: Campaign) -> None:
    assert (running.state, running.launched_by, running.audience) == ("running", "an", 10)
    assert (await events(session))[-1] == ("launched", "an")
    with pytest.raises(RefusedError, match="is running already"):
        await by(AN, launch, session, "hands")
    assert told == []


async def test_a_launch_needs_the_carriers(session: Session, approved: Campaign) -> None:
    for config, error in ((None, ConfigError), (replace(session.config, carriers={}), RefusedError)):
        with pytest.raises(error, match="--config FILE"):
            await by(AN, launch, replace(session, configuration=config), "hands")
    assert await campaigns.by_name(session.connection, "hands") == approved


async def test_half_a_list_and_a_wrong_clock_are_told_to_whoever_is_refused_too(
    session: Session, told: list[Notice], approved: Campaign, wrong_clock: None
) -> None:
    await unfinished(session)
    await expire(session)
    for act in (
        lambda: by(BINH, approve, session, "hands", approved.code),
        lambda: by(AN, launch, session, "hands"),
    ):
        told.clear()
        with pytest.raises(RefusedError):
            await act()
        assert [type(each) for each in told] == [Unfinished, ClockOff]


async def test_pause_and_resume(session: Session, running: Campaign) -> None:
    with pytest.raises(RefusedError, match="only a paused one"):
        await by(BINH, resume, session, "hands")
    assert (await by(BINH, pause, session, "hands")).state == "paused"
    with pytest.raises(RefusedError, match="is paused already"):
        await by(BINH, pause, session, "hands")
    assert (await by(AN, resume, session, "hands")).state == "running"
    assert (await events(session))[3:] == [("paused", "binh"), ("resumed", "an")]


async def test_a_resume_after_the_expiry(
    session: Session, told: list[Notice], running: Campaign, wrong_clock: None
) -> None:
    await by(AN, pause, session, "hands")
    await expire(session)
    with pytest.raises(RefusedError, match="expiry has passed"):
        await by(AN, resume, session, "hands")
    assert [type(each) for each in told] == [ClockOff]
    assert (await events(session))[-1] == ("paused", "an")


async def test_a_cancel_ends_what_waits_where_no_worker_runs(session: Session, running: Campaign) -> None:
    done = await by(BINH, cancel, session, "hands")
    assert done.state == "cancelled"
    assert done.finished_at is not None
    assert await session.connection.fetchrow("SELECT sum(waiting), sum(excluded) FROM tally") == (0, 10)
    *_, asked, ended = await campaigns.events(session.connection, done.campaign_id)
    assert (asked.actor, asked.event, asked.details) == ("binh", "cancelled", {"from": "running"})
    assert (ended.actor, ended.event) == ("broadcast", "finished")
    with pytest.raises(RefusedError, match="is cancelled already: that is its end"):
        await by(BINH, cancel, session, "hands")


async def test_to_stop_one_needs_no_configuration(session: Session, running: Campaign) -> None:
    bare = replace(session, configuration=None)
    assert (await by(AN, pause, bare, "hands")).state == "paused"
    assert (await by(AN, resume, bare, "hands")).state == "running"
    assert (await by(AN, cancel, bare, "hands")).state == "cancelled"


@pytest.mark.parametrize(
    "act",
    [
        lambda session: by(AN, edit, session, "x", Terms(priority=1)),
        lambda session: by(AN, approve, session, "x", "0000-0000"),
        lambda session: by(AN, launch, session, "x"),
        lambda session: by(AN, pause, session, "x"),
        lambda session: by(AN, resume, session, "x"),
        lambda session: by(AN, cancel, session, "x"),
    ],
    ids=["edit", "approve", "launch", "pause", "resume", "cancel"],
)
async def test_one_that_is_not_there(session: Session, act: Act) -> None:
    with pytest.raises(InputError, match="there is no campaign x"):
        await act(session)


@pytest.mark.parametrize("act", [pause, cancel], ids=["pause", "cancel"])
async def test_who_has_no_role_for_it(
    session: Session, running: Campaign, act: Callable[[Session, str], Awaitable[Campaign]]
) -> None:
    for who in ("lan", "chi"):
        with pytest.raises(RefusedError, match="may not do that"):
            await by(who, act, session, "hands")
    with pytest.raises(RefusedError, match="takes the role operator"):  # nor the server's owner
        await act(session, "hands")
    assert await campaigns.by_name(session.connection, "hands") == running
