"""Every kind of fault that CAP itself knows: the file, the schema, and section 3.2 of the standard.

A message never repeats what the file says, which may be a text or a number of somebody; the line finds it. What the
profiles of countries ask beyond is in `profiles/`.
"""

from typing import Final

from broadcast.cap.faults import Kind, Level
from broadcast.languages import N_

KINDS: Final[dict[str, Kind]] = {}


def _kind(name: str, message: str, level: Level = "error") -> Kind:
    KINDS[name] = Kind(name, level, message)
    return KINDS[name]


# the file, before anything is parsed
TOO_LARGE: Final = _kind("too_large", N_("the file has more than {most} octets: send the resources as links"))
ENCODING_UNKNOWN: Final = _kind(
    "encoding_unknown", N_("the file is not in UTF-8, UTF-16 or ISO-8859-1: save it as UTF-8")
)
ENCODING_DIFFERS: Final = _kind(
    "encoding_differs",
    N_("the file is in {found}, and says that it is in something else: correct encoding= in its first line"),
)
ENCODING_BROKEN: Final = _kind("encoding_broken", N_("this is not {encoding}: save the file as UTF-8"))
EMPTY: Final = _kind("empty", N_("there is nothing in it: give a file with a CAP alert"))
MARKUP_OPEN: Final = _kind(
    "markup_open", N_("a tag, comment or quotation is not closed: close it, or write < as &lt;")
)
DOCTYPE: Final = _kind("doctype", N_("a DOCTYPE or entity declaration is not allowed in CAP: take it out"))
TOO_DEEP: Final = _kind("too_deep", N_("elements stand more than {most} deep: no CAP alert needs that"))
TOO_MANY_ELEMENTS: Final = _kind(
    "too_many_elements", N_("there are more than {most} elements: split the alert")
)
TOO_MANY_ATTRIBUTES: Final = _kind(
    "too_many_attributes", N_("an element has more than {most} attributes: take them out")
)
ATTRIBUTE_TOO_LONG: Final = _kind(
    "attribute_too_long", N_("a tag has more than {most} characters: shorten it")
)

# XML, and what it is
NOT_WELL_FORMED: Final = _kind(
    "not_well_formed", N_("the XML is broken ({said}): correct it here, or just before")
)
NOT_AN_ALERT: Final = _kind(
    "not_an_alert", N_("this is not a CAP alert: its first element must be <alert> in {namespace}")
)
IN_A_FEED: Final = _kind(
    "in_a_feed", N_("this is a feed or an envelope: give the <alert> inside it, as a file of its own")
)
CAP_1_0: Final = _kind("cap_1_0", N_("this is CAP 1.0, which reads otherwise: ask the sender for CAP 1.2"))
CAP_1_1: Final = _kind("cap_1_1", N_("this is CAP 1.1: it is read as CAP 1.2"), "note")

# the schema
ELEMENT_UNKNOWN: Final = _kind(
    "element_unknown", N_("<{what}> has no place in <{parent}>: take it out, or correct its name")
)
ELEMENT_MISPLACED: Final = _kind(
    "element_misplaced", N_("<{what}> comes too late: in <{parent}> it stands before <{after}>")
)
ELEMENT_REPEATED: Final = _kind("element_repeated", N_("<{what}> stands twice in <{parent}>: keep one"))
ELEMENT_MISSING: Final = _kind("element_missing", N_("<{parent}> has no <{what}>: add it"))
ATTRIBUTE_UNKNOWN: Final = _kind("attribute_unknown", N_("<{what}> may have no attributes: take them out"))
TEXT_MISPLACED: Final = _kind(
    "text_misplaced", N_("text stands between the elements of <{what}>: put it into one, or take it out")
)
PASSWORD_REMOVED: Final = _kind(
    "password_removed", N_("<password> is of CAP 1.0 and is no secret here: take it out")
)
VALUE_NOT_LISTED: Final = _kind("value_not_listed", N_("<{what}> must be one of {said}, spelled so"))
VERY_LIKELY: Final = _kind("very_likely", N_('<certainty> "Very Likely" is of CAP 1.0: write Likely'))
TIME_INVALID: Final = _kind("time_invalid", N_("<{what}> must be a time like 2002-05-24T16:49:00-07:00"))
LANGUAGE_INVALID: Final = _kind(
    "language_invalid", N_("<{what}> must be a language as RFC 3066 has them, en-US or vi say")
)
NUMBER_INVALID: Final = _kind("number_invalid", N_("<{what}> must be a number of feet, 1500 or 12.5 say"))
SIZE_INVALID: Final = _kind("size_invalid", N_("<{what}> must be a whole number of octets, 0 or more"))
URI_INVALID: Final = _kind(
    "uri_invalid", N_("<{what}> must be an address without blanks, https://example.org/map.png say")
)
WEB_INVALID: Final = _kind(
    "web_invalid", N_("<{what}> must be a whole address, https://example.org/alert say")
)

# section 3.2
IDENTIFIER_INVALID: Final = _kind(
    "identifier_invalid", N_("<identifier> is empty, or has blanks, commas, < or &: take them out")
)
SENDER_INVALID: Final = _kind(
    "sender_invalid", N_("<sender> is empty, or has blanks, commas, < or &: take them out")
)
RESTRICTION_NEEDLESS: Final = _kind(
    "restriction_needless",
    N_("<restriction> belongs to <scope> Restricted only: take it out, or restrict the alert"),
)
RESTRICTION_MISSING: Final = _kind(
    "restriction_missing", N_("<scope> is Restricted and <restriction> does not say how: add it"), "warning"
)
ADDRESSES_MISSING: Final = _kind(
    "addresses_missing", N_("<scope> is Private and <addresses> names nobody: add it")
)
QUOTES_OPEN: Final = _kind("quotes_open", N_("a quotation mark in <{what}> is not closed: close it"))
REFERENCES_INVALID: Final = _kind(
    "references_invalid", N_("entry {number} of <references> must be sender,identifier,sent")
)
REFERENCES_TOO_MANY: Final = _kind(
    "references_too_many", N_("<references> has more than {most} entries: keep those that have not expired")
)
REFERENCES_MISSING: Final = _kind(
    "references_missing",
    N_("a message of type {said} must say in <references> which one it is about: add it"),
)
REFERENCE_TO_ITSELF: Final = _kind(
    "reference_to_itself", N_("entry {number} of <references> is this alert itself: take it out")
)
REFERENCE_LATER: Final = _kind(
    "reference_later", N_("entry {number} of <references> is later than <sent>: check both times"), "warning"
)
ERROR_UNEXPLAINED: Final = _kind(
    "error_unexplained", N_("<msgType> Error should say in <note> what is wrong: add it"), "warning"
)
EXERCISE_UNNAMED: Final = _kind(
    "exercise_unnamed", N_("<status> Exercise should name the exercise in <note>: add it"), "warning"
)
TEXT_EMPTY: Final = _kind("text_empty", N_("<{what}> is empty: fill it in"), "warning")
MIME_TYPE_INVALID: Final = _kind(
    "mime_type_invalid", N_("<mimeType> must be a type and subtype as RFC 2046 has them, image/png say")
)
DEREF_URI_INVALID: Final = _kind("deref_uri_invalid", N_("<derefUri> must be the resource itself in base64"))
DEREF_URI_MISSING: Final = _kind(
    "deref_uri_missing",
    N_("<uri> is relative, so <derefUri> must hold the resource: add it, or write the whole address"),
)
DIGEST_INVALID: Final = _kind(
    "digest_invalid", N_("<digest> should be SHA-1 in 40 hexadecimal digits"), "warning"
)
POLYGON_INVALID: Final = _kind(
    "polygon_invalid",
    N_("<polygon> must be four or more pairs latitude,longitude with blanks between, the last as the first"),
)
POLYGON_TOO_LONG: Final = _kind("polygon_too_long", N_("<polygon> has more than {most} corners: simplify it"))
POLYGON_CROSSES: Final = _kind(
    "polygon_crosses", N_("the edges {first} and {second} of <polygon> cross: put its corners in order")
)
POLYGON_UNCHECKED: Final = _kind(
    "polygon_unchecked",
    N_("<polygon> has so many corners that nobody looked whether its edges cross: give one with fewer"),
    "warning",
)
CIRCLE_INVALID: Final = _kind(
    "circle_invalid",
    N_("<circle> must be latitude,longitude, a blank, and a radius in kilometres: 32.9,-115.5 15"),
)
OFF_THE_EARTH: Final = _kind(
    "off_the_earth",
    N_("<{what}> has a latitude beyond 90 or a longitude beyond 180 degrees: latitude comes first"),
)
CEILING_ALONE: Final = _kind("ceiling_alone", N_("<ceiling> needs an <altitude>: add it"))
CEILING_BELOW: Final = _kind("ceiling_below", N_("<ceiling> is below <altitude>: exchange them"))
HTML_ENTITIES: Final = _kind(
    "html_entities",
    N_("<{what}> has HTML entities, which people would read as they are: write the letters"),
    "warning",
)
HTML_TAGS: Final = _kind(
    "html_tags", N_("<{what}> has HTML tags, which people would read as they are: take them out"), "warning"
)
SAME_TEXT: Final = _kind(
    "same_text",
    N_("<{what}> is the same in two <info> of different languages: translate it, or correct <language>"),
    "warning",
)
