"""Areas as an operator has them: brought in, asked for, named by an alert; and what who approves sees of them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from integration.cap_messages import info, message, octets
from integration.test_cli_campaign import CONFIG, Desk

from broadcast.areas.keep import Origin, bring
from broadcast.areas.listed import vietnam
from broadcast.areas.tree import load
from broadcast.cap.record import Area as CapArea
from broadcast.cap.record import Pair

Box = tuple[float, float, float, float]
# code: name, parent, west, south, east, north; a square degree of One has two communes, the east one with a hole
COMMUNES: Mapping[str, tuple[str, str, Box]] = {
    "11": ("Xã Tây", "1", (105.0, 16.0, 105.5, 17.0)),
    "12": ("Xã Đông", "1", (105.5, 16.0, 106.0, 17.0)),
    "21": ("Phường Xa", "2", (107.0, 16.0, 108.0, 17.0)),
}
HOLE: Box = (105.7, 16.4, 105.8, 16.6)


def ring(box: Box) -> list[list[float]]:
    west, south, east, north = box
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(code: str, rings: Any, **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": rings} if rings else None
    return {"type": "Feature", "properties": {"code": code, **properties}, "geometry": geometry}


def features(*some: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(some)})


def nation() -> list[dict[str, Any]]:
    found = [
        feature(
            "1", [ring((105, 16, 106, 17)), ring(HOLE)], name="Tỉnh Một", kind="province", population=1000
        ),
        feature("2", [ring((107, 16, 108, 17))], name="Tỉnh Hai", kind="province", population=5000),
    ]
    for code, (name, parent, box) in COMMUNES.items():
        holes = [ring(HOLE)] if code == "12" else []
        found.append(feature(code, [ring(box), *holes], name=name, parent=parent, kind="commune"))
    return found


@pytest.fixture
def desk(
    database_env: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    files = {"site.toml": CONFIG, "nation.geojson": features(*nation())}
    return Desk.of(tmp_path, monkeypatch, capsys, files)


@pytest.fixture
def known(desk: Desk) -> Desk:
    """The nation, and a hundred people: 40 in 11, 20 in 12, 30 in 21, 6 in One and nobody knows where, 4 nowhere."""
    desk("area", "import", "nation.geojson")
    homes = ["11"] * 40 + ["12"] * 20 + ["21"] * 30 + ["1"] * 6 + [""] * 4
    lines = [f"09600001{place:02},{home}" for place, home in enumerate(homes)]
    Path("people.csv").write_text("msisdn,area\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert desk.json("subscriber", "import", "people.csv")["imported"] == 100
    return desk


def cap(name: str, **area: Any) -> str:
    """A file of an alert for one area."""
    alert = message(1, identifier=name)
    areas = (CapArea("Vùng bão", **area),)
    told = tuple(replace(each, areas=areas) for each in (info("vi", "Bão"), info("en", "Storm")))
    Path(f"{name}.cap").write_bytes(octets(replace(alert, infos=told)))
    return f"{name}.cap"


def box_of_cap(box: Box) -> str:
    return " ".join(f"{latitude},{longitude}" for longitude, latitude in ring(box))


def test_areas_come_in_are_listed_and_shown(desk: Desk) -> None:
    done = desk.json(
        "area", "import", "nation.geojson", "--source", "the map office", "--as-of", "2025-07-01"
    )
    assert (done["new"], done["changed"], done["same"], done["areas"], done["mapped"]) == (5, 0, 0, 5, 5)
    assert [each["code"] for each in desk.json("area", "list")] == ["1", "2"]
    assert "Xã Đông" in desk("area", "list", "--under", "mot")
    shown = desk.json("area", "show", "xa dong")
    assert shown["path"] == ["Tỉnh Một", "Xã Đông"]
    assert (shown["source"], shown["as_of"]) == ("the map office", "2025-07-01")
    assert 5500 < shown["km2"] < 5900  # 53.3 by 111.2 km, less its hole
    assert "did you mean Xã Đông" in desk("area", "show", "Xã Dôngg", code=2)


def test_the_same_again_changes_nothing_and_more_is_added(desk: Desk) -> None:
    desk("area", "import", "nation.geojson")
    assert desk.json("area", "import", "nation.geojson")["same"] == 5
    Path("census.csv").write_text("code;population;lang\n11;120;hmn\n12;80;\n", encoding="utf-8")
    done = desk.json("area", "import", "census.csv")
    assert (done["new"], done["changed"], done["mapped"]) == (0, 2, 5)
    shown = desk.json("area", "show", "11")
    assert (shown["census"], shown["language"], shown["name"]) == (120, "hmn", "Xã Tây")
    assert shown["source"] == "nation.geojson; census.csv"


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (feature("3", [ring((105, 16, 106, 17))]), "feature 6 (3): it has no name"),
        (feature("3", [ring((105, 16, 190, 17))], name="A"), "190, 16 is no longitude and latitude"),
        (feature("3", [ring((1170000, 1800000, 1180000, 1900000))], name="A"), "convert it to WGS 84"),
        (feature("3", [[[1, 1], [2, 2], [1, 1]]], name="A"), "fewer than four positions"),
        (feature("3", [[[1, 1], [2, 2], [3, 3], [1, 1]]], name="A"), "encloses nothing"),
        (feature("3", [[[1, 1], [2, None], [3, 3], [1, 1]]], name="A"), "feature 6 (A): a ring of it"),
        (feature("3", [ring((1, 1, 2, 2))], name="A", parent="77"), "its parent 77 is no area"),
        (feature("11", [ring((1, 1, 2, 2))], name="A"), "area 11 stands twice"),
        (feature("3", [ring((1, 1, 2, 2))], name="A\u202eB"), "its name is no text of one line"),
        (feature("3", [ring((1, 1, 2, 2))], name="A", language="v!"), "v! is no language"),
        (feature("3", [ring((1, 1, 2, 2))], name="A", population=-4), "its census is no number"),
        (feature("3", [ring((-179, 1, 179, 2))], name="A"), "goes over the meridian"),
        (feature("3", [ring((16, 105, 17, 106))], name="A"), "in GeoJSON the longitude stands first"),
        (feature("3", [ring((1, 1, 2, 2))], name="A", population=12.5), "its census is no number"),
        ({**feature("", None, name="A"), "id": 11}, "it has no code"),
        (
            {"type": "Feature", "properties": {"code": "3", "name": "A"}, "geometry": {"type": "Point"}},
            "no Polygon",
        ),
        ({"type": "Point"}, "it is no Feature"),
    ],
)
def test_one_wrong_area_and_none_comes_in(desk: Desk, spoilt: dict[str, Any], said: str) -> None:
    Path("spoilt.geojson").write_text(features(*nation(), spoilt), encoding="utf-8")
    assert said in desk("area", "import", "spoilt.geojson", code=2)
    assert desk.json("area", "list") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no GeoJSON"),
        ('{"type": "Topology"}', "is no GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "there is no area in it"),
        (
            '{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:3405"}}}',
            "is not in WGS 84",
        ),
        (
            '{"type": "FeatureCollection", "features": [], "crs": {"properties": {"name": "EPSG:43267"}}}',
            "is not in WGS 84",
        ),
    ],
)
def test_what_is_no_geojson_is_refused(desk: Desk, text: str, said: str) -> None:
    Path("no.geojson").write_text(text, encoding="utf-8")
    assert said in desk("area", "import", "no.geojson", code=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,name,name\n1,A,B\n", "the column name stands twice"),
        ("code,name\n1,A,B\n", "line 2: it has more columns than the first line"),
        ("code,name\n1,A\n1,B\n", "area 1 stands twice"),
        ("code;name;population\n1;Tỉnh Lào Cai;1.5E+6\n", "its census is no number"),
    ],
)
def test_what_is_no_list_of_areas_is_refused(desk: Desk, text: str, said: str) -> None:
    Path("no.csv").write_text(text, encoding="utf-8")
    assert said in desk("area", "import", "no.csv", code=2)


def test_a_list_as_a_spreadsheet_writes_it(desk: Desk) -> None:
    """Empty last cells are left out, or more of them written; a ' in front of digits made a text of them."""
    text = "\ufeffcode;name;population\n'01;Tỉnh Một\n02;Tỉnh Hai;7;;\n"
    Path("sheet.csv").write_text(text, encoding="utf-8")
    assert desk.json("area", "import", "sheet.csv")["new"] == 2
    assert [(each["code"], each["census"]) for each in desk.json("area", "list")] == [("01", None), ("02", 7)]


def test_a_code_without_its_zeros_is_no_new_area(desk: Desk) -> None:
    Path("known.csv").write_text("code,name\n01,Tỉnh Một\n", encoding="utf-8")
    desk("area", "import", "known.csv")
    Path("lost.csv").write_text("code,name,population\n1,Tinh Mot,900\n", encoding="utf-8")
    assert "area 1 is new, and 01 has its name" in desk("area", "import", "lost.csv", code=2)
    Path("other.csv").write_text("code,name\n1,Tỉnh Chín\n", encoding="utf-8")
    assert desk.json("area", "import", "other.csv")["new"] == 1


def test_a_shape_that_crosses_itself_is_repaired_and_named(desk: Desk) -> None:
    bow = [[[105, 16], [106, 17], [106, 16], [105, 17], [105, 16]]]
    Path("bow.geojson").write_text(features(feature("9", bow, name="Xã Nơ")), encoding="utf-8")
    done = desk.json("area", "import", "bow.geojson")
    assert done["repaired"] == ["bow.geojson: feature 1 (Xã Nơ)"]


def test_other_names_of_properties_and_geocodes(desk: Desk) -> None:
    found = feature("x", [ring((105, 16, 106, 17))], ma=7, ten="Tỉnh Bảy", hasc="VN.BA")
    Path("other.geojson").write_text(features(found), encoding="utf-8")
    words = [
        "--property",
        "code=ma",
        "--property",
        "name=ten",
        "--geocode",
        "HASC=hasc",
        "--kind",
        "province",
    ]
    assert desk.json("area", "import", "other.geojson", *words)["new"] == 1
    assert desk.json("area", "show", "7")["geocodes"] == {"HASC": "VN.BA"}
    assert "an area has no cod: did you mean code" in desk(
        "area", "import", "other.geojson", "--property", "cod=ma", code=2
    )
    assert "there is no maa in it" in desk(
        "area", "import", "other.geojson", "--property", "code=maa", code=2
    )


def test_an_area_that_somebody_has_cannot_vanish(known: Desk) -> None:
    few = [each for each in nation() if each["properties"]["code"] not in ("21", "2")]
    Path("few.geojson").write_text(features(*few), encoding="utf-8")
    assert "21 say: they cannot go" in known("area", "import", "few.geojson", "--replace", code=3)
    assert len(known.json("area", "list")) == 2
    more = [*nation(), feature("3", [ring((109, 16, 110, 17))], name="Tỉnh Ba")]
    Path("more.geojson").write_text(features(*more), encoding="utf-8")
    known("area", "import", "more.geojson")
    assert known.json("area", "import", "nation.geojson", "--replace")["gone"] == 1


def test_the_34_provinces_and_3321_communes_of_2025_come_from_a_package(desk: Desk) -> None:
    done = desk.json("area", "import", "--package", "vietnam")
    assert (done["new"], done["mapped"]) == (3355, 0)
    assert done["source"] == "vietnamadminunits 1.0.4 (PyPI, MIT)"
    provinces = desk.json("area", "list")
    assert len(provinces) == 34
    assert {each["code"] for each in provinces} >= {"01", "48", "79", "96"}
    assert desk.json("area", "show", "TP Hồ Chí Minh")["below"] == 168
    assert desk.json("area", "show", "dac khu hoang sa")["path"] == ["Thành phố Đà Nẵng", "Đặc khu Hoàng Sa"]
    assert desk.json("area", "show", "01")["as_of"] == "2025-07-01"
    assert "areas are called Tân Phú" in desk("area", "show", "Tân Phú", code=2)
    assert desk.json("area", "import", "--package", "vietnam")["same"] == 3355


async def test_every_name_of_the_package_is_found_again(conn: asyncpg.Connection) -> None:
    """By the name with its province: but for one that a province has twice, which is to be asked for by its code."""
    source, said = vietnam()
    await bring(conn, said, Origin(source, date(2025, 7, 1)))
    tree = await load(conn)
    for each in said:
        assert tree.find(tree.full_name(each.code)) == each.code


def test_an_alert_reaches_the_areas_that_its_shape_meets(known: Desk) -> None:
    # the south half of both communes of One, and the hole is no land of theirs
    known("alert", "import", cap("storm", polygons=(box_of_cap((105, 16, 106, 16.5)),)))
    shown = known.json("campaign", "show", "storm")
    assert shown["campaign"]["plan"]["areas"] == ["11", "12"]
    reach = shown["reach"]
    assert (reach["people"], reach["outside"], reach["unmapped"], reach["vague"]) == (60, 0, 0, 6)
    shares = {each["code"]: each["share"] for each in reach["areas"]}
    assert shares["11"] == pytest.approx(0.5, abs=0.002)  # a degree's south half is a little larger
    assert reach["perhaps"] == pytest.approx(40 * (1 - shares["11"]) + 20 * (1 - shares["12"]))
    assert known.json("campaign", "forecast", "storm")["reach"] == reach
    said = known("campaign", "show", "storm")
    assert "Xã Tây, Tỉnh Một" in said
    assert "6 PEOPLE ARE KNOWN ONLY TO LIVE IN AN AREA AROUND THESE" in said
    assert "lives in these 2 areas, or was seen there last: 60" in known("campaign", "forecast", "storm")


def test_a_circle_around_one_commune_and_the_census(known: Desk) -> None:
    known("alert", "import", cap("fire", circles=("16.5,107.5 200",)))
    reach = known.json("campaign", "show", "fire")["reach"]
    assert {each["code"]: each["share"] for each in reach["areas"]}["21"] == 1.0
    known("campaign", "edit", "fire", "--area", "Tỉnh Hai")
    shown = known.json("campaign", "show", "fire")
    assert shown["campaign"]["plan"]["areas"] == ["2"]
    assert (shown["reach"]["people"], shown["reach"]["census"], shown["reach"]["perhaps"]) == (30, 5000, 0)
    assert "the census counts 5,000 people there: 0.6 % of them are on the list" in known(
        "campaign", "show", "fire"
    )


def test_a_geocode_is_a_code_or_what_others_call_it(known: Desk) -> None:
    known("alert", "import", cap("code", geocodes=(Pair("COMMUNE", "21"),)))
    assert known.json("campaign", "show", "code")["campaign"]["plan"]["areas"] == ["21"]
    Path("iso.csv").write_text("code,iso_3166_2\n2,VN-ZZ\n", encoding="utf-8")
    known("area", "import", "iso.csv")
    known("alert", "import", cap("iso", geocodes=(Pair("ISO 3166-2", "VN-ZZ"), Pair("SAME", "000"))))
    shown = known.json("campaign", "show", "iso")
    assert shown["campaign"]["plan"]["areas"] == ["2"]
    assert (shown["reach"]["outside"], shown["reach"]["people"]) == (0, 30)


def test_what_is_nowhere_is_refused_with_the_ways_out(known: Desk) -> None:
    file = cap("sea", polygons=(box_of_cap((112, 10, 113, 11)),))
    error = known("alert", "import", file, code=3)
    assert "Vùng bão meets no area that is known" in error
    assert "--area" in error and "--everywhere" in error
    known("alert", "import", file, "--everywhere")
    shown = known("campaign", "show", "sea")
    assert "ITS AREAS CHOOSE NOBODY: EVERYBODY ON THE LIST HEARS IT" in shown
    assert "96 of 100 for certain" in shown
    assert "of 4 nobody can say" in shown


def test_a_draft_names_areas_as_people_say_them(known: Desk) -> None:
    words = ["campaign", "draft", "hands", "--text", "Rửa tay", "--expires", "6h"]
    assert "did you mean Xã Đông" in known(*words, "--area", "Xã Dôngg", code=2)
    known(*words, "--area", "xa dong", "--area", "11")
    assert known.json("campaign", "show", "hands")["campaign"]["plan"]["areas"] == ["11", "12"]
    assert known.json("campaign", "show", "hands")["reach"]["shaped"] is False
    assert "do not go together" in known("campaign", "edit", "hands", "--area", "11", "--everywhere", code=2)
    known("campaign", "edit", "hands", "--everywhere")
    assert known.json("campaign", "show", "hands")["campaign"]["plan"]["areas"] == []


def test_what_was_approved_by_areas_holds_them_where_they_are(
    known: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    known("campaign", "draft", "hands", "--text", "Rửa tay", "--expires", "6h", "--area", "1")
    code = known.json("campaign", "show", "hands")["code"]
    monkeypatch.setenv("BROADCAST_OPERATOR", "binh")
    known("campaign", "approve", "hands", "--content", code)
    Path("moved.csv").write_text("code,parent\n21,1\n", encoding="utf-8")
    assert "who hears hands was approved by areas" in known("area", "import", "moved.csv", code=3)
    Path("later.csv").write_text("code,name,parent\n13,Xã Mới,1\n", encoding="utf-8")
    known("area", "import", "later.csv")  # nobody lives there


def test_people_who_were_listed_before_their_area_was_known_are_not_moved_into_an_approved_alert(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("people.csv").write_text("msisdn,area\n0960000101,1\n0960000102,13\n", encoding="utf-8")
    desk("subscriber", "import", "people.csv")
    desk("area", "import", "nation.geojson")
    desk("campaign", "draft", "hands", "--text", "Rửa tay", "--expires", "6h", "--area", "1")
    code = desk.json("campaign", "show", "hands")["code"]
    monkeypatch.setenv("BROADCAST_OPERATOR", "binh")
    desk("campaign", "approve", "hands", "--content", code)
    Path("later.csv").write_text("code,name,parent\n13,Xã Mới,1\n", encoding="utf-8")
    assert "who hears hands was approved by areas" in desk("area", "import", "later.csv", code=3)
