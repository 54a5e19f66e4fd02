"""Each language's message alone is a part of the one that was approved, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.campaign.content import Content, content
from broadcast.campaign.languages import message_text
from broadcast.campaign.length import most_segments
from broadcast.campaign.plan import Plan
from broadcast.campaign.text import normalise
from broadcast.campaign.variants import Variant
from broadcast.config import Bind, Carrier, Config
from broadcast.errors import InputError

LATER = datetime(2030, 1, 1, tzinfo=UTC)
TEXTS = {"vi": "Rửa tay", "en": "Wash your hands", "km": "លាងដៃ"}
MARKS = {"vi": "DIỄN TẬP", "en": "EXERCISE"}


def made(texts: dict[str, str] = TEXTS, *, alphabet: Any = None, **changes: Any) -> Content:
    marks = None if changes.get("status", "actual") == "actual" else MARKS
    given: dict[str, Any] = {
        "text": normalise(message_text(texts, tuple(texts), marks)), "texts": texts, "languages": tuple(texts),
        "sender": "BOYTE", "carriers": ("viettel",), "category": "health", "expires_at": LATER, "alphabet": alphabet,
        "plan": Plan(own_language=True),
    }  # fmt: skip
    return content(**{**given, **changes})


def test_the_message_of_all_where_nobody_asked_for_their_own() -> None:
    plain = made(plan=Plan())
    assert plain.variants == (Variant("", "Rửa tay\n\nWash your hands\n\nលាងដៃ", "ucs2"),)


def test_each_language_alone_in_its_own_best_alphabet() -> None:
    vi = Variant("vi", "Rửa tay", "ucs2")
    assert made().variants == (
        vi,
        vi,
        Variant("en", "Wash your hands", "gsm0338"),
        Variant("km", "លាងដៃ", "ucs2"),
    )


def test_an_alphabet_that_somebody_chose_is_that_of_all() -> None:
    found = made(alphabet="ucs2", plan=Plan(own_language=True, one_alphabet=True)).variants
    assert {each.alphabet for each in found} == {"ucs2"}


def test_each_says_that_it_is_an_exercise() -> None:
    _, vi, en, km = made(status="exercise").variants
    assert (vi.text, en.text, km.text) == (
        "[DIỄN TẬP] Rửa tay", "[EXERCISE] Wash your hands", "[EXERCISE] លាងដៃ",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": "Rửa tay\n\nWash your hands"}, "not the texts of its languages"),
        ({"text": "Rửa tay\n\nWash your hands\n\nលាងដៃ!"}, "not the texts of its languages"),
        ({"languages": ("vi", "km", "en")}, "not the texts of its languages"),
        ({"languages": ("vi", "fr", "en")}, "not the texts of its languages"),
        ({"status": "exercise", "text": "Rửa tay\n\nWash your hands\n\nលាងដៃ"}, "not the texts"),
        ({"languages": ("und",)}, "nobody said in which language"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(**changes)


def test_a_language_that_a_carrier_cannot_carry_is_refused_by_its_name(config: Config) -> None:
    carrier = Carrier(tps=1, binds=(Bind("127.0.0.1", 1, "a"),)).having(default_alphabet="ascii")
    config = replace(config, carriers={"viettel": carrier})
    assert most_segments(config, made({"vi": "Rửa tay. " * 10 + "a", "en": "Wash " * 20 + "a"})) == 2
    with pytest.raises(InputError, match="the text in en: carrier viettel:"):
        most_segments(config, made({"vi": "Rửa tay", "en": "Wash £5 hands"}))


@given(
    texts=st.dictionaries(
        st.sampled_from(("vi", "en", "km", "lo", "zh-Hans")),
        st.text("ab ữ[]\n", min_size=1, max_size=12).map(normalise).filter(bool),
        min_size=1,
    ),
    exercise=st.booleans(),
)
def test_they_are_the_message_whatever_the_texts(texts: dict[str, str], exercise: bool) -> None:
    whole = made(texts, status="exercise" if exercise else "actual")
    first, *each = whole.variants
    assert first == each[0]
    assert "\n\n".join(variant.text for variant in each) == whole.text
    assert [variant.language for variant in each] == list(texts)
    assert all(variant.text.endswith(texts[variant.language]) for variant in each)
