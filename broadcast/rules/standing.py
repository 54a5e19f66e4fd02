"""Who of an audience is left out, and why: by opt-out and standing, as the alert's category heeds them. Pure.

Column `standing` of `subscriber` is a sum of the bits below. Statements know nothing of it but the list that `reasons`
makes, so that a count, a launch, and who enters later are told the same of everybody.
"""

from collections.abc import Collection, Sequence
from typing import Final

from broadcast.config.contact import Rule

SET_ASIDE: Final = 1
DO_NOT_CALL: Final = 2
CONSENTED: Final = 4

# By number; the first: they hear it.
REASONS: Final = ("", "opted_out", "set_aside", "do_not_call", "no_consent")

# The number of a reason, by a subscriber's `standing * 2`, + 1 if they opted out.
Reasons = Sequence[int]
STANDINGS: Final = range(2 * (SET_ASIDE + DO_NOT_CALL + CONSENTED + 1))
EVERYBODY: Final[Reasons] = [0] * len(STANDINGS)
USUAL: Final = ("set_aside",)  # where no rule says more


def heeded(rule: Rule | None) -> tuple[str, ...]:
    """What alerts of a category heed, as its rule has the words. None: there is no rule."""
    if rule is None:
        return USUAL
    return tuple(name for name in ("do_not_call", "consent", "set_aside") if getattr(rule, name))


def reasons(heeds: Collection[str] = USUAL) -> Reasons:
    """Of an alert that is no emergency: EVERYBODY hears those. heeds: of `heeded`."""
    return [REASONS.index(_reason(heeds, each >> 1, each & 1 != 0)) for each in STANDINGS]


def _reason(heeds: Collection[str], standing: int, opted_out: bool) -> str:
    """What people said themselves first, then what is known of them."""
    if opted_out:
        return "opted_out"
    if "do_not_call" in heeds and standing & DO_NOT_CALL:
        return "do_not_call"
    if "consent" in heeds and not standing & CONSENTED:
        return "no_consent"
    if "set_aside" in heeds and standing & SET_ASIDE:
        return "set_aside"
    return ""
