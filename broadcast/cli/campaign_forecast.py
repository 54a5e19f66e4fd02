"""`broadcast campaign forecast`: what an alert takes in segments, time and money, in both alphabets."""

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import click

from broadcast.actions.forecast import Foreseen, foresee
from broadcast.campaign.marks import marked
from broadcast.campaign.plain import PlainLetter
from broadcast.cli.campaign_capped import capped_document, show_capped
from broadcast.cli.campaign_reach import show_reach
from broadcast.cli.forecast_moments import budget_document, show_costs, show_moments, show_verdict
from broadcast.cli.operator import login_option
from broadcast.cli.output import duration, json_option, print_json, print_table, say, say_hidden
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.forecast.ways import CarrierForecast, Forecast
from broadcast.languages import N_, _, grouped, headings, term

NAMES = {"gsm0338": "GSM 03.38", "ucs2": "UCS-2"}
_UNSEEN = {"": N_("nothing"), " ": N_("blank"), "\n": N_("new line")}
_UNBROKEN = "\0"
_WIDTH = 110


@click.command("forecast")
@click.argument("name")
@login_option
@json_option
def campaign_forecast(name: str, as_json: bool) -> None:
    """Segments, time and cost per carrier, for the alert as it is and in the other alphabet.

    Beside it when half, 90 and 99 percent will have been sent and will be there, with what else runs, and what speaks
    against its launch, with the ways out. Characters that are (or, in the other alphabet, would be) written plainly are
    shown one by one.

    \b
    Example:
      broadcast campaign forecast wash-hands
    """
    seen = act(lambda session: foresee(session, name), configuration())
    if as_json:
        print_json(_document(seen))
    else:
        _show(seen)


def _document(seen: Foreseen) -> dict[str, Any]:
    found = seen.campaign
    about = {"campaign": found.name, "status": found.status}
    return {
        **about,
        "excluded": seen.excluded,
        "expires_at": found.expires_at,
        "ways": seen.variants,
        "verdict": seen.verdict,
        "budget": budget_document(seen.budget),
        "reach": seen.reach,
        "capped": capped_document(seen.capped),
    }


def _show(seen: Foreseen) -> None:
    found, excluded = seen.campaign, seen.excluded
    for variant, title in zip(seen.variants, (_("as drafted"), _("for comparison")), strict=True):
        _print_variant(variant, marked(found.status, f"{found.name}, {title}: {_words(variant)}"))
    show_reach(seen.reach)
    show_moments(seen.variants[0])
    show_costs(seen.variants, seen.budget)
    say(
        _(
            "not reached: {excluded}",
            excluded=", ".join(f"{grouped(count)} {term(reason)}" for reason, count in excluded.items())
            or _("nobody"),
        )
    )
    show_capped(seen.capped)
    show_verdict(seen.verdict, emergency=found.category == "emergency")
    say_hidden(text=found.text, sender=found.sender)


def _words(variant: Forecast) -> str:
    return NAMES[variant.alphabet] + (_(" without diacritics") if variant.without_diacritics else "")


def _print_variant(variant: Forecast, title: str) -> None:
    if variant.problem is not None:
        say(f"{title}: {variant.problem}")
        return
    rows: list[tuple[Any, ...]] = [
        (
            _whose(each),
            each.recipients,
            _written(each),
            each.segments,
            each.total_segments,
            duration(each.seconds),
            each.ends_at,
            each.in_time,
        )
        for each in variant.carriers
    ]
    total = (None, None, variant.total_segments, duration(variant.seconds), None, variant.in_time)
    rows.append((_("all"), sum(each.recipients for each in variant.carriers), *total))
    columns = headings(
        "carrier",
        "recipients",
        "alphabet",
        "segments each",
        "segments",
        "at least",
        "ends",
        "before expiry",
    )
    print_table(title, columns, rows)
    for each in variant.carriers:
        if each.problem is not None:
            say(_("{carrier} cannot carry it: {problem}", carrier=each.carrier, problem=each.problem))
    if variant.changes:
        say(_changed(variant.changes))


def _whose(each: CarrierForecast) -> str:
    """And in which language, where each hears their own."""
    return f"{each.carrier} {each.language}".rstrip()


def _written(each: CarrierForecast) -> str:
    """The alphabet there, and the national table if one is used."""
    return NAMES[each.alphabet] + (
        "" if each.shift == "none" else _(", {shift} shift table", shift=each.shift)
    )


def _changed(changes: Sequence[PlainLetter]) -> str:
    """Each character, what is written for it, and how often."""
    count = sum(change.count for change in changes)
    pairs = [f"{seen(each.character)} → {seen(each.replacement)}: {grouped(each.count)}" for each in changes]
    whole = "   ".join(pair.replace(" ", _UNBROKEN) for pair in pairs)
    lines = textwrap.wrap(
        _("{count:,} characters in plain letters:   {whole}", count=count, whole=whole),
        _WIDTH,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(_UNBROKEN, " ")


def seen(text: str) -> str:
    """One character; what cannot be seen by its name or code point."""
    if text in _UNSEEN:
        return _(_UNSEEN[text])
    return text if text.isprintable() and not unicodedata.combining(text[0]) else f"U+{ord(text[0]):04X}"
