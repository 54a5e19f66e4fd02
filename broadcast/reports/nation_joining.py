"""The nation from what its databases said. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcast.diagnosis.finding import Finding
from broadcast.forecast import history
from broadcast.forecast.delays import Delays
from broadcast.ids import CampaignId
from broadcast.reports.nation import (
    QUANTILES,
    CampaignNow,
    CarrierNow,
    LinkTried,
    States,
    added,
    audited,
)
from broadcast.reports.nation_pace import Pace, Seen
from broadcast.reports.nation_part import CarrierPart, Part


@dataclass(frozen=True, slots=True)
class Said:
    """What the databases that have a campaign's people said, each. there: those that said so just now. whole: each of
    them has said something since this process began."""

    parts: Sequence[Part]
    there: frozenset[str] = frozenset()
    whole: bool = True


def campaign_now(
    row: Mapping[str, Any], said: Said, pace: Pace, findings: tuple[Finding, ...]
) -> CampaignNow:
    """row: of `nation_campaigns`. pace is told of this moment."""
    number: CampaignId = row["campaign_id"]
    parts = said.parts
    carriers = _by_carrier(part.states.get(number, {}) for part in parts)
    segments = sum(sum(part.segments.get(number, {}).values()) for part in parts)
    pace.look(
        Seen(
            row["now"],
            {name: _sent(states) for name, states in carriers.items()},
            {name: states["waiting"] for name, states in carriers.items()},
            segments,
            said.there,
        )
    )
    moving = row["state"] == "running" and row["finished_at"] is None
    return CampaignNow(
        **{name: value for name, value in row.items() if name != "now"},
        carriers=carriers,
        segments=segments,
        segments_per_s=pace.segments_per_s,
        forecast_end_at=pace.ends_at if moving and said.whole else None,
        audited=audited([part.audits.get(number) for part in parts]),
        findings=findings,
        whole=said.whole,
    )


def carriers_now(
    parts: Sequence[Part],
    campaigns: Iterable[CampaignNow],
    unmatched: Sequence[Mapping[str, int]],
    usual: Sequence[Mapping[str, Sequence[Delays]]],
    findings: Sequence[Finding],
) -> tuple[CarrierNow, ...]:
    """Those that are connected, in the order of the databases; parts, unmatched, usual: of the ledgers."""
    states = _by_carrier(each.carriers for each in campaigns)
    delays = history.joined(usual)
    names = dict.fromkeys(name for part in parts for name in part.carriers)
    return tuple(
        CarrierNow(
            name=name,
            states=states.get(name, added(())),
            **_together([part.carriers[name] for part in parts if name in part.carriers]),
            unmatched=sum(each.get(name, 0) for each in unmatched),
            handset_s=_quantiles(_all_of([part.handset[name] for part in parts if name in part.handset])),
            usual_handset_s=_quantiles(delays.get(name)),
            links_tried=_tried([tried for part in parts for tried in part.tried.get(name, ())]),
            findings=tuple(each for each in findings if each.carrier == name),
        )
        for name in names
    )


def _tried(all_of: Sequence[LinkTried]) -> tuple[LinkTried, ...]:
    """Each place once: ledgers that have a share each of a carrier count its binds from 0, each its own."""
    binds: dict[int, list[LinkTried]] = {}
    for each in all_of:
        binds.setdefault(each.bind, []).append(each)
    return tuple(
        LinkTried(bind, all(each.ok for each in own), min(each.at for each in own))
        for bind, own in sorted(binds.items())
    )


def _by_carrier(parts: Iterable[Mapping[str, States]]) -> dict[str, States]:
    found: dict[str, list[States]] = {}
    for part in parts:
        for name, states in part.items():
            found.setdefault(name, []).append(states)
    return {name: each[0] if len(each) == 1 else added(each) for name, each in found.items()}


def _sent(states: States) -> int:
    return sum(states.values()) - states["excluded"] - states["waiting"]


def _together(parts: Sequence[CarrierPart]) -> dict[str, Any]:
    """Of a carrier of which several ledgers have a share. Receipts are as late as where they are latest."""
    lags = [each.unresolved_s for each in parts if each.unresolved_s is not None]
    return {
        "tps": sum(each.tps for each in parts),
        "granted_tps": sum(each.granted_tps for each in parts),
        "used_tps": sum(each.used_tps for each in parts),
        "links": sum(each.links for each in parts),
        "links_wanted": sum(each.links_wanted for each in parts),
        "unresolved_s": max(lags, default=None),
    }


def _all_of(parts: Sequence[Delays]) -> Delays:
    within = Counter[int]()
    for each in parts:
        within.update(each.within)
    return Delays(within.total(), within)


def _quantiles(delays: Delays | None) -> dict[float, float]:
    if delays is None or not delays.delivered:
        return {}
    return {each: delays.within_s(each) for each in QUANTILES}
