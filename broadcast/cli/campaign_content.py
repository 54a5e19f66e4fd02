"""The options that say what an alert is: the same for a new draft and for an edit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, get_args
from zoneinfo import ZoneInfo

import click

from broadcast.campaign import campaigns
from broadcast.campaign import content as contents
from broadcast.campaign.alphabets import Alphabet, choose_alphabet
from broadcast.campaign.content import CATEGORIES, IN_DOUBT, PRIORITY, Content, InDoubtPolicy
from broadcast.campaign.expiry import read_expiry
from broadcast.campaign.plain import PlainLetter, PlainText, plain_text
from broadcast.campaign.text import normalise
from broadcast.cli.output import note
from broadcast.config import Config
from broadcast.errors import InputError
from broadcast.tables import nearest

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--text", help="The text itself."),
    click.option(
        "--text-file", type=click.Path(path_type=Path, allow_dash=True), help="Its file, UTF-8; - is stdin."
    ),
    click.option(
        "--plain",
        "--transliterate",
        "plain",
        is_flag=True,
        help="Write the text without diacritics: fewer segments. The forecast shows every change.",
    ),
    click.option(
        "--alphabet", type=click.Choice(get_args(Alphabet)), help="Default: gsm0338 if it has every letter."
    ),
    click.option("--sender", help="Default: the configuration's."),
    click.option(
        "--carrier",
        "carriers",
        multiple=True,
        metavar="NAME",
        help="Only this one; repeatable. Default: all.",
    ),
    click.option(
        "--category",
        type=click.Choice(CATEGORIES),
        help="Default: health. An emergency reaches opted-out too.",
    ),
    click.option("--priority", type=click.IntRange(0, 9), help="Higher goes first. Default: by category."),
    click.option(
        "--expires",
        metavar="WHEN",
        help="6h, 90m, 2d, or the country's time, 2030-01-31T18:00 say. Default: 24h.",
    ),
    click.option(
        "--in-doubt",
        type=click.Choice(get_args(InDoubtPolicy)),
        help="After a crash, to those who may have it already: resend or hold. Default: by category.",
    ),
    click.option("--grace", type=click.IntRange(0, 86_400), help="Seconds to wait before that. Default: 60."),
)


def content_options(command: F) -> F:
    """All of them, as the parameters that `new_content` and `edited_content` take."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def new_content(
    config: Config, options: Mapping[str, Any], given: PlainText | None, now: datetime
) -> tuple[Content, tuple[PlainLetter, ...]]:
    """What a draft says, and what `--plain` changed in its text. Raises InputError for what is missing or wrong.

    given: of `given_text`; now: from when `--expires` counts.
    """
    if given is None:
        raise InputError("give the alert's text: --text TEXT or --text-file FILE")
    made = contents.content(
        text=given.text,
        sender=config.sender if options["sender"] is None else options["sender"],
        carriers=_carriers(config, options) or tuple(config.country.prefixes),
        category=options["category"] or "health",
        expires_at=_expiry("24h" if options["expires"] is None else options["expires"], config, now),
        alphabet=options["alphabet"],
        priority=options["priority"],
        in_doubt_policy=options["in_doubt"],
        grace_s=contents.GRACE_S if options["grace"] is None else options["grace"],
    )
    campaigns.most_segments(config, made)  # better refused now than at the launch
    return made, given.changes


def edited_content(
    config: Config, options: Mapping[str, Any], text: PlainText | None, now: datetime, before: Content
) -> tuple[Content, tuple[PlainLetter, ...] | None]:
    """`before` with what was given changed; what follows from text or category follows again.

    And what `--plain` changed in a new text; None where the text stays. text, now: as of `new_content`.
    """
    if text is None and options["plain"]:
        text = plain_text(before.text)
    changes: dict[str, Any] = {
        "sender": options["sender"],
        "carriers": _carriers(config, options),
        "category": options["category"],
        "priority": options["priority"],
        "in_doubt_policy": options["in_doubt"],
        "grace_s": options["grace"],
        "alphabet": options["alphabet"],
    }
    given = {name: value for name, value in changes.items() if value is not None}
    if options["expires"] is not None:
        given["expires_at"] = _expiry(options["expires"], config, now)
    if text is not None:
        given = {"alphabet": choose_alphabet(text.text), **given, "text": text.text}
    if category := options["category"]:
        given = {"priority": PRIORITY[category], "in_doubt_policy": IN_DOUBT[category], **given}
    if not given:
        raise InputError("nothing to change was given: see `broadcast campaign edit --help`")
    made = replace(before, **given)
    contents.check(made)
    campaigns.most_segments(config, made)
    return made, None if text is None or text.text == before.text else text.changes


def _expiry(when: str, config: Config, now: datetime) -> datetime:
    """A line says which of two times was taken."""
    found = read_expiry(when, ZoneInfo(config.country.time_zone), now)
    if found.note:
        note(found.note)
    return found.at


def _carriers(config: Config, options: Mapping[str, Any]) -> tuple[str, ...] | None:
    known = list(config.country.prefixes)
    for name in options["carriers"]:
        if name not in known:
            raise InputError(f"no carrier {name} in the numbering plan: {nearest(name, known)}")
    return tuple(sorted(set(options["carriers"]))) or None


def given_text(options: Mapping[str, Any]) -> PlainText | None:
    """The text given, as it will be kept, and what `--plain` changed in it; None when none was given."""
    text, file = options["text"], options["text_file"]
    if text is not None and file is not None:
        raise InputError("give --text or --text-file, not both")
    if file is not None:
        text = _read(file)
    if text is None:
        return None
    made = plain_text(normalise(text)) if options["plain"] else PlainText(text, ())
    return replace(made, text=normalise(made.text))


def _read(file: Path) -> str:
    try:
        with click.open_file(str(file), "rb") as source:
            octets: bytes = source.read(100_000)
        return octets.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: save it as UTF-8") from error
