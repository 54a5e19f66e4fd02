"""The filter language against a plain model: what is chosen, what is unknown, how it reads back, what is refused."""

import operator
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.audience.profiles import Profile
from broadcast.audience.where import Where, parse
from broadcast.errors import InputError

ATTRIBUTES = {"age": "number", "age_band": "text", "pregnant": "boolean", "khu vực": "text", "in": "text"}
PARENTS = {"vn": None, "49": "vn", "20233": "49", "01": "vn", "00004": "01", "51": "vn"}
NAMES = {
    "Việt Nam": "vn", "Quảng Nam": "49", "Phường Hội An": "20233", "Hà Nội": "01",
    "Hoàn Kiếm": "00004", "Quảng Ngãi": "51",
}  # fmt: skip


class Tree:
    """Six areas."""

    def find(self, said: str) -> str:
        code = NAMES.get(said, said)
        if code not in PARENTS:
            raise InputError(f"there is no area {said}: did you mean Quảng Nam?")
        return code

    def under(self, code: str) -> frozenset[str]:
        return frozenset(each for each in PARENTS if code in _up(each))


def _up(code: str | None) -> list[str]:
    return [] if code is None else [code, *_up(PARENTS[code])]


def read(text: str) -> Where:
    return parse(text, ATTRIBUTES, Tree())


def fits(text: str, on: frozenset[str] = frozenset(), **known: Any) -> bool:
    fields = {name: known.pop(name) for name in ("area", "seen", "language") if name in known}
    return read(text).fits(Profile(7, **fields, attributes=known), on.__contains__)


@pytest.mark.parametrize(
    ("text", "chosen", "not_chosen"),
    [
        ('area under "Quảng Nam"', {"area": "20233"}, {"area": "00004"}),
        ('AREA Under “Quảng Nam”', {"area": "49"}, {"area": "vn"}),
        ("area under ('49', \"Hà Nội\")", {"area": "00004"}, {"area": "vn"}),
        ('seen under "01"', {"seen": "01", "area": "49"}, {"area": "01", "seen": "49"}),
        ('language = "vi"', {"language": "vi-VN"}, {"language": "vie"}),
        ('language in ("en", "zh-Hant")', {"language": "ZH-hant"}, {"language": "zh"}),
        ('language != "vi"', {"language": "en"}, {"language": "VI"}),
        ("age >= 60 and age < 70.5", {"age": 70}, {"age": 70.5}),
        ("age <> -1", {"age": 0}, {"age": -1.0}),
        ("age in (1, 2e1)", {"age": 20}, {"age": 21}),
        ("pregnant = TRUE", {"pregnant": True}, {"pregnant": False}),
        ("Pregnant == false", {"pregnant": False}, {"pregnant": True}),
        ('"khu vực" = "Đông"', {"khu vực": "Đông"}, {"khu vực": "đông"}),
        ('"in" not in ("a", "b\\"c")', {"in": "c"}, {"in": 'b"c'}),
        ('age_band = "a" or age = 1 and age = 2', {"age_band": "a"}, {"age": 1, "age_band": "b"}),
        ('(age_band = "a" or age = 1) and not age = 2', {"age": 1, "age_band": "a"}, {"age": 2, "age_band": "a"}),
        ("age is known", {"age": 0}, {}),
        ("age is not known and area is unknown", {}, {"area": "vn"}),
    ],
)  # fmt: skip
def test_chooses(text: str, chosen: dict[str, Any], not_chosen: dict[str, Any]) -> None:
    assert fits(text, **chosen)
    assert not fits(text, **not_chosen)


def test_what_nobody_knows_is_chosen_neither_by_a_test_nor_by_its_opposite() -> None:
    for test in ("age < 18", "age = 3", "pregnant = true", 'area under "49"', 'language = "vi"'):
        assert not fits(test)
        assert not fits(f"not ({test})")
    assert fits("age < 18 or age_band is unknown")
    assert fits('not (age < 18 and age_band = "b")', age_band="a")  # false whatever the age is


def test_lists_are_known_of_everybody() -> None:
    text = 'area under "Quảng Nam" and not in list "hospital" or IN LIST "volunteers"'
    assert read(text).lists == ("hospital", "volunteers")
    assert fits(text, area="49")
    assert not fits(text, frozenset({"hospital"}), area="49")
    assert fits(text, frozenset({"hospital", "volunteers"}))
    assert not fits(text)


def test_names_are_one_however_their_letters_are_composed() -> None:
    apart = unicodedata.normalize("NFD", '"khu vực" = "Đông" and area under "Quảng Nam"')
    assert fits(apart, area="49", **{"khu vực": unicodedata.normalize("NFD", "Đông")})


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 1, "what to look at"),
        ("  age", 6, "expected is = != < <= > >=, in (...), is known; here is the end"),
        ('langage = "vi"', 1, "no attribute langage: did you mean language?"),
        ('age = "65"', 7, 'expected is a number, as age has; here is "65"'),
        ("age_band = old", 12, 'expected is text in quotes, "...", as age_band has; here is old'),
        ('age_band < "65"', 10, "age_band is no number"),
        ("pregnant = yes", 12, "true or false"),
        ('language = "Vietnamese"', 12, "Vietnamese is no language"),
        ('area = "Quảng Nam"', 6, 'under "...", or is known; here is ='),
        ('age = 1 and area under "Quang Nem"', 24, "did you mean Quảng Nam?"),
        ("age = 1 and", 12, "what to look at"),
        ("age = 1 age = 2", 9, "expected is and, or, or the end; here is age"),
        ("(age = 1", 9, "expected is ); here is the end"),
        ("age in (1 2)", 11, "a comma, or )"),
        ("age in ()", 9, "a number"),
        ('age_band = "x', 12, "this quote is not closed"),
        ("age = 1; DROP TABLE subscriber", 8, "; belongs into no filter"),
        ("age = 65years", 7, "65years belongs into no filter"),
        ("age = ٣", 7, "belongs into no filter"),
        ("__import__('os')", 1, "no attribute __import__"),
        ("in list hospital", 9, "the name of a list in quotes"),
        ("age is nothing", 8, "known or unknown"),
        ("age not = 1", 9, "in (\"...\", \"...\")"),
        ("not " * 50 + "age = 1", 165, "nested deeper than 40"),
        ("(" * 50 + "age = 1" + ")" * 50, 42, "nested deeper than 40"),
        (" or ".join(f'in list "l{each}"' for each in range(9)), 137, "8 lists at most"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, place: int, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as told:
        read(text)
    assert f"at character {place}:" in str(told.value)


def test_every_filter_of_the_page_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "groups.md").read_text(encoding="utf-8")
    shown = [line for block in re.findall(r"^```text\n(.*?)```", page, re.DOTALL | re.MULTILINE)
             for line in block.splitlines()]  # fmt: skip
    assert len(shown) > 12
    for line in shown:
        read(re.split(r" {3,}", line)[0])
    (said,) = re.findall(r"^the filter at .*$", page, re.MULTILINE)
    with pytest.raises(InputError, match=re.escape(said)):
        read('langage = "vi"')
    (drafted,) = re.findall(r"--where '(.*)'$", page, re.MULTILINE)
    assert read(drafted).lists == ("hospital",)


def test_too_long() -> None:
    with pytest.raises(InputError, match="8,000 characters"):
        read("age = 1 or " * 800 + "age = 2")


# ---------------------------------------------------------------- against a model

# A test as a plain value: ("and", [...]), ("not", x), ("list", name), ("known", name, bool), (name, sign, values).
_TEXTS = ["a", "b", 'q"\\', "Đà"]
_VALUES: dict[str, list[Any]] = {
    "age": [0, 1, 2.5, -3, 1e-7],
    "age_band": _TEXTS,
    "pregnant": [True, False],
    "khu vực": _TEXTS,
    "in": _TEXTS,
    "language": ["vi", "vi-VN", "en", "zh-Hant"],
    "area": list(PARENTS),
    "seen": list(PARENTS),
}
_LISTS = ["hospital", 'the "other"']


def _values(name: str) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(_VALUES[name]), min_size=1, max_size=3)


def _comparison(name: str) -> st.SearchStrategy[Any]:
    signs = ["under"] if name in ("area", "seen") else ["=", "in"]
    if name == "age":
        signs += ["<", "<=", ">", ">="]
    return st.tuples(st.just(name), st.sampled_from(signs), _values(name))


LEAVES = st.one_of(
    st.sampled_from(list(_VALUES)).flatmap(_comparison),
    st.tuples(st.just("known"), st.sampled_from(list(_VALUES)), st.booleans()),
    st.tuples(st.just("list"), st.sampled_from(_LISTS)),
)
TESTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=12,
)
PEOPLE = st.fixed_dictionaries({}, optional={name: st.sampled_from(of) for name, of in _VALUES.items()})


def _quoted(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _said(test: Any) -> str:
    """Every part in parentheses, so that nothing depends on what binds more."""
    match test:
        case "not", of:
            return f"NOT ({_said(of)})"
        case "and" | "or" as word, parts:
            return f"\n{word} ".join(f"({_said(each)})" for each in parts)
        case "known", name, known:
            return f"{_named(name)} is{'' if known else ' not'} known"
        case "list", name:
            return f"in list {_quoted(name)}"
        case name, "under" | "in" as word, values:
            return f"{_named(name)} {word} ({', '.join(map(_quoted, values))})"
        case name, sign, values:
            return f"{_named(name)} {sign} {_quoted(values[0])}"
    raise AssertionError(test)


def _named(name: str) -> str:
    return name if name.isidentifier() and name != "in" else _quoted(name)


def _true(test: Any, person: dict[str, Any], on: set[str]) -> bool | None:
    match test:
        case "not", of:
            return {True: False, False: True, None: None}[_true(of, person, on)]
        case "and" | "or" as word, parts:
            answers = [_true(each, person, on) for each in parts]
            decides = word == "or"
            return decides if decides in answers else None if None in answers else not decides
        case "known", name, known:
            return (name in person) == known
        case "list", name:
            return name in on
    name, sign, values = test
    if name not in person:
        return None
    value = person[name]
    if sign == "under":
        return any(each in _up(value) for each in values)
    if sign not in ("=", "in"):
        return {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[sign](
            value, values[0]
        )
    wanted = values if sign == "in" else values[:1]
    if name == "language":
        return any(value.split("-")[: len(each.split("-"))] == each.split("-") for each in wanted)
    return value in wanted


@given(test=TESTS, people=st.lists(PEOPLE, min_size=1, max_size=5), on=st.sets(st.sampled_from(_LISTS)))
def test_it_chooses_as_a_plain_model_does_and_reads_back(
    test: Any, people: list[dict[str, Any]], on: set[str]
) -> None:
    where = read(_said(test))
    again = read(str(where))
    assert again == where
    assert str(again) == str(where)
    for person in people:
        fields = {name: person.get(name) for name in ("area", "seen", "language")}
        attributes = {name: person[name] for name in person if name not in fields}
        profile = Profile(1, **fields, attributes=attributes)
        assert where.fits(profile, on.__contains__) == (_true(test, person, on) is True)


_PIECES = [
    *"()=<>\"'“”\\ ,-1.e",
    "age",
    "in",
    "is",
    "list",
    "not",
    " and ",
    "known",
    'in list "a"',
    "age = 1",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        where = read(text)
    except InputError:
        return
    assert read(str(where)) == where
