"""The kinds of roles, and what they are called in a cluster, which has one set of names for all its databases. Pure."""

import hashlib
from enum import StrEnum
from typing import Final

_OCTETS: Final = 63  # of any name in PostgreSQL
_DIGITS: Final = 8


class Kind(StrEnum):
    """What a login may be: each a group role without a login of its own."""

    AUTHOR = "author"
    APPROVER = "approver"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    WORKER = "worker"
    ADMIN = "admin"


OWNER: Final = "owner"  # has every table and function; who migrates is a member, and nobody else should be
WHAT: Final = {
    Kind.AUTHOR: "drafts and edits alerts",
    Kind.APPROVER: "approves, returns, withdraws",
    Kind.OPERATOR: "launches, pauses, resumes, cancels; imports the list; recounts",
    Kind.AUDITOR: "reads all of it, recounts",
    Kind.WORKER: "a machine's login: workers, resolvers, archives; writes the ledger",
    Kind.ADMIN: "accounts, roles and rules, each with a second admin",
}


def role_name(database: str, kind: str) -> str:
    """`DATABASE_kind`, unique in the cluster; a database's name that is too long is cut, and told apart by its hash."""
    name = f"{database}_{kind}"
    if len(name.encode()) <= _OCTETS:
        return name
    digest = hashlib.sha256(database.encode()).hexdigest()[:_DIGITS]
    room = _OCTETS - len(f"_{digest}_approver")  # alike for all kinds
    return f"{database.encode()[:room].decode(errors='ignore')}_{digest}_{kind}"
