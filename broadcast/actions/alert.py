"""CAP messages: what an import makes of one, and an alert as a CAP record.

A message is taken once, by its identifier, sender and time. An Alert or Update becomes a draft, as if somebody had
written it; a Cancel ends what it references and never becomes an alert; Ack and Error are noted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg

from broadcast.actions import clock
from broadcast.actions.alert_files import signer_of, trust_of
from broadcast.actions.alert_record import STATUS, record
from broadcast.actions.alert_references import known, referenced
from broadcast.actions.campaign import cancel
from broadcast.actions.drafting import draft
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, worded
from broadcast.campaign import campaigns, messages
from broadcast.campaign.area import Area
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Hearers, Status
from broadcast.campaign.messages import Message
from broadcast.cap import references
from broadcast.cap.alert import Read, check, read
from broadcast.cap.faults import Fault
from broadcast.cap.reading import read_tree, tree_of
from broadcast.cap.record import Alert
from broadcast.cap.signature import Outcome
from broadcast.cap.telling import in_order, texts
from broadcast.cap.urgency import urgent
from broadcast.cap.write import write
from broadcast.errors import ConfigError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _
from broadcast.store.queries import sql

Became = Literal["drafted", "known", "stopped", "noted"]

_STATUS: Final[dict[str, Status]] = {word: status for status, word in STATUS.items()}
_NO_CHARACTER: Final = re.compile(r"[^\w.:-]+")
_NAME_MOST: Final = 64
NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Imported:
    """became: `known`: it was here already, and nothing was made. ends: names of campaigns that its launch will end, or
    that it ended; over: that it references, and that were at their end. left_out: languages that do not go out.
    remarks: sentences for whoever reads it."""

    became: Became
    message: str
    campaign: Campaign | None
    ends: tuple[str, ...]
    over: tuple[str, ...]
    left_out: tuple[str, ...]
    faults: tuple[Fault, ...]
    signature: Outcome
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """octets: the file. faults: what profiles have against it."""

    record: Alert
    octets: bytes
    faults: tuple[Fault, ...]


async def import_message(
    session: Session,
    octets: bytes,
    name: str | None = None,
    expires: str | None = None,
    hearers: Hearers | None = None,
    plan: Mapping[str, Any] = NOTHING,
) -> Imported:
    """name: of the campaign; None: made of the identifier. expires: instead of the message's. hearers: of an exercise,
    which own phones hear unless more are said. plan: as of Terms; where it says no areas, the message's do.

    Raises CapError with every error of the file, RefusedError for what is not for the public or not sure.
    """
    config, now = session.config, await clock.now(session)
    found = read(octets, now, config.cap.profiles, trust_of(config.cap))
    if (before := await messages.by_key(session.connection, references.key_of(found.alert))) is not None:
        return await _known(session, found, before)
    check_public(found.alert)
    try:
        match found.alert.message_type:
            case "Cancel":
                return await _stopped(session, found, octets)
            case "Ack" | "Error":
                return await _noted(session, found, octets)
        said = replace(terms(session, found.alert, expires, hearers, now), plan=plan)
        return await _drafted(session, found, octets, said, name, now)
    except asyncpg.UniqueViolationError as error:
        raise RefusedError(
            _("somebody imports this message at the same moment: look what became of it")
        ) from error


async def export(session: Session, name: str) -> Exported:
    """An alert as CAP, signed where a key is configured. Raises ConfigError without a sender of CAP's."""
    config = session.config
    if not config.cap.sender:
        raise ConfigError(_('an exported alert needs a sender: [cap] sender = "alerts@example.org" say'))
    campaign = await campaigns.by_name(session.connection, name)
    message = await messages.of_campaign(session.connection, campaign.campaign_id)
    original = None if message is None else read_tree(tree_of(message.octets))[0]
    ended = [*(message.ends if message else ()), *([campaign.corrects] if campaign.corrects else ())]
    about = [await campaigns.get(session.connection, CampaignId(each)) for each in ended]
    made = record(config, campaign, original, about)
    return Exported(made, write(made, signer_of(config.cap)), check(made, config.cap.profiles))


def check_public(alert: Alert) -> None:
    """Raises RefusedError for what is not to be told to people."""
    if alert.status not in _STATUS:
        raise RefusedError(
            _(
                "its status is {status}: only Actual reaches people, Exercise and Test reach own phones",
                status=alert.status,
            )
        )
    if alert.scope != "Public":
        raise RefusedError(
            _(
                "its scope is {scope}: everybody on the list would hear it; only Public may go there",
                scope=alert.scope,
            )
        )


def terms(
    session: Session, alert: Alert, expires: str | None, hearers: Hearers | None, now: datetime
) -> Terms:
    """What a person would say of it. Raises RefusedError where it says nothing, or is over."""
    if not alert.infos:
        raise RefusedError(_("it has no <info>: there is nothing to tell people"))
    status, row = _STATUS[alert.status], urgent(alert, session.config.cap.urgent)
    told = texts(alert, session.config.country.languages)
    if status == "test" and hearers == "everybody":
        raise RefusedError(_("its status is Test: only own phones hear it"))
    return Terms(
        texts={language: worded(text, plain=False) for language, text in told.items()},
        languages=in_order(told, session.config.country.languages),
        category=row.category,
        priority=row.priority,
        expires=expires or _expiry(alert, now),
        status=status,
        hearers=hearers or ("everybody" if status == "actual" else "phones"),
        areas=_areas(alert),
    )


def _expiry(alert: Alert, now: datetime) -> str | None:
    """The earliest: no part goes out after its own. None: it says none."""
    said = [info.expires for info in alert.infos if info.expires is not None]
    if not said:
        return None
    if min(said) <= now:
        raise RefusedError(
            _(
                "it expired at {at}: there is nothing to tell any more, unless --expires says until when",
                at=min(said).isoformat(),
            )
        )
    return min(said).isoformat()


def _areas(alert: Alert) -> tuple[Area, ...]:
    """Each once, in the file's order: several languages mostly name the same places."""
    found = [
        Area(
            area.description,
            area.polygons,
            area.circles,
            tuple((pair.name, pair.value) for pair in area.geocodes),
        )
        for info in alert.infos
        for area in info.areas
    ]
    return tuple(dict.fromkeys(found))


async def _drafted(
    session: Session,
    found: Read,
    octets: bytes,
    said: Terms,
    name: str | None,
    now: datetime,
) -> Imported:
    """One transaction: there is never a draft without its message."""
    alert = found.alert
    await _check_role(session, "author", _("it becomes a draft: an author must import it (--as NAME)"))
    about = await referenced(session, alert) if alert.message_type == "Update" else None
    said, whose = await _targeted(session, said)
    async with session.connection.transaction():
        made = await draft(session, name or name_of(alert), said)
        await _keep(
            session, found, octets, about=about.messages if about else (), campaign_id=made.campaign_id,
            ends=[each.campaign_id for each in about.open] if about else (),
        )  # fmt: skip
        made = await campaigns.get(session.connection, made.campaign_id)  # its code has changed with that
    done = _imported(
        "drafted",
        found,
        made,
        about.open if about else (),
        about.over if about else (),
        [*_remarks(alert, now), *whose],
    )
    return replace(done, left_out=tuple(each for each in said.texts if each not in said.languages))


async def _targeted(session: Session, said: Terms) -> tuple[Terms, list[str]]:
    """With the areas that it concerns, unless somebody said which; and what is to be told of that."""
    areas = said.areas or ()
    if "areas" in said.plan:
        return said, [] if said.plan["areas"] else [_("it is for everybody on the list, wherever they live")]
    if not areas:
        return said, [_("IT NAMES NO AREA: EVERYBODY ON THE LIST HEARS IT")]
    # not before an alert says where it holds: what ends or exports one waits for no library of shapes
    from broadcast.actions.alert_targets import targets

    found = await targets(session, areas, must=said.hearers == "everybody")
    if found is None:
        return said, [
            _("NO AREAS ARE KNOWN HERE, SO ITS AREAS CHOOSE NOBODY: EVERYBODY ON THE LIST HEARS IT;"
              " `broadcast area import` brings areas")
        ]  # fmt: skip
    return replace(said, plan={**said.plan, "areas": found.codes}), list(found.remarks)


async def _stopped(session: Session, found: Read, octets: bytes) -> Imported:
    """Each by an order of its own, which an operator alone may give; then the message is kept. If that ends half way,
    another import of it goes on."""
    await _check_role(
        session, "operator", _("a Cancel ends alerts at once: an operator must import it (--as NAME)")
    )
    about = await referenced(session, found.alert)
    ended = [await cancel(session, each.name) for each in about.open]
    ends = [each.campaign_id for each in ended]
    await _keep(session, found, octets, about=about.messages, ends=ends)
    return _imported("stopped", found, None, ended, about.over)


async def _check_role(session: Session, role: str, otherwise: str) -> None:
    """For a word of its own; the database asks again."""
    if not await session.connection.fetchval(sql("desk_has"), role):
        raise RefusedError(otherwise)


async def _noted(session: Session, found: Read, octets: bytes) -> Imported:
    await _check_role(session, "author", _("an author must import it (--as NAME)"))
    await _keep(session, found, octets, about=await known(session, found.alert))
    return _imported("noted", found)


async def _known(session: Session, found: Read, before: Message) -> Imported:
    """Raises RefusedError where it says something else than before."""
    if read_tree(tree_of(before.octets))[0] != found.alert:
        raise RefusedError(
            _(
                "{key} was received before, and said something else: a message must have an identifier of its own, ask"
                " the sender",
                key=before.key,
            )
        )
    ends = [await campaigns.get(session.connection, each) for each in before.ends]
    campaign = before.campaign_id and await campaigns.get(session.connection, before.campaign_id)
    return _imported("known", found, campaign or None, ends)


def _imported(
    became: Became,
    found: Read,
    campaign: Campaign | None = None,
    ends: Sequence[Campaign] = (),
    over: Sequence[Campaign] = (),
    remarks: Sequence[str] = (),
) -> Imported:
    return Imported(
        became,
        str(references.key_of(found.alert)),
        campaign,
        tuple(each.name for each in ends),
        tuple(each.name for each in over),
        (),
        found.faults,
        found.signature,
        tuple(remarks),
    )


async def _keep(
    session: Session,
    found: Read,
    octets: bytes,
    *,
    about: Sequence[int],
    campaign_id: CampaignId | None = None,
    ends: Sequence[CampaignId] = (),
) -> None:
    alert, signature = found.alert, found.signature
    await messages.keep(
        session.connection, references.key_of(alert), status=alert.status, message_type=alert.message_type,
        octets=octets, signature=(signature.standing, signature.signer, signature.reason), about=about,
        campaign_id=campaign_id, ends=ends,
    )  # fmt: skip


def name_of(alert: Alert) -> str:
    """A campaign's name made of the identifier: what a name may not have becomes a dash."""
    return _NO_CHARACTER.sub("-", alert.identifier).lstrip(".:-")[:_NAME_MOST] or "alert"


def _remarks(alert: Alert, now: datetime) -> list[str]:
    begin = [info.effective for info in alert.infos if info.effective is not None]
    remarks = []
    if begin and min(begin) > now + timedelta(minutes=1):
        remarks.append(
            _("it is effective from {at} on: launch it then, and not before", at=min(begin).isoformat())
        )
    if not any(info.expires for info in alert.infos):
        remarks.append(_("it does not say when it expires: look whether what the draft says is right"))
    return remarks
