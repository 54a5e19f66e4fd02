"""What only a worker knows of a carrier: written about once a second, read by whoever wants to know what is wrong.

Counts are of late: they fade by half every READING_HALF_S, so that a share of them moves smoothly.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from broadcast.ids import CampaignId

READING_HALF_S: Final = 30.0
OTHER: Final = -1  # in place of a command_status: many different ones
FRESH_S: Final = 15.0  # an older one is of a worker that cannot reach the database


@dataclass(frozen=True, slots=True)
class LinkTrouble:
    """Links that are not up, or not for long. why: refused:<status>, connecting, binding, lost or cannot.

    for_s: since the first of them was last up for a while, or since it was first tried.
    """

    why: str
    links: int
    for_s: float


@dataclass(frozen=True, slots=True)
class LaneReading:
    """One carrier at one worker. Ages in seconds; None: never, or not now.

    short_for_s: since when it has sent less than its grant though there is a campaign to send. Shares, 0 to 1 and
    smooth, of the time: every window was full; no leased slice had anybody to send to.
    refused, slowed: command_status -> answers of late (slowed: throttled and queue full), out of `answered`.
    accepted_for_s: since the first accepted submit after this worker's last receipt; accepted_ago_s: since
    the last accepted one; receipt_ago_s: since the last receipt. Without receipts to wait for the three are None.
    unknown_states: receipts among `receipts` whose state the profile does not know.
    cannot_send: campaign_id -> why it cannot go through this carrier. sharing: campaigns that have the TPS now, the
    most urgent first; whoever else waits gives way to them.
    Of its database, the same for all carriers of a worker: commit_s: how long a group takes to be written, of late and
    now; disk_full: its disk takes no more; disk_free, disk_size: octets, None where it is not on the worker's machine.
    """

    granted_tps: int = 0
    sent_tps: float = 0.0
    throttle_factor: float = 1.0
    short_for_s: float | None = None
    window_full_share: float = 0.0
    starved_share: float = 0.0
    answered: int = 0
    refused: Mapping[int, int] = field(default_factory=dict)
    slowed: Mapping[int, int] = field(default_factory=dict)
    receipts: int = 0
    unreadable: int = 0
    unknown_states: int = 0
    accepted_for_s: float | None = None
    accepted_ago_s: float | None = None
    receipt_ago_s: float | None = None
    troubles: tuple[LinkTrouble, ...] = ()
    cannot_send: Mapping[CampaignId, str] = field(default_factory=dict)
    sharing: tuple[CampaignId, ...] = ()
    commit_s: float = 0.0
    disk_full: bool = False
    disk_free: int | None = None
    disk_size: int | None = None

    def to_json(self) -> str:
        """As it stands in the table."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "LaneReading":
        """What a worker of other code adds is left out, what it does not know is as by default."""
        found = _known(cls, json.loads(text))
        for name in ("refused", "slowed", "cannot_send"):
            found[name] = {int(number): value for number, value in found.get(name, {}).items()}
        found["sharing"] = tuple(found.get("sharing", ()))
        found["troubles"] = tuple(
            LinkTrouble(**_known(LinkTrouble, each)) for each in found.get("troubles", ())
        )
        return cls(**found)


def _known(kind: type[LaneReading | LinkTrouble], found: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in found.items() if name in names}
