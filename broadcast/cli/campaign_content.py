"""The options that say what an alert is: the same for a new draft and for an edit."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import click

from broadcast.actions.terms import Terms, worded
from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.content import CATEGORIES, InDoubtPolicy, Status
from broadcast.campaign.plain import PlainText
from broadcast.cli.campaign_plan import plan, plan_options
from broadcast.errors import InputError
from broadcast.languages import _

F = TypeVar("F", bound=Callable[..., Any])
_TAGGED: Final = re.compile("([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)=(.*)", re.DOTALL)

_TEXTS = (
    click.option(
        "--text",
        "texts",
        multiple=True,
        metavar="[LANGUAGE=]TEXT",
        help="The text itself; repeatable, with another language before it: en=Wash your hands.",
    ),
    click.option(
        "--text-file",
        "text_files",
        multiple=True,
        metavar="[LANGUAGE=]FILE",
        help="Its file, UTF-8; - is stdin.",
    ),
)
_WORDING = (
    click.option(
        "--languages",
        metavar="LANGUAGE,...",
        help="Which texts are in the message, in this order. Default: all.",
    ),
    click.option(
        "--status",
        type=click.Choice(get_args(Status)),
        help="Default: actual. The text of an exercise begins with its mark.",
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
)
_TERMS = (
    click.option("--sender", help="Default: the configuration's."),
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
    return _with((*_TEXTS, *_WORDING, *_TERMS), plan_options(command))


def text_options(command: F) -> F:
    """Those that a text's cost depends on."""
    return _with((*_TEXTS, *_WORDING), command)


def terms_options(command: F) -> F:
    """All but the texts."""
    return _with((*_WORDING, *_TERMS), plan_options(command))


def _with(options: Sequence[Callable[[F], F]], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def terms(options: Mapping[str, Any]) -> Terms:
    """What was said. Raises InputError for a text that cannot be read."""
    own, texts = _texts(options)
    return Terms(
        text=own,
        texts=texts,
        languages=tuple(filter(None, (options["languages"] or "").replace(" ", "").split(","))),
        plain=options["plain"],
        alphabet=options["alphabet"],
        sender=options.get("sender"),
        carriers=options["carriers"],
        category=options["category"],
        priority=options.get("priority"),
        expires=options.get("expires"),
        in_doubt_policy=options.get("in_doubt"),
        grace_s=options.get("grace"),
        status=options["status"],
        plan=plan(options),
    )


def _texts(options: Mapping[str, Any]) -> tuple[PlainText | None, dict[str, PlainText]]:
    """The one in the country's own language, and those in others."""
    files = [(language, _read(Path(file))) for language, file in map(_tagged, options.get("text_files", ()))]
    found: dict[str, PlainText] = {}
    for language, text in [*map(_tagged, options.get("texts", ())), *files]:
        if language in found:
            raise InputError(
                _(
                    "a language has one text: give --text or --text-file, not both, or name the language of each"
                )
            )
        found[language] = worded(text, plain=options["plain"])
    return found.pop("", None), found


def _tagged(said: str) -> tuple[str, str]:
    """Language, or none, and what is behind it. A text may have an = too, but hardly right after a language's name."""
    match = _TAGGED.fullmatch(said)
    return (match[1], match[2]) if match else ("", said)


def _read(file: Path) -> str:
    try:
        with click.open_file(str(file), "rb") as source:
            octets: bytes = source.read(100_000)
        return octets.decode("utf-8-sig")
    except OSError as error:
        raise InputError(_("cannot read {file}: {strerror}", file=file, strerror=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise InputError(_("{file} is not UTF-8: save it as UTF-8", file=file)) from error
