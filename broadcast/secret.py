"""Where passwords and keys are, and what may be said of that.

A name that leads nowhere is never repeated: it may be the password itself, typed in the wrong place.
"""

import os
import stat
from pathlib import Path
from typing import Final

from broadcast.errors import ConfigError
from broadcast.languages import _


def _not_shown(what: str) -> str:
    return _("not shown here, it may be the {what} itself", what=what)


NOT_SHOWN: Final = _not_shown("password")


def read(env: str | None, file: str | None, what: str = "password") -> str:
    """The secret in an environment variable, or else in a file; empty when neither is named.

    what: it is, as the keys begin. Raises ConfigError, with the key `password_env` or `password_file`, when there is
    none.
    """
    if env:
        secret, place = os.environ.get(env), _("the environment variable {env}", env=env)
        if secret is None:
            raise ConfigError(
                _(
                    "the environment variable that {what}_env names is not set: set it, or correct the name "
                    "({not_shown})",
                    what=what,
                    not_shown=_not_shown(what),
                )
            )
    elif file:
        secret, place = _read_file(Path(file), what), file
    else:
        return ""
    if not secret:
        raise ConfigError(_("{place} is empty: put the {what} there", place=place, what=what))
    return secret


def _read_file(path: Path, what: str) -> str:
    """Without the line's end, which editors add."""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        reason = _("it is not text")
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = _("that is no name of a file")
    if _is_name(str(path)):
        raise ConfigError(_("cannot read {what}_file {path}: {reason}", what=what, path=path, reason=reason))
    raise ConfigError(
        _(
            "cannot read the file that {what}_file names: {reason} ({not_shown})",
            what=what,
            reason=reason,
            not_shown=_not_shown(what),
        )
    )


def shown(env: str | None, file: str | None) -> dict[str, str | None]:
    """`password_env` and `password_file` for a screen."""
    return {
        "password_env": env if env is None or env in os.environ else _("(not set)"),
        "password_file": file if file is None or _is_name(file) else _("(no such file)"),
    }


def all_may_read(file: str) -> bool:
    """Whether every user of this machine may: by its mode, and by those of the folders that lead to it."""
    try:
        whole = Path(file).resolve(strict=True)
        modes = [each.stat().st_mode for each in (whole, *whole.parents)]
    except (OSError, ValueError):  # reading it says why
        return False
    return bool(modes[0] & stat.S_IROTH) and all(mode & stat.S_IXOTH for mode in modes[1:])


def _is_name(file: str) -> bool:
    """Certainly that of a file: one that is there, or below a folder that is; a password may begin with a slash too."""
    try:
        path = Path(file)
        top = Path(*path.parts[:2])
        return path.exists() or (path.is_absolute() and path != top and not top.samefile("/"))
    except (OSError, ValueError):
        return False
