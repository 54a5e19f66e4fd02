"""A group of commands that are loaded when they are named: a command starts quickly, and its completion too."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from broadcast.cli.translated import translated
from broadcast.languages import _


class LazyGroup(click.Group):
    """`places`: of each command its module below `broadcast` and its name there, `cli.up:up` say.

    `lines`: what --help says of each without loading it; of those that are missing, the command is asked.
    """

    def __init__(
        self, *args: Any, places: Mapping[str, str], lines: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._places = places
        self._lines = lines or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, name = self._places[cmd_name].split(":")
        command = getattr(importlib.import_module(f"broadcast.{module}"), name)
        assert isinstance(command, click.Command)
        return translated(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self._lines:
            super().format_commands(ctx, formatter)
            return
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(line)) for name, line in sorted(self._lines.items())])
