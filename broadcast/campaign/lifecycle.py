"""The states of a campaign, and which may follow which. Pure.

draft ──approve──▶ approved ──launch──▶ running ◀──pause, resume──▶ paused
  ▲                   │                    │                           │
  └───── edit ────────┘                    └──── last recipient at its end, or the expiry ──▶ finished
cancel: from every state but the last two. A cancelled campaign still takes its receipts.
"""

from enum import StrEnum

from broadcast.errors import RefusedError


class CampaignState(StrEnum):
    """As in the database's column `campaign.state`."""

    DRAFT = "draft"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


_S = CampaignState

MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    _S.DRAFT: frozenset({_S.DRAFT, _S.APPROVED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.DRAFT, _S.RUNNING, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.CANCELLED, _S.FINISHED}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.CANCELLED, _S.FINISHED}),
    _S.CANCELLED: frozenset(),
    _S.FINISHED: frozenset(),
}

# A campaign in one of these has nothing left to send.
ENDS = frozenset({_S.CANCELLED, _S.FINISHED})


def check_move(origin: CampaignState, target: CampaignState) -> None:
    """Raises RefusedError when no rule lets a campaign go from `origin` to `target`."""
    if target in MOVES[origin]:
        return
    ways = ", ".join(sorted(state for state in MOVES[origin])) or "nothing any more"
    raise RefusedError(f"the campaign is {origin}: it cannot become {target}, only {ways}")
