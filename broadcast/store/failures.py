"""What stands between us and the database, in words, with the way out. Nothing secret, no part of a password."""

import os
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg

from broadcast.errors import ConfigError, DatabaseDownError, DatabaseError, TooSlowError
from broadcast.languages import N_, _
from broadcast.monitor.loggable import Sentence
from broadcast.store import address, embedded

# A command that loses its connection meets one of these; the command line gives them to `explain`.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
)
# What another try may mend. InternalClientError: what asyncpg says when a connection ends between two of its states.
MENDABLE = (
    *LOST,
    asyncpg.InternalClientError,
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.exceptions.InvalidTransactionStateError,  # idle for too long; a standby that was not promoted yet
    asyncpg.InsufficientResourcesError,  # disk, memory
    asyncpg.exceptions.PostgresSystemError,  # disk
    DatabaseDownError,
    OSError,
    TimeoutError,
)
# What prepared statements meet behind a pooler that gives every transaction another session.
POOLED = (asyncpg.DuplicatePreparedStatementError, asyncpg.InvalidSQLStatementNameError)
# What a statement may meet on any connection and a person can mend.
TOLD = (
    *POOLED,
    asyncpg.DiskFullError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.TooManyConnectionsError,
)
POOLER: Final = N_(
    "a pooler (pgbouncer) in transaction mode stands before the database: name the server itself in "
    "BROADCAST_DATABASE_URL, or give broadcast a pool with pool_mode = session"
)
DISK_FULL: Final = N_("the database's disk is full: make room, and what waits goes on by itself")
# What Citus says of a node that it does not reach, or lost amid a statement: that as an internal error.
_NODE: Final = re.compile(
    r"(?:connection to the remote node (?:.*@)?|connections to the node |executing command on )(\S+:\d+)"
)
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")

_Words = Callable[[str], DatabaseError | ConfigError]


def _down(text: str) -> _Words:
    return lambda where: DatabaseDownError(_(text, where=where))


def _unusable(text: str) -> _Words:
    return lambda where: DatabaseError(_(text, where=where))


# The first kind that fits; `{where}` is the database's place.
_KINDS: Final[Sequence[tuple[tuple[type[BaseException], ...], _Words]]] = (
    (POOLED, _unusable(POOLER)),
    (
        (asyncpg.InvalidPasswordError,),
        _unusable(
            "{where} refused the login: check user and password in BROADCAST_DATABASE_URL (percent-encoded: % as %25); "
            "with --as NAME, whether there is such an account (`broadcast user list`), and its password in ~/.pgpass "
            "or PGPASSFILE"
        ),
    ),
    (
        (asyncpg.InvalidCatalogNameError,),
        _unusable("{where} has no such database: create it, or check BROADCAST_DATABASE_URL"),
    ),
    (
        (asyncpg.TooManyConnectionsError,),
        _down("{where} has no free connection: raise its max_connections, or run fewer workers"),
    ),
    (
        (asyncpg.exceptions.TargetServerAttributeNotMatched,),
        _down("none of the hosts accepts writes: promote the standby, or start the primary"),
    ),
    (
        (asyncpg.ReadOnlySQLTransactionError,),
        _down("{where} accepts no writes, it is a standby or read-only: name the primary, or promote it"),
    ),
    (
        (asyncpg.CannotConnectNowError,),
        _down("{where} is starting up or shutting down: try again in a moment"),
    ),
    ((asyncpg.DiskFullError,), _down(DISK_FULL)),
    (
        (asyncpg.InsufficientPrivilegeError,),
        _unusable(
            "{where} does not let this login do that: it takes another role (`broadcast user list` shows who is what; "
            "--as NAME says who you are), or, to change the schema, the login that migrates"
        ),
    ),
    (
        (ssl.SSLCertVerificationError,),
        _unusable(
            "the certificate of {where} is not accepted: check sslrootcert (the authority that signed it), with "
            "sslmode=verify-full also that it names this host"
        ),
    ),
    (
        (ssl.SSLError,),
        _unusable(
            "no TLS connection to {where}: check sslrootcert, sslcert and sslkey, and the TLS versions of both sides"
        ),
    ),
    (
        (socket.gaierror,),
        _down("{where} is not known by that name: check the host in BROADCAST_DATABASE_URL, and the name server"),
    ),
)  # fmt: skip


def explain(error: BaseException, url: str | None = None) -> DatabaseError | ConfigError:
    """The failure in words, with the way out. url: what did not connect; None: a connection was lost."""
    if isinstance(error, DatabaseError | ConfigError):
        return error
    if node := lost_node(error):
        return DatabaseDownError(
            _(
                "the node {node} of the database's cluster does not answer, and part of the list of people is there: "
                "bring it back, then run this again",
                node=node,
            )
        )
    where = _where(url)
    if url is not None:
        found = _of_the_url(error, url, where)
        if found is not None:
            return found
    for kinds, words in _KINDS:
        if isinstance(error, kinds):
            return words(where)
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return DatabaseError(_not_let_in(error, where))
    if url is None:
        return DatabaseDownError(
            _(
                "the connection to {where} was lost: see whether it still runs, then run this again",
                where=where,
            )
        )
    if embedded.is_chosen() and url == embedded.Server(embedded.home()).url():
        why = embedded.server().why_down()
        if why is not None:
            return DatabaseDownError(_("the embedded database does not run: {why}", why=why))
    return DatabaseDownError(
        _("{where} does not answer: start it, or check BROADCAST_DATABASE_URL", where=where)
    )


def in_words(error: BaseException) -> Sentence:
    """What kept a task from its work. Our own time limit is no lost database, nor is a lock or a full disk."""
    return Sentence(_in_words(error))


def _in_words(error: BaseException) -> str:
    before = error.__context__
    if isinstance(error, asyncpg.InterfaceError) and isinstance(before, asyncpg.InsufficientResourcesError):
        return _in_words(before)  # the connection ended by that, and could not even roll back
    if isinstance(error, TooSlowError):
        return _("not done within {seconds:g} s", seconds=error.seconds)
    if node := lost_node(error):
        return _("the node {node} of the database's cluster does not answer", node=node)
    if isinstance(error, asyncpg.DiskFullError):
        return f"{_(DISK_FULL)} (DiskFullError)"
    if isinstance(error, asyncpg.IdleInTransactionSessionTimeoutError):
        return _("this worker stood still within a transaction, and the database ended it")
    if isinstance(error, asyncpg.TransactionRollbackError | asyncpg.LockNotAvailableError):
        return _("another transaction was in the way ({name})", name=type(error).__name__)
    if isinstance(error, asyncpg.QueryCanceledError):
        return _("the database cancelled it (statement_timeout, or an administrator)")
    if isinstance(error, DatabaseDownError):
        return _("database lost ({error})", error=error)
    if is_loss(error) or isinstance(error, asyncpg.InternalClientError):
        return _("database lost ({name})", name=type(error).__name__)
    return (
        _("the database refused it ({kind})", kind=kind(error))
        if isinstance(error, asyncpg.PostgresError)
        else kind(error)
    )


def kind(error: BaseException) -> Sentence:
    """The kind of a failure, without what it was about."""
    state = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    return Sentence(f"{type(error).__name__} {state}" if state else type(error).__name__)


def is_loss(error: BaseException) -> bool:
    """Whether there is no connection any more, and not by our own doing."""
    return isinstance(error, (*LOST, DatabaseDownError, OSError)) and not isinstance(error, TooSlowError)


def retrying(error: BaseException) -> Sentence:
    """The same for what is tried again, with the time that it gets then."""
    next_s = error.next_s if isinstance(error, TooSlowError) else None
    longer = _(" with {next_s:g} s", next_s=next_s) if next_s else ""
    return Sentence(_("{in_words}, trying again", in_words=in_words(error)) + longer)


def lost_node(error: BaseException) -> str | None:
    """`host:port` of a server that the one we are connected to does not reach any more."""
    if not isinstance(error, asyncpg.PostgresError) or "connection" not in str(error):
        return None
    found = _NODE.search(f"{error} {error.context or ''}")
    return found and found[1]


def _of_the_url(error: BaseException, url: str, where: str) -> DatabaseError | ConfigError | None:
    """What lies in the URL, as far as can be told by how connecting failed."""
    given = address.parameters(url)
    if isinstance(error, OSError) and any(
        name in given and not os.access(given[name], os.R_OK) for name in _FILES
    ):
        name = next(name for name in _FILES if name in given and not os.access(given[name], os.R_OK))
        return ConfigError(_("{name} in BROADCAST_DATABASE_URL names a file that cannot be read", name=name))
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        mode = given.get("sslmode") or os.environ.get("PGSSLMODE", "prefer")
        return DatabaseError(
            _(
                "{where} offers no TLS, and sslmode={mode} asks for it: set `ssl = on` with a certificate there, or "
                "sslmode=disable where the network is safe",
                where=where,
                mode=mode,
            )
        )
    settings = address.settings(url)
    if settings and isinstance(error, asyncpg.PostgresError) and _refuses_setting(error):
        return ConfigError(
            _(
                "{where} refuses a parameter of BROADCAST_DATABASE_URL: {settings}; what a connection takes is "
                "sslmode, sslrootcert, target_session_attrs and so on, and PostgreSQL's settings that a session may "
                "change",
                where=where,
                settings=", ".join(settings),
            )
        )
    if isinstance(error, ValueError) and not isinstance(error, asyncpg.PostgresError | OSError):
        if "root certificate" in str(error):
            return ConfigError(
                _(
                    "sslmode in BROADCAST_DATABASE_URL asks for a verified certificate: name the authority's file, "
                    "&sslrootcert=/path/ca.pem"
                )
            )
        return ConfigError(_("BROADCAST_DATABASE_URL is not a usable URL: {shape}", shape=address.SHAPE))
    return None


def _refuses_setting(error: asyncpg.PostgresError) -> bool:
    if isinstance(error, asyncpg.ProtocolViolationError):  # a pooler's word for all that it does not like
        return "startup parameter" in str(error)
    return isinstance(
        error,
        asyncpg.UndefinedObjectError
        | asyncpg.CantChangeRuntimeParamError
        | asyncpg.InvalidParameterValueError,
    )


def _not_let_in(error: asyncpg.PostgresError, where: str) -> str:
    """SQLSTATE 28000 says both."""
    if "pg_hba.conf" in str(error):
        return _(
            "pg_hba.conf of {where} has no line for this user, database and machine, with or without TLS as asked: "
            "add one, or change sslmode",
            where=where,
        )
    return _(
        "{where} refused the login: check user and password in BROADCAST_DATABASE_URL; with --as NAME, whether there "
        "is such an account (`broadcast user list`)",
        where=where,
    )


def _where(url: str | None) -> str:
    if url is None:
        return _("the database")
    try:
        address.check(url)
    except ConfigError:
        return _("the database")
    named = address.place(url)
    return (
        _("the database on this machine")
        if named == _(address.HERE)
        else _("the database at {named}", named=named)
    )
