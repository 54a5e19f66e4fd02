"""The options that say what an alert is: the same for a new draft and for an edit."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from broadcast.actions.terms import Terms, worded
from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.content import CATEGORIES, InDoubtPolicy
from broadcast.campaign.plain import PlainText
from broadcast.errors import InputError

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
    """All of them, as the parameters that `terms` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def terms(options: Mapping[str, Any]) -> Terms:
    """What was said. Raises InputError for a text that cannot be read."""
    return Terms(
        text=_text(options),
        plain=options["plain"],
        alphabet=options["alphabet"],
        sender=options["sender"],
        carriers=options["carriers"],
        category=options["category"],
        priority=options["priority"],
        expires=options["expires"],
        in_doubt_policy=options["in_doubt"],
        grace_s=options["grace"],
    )


def _text(options: Mapping[str, Any]) -> PlainText | None:
    text, file = options["text"], options["text_file"]
    if text is not None and file is not None:
        raise InputError("give --text or --text-file, not both")
    if file is not None:
        text = _read(file)
    return None if text is None else worded(text, plain=options["plain"])


def _read(file: Path) -> str:
    try:
        with click.open_file(str(file), "rb") as source:
            octets: bytes = source.read(100_000)
        return octets.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8: save it as UTF-8") from error
