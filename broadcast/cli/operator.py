"""Who acts: by `--as NAME`, else BROADCAST_OPERATOR, each database is met; else by the user of its URL."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

import click

from broadcast.cli.settings import Settings
from broadcast.languages import N_
from broadcast.store.pool import logged_in_as

F = TypeVar("F", bound=Callable[..., Any])
_HELP: Final = N_("Your login. Default: BROADCAST_OPERATOR, or else the user of the database's URL.")


def login_option(command: F) -> F:
    """`--as` of a command; `broadcast --as` is the same for any."""
    return click.option("--as", "login", metavar="NAME", expose_value=False, callback=_log_in, help=_HELP)(
        command
    )


def by_url() -> AbstractContextManager[None]:
    """What who has the database does: BROADCAST_OPERATOR says nothing of it."""
    return logged_in_as(click.get_current_context().find_root().ensure_object(Settings).login)


def _log_in(ctx: click.Context, _: click.Parameter, name: str | None) -> str | None:
    if name:
        ctx.with_resource(logged_in_as(name))
        ctx.find_root().ensure_object(Settings).login = name
    return name
