"""What the embedded server said, and what of it a person is told."""

from pathlib import Path
from typing import Final

from broadcast.languages import _

_TAIL_OCTETS: Final = 16_384


def cause(said: str) -> str:
    """Why a start failed by what the server said: what was fatal, not what was said last."""
    fatal = [line.strip() for line in said.splitlines() if "FATAL:" in line or "PANIC:" in line]
    return fatal[-1] if fatal else last_line(said)


def tail(path: Path) -> str:
    """Its newest lines; nothing where there are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_OCTETS))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    """Of what a program said before it failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else _("it gave no reason")
