"""`broadcast db`: the database's life."""

from typing import Any

import click

from broadcast.actions import database
from broadcast.actions.session import Session
from broadcast.cli.output import json_option, note, print_facts, print_json, say
from broadcast.cli.session import act
from broadcast.errors import DatabaseDownError, RefusedError, SchemaError
from broadcast.store import address, embedded, migrations
from broadcast.store.migrations import Applied, Migration
from broadcast.store.pool import database_url, within
from broadcast.store.queries import sql

_STATUS_S = 30.0


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
    done = act(lambda session: database.migrate(session, during_alert=during_alert), check_schema=False)
    applied, old = [_numbered(each) for each in done.applied], done.old_workers
    if as_json:
        print_json({"applied": applied, "old_workers": old})
        return
    say(f"applied {', '.join(applied)}" if applied else "the schema is up to date")
    if old:
        note(
            f"{len(old)} workers of the version before still run: {database.named(old)}; install this version on their "
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
        facts = act(_status, check_schema=False)
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


async def _status(session: Session) -> dict[str, Any]:
    connection = session.connection
    try:
        with within(connection, _STATUS_S, what="say its schema"):
            server = await connection.fetchrow(sql("server_version"))
            found = await migrations.status(connection)
            old = await migrations.old_workers(connection)
    finally:
        connection.terminate()  # a server that hangs would not hear a farewell
    problem = None
    try:
        found.check()
    except SchemaError as error:
        problem = str(error)
    return {
        "ready": problem is None,
        "problem": problem,
        "server": server["text"] if server else None,
        "applied": [_numbered(each) for each in found.applied],
        "pending": [_numbered(each) for each in found.pending],
        "old_workers": [f"{each.host} ({each.pid})" for each in old],
    }


def _numbered(each: Applied | Migration) -> str:
    return f"{each.version:04}_{each.name}"


def _place() -> str:
    """Where the database is, without its password."""
    if embedded.is_chosen():
        return f"embedded, {embedded.home()}"
    url = database_url()
    return f"{address.place(url)}/{address.database(url)}"
