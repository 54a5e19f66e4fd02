"""Files as octets: encodings, shut doors, bounds, and the real ones."""

import datetime as dt
from decimal import Decimal

import pytest
from unit.cap.cases import NOW, REAL, VALID

from broadcast.cap.alert import read
from broadcast.cap.faults import CapError
from broadcast.cap.octets import Limits
from broadcast.cap.profiles import PROFILES
from broadcast.cap.record import Pair

ONE = VALID["one"]
real = pytest.mark.skipif(not REAL.exists(), reason="../shared/data/cap is not here")


def refused(octets: bytes, limits: Limits = Limits()) -> list[str]:  # noqa: B008 (frozen)
    with pytest.raises(CapError) as caught:
        read(octets, NOW, limits=limits)
    return [fault.name for fault in caught.value.faults]


@pytest.mark.parametrize("name", VALID)
def test_a_valid_file_has_no_fault(name: str) -> None:
    assert read(VALID[name], NOW).faults == ()


@pytest.mark.parametrize("profile", ["canada", "australia", "ipaws"])
def test_a_valid_file_of_a_profile_is_valid_there(profile: str) -> None:
    assert [fault for fault in read(VALID[profile], NOW, (profile,)).faults if fault.level != "note"] == []


def test_no_valid_file_troubles_google() -> None:
    assert read(VALID["two_languages"], NOW, ("google",)).faults == ()


def test_several_languages_and_areas_are_read() -> None:
    alert = read(VALID["two_languages"], NOW).alert
    vietnamese, english = alert.infos
    assert (vietnamese.language, english.language) == ("vi", "en")
    assert vietnamese.headline == "Bão đổ bộ tối nay"
    assert vietnamese.expires == dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
    assert vietnamese.areas[0].geocodes == (Pair("ISO 3166-2", "VN-24"),)
    assert vietnamese.areas[0].circles == ("17.5,106.6 40",)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "us-ascii"]
)
def test_encodings(encoding: str) -> None:
    text = ONE.decode().encode("ascii", "xmlcharrefreplace").decode("ascii")
    declared = "utf-16" if "16" in encoding else encoding.removesuffix("-sig")
    octets = text.replace("UTF-8", declared).encode(encoding)
    assert read(octets, NOW).alert == read(ONE, NOW).alert


def test_without_a_declaration_it_is_utf_8() -> None:
    assert read(ONE.partition(b"?>\n")[2], NOW).alert == read(ONE, NOW).alert


def test_blanks_around_times_are_no_matter_and_around_words_they_are() -> None:
    assert read(ONE.replace(b"<sent>", b"<sent>\n "), NOW).alert == read(ONE, NOW).alert
    assert refused(ONE.replace(b"<status>", b"<status> ")) == ["value_not_listed"]


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE alert SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE alert [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>',
        b'<!DOCTYPE alert [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]>',
    ],
)
def test_no_dtd(declaration: bytes) -> None:
    octets = ONE.replace(b"<alert", declaration + b"<alert").replace("Bão đổ".encode(), b"&x;")
    assert refused(octets) == ["doctype"]
    assert refused(octets.decode().replace("UTF-8", "UTF-16").encode("utf-16")) == ["doctype"]


def test_no_entity_but_xml_s_own() -> None:
    assert set(refused(ONE.replace(b"<event>", b"<event>&nbsp;"))) == {"not_well_formed"}


def test_no_xinclude() -> None:
    include = (
        b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    )
    assert "element_unknown" in refused(ONE.replace(b"<event>", b"<event>" + include))


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (Limits(octets=100), "too_large"),
        (Limits(deep=3), "too_deep"),
        (Limits(elements=10), "too_many_elements"),
        (Limits(attributes=0), "too_many_attributes"),
        (Limits(tag=20), "attribute_too_long"),
    ],
)
def test_bounds(limits: Limits, kind: str) -> None:
    assert refused(ONE, limits) == [kind]


def test_markup_within_comments_and_cdata_counts_for_nothing() -> None:
    octets = ONE.replace(b"<info>", b"<!-- <!DOCTYPE x> <a><b> --><info>")
    octets = octets.replace("Bão số 4".encode(), "<![CDATA[Bão số 4 <<<]]>".encode())
    assert read(octets, NOW).alert.infos[0].description.startswith("Bão số 4 <<<")  # type: ignore[union-attr]


@pytest.mark.parametrize("octets", [b"", b" ", b"\xff\xfe", b"<", b"<a>" * 5000, b"x", b"\0" * 50, b"<?xml"])
def test_what_is_no_xml(octets: bytes) -> None:
    assert refused(octets)


@real
def test_amber() -> None:
    alert = read((REAL / "amber.cap").read_bytes(), NOW).alert
    assert [info.language for info in alert.infos] == ["en-US", "es-US"]
    assert alert.infos[1].event == "Abducción de Niño"
    assert alert.infos[0].areas[0].geocodes == (Pair("SAME", "006037"),)
    assert alert.infos[0].expires is None


@real
def test_australia() -> None:
    found = read((REAL / "australia.cap").read_bytes(), NOW)
    assert found.alert.infos[0].areas[0].circles
    assert {fault.name for fault in found.faults} == {"html_tags"}


@real
@pytest.mark.parametrize("name", ["canada", "canada_signed"])
def test_canada(name: str) -> None:
    found = read((REAL / f"{name}.cap").read_bytes(), NOW, ("canada",))
    assert [info.language for info in found.alert.infos] == ["en-CA", "fr-CA"]
    assert len(found.alert.infos[0].areas) == 2
    assert all(area.polygons and area.geocodes for area in found.alert.infos[0].areas)
    assert found.signature.standing == ("unverified" if name == "canada_signed" else "unsigned")
    assert not any(fault.level in ("error", "warning") for fault in found.faults)


@real
def test_canada_signed_supersedes_what_it_says() -> None:
    alert = read((REAL / "canada_signed.cap").read_bytes(), NOW).alert
    assert alert.message_type == "Update"
    assert (alert.restriction, alert.addresses, alert.note) == ("", "", "")


@real
def test_latin_1() -> None:
    found = read((REAL / "earthquake-iso8859-1.cap").read_bytes(), NOW)
    assert found.alert.infos[0].headline == "EQ 4.6 Usulután, Usulután, El Salvador - PRELIMINARY REPORT"
    assert found.signature.standing == "unverified"


@real
def test_older_ones_are_read_and_said_to_be_old() -> None:
    found = read((REAL / "earthquake.cap").read_bytes(), NOW)
    assert [fault.name for fault in found.faults] == ["cap_1_1"]
    assert found.alert.infos[0].areas[0].circles == ("-16.053,-173.274 0.0",)
    bare = read((REAL / "no_optional_fields.cap").read_bytes(), NOW).alert
    assert (bare.infos, bare.source, bare.codes) == ((), None, ())


@real
@pytest.mark.parametrize("profile", PROFILES)
def test_each_real_file_can_be_looked_at_by_each_profile(profile: str) -> None:
    for path in sorted(REAL.glob("*.cap")):
        try:
            read(path.read_bytes(), NOW, (profile,))
        except CapError as error:
            assert all(fault.name.startswith(profile) for fault in error.faults if fault.level == "error")


def test_altitudes_are_numbers() -> None:
    octets = ONE.replace(b"</geocode>", b"</geocode><altitude> 100.5 </altitude><ceiling>+2000</ceiling>")
    area = read(octets, NOW).alert.infos[0].areas[0]
    assert (area.altitude, area.ceiling) == (Decimal("100.5"), Decimal(2000))
