"""A template filled in says what was given, in each language, or names everything that is wrong with it."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.templates import Template, filled
from broadcast.config import Wording
from broadcast.errors import ConfigError, InputError, RefusedError
from broadcast.tables import structure

FLOOD: dict[str, Any] = {
    "title": {"vi": "Lũ", "en": "Flood"},
    "category": "emergency",
    "texts": {"vi": "{river} tại {place} từ {time}: {depth} m. {what}", "en": "{what} {depth} m at {time} in {place}"},
    "parameters": {
        "river": {"kind": "text", "most": 10},
        "place": {"kind": "place"},
        "time": {"kind": "time"},
        "depth": {"kind": "number"},
        "what": {
            "kind": "choice",
            "choices": {"go": {"vi": "Đi ngay.", "en": "Go."}, "stay": {"vi": "Ở lại.", "en": "Stay."}},
        },
    },
}  # fmt: skip
VALUES = {"river": "Thu Bồn", "place": "Quảng Nam", "time": "18:00", "depth": "2.5", "what": "go"}
WORDING = Wording(official_domains=("gov.vn",))


def made(**changes: Any) -> Template:
    return structure({**FLOOD, **changes}, Template, "flood.toml")


def fill(values: Mapping[str, str], template: Template | None = None) -> dict[str, str]:
    return filled("flood", template or made(), values, WORDING)


def test_each_language_as_it_is_written_there() -> None:
    assert fill(VALUES) == {
        "vi": "Thu Bồn tại Quảng Nam từ 18:00: 2,5 m. Đi ngay.",
        "en": "Go. 2.5 m at 18:00 in Quảng Nam",
    }
    later = fill({**VALUES, "time": "2030-01-31T06:05", "place.en": "Quang Nam", "what": "stay"})
    assert later == {
        "vi": "Thu Bồn tại Quảng Nam từ 06:05 ngày 31/1: 2,5 m. Ở lại.",
        "en": "Stay. 2.5 m at 06:05 on 31 January in Quang Nam",
    }


def test_a_language_without_forms_of_its_own() -> None:
    french = made(
        texts={"fr": "{time}, {depth} m"},
        parameters={"time": {"kind": "time"}, "depth": {"kind": "number"}},
    )
    assert fill({"time": "2030-01-31T06:05", "depth": "2,5"}, french) == {"fr": "06:05 2030-01-31, 2.5 m"}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        fill(
            {
                "rivr": "x",
                "place": "x" * 61,
                "time": "25:00",
                "depth": "deep",
                "what": "gone",
                "river.fr": "x",
            }
        )
    assert str(caught.value) == (
        "template flood: there is no parameter rivr: did you mean river?; river.fr: it has no text in that language,"
        " only in vi, en; river is missing (--set river=...); place has 61 characters, 60 at most; time is no time:"
        " 18:00 or 2030-01-31T18:00 say, in the country's time; depth is no number: 38 or 5.4 say; what is none of its"
        " choices: did you mean go?"
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"place": ""}, "place is empty"),
        ({"place": " "}, "place is empty"),
        ({"place": "a\nb"}, "place has a line break"),
        ({"place": "a\x1bb"}, "place has a line break or another control"),
        ({"place": "a\u2028b"}, "place has a line break"),
        ({"time": "2030-02-30T10:00"}, "time is no time"),
        ({"time": "10h"}, "time is no time"),
        ({"depth": "٣"}, "depth is no number"),
        ({"depth": "1e9"}, "depth is no number"),
    ],
)
def test_a_value_of_another_kind(values: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fill({**VALUES, **values})


@pytest.mark.parametrize("value", ["evil.com", "Quảng\u202e Nam", "Quảng\u200b Nam"])
def test_a_value_that_a_rule_refuses(value: str) -> None:
    with pytest.raises(RefusedError, match=r"^--set place: the text has"):
        fill({**VALUES, "place": value})


def test_a_link_that_a_value_makes_with_what_stands_around_it() -> None:
    template = made(texts={"vi": "Xem {river}.com"}, parameters={"river": {"kind": "text"}})
    with pytest.raises(RefusedError, match=r"evil\.com"):
        fill({"river": "evil"}, template)


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z", "M")), min_size=1, max_size=10))
def test_nothing_in_a_value_is_read_again(value: str) -> None:
    template = made(texts={"vi": "a {river} {{b}}"}, parameters={"river": {"kind": "text", "most": 50}})
    try:
        found = fill({"river": value + "{river}"}, template)
    except RefusedError:  # what looks like a link
        return
    assert found["vi"].endswith("{river} {b}")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"texts": {}}, "texts needs at least one language"),
        ({"texts": {"vi": " "}}, "texts.vi is empty"),
        ({"texts": {"v_i": "a"}}, "texts.v_i is no BCP 47 tag"),
        ({"texts": {"vi": "{nobody}"}}, "texts.vi has {nobody}, which is no parameter"),
        ({"texts": {"vi": "{river.x}"}}, "which is no parameter"),
        ({"texts": {"vi": "{}"}}, "which is no parameter"),
        ({"texts": {"vi": "{river!r}"}}, "a blank is {name}, no more"),
        ({"texts": {"vi": "{river:>9}"}}, "a blank is {name}, no more"),
        ({"texts": {"vi": "{river"}}, "texts.vi: expected '}'"),
        ({"texts": {"vi": "a"}}, "parameters.river stands in no text"),
        ({"texts": {"vi": "{a}"}, "parameters": {"a": {"kind": "choice"}}}, "choices belong to the kind choice"),
        ({"texts": {"vi": "{a}"}, "parameters": {"a": {"kind": "text", "most": 0}}}, "most must be 1 to 500"),
        ({"texts": {"vi": "{A}"}, "parameters": {"A": {"kind": "text"}}}, "parameters.A: small letters"),
        (
            {"texts": {"vi": "{a}"}, "parameters": {"a": {"kind": "choice", "choices": {"x": {"en": "X"}}}}},
            "parameters.a.choices.x has nothing in vi",
        ),
        ({"category": "urgent"}, "category must be one of emergency, health, routine"),
        ({"hazard": "flood"}, "unknown key hazard"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**changes)
    assert said in str(caught.value)
    assert str(caught.value).startswith("flood.toml: ")
