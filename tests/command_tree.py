"""The command line as a tree: every command, whichever module it is loaded from."""

from collections.abc import Iterator

import click


def commands(group: click.Group, *place: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Below `group`, groups before what they hold. Words as they are typed after it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*place, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *place, name)
