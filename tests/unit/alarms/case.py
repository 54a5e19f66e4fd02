"""What an alarm is tried with: series as promtool writes them, a sample every five seconds.

In `sick` what is wrong begins with sample 12, a minute in; `well` is what looks like it and is none, beside it from
the beginning. `within`, `severity` and what else is always the same are taken from the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

INTERVAL_S: Final = 5
BEGINS_S: Final = 60
LATER_S: Final = 720  # so that there is a long ago before it


@dataclass(frozen=True, slots=True)
class Case:
    """One alarm: fires with these labels (but alertname and severity) and this summary, for what is sick alone.

    labels: None: it never fires. description: where it is a template. begins_s: when it does not begin as others do.
    """

    alert: str
    sick: Mapping[str, str]
    labels: Mapping[str, str] | None
    summary: str
    well: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    begins_s: int = BEGINS_S


def new(value: str = "1x300", begins_s: int = BEGINS_S) -> str:
    """A series that begins to be there."""
    return f"_x{begins_s // INTERVAL_S} {value}"


def turned(before: str, after: str) -> str:
    """A series that says something else from then on."""
    return f"{before}x11 {after}x300"


def finding(code: str, carrier: str = "viettel", grave: str = "true", of: str = "carrier") -> str:
    campaign = 'campaign="flood", ' if of == "campaign" else ""
    return f'broadcast_{of}_finding{{{campaign}carrier="{carrier}", code="{code}", grave="{grave}"}}'


def found(
    alert: str, code: str, summary: str, *, coded: bool = False, grave: str = "true", description: str = ""
) -> Case:
    """One that the diagnosis of a carrier tells. coded: the code is among its labels."""
    return Case(
        alert,
        {finding(code, grave=grave): new()},
        {"carrier": "viettel", **({"code": code} if coded else {})},
        summary,
        {finding("tps_reached", "mobifone", "false"): "1x400"},
        description,
    )


def ending(whose: str, instance: str) -> str:
    return (
        "broadcast_certificate_expiry_timestamp_seconds"
        f'{{carrier="viettel", whose="{whose}", instance="{instance}"}}'
    )


def told(alert: str, code: str, summary: str, *, coded: bool = False) -> Case:
    """One that the diagnosis of a campaign tells."""
    return Case(
        alert,
        {finding(code, of="campaign"): new()},
        {"campaign": "flood", **({"code": code} if coded else {})},
        summary,
        {finding("quiet", of="campaign", grave="false").replace("flood", "notice"): "1x400"},
    )


def growing(alert: str, series: str, labels: Mapping[str, str], summary: str, description: str = "") -> Case:
    """A counter that may not grow, of a process that had none before; another has had one long before."""
    whose = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    other = whose.replace("viettel", "mobifone").replace("inbound", "reply")
    return Case(
        alert,
        {f'{series}{{{whose}, instance="a"}}': new(begins_s=LATER_S)},
        labels,
        summary,
        {
            f'{series}{{{whose}, instance="b"}}': "1x400",
            f'{series}{{{other}, instance="a"}}': "0x400",
            f'{series}{{{other}, instance="b"}}': "1x400",
        },
        description,
        LATER_S,
    )
