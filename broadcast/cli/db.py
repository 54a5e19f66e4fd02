"""`broadcast db`: the database's life."""

from typing import Any

import click

from broadcast.cli.output import json_option, print_facts, print_json, say
from broadcast.cli.runner import run
from broadcast.errors import DatabaseDownError, RefusedError, SchemaError
from broadcast.store import address, embedded, migrations
from broadcast.store.pool import connect, database_url, within
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
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database's schema to what this version needs.

    \b
    Example:
      broadcast db migrate
    """
    applied = [f"{each.version:04}_{each.name}" for each in run(_migrate())]
    if as_json:
        print_json({"applied": applied})
    else:
        say(f"applied {', '.join(applied)}" if applied else "the schema is up to date")


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


async def _migrate() -> tuple[migrations.Migration, ...]:
    connection = await connect(check_schema=False)
    try:
        return await migrations.migrate(connection)
    finally:
        await connection.close()


async def _status() -> dict[str, Any]:
    connection = await connect(check_schema=False)
    try:
        with within(connection, _STATUS_S, what="say its schema"):
            server = await connection.fetchrow(sql("server_version"))
            found = await migrations.status(connection)
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
    }


def _place() -> str:
    """Where the database is, without its password."""
    if embedded.is_chosen():
        return f"embedded, {embedded.home()}"
    url = database_url()
    return f"{address.place(url)}/{address.database(url)}"
