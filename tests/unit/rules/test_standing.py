"""Who is left out by their standing, as the rule of a category says, over every rule and standing that there is."""

from itertools import product

from broadcast.config import Rule
from broadcast.rules.standing import (
    CONSENTED,
    DO_NOT_CALL,
    EVERYBODY,
    REASONS,
    SET_ASIDE,
    STANDINGS,
    heeded,
    reasons,
)

RULES = [
    Rule("-", do_not_call=heeds, consent=asks, set_aside=leaves)
    for heeds, asks, leaves in product((False, True), repeat=3)
]


def why(rule: Rule | None, standing: int, opted_out: bool = False) -> str:
    return REASONS[reasons(heeded(rule))[standing * 2 + opted_out]]


def test_an_opt_out_counts_always() -> None:
    assert {why(rule, standing, True) for rule in (None, *RULES) for standing in range(8)} == {"opted_out"}


def test_where_nothing_is_said_those_set_aside_are_left_out_and_nobody_else() -> None:
    for standing in range(8):
        assert (
            why(None, standing) == why(Rule("-"), standing) == ("set_aside" if standing & SET_ASIDE else "")
        )


def test_each_word_of_a_rule_is_heeded_by_itself() -> None:
    for rule, standing in product(RULES, range(8)):
        fits = {
            "do_not_call": rule.do_not_call and bool(standing & DO_NOT_CALL),
            "no_consent": rule.consent and not standing & CONSENTED,
            "set_aside": rule.set_aside and bool(standing & SET_ASIDE),
        }
        assert why(rule, standing) == next((reason for reason, fit in fits.items() if fit), "")


def test_everybody_hears_an_emergency() -> None:
    assert len(EVERYBODY) == len(STANDINGS) == len(reasons()) == 16
    assert not any(EVERYBODY)
