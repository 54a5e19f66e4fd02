"""`broadcast carrier links`: how the ways to the carriers stood when workers last tried them."""

import click

from broadcast.actions.session import Session
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_json, print_table
from broadcast.cli.session import act
from broadcast.cli.settings import configuration
from broadcast.languages import _, headings, term
from broadcast.reports import link_tests
from broadcast.reports.link_tests import Change, LinkTest


@click.command("links")
@click.argument("name", required=False)
@login_option
@json_option
def carrier_links(name: str | None, as_json: bool) -> None:
    """Each address of each bind, standby ones too, as a worker last found it; with NAME also when it was otherwise.

    One worker tries them once a minute: bound links are asked anyway, elsewhere one is opened and closed.

    \b
    Example:
      broadcast carrier links
      broadcast carrier links viettel
    """
    last, changes = act(lambda session: _found(session, name), configuration())
    if as_json:
        print_json({"last": last, "changes": changes})
        return
    if not last:
        note(_("nothing was tried in the last minutes: a worker does, once a minute"))
    columns = headings("carrier", "bind", "address", "state", "at", "took (ms)", "why")
    print_table("", columns, [_row(each) for each in last])
    if changes:
        columns = headings("at", "bind", "address", "state", "why")
        rows = [(each.at, each.bind, each.address, term(each.state), each.said) for each in changes]
        print_table(_("What changed in the last week"), columns, rows)


def _row(each: LinkTest) -> tuple[object, ...]:
    took = None if each.seconds is None else round(1000 * each.seconds)
    return each.carrier, each.bind, each.address, term(each.state), each.at, took, each.said


async def _found(session: Session, name: str | None) -> tuple[list[LinkTest], list[Change]]:
    last: list[LinkTest] = []
    changes: list[Change] = []
    async with session.all_parts() as parts:
        for part in parts.reached:
            last += [each for each in await link_tests.last(part.connection) if name in (None, each.carrier)]
            if name is not None:
                changes += await link_tests.changes(part.connection, name)
    return last, changes
