"""What an Update or a Cancel is about, without any doubt: messages that were received here, or alerts of our own."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.actions.alert_record import STATUS, own_key
from broadcast.actions.session import Session
from broadcast.campaign import campaigns, messages
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.lifecycle import ENDS
from broadcast.cap import references
from broadcast.cap.record import Alert
from broadcast.cap.references import Key
from broadcast.errors import InputError, RefusedError
from broadcast.ids import CampaignId
from broadcast.languages import _


@dataclass(frozen=True, slots=True)
class Referenced:
    """messages: message_no. open, over: campaigns that they became, by whether they are at their end."""

    messages: tuple[int, ...]
    open: tuple[Campaign, ...]
    over: tuple[Campaign, ...]


@dataclass(frozen=True, slots=True)
class _One:
    key: Key
    status: str
    message_no: int | None
    campaign_id: CampaignId | None


async def referenced(session: Session, alert: Alert) -> Referenced:
    """Raises RefusedError for a reference that is unknown, or can mean several; each is named."""
    ones = [await _one(session, key, alert) for key in references.keys(alert)]
    for one in ones:
        if one.status != alert.status:
            raise RefusedError(
                _(
                    "it is of status {status}, and {key}, which it references, is {other}: what is exercised or tested"
                    " never ends what is actual, nor the other way round",
                    status=alert.status,
                    key=one.key,
                    other=one.status,
                )
            )
    numbers = tuple(one.message_no for one in ones if one.message_no is not None)
    found = [await campaigns.get(session.connection, each) for each in _unique(ones)]
    still = tuple(each for each in found if each.state not in ENDS)
    await _check_newest(session, numbers)
    return Referenced(numbers, still, tuple(each for each in found if each.state in ENDS))


async def known(session: Session, alert: Alert) -> tuple[int, ...]:
    """Of those that it references, the messages that were received here: for an Ack or Error, which end nothing."""
    found = [await messages.by_key(session.connection, key) for key in references.keys(alert)]
    return tuple(each.message_no for each in found if each is not None)


async def _one(session: Session, key: Key, alert: Alert) -> _One:
    if key.sender != alert.sender:
        raise RefusedError(
            _(
                "it is by {sender}, and references {key}, which is another's: nobody ends the alerts of others by a"
                " file; if it is to end, cancel its campaign (`broadcast campaign cancel`)",
                sender=alert.sender,
                key=key,
            )
        )
    found = await messages.by_key(session.connection, key)
    if found is None:
        return await _own(session, key)
    if found.message_type not in ("Alert", "Update"):
        raise RefusedError(
            _(
                "it references {key}, which is of type {type}: only an Alert or Update can be updated or cancelled",
                key=key,
                type=found.message_type,
            )
        )
    return _One(key, found.status, found.message_no, found.campaign_id)


async def _own(session: Session, key: Key) -> _One:
    """An alert that was written here, and exported."""
    config = session.config
    if config.cap.sender and key.sender == config.cap.sender:
        try:
            campaign = await campaigns.by_name(session.connection, key.identifier)
        except InputError:
            raise _unknown(key) from None
        if own_key(config, campaign) == key:
            return _One(key, STATUS[campaign.status], None, campaign.campaign_id)
    if near := await messages.called(session.connection, key):
        raise RefusedError(
            _(
                "it references {key}; what was received of that name is {others}: which is meant is not sure, ask the"
                " sender",
                key=key,
                others=", ".join(str(each.key) for each in near),
            )
        )
    raise _unknown(key)


def _unknown(key: Key) -> RefusedError:
    return RefusedError(
        _("it references {key}, which was never received here: import that first, or ask the sender", key=key)
    )


async def _check_newest(session: Session, numbers: Sequence[int]) -> None:
    """Raises RefusedError where an Update of one of these is under way that is not referenced itself."""
    for update in await messages.updates_of(session.connection, numbers):
        if update.message_no in numbers or update.campaign_id is None:
            continue
        campaign = await campaigns.get(session.connection, update.campaign_id)
        if campaign.state not in ENDS:
            raise RefusedError(
                _(
                    "it references what {update} updates, and not that itself: whether campaign {name}, which is"
                    " {state}, is meant too is not sure; ask the sender, or cancel that first",
                    update=update.key,
                    name=campaign.name,
                    state=campaign.state,
                )
            )


def _unique(ones: Sequence[_One]) -> tuple[CampaignId, ...]:
    return tuple(dict.fromkeys(one.campaign_id for one in ones if one.campaign_id is not None))
