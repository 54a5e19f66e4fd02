"""The rules that bind operators: rows of `desk_rule`, each changed by two admins. All are whole numbers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from broadcast.errors import InputError
from broadcast.languages import N_, _
from broadcast.tables import nearest


@dataclass(frozen=True, slots=True)
class Rule:
    """least, most: what it may be. otherwise: where no row says. words: what it is, with its unit."""

    least: int
    most: int
    otherwise: int
    words: str


RULES: Final[Mapping[str, Rule]] = {
    "approvers.emergency": Rule(1, 2, 1, N_("approvers that an emergency needs")),
    "approvers.large_exercise": Rule(1, 2, 2, N_("approvers that a large exercise needs")),
    "large_exercise": Rule(1, 10**9, 100_000, N_("an exercise is large from so many recipients on")),
    "override_s": Rule(
        0, 86_400, 0, N_("seconds after which who approved goes on alone, where more are needed; 0: never")
    ),
    "typed_from": Rule(
        0, 10**9, 1_000, N_("from so many recipients on, their number is typed to launch; 0: never")
    ),
    "phones_first": Rule(0, 1, 0, N_("1: own phones hear it first")),
    "erased_a_day": Rule(1, 10**9, 1_000, N_("numbers that operators may have erased in 24 hours")),
    "training": Rule(0, 1, 0, N_("1: this database is for training, and reaches no live SMSC")),
}


def read(key: str, value: str) -> int:
    """The value of a rule as it was typed. Raises InputError: no such rule, or out of its range."""
    if key not in RULES:
        raise InputError(_("there is no rule {key}: {hint}", key=key, hint=nearest(key, tuple(RULES))))
    rule = RULES[key]
    if not (value.isascii() and value.isdigit() and rule.least <= int(value) <= rule.most):
        raise InputError(
            _(
                "{key} is a whole number from {least} to {most}: {words}",
                key=key,
                least=rule.least,
                most=rule.most,
                words=_(rule.words),
            )
        )
    return int(value)
