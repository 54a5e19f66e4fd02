"""Texts that are written beforehand, with blanks to fill in: by hazard, in each language. Pure.

A value is put in as it is given; but for its own template's text, nothing in it is read again. A parameter may have
another value for one language: `place.en` beside `place`.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from broadcast.campaign.content import Category
from broadcast.campaign.text import normalise
from broadcast.campaign.wording import check_text
from broadcast.config import Wording
from broadcast.config.rules import require
from broadcast.config.wording import check_texts
from broadcast.errors import InputError, RefusedError
from broadcast.languages import _
from broadcast.tables import nearest

Kind = Literal["text", "place", "time", "number", "choice"]
CORRECTION: Final = "correction-"  # and the name of what it corrects
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """A blank. about: what belongs there, by language. most: characters of a text or place. choices: of a choice, what
    is written for each, by language."""

    kind: Kind
    about: Mapping[str, str] = field(default_factory=dict)
    most: int = 60
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(1 <= self.most <= 500, _("most must be 1 to 500 characters"))
        require(
            (self.kind == "choice") == bool(self.choices),
            _("choices belong to the kind choice, which needs them"),
        )


@dataclass(frozen=True, slots=True)
class Template:
    """title, texts: by language. parameters: by name, which stands as {name} in the texts."""

    title: Mapping[str, str]
    category: Category
    texts: Mapping[str, str]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_texts(self.texts)
        for language, text in self.texts.items():
            require(text.strip(), _("texts.{language} is empty", language=language))
        self._check_parameters({name for language in self.texts for name in self._blanks(language)})

    def _check_parameters(self, used: Set[str]) -> None:
        for name, parameter in self.parameters.items():
            require(
                re.fullmatch("[a-z][a-z0-9_]*", name),
                _("parameters.{name}: small letters, digits and _", name=name),
            )
            require(name in used, _("parameters.{name} stands in no text", name=name))
            for choice, words in parameter.choices.items():
                lacking = ", ".join(each for each in self.texts if each not in words)
                place = f"parameters.{name}.choices.{choice}"
                require(not lacking, _("{place} has nothing in {languages}", place=place, languages=lacking))

    def _blanks(self, language: str) -> Iterator[str]:
        """Of a text. Raises ValueError for braces that are none, and for what is no parameter."""
        try:
            parts = list(string.Formatter().parse(self.texts[language]))
        except ValueError as error:
            raise ValueError(f"texts.{language}: {error}") from None
        for part in parts:
            name, form, conversion = part[1:]
            require(
                not form and not conversion,
                _("texts.{language}: a blank is {blank}, no more", language=language, blank="{name}"),
            )
            if name is not None:
                blank = f"{{{name}}}"
                require(
                    name in self.parameters,
                    _("texts.{language} has {blank}, which is no parameter", language=language, blank=blank),
                )
                yield name


def filled(name: str, template: Template, values: Mapping[str, str], wording: Wording) -> dict[str, str]:
    """The texts, by language. values: by parameter, or parameter.language.

    Raises InputError with all that is missing, unknown or of another kind; RefusedError where a rule refuses.
    """
    wrong = [*_unknown(template, values), *_missing(template, values)]
    texts: dict[str, dict[str, str]] = {language: {} for language in template.texts}
    for parameter in template.parameters:
        for language, blanks in texts.items():
            given = f"{parameter}.{language}" if f"{parameter}.{language}" in values else parameter
            if given not in values:
                continue
            try:
                blanks[parameter] = _value(template.parameters[parameter], values[given], language)
            except ValueError as error:
                wrong.append(f"{given} {error}")
    if wrong:
        raise InputError(_("template {name}: {wrong}", name=name, wrong="; ".join(dict.fromkeys(wrong))))
    for given, value in values.items():
        _check_value(given, value, wording)
    made = {
        language: normalise(template.texts[language].format(**blanks)) for language, blanks in texts.items()
    }
    for text in made.values():
        check_text(text, wording)
    return made


def _unknown(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    for given in values:
        parameter, dot, language = given.partition(".")
        if parameter not in template.parameters:
            known = list(template.parameters)
            way_out = nearest(parameter, known) if known else _("it has none")
            yield _("there is no parameter {parameter}: {way_out}", parameter=parameter, way_out=way_out)
        elif dot and language not in template.texts:
            yield _(
                "{given}: it has no text in that language, only in {languages}",
                given=given,
                languages=", ".join(template.texts),
            )


def _missing(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    for name in template.parameters:
        lacking = [each for each in template.texts if f"{name}.{each}" not in values]
        if name not in values and lacking:
            yield _("{name} is missing (--set {name}=...)", name=name)


def _value(parameter: Parameter, given: str, language: str) -> str:
    """As it stands in a text. Raises ValueError, to be read behind the parameter's name."""
    return _KINDS[parameter.kind](parameter, unicodedata.normalize("NFC", given.strip()), language)


def _text(parameter: Parameter, given: str, language: str) -> str:
    if not given:
        raise ValueError(_("is empty"))
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in given):
        raise ValueError(_("has a line break or another control character"))
    if len(given) > parameter.most:
        raise ValueError(_("has {count} characters, {most} at most", count=len(given), most=parameter.most))
    return given


def _number(parameter: Parameter, given: str, language: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,9}([.,][0-9]{1,3})?", given):
        raise ValueError(_("is no number: 38 or 5.4 say"))
    return given.replace(".", ",") if language.partition("-")[0] == "vi" else given.replace(",", ".")


def _time(parameter: Parameter, given: str, language: str) -> str:
    try:
        if re.fullmatch("[0-9]{1,2}:[0-9]{2}", given):
            return f"{datetime.strptime(given, '%H:%M'):%H:%M}"  # noqa: DTZ007 - a time of the country, as it is written
        at = datetime.strptime(given, "%Y-%m-%dT%H:%M")  # noqa: DTZ007
    except ValueError:
        raise ValueError(_("is no time: 18:00 or 2030-01-31T18:00 say, in the country's time")) from None
    forms = {
        "vi": f"{at:%H:%M} ngày {at.day}/{at.month}",
        "en": f"{at:%H:%M} on {at.day} {_MONTHS[at.month - 1]}",
    }
    return forms.get(language.partition("-")[0], f"{at:%H:%M} {at:%Y-%m-%d}")


def _choice(parameter: Parameter, given: str, language: str) -> str:
    if given not in parameter.choices:
        raise ValueError(
            _("is none of its choices: {way_out}", way_out=nearest(given, list(parameter.choices)))
        )
    return parameter.choices[given][language]


_KINDS: Final[Mapping[Kind, Callable[[Parameter, str, str], str]]] = {
    "text": _text,
    "place": _text,
    "number": _number,
    "time": _time,
    "choice": _choice,
}


def _check_value(given: str, value: str, wording: Wording) -> None:
    try:
        check_text(value, wording)
    except RefusedError as error:
        raise RefusedError(f"--set {given}: {error}") from error
