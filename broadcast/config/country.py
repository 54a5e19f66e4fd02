"""A country: its numbering plan, its time, and what its people answer with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcast.config.rules import require
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.tables import nearest

LANGUAGE_TAG: Final = re.compile(
    "[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
)  # the forms of RFC 5646 §2.1 that texts have


@dataclass(frozen=True, slots=True)
class Country:
    """A country's numbering plan, as far as mobile numbers go.

    prefixes: carrier name -> the leading digits of the national significant number that are its own.
    landline_prefixes: leading digits of fixed lines; an import refuses those numbers by that name.
    keywords: kind -> words that people answer with; opt_out and opt_in act, any other kind is counted.
    everyday_words: names, and words that mean other things: what reads like one is a keyword only where it is clear.
    languages: BCP 47, the country's own first. exercise_marks: by language, what an exercise's text begins with.
    visitor_languages: of numbers of other countries, by the country code that they begin with, as long as may be;
    "other": of all the others. national_lengths: digits of a mobile national significant number (without trunk prefix).
    """

    name: str
    country_code: str
    national_lengths: tuple[int, ...]
    prefixes: Mapping[str, tuple[str, ...]]
    time_zone: str
    trunk_prefix: str = ""
    international_prefix: str = "00"
    landline_prefixes: tuple[str, ...] = ()
    keywords: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"opt_out": ("STOP",), "opt_in": ("START",)}
    )
    everyday_words: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    exercise_marks: Mapping[str, str] = field(default_factory=lambda: {"en": "EXERCISE"})
    visitor_languages: Mapping[str, str] = field(default_factory=lambda: {"other": "en"})

    def check_carrier(self, name: str) -> None:
        """Raises InputError, with the nearest name, for one that the plan does not have."""
        known = sorted(self.prefixes)
        if name not in known:
            raise InputError(
                _(
                    "no carrier {name} in the numbering plan: {nearest}",
                    name=name,
                    nearest=nearest(name, known),
                )
            )

    def __post_init__(self) -> None:
        require(
            re.fullmatch("[1-9][0-9]{0,2}", self.country_code), _("country_code must be 1 to 3 digits, no +")
        )
        require(re.fullmatch("[0-9]*", self.trunk_prefix), _("trunk_prefix must be digits, or empty"))
        require(re.fullmatch("[0-9]+", self.international_prefix), _("international_prefix must be digits"))
        longest = 15 - len(self.country_code)  # E.164: 15 digits with the country code
        require(self.national_lengths, _("national_lengths needs at least one length"))
        require(
            all(1 <= length <= longest for length in self.national_lengths),
            _(
                "national_lengths must be 1 to {longest} digits (E.164, without the country code)",
                longest=longest,
            ),
        )
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"time_zone {self.time_zone!r} is not an IANA time zone") from None
        self._check_prefixes()
        self._check_languages()
        require(self.keywords.get("opt_out"), _("keywords.opt_out needs at least one word, STOP say"))
        for kind in self.keywords:
            require(
                re.fullmatch("[a-z][a-z0-9_]{0,30}", kind),
                _("keywords.{kind}: a kind has small letters, digits and _ only", kind=kind),
            )

    def _check_languages(self) -> None:
        require(self.languages, _("languages needs at least one, the country's own"))
        for each in (*self.languages, *self.exercise_marks, *self.visitor_languages.values()):
            require(
                LANGUAGE_TAG.fullmatch(each),
                _("languages: {each!r} is no BCP 47 tag, vi or en-US say", each=each),
            )
        for code in self.visitor_languages:
            require(
                re.fullmatch("[1-9][0-9]{0,5}|other", code),
                _("visitor_languages.{code}: a country code has 1 to 6 digits; or say other", code=code),
            )
        require(self.exercise_marks.get("en"), _("exercise_marks needs en, for texts in any other language"))

    def _check_prefixes(self) -> None:
        require(self.prefixes, _("prefixes needs at least one carrier"))
        seen: dict[str, str] = {}
        for carrier, prefixes in self.prefixes.items():
            require(
                re.fullmatch("[a-z0-9][a-z0-9_-]*", carrier),
                _(
                    "prefixes.{carrier}: a carrier's name has small letters, digits, - and _ only",
                    carrier=carrier,
                ),
            )
            for prefix in prefixes:
                require(
                    re.fullmatch("[0-9]+", prefix),
                    _("prefixes.{carrier}: {prefix!r} is not digits", carrier=carrier, prefix=prefix),
                )
                require(
                    len(prefix) <= max(self.national_lengths),
                    _(
                        "prefixes.{carrier}: {prefix} is longer than any national number",
                        carrier=carrier,
                        prefix=prefix,
                    ),
                )
                require(
                    prefix not in seen,
                    _(
                        "prefixes: {prefix} belongs to both {seen} and {carrier}",
                        prefix=prefix,
                        seen=seen.get(prefix),
                        carrier=carrier,
                    ),
                )
                seen[prefix] = carrier
        self._check_landlines(seen)

    def _check_landlines(self, seen: Mapping[str, str]) -> None:
        """seen: the carrier of each mobile prefix."""
        for prefix in self.landline_prefixes:
            require(
                re.fullmatch("[0-9]+", prefix),
                _("landline_prefixes: {prefix!r} is not digits", prefix=prefix),
            )
            require(
                prefix not in seen,
                _("landline_prefixes: {prefix} belongs to {seen}", prefix=prefix, seen=seen.get(prefix)),
            )
