"""`broadcast template`: texts that are written beforehand, filled in when they are needed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from broadcast.actions.cost import cost_of
from broadcast.actions.templates import template as named_template
from broadcast.actions.templates import templates, texts_of
from broadcast.actions.terms import worded
from broadcast.campaign.templates import Parameter
from broadcast.cli.campaign_content import terms, terms_options
from broadcast.cli.campaign_draft import write_draft
from broadcast.cli.notices import show_notice
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_facts, print_json, print_table, say
from broadcast.cli.settings import configuration
from broadcast.cli.text_cost import show_cost
from broadcast.errors import InputError
from broadcast.languages import _, headings, term


@click.group()
def template() -> None:
    """Texts written beforehand, in each language, for each hazard and its correction.

    \b
    Example:
      broadcast template list
      broadcast template show tsunami
      broadcast template use tsunami --set place="Quảng Nam" --set time=18:00 --draft tsunami-1 --expires 6h
    """


@template.command("list")
@json_option
def template_list(as_json: bool) -> None:
    """Every template: its hazard, and what is to be filled in.

    \b
    Example:
      broadcast template list
    """
    found = templates(configuration())
    if as_json:
        print_json(found)
        return
    rows = [
        (name, term(each.category), _both(each.title), ", ".join(each.parameters))
        for name, each in found.items()
    ]
    print_table("", headings("name", "category", "title", "parameters"), rows)


@template.command("show")
@click.argument("name")
@json_option
def template_show(name: str, as_json: bool) -> None:
    """One template: its texts, and what each parameter takes.

    \b
    Example:
      broadcast template show tsunami
    """
    found = named_template(configuration(), name)
    if as_json:
        print_json(found)
        return
    print_facts("", {_("name"): name, _("title"): _both(found.title), _("category"): term(found.category)})
    if found.parameters:
        rows = [
            (each, about.kind, _takes(about), _both(about.about)) for each, about in found.parameters.items()
        ]
        print_table("", headings("parameter", "kind", "takes", "what"), rows)
    _say_texts(found.texts)


@template.command("use")
@click.argument("name")
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="PARAMETER=VALUE",
    help="One of its parameters; place.en=... for one language alone.",
)
@click.option("--draft", "campaign", metavar="CAMPAIGN", help="Draft an alert of it, by this name.")
@terms_options
@login_option
@json_option
def template_use(
    name: str, values: Sequence[str], campaign: str | None, as_json: bool, **options: Any
) -> None:
    """Fill in a template in the country's languages: see what it says and costs, or draft an alert of it.

    \b
    Example:
      broadcast template use tsunami --set place="Quảng Nam" --set time=18:00 --draft tsunami-1 --expires 6h
      broadcast template use correction-tsunami --draft tsunami-1-corrected
    """
    config = configuration()
    said = terms(options)
    category = said.category or named_template(config, name).category
    filled = texts_of(config, name, given(values))
    texts = {language: worded(text, plain=said.plain) for language, text in filled.items()}
    said = replace(said, texts=texts, category=category)
    if campaign is not None:
        write_draft(campaign, said, as_json)
        return
    found = cost_of(config, said, show_notice)
    if as_json:
        print_json({"texts": {language: each.text for language, each in texts.items()}, "cost": found})
        return
    _say_texts({language: each.text for language, each in texts.items()})
    show_cost(found)


def given(values: Sequence[str]) -> dict[str, str]:
    """What --set says. Raises InputError."""
    found: dict[str, str] = {}
    for each in values:
        name, equals, value = each.partition("=")
        if not equals:
            raise InputError(_("--set {name}: give PARAMETER=VALUE", name=each))
        if name in found:
            raise InputError(_("--set {name} was given twice", name=name))
        found[name] = value
    return found


def _both(words: Mapping[str, str]) -> str:
    return " / ".join(words.values())


def _takes(about: Parameter) -> str:
    if about.kind == "choice":
        return ", ".join(about.choices)
    if about.kind == "time":
        return _("18:00 or 2030-01-31T18:00")
    return _("38 or 5.4") if about.kind == "number" else _("{most} characters at most", most=about.most)


def _say_texts(texts: Mapping[str, str]) -> None:
    for language, text in texts.items():
        say(f"\n{language}: {text}")
