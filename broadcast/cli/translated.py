"""A command whose help is in the language chosen. Its docstring and options stay as they were written, in English.

Translated by the paragraph; of what `\\b` keeps as it is, an example say, each line that is not set in.
"""

import copy
import inspect

import click

from broadcast import languages
from broadcast.languages import _

_KEPT = "\b"


def translated(command: click.Command) -> click.Command:
    """The command itself in English; else one like it, with all below it that is loaded."""
    if languages.chosen() == "en":
        return command
    made = copy.copy(command)
    made.help, made.epilog = said(command.help), said(command.epilog)
    made.short_help = _(command.short_help) if command.short_help else None
    made.params = [_parameter(each) for each in command.params]
    if isinstance(made, click.Group):
        made.commands = {name: translated(each) for name, each in made.commands.items()}
    return made


def said(text: str | None) -> str | None:
    """A help text in the language chosen."""
    return text and "\n\n".join("\n".join(map(_line, each)) for each in paragraphs(text))


def paragraphs(text: str) -> list[list[str]]:
    """Those of a help text, each as what is translated at once: itself, or its lines where these are kept."""
    return [
        each.split("\n") if each.startswith(_KEPT) else [" ".join(each.split())]
        for each in inspect.cleandoc(text).split("\n\n")
    ]


def is_said(line: str) -> bool:
    """Whether it is for people: not the mark alone, nor an example's command, which is set in."""
    return bool(line.strip(_KEPT + " ")) and not line.startswith("  ")


def _line(line: str) -> str:
    return _(line) if is_said(line) else line


def _parameter(given: click.Parameter) -> click.Parameter:
    if not isinstance(given, click.Option) or not given.help:
        return given
    made = copy.copy(given)
    made.help = _(given.help)
    return made
