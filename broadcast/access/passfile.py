"""A file of passwords as libpq's `.pgpass`: for logins of machines, and for the embedded server's."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broadcast.errors import InputError
from broadcast.languages import _

_OCTETS: Final = 24
_LINE: Final = re.compile(r"\*:\*:\*:(?P<login>(?:\\.|[^:\\])*):(?P<password>.*)")


def random_password() -> str:
    """One that nobody types."""
    return secrets.token_urlsafe(_OCTETS)


def known(path: Path) -> dict[str, str]:
    """What `keep` wrote there, by login; nothing where there is no such file. Raises InputError as that."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except OSError as error:
        raise InputError(_("cannot read {path}: {why}", path=path, why=error.strerror)) from error
    found = (_LINE.fullmatch(line) for line in lines)
    return {_plain(each["login"]): _plain(each["password"]) for each in found if each}


def keep(path: Path, passwords: Mapping[str, str]) -> None:
    """Passwords by login, for any server and database; a login's line of before goes. Readable by the owner alone.

    Raises InputError when the file cannot be written.
    """
    lines = [f"*:*:*:{_escaped(login)}:{_escaped(password)}\n" for login, password in passwords.items()]
    gone = tuple(f"*:*:*:{_escaped(login)}:" for login in passwords)
    try:
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        draft = path.with_name(f".{path.name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.writelines([*(line for line in kept if not line.startswith(gone)), *lines])
        draft.replace(path)
    except OSError as error:
        raise InputError(_("cannot write {path}: {why}", path=path, why=error.strerror)) from error


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")
