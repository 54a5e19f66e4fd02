"""BROADCAST_DATABASE_URL, looked at before anything else reads it: what is wrong is said without a part of it.

asyncpg ends the user's part at the first `@`, urllib at the last, and both say in their errors what they took for a
host or a port: with a password that was not percent-encoded, that is the end of the password.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from broadcast.errors import ConfigError
from broadcast.languages import N_, _

PORT: Final = 5432
HERE: Final = N_("this machine")
_TLS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_VALUES: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS,
    "ssl_max_protocol_version": _TLS,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
# What asyncpg takes for itself; any other parameter is a setting of the server's.
_OURS: Final = frozenset({
    "dbname", "database", "gsslib", "host", "krbsrvname", "passfile", "password", "port", "service", "sslcert",
    "sslcrl", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "target_session_attrs", "user",
})  # fmt: skip
SHAPE: Final = N_("write postgresql://user:password@host:5432/database")
_ENCODE = N_(
    "BROADCAST_DATABASE_URL cannot be read: percent-encode the user and the password in it "
    "(@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25)"
)
_PARTS = re.compile(
    r"(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?", re.DOTALL
)
_HOST = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?)\]|(?P<name>[^\[\]:]*))(?::(?P<port>.*))?", re.DOTALL
)


def check(url: str) -> None:
    """Raises ConfigError, in one line that repeats nothing but a parameter's name."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres"):
        raise ConfigError(_("BROADCAST_DATABASE_URL is not a usable URL: {shape}", shape=_(SHAPE)))
    parts = _parts(rest)
    authority, query = parts["authority"], parts["query"] or ""
    if authority.count("@") > 1 or (parts["fragment"] is not None) or "@" in (parts["path"] or ""):
        raise ConfigError(_(_ENCODE))
    user, _at, place = authority.rpartition("@")
    stray = "@" in query and any(pair.partition("=")[0] not in _OURS for pair in query.split("&"))
    if stray or "[" in user or "]" in user:
        raise ConfigError(_(_ENCODE))
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ConfigError(
            _(
                "BROADCAST_DATABASE_URL has a blank or a line break in it: take it out, or encode it as %20; "
                "{shape}",
                shape=_(SHAPE),
            )
        )
    _check_hosts(place, encoded=bool(user))
    _check_query(query, encoded=bool(user))


def hosts(url: str) -> list[tuple[str, int]]:
    """Hosts and ports of its authority, in order; none where it names a socket, or hosts as a parameter. `check`ed."""
    place = _parts(url.partition("://")[2])["authority"].rpartition("@")[2]
    found = [_HOST.fullmatch(each) for each in place.split(",")] if place else []
    return [
        (unquote(each["bracketed"] or each["name"]), int(each["port"] or PORT))
        for each in found
        if each and (each["bracketed"] or each["name"])
    ]


def place(url: str) -> str:
    """Hosts and ports for a message: `db.example:5432`, HERE; never anything else of it. `check`ed."""
    named = hosts(url)
    asked = parameters(url).get("host", "")
    if not named and asked and not asked.startswith(("/", "@")):
        named = [(each, int(parameters(url).get("port", PORT))) for each in asked.split(",")]
    return ", ".join(f"{host}:{port}" for host, port in named) or _(HERE)


def settings(url: str) -> list[str]:
    """The names of its parameters that are none of asyncpg's: settings of the server's, or misspelt."""
    return sorted(parameters(url).keys() - _OURS)


def database(url: str) -> str:
    """The database's name, or an empty text."""
    return unquote((_parts(url.partition("://")[2])["path"] or "").removeprefix("/"))


def as_user(url: str, user: str) -> str:
    """The same for another login, without the password that was the first one's. `check`ed."""
    scheme, _, rest = url.partition("://")
    parts = _parts(rest)
    hosts = parts["authority"].rpartition("@")[2]
    kept = [
        (name, value)
        for name, value in parse_qsl(parts["query"] or "", keep_blank_values=True)
        if name not in ("user", "password")
    ]
    query = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
    return f"{scheme}://{quote(user, safe='')}@{hosts}{parts['path'] or ''}{query}"


def user(url: str) -> str:
    """Who logs in by it; an empty text where it does not say."""
    named = _parts(url.partition("://")[2])["authority"].rpartition("@")[0].partition(":")[0]
    return unquote(named) or parameters(url).get("user", "")


def _parts(rest: str) -> "re.Match[str]":
    found = _PARTS.fullmatch(rest)
    assert found is not None  # it takes any text
    return found


def parameters(url: str) -> dict[str, str]:
    """What stands behind its `?`."""
    return dict(parse_qsl(_parts(url.partition("://")[2])["query"] or ""))


def _check_hosts(place: str, *, encoded: bool) -> None:
    """encoded: there is a user's part, so that the host is no piece of it."""
    if not place:
        return  # a socket, or parameters say where
    for each in place.split(","):
        host = _HOST.fullmatch(each)
        if host is None or (not host["bracketed"] and each.count(":") > 1):
            raise ConfigError(
                _(
                    "BROADCAST_DATABASE_URL has a host that cannot be read: an IPv6 address in brackets, [::1]; "
                    "{shape}",
                    shape=_(SHAPE),
                )
            )
        if not (host["bracketed"] or host["name"]):
            raise ConfigError(_("BROADCAST_DATABASE_URL lacks a host: {shape}", shape=_(SHAPE)))
        if host["port"] is not None:
            _check_port(host["port"], encoded=encoded)


def _check_port(port: str, *, encoded: bool) -> None:
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535 and len(port) <= 5):
        hint = (
            ""
            if encoded
            else _("; or is it a password with a / or ? that is not percent-encoded (%2F, %3F)?")
        )
        raise ConfigError(
            _("the port in BROADCAST_DATABASE_URL is not a number from 1 to 65535{hint}", hint=hint)
        )


def _check_query(query: str, *, encoded: bool) -> None:
    if not query:
        return
    try:
        given = dict(parse_qsl(query, strict_parsing=True, keep_blank_values=True))
    except ValueError:
        raise ConfigError(
            _(
                "BROADCAST_DATABASE_URL has a parameter without a value after its `?`: write ?name=value&name=value, "
                "and a ? in the password as %3F"
            )
        ) from None
    for port in given.get("port", "").split(",") if "port" in given else ():
        _check_port(port, encoded=encoded)
    for name, values in _VALUES.items():
        if given.get(name, values[0]) not in values:
            raise ConfigError(
                _("{name} in BROADCAST_DATABASE_URL is none of {values}", name=name, values=", ".join(values))
            )
