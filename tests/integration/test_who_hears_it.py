"""Exactly who should hear an alert hears it, once, in the right language: by the simulators' books, person by person,
beside a plain model that throws points at the map and reads the list line by line.

BROADCAST_WHO=200000 is the long form.
"""

import json
import math
import os
import random
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from acting import acting
from integration.cap_messages import BEGIN, message, octets
from integration.rig import Rig
from integration.steps import by
from numpy.typing import NDArray

from broadcast.actions import alert, area
from broadcast.actions.area import Areas
from broadcast.actions.campaign import approve
from broadcast.actions.launch import launch
from broadcast.actions.session import Session
from broadcast.audience.importer import import_file
from broadcast.campaign import campaigns
from broadcast.campaign.campaigns import Campaign
from broadcast.cap.record import Area, Info

PEOPLE = int(os.environ.get("BROADCAST_WHO", "4000"))
SEED = 5
COLUMNS, ROWS = 8, 5  # of the map: 40 communes of about a degree, in a province for each column
WEST, SOUTH = 102, 10
POINTS = 240  # thrown at a commune along each side
LANGUAGES = ("vi", "en", "km", "lo", "hmn")
TEXTS = {
    "vi": "Bão số 1: ở trong nhà.",
    "en": "Storm 1: stay inside.",
    "km": "ព្យុះលេខ ១",
    "lo": "ພາຍຸ ໑",
    "hmn": "Cua daj cua dub 1.",
}
# what a list says, and what of the above is heard for it; what nobody speaks here hears the first
SPOKEN = {"vi": "vi", "en-GB": "en", "km": "km", "lo": "lo", "hmn": "hmn", "fr": "vi"}
FIRST = {"viettel": 84_320_000_000, "vinaphone": 84_810_000_000}
EARTH_KM = 6371.0

Point = tuple[float, float]  # longitude, latitude
Ring = list[Point]


@dataclass(frozen=True)
class Commune:
    code: str
    ring: Ring
    hole: Ring | None
    language: str | None


@dataclass(frozen=True)
class Person:
    msisdn: int
    home: str
    seen: str
    language: str


def nation(dice: random.Random) -> list[Commune]:
    """Neighbours share their corners, which stand where chance puts them."""
    corners = {
        (x, y): (WEST + x + dice.uniform(-0.3, 0.3), SOUTH + y + dice.uniform(-0.3, 0.3))
        for x in range(COLUMNS + 1)
        for y in range(ROWS + 1)
    }
    found = []
    for x in range(COLUMNS):
        for y in range(ROWS):
            ring = [corners[each] for each in ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y))]
            middle = (sum(each[0] for each in ring[:4]) / 4, sum(each[1] for each in ring[:4]) / 4)
            hole = square(middle, 0.1) if dice.random() < 0.4 else None
            language = dice.choice([None, None, *LANGUAGES])
            found.append(Commune(f"{x + 1:02}{y + 1:02}", ring, hole, language))
    return found


def square(middle: Point, half: float) -> Ring:
    x, y = middle
    return [
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
        (x - half, y - half),
    ]


def geojson(communes: list[Commune]) -> str:
    provinces = [
        {
            "type": "Feature",
            "properties": {"code": f"{x + 1:02}", "name": f"Province {x + 1}"},
            "geometry": None,
        }
        for x in range(COLUMNS)
    ]
    features = [
        {
            "type": "Feature",
            "properties": {
                "code": each.code, "name": f"Commune {each.code}", "parent": each.code[:2], "language": each.language,
            },
            "geometry": {"type": "Polygon", "coordinates": [each.ring, *([each.hole] if each.hole else [])]},
        }
        for each in communes
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": [*provinces, *features]})


def alerted(communes: list[Commune], dice: random.Random) -> tuple[list[Ring], list[tuple[Point, float]]]:
    """Polygons and circles. One polygon goes round a hole as wide as a commune; a circle lies in the hole of a commune,
    and does not touch it."""
    stars = []
    for middle in ((WEST + 5.2, SOUTH + 3.4), (WEST + 6.6, SOUTH + 0.8)):
        turns = [(2 * math.pi * n / 7, dice.uniform(0.3, 0.9)) for n in range(7)]
        ring = [(middle[0] + r * math.cos(a), middle[1] + r * math.sin(a)) for a, r in turns]
        stars.append([*ring, ring[0]])
    holed = next(each for each in communes if each.hole and each.code[:2] == "08")
    assert holed.hole is not None
    lake = (holed.hole[0][0] + 0.1, holed.hole[0][1] + 0.1)
    return [around((WEST + 1.5, SOUTH + 1.5), 1.3, 0.95), *stars], [
        ((WEST + 3.6, SOUTH + 1.1), 40.0),
        (lake, 9.0),
    ]


def around(middle: Point, outer: float, inner: float) -> Ring:
    """With a hole, which is gone into by a slit: CAP has no other, and no ring may meet itself."""
    (x, y), slit = middle, 0.0005
    return [
        (x + outer, y + slit), *((x + a * outer, y + b * outer) for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))),
        (x + outer, y - slit), (x + inner, y - slit),
        *((x + a * inner, y + b * inner) for a, b in ((1, -1), (-1, -1), (-1, 1), (1, 1))),
        (x + inner, y + slit), (x + outer, y + slit),
    ]  # fmt: skip


def cap(polygons: list[Ring], circles: list[tuple[Point, float]]) -> Area:
    return Area(
        "Storm",
        polygons=tuple(" ".join(f"{y},{x}" for x, y in ring) for ring in polygons),
        circles=tuple(f"{y},{x} {radius}" for (x, y), radius in circles),
    )


# ---------------------------------------------------------------- the model


def inside(x: NDArray[np.float64], y: NDArray[np.float64], ring: Ring) -> NDArray[np.bool_]:
    """Whether a ray from each point crosses the ring an odd number of times."""
    odd = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by_) in pairwise(ring):
        if ay != by_:
            odd ^= ((ay > y) != (by_ > y)) & (x < (bx - ax) * (y - ay) / (by_ - ay) + ax)
    return odd


def apart_km(x: NDArray[np.float64], y: NDArray[np.float64], at: Point) -> NDArray[np.float64]:
    a, b, c, d = np.radians(y), math.radians(at[1]), np.radians(x), math.radians(at[0])
    h = np.sin((a - b) / 2) ** 2 + np.cos(a) * math.cos(b) * np.sin((c - d) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(h))
    return found


def touched(communes: list[Commune], polygons: list[Ring], circles: list[tuple[Point, float]]) -> set[str]:
    """Codes of those with a point that any of the shapes has too."""
    found = set()
    for each in communes:
        xs, ys = zip(*each.ring, strict=True)
        x, y = np.meshgrid(np.linspace(min(xs), max(xs), POINTS), np.linspace(min(ys), max(ys), POINTS))
        own = inside(x, y, each.ring) & ~(inside(x, y, each.hole) if each.hole else np.zeros(x.shape, bool))
        hit = np.zeros(x.shape, bool)
        for ring in polygons:
            hit |= inside(x, y, ring)
        for middle, radius in circles:
            hit |= apart_km(x, y, middle) <= radius
        if (own & hit).any():
            found.add(each.code)
    return found


def people(communes: list[Commune], dice: random.Random) -> list[Person]:
    places = [*(each.code for each in communes), "", "", ""]
    half = PEOPLE // 2
    numbers = [FIRST["viettel"] + n for n in range(half)] + [
        FIRST["vinaphone"] + n for n in range(PEOPLE - half)
    ]
    return [
        Person(
            each,
            dice.choice(places),
            dice.choice(places) if dice.random() < 0.2 else "",
            dice.choice(list(SPOKEN)) if dice.random() < 0.6 else "",
        )
        for each in numbers
    ]


def expected(those: list[Person], communes: list[Commune], codes: set[str]) -> dict[int, str]:
    """Number -> language. Their own, else their home's, else that of where they were seen, else the country's."""
    spoken = {each.code: each.language for each in communes}
    found = {}
    for each in those:
        if each.home in codes or each.seen in codes:
            said = each.language or spoken.get(each.home) or spoken.get(each.seen) or "vi"
            found[each.msisdn] = SPOKEN.get(said, said)
    return found


# ---------------------------------------------------------------- the world


async def heard(rig: Rig) -> list[tuple[int, str]]:
    """By the books: whose handset showed which text."""
    languages = {text: language for language, text in TEXTS.items()}
    found: list[tuple[int, str]] = []
    for smsc in rig.smscs.values():
        offset, page = 0, {"total": 1, "unrecorded": 0}
        while offset < page["total"]:
            told: dict[str, Any] = await smsc.get(f"/book/messages?offset={offset}&limit=20000")
            page, offset = told, offset + 20_000
            assert told["unrecorded"] == 0
            found += [(int(each["msisdn"]), languages[each["text"]]) for each in told["messages"]
                      if each["taken"] and each["complete"]]  # fmt: skip
    return sorted(found)


async def drafted(session: Session, where: Area) -> Campaign:
    infos = tuple(
        Info(
            categories=("Met",), event=text, headline=text, urgency="Immediate", severity="Severe",
            certainty="Likely", language=language, expires=BEGIN.replace(year=BEGIN.year + 1), areas=(where,),
        )
        for language, text in TEXTS.items()
    )  # fmt: skip
    told = replace(message(1), infos=infos)
    done = await by("an", alert.import_message, session, octets(told), plan={"own_language": True})
    assert done.campaign is not None
    return await campaigns.by_name(session.connection, done.campaign.name)


async def test_who_should_hear_it_hears_it_and_nobody_else(rig: Rig) -> None:
    dice = random.Random(SEED)
    for name in FIRST:
        await rig.smsc(name, record=4 * PEOPLE, receipt_delay_s=0.1)
        rig.connect(name, 4000)
    rig.config = replace(rig.config, country=replace(rig.config.country, languages=LANGUAGES))
    session = Session(rig.conn, rig.config)
    communes = nation(dice)
    (map_file := Path(rig.folder / "map.geojson")).write_text(geojson(communes))
    assert (await by("an", area.bring, session, Areas((map_file,)))).areas == COLUMNS * ROWS + COLUMNS
    those = people(communes, dice)
    (list_file := Path(rig.folder / "people.csv")).write_text(
        "msisdn,area,seen,language\n"
        + "".join(f"{each.msisdn},{each.home},{each.seen},{each.language}\n" for each in those)
    )
    async with acting(rig.conn, "an"):
        done = await import_file(rig.conn, rig.config, list_file, rig.folder / "refused.csv")
    assert done.imported == PEOPLE
    polygons, circles = alerted(communes, dice)
    codes = touched(communes, polygons, circles)
    should = expected(those, communes, codes)
    assert 10 <= len(codes) <= 30 and set(should.values()) == set(LANGUAGES)

    campaign = await drafted(session, cap(polygons, circles))
    assert set(campaign.plan.areas) == codes
    await by("binh", approve, session, campaign.name, campaign.code)
    launched = await by("an", launch, session, campaign.name, len(should))  # as many as it must say
    rig.worker()
    states = await rig.finish(launched, within_s=1200)
    assert states == {"delivered": len(should)}
    found = await heard(rig)
    assert len(found) == len(should)  # nobody twice
    assert dict(found) == should
    print(
        f"{PEOPLE:,} people, {len(communes)} areas, {len(codes)} touched: {len(should):,} heard it, as they should"
    )
