"""The board's pages as HTML: the same words for a page and for what changes on it. Pure; in the view's language."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import jinja2

from broadcast.languages import _, answering, ngettext, term
from broadcast.visible import visible
from broadcast.web.board import BoardShown, board, trouble_words
from broadcast.web.outlines import Outlines
from broadcast.web.shown import left, left_forms
from broadcast.web.view import Asked, View
from broadcast.words import words


def board_page(
    document: Mapping[str, Any],
    view: View,
    outlines: Outlines | None = None,
    notice: str = "",
) -> str:
    """The whole page. notice: what was just done."""
    with answering(view.language):
        shown = board(document, view, outlines)
        return _page("board.html.j2", view, board=shown, parts=_parts(shown, view), notice=notice)


def parts(document: Mapping[str, Any], view: View, outlines: Outlines | None = None) -> dict[str, str]:
    """By id, what is inside of each element of the board that changes, as board_page has it. `articles` has the places
    of those below it, `a7.curve` say, which come after it and have their own insides."""
    with answering(view.language):
        return _parts(board(document, view, outlines), view, nested=False)


def login_page(view: View, refused: str = "", name: str = "", single_sign_on: str = "") -> str:
    """refused: why it was not; name: what was typed. single_sign_on: an address, where there is OIDC."""
    with answering(view.language):
        return _page("login.html.j2", view, refused=refused, name=name, single_sign_on=single_sign_on)


def confirm_page(view: View, asked: Asked) -> str:
    """Before an act: all that who does it should read."""
    with answering(view.language):
        return _page("confirm.html.j2", view, asked=asked)


def error_page(view: View, status: int, heading: str, sentence: str) -> str:
    """heading: what is wrong, in a few words; sentence: and what to do."""
    with answering(view.language):
        return _page("error.html.j2", view, status=status, heading=heading, sentence=sentence)


def _parts(shown: BoardShown, view: View, nested: bool = True) -> dict[str, str]:
    module: Any = _environment().get_template("parts.html.j2").make_module(_values(view))
    own = {
        f"a{each.id}.{kind}": getattr(module, kind)(each, shown).strip()
        for each in shown.alerts
        for column in shown.columns
        for kind in column
    }
    places = own if nested else dict.fromkeys(own, "")
    return {
        "wrong": module.wrong(shown).strip(),
        "overview": module.overview(shown).strip(),
        "articles": module.articles(shown, places).strip(),
        "lines": module.lines(shown).strip(),
        "machines": module.machines(shown).strip(),
        "spoken": module.spoken(shown).strip(),
        **own,
    }


def _page(template: str, view: View, **values: Any) -> str:
    return _environment().get_template(template).render(**_values(view), **values)


def _values(view: View) -> dict[str, Any]:
    """What every template knows."""
    return {"view": view, "script_words": script_words()}


def script_words() -> dict[str, Any]:
    """What the page's script says by itself."""
    return {
        "left": left_forms(),
        "old": _("These figures are old."),
        "age": _("They are {age} old."),
        "connection": trouble_words("connection"),
        "database": trouble_words("database"),
        "ended": _("Your login has ended: log in again."),
        "login": _("Log in"),
        "live": _("The figures are live again."),
        "themes": {"auto": _("as the system"), "light": _("light"), "dark": _("dark")},
    }


def _clock(at: datetime, view: View, form: str = "%H:%M:%S") -> str:
    return f"{at.astimezone(view.zone):{form}}"


@jinja2.pass_context
def _clock_filter(context: Any, at: datetime) -> str:
    return _clock(at, context["view"])


@jinja2.pass_context
def _short_filter(context: Any, at: datetime) -> str:
    return _clock(at, context["view"], "%H:%M")


@jinja2.pass_context
def _tick_filter(context: Any, at: datetime) -> str:
    return _clock(at, context["view"], "%H:%M:%S" if at.second else "%H:%M")


@jinja2.pass_context
def _words_filter(context: Any, value: Any) -> str:
    return words(value, lambda: context["view"].zone)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


@jinja2.pass_context  # else a constant's word is made once, in the language of whoever came first
def _term(context: Any, code: str) -> str:
    """As a word: codes have underscores."""
    return term(code).replace("_", " ")


def _seen(value: Any) -> Any:
    """What others wrote, with nothing in it that a reader does not see; markup as it is."""
    return visible(value, lines=True) if type(value) is str else value


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("broadcast.web", "templates"),
        autoescape=True,
        finalize=_seen,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "clock": _clock_filter,
        "short": _short_filter,
        "tick": _tick_filter,
        "words": _words_filter,
        "iso": _iso,
        "left": left,
        "term": _term,
    }
    made.globals |= {"_": _, "ngettext": ngettext}
    return made
