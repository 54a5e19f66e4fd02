"""CAP-AU-STD, the Australian profile, and its list of events (AUeventLIST 1.0, in australia_events.toml)."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from broadcast.cap.profiles.rule import (
    Rule,
    count_event_codes,
    differ,
    each_info,
    events_differ,
    missing,
    no_code,
    no_geocode,
    no_info,
    no_references,
    no_shape,
    shape_and_geocode,
    whole,
)
from broadcast.cap.record import Alert, Info
from broadcast.languages import N_

_CODE: Final = "urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0"
_LIST: Final = "https://govshare.gov.au/xmlui/handle/10772/6495"
_NAMES: Final = re.escape(_LIST)
_GEOCODES: Final = "|".join(
    re.escape(name)
    for name in (
        "http://www.psma.com.au/?product=g-naf",
        "http://www.iso.org/iso/country_codes.html",
        "http://www.ga.gov.au/place-name/",
        "http://www.psma.com.au/?product=postcode-boundaries",
    )
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w.-]+")


@cache
def events() -> Mapping[str, tuple[str, ...]]:
    """Code -> what <event> may be with it."""
    table = files("broadcast.cap.profiles").joinpath("australia_events.toml").read_text("utf-8")
    return {code: tuple(names) for code, names in tomllib.loads(table).items()}


def _codes(info: Info) -> list[str]:
    return [pair.value for pair in info.event_codes if pair.name == _LIST]


def _several(alert: Alert) -> Iterator[str]:
    """None at all, or another than the first."""
    listed = [code for info in alert.infos for code in _codes(info)]
    for number, info in enumerate(alert.infos, 1):
        if not listed or any(code != listed[0] for code in _codes(info)):
            yield f"info[{number}]"


def _unlisted(_: Alert, info: Info) -> bool:
    return any(code not in events() for code in _codes(info))


def _misnamed(_: Alert, info: Info) -> bool:
    return any(code in events() and info.event not in events()[code] for code in _codes(info))


AUSTRALIA: Final = (
    Rule("code_missing", "error", N_("<code> must be urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0: add it"), no_code(_CODE)),
    Rule("references_missing", "error", N_("an Update or Cancel must reference what has not expired: add <references>"), no_references()),
    Rule("categories_differ", "error", N_("all <info> must have the same <category>: make them alike"), differ("category")),
    Rule("event_codes_differ", "error", N_("all <info> must have the same <eventCode>: make them alike"), differ("eventCode")),
    Rule("event_code_not_one", "error", N_("an alert needs one single <eventCode> of the list https://govshare.gov.au/xmlui/handle/10772/6495: correct it"), _several),
    Rule("events_differ", "error", N_("<info> of one language must name the same <event>: make them alike"), events_differ()),
    Rule("event_code_unlisted", "error", N_("<eventCode> is not in AUeventLIST 1.0: take one that is"), each_info(_unlisted)),
    Rule("event_misnamed", "error", N_("<event> is not what AUeventLIST 1.0 calls the <eventCode>: make them agree"), each_info(_misnamed)),
    Rule("info_missing", "error", N_("at least one <info> is needed: add it"), no_info("Ack", "Error")),
    Rule("effective_in_cancel", "error", N_("a Cancel may have no <effective>: take it out"),
         each_info(lambda alert, info: alert.message_type == "Cancel" and info.effective is not None, "effective")),
    Rule("area_missing", "error", N_("at least one <area> is needed: add it"), missing("area")),
    Rule("sender_no_email", "advice", N_("<sender> should be an address, alerts@example.gov.au say: correct it"),
         whole(lambda alert: not _EMAIL.fullmatch(alert.sender), "sender")),
    Rule("test_not_sent", "advice", N_("an alert of <status> Test is logged, and not broadcast"), whole(lambda alert: alert.status == "Test", "status")),
    Rule("event_list_unused", "advice", N_("no <eventCode> is of AUeventLIST: add one"),
         each_info(lambda _, info: not count_event_codes(info, _NAMES))),
    Rule("expires_missing", "advice", N_("<expires> is strongly recommended: add it"), missing("expires")),
    Rule("sender_name_missing", "advice", N_("<senderName> is strongly recommended: add it"), missing("senderName")),
    Rule("response_type_missing", "advice", N_("<responseType> is strongly recommended: add it"), missing("responseType")),
    Rule("instruction_missing", "advice", N_("<instruction> is strongly recommended: add it"), missing("instruction")),
    Rule("shape_missing", "advice", N_("<polygon> or <circle> says more exactly where: add one"), no_shape()),
    Rule("shape_preferred", "note", N_("where an <area> has shapes and geocodes, the shapes are what is meant"), shape_and_geocode()),
    Rule("geocode_missing", "advice", N_("each <area> should have a <geocode> of G-NAF, ISO 3166-2, the gazetteer or postcodes: add it"), no_geocode(_GEOCODES)),
)  # fmt: skip
