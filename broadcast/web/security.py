"""What keeps others out of the board's pages: headers of every answer, its own names, where a POST comes from. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # not no-referrer: then a form's Origin would be "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Server": "broadcast",
}
NO_STORE: Final = "no-store"
HSTS: Final = "max-age=31536000"
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Front:
    """How the board is reached. secure: by TLS, its own or that of the proxy before it. names: hosts, in small letters,
    that it answers to. behind_proxy: addresses come from X-Forwarded-For."""

    secure: bool
    names: frozenset[str]
    behind_proxy: bool = False

    @property
    def scheme(self) -> str:
        return "https" if self.secure else "http"

    def headers(self) -> dict[str, str]:
        """Of every answer."""
        return {**HEADERS, **({"Strict-Transport-Security": HSTS} if self.secure else {})}

    def cookie(self, name: str) -> str:
        """With the prefix that lets no other host of the domain set it, where there is TLS."""
        return f"__Host-{name}" if self.secure else f"broadcast-{name}"

    def knows(self, host: str) -> bool:
        """Whether a Host header names this board, by whatever port: else somebody's name was made to lead here."""
        return host_of(host) in self.names

    def comes_from_here(self, host: str, origin: str | None, fetch_site: str | None) -> bool:
        """Of a POST. Browsers say where a form is from; what says nothing is no browser's form, and is refused."""
        if fetch_site is not None and fetch_site != "same-origin":
            return False
        if origin is None:
            return fetch_site == "same-origin"
        return _origin(origin) == _origin(f"{self.scheme}://{host}")

    def address(self, peer: str, forwarded: str) -> str:
        """Whose request it is. forwarded: all of X-Forwarded-For, of which the last is what the proxy itself saw."""
        if self.behind_proxy and forwarded:
            return forwarded.rpartition(",")[2].strip()[:64] or peer
        return peer


def host_of(header: str) -> str:
    """Of a Host header, without its port; '' for what is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "") if not set(header) & set("/?#@\\ ") else ""
    except ValueError:
        return ""


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for `null` and what is none."""
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port


def form_token(key: bytes, cookie: str) -> str:
    """What a form gives back where nobody is logged in yet: only who has the cookie's page knows it."""
    return hmac.digest(key, b"form:" + cookie.encode(), hashlib.sha256).hex()


def known_mark(key: bytes, account: str, nonce: str) -> str:
    """What a browser keeps from which this account has logged in."""
    return f"{nonce}.{hmac.digest(key, f'{account}|{nonce}'.encode(), hashlib.sha256).hex()}"


def is_known(key: bytes, account: str, mark: str) -> bool:
    """Whether `known_mark` made it for this account."""
    nonce, _dot, _seal = mark.partition(".")
    return bool(mark) and hmac.compare_digest(known_mark(key, account, nonce).encode(), mark.encode())
