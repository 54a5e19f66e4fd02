"""What a site's configuration says of texts and senders: looked at when an alert is drafted, edited and launched. Pure.

Official links, registered senders, lines that are appended by rule; and what must not stand in any text.
"""

from collections.abc import Callable, Mapping

from broadcast.campaign import sender
from broadcast.campaign.content import Category, Content
from broadcast.campaign.links import check_links
from broadcast.campaign.plain import PlainText, all_changes
from broadcast.campaign.unseen import check_seen
from broadcast.config import Config, Line, Wording
from broadcast.errors import RefusedError
from broadcast.languages import _

Texts = Mapping[str, PlainText]  # by language


def check_wording(config: Config, content: Content) -> None:
    """Raises RefusedError, as `check_text` for each language, and for a sender that a carrier has not registered."""
    for text in dict.fromkeys((content.text, *dict(content.texts).values())):
        check_text(text, config.wording)
    for name in content.carriers:
        if name in config.carriers:
            carrier = config.carriers[name]
            _check_sender(name, carrier.senders, carrier.sender or content.sender)


def check_text(text: str, wording: Wording) -> None:
    """Raises RefusedError for characters that nobody sees or that turn it, and for links that are not official."""
    check_seen(text)
    check_links(text, wording)


def _check_sender(carrier: str, registered: tuple[str, ...], said: str) -> None:
    if registered and sender.address(said) not in map(sender.address, registered):
        raise RefusedError(
            _(
                "the carrier {carrier} has not registered the sender {said}: it has {registered}"
                " (carriers.{carrier}.senders); take one of these (--sender), or have it registered first",
                carrier=carrier,
                said=said,
                registered=", ".join(registered),
            )
        )


def with_lines(
    lines: Mapping[str, Line],
    texts: Texts,
    category: Category,
    written: Callable[[str], PlainText],
    segments: Callable[[Texts], int],
) -> tuple[Texts, list[str]]:
    """Each text with the lines of its category and language behind it, unless it has them; and which were left out.

    written: a line as the texts are. segments: of a message of such texts.
    """
    left_out = []
    for name, line in lines.items():
        if line.categories and category not in line.categories:
            continue
        behind = {
            each: written(text) for each, text in line.texts.items() if each in texts and texts[each].text
        }
        more = {
            each: _joined(texts[each], text)
            for each, text in behind.items()
            if text.text not in texts[each].text
        }
        if line.optional and more and segments({**texts, **more}) > segments(texts):
            left_out.append(name)
        else:
            texts = {**texts, **more}
    return texts, left_out


def _joined(text: PlainText, line: PlainText) -> PlainText:
    return PlainText(f"{text.text}\n{line.text}", all_changes((text, line)))
