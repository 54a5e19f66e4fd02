"""The signals that end a process that serves."""

import asyncio
import signal


def stopping() -> asyncio.Event:
    """Set by SIGTERM and Ctrl-C, from now on."""
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event
