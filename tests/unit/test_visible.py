"""Nothing that others wrote steers a terminal or stays unseen."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.visible import hidden, json_escaped, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rửa tay 😷, «đ» #1", "Rửa tay 😷, «đ» #1"),
        ("\x1b]0;x\x07\x9b2J", "\\u001b]0;x\\u0007\\u009b2J"),
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("two\nlines\t\r", "two\\nlines\\t\\r"),
        ("soft\u00adhyphen\ufeff", "soft\\u00adhyphen\\ufeff"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("octets \udcff", "octets \\udcff"),
        ("👨‍👩‍👧 ❤️ 👩🏽‍🚀", "👨‍👩‍👧 ❤️ 👩🏽‍🚀"),
        (
            "a\u200db \u200d\u200d ❤️️ ^\u200d 😷\u200da",
            "a\\u200db \\u200d\\u200d ❤️\\ufe0f ^\\u200d 😷\\u200da",
        ),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_breaks_of_a_text_stay() -> None:
    assert visible("a\n\tb\x0c\u2028", lines=True) == "a\n\tb\\u000c\\u2028"


def test_every_control_and_format_of_unicode() -> None:
    for point in range(sys.maxunicode + 1):
        if unicodedata.category(chr(point)) in ("Cc", "Cf", "Zl", "Zp", "Cs"):
            assert visible(chr(point)).isascii(), hex(point)


def test_hidden_names_what_it_finds() -> None:
    assert hidden("Rửa tay\n😷 ❤️") == []
    assert hidden("\u202eab\u202c \u202e\x0c") == [
        "U+000C control character (1)", "U+202C POP DIRECTIONAL FORMATTING (1)", "U+202E RIGHT-TO-LEFT OVERRIDE (2)",
    ]  # fmt: skip


@given(st.text(st.characters(exclude_categories=())))
def test_json_keeps_its_value(text: str) -> None:
    plain = json.dumps([text], ensure_ascii=False, indent=2)
    document = json_escaped(plain)
    assert json.loads(document) == json.loads(
        json.dumps([text])
    )  # halves of pairs that stand together become one there
    assert hidden(document) == []
    document.encode()


def test_json_escapes_what_pictures_need_too() -> None:
    assert json_escaped('["❤️\U000e0041\x9b"]') == '["❤\\ufe0f\\udb40\\udc41\\u009b"]'
