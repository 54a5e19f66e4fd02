"""What a site says of every text: where links may lead, and what is appended by rule; where its templates are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from broadcast.config.country import LANGUAGE_TAG
from broadcast.config.rules import require
from broadcast.languages import _

_LABELS: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
Appended = Literal["emergency", "health", "routine"]  # the categories of alerts


def check_texts(texts: Mapping[str, str]) -> None:
    """Raises ValueError unless there is at least one, each by its language."""
    require(texts, _("texts needs at least one language"))
    for language in texts:
        require(
            LANGUAGE_TAG.fullmatch(language),
            _("texts.{language} is no BCP 47 tag, vi or en-US say", language=language),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line behind every text: the hotline, the free page. texts: by language; of a language without one nothing is
    appended. categories: of alerts that have it; none named: all. optional: it is left out where it would
    cost a segment.
    """

    texts: Mapping[str, str]
    categories: tuple[Appended, ...] = ()
    optional: bool = False

    def __post_init__(self) -> None:
        check_texts(self.texts)
        for language, text in self.texts.items():
            require(
                text.strip() and "\n" not in text.strip(),
                _("texts.{language} must be one line of text", language=language),
            )


@dataclass(frozen=True, slots=True)
class Wording:
    """official_domains: links in texts lead to these, or below them; none: a text has no link. append: by name, in the
    order of the file."""

    official_domains: tuple[str, ...] = ()
    append: Mapping[str, Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.official_domains:
            require(
                domain(each),
                _(
                    "official_domains: {each!r} is no domain: moh.gov.vn say, without https:// and a path",
                    each=each,
                ),
            )

    def is_official(self, host: str) -> bool:
        """Whether a host, as `domain` gives it, is one of them or below one."""
        return any(f".{host}".endswith(f".{domain(each)}") for each in self.official_domains)


@dataclass(frozen=True, slots=True)
class Templates:
    """profile: the national templates that come with the program. folder: of the site's own, which come before those of
    the same name."""

    profile: str | None = None
    folder: str | None = None

    def __post_init__(self) -> None:
        require(
            self.profile is None or re.fullmatch("[a-z]+", self.profile),
            _("profile is the name of a country that comes with the program: vietnam"),
        )
        require(self.folder is None or self.folder, _("folder must not be empty"))


def domain(host: str) -> str:
    """A host as the DNS has it, in ASCII and small letters (UTS 46, IDNA 2008); "": it can be none."""
    lowered = host.lower()
    if _LABELS.fullmatch(lowered) and "xn--" not in lowered:
        return lowered
    import idna  # its tables are large, and most hosts need none

    try:
        found = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""
    return found if _LABELS.fullmatch(found) else ""
