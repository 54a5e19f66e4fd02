"""The configuration that a command was given: `--config`, or else BROADCAST_CONFIG; read once a run."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

import click

from broadcast import config
from broadcast.campaign.keywords import Keywords
from broadcast.cli.terminal import put
from broadcast.errors import ConfigError
from broadcast.languages import _
from broadcast.monitor import events
from broadcast.monitor.loggable import Count, Name, Sentence
from broadcast.monitor.logger import logger
from broadcast.visible import visible

log = logger(__name__)


@dataclass
class Settings:
    """The root command's own options. `files`: as given with --config; `login`: with --as, here or of a command."""

    files: Sequence[str] = field(default_factory=tuple)
    login: str | None = None

    def words(self) -> list[str]:
        """The same for a process that this one starts."""
        named = [word for file in self.files for word in ("--config", file)]
        return [*named, *(("--as", self.login) if self.login else ())]

    @cached_property
    def config(self) -> config.Config:
        return read(self.files)

    @cached_property
    def zone(self) -> tzinfo:
        """The country's. UTC where no configuration is named; where it is wrong too, and then a line says so: to look
        at an alert that runs, or to stop it, none is needed."""
        if not config.named(self.files):
            return UTC
        try:
            return ZoneInfo(self.config.country.time_zone)
        except ConfigError as error:
            put(
                visible(_("times are in UTC, for the configuration cannot be read: {error}", error=error)),
                sys.stderr,
            )
            return UTC


def read(files: Sequence[str]) -> config.Config:
    """As given with --config, else BROADCAST_CONFIG. Raises ConfigError, also for keywords that would be misread."""
    found = config.load(config.paths_from(files))
    Keywords(found.country.keywords, found.country.everyday_words)
    return found


def check_passwords(found: config.Config) -> None:
    """Raises ConfigError: a secret that is missing is told now, not by a link that never binds.

    Logs a warning for each that others may read.
    """
    for name, carrier in found.carriers.items():
        for number, bind in enumerate(carrier.binds):
            try:
                bind.password()
            except ConfigError as error:
                raise ConfigError(
                    _("carriers.{name}.binds.{number}: {error}", name=name, number=number, error=error)
                ) from error
            for warning in bind.open_secrets():
                log(events.SECRET_OPEN, carrier=Name(name), bind=Count(number), why=Sentence(warning))


def time_zone() -> tzinfo:
    """In which the running command shows times; UTC outside of any."""
    context = click.get_current_context(silent=True)
    return UTC if context is None else context.find_root().ensure_object(Settings).zone


def configuration() -> config.Config:
    """The configuration of the running command. Raises ConfigError when there is none or it is wrong."""
    settings = click.get_current_context().find_root().ensure_object(Settings)
    return settings.config


def perhaps_configuration() -> config.Config | None:
    """The same; None where none is named or it cannot be read: to look at an alert, or to stop it, none is needed but
    where there are several ledgers, and then what needs it says so."""
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    settings = context.find_root().ensure_object(Settings)
    try:
        return settings.config if config.named(settings.files) else None
    except ConfigError:
        return None
