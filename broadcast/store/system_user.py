"""Who runs the embedded server: oneself, or the system user `broadcast`, since PostgreSQL refuses root."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broadcast.errors import DatabaseError
from broadcast.languages import _

NAME = "broadcast"
_CREATE_S = 20.0


@dataclass(frozen=True, slots=True)
class Owner:
    """The user a server runs as. `switch`: this process is root and has to change to that user."""

    name: str
    uid: int
    gid: int
    switch: bool

    def run(
        self, command: Sequence[str | Path], *, folder: Path, timeout_s: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command as this user in `folder`, with a bare environment and its output caught.

        Raises subprocess.TimeoutExpired and OSError; a non-zero exit is the caller's to judge.
        """
        who: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.switch else {}
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            **who,
        )
        return done

    def make_folder(self, path: Path) -> None:
        """Create `path` as this user's own, mode 700; nothing if it is that already.

        Raises DatabaseError when it is somebody else's, or no folder.
        """
        try:
            path.mkdir(mode=0o700)
            if self.switch:
                os.chown(path, self.uid, self.gid)
        except FileExistsError:
            pass
        except OSError as error:
            raise DatabaseError(
                _(
                    "cannot create {path}: {strerror}; set BROADCAST_HOME to a place that can",
                    path=path,
                    strerror=error.strerror,
                )
            ) from error
        found = path.lstat()
        if not path.is_dir() or path.is_symlink() or found.st_uid != self.uid:
            raise DatabaseError(
                _(
                    "{path} is not a folder of the user {name}: move it away, or set BROADCAST_HOME",
                    path=path,
                    name=self.name,
                )
            )


def owner() -> Owner:
    """This user, or for root the system user, created when missing. Raises DatabaseError if that fails."""
    if os.geteuid() != 0:
        uid = os.geteuid()
        return Owner(_name_of(uid), uid, os.getegid(), switch=False)
    entry = _find() or _create()
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def numbers() -> set[int]:
    """The system user's, if there is one."""
    entry = _find()
    return {entry.pw_uid} if entry else set()


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(uid)


def _find() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd:
    """useradd, repeated while another process holds the user database's lock."""
    tool = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if tool is None:
        raise DatabaseError(
            _(
                "PostgreSQL does not run as root and there is no useradd: create a user named {name}",
                name=NAME,
            )
        )
    command = [tool, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", NAME]
    deadline = time.monotonic() + _CREATE_S
    while True:
        made = subprocess.run(command, capture_output=True, text=True, timeout=_CREATE_S, check=False)
        entry = _find()  # perhaps made by a process beside this one
        if entry:
            return entry
        if time.monotonic() > deadline:
            raise DatabaseError(
                _(
                    "PostgreSQL does not run as root and useradd {name} failed: {stderr}",
                    name=NAME,
                    stderr=made.stderr.strip(),
                )
            )
        time.sleep(0.2)
