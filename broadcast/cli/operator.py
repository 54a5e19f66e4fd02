"""Who acts: `--as NAME`, else BROADCAST_OPERATOR, else the user of this machine."""

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def actor_option(command: F) -> F:
    """`--as` as the parameter `actor`."""
    return click.option(
        "--as",
        "actor",
        metavar="NAME",
        envvar="BROADCAST_OPERATOR",
        default=_user,
        help="Who you are. Default: BROADCAST_OPERATOR, or else your user name.",
    )(command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in passwd
        return ""
