"""A text as it is typed, with lines below it that follow every key."""

import sys
from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.output import create_output

from broadcast.visible import visible


def typed(below: Callable[[str], str]) -> str:
    """What stood there when Enter was pressed; a pasted text may have several lines. below: the lines, of the text.

    All on stderr: stdout stays what was asked for. Ctrl-D in an empty line: an empty text.
    Raises KeyboardInterrupt at Ctrl-C.
    """
    session: PromptSession[str] = PromptSession(output=create_output(sys.stderr))

    def lines() -> str:
        return visible(below(get_app().current_buffer.text), lines=True)

    try:
        return session.prompt("> ", bottom_toolbar=lines, wrap_lines=True)
    except EOFError:
        return ""
