"""`broadcast area`: where people live and are."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from broadcast.actions import area as actions
from broadcast.actions.area import Areas, Known
from broadcast.areas.keep import Brought
from broadcast.areas.tree import AreaTree
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say, words
from broadcast.cli.session import act
from broadcast.errors import InputError
from broadcast.languages import _, headings, ngettext

_REPAIRED_SHOWN = 5


@click.group()
def area() -> None:
    """Areas, one in the other: what alerts and filters choose people by.

    \b
    Example:
      broadcast area import --package vietnam
      broadcast area import communes.geojson
      broadcast area show "Tỉnh Lào Cai"
    """


@area.command("import")
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, path_type=Path), metavar="[FILE]...")
@click.option(
    "--package",
    type=click.Choice(["vietnam"]),
    help="Vietnam's 34 provinces and 3,321 communes of 2025, of the package vietnamadminunits.",
)
@click.option(
    "--property",
    "columns",
    multiple=True,
    metavar="FIELD=NAME",
    help="Which property or column has the code, name, parent, kind, language or census, unless by that name.",
)
@click.option(
    "--geocode",
    "geocodes",
    multiple=True,
    metavar="VALUENAME=NAME",
    help="Which has the value of a CAP geocode, ISO3166-2=iso say; repeatable.",
)
@click.option("--kind", help="Of new areas that say none: province, commune.")
@click.option("--parent", metavar="NAME_OR_CODE", help="Of new areas that say none.")
@click.option("--source", help="Where this is from. Default: the files' names.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Since when it is so. Default: today; of a package, its own.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="These are all there are: areas that are not in it go, if nobody names them.",
)
@login_option
@json_option
def import_(as_json: bool, **said: Any) -> None:
    """Bring areas in: GeoJSON, or CSV (.csv) without geometry; all of it or nothing.

    GeoJSON: a FeatureCollection of polygons in WGS 84, longitude first; several files are one import. An area that is
    there already is updated by its code; what the file does not say of it stays.

    \b
    Example:
      broadcast area import provinces.geojson --property code=ma_tinh --property name=ten --kind province
      broadcast area import census.csv
    """
    areas = _areas(said)
    done = act(lambda session: actions.bring(session, areas))
    print_json(done) if as_json else _tell(done)


def _areas(said: dict[str, Any]) -> Areas:
    as_of: datetime | None = said.pop("as_of")
    return Areas(
        **{
            **said,
            "package": said["package"] is not None,
            "columns": _pairs("--property", said["columns"]),
            "geocodes": _pairs("--geocode", said["geocodes"]),
        },
        as_of=as_of.date() if as_of else None,
    )


def _pairs(option: str, said: Sequence[str]) -> dict[str, str]:
    found = {}
    for each in said:
        name, equals, column = each.partition("=")
        if not (name and equals and column):
            raise InputError(_("{option} {text}: write it as NAME=PROPERTY", option=option, text=words(each)))
        found[name] = column
    return found


def _tell(done: Brought) -> None:
    if done.repaired:
        shown = ", ".join(map(words, done.repaired[:_REPAIRED_SHOWN]))
        note(
            ngettext(
                "the geometry of {n} area was not valid and is repaired: {shown}",
                "the geometry of {n} areas was not valid and is repaired: {shown}",
                len(done.repaired),
                shown=shown,
            )
        )
    facts = {
        _("new"): done.new,
        _("changed"): done.changed,
        _("as they were"): done.same,
        _("gone"): done.gone,
        _("areas now"): done.areas,
        _("of these with geometry"): done.mapped,
    }
    print_facts(words(done.source), facts)


@area.command("list")
@click.option("--under", metavar="NAME_OR_CODE", help="Those next below this one. Default: the topmost.")
@login_option
@json_option
def list_(under: str | None, as_json: bool) -> None:
    """Areas of one level, by code.

    \b
    Example:
      broadcast area list
      broadcast area list --under "Lào Cai"
    """
    known = act(actions.tree_of)
    codes = known.children(known.find(under) if under else None)
    if as_json:
        print_json([known[each] for each in codes])
        return
    columns = headings("code", "name", "kind", "language", "census", "areas below")
    print_table("", columns, [_row(known, each) for each in codes])
    if not known:
        say(_("no areas are known: `broadcast area import` brings them"))


def _row(known: AreaTree, code: str) -> tuple[object, ...]:
    each = known[code]
    return (each.code, each.name, each.kind, known.language(code), each.census, len(known.under(code)) - 1)


@area.command()
@click.argument("name")
@login_option
@json_option
def show(name: str, as_json: bool) -> None:
    """One area, by its name or code: where it is from, and how many people are known there.

    \b
    Example:
      broadcast area show "Xã Tân Phú, Tỉnh Đồng Nai"
    """
    found = act(lambda session: actions.shown(session, name))
    if as_json:
        print_json(found.document())
    else:
        print_facts(words(found.row.name), _facts(found))


def _facts(found: Known) -> dict[str, object]:
    row = found.row
    return {
        _("code"): row.code,
        _("within"): ", ".join(reversed(found.path[:-1])) or None,
        _("kind"): row.kind,
        _("language"): found.language,
        _("census"): row.census,
        _("square kilometres"): found.km2,
        _("geocodes"): row.geocodes or None,
        _("areas below"): found.below,
        _("subscribers who live there"): found.living,
        _("subscribers last seen there"): found.seen,
        _("source"): row.source,
        _("as of"): row.as_of.isoformat(),
    }
