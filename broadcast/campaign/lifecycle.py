"""The states of a campaign, and which may follow which: as the table `campaign_move` has it. Pure.

draft ──approve──▶ approved ──launch──▶ running ◀──pause, resume──▶ paused
  ▲                   │                    │                           │
  └───── edit ────────┘                    └──── last recipient at its end, or the expiry ──▶ finished
cancel: from every state but the last two. A cancelled campaign still takes its receipts.
"""

from enum import StrEnum

from broadcast.errors import RefusedError
from broadcast.languages import N_, _, term


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


# What whoever was refused may do instead.
_WAY_OUT: dict[CampaignState, str] = {
    _S.DRAFT: N_("a second person must approve it before it can be launched"),
    _S.APPROVED: N_("launch it, or edit it, which voids the approval"),
    _S.RUNNING: N_("pause or cancel it; another text needs another campaign"),
    _S.PAUSED: N_("resume or cancel it; another text needs another campaign"),
    _S.CANCELLED: N_("that is its end: draft another campaign"),
    _S.FINISHED: N_("that is its end: draft another campaign"),
}


def refused_move(origin: CampaignState, target: CampaignState) -> RefusedError:
    """No rule lets a campaign go to `target`: with what can be done instead."""
    if target is origin:
        return RefusedError(
            _("the campaign is {origin} already: {way_out}", origin=term(origin), way_out=_(_WAY_OUT[origin]))
        )
    return RefusedError(
        _(
            "the campaign is {origin}, it cannot become {target}: {way_out}",
            origin=term(origin),
            target=term(target),
            way_out=_(_WAY_OUT[origin]),
        )
    )
