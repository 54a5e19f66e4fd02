"""Why a lane sends less than it was granted while people wait: one word for each second. Pure."""

from dataclasses import dataclass
from typing import Final

SHORT: Final = 0.9  # of the grant: what is more is as it should be


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one carrier in the whole ledger, as its tallies had it some seconds ago: people who wait, of campaigns that
    run and that are paused; held: of the former, who waits for how a first share goes."""

    running: int = 0
    paused: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """A lane after a second. holds: it has a slot of the carrier. may: lease and control let it send. troubled: its
    groups cannot be written. sending: campaigns run, and may now; quiet: others may not, for their quiet hours.
    stocked: a slice that is leased has somebody; cleared: their intent is committed."""

    waiting: Waiting
    grant: int
    sent_tps: float
    holds: bool
    may: bool
    troubled: bool
    can_submit: bool
    sending: bool
    quiet: bool
    throttled: bool
    full: bool
    stocked: bool
    cleared: bool


def lost_share(look: Look) -> float:
    """How much of what was granted was not used, 0 to 1; 0 while nobody waits here, or it is as it should be."""
    if not look.holds or not look.waiting.running + look.waiting.paused:
        return 0.0
    used = look.sent_tps / look.grant if look.grant > 0 else 0.0
    return 0.0 if used >= SHORT else 1.0 - used


def reason(look: Look) -> str:
    """The first that holds: what must be mended before anything else helps."""
    if not look.waiting.running:
        return "paused"
    if look.troubled or not look.may:
        return "database"
    if not look.can_submit:
        return "no_link"
    if look.grant <= 0:
        return "no_grant"
    if not look.sending:
        return "quiet" if look.quiet else "other"
    if not look.stocked:
        return "first_share" if look.waiting.held >= look.waiting.running else "no_slices"
    if look.throttled:
        return "throttled"
    if look.full:
        return "window_full"
    return "other" if look.cleared else "database"
