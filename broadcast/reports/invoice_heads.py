"""The heads that carriers give the columns of their invoices, in small letters."""

from collections.abc import Mapping, Sequence
from typing import Final

HEADS: Final[Mapping[str, Sequence[str]]] = {
    "campaign": ("campaign", "campaign name", "order", "chiến dịch", "chien dich"),
    "day": ("day", "date", "sent at", "submit date", "ngày", "ngay", "thời gian"),
    "number": ("number", "msisdn", "phone", "destination", "số điện thoại", "so dien thoai", "thuê bao"),
    "segments": ("segments", "parts", "sms", "sms count", "quantity", "số đoạn", "số tin", "so tin"),
    "amount": ("amount", "cost", "total", "charge", "thành tiền", "thanh tien", "số tiền"),
}
