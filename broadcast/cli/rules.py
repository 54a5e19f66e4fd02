"""`broadcast rules`: what binds operators."""

import click

from broadcast.access.desk_rules import RULES, read
from broadcast.actions import accounts
from broadcast.cli.account_words import proposed, say_told
from broadcast.cli.operator import login_option
from broadcast.cli.output import json_option, print_json, print_table
from broadcast.cli.session import act
from broadcast.languages import _, headings


@click.group()
def rules() -> None:
    """What binds operators: how many approve, what is asked for. Each change takes two admins.

    \b
    Example:
      broadcast rules list
      broadcast rules set approvers.emergency 2 --as an
      broadcast user confirm 7 --as binh
    """


@rules.command("list")
@login_option
@json_option
def rules_list(as_json: bool) -> None:
    """Every rule, what it is now, and what it is where nobody set it.

    \b
    Example:
      broadcast rules list
    """
    found = act(accounts.rules)
    if as_json:
        print_json({key: found.get(key, rule.otherwise) for key, rule in RULES.items()})
        return
    rows = [
        (key, found.get(key, rule.otherwise), rule.otherwise, _(rule.words)) for key, rule in RULES.items()
    ]
    print_table("", headings("rule", "now", "unless set", "what it is"), rows)


@rules.command("set")
@click.argument("key")
@click.argument("value")
@login_option
@json_option
def rules_set(key: str, value: str, as_json: bool) -> None:
    """Propose another value; another admin confirms it (broadcast user confirm).

    \b
    Example:
      broadcast rules set override_s 120 --as an
    """
    wanted = read(key, value)
    told = act(lambda session: accounts.propose_rule(session, key, wanted))
    say_told(told, proposed(told), as_json)
