"""The command `broadcast`: its groups, and how every failure ends as one line and an exit code.

Exit codes: 0 done, 1 failed, 2 usage or input, 3 refused by a rule, 130 stopped by Ctrl-C.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence

import asyncpg
import click

from broadcast.cli.lazy import LazyGroup
from broadcast.cli.settings import Settings
from broadcast.cli.terminal import any_terminal, put
from broadcast.errors import BroadcastError
from broadcast.store.failures import LOST, TOLD, explain, lost_node
from broadcast.visible import visible

# The guests, bench and demo, are known by name alone: they use what commands are made of, and no command uses them.
# name: (place, one line for --help)
_COMMANDS = {
    "bench": ("bench.command:bench", "Measure how fast this machine sends."),
    "campaign": ("cli.campaign:campaign", "Draft, approve, launch and follow an alert."),
    "carrier": ("cli.carrier:carrier", "The carriers, and simulated ones to rehearse with."),
    "db": ("cli.db:db", "The database: start, stop, migrate, status."),
    "demo": ("demo.command:demo", "One alert to a small nation, from its import to its report."),
    "plan": ("cli.plan:plan", "What alerts to a nation take: hours, cores, databases, disk."),
    "resolver": ("cli.resolver:resolver", "Find the message that each receipt is for, as one process."),
    "subscriber": ("cli.subscriber:subscriber", "Who hears alerts: import, statistics, opt-out."),
    "up": ("cli.up:up", "Run this machine's workers and a resolver, and start again whichever dies."),
    "worker": ("cli.worker:worker", "Send, as one process: run as many as there are cores."),
}


@click.group(
    cls=LazyGroup,
    places={name: place for name, (place, _) in _COMMANDS.items()},
    lines={name: line for name, (_, line) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--config",
    "config_files",
    multiple=True,
    metavar="FILE",
    help="A configuration file; repeat for more (the country, the carriers). Default: BROADCAST_CONFIG.",
)
@click.version_option(package_name="broadcast", prog_name="broadcast")
@click.pass_context
def broadcast(ctx: click.Context, config_files: Sequence[str]) -> None:
    """Tell a whole country something, now: a national alert over SMPP, exact to the last receipt.

    \b
    Example, with everything simulated:
      broadcast demo

    \b
    Completion of commands and options, for bash (zsh and fish likewise):
      eval "$(_BROADCAST_COMPLETE=bash_source broadcast)"

    The environment: BROADCAST_CONFIG (configuration files), BROADCAST_DATABASE_URL (a PostgreSQL of your own;
    unset means the embedded one), BROADCAST_HOME (where the embedded one lives), BROADCAST_OPERATOR (who you
    are), BROADCAST_TRACE=1 (failures with their traceback).
    """
    ctx.obj = Settings(tuple(config_files))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line (default: this process's) and exit with its code."""
    any_terminal()
    try:
        words = None if arguments is None else list(arguments)
        code = broadcast.main(args=words, prog_name="broadcast", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        said = io.StringIO()  # it repeats what was typed: a file's name may hold anything
        error.show(said)
        put(visible(said.getvalue().rstrip("\n"), lines=True), sys.stderr)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _fail("stopped", 130)
    except BrokenPipeError:  # the reader of our output went away, `| head` say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001 - the one place where any failure becomes a line
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: Exception) -> int:
    """A line on stderr; gives the exit code. An unforeseen error's text may hold a number: not shown."""
    if os.environ.get("BROADCAST_TRACE") == "1":
        put(visible("".join(traceback.format_exception(error)).rstrip("\n"), lines=True), sys.stderr)
    cause = _first(error)
    if isinstance(cause, BroadcastError):
        return _fail(str(cause), cause.exit_code)
    if isinstance(cause, LOST + TOLD) or lost_node(cause):
        failure = explain(cause)
        return _fail(str(failure), failure.exit_code)
    if isinstance(cause, OSError):
        place = f" ({cause.filename})" if cause.filename else ""
        return _fail(f"{cause.strerror or type(cause).__name__}{place}", 1)
    if isinstance(cause.__cause__, UnicodeEncodeError):
        return _fail(
            "what was given is no text in the terminal's character set: write it anew, or check LANG", 2
        )
    if isinstance(cause, asyncpg.PostgresError):
        return _fail(f"PostgreSQL refused a statement ({type(cause).__name__} {cause.sqlstate}); {_TRACE}", 1)
    return _fail(f"unexpected {type(cause).__name__}; {_TRACE}", 1)


_TRACE = "run it again with BROADCAST_TRACE=1 and report what it prints"


def _first(error: BaseException) -> BaseException:
    """The error that counts in a group of tasks' errors: one that says what to do, or else the first."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_first(inner) for inner in error.exceptions]
    said = [leaf for leaf in leaves if isinstance(leaf, BroadcastError)]
    return (said or leaves)[0]


def _fail(text: str, code: int) -> int:
    put(f"broadcast: {visible(' '.join(text.split()))}", sys.stderr)
    return code
