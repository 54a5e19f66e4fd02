"""How long a message is at the carriers that it goes to. Pure."""

from broadcast.campaign import sender
from broadcast.campaign.alphabets import Alphabet
from broadcast.campaign.content import Content
from broadcast.campaign.text import compose
from broadcast.campaign.variants import Variant
from broadcast.config import Carrier, Config
from broadcast.errors import InputError
from broadcast.languages import _


def most_segments(config: Config, content: Content) -> int:
    """Segments of one message, the longest of its variants, at the connected carrier that needs the most; 0 when none
    is connected.

    Raises InputError when a carrier cannot carry a text or its sender.
    """
    most = 0
    variants = dict.fromkeys(content.variants)
    for name in content.carriers:
        if name in config.carriers:
            carrier = config.carriers[name]
            sender.address(carrier.sender or content.sender)
            most = max(most, *(variant_segments(name, carrier, each) for each in variants))
    return most


def variant_segments(name: str, carrier: Carrier, variant: Variant) -> int:
    """Of one of an alert's messages at a carrier. Raises InputError, which names its language."""
    try:
        return _segments(name, carrier, variant.text, variant.alphabet)
    except InputError as error:
        if not variant.language:
            raise
        raise InputError(
            _("the text in {language}: {error}", language=variant.language, error=error)
        ) from error


def text_segments(config: Config, alphabet: Alphabet, text: str) -> int:
    """Of a text that is no alert yet, at the connected carriers; where none is, as most would cut it.

    Raises InputError.
    """
    plainly = len(compose(text, alphabet, "udh8", "gsm0338", 0).segments)
    every = (_segments(name, each, text, alphabet) for name, each in config.carriers.items())
    return max(every, default=plainly)


def _segments(name: str, carrier: Carrier, text: str, alphabet: Alphabet) -> int:
    try:
        message = compose(
            text,
            alphabet,
            carrier.smpp.concatenation,
            carrier.smpp.default_alphabet,
            0,
            carrier.smpp.national_shift,
        )
    except InputError as error:
        raise InputError(_("carrier {name}: {error}", name=name, error=error)) from error
    return len(message.segments)
