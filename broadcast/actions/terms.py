"""What a person says of an alert, and what becomes of the rest: defaults of a new one, what an edit leaves alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from broadcast.actions.notices import ExpiryComesTwice
from broadcast.actions.session import Session
from broadcast.campaign import content as contents
from broadcast.campaign.alphabets import Alphabet, choose_alphabet
from broadcast.campaign.content import IN_DOUBT, PRIORITY, Category, Content, InDoubtPolicy
from broadcast.campaign.expiry import read_expiry
from broadcast.campaign.length import most_segments
from broadcast.campaign.plain import PlainLetter, PlainText, plain_text
from broadcast.campaign.text import normalise
from broadcast.errors import InputError
from broadcast.tables import nearest

_CATEGORY: Category = "health"
_EXPIRES = "24h"


@dataclass(frozen=True, slots=True)
class Terms:
    """None, and no carriers: not said. text: of `worded`. plain: also a text that is there already is to be written
    without diacritics. carriers: names as typed. expires: as `read_expiry` takes it."""

    text: PlainText | None = None
    plain: bool = False
    alphabet: Alphabet | None = None
    sender: str | None = None
    carriers: Sequence[str] = ()
    category: Category | None = None
    priority: int | None = None
    expires: str | None = None
    in_doubt_policy: InDoubtPolicy | None = None
    grace_s: int | None = None


def worded(text: str, *, plain: bool) -> PlainText:
    """The text as it will be kept, and what `plain` changed in it. Raises NoPlainFormError."""
    made = plain_text(normalise(text)) if plain else PlainText(text, ())
    return replace(made, text=normalise(made.text))


def new_content(session: Session, terms: Terms, now: datetime) -> tuple[Content, tuple[PlainLetter, ...]]:
    """What a draft says, and what `plain` changed in its text. Raises InputError for what is missing or wrong.

    now: from when a relative expiry counts.
    """
    config = session.config
    if terms.text is None:
        raise InputError("give the alert's text: --text TEXT or --text-file FILE")
    made = contents.content(
        text=terms.text.text,
        sender=config.sender if terms.sender is None else terms.sender,
        carriers=_carriers(session, terms) or tuple(config.country.prefixes),
        category=terms.category or _CATEGORY,
        expires_at=_expiry(session, _EXPIRES if terms.expires is None else terms.expires, now),
        alphabet=terms.alphabet,
        priority=terms.priority,
        in_doubt_policy=terms.in_doubt_policy,
        grace_s=contents.GRACE_S if terms.grace_s is None else terms.grace_s,
    )
    most_segments(config, made)  # better refused now than at the launch
    return made, terms.text.changes


def edited_content(
    session: Session, terms: Terms, now: datetime, before: Content
) -> tuple[Content, tuple[PlainLetter, ...] | None]:
    """`before` with what was said changed; what follows from text or category follows again.

    And what `plain` changed in a new text; None where the text stays. now: as of `new_content`.
    """
    text = plain_text(before.text) if terms.text is None and terms.plain else terms.text
    said: dict[str, Any] = {
        "sender": terms.sender,
        "carriers": _carriers(session, terms),
        "category": terms.category,
        "priority": terms.priority,
        "in_doubt_policy": terms.in_doubt_policy,
        "grace_s": terms.grace_s,
        "alphabet": terms.alphabet,
        "expires_at": None if terms.expires is None else _expiry(session, terms.expires, now),
    }
    changes = {name: value for name, value in said.items() if value is not None}
    if text is not None:
        changes = {"alphabet": choose_alphabet(text.text), **changes, "text": text.text}
    if category := terms.category:
        changes = {"priority": PRIORITY[category], "in_doubt_policy": IN_DOUBT[category], **changes}
    if not changes:
        raise InputError("nothing to change was given: see `broadcast campaign edit --help`")
    made = replace(before, **changes)
    contents.check(made)
    most_segments(session.config, made)
    return made, None if text is None or text.text == before.text else text.changes


def _expiry(session: Session, when: str, now: datetime) -> datetime:
    """A notice says which of two times was taken."""
    found = read_expiry(when, ZoneInfo(session.config.country.time_zone), now)
    if found.note:
        session.tell(ExpiryComesTwice(found.note))
    return found.at


def _carriers(session: Session, terms: Terms) -> tuple[str, ...] | None:
    known = list(session.config.country.prefixes)
    for name in terms.carriers:
        if name not in known:
            raise InputError(f"no carrier {name} in the numbering plan: {nearest(name, known)}")
    return tuple(sorted(set(terms.carriers))) or None
