"""What is an exercise says so, and nothing says that it is none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broadcast.campaign.content import Content, content
from broadcast.campaign.languages import message_text
from broadcast.campaign.marks import check_marks, denies
from broadcast.errors import InputError

MARKS = {"vi": "DIỄN TẬP", "en": "EXERCISE"}
TEXTS = {"vi": "Mưa lớn đêm nay.\n\nHãy lên chỗ cao.", "en": "Heavy rain tonight."}


def made(texts: dict[str, str] = TEXTS, marks: dict[str, str] | None = None, **more: Any) -> Content:
    """marks: None: the text has none."""
    languages = tuple(texts)
    return content(
        text=message_text(texts, languages, marks),
        texts=texts,
        languages=languages,
        sender="BOYTE",
        carriers=("viettel",),
        category="health",
        expires_at=datetime(2030, 1, 31, tzinfo=UTC),
        **more,
    )


@pytest.mark.parametrize("status", ["exercise", "test"])
def test_an_exercise_has_its_mark_in_each_language(status: str) -> None:
    check_marks(made(marks=MARKS, status=status), MARKS)
    for unmarked in (whole := made(status=status), replace(whole, text=f"[EXERCISE] {whole.text}")):
        with pytest.raises(InputError, match="in vi the text does not begin with its mark"):
            check_marks(unmarked, MARKS)


def test_a_language_without_a_mark_has_the_english_one() -> None:
    check_marks(made({"km": "ភ្លៀង"}, MARKS, status="exercise"), MARKS)
    check_marks(made({"en-GB": "Rain."}, MARKS, status="exercise"), MARKS)


def test_the_second_language_is_not_forgotten() -> None:
    whole = made(marks=MARKS, status="exercise")
    with pytest.raises(InputError, match="in en the text does not begin"):
        check_marks(replace(whole, text=whole.text.replace("[EXERCISE] ", "")), MARKS)
    with pytest.raises(InputError, match="not the texts of its languages"):
        check_marks(replace(whole, text=whole.text + " Run!"), MARKS)


def test_plain_letters_are_the_same_mark() -> None:
    plain = {"vi": "Mua lon dem nay."}
    check_marks(made(plain, {"vi": "DIEN TAP", "en": "EXERCISE"}, status="exercise"), MARKS)


@pytest.mark.parametrize(
    "text",
    ["EXERCISE rain", "[Exercise] rain", "exercise: rain", "DIEN TAP mua", "Diễn tập - mưa", "(EXERCISE)"],
)
def test_what_is_actual_does_not_begin_as_an_exercise(text: str) -> None:
    with pytest.raises(InputError, match="which marks an exercise"):
        check_marks(made({"vi": "Mưa lớn.", "en": text}), MARKS)


@pytest.mark.parametrize(
    "text", ["Exercise caution near rivers.", "Diễn tập chữa cháy diễn ra lúc 9 giờ mai."]
)
def test_a_word_is_no_mark(text: str) -> None:
    check_marks(made({"en": text}), MARKS)


@pytest.mark.parametrize(
    "text",
    [
        "BALLISTIC MISSILE THREAT. SEEK SHELTER. THIS IS NOT A DRILL.",
        "this isn't a drill",
        "It's NOT  just an Exercise",
        "This is no drill!",
        "Real. Not-a-drill",
        "This is not a real exercise",
        "not a te\u200bst",
        "Đây không phải là diễn tập",
        "KHONG PHAI DIEN TAP",
        "đây không phải một cuộc diễn tập",
        "Không phải buổi tập dượt",
    ],
)
@pytest.mark.parametrize("status", ["actual", "exercise"])
def test_nothing_says_that_it_is_no_drill(text: str, status: str) -> None:
    said = made({"en": text}, MARKS if status == "exercise" else None, status=status)
    with pytest.raises(InputError, match="no alert ever says so"):
        check_marks(said, MARKS)


@pytest.mark.parametrize(
    "text",
    [
        "Do not exercise outdoors.",
        "Do not test the water yourself.",
        "Không kiểm tra bếp gas bằng lửa.",
        "This is a drill.",
        "No exercise today: the air is bad.",
        "Không diễn tập hôm nay.",
    ],
)
def test_advice_is_no_denial(text: str) -> None:
    assert not denies(text)


def test_no_text_that_comes_with_the_program_denies_a_drill() -> None:
    """Templates, examples, profiles, what the program itself says in any language."""
    package = Path(__file__).parents[3] / "broadcast"
    files = [each for kind in ("toml", "po", "txt", "j2") for each in package.rglob(f"*.{kind}")]
    assert any("templates" in each.parts for each in files)
    saying = ("no alert ever says so", "không cảnh báo nào được nói vậy")  # what refuses it has to name it
    lines = [(each, line) for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    assert [
        (each.name, line) for each, line in lines if denies(line) and not any(one in line for one in saying)
    ] == []
