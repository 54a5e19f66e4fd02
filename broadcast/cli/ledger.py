"""`--ledger`: which of a home's ledgers a process is of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from broadcast.config import Config, of_ledger
from broadcast.engine.worker import OneOf
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.store.ledgers import spelt
from broadcast.store.pool import database_url

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Chosen:
    """config: of this ledger alone. url: of its database. one_of: None: home is the only one."""

    config: Config
    url: str
    one_of: OneOf | None


def ledger_option(command: F) -> F:
    """Where [ledgers] are configured it has to be given."""
    return click.option(
        "--ledger", metavar="NAME", help="Where the configuration has [ledgers]: which of them this is for."
    )(command)


def restricted(config: Config, name: str | None) -> Config:
    """The ledger's own. Raises ConfigError: there is no such one, none or one is named where it should not be."""
    if name is not None:
        return of_ledger(config, name)
    if config.ledgers:
        raise ConfigError(
            _(
                "this configuration has the ledgers {ledgers}: say which, with --ledger NAME",
                ledgers=", ".join(sorted(config.ledgers)),
            )
        )
    return config


def chosen(config: Config, name: str | None) -> Chosen:
    """Raises ConfigError as `restricted`, and where its URL is missing."""
    own, home_url = restricted(config, name), database_url()
    if name is None:
        return Chosen(own, home_url, None)
    ledger = config.ledgers[name]
    if ledger.home:
        return Chosen(own, home_url, OneOf(name, spelt(ledger), None))
    return Chosen(own, ledger.url(), OneOf(name, spelt(ledger), home_url))
