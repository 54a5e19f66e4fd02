"""The options of an alert's plan: who hears it, in which language, and how it goes out beyond its carriers' TPS."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from unicodedata import normalize

import click

from broadcast.campaign.plan import RESERVE_MOST, WEIGHT_MOST
from broadcast.errors import InputError
from broadcast.languages import _

F = TypeVar("F", bound=Callable[..., Any])

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
        help='Whom of these a filter fits, or of the whole list of people: area under "Hội An" and age > 60, say; '
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
    return found
