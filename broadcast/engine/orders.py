"""From an approved campaign to what a carrier gets: composed, addressed, encoded once (law 6)."""

import math
from datetime import UTC, datetime

from broadcast.campaign import approval
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.sender import address
from broadcast.campaign.text import Message, compose
from broadcast.config import Carrier, ValidityFormat
from broadcast.engine.work import Order
from broadcast.smpp.adapter import validity_text
from broadcast.smpp.template import SubmitFields, Template

UDHI = 0x40
RECEIPT_WANTED = 1
# SMPP times count whole seconds at many SMSCs: what leaves just before the expiry would arrive after it.
ON_THE_WAY_S = 0.25


def order(campaign: Campaign, carrier: Carrier, now: float) -> Order:
    """The campaign's PDUs for one carrier. Raises RefusedError when it is not what was approved.

    now: Unix seconds by the database's clock; a relative validity counts from there, and orders are made anew
    now and then.
    """
    approval.check_unchanged(campaign.content, campaign.approved_hash)
    message = compose(
        campaign.text,
        campaign.alphabet,
        carrier.smpp.concatenation,
        carrier.smpp.default_alphabet,
        campaign.campaign_id,
        carrier.smpp.national_shift,
    )
    every = len(message.segments)
    return Order(
        campaign.campaign_id,
        (-campaign.priority, campaign.campaign_id),
        Template(submit_fields(message, carrier, campaign.sender, campaign.expires_at, now)),
        math.floor(campaign.expires_at.timestamp()) - ON_THE_WAY_S,
        frozenset(range(1, every + 1)).difference(carrier.smpp.receipt_segments(every)),
    )


def submit_fields(
    message: Message, carrier: Carrier, sender: str, expires_at: datetime, now: float
) -> list[SubmitFields]:
    """The segments as this carrier gets them. sender: where the carrier wants none of its own. now: as in `order`."""
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
