"""`broadcast audit`: what was done, by whom, and whether the database still says so."""

import click

from broadcast.cli.lazy import LazyGroup

_PLACES = {
    "export": "cli.audit_export:audit_export",
    "log": "cli.audit_log:audit_log",
    "verify": "cli.audit_verify:audit_verify",
}


@click.group(cls=LazyGroup, places=_PLACES)
def audit() -> None:
    """The audit chain: every act, hashed with the one before it.

    \b
    Example:
      broadcast audit log --since 1d
      broadcast audit verify --heads /var/lib/broadcast-heads/heads
      broadcast audit export acts.jsonl
    """
