"""The configuration that a command was given: `--config`, or else BROADCAST_CONFIG; read once a run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import click

from broadcast import config


@dataclass
class Settings:
    """The root command's own options. `files`: as given with --config."""

    files: Sequence[str] = field(default_factory=tuple)

    @cached_property
    def config(self) -> config.Config:
        return config.load(config.paths_from(self.files))


def check_passwords(config: config.Config) -> None:
    """Raises ConfigError: a secret that is missing is told now, not by a link that never binds."""
    for carrier in config.carriers.values():
        for bind in carrier.binds:
            bind.password()


def configuration() -> config.Config:
    """The configuration of the running command. Raises ConfigError when there is none or it is wrong."""
    settings = click.get_current_context().find_root().ensure_object(Settings)
    return settings.config
