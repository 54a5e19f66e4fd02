"""Who logs in to a database: what `db status` and `db migrate` say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.languages import _
from broadcast.store.queries import sql
from broadcast.store.types import Connection


@dataclass(frozen=True, slots=True)
class Logins:
    """login: this one. all_mighty: it may do everything, as it migrates; others: who else may. admins: how many."""

    login: str
    all_mighty: bool
    others: Sequence[str]
    admins: int

    def advice(self) -> str | None:
        """What is to be done, in a line; None: nothing."""
        if self.admins < 2:
            return _(
                "nobody can draft, approve or launch until there are accounts: run `broadcast user begin NAME=author,"
                "operator NAME=approver`, as this login, and give workers one of their own (`... NAME=worker`)"
            )
        if self.others:
            return _(
                "{others} owned the tables and may do everything still: when workers log in as a "
                "worker (`broadcast user add NAME --role worker`), REVOKE theirs; see docs/rights.md",
                others=", ".join(self.others),
            )
        return None


async def standing(database: Connection) -> Logins | None:
    """None before the migration that brings accounts."""
    if not await database.fetchval(sql("accounts_known")):
        return None
    row = await database.fetchrow(sql("logins"))
    assert row is not None  # one row
    masters = [each["name"] for each in await database.fetch(sql("may_do_everything"))]
    others = [name for name in masters if name != row["login"]]
    return Logins(row["login"], row["superuser"] or row["login"] in masters, others, row["admins"])
