"""`broadcast user`: accounts and their roles."""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from broadcast.access import passfile as passfiles
from broadcast.access import scram
from broadcast.access.roles import Kind
from broadcast.actions import accounts
from broadcast.actions.accounts import NewAccount
from broadcast.cli.account_words import account_row, proposal_words, proposed, say_told
from broadcast.cli.operator import by_url, login_option
from broadcast.cli.output import json_option, note, print_facts, print_json, print_table, say
from broadcast.cli.session import act
from broadcast.errors import InputError
from broadcast.languages import _, headings
from broadcast.store import embedded
from broadcast.visible import visible

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def user() -> None:
    """Accounts and their roles: a login of its own for each person and each machine.

    \b
    Roles: author (drafts), approver, operator (launches, pauses, cancels, imports), auditor (reads all), worker
    (machines), admin (accounts; a new one, or a role, takes two of them).
    \b
    Example, by who migrates the database, and then by these two:
      broadcast user begin an=author,operator binh=approver
      broadcast user add chi --role approver --as an
      broadcast user confirm 1 --as binh
    """


def _password_options(command: F) -> F:
    """--verifier, --passfile, --no-password."""
    for option in (
        click.option(
            "--no-password", is_flag=True, help="It logs in otherwise (a certificate, a directory)."
        ),
        click.option(
            "--passfile", type=_FILE, help="Make up a password and write it here, as ~/.pgpass has it."
        ),
        click.option("--verifier", metavar="TEXT", help="What `broadcast user verifier` printed, elsewhere."),
    ):
        command = option(command)
    return command


@user.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME[=ROLE,...]...")
@click.option(
    "--passfile", type=_FILE, help="Make up their passwords and write them here, as ~/.pgpass has it."
)
@click.option("--no-password", is_flag=True, help="They log in otherwise (a certificate, a directory).")
@json_option
def begin(names: Sequence[str], passfile: Path | None, no_password: bool, as_json: bool) -> None:
    """The first two admins, and who else is needed at once; by who migrates, until there are two.

    The first two names are admins, whatever else they are. Each types a password of their own; the embedded database
    makes them up, and keeps them beside itself.

    \b
    Example:
      broadcast user begin an=author,operator binh=approver w=worker
    """
    kinds = _begun(names)
    verifiers = _verifiers(kinds, None, passfile, no_password)
    new = [NewAccount(name, each, verifiers.get(name)) for name, each in kinds.items()]
    with by_url():
        told = act(lambda session: accounts.begin(session, new))
    say_told(told, _("accounts: {names}", names=", ".join(kinds)), as_json)


@user.command()
@click.argument("name")
@click.option("--role", "kinds", multiple=True, required=True, metavar="ROLE", help="Repeat for more.")
@_password_options
@login_option
@json_option
def add(
    name: str,
    kinds: Sequence[str],
    verifier: str | None,
    passfile: Path | None,
    no_password: bool,
    as_json: bool,
) -> None:
    """Propose a new account, or a disabled one anew; another admin confirms.

    Its owner types the password, here or (--verifier) anywhere, and reads the code of it to who confirms.

    \b
    Example:
      broadcast user add chi --role approver --as an
    """
    wanted = accounts.check_kinds(kinds)
    new = NewAccount(name, wanted, _verifiers([name], verifier, passfile, no_password).get(name))
    told = act(lambda session: accounts.propose_account(session, new))
    say_told(told, proposed(told), as_json)


@user.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("name")
@click.argument("changes", nargs=-1, required=True, metavar="+ROLE|-ROLE...", type=click.UNPROCESSED)
@login_option
@json_option
def role(name: str, changes: Sequence[str], as_json: bool) -> None:
    """Propose roles (+), which another admin confirms; take roles away (-), at once.

    \b
    Example:
      broadcast user role chi +operator -author --as an
    """
    signed = [(each[:1], accounts.check_kinds([each[1:]])[0]) for each in changes]
    if any(sign not in "+-" for sign, _ in signed):
        raise InputError(_("write +ROLE for one more, -ROLE for one less"))
    for sign, kind in signed:
        change = accounts.propose_role if sign == "+" else accounts.take_role
        told = act(partial(change, name=name, kind=kind))
        done = proposed(told) if sign == "+" else _("{name} is no {kind} any more", name=name, kind=kind)
        say_told(told, done, as_json)


@user.command()
@click.argument("number", type=int, metavar="NO")
@login_option
@json_option
def confirm(number: int, as_json: bool) -> None:
    """Confirm what another admin proposed: it takes effect now.

    Where a password comes with it, compare its code with what its owner saw when typing it.

    \b
    Example:
      broadcast user confirm 1 --as binh
    """
    found = act(lambda session: accounts.proposal(session, number))
    if not as_json:
        say(proposal_words(found))
    say_told(act(lambda session: accounts.decide(session, number, yes=True)), _("confirmed"), as_json)


@user.command()
@click.argument("number", type=int, metavar="NO")
@login_option
@json_option
def decline(number: int, as_json: bool) -> None:
    """Say no to a proposal, one's own too.

    \b
    Example:
      broadcast user decline 1 --as an
    """
    say_told(act(lambda session: accounts.decide(session, number, yes=False)), _("declined"), as_json)


@user.command("list")
@login_option
@json_option
def user_list(as_json: bool) -> None:
    """Who is what, what waits for a second admin, who may do everything.

    \b
    Example:
      broadcast user list
    """
    found = act(accounts.everybody)
    if as_json:
        print_json(found)
        return
    print_table(
        "", headings("login", "roles", "since", "note"), [account_row(each) for each in found.accounts]
    )
    if found.proposals:
        say("")
        for each in found.proposals:
            say(proposal_words(each))
    if found.masters:
        note(
            _(
                "may do everything here, for they migrate: {names}; no worker should log in so",
                names=", ".join(found.masters),
            )
        )


@user.command()
@click.argument("name")
@login_option
@json_option
def disable(name: str, as_json: bool) -> None:
    """Take every role away, at once; one admin is enough. `user add` proposes the account anew.

    \b
    Example:
      broadcast user disable chi --as an
    """
    say_told(
        act(lambda session: accounts.disable(session, name)), _("{name} is disabled", name=name), as_json
    )


@user.command()
@click.argument("name", required=False)
@_password_options
@login_option
@json_option
def password(
    name: str | None, verifier: str | None, passfile: Path | None, no_password: bool, as_json: bool
) -> None:
    """A new password: one's own at once; with NAME, of who forgot theirs, once another admin confirms.

    \b
    Example:
      broadcast user password --as an
    """
    if no_password:
        raise InputError(_("a password is changed to another one: leave --no-password out"))
    whose = name or act(accounts.login)
    made = _verifiers([whose], verifier, passfile, anew=True)[whose]
    if name is None:
        say_told(
            act(lambda session: accounts.own_password(session, made)), _("the password is changed"), as_json
        )
    else:
        told = act(lambda session: accounts.propose_password(session, name, made))
        say_told(told, proposed(told), as_json)


@user.command()
@json_option
def verifier(as_json: bool) -> None:
    """Type a password; print its verifier for an admin, and its code for who confirms. Needs no database.

    \b
    Example:
      broadcast user verifier
    """
    made = scram.verifier(_asked(_("the new account")))
    if as_json:
        print_json({"verifier": made, "code": scram.code(made)})
    else:
        print_facts("", {_("verifier"): made, _("code"): scram.code(made)})


def _begun(names: Sequence[str]) -> dict[str, tuple[Kind, ...]]:
    found = {}
    for number, each in enumerate(names):
        name, *more = each.split("=", 1)
        wanted = [*(more[0].split(",") if more else ()), *(["admin"] if number < 2 else ())]
        found[name] = accounts.check_kinds(wanted)
    if len(found) < 2:
        raise InputError(
            _("two admins are needed at least, for one alone can change nothing: name two people")
        )
    return found


def _verifiers(
    names: Iterable[str],
    given: str | None,
    passfile: Path | None,
    no_password: bool = False,
    *,
    anew: bool = False,
) -> dict[str, str]:
    """By login; anew: others than the passfile has. What was made up is written before any database hears of it: no
    account gets a password that nobody knows. Raises InputError: options that exclude each other; nobody sits there.
    """
    if sum((given is not None, passfile is not None, no_password)) > 1:
        raise InputError(_("--verifier, --passfile and --no-password exclude each other: give one"))
    if no_password:
        return {}
    if given is not None:
        return dict.fromkeys(names, given)
    if passfile is None and embedded.is_chosen():
        passfile = embedded.server().passfile
    if passfile is not None:
        there = {} if anew else passfiles.known(passfile)  # a ledger gets what home has
        made = {name: there.get(name) or passfiles.random_password() for name in names}
        passfiles.keep(passfile, made)
        return {name: scram.verifier(each) for name, each in made.items()}
    found = {name: scram.verifier(_asked(name)) for name in names}
    for name, each in found.items():
        note(_("{name}: the password's code is {code}", name=name, code=scram.code(each)))
    return found


def _asked(whose: str) -> str:
    """Typed twice by its owner, and shown nowhere."""
    if not sys.stdin.isatty():
        raise InputError(_("nobody is here to type a password: give --verifier, --passfile or --no-password"))
    asked = _("Password of {whose} (who types it is {whose})", whose=whose)
    typed: str = click.prompt(visible(asked), hide_input=True, confirmation_prompt=True, err=True)
    return typed
