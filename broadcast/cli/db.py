"""`broadcast db`: the database's life."""

from collections.abc import Sequence
from typing import Any

import click

from broadcast.cli.output import json_option, note, print_facts, print_json, say
from broadcast.cli.runner import run
from broadcast.errors import DatabaseDownError, RefusedError, SchemaError
from broadcast.store import address, embedded, migrations
from broadcast.store.pool import connect, database_url, within
from broadcast.store.queries import sql

_STATUS_S = 30.0
_NAMED_MOST = 20


@click.group()
def db() -> None:
    """The database: start, stop, migrate, status.

    \b
    Example, on a new machine:
      broadcast db up
      broadcast db migrate
    """


@db.command()
@json_option
def up(as_json: bool) -> None:
    """Start the embedded PostgreSQL; create it the first time.

    \b
    Example:
      broadcast db up
    """
    server = _own_server()
    started = server.start()
    if as_json:
        print_json({"started": started, "home": server.home, "url": server.url()})
    else:
        say(f"PostgreSQL {'started' if started else 'runs already'}: {server.url()} (data in {server.data})")


@db.command()
@json_option
def down(as_json: bool) -> None:
    """Stop the embedded PostgreSQL; its data stay.

    \b
    Example:
      broadcast db down
    """
    stopped = _own_server().stop()
    if as_json:
        print_json({"stopped": stopped})
    else:
        say("PostgreSQL stopped" if stopped else "PostgreSQL did not run")


@db.command()
@click.option(
    "--during-alert",
    is_flag=True,
    help="Also while a campaign is being sent, which may stop its sending for a while.",
)
@json_option
def migrate(during_alert: bool, as_json: bool) -> None:
    """Bring the database's schema to what this version needs.

    Workers of the version before go on until they lose a connection. They are named, and to be replaced at once:
    install the new version on their machines, then `systemctl reload broadcast` there. While a campaign is being sent
    nothing is done (exit code 3) without --during-alert.

    \b
    Example:
      broadcast db migrate
    """
    done, old = run(_migrate(during_alert))
    applied = [f"{each.version:04}_{each.name}" for each in done]
    if as_json:
        print_json({"applied": applied, "old_workers": old})
        return
    say(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
    if old:
        note(
            f"{len(old)} workers of the version before still run: {_named(old)}; install this version on their "
            "machines and reload them now (`systemctl reload broadcast`, or SIGHUP to `broadcast up`)"
        )


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Where the database is, whether it answers, and how far its schema is. Exit 1 unless it is ready.

    \b
    Example:
      broadcast db status
    """
    try:
        facts = run(_status())
    except DatabaseDownError as error:
        facts = {"ready": False, "problem": str(error)}
    facts = {"place": _place(), **facts}
    if as_json:
        print_json(facts)
    else:
        print_facts("", facts)
    if not facts["ready"]:
        click.get_current_context().exit(1)


def _own_server() -> embedded.Server:
    if not embedded.is_chosen():
        raise RefusedError(
            "BROADCAST_DATABASE_URL is set: that database is not this command's to start or stop"
        )
    return embedded.server()


async def _migrate(
    during_alert: bool,
) -> tuple[tuple[migrations.Migration, ...], tuple[migrations.OldWorker, ...]]:
    """What was applied, and the workers that know nothing of it."""
    connection = await connect(check_schema=False)
    try:
        if (await migrations.status(connection)).pending and not during_alert:
            old = await migrations.old_workers(connection, before=True)
            if old and await migrations.alert_under_way(connection):
                raise RefusedError(
                    f"a campaign is being sent, by {len(old)} workers ({_named(old)}), and a migration would stop them "
                    "for a while: wait for its end, or pause it, or say --during-alert"
                )
        old_ledger = await migrations.old_ledger(connection)
        if old_ledger is not None:
            note(
                f"moving the ledger of before, {old_ledger.octets / 1e6:,.0f} MB, into packed rows: about "
                f"{old_ledger.seconds:,.0f} s on a machine that does nothing else; workers of before write no more"
            )
        applied = await migrations.migrate(connection)
        return applied, await migrations.old_workers(connection)
    finally:
        await connection.close()


def _named(workers: Sequence[migrations.OldWorker]) -> str:
    """`host (pid, pid), host (pid)`, some of them."""
    hosts: dict[str, list[str]] = {}
    for each in workers:
        hosts.setdefault(each.host, []).append(str(each.pid))
    words = [f"{host} ({', '.join(pids)})" for host, pids in hosts.items()]
    return ", ".join(words[:_NAMED_MOST]) + (", ..." if len(words) > _NAMED_MOST else "")


async def _status() -> dict[str, Any]:
    connection = await connect(check_schema=False)
    try:
        with within(connection, _STATUS_S, what="say its schema"):
            server = await connection.fetchrow(sql("server_version"))
            found = await migrations.status(connection)
            old = await migrations.old_workers(connection)
    finally:
        connection.terminate()
    problem = None
    try:
        found.check()
    except SchemaError as error:
        problem = str(error)
    return {
        "ready": problem is None,
        "problem": problem,
        "server": server["text"] if server else None,
        "applied": [f"{each.version:04}_{each.name}" for each in found.applied],
        "pending": [f"{each.version:04}_{each.name}" for each in found.pending],
        "old_workers": [f"{each.host} ({each.pid})" for each in old],
    }


def _place() -> str:
    """Where the database is, without its password."""
    if embedded.is_chosen():
        return f"embedded, {embedded.home()}"
    url = database_url()
    return f"{address.place(url)}/{address.database(url)}"
