"""What a configuration forbids of an alert, and what it puts behind its text."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broadcast.campaign.content import Category, content
from broadcast.campaign.plain import PlainLetter, PlainText
from broadcast.campaign.wording import check_wording, with_lines
from broadcast.config import Config, Line, Wording
from broadcast.errors import ConfigError, RefusedError
from broadcast.tables import structure

EXPIRES = datetime(2030, 5, 1, tzinfo=UTC)


def refused(config: Config, text: str = "Rửa tay", sender: str = "BOYTE", **more: object) -> str:
    made = content(
        text=text,
        sender=sender,
        carriers=tuple(config.country.prefixes),
        category="health",
        expires_at=EXPIRES,
        **more,
    )
    try:
        check_wording(config, made)
    except RefusedError as error:
        return str(error)
    return ""


def test_every_text_is_looked_at(config: Config) -> None:
    assert refused(config) == ""
    assert "U+202E" in refused(config, "Rửa\u202e tay")
    assert "evil.com" in refused(config, "evil.com")
    assert "evil.com" in refused(config, texts={"vi": "Rửa tay", "en": "evil.com"}, languages=("vi",))


def test_a_sender_that_a_carrier_has_not_registered(config: Config) -> None:
    viettel = config.carriers["viettel"]
    registered = replace(
        config, carriers={**config.carriers, "viettel": viettel.having(senders=("BOYTE", "+84912345678"))}
    )
    assert refused(registered) == ""
    assert refused(registered, sender="84912345678") == ""
    for other in ("BoYTe", "B0YTE", "BYT", "1022"):
        assert f"carrier viettel has not registered the sender {other}: it has BOYTE" in refused(
            registered, sender=other
        )
    own = {**config.carriers, "viettel": viettel.having(senders=("1022",), sender="1022")}
    assert refused(replace(config, carriers=own)) == ""


def test_a_carriers_own_sender_is_registered(config: Config) -> None:
    with pytest.raises(ValueError, match="sender X is not one of senders"):
        config.carriers["viettel"].having(sender="X", senders=("BOYTE",))


HOTLINE = Line({"vi": "Đường dây nóng: 19009095", "en": "Hotline: 19009095"})
PAGE = Line({"vi": "moh.gov.vn"}, categories=("health",), optional=True)


def lined(
    texts: Mapping[str, str], category: Category = "health", most: int = 1000, **lines: Line
) -> tuple[dict[str, str], list[str]]:
    """segments: as many as there are runs of `most` letters."""
    found, left_out = with_lines(
        lines,
        {language: PlainText(text, ()) for language, text in texts.items()},
        category,
        lambda text: PlainText(text, ()),
        lambda said: -(-sum(len(each.text) for each in said.values()) // most),
    )
    return {language: each.text for language, each in found.items()}, left_out


def test_lines_stand_behind_every_text_in_their_order() -> None:
    made, left_out = lined({"vi": "Rửa tay", "fr": "Lavez-vous"}, hotline=HOTLINE, page=PAGE)
    assert made == {"vi": "Rửa tay\nĐường dây nóng: 19009095\nmoh.gov.vn", "fr": "Lavez-vous"}
    assert left_out == []
    assert lined(made, hotline=HOTLINE, page=PAGE)[0] == made


def test_a_line_of_other_categories_is_none() -> None:
    assert lined({"vi": "Rửa tay"}, "emergency", page=PAGE) == ({"vi": "Rửa tay"}, [])


def test_a_line_that_would_cost_a_segment_is_left_out_where_it_may_be() -> None:
    assert lined({"vi": "x" * 20}, page=PAGE, most=31)[1] == []
    assert lined({"vi": "x" * 21}, page=PAGE, most=31) == ({"vi": "x" * 21}, ["page"])
    assert lined({"vi": "x" * 21}, page=replace(PAGE, optional=False), most=31)[1] == []


def test_a_plain_text_has_plain_lines() -> None:
    said = {"vi": PlainText("Rua tay", (PlainLetter("ử", "u", 1),))}
    found, _ = with_lines(
        {"a": HOTLINE}, said, "health", lambda _: PlainText("Duong", (PlainLetter("ử", "u", 2),)), lambda _: 1
    )
    assert found["vi"] == PlainText("Rua tay\nDuong", (PlainLetter("ử", "u", 3),))


def test_no_line_makes_a_text_of_none() -> None:
    assert lined({"vi": ""}, hotline=HOTLINE) == ({"vi": ""}, [])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"official_domains": ["https://moh.gov.vn"]}, "official_domains: 'https://moh.gov.vn' is no domain"),
        ({"official_domains": ["vn"]}, "'vn' is no domain"),
        ({"official_domains": [""]}, "'' is no domain"),
        ({"append": {"a": {"texts": {}}}}, "append.a.texts needs at least one language"),
        ({"append": {"a": {"texts": {"vi": " "}}}}, "append.a.texts.vi must be one line"),
        ({"append": {"a": {"texts": {"vi": "a\nb"}}}}, "append.a.texts.vi must be one line"),
        ({"append": {"a": {"texts": {"v i": "a"}}}}, "texts.v i is no BCP 47 tag"),
        ({"append": {"a": {"texts": {"vi": "a"}, "categories": ["x"]}}}, "append.a.categories.0 must be one"),
    ],
)
def test_what_is_wrong_with_the_table(table: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        structure(table, Wording, "site.toml")


def test_official_is_a_domain_and_what_is_below_it() -> None:
    wording = Wording(official_domains=("MOH.gov.vn",))
    assert wording.is_official("moh.gov.vn")
    assert wording.is_official("a.b.moh.gov.vn")
    assert not wording.is_official("xmoh.gov.vn")
    assert not wording.is_official("gov.vn")
