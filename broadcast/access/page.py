"""docs/rights.md, made of the table of rights: `python -m broadcast.access.page > docs/rights.md`. Pure."""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from broadcast.access.rights import FUNCTIONS, TABLES, Right
from broadcast.access.roles import WHAT, Kind

_HEAD: Final = """# Who may do what

Made of `broadcast/access/rights.py` by `python -m broadcast.access.page`, and compared with it by a test. From the same
table come the GRANTs of every `broadcast db migrate`, and the tests that try each statement as each role.

Everybody has a login of PostgreSQL, and *is* something by being a direct member of a group role. Those carry the
database's name (`live_author`), since roles are the cluster's: an approver of a training database beside it is nothing
in live. All tables and functions belong to `DATABASE_owner`, which cannot log in. Whoever migrates is a member of that,
may do everything, and is no account: let nothing but `broadcast db` use that login. A superuser may do everything too;
what one changes is found by the audit chain.

Alerts, approvals, accounts and rules are written by functions alone, which look at who is logged in (`session_user`),
and never at a name that is given. So psql, a script and this program are let do the same.

## Accounts

    broadcast user begin an=author,operator binh=approver w=worker   # by who migrates, once
    broadcast user add chi --role approver --as an                   # one admin proposes ...
    broadcast user confirm 1 --as binh                               # ... and another confirms
    broadcast user disable chi --as an                               # one is enough to take away

* A new account, a role more, a new password for somebody else, and a rule (`broadcast rules set`) take two admins.
  With fewer than two left, who migrates begins anew (`user begin`).
* A password is typed by its owner: what travels is its SCRAM verifier, and its short code, which the owner reads to
  whoever confirms. `broadcast user verifier` makes both anywhere. `--passfile FILE` makes passwords up, for machines;
  the embedded database always does, and keeps them in its home.
* `--as NAME` (or `BROADCAST_OPERATOR`) is the login by which home and each ledger are met, in place of their URL's. Its
  password is that of `~/.pgpass` or `PGPASSFILE`.
* Two names that look alike, `lan` and `lаn`, cannot both be accounts.
* With ledgers all of it is told to home first, then to each ledger of the configuration. One that was away is named:
  give the same command again.

## A database of before

`broadcast db migrate` keeps its campaigns; what was approved and not launched is to be approved again. It needs
CREATEROLE, and the database: `ALTER ROLE boyte CREATEROLE`, `ALTER DATABASE live OWNER TO boyte`. The login that had
the tables may do everything still, so workers of before go on. Then: `user begin` with a login for the workers, their
`BROADCAST_DATABASE_URL` with that, and at the end `REVOKE live_owner FROM` any login but the one that migrates.

"""


def page() -> str:
    """The whole of it."""
    return "\n".join((_HEAD.rstrip("\n"), "", *_roles(), "", *_tables(), "", *_functions(), ""))


def _roles() -> Iterator[str]:
    yield "## Roles"
    yield ""
    yield "| role | what it is for |"
    yield "| --- | --- |"
    for kind in Kind:
        yield f"| {kind} | {WHAT[kind]} |"


def _tables() -> Iterator[str]:
    yield "## Tables"
    yield ""
    yield "r: SELECT, a: INSERT, w: UPDATE, d: DELETE, t: TRUNCATE; with a star: of some columns alone, named below."
    yield ""
    yield f"| table | {' | '.join(Kind)} |"
    yield f"| --- |{' --- |' * len(Kind)}"
    for table, rights in sorted(TABLES.items()):
        yield f"| `{table}` | {' | '.join(_letters(rights.get(kind, ())) for kind in Kind)} |"
    yield ""
    for table, rights in sorted(TABLES.items()):
        some = {
            (each.privileges, each.columns) for kind in Kind for each in rights.get(kind, ()) if each.columns
        }
        for privileges, columns in sorted(some):
            yield f"* `{table}`, {', '.join(privileges)}: {', '.join(columns)}"


def _functions() -> Iterator[str]:
    yield "## Functions"
    yield ""
    yield "Those of nobody are what the others are made of, and triggers."
    yield ""
    yield "| function | may call it |"
    yield "| --- | --- |"
    for name, kinds in sorted(FUNCTIONS.items()):
        yield f"| `{name}` | {'everybody' if set(kinds) == set(Kind) else ', '.join(kinds) or 'nobody'} |"


_LETTERS: Final = {"SELECT": "r", "INSERT": "a", "UPDATE": "w", "DELETE": "d", "TRUNCATE": "t"}


def _letters(rights: Sequence[Right]) -> str:
    return "".join(
        _LETTERS[one] + ("*" if each.columns else "") for each in rights for one in each.privileges
    )


if __name__ == "__main__":
    sys.stdout.write(page())
