"""What a person says of an alert, and what becomes of the rest: defaults of a new one, what an edit leaves alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from broadcast.actions.notices import EmergencyWaits, ExpiryComesTwice, LineLeftOut
from broadcast.actions.session import Session, Tell
from broadcast.campaign import content as contents
from broadcast.campaign.alphabets import Alphabet, choose_alphabet
from broadcast.campaign.area import Area
from broadcast.campaign.content import (
    IN_DOUBT,
    PRIORITY,
    Category,
    Content,
    Hearers,
    InDoubtPolicy,
    Status,
)
from broadcast.campaign.expiry import read_expiry
from broadcast.campaign.languages import check_language, message_text
from broadcast.campaign.length import text_segments
from broadcast.campaign.plain import PlainLetter, PlainText, all_changes, plain_text
from broadcast.campaign.plan import NOTHING_SAID, Plan
from broadcast.campaign.sendable import check_sendable
from broadcast.campaign.text import normalise
from broadcast.campaign.wording import Texts, with_lines
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.languages import _

_CATEGORY: Category = "health"
_EXPIRES = "24h"


@dataclass(frozen=True, slots=True)
class Terms:
    """None, and no carriers: not said. text: of `worded`, in the country's own language; texts: in others. languages:
    those in the message; none: all that there are. plain: also a text that is there already is to be written without
    diacritics. carriers: names as typed. expires: as `read_expiry` takes it. plan: its fields that were said."""

    text: PlainText | None = None
    texts: Mapping[str, PlainText] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    plain: bool = False
    alphabet: Alphabet | None = None
    sender: str | None = None
    carriers: Sequence[str] = ()
    category: Category | None = None
    priority: int | None = None
    expires: str | None = None
    in_doubt_policy: InDoubtPolicy | None = None
    grace_s: int | None = None
    status: Status | None = None
    hearers: Hearers | None = None
    corrects: int | None = None
    areas: tuple[Area, ...] | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)


def worded(text: str, *, plain: bool) -> PlainText:
    """The text as it will be kept, and what `plain` changed in it. Raises NoPlainFormError."""
    made = plain_text(normalise(text)) if plain else PlainText(text, ())
    return replace(made, text=normalise(made.text))


def message_of(config: Config, terms: Terms, tell: Tell) -> tuple[Texts, tuple[str, ...], str]:
    """Of a new alert: its texts with what the configuration appends, the languages in the message, and that message.

    Raises InputError.
    """
    said = _said(config, terms)
    if not said:
        raise InputError(_("give the alert's text: --text TEXT or --text-file FILE"))
    languages, status = terms.languages or tuple(said), terms.status or "actual"

    def message(texts: Texts) -> dict[str, Any]:
        plainly = _plainly(texts)
        text = _message(config, plainly, languages, status)
        return {"text": text, "texts": plainly, "languages": languages}

    def segments(texts: Texts) -> int:
        return _segments(config, terms, message(texts), NOTHING_SAID)

    said = _lined(config, tell, terms, said, terms.category or _CATEGORY, segments)
    return said, languages, message(said)["text"]


def new_content(session: Session, terms: Terms, now: datetime) -> tuple[Content, tuple[PlainLetter, ...]]:
    """What a draft says, and what `plain` changed in its text. Raises InputError for what is missing or wrong.

    now: from when a relative expiry counts.
    """
    config = session.config
    said, languages, text = message_of(config, terms, session.tell)
    made = contents.content(
        text=text,
        texts=_plainly(said),
        languages=languages,
        sender=config.sender if terms.sender is None else terms.sender,
        carriers=carriers_named(session.config, terms.carriers) or tuple(config.country.prefixes),
        category=terms.category or _CATEGORY,
        expires_at=_expiry(session, _EXPIRES if terms.expires is None else terms.expires, now),
        alphabet=terms.alphabet,
        priority=terms.priority,
        in_doubt_policy=terms.in_doubt_policy,
        grace_s=contents.GRACE_S if terms.grace_s is None else terms.grace_s,
        status=terms.status or "actual",
        hearers=terms.hearers or "everybody",
        corrects=terms.corrects,
        areas=terms.areas or (),
        plan=_planned(Plan(**terms.plan), chosen=terms.alphabet is not None),
    )
    check_sendable(config, made)  # better refused now than at the launch
    _tell_waits(session, made)
    return made, all_changes(said.values())


def edited_content(
    session: Session, terms: Terms, now: datetime, before: Content
) -> tuple[Content, tuple[PlainLetter, ...] | None]:
    """`before` with what was said changed; what follows from text or category follows again.

    And what `plain` changed in a new text; None where the text stays. now: as of `new_content`.
    """
    config = session.config
    new = _said(config, terms)
    if new:
        new = _lined(
            config,
            session.tell,
            terms,
            new,
            terms.category or before.category,
            lambda texts: _segments(config, terms, _rewritten(config, terms, before, texts), before.plan),
        )
    elif terms.plain:
        new = {language: plain_text(text) for language, text in _texts_of(config, before).items()}
    changes = _changes(session, terms, now)
    if new or terms.languages or terms.status:
        changes = {**changes, **_rewritten(config, terms, before, new)}
    text = changes.get("text", before.text)
    if text != before.text or new:
        changes = {"alphabet": choose_alphabet(text), **changes}
    if category := terms.category:
        changes = {"priority": PRIORITY[category], "in_doubt_policy": IN_DOUBT[category], **changes}
    kept = terms.alphabet is not None or ("alphabet" not in changes and before.plan.one_alphabet)
    plan = _planned(replace(before.plan, **terms.plan), chosen=kept)
    if terms.plan or plan != before.plan:
        changes = {**changes, "plan": plan}
    if not changes:
        raise InputError(_("nothing to change was given: see `broadcast campaign edit --help`"))
    made = replace(before, **changes)
    contents.check(made)
    check_sendable(config, made)
    _tell_waits(session, made)
    return made, all_changes(new.values()) if new and text != before.text else None


def _tell_waits(session: Session, made: Content) -> None:
    if made.category == "emergency" and made.plan.canary is not None:
        session.tell(EmergencyWaits(made.plan.canary.wait_s))


def _changes(session: Session, terms: Terms, now: datetime) -> dict[str, Any]:
    """Fields of the content that were given, the text apart."""
    said: dict[str, Any] = {
        "sender": terms.sender,
        "carriers": carriers_named(session.config, terms.carriers),
        "category": terms.category,
        "priority": terms.priority,
        "in_doubt_policy": terms.in_doubt_policy,
        "grace_s": terms.grace_s,
        "alphabet": terms.alphabet,
        "expires_at": None if terms.expires is None else _expiry(session, terms.expires, now),
        "status": terms.status,
        "hearers": terms.hearers,
        "areas": terms.areas,
    }
    return {name: value for name, value in said.items() if value is not None}


def _rewritten(config: Config, terms: Terms, before: Content, new: Texts) -> dict[str, Any]:
    """What a new text of a language, another choice of languages, or a mark makes of the message."""
    texts = {**_texts_of(config, before), **_plainly(new)}
    kept = before.languages or tuple(_texts_of(config, before))
    languages = terms.languages or (*kept, *(each for each in new if each not in kept))
    text = _message(config, texts, languages, terms.status or before.status)
    return {"texts": tuple(sorted(texts.items())), "languages": languages, "text": text}


def _texts_of(config: Config, before: Content) -> dict[str, str]:
    """By language; what was written before there were languages is in the country's own."""
    return dict(before.texts) or {config.country.languages[0]: before.text}


def _said(config: Config, terms: Terms) -> Texts:
    """By language. Raises InputError."""
    own = {} if terms.text is None else {config.country.languages[0]: terms.text}
    if twice := own.keys() & terms.texts.keys():
        raise InputError(
            _("the text in {twice} was given twice: it is the country's own language", twice=min(twice))
        )
    for language in (*terms.texts, *terms.languages):
        check_language(language)
    return {**own, **terms.texts}


def _lined(
    config: Config,
    tell: Tell,
    terms: Terms,
    said: Texts,
    category: Category,
    segments: Callable[[Texts], int],
) -> Texts:
    """With what the configuration appends; a notice says what it left out. segments: with texts that are new."""
    found, left_out = with_lines(
        config.wording.append, said, category, lambda line: worded(line, plain=terms.plain), segments
    )
    for name in left_out:
        tell(LineLeftOut(name))
    return found


def _segments(config: Config, terms: Terms, message: Mapping[str, Any], plan: Plan) -> int:
    """Of a message; where each hears their own language, of all of its texts. message: fields of a content. plan: as
    it was before."""
    texts = [message["text"]]
    if replace(plan, **terms.plan).own_language:
        texts = [dict(message["texts"])[each] for each in message["languages"]]
    return sum(text_segments(config, terms.alphabet or choose_alphabet(each), each) for each in texts)


def _planned(plan: Plan, *, chosen: bool) -> Plan:
    """chosen: somebody said the alphabet of the text that there is."""
    return replace(plan, one_alphabet=plan.own_language and chosen)


def _plainly(texts: Texts) -> dict[str, str]:
    return {language: each.text for language, each in texts.items()}


def _message(config: Config, texts: Mapping[str, str], languages: Sequence[str], status: Status) -> str:
    return normalise(
        message_text(texts, languages, None if status == "actual" else config.country.exercise_marks)
    )


def _expiry(session: Session, when: str, now: datetime) -> datetime:
    """A notice says which of two times was taken."""
    found = read_expiry(when, ZoneInfo(session.config.country.time_zone), now)
    if found.note:
        session.tell(ExpiryComesTwice(found.note))
    return found.at


def carriers_named(config: Config, said: Sequence[str]) -> tuple[str, ...] | None:
    """None: none was said. Raises InputError, with the nearest name."""
    for name in said:
        config.country.check_carrier(name)
    return tuple(sorted(set(said))) or None
