"""From a campaign's words to the PDUs that a carrier gets: composed, addressed, encoded once."""

from datetime import UTC, datetime

from broadcast.campaign.sender import address
from broadcast.campaign.text import Message, compose
from broadcast.channel.channel import Words
from broadcast.config import Carrier, ValidityFormat
from broadcast.smpp.adapter import validity_text
from broadcast.smpp.template import SubmitFields, Template

UDHI = 0x40
RECEIPT_WANTED = 1


def render(words: Words, carrier: Carrier, now: float) -> Template:
    """now: Unix seconds by the database's clock; a relative validity counts from there. Raises ConfigError when a
    field does not fit a submit_sm."""
    message = compose(
        words.text,
        words.alphabet,
        carrier.smpp.concatenation,
        carrier.smpp.default_alphabet,
        words.campaign_id,
        carrier.smpp.national_shift,
    )
    every = len(message.segments)
    return Template(
        submit_fields(message, carrier, words.sender, words.expires_at, now),
        frozenset(range(1, every + 1)).difference(carrier.smpp.receipt_segments(every)),
    )


def submit_fields(
    message: Message, carrier: Carrier, sender: str, expires_at: datetime, now: float
) -> list[SubmitFields]:
    """The segments as this carrier gets them. sender: where the carrier wants none of its own. now: as in `render`."""
    source = address(carrier.sender or sender)
    awaited = carrier.smpp.receipt_segments(len(message.segments))
    return [
        SubmitFields(
            source=source.text,
            source_ton=source.ton if carrier.smpp.source_ton is None else carrier.smpp.source_ton,
            source_npi=source.npi if carrier.smpp.source_npi is None else carrier.smpp.source_npi,
            dest_ton=carrier.smpp.dest_ton,
            dest_npi=carrier.smpp.dest_npi,
            service_type=carrier.smpp.service_type,
            esm_class=UDHI if segment.udhi else 0,
            data_coding=message.data_coding,
            registered_delivery=RECEIPT_WANTED if number in awaited else 0,
            validity_period=_validity(expires_at, carrier.smpp.validity, now),
            short_message=segment.short_message,
            tlvs=segment.tlvs,
        )
        for number, segment in enumerate(message.segments, 1)
    ]


def _validity(expires_at: datetime, form: ValidityFormat, now: float) -> str:
    """validity_period so that the SMSC drops it too (law 5; SMPP 3.4 §7.1.1)."""
    if form == "none":
        return ""
    if form == "absolute":
        return validity_text(expires_at.astimezone(UTC))
    return validity_text(max(1.0, expires_at.timestamp() - now))
