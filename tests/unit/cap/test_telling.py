from dataclasses import replace

import pytest
from unit.cap.cases import NOW, VALID

from broadcast.cap.alert import read
from broadcast.cap.telling import in_order, language_of, text_of, texts

ALERT = read(VALID["two_languages"], NOW).alert
INFO = ALERT.infos[1]


def test_three_lines() -> None:
    assert text_of(INFO) == (
        "Typhoon tonight\nTyphoon 4 reaches Quang Binh at about 7 pm.\nStay in a solid house, away from windows."
    )


def test_the_event_where_there_is_no_headline() -> None:
    bare = replace(INFO, headline=" ", instruction=None)
    assert text_of(bare) == "Typhoon\nTyphoon 4 reaches Quang Binh at about 7 pm."
    assert text_of(replace(bare, description="")) == "Typhoon"


def test_blanks_are_one_and_nothing_is_said_twice() -> None:
    info = replace(
        INFO, description="Typhoon\n   tonight\tat 7", headline="Typhoon tonight at 7", instruction="at 7"
    )
    assert text_of(info) == "Typhoon tonight at 7"


def test_by_language_as_the_country_calls_it() -> None:
    assert list(texts(ALERT, ("vi", "en"))) == ["vi", "en"]
    british = replace(
        ALERT, infos=(replace(INFO, language="en-GB"), replace(INFO, language=None, headline="Hurry"))
    )
    assert list(texts(british, ("vi", "en"))) == ["en"]
    assert texts(british, ("vi", "en"))["en"].count("\nHurry\n") == 1
    assert list(texts(british, ("vi",))) == ["en-GB", "en-US"]


@pytest.mark.parametrize(
    ("tag", "found"), [("VI", "vi"), ("vi-VN", "vi"), ("zh-Hant", "zh-Hant"), ("", "en")]
)
def test_languages(tag: str, found: str) -> None:
    assert language_of(replace(INFO, language=tag), ("vi", "en")) == found


def test_the_country_s_own_go_out_first() -> None:
    assert in_order(["en", "km", "vi"], ("vi", "en")) == ("vi", "en")
    assert in_order(["km", "lo"], ("vi", "en")) == ("km", "lo")
