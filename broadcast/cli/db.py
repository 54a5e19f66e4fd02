"""`broadcast db`: the database's life."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import click

from broadcast.actions import database, drift, ledgers
from broadcast.actions.database import Migrated
from broadcast.actions.ledgers import Standing
from broadcast.cli.output import json_option, note, print_facts, print_json, say
from broadcast.cli.runner import run
from broadcast.cli.session import act
from broadcast.cli.settings import configuration, perhaps_configuration
from broadcast.errors import ConfigError, DatabaseDownError, RefusedError
from broadcast.languages import _, term
from broadcast.store import address, embedded
from broadcast.store.citus import Spreading
from broadcast.store.migrations import Migration
from broadcast.store.pool import database_url


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
        say(
            _("PostgreSQL started: {url} (data in {data})", url=server.url(), data=server.data)
            if started
            else _("PostgreSQL runs already: {url} (data in {data})", url=server.url(), data=server.data)
        )


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
        say(_("PostgreSQL stopped") if stopped else _("PostgreSQL did not run"))


@db.command()
@click.option(
    "--during-alert",
    is_flag=True,
    help="Also while a campaign is being sent, which may stop its sending for a while.",
)
@click.option("--ledger", metavar="NAME", help="Of several ledgers, after home, this one alone.")
@json_option
def migrate(during_alert: bool, ledger: str | None, as_json: bool) -> None:
    """Bring the schema to what this version needs: home's, then that of every ledger.

    Workers of the version before go on until they lose a connection. They are named, and to be replaced at once:
    install the new version on their machines, then `systemctl reload broadcast` there. While a campaign is being sent
    nothing is done (exit code 3) without --during-alert.

    \b
    Example:
      broadcast db migrate
    """
    done = act(
        lambda session: database.migrate(session, during_alert=during_alert, ledger=ledger),
        check_schema=False,
    )
    if as_json:
        home, *others = done
        print_json({**_migrated(home), "ledgers": {each.ledger: _migrated(each) for each in others}})
    else:
        _say_migrated(done)


def _say_migrated(done: Sequence[Migrated]) -> None:
    for each in done:
        where = _("ledger {ledger}: ", ledger=each.ledger) if each.ledger else ""
        names = ", ".join(_numbered(one) for one in each.applied)
        say(
            _("{where}applied {names}", where=where, names=names)
            if names
            else _("{where}the schema is up to date", where=where)
        )
        if each.unapproved:
            note(
                _(
                    "{where}who approved is known for sure from now on: have approved again what was not launched yet "
                    "({names})",
                    where=where,
                    names=", ".join(each.unapproved),
                )
            )
        if each.logins and (advice := each.logins.advice()):
            note(f"{where}{advice}")
        if old := each.old_workers:
            note(
                _(
                    "{where}{count} workers of the version before still run: {named}; install "
                    "this version on their machines and reload them now (`systemctl reload broadcast`, or SIGHUP to "
                    "`broadcast up`)",
                    where=where,
                    count=len(old),
                    named=database.named(old),
                )
            )


@db.command()
@json_option
def spread(as_json: bool) -> None:
    """Make the databases of [ledgers] those of home: after this, alerts and workers use them.

    Where home is a Citus cluster with nodes, the list of people moves to these. Run `broadcast db migrate` first. A
    carrier moves to another ledger only while nothing of it is open (exit code 3).

    \b
    Example:
      broadcast --config config/vietnam.toml --config nation.toml db spread
    """
    done = act(ledgers.spread, configuration())
    if as_json:
        print_json(done)
        return
    for name, carriers in done.ledgers.items():
        say(
            _(
                "ledger {name}: {shares}",
                name=name,
                shares=", ".join(_shares(carriers)) or _("past campaigns"),
            )
        )
    if not done.ledgers:
        say(_("home is the only ledger"))
    if done.subscribers is not None:
        _say_spread(done.subscribers)


def _say_spread(done: Spreading) -> None:
    if not done.nodes:
        say(_("subscribers: on this server, for the cluster has no nodes yet (SELECT citus_add_node(...))"))
        return
    say(
        _("subscribers: spread over {nodes}", nodes=", ".join(done.nodes))
        if done.moved
        else _("subscribers: already over {nodes}", nodes=", ".join(done.nodes))
    )


@db.command()
@json_option
def status(as_json: bool) -> None:
    """Where the databases are, whether they answer, how far their schemas are. Exit 1 unless all are ready.

    \b
    Example:
      broadcast db status
    """
    home, *others = found = _standings()
    ready = all(each.problem is None for each in found)
    if as_json:
        print_json(
            {**_standing(home), "ready": ready, "ledgers": {each.name: _standing(each) for each in others}}
        )
    else:
        for each in found:
            facts = {term(name): value for name, value in _shown(each).items()}
            print_facts("" if each is home else "\n" + _("ledger {name}", name=each.name), facts)
    if not ready:
        click.get_current_context().exit(1)


def _own_server() -> embedded.Server:
    if not embedded.is_chosen():
        raise RefusedError(
            _("BROADCAST_DATABASE_URL is set: that database is not this command's to start or stop")
        )
    return embedded.server()


def _home_standing() -> Standing:
    place = _place()
    try:
        return act(
            lambda session: ledgers.standing(ledgers.HOME, place, session.connection), check_schema=False
        )
    except DatabaseDownError as error:
        return Standing(ledgers.HOME, place, str(error))


def _standings() -> list[Standing]:
    """Home's first, then the ledgers', each also beside what home takes it to be, where home is ready to tell."""
    home = _home_standing()
    found = [home, *run(ledgers.all_standing(perhaps_configuration()))]
    wrong: Mapping[str, str] = {}
    if home.problem is None:
        try:
            wrong = act(drift.problems)
        except (ConfigError, RefusedError) as error:
            if all(each.problem is None for each in found):  # else it is told already
                wrong = {ledgers.HOME: str(error)}
    return [replace(each, problem=each.problem or wrong.get(each.name)) for each in found]


def _standing(each: Standing) -> dict[str, Any]:
    """As facts, with whether it is ready in front."""
    facts = asdict(each)
    facts.pop("name")
    place, problem = facts.pop("place"), facts.pop("problem")
    return {"place": place, "ready": problem is None, "problem": problem, **facts}


def _shown(each: Standing) -> dict[str, Any]:
    """The same for a terminal: of a cluster nothing where there is none."""
    facts = {name: value for name, value in _standing(each).items() if name != "advice" or value}
    of_cluster = ("prepared", "spread", "nodes", "away")
    if not any(facts[name] for name in of_cluster):
        facts = {name: value for name, value in facts.items() if name not in of_cluster}
    return facts


def _migrated(each: Migrated) -> dict[str, Any]:
    return {
        "applied": [_numbered(one) for one in each.applied],
        "old_workers": each.old_workers,
        "unapproved": each.unapproved,
        "advice": each.logins.advice() if each.logins else None,
    }


def _shares(carriers: Mapping[str, Any]) -> list[str]:
    return [
        name
        if share is None
        else _(
            "{name} ({tps} TPS of {accounts})",
            name=name,
            tps=share["tps"],
            accounts=", ".join(share["accounts"]),
        )
        for name, share in sorted(carriers.items())
    ]


def _numbered(each: Migration) -> str:
    return f"{each.version:04}_{each.name}"


def _place() -> str:
    """Where the database is, without its password."""
    if embedded.is_chosen():
        return f"embedded, {embedded.home()}"
    url = database_url()
    return f"{address.place(url)}/{address.database(url)}"
