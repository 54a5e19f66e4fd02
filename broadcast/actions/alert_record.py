"""A campaign as a CAP 1.2 record: what is sent, in CAP's words. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from broadcast.campaign import area
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Category, Status
from broadcast.campaign.languages import UNDETERMINED, message_text
from broadcast.cap.record import Alert, Area, Info, Pair
from broadcast.cap.references import Key
from broadcast.cap.telling import language_of
from broadcast.config import Config

STATUS: Final[dict[Status, str]] = {"actual": "Actual", "exercise": "Exercise", "test": "Test"}
_CATEGORY: Final[dict[Category, str]] = {"emergency": "Safety", "health": "Health", "routine": "Other"}
_BARE: Final = Info(("Other",), "", "Unknown", "Unknown", "Unknown")


def own_key(config: Config, campaign: Campaign) -> Key:
    """As which an alert of ours is known to others: by its name, and when it was launched, or drafted."""
    sent = _local(config, campaign.launched_at or campaign.drafted_at)
    return Key(config.cap.sender, campaign.name, sent)


def record(
    config: Config, campaign: Campaign, original: Alert | None = None, about: Sequence[Campaign] = ()
) -> Alert:
    """original: the message that it came from, whose event, urgency and so on it keeps. about: what it supersedes.

    What was not launched yet is a Draft, which no receiver acts on.
    """
    key = own_key(config, campaign)
    told = [str(own_key(config, each)) for each in about if each.launched_at is not None]
    return Alert(
        identifier=key.identifier,
        sender=key.sender,
        sent=key.sent,
        status=STATUS[campaign.status] if campaign.launched_at else "Draft",
        message_type="Update" if told else "Alert",
        scope="Public",
        source=None if original is None else f"{original.sender},{original.identifier}",
        note=f"exercise {campaign.name}" if campaign.status != "actual" else None,
        references=" ".join(told) or None,
        infos=tuple(_info(config, campaign, original, *each) for each in _texts(config, campaign)),
    )


def _texts(config: Config, campaign: Campaign) -> list[tuple[str, str]]:
    """What goes out, language by language, with an exercise's mark."""
    texts, own = dict(campaign.texts), config.country.languages[0]
    if not texts:  # of an older version
        return [(own, campaign.text)]
    marks = None if campaign.status == "actual" else config.country.exercise_marks
    return [
        (own if each == UNDETERMINED else each, message_text(texts, [each], marks))
        for each in campaign.languages
    ]


def _info(config: Config, campaign: Campaign, original: Alert | None, language: str, text: str) -> Info:
    same = [
        info
        for info in (() if original is None else original.infos)
        if language_of(info, config.country.languages) == language
    ]
    bare = replace(_BARE, event=campaign.name, categories=(_CATEGORY[campaign.category],))
    return replace(
        same[0] if same else bare,
        language=language,
        effective=_local(config, campaign.launched_at) if campaign.launched_at else None,
        expires=_local(config, campaign.expires_at),
        sender_name=same[0].sender_name if same and same[0].sender_name else campaign.sender,
        headline=None,
        description=text.replace("\f", "\n"),
        instruction=None,
        parameters=(Pair("content", campaign.code),),
        resources=(),
        areas=tuple(_area(each) for each in campaign.areas),
    )


def _area(each: area.Area) -> Area:
    return Area(each.description, each.polygons, each.circles, tuple(Pair(*pair) for pair in each.geocodes))


def _local(config: Config, at: datetime) -> datetime:
    """In the country's zone, to the second, as CAP has times."""
    return at.replace(microsecond=0).astimezone(ZoneInfo(config.country.time_zone))
