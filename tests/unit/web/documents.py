"""Documents as the board's server makes them: a nation at rest, while an alert runs, stands, is over, is in trouble."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

NOON = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)  # in Hanoi
CARRIERS = {"viettel": 0.52, "vinaphone": 0.24, "mobifone": 0.2, "gmobile": 0.04}
NOBODY = dict.fromkeys(
    (
        *("waiting", "in_doubt", "accepted", "unknown", "expired", "rejected", "undeliverable", "delivered"),
        "excluded",
    ),
    0,
)


def nation(*campaigns: dict[str, Any], **more: Any) -> dict[str, Any]:
    """At NOON, all well."""
    return {
        "at": NOON.isoformat(),
        "country": "Vietnam",
        "training": False,
        "campaigns": list(campaigns),
        "drafts": [],
        "carriers": [carrier(name, share) for name, share in CARRIERS.items()],
        "findings": [],
        "contacts": [],
        "workers": 4,
        "databases": [
            {
                "name": "home",
                "up": True,
                "workers": 4,
                "leases": 12,
                "size": 10**10,
                "disk_free": 10**11,
                "disk_size": 10**12,
            }
        ],
        **more,
    }


def carrier(name: str, share: float, **more: Any) -> dict[str, Any]:
    return {
        "carrier": name,
        "states": dict(NOBODY),
        "tps": round(4000 * share),
        "granted": round(4000 * share),
        "used": round(3920 * share),
        "links": {"bound": 4, "wanted": 4},
        "handset": {"p50": 3.2, "p90": 11.4, "p99": 48.0},
        "usual": {"p50": 3.0, "p90": 10.1, "p99": 41.0},
        "unmatched": 0,
        "unresolved_s": 0.4,
        "tried": [],
        "findings": [],
        **more,
    }


def states(people: int, sent: float, delivered: float) -> dict[str, int]:
    """sent, delivered: shares of the people; of who is left of those sent to a tenth is undeliverable."""
    out = round(people * 0.02)
    there, gone = round((people - out) * delivered), round((people - out) * sent)
    lost = max(0, gone - there) // 10
    rejected, doubt = lost // 5, lost // 9
    return NOBODY | {
        "excluded": out,
        "delivered": there,
        "undeliverable": lost,
        "rejected": rejected,
        "in_doubt": doubt,
        "accepted": gone - there - lost - rejected - doubt,
        "waiting": people - out - gone,
    }


def campaign(
    number: int = 7, people: int = 1_000_000, sent: float = 0.71, delivered: float = 0.6, **more: Any
) -> dict[str, Any]:
    """Launched 20 minutes before NOON, running."""
    carriers = [
        {"carrier": name, "states": states(round(people * share), sent, delivered)} for name, share in CARRIERS.items()
    ]  # fmt: skip
    total = {state: sum(each["states"][state] for each in carriers) for state in NOBODY}
    launched = NOON - timedelta(minutes=20)
    whole = sum(total.values()) - total["excluded"]
    points = [
        {
            "at": (launched + timedelta(minutes=at)).isoformat(),
            "sent": round(whole * sent * at / 20),
            "delivered": round(whole * delivered * max(0.0, 1.06 * at / 20 - 0.06)),
        }
        for at in range(21)
    ]
    return {
        "id": number,
        "name": "lu-song-hong",
        "state": "running",
        "status": "actual",
        "category": "emergency",
        "priority": 9,
        "launched_at": launched.isoformat(),
        "expires_at": (NOON + timedelta(hours=1, minutes=40)).isoformat(),
        "finished_at": None,
        "forecast_end_at": (NOON + timedelta(minutes=8)).isoformat(),
        "audience": people,
        "to_send": whole,
        "sent": whole - total["waiting"],
        "states": total,
        "segments": 3_000_000,
        "segments_per_s": 3900.0,
        "carriers": carriers,
        "balance": None,
        "findings": [],
        "curve": points,
        "pauses": [],
        "areas": areas(whole, delivered),
        "failures": [
            {"state": "undeliverable", "reason": "012", "count": total["undeliverable"]},
            {"state": "rejected", "reason": "status:11", "count": total["rejected"]},
        ],
        "asked": {"people": whole, "whole": True, "nameless": False},
        **more,
    }


def areas(people: int, delivered: float) -> list[dict[str, Any]]:
    """34 of a grid that `shapes` has the shapes of."""
    shares = [1.0 + math.sin(at) * 0.6 for at in range(34)]
    each = [round(people * share / sum(shares)) for share in shares]
    return [
        {
            "code": f"{at + 1:02}",
            "name": f"Tỉnh {at + 1}",
            "people": each[at],
            "reached": min(each[at], round(each[at] * delivered * (1 + 0.4 * math.cos(at * 1.7)))),
        }
        for at in range(34)
    ]


def shapes(points: int = 40) -> dict[str, Any]:
    """34 areas, one long country: neighbours share their borders, which have so many points on each side."""

    def at(x: int, y: int) -> tuple[float, float]:
        bent = 1.2 * math.sin(y * 0.55) + 0.25 * math.sin(x * 2.1 + y)
        return 104.0 + x * 1.1 + bent, 22.5 - y * 0.85 + 0.2 * math.cos(x * 1.3 + y * 0.7)

    def side(a: tuple[float, float], b: tuple[float, float]) -> list[tuple[float, float]]:
        first, last = sorted((a, b))
        steps = []
        for step in range(points):
            share = step / points
            ripple = 0.05 * math.sin(math.pi * share) * math.sin(share * 23 + first[0])
            steps.append(
                (
                    first[0] + (last[0] - first[0]) * share + ripple,
                    first[1] + (last[1] - first[1]) * share + ripple,
                )
            )
        steps.append(last)
        return steps if (a, b) == (first, last) else steps[::-1]

    found, number = {}, 0
    for row in range(12):
        for column in range(3):
            if number == 34:
                break
            number += 1
            ring = [at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)]
            border = [
                point for a, b in zip(ring, [*ring[1:], ring[0]], strict=True) for point in side(a, b)[:-1]
            ]
            found[f"{number:02}"] = shapely.Polygon(border)
    return found


def finding(code: str, carrier: str = "", grave: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "carrier": carrier or None,
        "grave": grave,
        "sentence": {
            "en": "0 of 4 binds are bound: the carrier does not answer since 4 min",
            "vi": "0 trên 4 phiên được nối: nhà mạng không trả lời đã 4 phút",
        },
        "run": f"broadcast carrier check {carrier or 'viettel'}",
        **more,
    }


def pause(begin: float, end: float | None, reason: str, carrier: str = "") -> dict[str, Any]:
    """begin, end: minutes after the launch."""
    launched = NOON - timedelta(minutes=20)
    return {
        "from": (launched + timedelta(minutes=begin)).isoformat(),
        "to": None if end is None else (launched + timedelta(minutes=end)).isoformat(),
        "reason": reason,
        "carrier": carrier or None,
    }


def running() -> dict[str, Any]:
    return nation(campaign())


def paused() -> dict[str, Any]:
    stops = [
        pause(3, 5, "first_share"),
        pause(9, 12.5, "binds_down", "viettel"),
        pause(16, None, "paused"),
    ]
    found = finding(
        "paused", grave=False, run="broadcast campaign resume lu-song-hong",
        sentence={"en": "paused: 284,200 wait and nothing is sent", "vi": "tạm dừng: 284.200 người chờ"},
    )  # fmt: skip
    return nation(
        campaign(state="paused", status="exercise", pauses=stops, forecast_end_at=None, findings=[found])
    )


def finished() -> dict[str, Any]:
    ended = (NOON - timedelta(minutes=1)).isoformat()
    balance = {"differences": 0, "at": ended}
    done = campaign(
        sent=1.0, delivered=0.953, state="finished", finished_at=ended, forecast_end_at=None, balance=balance
    )
    return nation(done)


def sick() -> dict[str, Any]:
    """A carrier down, another that throttles, books that do not balance, three alerts, a database away."""
    contacts = [
        {"who": "Viettel NOC", "how": "+84 24 0000 0000", "carrier": "viettel"},
        {"who": "Trực ban quốc gia", "how": "máy lẻ 112", "carrier": None},
    ]
    slowed = finding(
        "slowed", "vinaphone", False,
        sentence={
            "en": "8 % of its answers of late are ESME_RTHROTTLED: it allows less than its tps of 960",
            "vi": "8 % trả lời gần đây là ESME_RTHROTTLED: nhà mạng cho phép ít hơn tps 960",
        },
    )  # fmt: skip
    flood = campaign(
        sent=0.44, delivered=0.3, findings=[finding("binds_down", "viettel"), slowed],
        forecast_end_at=(NOON + timedelta(hours=2)).isoformat(),
        pauses=[pause(6, 8, "no_worker"), pause(8.5, 9, "paused"), pause(12, None, "binds_down", "viettel")],
    )  # fmt: skip
    health = campaign(
        8, 120_000, 0.2, 0.1, name="rua-tay", category="health", status="exercise", curve=[], areas=[],
        asked={"people": 0, "whole": False, "nameless": False}, failures=[],
        balance={"differences": 3, "at": NOON.isoformat()},
    )  # fmt: skip
    over = campaign(9, 50_000, 1.0, 0.97, name="thu-nghiem", category="routine", state="cancelled",
                    finished_at=(NOON - timedelta(minutes=3)).isoformat())  # fmt: skip
    lines = [carrier(name, share) for name, share in CARRIERS.items()]
    lines[0] |= {"links": {"bound": 0, "wanted": 4}, "used": 0.0, "handset": {}}
    draft = {
        "id": 11, "name": "bao-so-5", "state": "draft", "status": "actual", "category": "emergency",
        "drafted_by": "an", "drafted_at": NOON.isoformat(), "expires_at": (NOON + timedelta(hours=6)).isoformat(),
    }  # fmt: skip
    return nation(
        flood, health, over, training=True, contacts=contacts, carriers=lines, drafts=[draft],
        databases=[
            {"name": "home", "up": True, "workers": 2, "leases": 9},
            {"name": "south", "up": False, "workers": 2, "leases": 3},
        ],
    )  # fmt: skip


EVERY = {"empty": nation, "running": running, "paused": paused, "finished": finished, "sick": sick}
