"""The schema of the database, brought to what this version needs: in a session opened with check_schema=False."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.actions.session import Session
from broadcast.errors import RefusedError
from broadcast.store import migrations
from broadcast.store.migrations import Migration, OldWorker

_NAMED_MOST = 20


@dataclass(frozen=True, slots=True)
class Migrated:
    """applied: in order. old_workers: those that know nothing of it, and are to be replaced."""

    applied: Sequence[Migration]
    old_workers: Sequence[OldWorker]


async def migrate(session: Session, *, during_alert: bool) -> Migrated:
    """Each migration a transaction, which leaves its row. Raises RefusedError while a campaign is being sent, unless
    `during_alert`; SchemaError as `migrations.migrate`."""
    connection = session.connection
    if (await migrations.status(connection)).pending and not during_alert:
        old = await migrations.old_workers(connection, before=True)
        if old and await migrations.alert_under_way(connection):
            raise RefusedError(
                f"a campaign is being sent, by {len(old)} workers ({named(old)}), and a migration would stop them "
                "for a while: wait for its end, or pause it, or say --during-alert"
            )
    old_ledger = await migrations.old_ledger(connection)
    if old_ledger is not None:
        session.tell(old_ledger)
    applied = await migrations.migrate(connection)
    return Migrated(applied, await migrations.old_workers(connection))


def named(workers: Sequence[OldWorker]) -> str:
    """`host (pid, pid), host (pid)`, some of them."""
    hosts: dict[str, list[str]] = {}
    for each in workers:
        hosts.setdefault(each.host, []).append(str(each.pid))
    words = [f"{host} ({', '.join(pids)})" for host, pids in hosts.items()]
    return ", ".join(words[:_NAMED_MOST]) + (", ..." if len(words) > _NAMED_MOST else "")
