"""The numbers of all advisory locks. A query names one as `:closing_lock`, which `queries` puts in.

A migration cannot name one: what it says of a number stays true for ever, so a number never gets another meaning.
7102 was that of the ring of buckets, before packed rows.
"""

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """Held for a transaction, but where it says: for a session."""

    MIGRATING = 7100
    TIDYING = 7101
    IMPORTING = 7103  # by a resumable import for its session
    AUDITING = 7105  # session
    READING = 7106  # replies
    OPTING_OUT = 7107  # opt-outs get their numbers in the order of their commits
    APPLYING = 7108  # what replies bring about
    CLOSING = 7111  # a campaign closes, or becomes files; shared: a resolver writes. Before any row is locked
    RESOLVING = 7112  # session: of the worker that keeps a resolver
    SPREADING = 7113  # home's ledgers are said anew; shared: a launch, for its session
    CHAINING = 7114  # entries of the audit chain get their numbers; tried alone, nobody waits for it
    WITHDRAWING = 7115  # session: of the worker that asks a slice's SMSC; its second key is the slice
    CAPPING = 7116  # people are let go under caps: a launch of such a category, for its session; a tidier
    ERASING = 7117  # session: who erases people; shared: a campaign becomes files
    ENTERING = 7118  # session: of who enters people into a running campaign, which is its second key
    LINK_TESTING = 7119  # session: of the worker that tries the ways to its carriers
    BUDGETING = 7120  # session: of who launches what the budget may refuse
    LEARNING = 7121  # session: of who reads what finished campaigns teach about the list, in one ledger
    EXPORTING = 7122  # session: of the exporter that serves the national figures
