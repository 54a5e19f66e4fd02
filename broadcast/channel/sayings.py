"""What a carrier says of a number when it does not deliver, in the words in which a ledger has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sayings:
    """Each is a ledger's `err` in small letters: the code of a receipt, or why a message was refused.

    ported: the number is another carrier's: that one's name, "" where nobody says whose. unknown: what of a rejection
    says that nobody has it.
    """

    ported: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
