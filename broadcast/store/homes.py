"""Where an embedded server's home lies, and that nobody can lead root's files elsewhere by it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from broadcast import places
from broadcast.errors import DatabaseError
from broadcast.languages import _
from broadcast.store import system_user
from broadcast.store.system_user import Owner

ROOT_HOME: Final = Path("/var/lib/broadcast")


def default_home() -> Path:
    """Where the homes of this user lie when BROADCAST_HOME does not say."""
    if os.geteuid() == 0:
        return ROOT_HOME
    base = os.environ.get("XDG_DATA_HOME", "")
    try:
        return (Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share") / "broadcast"
    except RuntimeError as error:
        raise DatabaseError(
            _("this user has no home folder: set BROADCAST_HOME to a folder for the database")
        ) from error


def check_home(path: Path) -> None:
    """Raises RefusedError where a user other than root and the server's own could lead root's files elsewhere."""
    places.check(path, _("set BROADCAST_HOME to a folder of root's"), system_user.numbers(), own=True)


def make_home(path: Path, owner: Owner) -> None:
    """Create a home where `owner` can reach it; an existing folder is left as it is.

    Raises DatabaseError, and RefusedError as `check_home`.
    """
    check_home(path)
    try:
        with suppress(FileExistsError):  # the usual case, or another process was quicker
            path.mkdir(parents=True)
            path.chmod(0o755 if owner.switch else 0o700)
    except OSError as error:
        raise DatabaseError(
            _("cannot create {path}: {strerror}; set BROADCAST_HOME", path=path, strerror=error.strerror)
        ) from error
    if owner.switch and owner.run(["test", "-x", path], folder=Path("/"), timeout_s=10).returncode != 0:
        raise DatabaseError(
            _(
                "the system user {name} cannot reach {path}: set BROADCAST_HOME to a folder whose parents "
                "are open to all, {root_home} say",
                name=owner.name,
                path=path,
                root_home=ROOT_HOME,
            )
        )
