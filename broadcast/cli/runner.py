"""How a command runs its coroutine: on uvloop, in a runner that cancels what is left at the end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end; Ctrl-C cancels it, and KeyboardInterrupt is raised once it has wound up."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
