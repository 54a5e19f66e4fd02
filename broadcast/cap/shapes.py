"""The CAP 1.2 schema as a table: which elements an element has, in which order, how often, and of which type.

After CAP-v1.2.xsd, Copyright OASIS Open 2010. The reader and the writer both go by this; a test holds it to the schema.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from broadcast.cap.record import Alert, Area, Info, Pair, Resource
from broadcast.cap.values import DECIMAL, INTEGER, LANGUAGE, TEXT, TIME, URI, WEB, Value, one_of

Times = Literal["one", "perhaps", "many", "some"]  # 1, 0-1, 0-n, 1-n


@dataclass(frozen=True, slots=True)
class Part:
    """tag: the element's name; field: where it goes in the record."""

    tag: str
    field: str
    holds: "Value | Shape"
    times: Times = "perhaps"

    @property
    def needed(self) -> bool:
        return self.times in ("one", "some")

    @property
    def repeats(self) -> bool:
        return self.times in ("many", "some")


@dataclass(frozen=True, slots=True)
class Shape:
    """An element that holds elements. made: the record's class."""

    made: type[Any]
    parts: tuple[Part, ...]


STATUSES: Final = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES: Final = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES: Final = ("Public", "Restricted", "Private")
CATEGORIES: Final = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
)  # fmt: skip
RESPONSE_TYPES: Final = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCIES: Final = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES: Final = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES: Final = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

PAIR: Final = Shape(Pair, (Part("valueName", "name", TEXT, "one"), Part("value", "value", TEXT, "one")))
RESOURCE: Final = Shape(
    Resource,
    (
        Part("resourceDesc", "description", TEXT, "one"),
        Part("mimeType", "mime_type", TEXT, "one"),
        Part("size", "size", INTEGER),
        Part("uri", "uri", URI),
        Part("derefUri", "deref_uri", TEXT),
        Part("digest", "digest", TEXT),
    ),
)
AREA: Final = Shape(
    Area,
    (
        Part("areaDesc", "description", TEXT, "one"),
        Part("polygon", "polygons", TEXT, "many"),
        Part("circle", "circles", TEXT, "many"),
        Part("geocode", "geocodes", PAIR, "many"),
        Part("altitude", "altitude", DECIMAL),
        Part("ceiling", "ceiling", DECIMAL),
    ),
)
INFO: Final = Shape(
    Info,
    (
        Part("language", "language", LANGUAGE),
        Part("category", "categories", one_of(*CATEGORIES), "some"),
        Part("event", "event", TEXT, "one"),
        Part("responseType", "response_types", one_of(*RESPONSE_TYPES), "many"),
        Part("urgency", "urgency", one_of(*URGENCIES), "one"),
        Part("severity", "severity", one_of(*SEVERITIES), "one"),
        Part("certainty", "certainty", one_of(*CERTAINTIES), "one"),
        Part("audience", "audience", TEXT),
        Part("eventCode", "event_codes", PAIR, "many"),
        Part("effective", "effective", TIME),
        Part("onset", "onset", TIME),
        Part("expires", "expires", TIME),
        Part("senderName", "sender_name", TEXT),
        Part("headline", "headline", TEXT),
        Part("description", "description", TEXT),
        Part("instruction", "instruction", TEXT),
        Part("web", "web", WEB),
        Part("contact", "contact", TEXT),
        Part("parameter", "parameters", PAIR, "many"),
        Part("resource", "resources", RESOURCE, "many"),
        Part("area", "areas", AREA, "many"),
    ),
)
ALERT: Final = Shape(
    Alert,
    (
        Part("identifier", "identifier", TEXT, "one"),
        Part("sender", "sender", TEXT, "one"),
        Part("sent", "sent", TIME, "one"),
        Part("status", "status", one_of(*STATUSES), "one"),
        Part("msgType", "message_type", one_of(*MESSAGE_TYPES), "one"),
        Part("source", "source", TEXT),
        Part("scope", "scope", one_of(*SCOPES), "one"),
        Part("restriction", "restriction", TEXT),
        Part("addresses", "addresses", TEXT),
        Part("code", "codes", TEXT, "many"),
        Part("note", "note", TEXT),
        Part("references", "references", TEXT),
        Part("incidents", "incidents", TEXT),
        Part("info", "infos", INFO, "many"),
    ),
)
