"""Records of every shape for hypothesis, made from the table of shapes itself."""

import string
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from broadcast.cap import values
from broadcast.cap.shapes import ALERT, Part, Shape

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=12
)  # XML has no controls
_WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
_TIMES = st.builds(
    lambda seconds, minutes: (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(
        timezone(timedelta(minutes=minutes))
    ),
    st.integers(0, 2**31),
    st.integers(-12 * 4, 14 * 4).map(lambda quarters: quarters * 15),
)
_SIMPLE: dict[int, st.SearchStrategy[Any]] = {
    id(values.TEXT): TEXTS,
    id(values.TIME): _TIMES,
    id(values.LANGUAGE): st.sampled_from(["vi", "en-US", "zh-Hant"]),
    id(values.INTEGER): st.integers(0, 10**12),
    id(values.DECIMAL): st.decimals(-(10**6), 10**6, places=3),
    id(values.URI): _WORDS.map("https://example.org/{}".format),
    id(values.WEB): _WORDS.map("https://example.org/{}".format),
}


def alerts() -> st.SearchStrategy[Any]:
    """Such as the schema allows; section 3.2 may not."""
    return _record(ALERT)


def _record(shape: Shape) -> st.SearchStrategy[Any]:
    return st.builds(shape.made, **{part.field: _times(part) for part in shape.parts})


def _times(part: Part) -> st.SearchStrategy[Any]:
    one = st.deferred(lambda: _one(part))
    if part.repeats:
        return st.lists(one, min_size=int(part.needed), max_size=2).map(tuple)
    return one if part.needed else st.none() | one


def _one(part: Part) -> st.SearchStrategy[Any]:
    if isinstance(part.holds, Shape):
        return _record(part.holds)
    if id(part.holds) in _SIMPLE:
        return _SIMPLE[id(part.holds)]
    fails = part.holds.read("no such word")
    assert isinstance(fails, values.Fails)
    return st.sampled_from(fails.said.split(", "))
