"""What the rule of its category asks of an alert: a mark, registered senders; and no emergency waits."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from broadcast.campaign.content import Category, Content, content
from broadcast.campaign.plan import Plan
from broadcast.campaign.ruled import check_rules, in_words, limits_for
from broadcast.config import Config, Rule, Rules
from broadcast.config.contact import Cap
from broadcast.errors import RefusedError
from broadcast.rules.limits import NO_LIMITS

LAW = "Act 1"


def made(text: str = "[QC] Rua tay", category: Category = "routine", **more: Any) -> Content:
    return content(
        text=text,
        texts={"vi": text},
        languages=("vi",),
        sender="BOYTE",
        carriers=("viettel",),
        category=category,
        expires_at=datetime(2027, 12, 31, 16, 59, tzinfo=UTC),
        **more,
    )


def ruled(config: Config, rule: Rule, **carrier: Any) -> Config:
    viettel = replace(config.carriers["viettel"], **carrier)
    return replace(config, rules=Rules(routine=rule), carriers={"viettel": viettel})


@pytest.mark.parametrize("text", ["[QC] Rua tay", "QC Rua tay", " [qc]Rua tay"])
def test_a_text_begins_with_its_mark(config: Config, text: str) -> None:
    check_rules(ruled(config, Rule(LAW, mark={"vi": "[QC]"})), made(text))


@pytest.mark.parametrize("text", ["Rua tay", "Rua tay [QC]", "[Q C] Rua tay", "QCs"])
def test_one_without_it_is_refused_with_the_law(config: Config, text: str) -> None:
    with pytest.raises(RefusedError, match=r"by Act 1 a text of this category begins with \[QC\]"):
        check_rules(ruled(config, Rule(LAW, mark={"vi": "[QC]"})), made(text))


def test_other_categories_need_none(config: Config) -> None:
    check_rules(ruled(config, Rule(LAW, mark={"vi": "[QC]"})), made("Rua tay", "health"))


def test_a_sender_is_registered_until_the_expiry(config: Config) -> None:
    rule = Rule(LAW, registered_sender=True)
    with pytest.raises(RefusedError, match=r"say which viettel has \(carriers\.viettel\.senders\)"):
        check_rules(ruled(config, rule), made())
    check_rules(ruled(config, rule, senders=("BOYTE",)), made())
    last = {"senders": ("BOYTE",), "senders_until": {"BOYTE": "2027-12-31"}}
    check_rules(ruled(config, rule, **last), made())  # in Vietnam that day has a minute left
    with pytest.raises(RefusedError, match="registered at viettel until 2027-12-31"):
        late = replace(made(), expires_at=datetime(2027, 12, 31, 17, 1, tzinfo=UTC))
        check_rules(ruled(config, rule, **last), late)


def test_an_emergency_waits_for_no_hotline_and_has_no_limits(config: Config) -> None:
    alert = made("Run", "emergency", plan=Plan(callers_per_hour=5))
    with pytest.raises(RefusedError, match="an emergency waits for no hotline"):
        check_rules(config, alert)
    assert limits_for(config, alert) == NO_LIMITS


def test_what_holds_in_words(config: Config) -> None:
    rule = Rule(LAW, ("22:00-07:00",), Cap(3, 24), 1.5)
    found = limits_for(ruled(config, rule), made(plan=Plan(callers_per_hour=10)))
    assert in_words(found) == (
        "quiet at 22:00-07:00; 3 to one person in any 24 h at most; 1 to one person in any 1.5 h at most;"
        " 500 people an hour at most, for a hotline; Act 1"
    )
    assert in_words(NO_LIMITS) == ""
