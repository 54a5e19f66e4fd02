"""The demo's story, step by step: carriers, database, subscribers, alert, workers, report, audit."""

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broadcast.campaign.examples import BOYTE_2020, example
from broadcast.cli.output import duration, say
from broadcast.cli.shell import Shell
from broadcast.demo.carriers import (
    CARRIERS,
    NOT_CONNECTED,
    PASSWORD,
    PASSWORD_VARIABLE,
    Address,
    carriers_toml,
    personality_toml,
)
from broadcast.demo.pace import Granted, Onlooker, verdict
from broadcast.demo.verdict import differences
from broadcast.errors import AuditError, BroadcastError
from broadcast.languages import _
from broadcast.store.embedded import Server
from broadcast.store.scratch import scratch_home

NAME = "wash-hands"
_IMPORT_S = 600
_SEND_S = 1800
_SPARE_BINDS = 2  # a worker that is started later finds one


@dataclass(frozen=True, slots=True)
class Options:
    """lines: of the list. workers: processes. country: the national profile. folder: for all that it writes.

    database_url: of an empty database, instead of an embedded server that goes when the demo ends.
    """

    lines: int
    seed: int
    workers: int
    country: Path
    folder: Path
    database_url: str | None = None

    @property
    def sessions(self) -> int:
        """How many binds a carrier allows."""
        return self.workers + _SPARE_BINDS

    @property
    def author(self) -> str:
        """Logins."""
        return self._login("an")

    @property
    def approver(self) -> str:
        return self._login("binh")

    @property
    def auditor(self) -> str:
        return self._login("lan")

    @property
    def worker(self) -> str:
        return self._login("w")

    def _login(self, name: str) -> str:
        """One of its own where the server is somebody's: a login is for all its databases, and has its password."""
        return f"{name}-{self.folder.name[-8:]}" if self.database_url else name

    @property
    def passfile(self) -> Path:
        """Passwords of the accounts, where the database is none of the demo's own, which keeps them itself."""
        return self.folder / "passfile"

    @property
    def configuration(self) -> Path:
        """The file that says how the simulated carriers are reached."""
        return self.folder / "carriers.toml"


def play(options: Options, interrupted: Callable[[], bool]) -> None:
    """All of it, unless `interrupted`. Raises BroadcastError, AuditError if a line is unaccounted for."""
    started = time.monotonic()
    with _database(options) as database, _shell(options, database.environment, interrupted) as shell:
        addresses = _carriers(shell, options)
        options.configuration.write_text(carriers_toml(addresses, options.sessions), encoding="utf-8")
        _prepare(shell, options)
        expected = _subscribers(shell, options)
        _alert(shell, options)
        _send(shell, options, database)
        report = _report(shell, options, addresses)
        shell.tell(_("Everything stops; a database of the demo's own goes with it."))
    found = differences(expected, report, frozenset(carrier.name for carrier in CARRIERS))
    for line in found:
        say(line)
    if found:
        raise AuditError(_("not every line of the list is accounted for: see the differences above"))
    took = duration(time.monotonic() - started)
    say(
        _(
            "{lines:,} lines accounted for in {took}; the report: {report}",
            lines=options.lines,
            took=took,
            report=options.folder / "report.html",
        )
    )


@dataclass(frozen=True, slots=True)
class _Database:
    """environment: what it says of the database to every command. server: None when it is not the demo's own."""

    environment: Mapping[str, str]
    url: str
    server: Server | None

    @property
    def postmaster(self) -> int | None:
        """Its process id, while it runs."""
        return self.server.pid() if self.server else None


@contextmanager
def _database(options: Options) -> Iterator[_Database]:
    """One of our own goes when the context ends."""
    if options.database_url:
        there = {"BROADCAST_DATABASE_URL": options.database_url, "PGPASSFILE": str(options.passfile)}
        yield _Database(there, options.database_url, None)
        return
    with scratch_home("demo") as home:
        yield _Database({"BROADCAST_HOME": str(home)}, Server(home).url(), Server(home))


def _shell(options: Options, database: Mapping[str, str], interrupted: Callable[[], bool]) -> Shell:
    """Without the settings of a real installation: the demo touches nothing but its own."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("BROADCAST_")}
    files = os.pathsep.join(str(path) for path in (options.country, options.configuration))
    mine = {**database, "BROADCAST_CONFIG": files, PASSWORD_VARIABLE: PASSWORD}
    logged = {"BROADCAST_LOG": "human"}  # to files, which people look into
    say(_("To look on from another terminal, say there first:"))
    for key, value in mine.items():
        say(f"$ export {key}={shlex.quote(value)}")
    return Shell(bare | logged | mine, options.folder, interrupted=interrupted)


def _carriers(shell: Shell, options: Options) -> dict[str, Address]:
    shell.tell(
        _("Three simulated carriers: each a process that speaks SMPP 3.4 and keeps a book of its own.")
    )
    ready = {carrier.name: options.folder / f"{carrier.name}.ready" for carrier in CARRIERS}
    for carrier in CARRIERS:
        file = options.folder / f"{carrier.name}.toml"
        file.write_text(personality_toml(carrier, options.seed, options.sessions), encoding="utf-8")
        words = ("--personality", file, "--ready-file", ready[carrier.name], "--json")
        shell.start(carrier.name, "carrier", "simulate", *words)
    shell.wait_for(_("the simulated carriers"), lambda: all(path.exists() for path in ready.values()))
    return {name: _address(path) for name, path in ready.items()}


def _address(ready: Path) -> Address:
    said = json.loads(ready.read_text(encoding="utf-8"))
    ready.unlink()
    return Address(said["port"], said["book_port"])


def _prepare(shell: Shell, options: Options) -> None:
    """A database, and who may do what in it."""
    shell.tell(_("The database, with its schema."))
    if not options.database_url:
        shell.run("db", "up")
    shell.run("db", "migrate")
    shell.tell(
        _(
            "Who is who: two people, who are admins too, an auditor, a login for workers. Nobody else does anything."
        )
    )
    first = (f"{options.author}=author,approver", f"{options.approver}=approver,operator")
    accounts = (*first, f"{options.auditor}=auditor", f"{options.worker}=worker")
    shell.run("user", "begin", *accounts, *(("--passfile", options.passfile) if options.database_url else ()))
    shell.run("user", "list")
    shell.run("db", "status")


def _subscribers(shell: Shell, options: Options) -> Mapping[str, Any]:
    """Returns what the generator knows that an import must say."""
    people = options.folder / "people.csv"
    shell.tell(_("The carriers as the configuration describes them."))
    shell.run("carrier", "list", "--as", options.approver)
    shell.tell(
        _(
            "A list of {lines:,} people by the numbering plan, with the dirt of real lists.",
            lines=options.lines,
        )
    )
    shares = {carrier.name: carrier.weight for carrier in CARRIERS} | NOT_CONNECTED
    weights = [word for name, share in shares.items() for word in ("--weight", f"{name}={share:g}")]
    words: tuple[str | Path, ...] = (
        people,
        "--lines",
        str(options.lines),
        "--seed",
        str(options.seed),
        *weights,
    )
    expected: Mapping[str, Any] = shell.read("subscriber", "generate", *words, timeout_s=_IMPORT_S)
    refused = options.folder / "refused.csv"
    imported = ("subscriber", "import", people, "--refused", refused)
    shell.run(*imported, "--as", options.approver, timeout_s=_IMPORT_S)
    shell.run("subscriber", "stats", "--as", options.approver)
    return expected


def _alert(shell: Shell, options: Options) -> None:
    text = options.folder / "alert.vi.txt"
    text.write_text(example(BOYTE_2020), encoding="utf-8")
    shell.tell(_("The alert, in Vietnamese; and what its diacritics cost against the same words without."))
    content = ("--text-file", text, "--category", "health", "--expires", "2h", "--sender", "BOYTE")
    shell.run("campaign", "draft", NAME, *content, "--as", options.author)
    shell.run("campaign", "forecast", NAME, "--as", options.author)
    shell.tell(_("What the second person reads; its content code says in the approval what was read."))
    shell.run("campaign", "show", NAME, "--as", options.approver)
    code = shell.read("campaign", "show", NAME, "--as", options.approver)["code"]
    shell.tell(_("Who drafts may not approve: this is refused with exit code 3."))
    shell.run("campaign", "approve", NAME, "--content", code, "--as", options.author, expect=3)
    shell.tell(_("A second person may."))
    shell.run("campaign", "approve", NAME, "--content", code, "--as", options.approver)


def _send(shell: Shell, options: Options, database: _Database) -> None:
    shell.tell(_("Workers, one for each core: what production runs, on as many machines as it likes."))
    for number in range(1, options.workers + 1):
        shell.start(f"worker-{number}", "worker", "--as", options.worker)
    shell.start("exporter", "exporter", "--as", options.worker)
    carriers = [carrier.name for carrier in CARRIERS]
    shell.wait_for(_("a link of each worker"), Granted(database.url, carriers, options.workers))
    shell.tell(_("Whoever launches says how many people hear it, as the forecast has it: that number binds."))
    foreseen = shell.read("campaign", "forecast", NAME, "--as", options.approver)["ways"][0]["carriers"]
    people = str(sum(each["recipients"] for each in foreseen))
    with Onlooker(database.url, NAME, database.postmaster) as onlooker:
        shell.run("campaign", "launch", NAME, "--recipients", people, "--as", options.approver)
        shell.run("campaign", "watch", NAME, "--as", options.approver, timeout_s=_SEND_S)
    said, stood_still = verdict(onlooker.pace, onlooker.cores, options.lines)
    say(said)
    if stood_still:
        raise BroadcastError(
            _(
                "a carrier stood still while it had work and TPS: see worker-*.log in {folder}",
                folder=options.folder,
            )
        )


def _report(shell: Shell, options: Options, addresses: Mapping[str, Address]) -> Mapping[str, Any]:
    """Returns the report, as JSON has it."""
    shell.tell(_("What became of it: here, as HTML with charts, as CSV and as JSON."))
    report = options.folder / "report.json"
    shell.run(
        *(
            "campaign",
            "report",
            NAME,
            "--as",
            options.auditor,
            "--html",
            options.folder / "report.html",
            "--json-file",
            report,
        ),
        *("--csv", options.folder / "report.csv", "--recipients", options.folder / "recipients.csv"),
        timeout_s=_IMPORT_S,
    )
    shell.tell(_("The audit: the ledger against its own rows, and against the carriers' books."))
    books = [word for name, address in addresses.items() for word in ("--book", f"{name}={address.book}")]
    shell.run("campaign", "audit", NAME, "--as", options.auditor, *books, timeout_s=_IMPORT_S)
    found: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found
