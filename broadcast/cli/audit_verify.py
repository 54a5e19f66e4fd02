"""`broadcast audit verify`: whether the chain is whole, and the database as it says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.actions.audit_chain import Proof, prove, prove_export, read_files
from broadcast.acts.entry import Entry
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, note, print_facts, print_json, say, words
from broadcast.cli.session import act
from broadcast.cli.settings import configuration, perhaps_configuration
from broadcast.errors import AuditError
from broadcast.languages import _
from broadcast.reports.audit_chain import Verified

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("verify")
@click.argument("export", required=False, type=_FILE)
@click.option(
    "--heads",
    "files",
    multiple=True,
    type=_FILE,
    help="Ends of the chain that were witnessed; repeatable. Default: [audit].",
)
@login_option
@json_option
def audit_verify(export: Path | None, files: Sequence[Path], as_json: bool) -> None:
    """Prove the chain, and that alerts, approvals, accounts, roles and rules are as it says. Exit 1 when they are not.

    Home and every ledger are walked. With EXPORT, a file of `broadcast audit export`, no database is asked, and only
    the chain itself and the heads are proved.

    \b
    Example:
      broadcast audit verify --heads desk-1.heads --heads desk-2.heads
      broadcast audit verify acts.jsonl --heads desk-1.heads
    """
    lines = read_files(_files(files), configuration()) if _files(files) else []
    found = prove_export(export, lines) if export else act(lambda session: prove(session, lines))
    if as_json:
        print_json(_document(found))
    else:
        _show(found)
    if found.differences:
        raise AuditError(_("the chain and what stands there differ: see above"))
    if not as_json:
        say(_("the chain is whole") if export else _("the chain is whole, and the database is as it says"))


def _files(given: Sequence[Path]) -> Sequence[Path]:
    """Those of the option, else the configured one, if it is there: on another machine it may not be."""
    config = perhaps_configuration()
    own = config.audit.heads if config else None
    return given or ([Path(own)] if own and Path(own).exists() else [])


def _show(found: Proof) -> None:
    for each in found.databases:
        print_facts(_("ledger {name}", name=each.name) if each.name else "", _facts(each))
        say("")
    if not found.heads:
        note(
            _(
                "no heads were compared: a chain that somebody wrote anew is whole by itself. Give --heads FILE, the "
                "ends that were witnessed outside the database"
            )
        )
    for difference in found.differences:
        say(_("{difference}\n  that means: {means}", difference=str(difference), means=difference.means))


def _facts(each: Verified) -> dict[str, Any]:
    last = each.walked.last
    return {
        _("database"): each.database,
        _("acts"): each.walked.entries,
        _("ends with"): None if last is None else _ends(last),
        _("not chained yet"): each.waiting,
        _("alerts older than the chain"): each.older,
        _("who may change all of it"): each.owners or _("superusers alone"),
    }


def _ends(last: Entry) -> str:
    digits = last.hash.hex()[:16]
    return _("act {number} of {at}, {digits}", number=str(last.act_no), at=words(last.at), digits=digits)


def _document(found: Proof) -> dict[str, Any]:
    return {
        "databases": [
            {
                "ledger": each.name or None,
                "database": each.database,
                "acts": each.walked.entries,
                "head": each.head,
                "not_chained": each.waiting,
                "older": each.older,
                "owners": each.owners,
            }
            for each in found.databases
        ],
        "heads": found.heads,
        "differences": found.differences,
    }
