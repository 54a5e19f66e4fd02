"""What an answer asks for."""

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


@pytest.mark.parametrize("name", ["vietnam", "example-country"])
def test_the_countries_that_come_along(name: str) -> None:
    country = load([CONFIG / f"{name}.toml"]).country
    found = Keywords(country.keywords)
    for kind, phrases in country.keywords.items():
        assert all(found.find(phrase).kind == kind for phrase in phrases)
    assert found.find("Stop").kind == "opt_out"
    assert found.find("start").kind == "opt_in"


def test_vietnamese() -> None:
    found = Keywords(load([CONFIG / "vietnam.toml"]).country.keywords)
    for text in (
        "Huy",
        "hủy đăng ký",
        "TC QC",
        "Tu choi",
        "từ chối",
        "Khong nhan tin nua",
        "dung gui nua",
        "Ngưng",
    ):
        assert found.find(text).kind == "opt_out", text
    for text in ("dung roi", "Dũng đây", "Đúng", "cam on", "ai day?"):
        assert found.find(text).kind == "", text
    assert found.find("Có").kind == "yes"


@given(st.text())
def test_whatever_comes(text: str) -> None:
    assert SMALL.find(text).kind in ("opt_out", "opt_in", "no", "")
