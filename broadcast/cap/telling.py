"""What an alert says to people: a text per language, of <headline>, <description> and <instruction>. Pure.

The rule: these three in this order, each on a line of its own; <event> where there is no headline. Blanks and line
breaks within one are one blank; one that is empty, or stands already in what is before it, is left out. Several <info>
of a language follow each other.
"""

from collections.abc import Iterable, Sequence

from broadcast.cap.record import Alert, Info


def texts(alert: Alert, languages: Sequence[str]) -> dict[str, str]:
    """By language, in the file's order. languages: the country's, which en-GB is taken for where they have en."""
    found: dict[str, list[str]] = {}
    for info in alert.infos:
        text = text_of(info)
        if text not in (before := found.setdefault(language_of(info, languages), [])):
            before.append(text)
    return {language: "\n".join(each) for language, each in found.items()}


def text_of(info: Info) -> str:
    """Of one <info>."""
    told = _told([info.headline or "", info.description or "", info.instruction or ""])
    headed = told if (info.headline or "").strip() else _told([info.event, *told])
    return "\n".join(headed)


def language_of(info: Info, languages: Sequence[str]) -> str:
    """As the country calls it, or as it is written."""
    spoken = info.spoken
    primary = spoken.partition("-")[0].lower()
    same = [each for each in languages if each.lower() == spoken.lower()]
    near = [each for each in languages if each.lower() == primary]
    return (same or near or [spoken])[0]


def in_order(found: Iterable[str], languages: Sequence[str]) -> tuple[str, ...]:
    """Of the languages that an alert has, those that go out: the country's, in its order; where it has none, all."""
    there = tuple(found)
    return tuple(each for each in languages if each in there) or there


def _told(pieces: Sequence[str]) -> list[str]:
    told: list[str] = []
    for piece in pieces:
        tidy = " ".join(piece.split())
        if tidy and not any(tidy in before for before in told):
            told.append(tidy)
    return told
