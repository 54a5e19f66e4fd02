"""The command `broadcast`: its groups, and how every failure ends as one line and an exit code.

Exit codes: 0 done, 1 failed, 2 usage or input, 3 refused by a rule, 130 stopped by Ctrl-C.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

import asyncpg
import click

from broadcast import languages
from broadcast.cli.lazy import LazyGroup
from broadcast.cli.settings import Settings
from broadcast.cli.terminal import any_terminal, put
from broadcast.cli.translated import translated
from broadcast.errors import BroadcastError, RefusedError
from broadcast.languages import N_, _
from broadcast.monitor.logger import told_to_people
from broadcast.store.failures import LOST, TOLD, explain, lost_node
from broadcast.store.pool import logged_in_as
from broadcast.visible import visible

# The guests, bench and demo, are known by name alone: they use what commands are made of, and no command uses them.
# name: (place, one line for --help)
_COMMANDS = {
    "alert": ("cli.alert:alert", N_("Alerts as CAP 1.2 files: import, export.")),
    "area": ("cli.area:area", N_("Areas, one in the other: import, list, show.")),
    "attribute": (
        "cli.attribute:attribute",
        N_("What lists may say of people beside area and language."),
    ),
    "audience": ("cli.audience:audience", N_("Who hears an alert: how many, and who they are.")),
    "audit": ("cli.audit:audit", N_("What was done, by whom, and whether the database still says so.")),
    "bench": ("bench.command:bench", N_("Measure how fast this machine sends.")),
    "board": ("cli.board:board", N_("The control room's page: alerts live, behind a login.")),
    "budget": ("cli.budget:budget", N_("What may be spent on segments, and what of it is.")),
    "campaign": ("cli.campaign:campaign", N_("Draft, approve, launch and follow an alert.")),
    "carrier": ("cli.carrier:carrier", N_("The carriers, and simulated ones to rehearse with.")),
    "db": ("cli.db:db", N_("The database: start, stop, migrate, status.")),
    "demo": ("demo.command:demo", N_("One alert to a small nation, from its import to its report.")),
    "exporter": ("cli.exporter:exporter", N_("Serve the national figures to Prometheus, as one process.")),
    "health": (
        "cli.health:health",
        N_("Whether a worker, a resolver or an exporter takes part, and why not."),
    ),
    "list": ("cli.list:list_", N_("Numbers by name: to choose people, or to leave them out.")),
    "log": ("cli.log:log", N_("What processes of this machine log.")),
    "metrics": ("cli.metrics:metrics", N_("What is served to Prometheus, and where.")),
    "plan": ("cli.plan:plan", N_("What alerts to a nation take: hours, cores, databases, disk.")),
    "resolver": ("cli.resolver:resolver", N_("Find the message that each receipt is for, as one process.")),
    "subscriber": ("cli.subscriber:subscriber", N_("Who hears alerts: import, statistics, opt-out.")),
    "rules": ("cli.rules:rules", N_("What binds operators: how many approve, what is asked for.")),
    "template": (
        "cli.template:template",
        N_("Texts written beforehand, for each hazard and its correction."),
    ),
    "text": ("cli.text:text", N_("What a text costs while it is written.")),
    "up": ("cli.up:up", N_("Run this machine's workers and a resolver, and start again whichever dies.")),
    "user": ("cli.user:user", N_("Accounts and their roles.")),
    "worker": ("cli.worker:worker", N_("Send, as one process: run as many as there are cores.")),
}
# What a machine does, or who has the database: BROADCAST_OPERATOR is a person, and says nothing of these.
_MACHINES = frozenset(
    {"bench", "board", "db", "demo", "exporter", "health", "log", "metrics", "resolver", "up", "worker"}
)


@click.group(
    cls=LazyGroup,
    places={name: place for name, (place, _line) in _COMMANDS.items()},
    lines={name: line for name, (_place, line) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--config",
    "config_files",
    multiple=True,
    metavar="FILE",
    help="A configuration file; repeat for more (the country, the carriers). Default: BROADCAST_CONFIG.",
)
@click.option(
    "--as",
    "login",
    metavar="NAME",
    help="Your login, in place of the user of the database's URL. Default, for what people do: BROADCAST_OPERATOR.",
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(languages.LANGUAGES),
    expose_value=False,
    help="Speak this language. Default: by LANGUAGE, LC_ALL, LC_MESSAGES or LANG.",
)
@click.version_option(package_name="broadcast", prog_name="broadcast")
@click.pass_context
def broadcast(ctx: click.Context, config_files: Sequence[str], login: str | None) -> None:
    """Tell a whole country something, now: a national alert over SMPP, exact to the last receipt.

    \b
    Example, with everything simulated:
      broadcast demo

    \b
    Completion of commands and options, for bash (zsh and fish likewise):
      eval "$(_BROADCAST_COMPLETE=bash_source broadcast)"

    The environment: BROADCAST_CONFIG (configuration files), BROADCAST_DATABASE_URL (a PostgreSQL of your own;
    unset means the embedded one), BROADCAST_HOME (where the embedded one lives), BROADCAST_OPERATOR (your
    login), BROADCAST_TRACE=1 (failures with their traceback).
    """
    ctx.obj = Settings(tuple(config_files), login)
    if ctx.invoked_subcommand not in _MACHINES:
        login = login or os.environ.get("BROADCAST_OPERATOR") or None
    ctx.with_resource(logged_in_as(login))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line (default: this process's) and exit with its code."""
    any_terminal()
    told_to_people()
    words = sys.argv[1:] if arguments is None else list(arguments)
    languages.choose(_asked(words) or languages.preferred(os.environ))
    try:
        code = translated(broadcast).main(args=words, prog_name="broadcast", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        said = io.StringIO()  # it repeats what was typed: a file's name may hold anything
        error.show(said)
        put(visible(said.getvalue().rstrip("\n"), lines=True), sys.stderr)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = _fail(_("stopped"), 130)
    except BrokenPipeError:  # the reader of our output went away, `| head` say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:  # noqa: BLE001 - the one place where any failure becomes a line
        code = _report(error)
    sys.exit(code if isinstance(code, int) else 0)


def _asked(words: Sequence[str]) -> str | None:
    """The language of `--lang`, before anything else is read: help and errors are to be in it."""
    for word, after in pairwise([*words, ""]):
        said = after if word == "--lang" else word.removeprefix("--lang=")
        if word != said and said in languages.LANGUAGES:
            return said
        if word in _COMMANDS:
            break
    return None


def _report(error: Exception) -> int:
    """A line on stderr; gives the exit code. An unforeseen error's text may hold a number: not shown."""
    if os.environ.get("BROADCAST_TRACE") == "1":
        put(visible("".join(traceback.format_exception(error)).rstrip("\n"), lines=True), sys.stderr)
    cause = _first(error)
    if isinstance(cause, BroadcastError):
        return _fail(str(cause), cause.exit_code)
    if isinstance(cause, LOST + TOLD) or lost_node(cause):
        failure = explain(cause)
        refused = isinstance(cause, asyncpg.InsufficientPrivilegeError)  # by who may do what
        return _fail(str(failure), RefusedError.exit_code if refused else failure.exit_code)
    if isinstance(cause, OSError):
        place = f" ({cause.filename})" if cause.filename else ""
        return _fail(f"{cause.strerror or type(cause).__name__}{place}", 1)
    if isinstance(cause.__cause__, UnicodeEncodeError):
        return _fail(
            _("what was given is no text in the terminal's character set: write it anew, or check LANG"), 2
        )
    if isinstance(cause, asyncpg.PostgresError):
        return _fail(
            _(
                "PostgreSQL refused a statement ({name} {sqlstate}); {trace}",
                name=type(cause).__name__,
                sqlstate=cause.sqlstate,
                trace=_(_TRACE),
            ),
            1,
        )
    return _fail(_("unexpected {name}; {trace}", name=type(cause).__name__, trace=_(_TRACE)), 1)


_TRACE = N_("run it again with BROADCAST_TRACE=1 and report what it prints")


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
