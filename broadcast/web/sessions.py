"""Who is logged in to the board: sessions that the server keeps, each with an idle and an absolute end.

Pure: `now` is handed in, in seconds of a clock that only goes forward. A cookie has the token; here is its hash.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MOST: Final = 2_000
MOST_EACH: Final = 20  # of one viewer: the oldest ends
_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class Viewer:
    """kinds: roles in the database; none of who came by OIDC, who may look only."""

    name: str
    kinds: frozenset[str] = frozenset()
    by_oidc: bool = False


@dataclass(slots=True)
class Login:
    """csrf: what each of its forms gives back. notice: what its next page says."""

    viewer: Viewer
    csrf: str
    began_at: float
    seen_at: float
    ended: bool = False
    streams: int = 0
    notice: str = ""


class Sessions:
    """Of one process: they end with it."""

    def __init__(self, idle_s: float, longest_s: float) -> None:
        self._idle_s, self._longest_s = idle_s, longest_s
        self._logins: OrderedDict[bytes, Login] = OrderedDict()  # the one that was seen longest ago first

    def begin(self, viewer: Viewer, now: float) -> str:
        """A new token, for its cookie."""
        self._tidy(now)
        own = [key for key, each in self._logins.items() if each.viewer == viewer]
        for key in own[: max(0, len(own) - MOST_EACH + 1)]:
            self._drop(key)
        while len(self._logins) >= MOST:
            self._drop(next(iter(self._logins)))
        token = secrets.token_urlsafe(_OCTETS)
        self._logins[_key(token)] = Login(viewer, secrets.token_urlsafe(_OCTETS), now, now)
        return token

    def find(self, token: str, now: float) -> Login | None:
        """Seen now. None: there is none, or it has ended."""
        key = _key(token)
        found = self._logins.get(key)
        if found is None:
            return None
        if self.is_over(found, now):
            self._drop(key)
            return None
        found.seen_at = now
        self._logins.move_to_end(key)
        return found

    def is_over(self, login: Login, now: float) -> bool:
        """By time, or ended by its owner."""
        return login.ended or now - login.seen_at >= self._idle_s or now - login.began_at >= self._longest_s

    def end(self, token: str) -> None:
        """If there is one."""
        self._drop(_key(token))

    def __len__(self) -> int:
        return len(self._logins)

    def _tidy(self, now: float) -> None:
        for key in [key for key, each in self._logins.items() if self.is_over(each, now)]:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        if (login := self._logins.pop(key, None)) is not None:
            login.ended = True  # its streams see that


def same(given: str, known: str) -> bool:
    """In a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode(), known.encode())


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
