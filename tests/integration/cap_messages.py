"""CAP messages of one event, as their sender would write them."""

from datetime import UTC, timedelta

from broadcast.cap.record import Alert, Area, Info
from broadcast.cap.references import key_of
from broadcast.cap.write import write
from broadcast.clock import machine_time

SENDER = "alerts@example.org"
BEGIN = machine_time().astimezone(UTC).replace(microsecond=0) - timedelta(hours=1)


def message(
    number: int,
    message_type: str = "Alert",
    about: tuple[Alert, ...] = (),
    *,
    infos: bool = True,
    **more: object,
) -> Alert:
    """The number-th of its sender's, a minute after the one before; it expires in a day."""
    values = {
        "identifier": f"storm-{number}",
        "sender": SENDER,
        "sent": BEGIN + timedelta(minutes=number),
        "status": "Actual",
        "message_type": message_type,
        "scope": "Public",
        "references": " ".join(str(key_of(each)) for each in about) or None,
        "infos": (info("vi", f"Bão số {number}"), info("en", f"Storm {number}")) if infos else (),
        **more,
    }
    return Alert(**values)  # type: ignore[arg-type]


def info(language: str, headline: str, **more: object) -> Info:
    values = {
        "categories": ("Met",),
        "event": headline,
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        "language": language,
        "expires": BEGIN + timedelta(days=1),
        "headline": headline,
        "instruction": {"vi": "Ở trong nhà.", "en": "Stay inside."}[language],
        "areas": (Area("Quảng Bình", circles=("17.5,106.6 40",)),),
        **more,
    }
    return Info(**values)  # type: ignore[arg-type]


def octets(alert: Alert) -> bytes:
    return write(alert)
