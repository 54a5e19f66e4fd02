"""What an answer asks for."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.keywords import NO_KEYWORD, Keywords
from broadcast.config import load
from broadcast.errors import ConfigError

CONFIG = Path(__file__).parents[3] / "config"
SMALL = Keywords({"opt_out": ["STOP", "DỪNG GỬI", "không nhận"], "opt_in": ["START"], "no": ["KHÔNG"]})


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "«stop»",
        "ＳＴＯＰ",
        "STOP please",
        "Stop!!!\nSent from my phone",
        "s\u00adtop",
        "🙏 stop",
    ],
)
def test_however_stop_is_written(text: str) -> None:
    assert SMALL.find(text) == ("opt_out", "STOP")


@pytest.mark.parametrize(
    "text", ["dung gui", "Dừng gửi đi", "DUNG  GUI", "d\u01b0\u0300ng gu\u031b\u0309i", "đừng gửi"]
)
def test_with_and_without_diacritics(text: str) -> None:
    assert SMALL.find(text) == ("opt_out", "DỪNG GỬI")


@pytest.mark.parametrize(
    "text", ["", " ", "...", "nonstop", "STOPP", "please stop", "dung", "đúng rồi", "🙂", "x" * 5000]
)
def test_what_is_no_keyword(text: str) -> None:
    assert SMALL.find(text) == NO_KEYWORD


def test_the_longest_keyword_counts() -> None:
    assert SMALL.find("Không") == ("no", "KHÔNG")
    assert SMALL.find("Không nhận nữa").kind == "opt_out"


def test_a_keyword_of_two_kinds_is_refused() -> None:
    with pytest.raises(ConfigError, match="'dung' in opt_in reads the same as 'DỪNG' in opt_out"):
        Keywords({"opt_out": ["DỪNG"], "opt_in": ["dung"]})
    with pytest.raises(ConfigError, match=r"country.keywords.opt_out: '!' has no letter"):
        Keywords({"opt_out": ["!"]})
    assert Keywords({"opt_out": ["NGỪNG", "NGƯNG"]}).find("ngung").kind == "opt_out"


COUNTRIES = sorted(path for path in CONFIG.glob("*.toml") if "[country]" in path.read_text("utf-8"))


def _of(path: Path) -> Keywords:
    country = load([path]).country
    return Keywords(country.keywords, country.everyday_words)


@pytest.mark.parametrize("path", COUNTRIES, ids=lambda path: path.stem)
def test_the_countries_that_come_along(path: Path) -> None:
    """Every keyword is heard, with and without its marks; no name or everyday word that a text begins with acts."""
    country, found = load([path]).country, _of(path)
    for kind, phrases in country.keywords.items():
        for phrase in phrases:
            assert found.find(phrase).kind == kind
            assert found.find(_without_marks(phrase)).kind == kind, phrase
    assert found.find("Stop").kind == "opt_out"
    assert found.find("start").kind == "opt_in"
    assert len(country.everyday_words) >= 10
    for word in country.everyday_words:
        for text in (f"{word} zz", f"{word}, zz", f"{_without_marks(word)} zz"):
            assert found.find(text).kind not in ("opt_out", "opt_in"), text


def _without_marks(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(each for each in bare if not unicodedata.combining(each))


VIETNAM = _of(CONFIG / "vietnam.toml")


@pytest.mark.parametrize(
    "text",
    [
        "Huy", "HUY!", "Hủy", "huỷ tin nay di", "Hủy giúp tôi", "HUY HUY", "huy, stop", "hủy đăng ký", "huy dk",
        "HUY DV", "TC", "TC QC", "tc.", "Tu choi", "từ chối", "Khong nhan tin nua", "dung gui nua", "Ngưng",
        "Dừng", "dừng ngay!", "DUNG", "Dung lai di", "đừng gửi nữa", "dung nhan tin", "🙏\ufe0f stop",
    ],
)  # fmt: skip
def test_who_opts_out_in_vietnamese_is_heard(text: str) -> None:
    assert VIETNAM.find(text).kind == "opt_out"


@pytest.mark.parametrize(
    "text",
    [
        "Huy day, da nhan duoc tin, cam on", "Huy đây", "Huy\nda nhan", "Húy", "TC Motor xin hỏi", "tc 2 nguoi",
        "dung roi", "Dũng đây", "Đúng", "Dũng gửi lời hỏi thăm", "Dung gui loi cam on bo y te", "Dùng thuốc nào?",
        "Khong nhan duoc tin nhan nao", "Không nhận được", "Cam on, khi nao huy?", "cam on", "ai day?",
        "Huy" + " " * 250 + "da nhan",
    ],
)  # fmt: skip
def test_who_says_something_else_in_vietnamese_stays(text: str) -> None:
    assert VIETNAM.find(text).kind not in ("opt_out", "opt_in")


def test_what_begins_with_an_everyday_word_is_not_counted_as_a_keyword() -> None:
    said = {
        "Có": "yes",
        "co": "yes",
        "Có, cảm ơn": "yes",
        "Co Lan day": "",
        "Cô ơi": "",
        "No khong sao": "",
        "no": "no",
    }
    said |= {
        "Nhan lai gium toi": "",
        "nhận lại tin": "opt_in",
        "nhan lai": "opt_in",
        "dk roi": "",
        "ĐK": "opt_in",
    }
    said |= {"DK LAI": "opt_in", "Dong y co chua khong": "", "đồng ý nhé": "yes", "HD so 3": "", "hd": "help"}
    assert {text: VIETNAM.find(text).kind for text in said} == said


def test_portuguese_questions_end_nothing() -> None:
    found = _of(CONFIG / "example-country.toml")
    said = {
        "Sair de casa é seguro?": "",
        "Sair": "opt_out",
        "sair da lista já": "opt_out",
        "Remover numero": "opt_out",
    }
    assert {text: found.find(text).kind for text in said} == said


def test_an_everyday_word_needs_a_second_word_beside_it() -> None:
    with pytest.raises(
        ConfigError, match=r"keywords.opt_out: 'HỦY' reads as an everyday word .* with a second word"
    ):
        Keywords({"opt_out": ["STOP", "HỦY"]}, ["Huy"])
    with pytest.raises(ConfigError, match=r"keywords.opt_in: 'TC' reads"):
        Keywords({"opt_out": ["STOP"], "opt_in": ["TC"]}, ["tc"])
    with pytest.raises(ConfigError, match="everyday_words: '!' has no letter"):
        Keywords({"opt_out": ["STOP"]}, ["!"])
    Keywords({"opt_out": ["STOP", "HỦY", "huy dk"], "help": ["TC"]}, ["Huy", "tc"])


def test_a_longer_everyday_phrase_hides_the_keyword_that_begins_it() -> None:
    found = Keywords({"opt_out": ["STOP"]}, ["stop sign"])
    assert found.find("Stop signs").kind == "opt_out"
    assert found.find("Stop sign at the corner") == NO_KEYWORD


@given(st.text())
def test_whatever_comes(text: str) -> None:
    assert SMALL.find(text).kind in ("opt_out", "opt_in", "no", "")


@given(st.text(max_size=40))
def test_a_name_and_whatever_comes(text: str) -> None:
    assert VIETNAM.find(f"Huy z{text}").kind not in ("opt_out", "opt_in")
