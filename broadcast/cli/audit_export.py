"""`broadcast audit export`: the chain in a file, which is proved without a database."""

from pathlib import Path

import click

from broadcast.actions.audit_chain import write_export
from broadcast.actions.session import Session
from broadcast.cli.files import replacing
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, say, words
from broadcast.cli.session import act
from broadcast.languages import ngettext


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ledger", metavar="NAME", help="Of this ledger. Default: of home.")
@login_option
@json_option
def audit_export(file: Path, ledger: str | None, as_json: bool) -> None:
    """Write the chain to a file, for who keeps it or proves it elsewhere (`broadcast audit verify FILE`).

    It holds names of accounts, and no number and no text of an alert.

    \b
    Example:
      broadcast audit export acts.jsonl
    """
    count = act(lambda session: _write(session, file, ledger))
    if as_json:
        print_json({"file": file, "acts": count})
    else:
        say(ngettext("{n:,} act is in {file}", "{n:,} acts are in {file}", count, file=words(file)))


async def _write(session: Session, file: Path, ledger: str | None) -> int:
    with replacing(file) as sink:
        return await write_export(session, sink, ledger)
