"""A simulated SMSC's own account, read over HTTP (simulator/book_server.py)."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, Final

from broadcast.errors import BroadcastError, InputError
from broadcast.languages import _
from broadcast.reports.people import Account, read

_BOOK_S: Final = 30.0  # without a word
_PIECE_OCTETS: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class SimulatedBook:
    """summary: counts (`GET /book`). people: by person (`GET /book/people`), a moment later."""

    summary: Mapping[str, Any]
    people: Account


def read_book(url: str) -> SimulatedBook:
    """Raises InputError for another URL, or a simulator of another version; BroadcastError when nobody answers."""
    if not url.startswith(("http://", "https://")):
        raise InputError(_("--book: {url} is not an http URL", url=url))
    root = url.rstrip("/")
    root = root if root.endswith("/book") else f"{root}/book"
    try:
        with _page(root) as got:
            summary = json.load(got)
        if not isinstance(summary, dict):
            raise InputError(_("--book: {url} gives something else than an account", url=url))
        with _page(f"{root}/people") as got:
            return SimulatedBook(summary, read(_lines(got)))
    except urllib.error.HTTPError as error:
        error.close()
        if error.url.endswith("/people"):
            raise InputError(
                _(
                    "--book: {url} tells no more than sums: that simulator is of an older version, and an audit goes "
                    "person by person; simulate the carrier with this one, and send again",
                    url=url,
                )
            ) from error
        raise InputError(
            _("--book: {url} is not the book of a simulated carrier (HTTP {code})", url=url, code=error.code)
        ) from error
    except (OSError, HTTPException) as error:
        raise BroadcastError(
            _("--book: {url} does not answer: is that simulator still running?", url=url)
        ) from error
    except ValueError as error:
        raise InputError(_("--book: {url} is not the book of a simulated carrier", url=url)) from error


@contextmanager
def _page(url: str) -> Iterator[HTTPResponse]:
    # it is ours: never by way of a proxy
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=_BOOK_S) as got:
        yield got


def _lines(got: HTTPResponse) -> Iterator[bytes]:
    """As they come; HTTPResponse's own readline takes microseconds for each where the answer is chunked."""
    rest = b""
    while piece := got.read(_PIECE_OCTETS):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest
