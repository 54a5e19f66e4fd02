"""The signals that end a process that serves."""

import asyncio
import faulthandler
import signal


def stopping() -> asyncio.Event:
    """Set by SIGTERM and Ctrl-C, from now on."""
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


def say_where_it_hangs() -> None:
    """From now on SIGABRT, by which a watchdog ends what hangs, leaves files and lines on stderr, and no value."""
    faulthandler.enable()
