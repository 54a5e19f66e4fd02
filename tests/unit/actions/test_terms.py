"""What follows from what was said of an alert, and what was not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from broadcast.actions.notices import ExpiryComesTwice, LineLeftOut, Notice
from broadcast.actions.session import Session
from broadcast.actions.terms import Terms, edited_content, new_content, worded
from broadcast.campaign.content import Content
from broadcast.campaign.plain import NoPlainFormError, PlainLetter
from broadcast.config import Config, Line, Wording
from broadcast.errors import ConfigError, InputError, RefusedError

NOW = datetime(2030, 5, 1, 12, 0, tzinfo=UTC)
SAID = worded("Rửa tay", plain=False)


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def session(config: Config, told: list[Notice]) -> Session:
    """Nothing here asks the database."""
    return Session(cast(Any, None), config, told.append)


@pytest.fixture
def before(session: Session) -> Content:
    return new_content(session, Terms(text=SAID), NOW)[0]


def test_a_new_alert_of_a_text_alone(session: Session, config: Config, told: list[Notice]) -> None:
    made, changes = new_content(session, Terms(text=SAID), NOW)
    assert made == Content(
        text="Rửa tay",
        sender="BOYTE",
        alphabet="ucs2",
        carriers=tuple(sorted(config.country.prefixes)),
        category="health",
        priority=5,
        expires_at=NOW + timedelta(hours=24),
        in_doubt_policy="hold",
        grace_s=60,
        texts=(("en", "Rửa tay"),),
        languages=("en",),
    )
    assert (changes, told) == ((), [])


def test_what_is_said_is_taken(session: Session) -> None:
    said = Terms(
        text=worded("Rua tay", plain=False),
        alphabet="ucs2",
        sender="1022",
        carriers=("viettel", "mobifone", "viettel"),
        category="emergency",
        priority=0,
        expires="90m",
        in_doubt_policy="hold",
        grace_s=0,
    )
    made, _ = new_content(session, said, NOW)
    assert made == Content(
        text="Rua tay",
        sender="1022",
        alphabet="ucs2",
        carriers=("mobifone", "viettel"),
        category="emergency",
        priority=0,
        expires_at=NOW + timedelta(minutes=90),
        in_doubt_policy="hold",
        grace_s=0,
        texts=(("en", "Rua tay"),),
        languages=("en",),
    )


def test_texts_of_two_languages_are_one_message(session: Session) -> None:
    said = Terms(texts={"vi": SAID, "en": worded("Wash your hands", plain=False)})
    made, _ = new_content(session, said, NOW)
    assert (made.text, made.languages) == ("Rửa tay\n\nWash your hands", ("vi", "en"))
    assert made.texts == (("en", "Wash your hands"), ("vi", "Rửa tay"))
    narrowed, _ = edited_content(session, Terms(languages=("en",)), NOW, made)
    assert (narrowed.text, narrowed.texts, narrowed.alphabet) == ("Wash your hands", made.texts, "gsm0338")
    other, _ = edited_content(session, Terms(texts={"vi": worded("Rửa mặt", plain=False)}), NOW, made)
    assert other.text == "Rửa mặt\n\nWash your hands"


def test_an_exercise_says_so_in_each_language(session: Session) -> None:
    said = Terms(text=worded("Wash", plain=False), texts={"vi": SAID, "fr": SAID}, status="exercise")
    country = replace(session.config.country, exercise_marks={"en": "EXERCISE", "vi": "DIỄN TẬP"})
    there = replace(session, configuration=replace(session.config, country=country))
    made, _ = new_content(there, said, NOW)
    assert made.text == "[EXERCISE] Wash\n\n[DIỄN TẬP] Rửa tay\n\n[EXERCISE] Rửa tay"
    actual, _ = edited_content(there, Terms(status="actual"), NOW, made)
    assert actual.text == "Wash\n\nRửa tay\n\nRửa tay"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Terms(text=SAID, texts={"en": SAID}), "twice"),
        (Terms(text=SAID, languages=("vi",)), "no text in vi"),
        (Terms(texts={"english": SAID, "x y": SAID}), "is no language"),
    ],
)
def test_languages_that_cannot_be(session: Session, said: Terms, message: str) -> None:
    with pytest.raises(InputError, match=message):
        new_content(session, said, NOW)


def test_a_category_decides_what_was_not_said(session: Session) -> None:
    made, _ = new_content(session, Terms(text=SAID, category="emergency"), NOW)
    assert (made.priority, made.in_doubt_policy) == (9, "resend")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Terms(), "give the alert's text"),
        (Terms(text=SAID, carriers=("vietel",)), "no carrier vietel in the numbering plan: .*viettel"),
        (Terms(text=SAID, expires="soon"), "--expires soon"),
        (Terms(text=SAID, sender="MINISTRYOFHEALTH"), "at most 11"),
    ],
)
def test_an_alert_that_cannot_be(session: Session, said: Terms, message: str) -> None:
    with pytest.raises(InputError, match=message):
        new_content(session, said, NOW)


def test_a_carrier_that_cannot_carry_it(session: Session, config: Config) -> None:
    latin = config.carriers["viettel"].having(default_alphabet="latin1")
    changed = replace(session, configuration=replace(config, carriers={"viettel": latin}))
    with pytest.raises(InputError, match="carrier viettel: "):
        new_content(changed, Terms(text=worded("Δ", plain=False), alphabet="gsm0338"), NOW)


def test_no_alert_without_a_configuration(session: Session) -> None:
    with pytest.raises(ConfigError):
        new_content(replace(session, configuration=None), Terms(text=SAID), NOW)


def test_a_time_that_comes_twice_is_told(session: Session, config: Config, told: list[Notice]) -> None:
    paris = replace(config, country=replace(config.country, time_zone="Europe/Paris"))
    twice = Terms(text=SAID, expires="2030-10-27T02:30")
    made, _ = new_content(replace(session, configuration=paris), twice, NOW)
    assert made.expires_at.astimezone(UTC) == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    (notice,) = told
    assert isinstance(notice, ExpiryComesTwice)
    assert "the first is taken" in notice.words


def test_plain_letters_are_kept_for_the_forecast(session: Session) -> None:
    said = worded(" Rửa tay\r\n", plain=True)
    made, changes = new_content(session, Terms(text=said, plain=True), NOW)
    assert (made.text, made.alphabet) == ("Rua tay", "gsm0338")
    assert changes == (PlainLetter("ử", "u", 1),)
    with pytest.raises(NoPlainFormError):
        worded("喂", plain=True)


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (Terms(sender="1022"), lambda old: replace(old, sender="1022")),
        (Terms(carriers=("viettel",)), lambda old: replace(old, carriers=("viettel",))),
        (Terms(priority=0), lambda old: replace(old, priority=0)),
        (Terms(grace_s=0), lambda old: replace(old, grace_s=0)),
        (Terms(in_doubt_policy="resend"), lambda old: replace(old, in_doubt_policy="resend")),
        (Terms(expires="2h"), lambda old: replace(old, expires_at=NOW + timedelta(hours=2))),
        (
            Terms(category="emergency"),
            lambda old: replace(old, category="emergency", priority=9, in_doubt_policy="resend"),
        ),
        (
            Terms(category="emergency", priority=3),
            lambda old: replace(old, category="emergency", priority=3, in_doubt_policy="resend"),
        ),
        (
            Terms(text=worded("Rua", plain=False)),
            lambda old: replace(old, text="Rua", texts=(("en", "Rua"),), alphabet="gsm0338"),
        ),
        (
            Terms(text=worded("Rua", plain=False), alphabet="ucs2"),
            lambda old: replace(old, text="Rua", texts=(("en", "Rua"),), alphabet="ucs2"),
        ),
    ],
)
def test_an_edit_leaves_the_rest_alone(
    session: Session, before: Content, said: Terms, change: Callable[[Content], Content]
) -> None:
    made, changes = edited_content(session, said, NOW, before)
    assert made == change(before)
    assert changes == (None if said.text is None else ())


def test_an_edit_of_nothing(session: Session, before: Content) -> None:
    with pytest.raises(InputError, match="nothing to change"):
        edited_content(session, Terms(), NOW, before)


def test_an_edit_makes_the_text_plain_that_is_there(session: Session, before: Content) -> None:
    made, changes = edited_content(session, Terms(plain=True), NOW, before)
    assert (made.text, made.alphabet, changes) == ("Rua tay", "gsm0338", (PlainLetter("ử", "u", 1),))
    again, none = edited_content(session, Terms(plain=True), NOW, made)
    assert (again, none) == (made, None)  # its changes are those of before


@pytest.mark.parametrize(
    ("said", "message"),
    [(Terms(sender="MINISTRYOFHEALTH"), "at most 11"), (Terms(carriers=("x",)), "no carrier x")],
)
def test_an_edit_that_cannot_be(session: Session, before: Content, said: Terms, message: str) -> None:
    with pytest.raises(InputError, match=message):
        edited_content(session, said, NOW, before)


def test_lines_are_appended_by_rule_once(session: Session, config: Config, told: list[Notice]) -> None:
    hotline = Line({"vi": "Gọi 19009095", "en": "Call 19009095"}, categories=("health",))
    page = Line({"vi": "x" * 60 + " moh.gov.vn"}, optional=True)
    lined = Wording(official_domains=("gov.vn",), append={"hotline": hotline, "page": page})
    country = replace(config.country, languages=("vi", "en"))
    changed = replace(session, configuration=replace(config, country=country, wording=lined))
    made, changes = new_content(changed, Terms(text=SAID, texts={"en": worded("Wash", plain=False)}), NOW)
    assert dict(made.texts) == {"vi": "Rửa tay\nGọi 19009095", "en": "Wash\nCall 19009095"}
    assert made.text == "Rửa tay\nGọi 19009095\n\nWash\nCall 19009095"
    assert told == [LineLeftOut("page")]
    again, _ = edited_content(changed, Terms(text=worded("Đeo khẩu trang", plain=False)), NOW, made)
    assert dict(again.texts) == {"vi": "Đeo khẩu trang\nGọi 19009095", "en": "Wash\nCall 19009095"}
    kept, none = edited_content(changed, Terms(priority=3), NOW, again)
    assert (kept.text, none) == (again.text, None)
    plainly, changes = new_content(changed, Terms(text=worded("Rửa tay", plain=True), plain=True), NOW)
    assert (plainly.text, changes) == (  # its page fits into one segment of GSM 03.38
        f"Rua tay\nGoi 19009095\n{'x' * 60} moh.gov.vn",
        (PlainLetter("ọ", "o", 1), PlainLetter("ử", "u", 1)),
    )
    emergency, _ = new_content(changed, Terms(text=SAID, category="emergency"), NOW)
    assert emergency.text == "Rửa tay"


@pytest.mark.parametrize(
    "said",
    [Terms(text=worded("Xem evil.com", plain=False)), Terms(text=worded("Rửa\u202e tay", plain=False))],
)
def test_a_text_that_a_rule_refuses(session: Session, before: Content, said: Terms) -> None:
    with pytest.raises(RefusedError, match=r"evil\.com|U\+202E"):
        new_content(session, said, NOW)
    with pytest.raises(RefusedError, match=r"evil\.com|U\+202E"):
        edited_content(session, said, NOW, before)


def test_a_sender_that_is_not_registered(session: Session, config: Config, before: Content) -> None:
    viettel = config.carriers["viettel"].having(senders=("BOYTE",))
    changed = replace(session, configuration=replace(config, carriers={"viettel": viettel}))
    assert new_content(changed, Terms(text=SAID), NOW)[0] == before
    with pytest.raises(RefusedError, match="viettel has not registered the sender 1022"):
        new_content(changed, Terms(text=SAID, sender="1022"), NOW)
    with pytest.raises(RefusedError, match="viettel has not registered the sender 1022"):
        edited_content(changed, Terms(sender="1022"), NOW, before)
