"""The states of a recipient, and which may follow which.

The numbers stand in the database; they grow in the order in which a state may advance, so of two final
receipts for one message the greater counts (quirks: 'states only ever advance').
"""

from enum import IntEnum


class RecipientState(IntEnum):
    """In exactly one of these is every recipient, at every commit (law 1)."""

    WAITING = 1
    IN_DOUBT = 2
    ACCEPTED = 3
    UNKNOWN = 4
    EXPIRED = 5
    REJECTED = 6
    UNDELIVERABLE = 7
    DELIVERED = 8
    EXCLUDED = 9

    @property
    def column(self) -> str:
        """Its column in `tally`, its word in reports."""
        return self.name.lower()


_S = RecipientState

# What a final receipt says.
ENDS = (_S.EXPIRED, _S.REJECTED, _S.UNDELIVERABLE, _S.DELIVERED)

# No single move is checked, for they are made by the thousand: tests hold whatever moves people to this.
MOVES: dict[RecipientState, frozenset[RecipientState]] = {
    # intent committed / never sent before the expiry / campaign cancelled
    _S.WAITING: frozenset({_S.IN_DOUBT, _S.EXPIRED, _S.EXCLUDED}),
    # answered; temporary error, not sent after all, or resent; settled by a receipt; given up at the close
    _S.IN_DOUBT: frozenset({_S.ACCEPTED, _S.WAITING, _S.UNKNOWN, *ENDS}),
    # final receipt; or none until the close
    _S.ACCEPTED: frozenset({_S.UNKNOWN, *ENDS}),
    # a late receipt still counts
    _S.UNKNOWN: frozenset(ENDS),
    _S.EXPIRED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.UNDELIVERABLE: frozenset(),
    _S.DELIVERED: frozenset(),
    _S.EXCLUDED: frozenset(),
}
