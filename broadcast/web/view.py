"""For whom a page is: language, theme, wall or desk, who is logged in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from broadcast.languages import LANGUAGES

THEMES: Final = ("auto", "light", "dark")
LOOK_COOKIES: Final = ("lang", "theme", "wall")


@dataclass(frozen=True, slots=True)
class View:
    """language: of LANGUAGES; theme: of THEMES. zone: in which times are shown. user: empty where nobody is logged in.
    csrf: what its forms give back. path: of this page, for the links to other languages."""

    language: str = "en"
    theme: str = "auto"
    wall: bool = False
    zone: tzinfo = UTC
    user: str = ""
    csrf: str = ""
    path: str = "/"
    training: bool = False

    @property
    def zone_name(self) -> str:
        """As a browser knows it."""
        return getattr(self.zone, "key", "UTC")


@dataclass(frozen=True, slots=True)
class Look:
    """What a browser asked for. kept: cookies to set, since its address said so."""

    language: str
    theme: str
    wall: bool
    kept: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked before an act. title: the question, `Approve flood-warning?` say; what: what will happen;
    button: its name. marks: TRAINING, EXERCISE. text, hidden: what is said, and what of it nobody sees; hearers, heads,
    rows: who hears it; facts: name -> value; lines: approvals. action: the form's address; keeps: hidden fields. grave:
    it cannot be undone. refused: why the last try did nothing. asks_name: of who is logged in elsewhere;
    asks_password: of everybody whose password is not kept."""

    title: str
    what: str
    button: str
    action: str
    marks: tuple[str, ...] = ()
    text: str = ""
    hidden: tuple[str, ...] = ()
    hearers: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    keeps: Mapping[str, str] = field(default_factory=dict)
    asks_code: bool = False
    asks_name: bool = False
    asks_password: bool = False
    grave: bool = False
    refused: str = ""


def look(query: Mapping[str, str], cookies: Mapping[str, str], accept_language: str = "") -> Look:
    """By the address, else the cookie, else what the browser prefers. What is none of ours is not heard."""
    asked = {"lang": LANGUAGES, "theme": THEMES, "wall": ("0", "1")}
    kept = {name: query[name] for name, known in asked.items() if query.get(name) in known}
    said = {name: kept.get(name) or cookies.get(name, "") for name in asked}
    language = said["lang"] if said["lang"] in LANGUAGES else preferred_of(accept_language)
    theme = said["theme"] if said["theme"] in THEMES else THEMES[0]
    return Look(language, theme, said["wall"] == "1", kept)


def preferred_of(accept_language: str) -> str:
    """The first of an Accept-Language header that there is here; browsers write them in the order of their weights."""
    for each in accept_language[:200].split(","):
        tag = each.partition(";")[0].strip().partition("-")[0].lower()
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]
