"""CAP messages into campaigns: what each becomes, once; what is refused by name; and out again."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from cryptography.hazmat.primitives import serialization
from integration.cap_messages import message, octets
from integration.steps import by
from unit.cap.signers import authority, signer

from broadcast.actions import alert as actions
from broadcast.actions.alert import Imported
from broadcast.actions.campaign import approve
from broadcast.actions.launch import launch
from broadcast.actions.session import Session
from broadcast.audience.carriers import sync_carriers
from broadcast.campaign import campaigns, messages
from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.record import Alert
from broadcast.cap.references import key_of
from broadcast.cap.signature import Trust
from broadcast.cap.write import write
from broadcast.clock import machine_time
from broadcast.config import Cap, Config
from broadcast.errors import ConfigError, InputError, RefusedError
from broadcast.reports.audit_chain import named, verify
from broadcast.store.queries import sql

Take = Callable[..., Awaitable[Imported]]
ALERT = message(1)
UPDATE = message(2, "Update", (ALERT,))
CANCEL = message(3, "Cancel", (ALERT,), infos=False)


@pytest.fixture
def session(conn: asyncpg.Connection, config: Config) -> Session:
    """A country of two languages."""
    return Session(conn, replace(config, country=replace(config.country, languages=("vi", "en"))))


@pytest.fixture
def take(session: Session) -> Take:
    """An import of a message by An."""
    return lambda alert, **said: by("an", actions.import_message, session, octets(alert), **said)


@pytest.fixture
async def running(session: Session, take: Take) -> Imported:
    """The alert, heard by ten people."""
    numbers = await sync_carriers(session.connection, session.config)
    await session.connection.execute(
        "INSERT INTO subscriber (msisdn, hash_bucket, carrier_no, import_no)"
        " SELECT m, m % 64, $1, 1 FROM generate_series(84960000000, 84960000009) AS m",
        numbers["viettel"],
    )
    done = await take(ALERT)
    await run(session, done)
    return done


async def run(session: Session, done: Imported) -> None:
    assert done.campaign is not None
    await by("binh", approve, session, done.campaign.name, done.campaign.code)
    await by("an", launch, session, done.campaign.name)


async def state(session: Session, done: Imported | str) -> str:
    name = done if isinstance(done, str) else done.campaign.name  # type: ignore[union-attr]
    return (await campaigns.by_name(session.connection, name)).state.value


async def count(session: Session) -> tuple[int, int]:
    """Campaigns, messages."""
    return tuple(  # type: ignore[return-value]
        await session.connection.fetchrow(
            "SELECT (SELECT count(*) FROM campaign), (SELECT count(*) FROM alert_message)"
        )
    )


async def test_an_alert_becomes_a_draft(session: Session, take: Take) -> None:
    done = await take(ALERT)
    assert done.became == "drafted"
    found = await campaigns.by_name(session.connection, "storm-1")
    assert (found.state, found.drafted_by, found.status, found.hearers) == (
        "draft",
        "an",
        "actual",
        "everybody",
    )
    assert found.texts == (("en", "Storm 1\nStay inside."), ("vi", "Bão số 1\nỞ trong nhà."))
    assert found.text == "Bão số 1\nỞ trong nhà.\n\nStorm 1\nStay inside."
    assert (found.category, found.priority) == ("emergency", 8)
    assert found.expires_at == ALERT.infos[0].expires
    assert [each.description for each in found.areas] == ["Quảng Bình"]
    assert any("NO AREAS ARE KNOWN HERE" in each for each in done.remarks)
    kept = await messages.of_campaign(session.connection, found.campaign_id)
    assert kept is not None
    assert (kept.octets, kept.received_by, kept.signature) == (octets(ALERT), "an", "unsigned")


async def test_the_same_again_makes_nothing(session: Session, take: Take) -> None:
    first = await take(ALERT)
    again = await take(ALERT, name="other")
    assert (again.became, again.campaign) == ("known", first.campaign)
    assert await count(session) == (1, 1)


async def test_another_message_of_the_same_key_is_refused(session: Session, take: Take) -> None:
    await take(ALERT)
    with pytest.raises(RefusedError, match="said something else"):
        await take(replace(ALERT, note="other"))
    assert await count(session) == (1, 1)


async def test_a_name_that_is_taken_leaves_nothing(session: Session, take: Take) -> None:
    await take(ALERT)
    with pytest.raises(InputError, match="there is a campaign storm-1"):
        await take(UPDATE, name="storm-1")
    assert await count(session) == (1, 1)


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        (message(1, status="System"), "status is System"),
        (message(1, status="Draft"), "status is Draft"),
        (message(1, scope="Restricted", restriction="staff"), "scope is Restricted"),
        (message(1, scope="Private", addresses="us"), "scope is Private"),
        (message(1, infos=False), "no <info>"),
        (message(2, "Update", (ALERT,)), "never received"),
        (message(2, "Cancel", (ALERT,)), "never received"),
    ],
)
async def test_what_is_refused_by_name(session: Session, take: Take, alert: Alert, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        await take(alert)
    assert await count(session) == (0, 0)


async def test_what_expired_is_refused(session: Session, take: Take) -> None:
    over = replace(ALERT.infos[0], expires=machine_time() - timedelta(minutes=1))
    with pytest.raises(RefusedError, match="it expired at"):
        await take(replace(ALERT, infos=(over, ALERT.infos[1])))


async def test_every_error_of_a_file_is_told_and_nothing_made(session: Session) -> None:
    broken = octets(ALERT).replace(b"Public", b"public").replace(b"40</", b"</")
    with pytest.raises(CapError) as caught:
        await by("an", actions.import_message, session, broken)
    assert [fault.name for fault in caught.value.faults] == [
        "value_not_listed",
        "circle_invalid",
        "circle_invalid",
    ]
    assert await count(session) == (0, 0)


async def test_an_exercise_is_for_own_phones_unless_more_are_said(take: Take) -> None:
    exercise = await take(message(1, status="Exercise", note="Autumn"))
    assert exercise.campaign is not None
    assert (exercise.campaign.status, exercise.campaign.hearers) == ("exercise", "phones")
    larger = await take(message(2, status="Exercise", note="Autumn"), hearers="everybody")
    assert larger.campaign is not None
    assert larger.campaign.hearers == "everybody"


async def test_a_test_is_for_own_phones(take: Take) -> None:
    done = await take(message(1, status="Test"))
    assert done.campaign is not None
    assert (done.campaign.status, done.campaign.hearers) == ("test", "phones")
    with pytest.raises(RefusedError, match="only own phones"):
        await take(message(2, status="Test"), hearers="everybody")


async def test_an_update_ends_what_runs_when_it_is_launched(
    session: Session, take: Take, running: Imported
) -> None:
    update = await take(UPDATE)
    assert update.ends == ("storm-1",)
    assert await state(session, running) == "running"
    await run(session, update)
    assert await state(session, running) == "cancelled"
    assert await state(session, update) == "running"
    events = await campaigns.events(session.connection, running.campaign.campaign_id)  # type: ignore[union-attr]
    told = next(each for each in events if each.event == "cancelled")
    assert (told.actor, told.details) == (
        "an",
        {"from": "running", "superseded_by": update.campaign.campaign_id},  # type: ignore[union-attr]
    )


async def test_an_update_ends_a_draft_too(session: Session, take: Take, running: Imported) -> None:
    """Nobody is to launch tomorrow what was superseded today."""
    drafted = await take(message(4))
    update = await take(message(5, "Update", (ALERT, message(4))))
    assert update.ends == ("storm-1", "storm-4")
    await run(session, update)
    assert await state(session, drafted) == "cancelled"
    found = await campaigns.by_name(session.connection, "storm-4")
    assert found.finished_at is not None


async def test_an_update_that_cannot_be_launched_ends_nothing(
    session: Session, take: Take, running: Imported
) -> None:
    update = await take(UPDATE)
    assert update.campaign is not None
    await by("binh", approve, session, "storm-2", update.campaign.code)
    await session.connection.execute("DELETE FROM subscriber")
    with pytest.raises(RefusedError, match="the audience is empty"):
        await by("an", launch, session, "storm-2")
    assert await state(session, running) == "running"


async def test_a_cancel_ends_what_it_is_about_and_is_no_alert(
    session: Session, take: Take, running: Imported
) -> None:
    with_texts = message(3, "Cancel", (ALERT,))
    done = await take(with_texts)
    assert (done.became, done.campaign, done.ends) == ("stopped", None, ("storm-1",))
    assert await state(session, running) == "cancelled"
    assert await count(session) == (1, 2)
    again = await take(with_texts)
    assert (again.became, again.ends) == ("known", ("storm-1",))


async def test_a_cancel_ends_a_draft(session: Session, take: Take) -> None:
    await take(ALERT)
    assert (await take(CANCEL)).ends == ("storm-1",)
    assert await state(session, "storm-1") == "cancelled"


async def test_a_cancel_of_what_is_over(session: Session, take: Take) -> None:
    await take(ALERT)
    await take(CANCEL)
    late = await take(message(4, "Cancel", (ALERT,), infos=False))
    assert (late.ends, late.over) == ((), ("storm-1",))


async def test_no_row_lets_a_cancel_be_a_campaign(session: Session, take: Take) -> None:
    done = await take(ALERT)
    with pytest.raises(Exception, match="alert_message_check"):
        await session.connection.execute(
            "UPDATE alert_message SET message_type = 'Cancel' WHERE campaign_id = $1",
            done.campaign.campaign_id,  # type: ignore[union-attr]
        )


@pytest.mark.parametrize("message_type", ["Ack", "Error"])
async def test_ack_and_error_are_noted(session: Session, take: Take, message_type: str) -> None:
    await take(ALERT)
    done = await take(message(3, message_type, (ALERT, message(9)), infos=False, note="x"))
    assert (done.became, done.campaign) == ("noted", None)
    assert await count(session) == (1, 2)
    assert await state(session, "storm-1") == "draft"


async def test_a_reference_with_another_time_is_not_guessed(session: Session, take: Take) -> None:
    await take(ALERT)
    other = replace(ALERT, sent=ALERT.sent - timedelta(seconds=30))
    with pytest.raises(RefusedError, match="which is meant is not sure"):
        await take(message(3, "Cancel", (other,), infos=False))
    assert await state(session, "storm-1") == "draft"


async def test_a_reference_to_a_cancel(take: Take) -> None:
    await take(ALERT)
    await take(CANCEL)
    with pytest.raises(RefusedError, match="which is of type Cancel"):
        await take(message(4, "Update", (CANCEL,)))


async def test_an_update_that_is_under_way_must_be_referenced_too(
    session: Session, take: Take, running: Imported
) -> None:
    await take(UPDATE)
    with pytest.raises(RefusedError, match="storm-2, which is draft"):
        await take(CANCEL)
    assert await state(session, running) == "running"
    done = await take(message(4, "Cancel", (ALERT, UPDATE), infos=False))
    assert done.ends == ("storm-1", "storm-2")


async def test_an_exercise_never_ends_what_is_actual(session: Session, take: Take, running: Imported) -> None:
    for message_type in ("Update", "Cancel"):
        with pytest.raises(RefusedError, match="status Exercise"):
            await take(message(5, message_type, (ALERT,), status="Exercise", note="x"))
    assert await state(session, running) == "running"


async def test_what_is_sent_comes_out_as_cap(session: Session, take: Take, running: Imported) -> None:
    own = Session(session.connection, replace(session.config, cap=Cap(sender="us@example.org")))
    found = await actions.export(own, "storm-1")
    alert = read(found.octets, machine_time()).alert
    assert alert == found.record
    assert (alert.status, alert.message_type, alert.identifier, alert.sender) == (
        "Actual", "Alert", "storm-1", "us@example.org",
    )  # fmt: skip
    assert [(info.language, info.description) for info in alert.infos] == [
        ("vi", "Bão số 1\nỞ trong nhà."), ("en", "Storm 1\nStay inside."),
    ]  # fmt: skip
    assert alert.infos[0].areas == ALERT.infos[0].areas
    assert alert.infos[0].expires == ALERT.infos[0].expires
    await run(own, await take(UPDATE))
    update = (await actions.export(own, "storm-2")).record
    assert (update.message_type, update.references) == ("Update", str(key_of(alert)))


async def test_our_own_alerts_can_be_referenced(session: Session, running: Imported) -> None:
    own = Session(session.connection, replace(session.config, cap=Cap(sender="us@example.org")))
    ours = (await actions.export(own, "storm-1")).record

    def cancels(number: int, about: Alert, sender: str) -> bytes:
        return octets(message(number, "Cancel", (about,), infos=False, sender=sender))

    with pytest.raises(RefusedError, match="nobody ends the alerts of others"):
        await by("an", actions.import_message, own, cancels(3, ours, "them@example.org"))
    done = await by("an", actions.import_message, own, cancels(3, ours, ours.sender))
    assert done.ends == ("storm-1",)
    wrong = replace(ours, sent=ours.sent + timedelta(seconds=1))
    with pytest.raises(RefusedError, match="never received"):
        await by("an", actions.import_message, own, cancels(4, wrong, ours.sender))


@pytest.mark.parametrize("message_type", ["Update", "Cancel"])
async def test_nobody_ends_the_alerts_of_others(
    session: Session, running: Imported, message_type: str
) -> None:
    forged = message(2, message_type, (message(1),), sender="them@example.org")
    with pytest.raises(RefusedError, match="nobody ends the alerts of others"):
        await by("an", actions.import_message, session, octets(forged))
    assert running.campaign is not None
    assert (await campaigns.by_name(session.connection, running.campaign.name)).state == "running"


async def test_before_its_launch_an_alert_is_exported_as_a_draft(session: Session, take: Take) -> None:
    await take(ALERT)
    own = Session(session.connection, replace(session.config, cap=Cap(sender="us@example.org")))
    assert (await actions.export(own, "storm-1")).record.status == "Draft"
    with pytest.raises(ConfigError, match="needs a sender"):
        await actions.export(session, "storm-1")


async def test_an_exercise_is_exported_with_its_mark(session: Session, take: Take) -> None:
    await take(message(1, status="Exercise", note="Autumn"))
    own = Session(session.connection, replace(session.config, cap=Cap(sender="us@example.org")))
    described = [info.description for info in (await actions.export(own, "storm-1")).record.infos]
    assert all(text and text.startswith("[") for text in described)


async def test_signed_in_and_out(session: Session, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("keys")
    signs = signer()
    (folder / "authority.pem").write_bytes(authority()[0].public_bytes(serialization.Encoding.PEM))
    (folder / "signer.pem").write_bytes(signs.chain[0].public_bytes(serialization.Encoding.PEM))
    (folder / "key").write_bytes(
        signs.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    cap = Cap(
        trust=str(folder / "authority.pem"),
        sender="us@example.org",
        signing_key=str(folder / "key"),
        signing_certificate=str(folder / "signer.pem"),
    )
    own = Session(session.connection, replace(session.config, cap=cap))
    done = await by("an", actions.import_message, own, write(ALERT, signs))
    assert (done.signature.standing, done.signature.signer) == ("verified", "CN=Ministry")
    found = await actions.export(own, "storm-1")
    again = read(found.octets, machine_time(), trust=Trust((authority()[0],)))
    assert again.signature.standing == "verified"
    for keys, said in (
        ({"trust": str(folder / "no.pem")}, "cannot read"),
        ({"trust": str(folder / "key")}, "no certificate"),
        ({"signing_key": str(folder / "signer.pem")}, "no PEM key"),
        ({"signing_certificate": str(folder / "authority.pem")}, "of another key"),
    ):
        wrong = Session(session.connection, replace(session.config, cap=replace(cap, **keys)))
        with pytest.raises(ConfigError, match=said):
            if "trust" in keys:
                await by("an", actions.import_message, wrong, octets(UPDATE))
            await actions.export(wrong, "storm-1")


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("VN-1", "VN-1"), ("urn:oid:2.49/1", "urn:oid:2.49-1"), ("..//", "alert"), ("x" * 99, "x" * 64)],
)
def test_names(identifier: str, name: str) -> None:
    assert actions.name_of(replace(ALERT, identifier=identifier)) == name


async def test_languages_that_are_none_of_the_country_s_are_kept_and_stay_at_home(session: Session) -> None:
    narrow = Session(
        session.connection,
        replace(session.config, country=replace(session.config.country, languages=("vi",))),
    )
    done = await by("an", actions.import_message, narrow, octets(ALERT))
    assert done.left_out == ("en",)
    assert done.campaign is not None
    assert (done.campaign.languages, [each for each, _ in done.campaign.texts]) == (("vi",), ["en", "vi"])


@pytest.mark.parametrize("who", ["binh", "lan"])
async def test_a_draft_takes_an_author(session: Session, who: str) -> None:
    with pytest.raises(RefusedError, match="an author must import it"):
        await by(who, actions.import_message, session, octets(ALERT))
    assert await count(session) == (0, 0)


async def test_a_cancel_takes_an_operator(session: Session, take: Take, running: Imported) -> None:
    for cancel in (CANCEL, message(6, "Cancel", (message(9),), infos=False)):
        with pytest.raises(RefusedError, match="an operator must import it"):
            await by("lan", actions.import_message, session, octets(cancel))
    assert await state(session, running) == "running"
    assert (await by("binh", actions.import_message, session, octets(CANCEL))).ends == ("storm-1",)


async def test_nobody_hangs_a_message_on_what_he_did_not_draft(session: Session, take: Take) -> None:
    """Straight in SQL: an Update's launch ends what it names, so it is only ever said of one's own draft."""
    done = await take(ALERT)
    row = {
        "sender": "s", "identifier": "i", "sent": "2026-09-01T00:00:00Z", "status": "Actual", "message_type": "Update",
        "campaign_id": done.campaign.campaign_id, "ends": [], "signature": "unsigned", "signer": "", "reason": "",
    }  # fmt: skip
    for changed in ({}, {"campaign_id": None}):
        with pytest.raises(asyncpg.PostgresError, match="draft of who imports it"):
            await by("mai", keep, session, {**row, **changed})
    with pytest.raises(asyncpg.PostgresError, match="this is no Cancel"):
        await by("an", keep, session, row, "desk_keep_cancel")
    cancel = {**row, "message_type": "Cancel", "campaign_id": None, "ends": [done.campaign.campaign_id]}
    with pytest.raises(asyncpg.PostgresError, match="Cancel is an operator's"):
        await by("an", keep, session, cancel)
    with pytest.raises(asyncpg.PostgresError, match="once what it is about has ended"):
        await by("an", keep, session, cancel, "desk_keep_cancel")


async def keep(session: Session, row: dict[str, object], step: str = "desk_keep_message") -> None:
    await session.connection.fetchval(sql(step), json.dumps(row), b"")


async def test_the_audit_chain_says_the_same(session: Session, take: Take, running: Imported) -> None:
    """Of what an Update's launch ended, and of a Cancel."""
    await run(session, await take(UPDATE))
    await take(message(3, "Cancel", (UPDATE,), infos=False))
    differing = [str(each) for each in named(await verify(session.connection))]
    assert [
        each for each in differing if each.startswith(("campaign", "act "))
    ] == []  # accounts are made by hand
    kept = await session.connection.fetch(
        "SELECT details FROM act WHERE what = 'message kept' ORDER BY act_no"
    )
    assert [json.loads(row["details"])["type"] for row in kept] == ["Alert", "Update", "Cancel"]
