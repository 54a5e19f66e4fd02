"""The options of an alert's plan: who hears it, in which language, and how it goes out beyond its carriers' TPS."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar
from unicodedata import normalize

import click

from broadcast.campaign.expiry import seconds
from broadcast.campaign.plan import RESERVE_MOST, SHARE_MOST, WEIGHT_MOST, Canary
from broadcast.errors import InputError
from broadcast.languages import _

F = TypeVar("F", bound=Callable[..., Any])
_CANARY: Final = ("canary_wait", "canary_accepted", "canary_delivered", "canary_then")

_PLAN: Sequence[Callable[[Any], Any]] = (
    click.option(
        "--area",
        "plan_areas",
        multiple=True,
        metavar="NAME_OR_CODE",
        help="Who lives there or in an area below it, or was seen there last; repeatable. Default: everywhere.",
    ),
    click.option("--everywhere", is_flag=True, help="Not by areas, whatever a message or a draft says."),
    click.option(
        "--own-language/--all-languages",
        "own_language",
        default=None,
        help="Each hears the text in their own language alone, or all of the texts. Default: all.",
    ),
    click.option(
        "--where",
        "plan_where",
        metavar="FILTER",
        help='Whom of these a filter fits, or of the whole list of people: area under "Huế" and age > 60, say; '
        "'' for none.",
    ),
    click.option(
        "--list",
        "plan_lists",
        multiple=True,
        metavar="NAME",
        help="Who is on this list hears it too, subscriber or not; repeatable; '' for none.",
    ),
    click.option(
        "--weight",
        type=click.IntRange(1, WEIGHT_MOST),
        help="Its part of the TPS beside alerts of equal priority. Default: 1, as theirs.",
    ),
    click.option(
        "--reserve",
        type=click.IntRange(0, RESERVE_MOST),
        metavar="PERCENT",
        help="Of the TPS, so much at least beside others too; not beside an emergency. Default: 0.",
    ),
    click.option(
        "--callers-per-hour",
        type=click.IntRange(1),
        help="What a hotline can take: people are told evenly, so that no more will call. No emergency has it.",
    ),
    click.option(
        "--canary",
        type=click.IntRange(0, SHARE_MOST),
        metavar="PERCENT",
        help="So many of each carrier and area go first, and the rest if that went well. Default: 0, all at once.",
    ),
    click.option("--canary-wait", metavar="TIME", help="How long after these: 30s, 2m, 1h. Default: 2m."),
    click.option(
        "--canary-accepted",
        type=click.IntRange(0, 100),
        metavar="PERCENT",
        help="Of these, so many must be accepted at every carrier, or it holds. Default: 95.",
    ),
    click.option(
        "--canary-delivered",
        type=click.IntRange(0, 100),
        metavar="PERCENT",
        help="Of the accepted ones, so many must have it after the wait, or it holds. Default: 80.",
    ),
    click.option(
        "--canary-then",
        type=click.Choice(("go_on", "ask")),
        help="If it went well: go on, or wait until somebody resumes it. Default: go_on.",
    ),
)


def plan_options(command: F) -> F:
    """All of them, as the parameters that `plan` takes."""
    for option in reversed(_PLAN):
        command = option(command)
    return command


def plan(options: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `Plan` that were said; what is a name in it is as it was typed. Raises InputError."""
    found: dict[str, Any] = {}
    if options.get("plan_where") is not None:
        found["where"] = options["plan_where"].strip()
    if names := options.get("plan_lists"):
        found["lists"] = tuple(normalize("NFC", each) for each in dict.fromkeys(names) if each)
    for name in ("own_language", "weight", "reserve", "callers_per_hour"):
        if options.get(name) is not None:
            found[name] = options[name]
    areas = tuple(options.get("plan_areas") or ())
    if areas and options.get("everywhere"):
        raise InputError(_("--everywhere and --area do not go together"))
    if areas or options.get("everywhere"):
        found["areas"] = areas
    if (canary := _canary(options)) is not None:
        found["canary"] = canary or None
    return found


def _canary(options: Mapping[str, Any]) -> Canary | Literal[0] | None:
    """None: not said; 0: there is to be none. Raises InputError."""
    share = options.get("canary")
    given = [name for name in _CANARY if options.get(name) is not None]
    if not share and given:
        raise InputError(_("--{option} goes with --canary PERCENT", option=given[0].replace("_", "-")))
    if not share:
        return 0 if share == 0 else None
    accepted, delivered = options.get("canary_accepted"), options.get("canary_delivered")
    return Canary(
        share,
        seconds("--canary-wait", options.get("canary_wait") or "2m"),
        95 if accepted is None else accepted,
        80 if delivered is None else delivered,
        options.get("canary_then") or "go_on",
    )
