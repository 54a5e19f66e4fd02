"""`broadcast carrier simulate`: an SMSC to rehearse against, until it is told to stop."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from broadcast.cli.collector import collect_seldom
from broadcast.cli.files import write_text
from broadcast.cli.output import json_option, print_facts, print_json_line, say
from broadcast.cli.runner import run
from broadcast.languages import _
from broadcast.simulator.book_server import BookServer
from broadcast.simulator.personality import Personality, load
from broadcast.simulator.server import Smsc

_FILE = click.Path(dir_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65535)


@click.command("simulate")
@click.option("--personality", required=True, type=_FILE, help="What it is like: a file of config/simulator.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=0, help="SMPP port; 0, the default, takes a free one.")
@click.option("--book-port", type=_PORT, default=0, help="HTTP port of its book; 0 takes a free one.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Overrides a key of the file.")
@click.option("--ready-file", type=_FILE, help="Written once it listens: host, port, book_port, pid as JSON.")
@json_option
def carrier_simulate(
    personality: Path,
    host: str,
    port: int,
    book_port: int,
    settings: Sequence[str],
    ready_file: Path | None,
    as_json: bool,
) -> None:
    """Be a carrier's SMSC, until SIGTERM or Ctrl-C; then say what was received and delivered.

    Personalities are in config/simulator, named by what they do; every key may be set from here, those of its
    tables too. Its book is served as JSON meanwhile:

    \b
      /book           counts, and what it did by habit
      /book/copies    recipients with more than one copy
      /book/held      receipts held back (--set receipts.held_share=1); ?release=0.1 sends a tenth
      /book/sessions  every session, and how it ended
      /book/replies   what subscribers answered
      /book/messages  each message, decoded, with its answers and receipts (--set record=100000)
      /book/receipts  each receipt, and when it was acked (--set record=100000)
    The last three take ?msisdn=, ?offset= and ?limit=.

    \b
    Example:
      broadcast carrier simulate --personality config/simulator/viettel.toml --port 2775 --book-port 8081
      broadcast carrier simulate --personality config/simulator/worst.toml --set tps=500 --set receipts.poison=0
    """
    summary = run(_serve(load(personality, settings), host, port, book_port, ready_file, as_json))
    if as_json:
        print_json_line(summary)
    else:
        print_facts("", _flat(summary))


async def _serve(
    personality: Personality, host: str, port: int, book_port: int, ready_file: Path | None, as_json: bool
) -> dict[str, Any]:
    """Until a signal. Gives the summary of the book."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    smsc = Smsc(personality)
    book = BookServer(smsc.exchange)
    collect_seldom()
    try:
        opened, book_opened = await smsc.start(host, port), await book.start(host, book_port)
        _announce(personality, host, opened, book_opened, ready_file, as_json)
        await stopping.wait()
    finally:
        await book.stop()
        await smsc.stop()
    return smsc.summary()


def _announce(
    personality: Personality, host: str, port: int, book_port: int, ready_file: Path | None, as_json: bool
) -> None:
    book = f"http://{host}:{book_port}/book"
    ready = {"name": personality.name, "host": host, "port": port, "book_port": book_port, "book": book}
    ready |= {"pid": os.getpid()}
    if as_json:
        print_json_line(ready)
    else:
        say(
            _(
                "{name} listens on {host} port {port}; its book is {book}",
                name=personality.name,
                host=host,
                port=port,
                book=book,
            )
        )
    if ready_file is not None:
        write_text(ready_file, json.dumps(ready) + "\n")  # whoever waits for it finds it whole


def _flat(summary: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Tables within tables as `receipts.sent`."""
    flat: dict[str, Any] = {}
    for key, value in summary.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{key}.")
        else:
            flat[above + key] = value
    return flat
