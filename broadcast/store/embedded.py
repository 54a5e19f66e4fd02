"""The embedded PostgreSQL: the wheel's programs run as a server of our own, one per home folder.

An ordinary user's home is in that user's data folder, and the programs run where pip put them. Root runs the
server as the system user `broadcast`, who may see neither root's HOME nor a clone below it: home is
/var/lib/broadcast, and the programs are copied there. Nothing outside the home is changed (where its path is
too long for a socket, a folder elsewhere is made for that). No TCP port; only the owner and root reach its socket, and
so the superuser needs no password there. Every other login does: its own, from the home's passfile or ~/.pgpass.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from broadcast.errors import BroadcastError, DatabaseError
from broadcast.languages import _
from broadcast.store import binaries, system_user
from broadcast.store.homes import ROOT_HOME, check_home, default_home, make_home
from broadcast.store.server_log import cause, last_line, tail
from broadcast.store.system_user import Owner

SETTINGS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # DETAIL and CONTEXT quote rows: numbers, texts (law 9)
    "max_connections": "200",
    "timezone": "UTC",
    "wal_buffers": "64MB",
    "wal_init_zero": "off",  # a new segment costs its writing once, not twice; ext4 and xfs lose nothing by it
}
_WAIT_S = 300  # a start after a crash replays what was written
_COMMAND_S = 330.0
_LOCK_S = 330.0
_SOCKET_PATH_OCTETS = 100  # the kernel takes 107
_PORT = 5432  # part of the socket's name, nothing more
_NAME = "broadcast"  # of the superuser and of the database
ROOM_OCTETS = (
    48_000_000  # to start again after a full disk: two segments of the log, and what recovery writes
)
_STOPPED = "stopped"  # a file in the home
_FULL = "No space left on device"
_READY = "database system is ready"


@dataclass(frozen=True, slots=True)
class Server:
    """The server of one home. Several homes, and so several servers, may live side by side."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    passwords: bool = True  # False: whoever reaches the socket may be anybody, for tests

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @property
    def passfile(self) -> Path:
        """Passwords of its logins, as libpq reads them."""
        return self.home / "passfile"

    @property
    def socket_folder(self) -> Path:
        """In the home, unless its path is too long for a socket."""
        inside = self.home / "run"
        if len(os.fsencode(inside / _socket_name())) <= _SOCKET_PATH_OCTETS:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        base = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())
        return Path(base if len(base) <= 60 else "/tmp") / f"broadcast-{digest}"

    @property
    def socket_path(self) -> Path:
        return self.socket_folder / _socket_name()

    def url(self, database: str = _NAME) -> str:
        """For asyncpg and psql."""
        places = {"host": self.socket_folder, "passfile": self.passfile}
        query = urlencode(places, safe="/", quote_via=quote)
        return f"postgresql://{_NAME}@/{quote(database)}?{query}"

    def pid(self) -> int | None:
        """The process id of the server that runs, or last ran and was killed; None: it was stopped, or never ran."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def answers(self) -> bool:
        """Whether something accepts connections at the socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self.socket_path))
            except OSError:
                return False
        return True

    def why_down(self) -> str | None:
        """Whether its disk is why it does not answer, in words; None when that does not look so."""
        return self._disk("" if self.was_stopped else tail(self.log).rpartition(_READY)[2])

    def _disk(self, said: str) -> str | None:
        """What is wrong with its disk. said: by the server, since it last ran well."""
        free = free_octets(self.home)
        if free is None or (free >= ROOM_OCTETS and _FULL not in said):
            return None
        if free >= ROOM_OCTETS:
            return _("the disk of {home} was full", home=self.home)
        needed = ROOM_OCTETS // 1_000_000
        return _(
            "the disk of {home} is full ({free} MB left): make room, {needed} MB at least",
            home=self.home,
            free=free // 1_000_000,
            needed=needed,
        )

    @property
    def was_stopped(self) -> bool:
        """By somebody who said so, `broadcast db down`: then nobody but `broadcast db up` starts it again."""
        return (self.home / _STOPPED).exists()

    def start(self) -> bool:
        """Start the server, with a new database when there is none; False when it ran already.

        Raises DatabaseError with the server's own last words when it does not come up.
        """
        owner = system_user.owner()
        make_home(self.home, owner)
        with self._locked():
            if self.answers():
                self._unmark()
                return False
            programs = self._programs(owner)
            if not self.data.exists():
                self._create_data(owner, programs)
            self._check_data(owner, programs)
            owner.make_folder(self.socket_folder)
            self._launch(owner, programs)
            self._unmark()
        return True

    def stop(self, mode: str = "fast") -> bool:
        """Stop it; False when it did not run. mode: fast, or immediate for data that is thrown away."""
        self._mark()
        if not (self.data / "postmaster.pid").exists():
            return False
        try:
            owner = system_user.owner()
            with self._locked():
                self._mark()  # again: a start may have been under way
                done = self._control(owner, "stop", "-m", mode)
            if done.returncode != 0 and self.answers():
                raise DatabaseError(
                    _("the embedded database does not stop: {last_line}", last_line=last_line(done.stderr))
                )
        except BroadcastError:
            self._unmark()
            raise
        return done.returncode == 0

    def remove(self) -> None:
        """Stop it and delete its home with everything in it."""
        if self.home.exists():
            self.stop("immediate")
            if self.socket_folder.parent != self.home:
                shutil.rmtree(self.socket_folder, ignore_errors=True)
            shutil.rmtree(self.home)

    def _mark(self) -> None:
        if self.home.exists():
            with suppress(OSError):  # a full disk: it is stopped all the same
                (self.home / _STOPPED).touch()

    def _unmark(self) -> None:
        (self.home / _STOPPED).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One start or stop at a time in this home."""
        check_home(self.home)
        deadline = time.monotonic() + _LOCK_S
        with (self.home / "lock").open("a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise DatabaseError(
                            _("another process is starting or stopping {home}", home=self.home)
                        ) from None
                    time.sleep(0.05)
            yield

    def _programs(self, owner: Owner) -> Path:
        if not owner.switch:
            return binaries.in_wheel()
        return binaries.copied_to(ROOT_HOME if self.home.is_relative_to(ROOT_HOME) else self.home)

    def _create_data(self, owner: Owner, programs: Path) -> None:
        """initdb beside the final place, then a rename: a broken start leaves no half a database."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        owner.make_folder(draft)
        options = ("-D", str(draft), "-U", _NAME, "-A", "trust", "-E", "UTF8", "--no-locale")
        made = self._run(owner, [programs / "initdb", *options])
        if made.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise DatabaseError(
                _(
                    "cannot make a database in {home}: {last_line}",
                    home=self.home,
                    last_line=last_line(made.stderr),
                )
            )
        draft.rename(self.data)

    def _check_data(self, owner: Owner, programs: Path) -> None:
        owner.make_folder(self.data)
        mine = self._run(owner, [programs / "postgres", "--version"]).stdout.split()[-1].split(".")[0]
        theirs = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if mine != theirs:
            raise DatabaseError(
                _(
                    "{data} is of PostgreSQL {theirs}, the embedded one is {mine}: "
                    "dump it with its own version, or move it away",
                    data=self.data,
                    theirs=theirs,
                    mine=mine,
                )
            )

    def _launch(self, owner: Owner, programs: Path) -> None:
        settings = {**self.settings, "listen_addresses": "", "port": str(_PORT)}
        settings |= {"hba_file": str(self._who_gets_in())}
        settings |= {"unix_socket_directories": str(self.socket_folder), "unix_socket_permissions": "0700"}
        options = shlex.join(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))
        known = self.log.stat().st_size if self.log.exists() else 0
        started = self._control(owner, "start", "-l", str(self.log), "-o", options)
        if started.returncode != 0:
            said = self.log.read_bytes()[known:].decode(errors="replace") if self.log.exists() else ""
            words = self._disk(said) or (cause(said) if said.strip() else last_line(started.stderr))
            raise DatabaseError(
                _("the embedded database does not start ({log}): {words}", log=self.log, words=words)
            )
        made = self._run(owner, [programs / "createdb", "-h", self.socket_folder, "-U", _NAME, _NAME])
        if made.returncode != 0 and "already exists" not in made.stderr:
            raise DatabaseError(
                _(
                    "cannot create the database {name}: {last_line}",
                    name=_NAME,
                    last_line=last_line(made.stderr),
                )
            )

    def _who_gets_in(self) -> Path:
        """Written at each start, in the home rather than among the data: one of before had none."""
        path = self.home / "pg_hba.conf"
        how = "scram-sha-256" if self.passwords else "trust"
        lines = f"local all {_NAME} trust\nlocal all all {how}\n"
        if not path.exists() or path.read_text(encoding="ascii") != lines:  # a full disk takes nothing
            path.write_text(lines, encoding="ascii")
            path.chmod(0o644)
        return path

    def _control(self, owner: Owner, action: str, *words: str) -> "subprocess.CompletedProcess[str]":
        program = self._programs(owner) / "pg_ctl"
        return self._run(owner, [program, action, "-D", str(self.data), "-w", "-t", str(_WAIT_S), *words])

    def _run(self, owner: Owner, command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
        try:
            return owner.run(command, folder=self.home, timeout_s=_COMMAND_S)
        except subprocess.TimeoutExpired:
            raise DatabaseError(
                _(
                    "{name} did not end in {command_s:.0f} s ({home})",
                    name=Path(command[0]).name,
                    command_s=_COMMAND_S,
                    home=self.home,
                )
            ) from None
        except OSError as error:
            raise DatabaseError(
                _(
                    "cannot run {name} as {owner_name}: {strerror}",
                    name=Path(command[0]).name,
                    owner_name=owner.name,
                    strerror=error.strerror,
                )
            ) from error


def is_chosen() -> bool:
    """Whether this process uses the embedded server rather than one by URL."""
    return not os.environ.get("BROADCAST_DATABASE_URL", "").strip()


def free_octets(path: Path) -> int | None:
    """On the disk of `path`; None when that cannot be told."""
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return None


def server() -> Server:
    """The server of this process's home. Raises RefusedError as `check_home`: root asks nobody else's."""
    check_home(home())
    return Server(home())


def home() -> Path:
    """BROADCAST_HOME, or /var/lib/broadcast for root, or the user's data folder. It need not exist."""
    chosen = os.environ.get("BROADCAST_HOME", "").strip()
    return Path(chosen).absolute() if chosen else default_home()


def _socket_name() -> str:
    return f".s.PGSQL.{_PORT}"
