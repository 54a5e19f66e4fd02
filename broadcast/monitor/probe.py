"""Asks a process how it is, as a container's health check does: `python -m broadcast.monitor.probe http://HOST:PORT/healthz`.

Beside `broadcast health`, which asks the same and tells people, this loads next to nothing: a container is asked every
few seconds, on a core that sends. Exit code 0: as it should be; 1: not, or it does not answer.
"""

import http.client
import json
import sys
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

ANSWER_S: Final = 4.0  # a check within /readyz has 3
MOST_OCTETS: Final = 65536


@dataclass(frozen=True, slots=True)
class Health:
    """An answer. ok: 200. body: the JSON object of it; empty where it was none."""

    ok: bool
    body: dict[str, Any]


def ask(url: str) -> Health:
    """GET it, following nothing. Raises OSError, which a deadline is too, HTTPException; ValueError: no such URL."""
    place = urlsplit(url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise ValueError(url)
    connection = _connection(place.scheme, place.hostname, place.port)
    try:
        connection.request("GET", place.path or "/")
        answer = connection.getresponse()
        said = answer.read(MOST_OCTETS)
    finally:
        connection.close()
    try:
        body = json.loads(said)
    except ValueError:
        body = {}
    return Health(answer.status == 200, body if isinstance(body, dict) else {})


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    import ssl  # for the board alone: it takes as long to load as all the rest

    # whether it lives: who it is, browsers ask, by a name that this one has not
    unverified = ssl._create_unverified_context()
    return http.client.HTTPSConnection(host, port, timeout=ANSWER_S, context=unverified)


def main() -> int:
    """Of the one argument. What it prints is for whoever inspects the container."""
    try:
        found = ask(sys.argv[1])
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer: {error or type(error).__name__}", file=sys.stderr)  # noqa: T201 - a program of its own
        return 1
    print(json.dumps(found.body))  # noqa: T201
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main())
