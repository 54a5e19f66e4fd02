"""Links in a text: what telephones make links of, and which of them lead elsewhere than the officials'. Pure.

Found is more than any one telephone finds: what has a scheme, and every domain or address of four numbers without one,
written in full-width letters or with other dots too (as UTS 46 reads them). A domain is one by its last part, from the
public suffix list, or by its www: a missing blank makes one of "TP.Ca Mau". An official link is written plainly:
http(s), the domain itself letter by letter, no user before an @, no port.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from broadcast.config import Wording
from broadcast.config.wording import domain
from broadcast.confusable import skeleton
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.visible import visible

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_QUOTES: Final = '<>"“”«»‘’'
# What a label can be of, in any script: letters, marks, digits, - and _. All that searches is bounded.
_OF_LABEL: Final = r"[^\s\x00-,./:-@\[-^`{-\x7f\u2010-\u2027\u2030-\u205e\u3000-\u303f«»¡¿]"
_WITH_SCHEME: Final = re.compile(
    rf"(?<![a-z0-9])([a-z][a-z0-9+.-]{{0,30}}):[/\\]{{2,}}([^\s/\\?#{_QUOTES}]+)"
    rf"((?:(?!\w{{1,30}}:[/\\]{{2}})[^\s{_QUOTES}])*)",
    re.IGNORECASE,
)
_BARE: Final = re.compile(
    rf"(?<!{_OF_LABEL})({_OF_LABEL}++(?:\.{_OF_LABEL}++)+)(\.?:[0-9]+)?(\.?[/\\?#][^\s{_QUOTES}]*)?"
)
_WITHOUT_BLANKS: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af]+")
_CLOSING: Final = ".,;:!?)]}'…"
_ALIKE: Final = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"}
)  # share many forms
_NAMED_MOST: Final = 5
_HOST_MOST: Final = 80


@dataclass(frozen=True, slots=True)
class Link:
    """host: as written, but in NFKC. scheme: "" where none is written. user: an @ stands before the host."""

    host: str
    scheme: str = ""
    user: bool = False
    port: bool = False


def check_links(text: str, wording: Wording) -> None:
    """Raises RefusedError, naming each link that is not official, and why."""
    faults = list(dict.fromkeys(fault for link in links(text) if (fault := _fault(link, text, wording))))
    if not faults:
        return
    named = "; ".join(faults[:_NAMED_MOST]) + (" ..." if len(faults) > _NAMED_MOST else "")
    allowed = ", ".join(wording.official_domains)
    known = _("official are {allowed}", allowed=allowed) if allowed else _("none is configured")
    raise RefusedError(
        _(
            "the text has what telephones make a link of, and it is not official: {named} ({known}): take it out, put"
            " a blank behind the dot where none was meant, or have its domain put into [wording] official_domains",
            named=named,
            known=known,
        )
    )


def links(text: str) -> Iterator[Link]:
    """Every one, those with a scheme first."""
    rest = unicodedata.normalize("NFKC", text).replace("。", ".")
    for found in _WITH_SCHEME.finditer(rest):
        yield _with_scheme(found)
    for found in _BARE.finditer(_WITH_SCHEME.sub(" ", rest)):
        yield from _bare(found)


def _with_scheme(found: re.Match[str]) -> Link:
    scheme, authority, tail = found.groups()
    authority = authority if tail else authority.rstrip(_CLOSING)
    host, colon, _ = authority.rpartition("@")[2].partition(":")
    return Link(host, scheme.lower(), "@" in authority, bool(colon))


def _bare(found: re.Match[str]) -> Iterator[Link]:
    """The whole, or what stands between letters of scripts that have no blanks."""
    whole, port = found[1], bool(found[2])
    if _is_host(whole):
        yield Link(whole, port=port)
        return
    for part in _WITHOUT_BLANKS.split(whole):
        if _is_host(part.strip(".-")):
            yield Link(part.strip(".-"), port=port)


def _is_host(text: str) -> bool:
    if re.fullmatch("[0-9.]+", text):
        try:
            return bool(ipaddress.IPv4Address(text))
        except ValueError:
            return False
    lowered = text.lower()
    return "." in text and (lowered.startswith("www.") or _suffixes().publicsuffix(lowered) is not None)


@cache
def _suffixes() -> "PublicSuffixList":
    """Loaded when a text first has a dot amid letters: 0.1 s."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)


def _fault(link: Link, text: str, wording: Wording) -> str:
    """What is wrong with it, its host in front; "" nothing."""
    named = visible(link.host[:_HOST_MOST])
    host = domain(link.host)
    why = _why(link, host, text, wording)
    return f"{named} ({why})" if why else named if why is None else ""


def _why(link: Link, host: str, text: str, wording: Wording) -> str | None:
    """What is wrong with it; None: that it is another, and no more; "": nothing."""
    if not host or not wording.is_official(host):
        return _looks_like(link.host, wording)
    if link.scheme not in ("", "http", "https"):
        return _("with {scheme}: only http and https are", scheme=link.scheme)
    if link.user:
        return _("behind an @, which hides where it leads")
    if link.port:
        return _("with a port")
    if disguised := [each for each in (link.host, _as_read(host)) if _is_disguised(each)]:
        return _("with {letters}", letters=_strange(disguised[0]))
    if link.host not in text or link.host.lower() not in (host, _as_read(host)):
        return _("written otherwise than {host}", host=_as_read(host))
    return ""


def _looks_like(host: str, wording: Wording) -> str | None:
    """Which official domain a reader takes it for, and what it is made of."""
    read = _as_read(host.lower())
    for each in wording.official_domains:
        if f".{skeleton(read)}".endswith(f".{skeleton(_as_read(each.lower()))}"):
            if read.isascii():
                return _("looks like {domain}", domain=each)
            return _("looks like {domain}, with {letters}", domain=each, letters=_strange(read))
    return None


def _is_disguised(host: str) -> bool:
    """Whether a part of it mixes alphabets, or has other letters and is read as if it had none."""
    labels = [each for each in host.split(".") if not each.isascii()]
    return any(
        skeleton(each).isascii()
        or len(_ALIKE & {unicodedata.name(c, "").partition(" ")[0] for c in each}) > 1
        for each in labels
    )


def _strange(host: str) -> str:
    found = [f"U+{ord(c):04X} {unicodedata.name(c, '')}" for c in dict.fromkeys(host) if not c.isascii()]
    return ", ".join(found[:4])


def _as_read(host: str) -> str:
    """With the letters that a browser may show for xn--..., where they can be decoded."""
    if "xn--" not in host:
        return host
    return ".".join(_decoded(each) for each in host.split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
