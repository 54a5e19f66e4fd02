"""The errors that a person sees. The type dictates the action; the message says the way out.

A docstring is the default message. The command line prints `str(error)` on one line and exits with
`exit_code`: 1 failed, 2 usage, 3 refused by a rule. None of them ever holds an MSISDN or a message text.
"""

from collections.abc import Callable

from broadcast.languages import N_, _


class BroadcastError(Exception):
    """Something went wrong; the log has the details"""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or _((self.__doc__ or "").strip()))


class ConfigError(BroadcastError):
    """The configuration is wrong: fix the named file and key"""

    exit_code = 2


class InputError(BroadcastError):
    """The input is wrong: nothing was changed"""

    exit_code = 2


class RefusedError(BroadcastError):
    """A rule refuses this"""

    exit_code = 3


class DatabaseError(BroadcastError):
    """The database cannot be used"""


class DatabaseDownError(DatabaseError):
    """The database does not answer: start it, or check BROADCAST_DATABASE_URL"""


class PoolerError(DatabaseError):
    """A pooler gives every transaction another session"""


class TooSlowError(DatabaseDownError):
    """Our own time limit cut off what the database was doing: it answers, but not soon enough

    seconds: what it had. what: it did not do. next_s: what the next try has, where there is one; no less. over:
    whether it was done since, where that can be known.
    """

    def __init__(
        self,
        seconds: float,
        what: str = N_("answer"),
        next_s: float | None = None,
        over: Callable[[], bool] | None = None,
    ) -> None:
        self.seconds = seconds
        self.next_s = next_s
        self.over = over
        super().__init__(
            _(
                "the database runs, but did not {what} within {seconds:g} s: see what it is busy with, then run this "
                "again",
                what=_(what),
                seconds=seconds,
            )
        )


class SchemaError(DatabaseError):
    """The database's schema is not the one that this version needs: see `broadcast db status`"""


class FencedError(BroadcastError):
    """This worker lost its lease: it must stop sending and writing at once"""


class BindRefusedError(BroadcastError):
    """The SMSC refused the bind: check system_id, password and the carrier's allowed addresses"""


class LedgerError(BroadcastError):
    """A row of the ledger cannot be read: keep the database as it is (pg_dump), then report this"""


class AuditError(BroadcastError):
    """The books do not balance: see the differences above"""
