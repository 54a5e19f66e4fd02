"""The schema of the databases, brought to what this version needs: in a session opened with check_schema=False."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.access import apply as access
from broadcast.access import logins as accounts
from broadcast.access.logins import Logins
from broadcast.actions.session import Session
from broadcast.config import check_ledger
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.store import migrations
from broadcast.store.ledgers import opened
from broadcast.store.migrations import Migration, OldWorker
from broadcast.store.queries import sql
from broadcast.store.types import Connection

_NAMED_MOST = 20
DESK = "desk"  # the migration since which it is known for sure who approved


@dataclass(frozen=True, slots=True)
class Migrated:
    """applied: in order. old_workers: those that know nothing of it, and are to be replaced. ledger: '' of home.
    logins: who may do what there now. unapproved: alerts that need approval again."""

    ledger: str
    applied: Sequence[Migration]
    old_workers: Sequence[OldWorker]
    logins: Logins | None
    unapproved: Sequence[str] = ()


async def migrate(session: Session, *, during_alert: bool, ledger: str | None = None) -> list[Migrated]:
    """Home, and then the ledgers of the configuration, in the order of their names; ledger: this one alone, after home.
    A training site's databases are there to train, if nobody uses them yet.

    Each migration is a transaction, which leaves its row. Raises RefusedError while a campaign is being sent, unless
    `during_alert`; SchemaError as `migrations.migrate`; DatabaseError: a ledger is away, and those before it are done.
    """
    ledgers = session.configuration.ledgers if session.configuration else {}
    if ledger is not None:
        check_ledger(ledgers, ledger)
    done = [await _migrate(session, session.connection, "", during_alert=during_alert)]
    for name, settings in sorted(ledgers.items()):
        if settings.home or ledger not in (None, name):
            continue
        async with opened(name, settings, check_schema=False) as connection:
            done.append(await _migrate(session, connection, name, during_alert=during_alert))
    return done


async def _migrate(session: Session, connection: Connection, ledger: str, *, during_alert: bool) -> Migrated:
    if (await migrations.status(connection)).pending and not during_alert:
        old = await migrations.old_workers(connection, before=True)
        if old and await migrations.alert_under_way(connection):
            raise RefusedError(
                _(
                    "a campaign is being sent, by {count} workers ({named}), and a migration would stop them "
                    "for a while: wait for its end, or pause it, or say --during-alert",
                    count=len(old),
                    named=named(old),
                )
            )
    old_ledger = await migrations.old_ledger(connection)
    if old_ledger is not None:
        session.tell(old_ledger)
    applied = await migrations.migrate(connection)
    await access.apply(connection)
    if session.configuration and session.configuration.site.training:
        await connection.execute(sql("become_training"))
    if applied:
        await connection.execute(sql("note_act"), "migrated", f"schema {applied[-1].version}", "{}")
    voided = any(each.name == DESK for each in applied)
    unapproved = [row["name"] for row in await connection.fetch(sql("unapproved"))] if voided else []
    everybody = await accounts.standing(connection)
    return Migrated(ledger, applied, await migrations.old_workers(connection), everybody, unapproved)


def named(workers: Sequence[OldWorker]) -> str:
    """`host (pid, pid), host (pid)`, some of them."""
    hosts: dict[str, list[str]] = {}
    for each in workers:
        hosts.setdefault(each.host, []).append(str(each.pid))
    words = [f"{host} ({', '.join(pids)})" for host, pids in hosts.items()]
    return ", ".join(words[:_NAMED_MOST]) + (", ..." if len(words) > _NAMED_MOST else "")
