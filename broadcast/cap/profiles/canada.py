"""CAP-CP, the Canadian profile, 1.0: its rules by number stand in its introduction and rule set."""

from typing import Final

from broadcast.cap.profiles.rule import (
    Rule,
    count_event_codes,
    differ,
    each_info,
    missing,
    no_code,
    no_geocode,
    no_info,
    no_references,
    no_shape,
    shape_and_geocode,
    whole,
)
from broadcast.cap.record import Alert
from broadcast.languages import N_


def _one_language(alert: Alert) -> bool:
    spoken = {info.spoken.lower() for info in alert.infos}
    return not (spoken & {"en-ca", "en-us"} and "fr-ca" in spoken)


CANADA: Final = (
    Rule("code_missing", "error", N_("<code> must name the profile, profile:CAP-CP:1.0 say: add it"), no_code("profile:CAP-CP:")),
    Rule("references_missing", "error", N_("an Update or Cancel must reference what has not expired: add <references>"), no_references()),
    Rule("event_codes_differ", "error", N_("all <info> must have the same <eventCode>: make them alike"), differ("eventCode")),
    Rule("event_code_missing", "error", N_("an <eventCode> of profile:CAP-CP:Event is needed: add it"),
         each_info(lambda _, info: not count_event_codes(info, "profile:CAP-CP:Event:.*"))),
    Rule("info_missing", "error", N_("at least one <info> is needed: add it"), no_info("Ack", "Error")),
    Rule("area_missing", "error", N_("at least one <area> is needed: add it"), missing("area")),
    Rule("geocode_missing", "error", N_("each <area> needs a <geocode> of profile:CAP-CP:Location: add it"), no_geocode("profile:CAP-CP:Location.*")),
    Rule("english_and_french", "advice", N_("an <info> in en-CA and one in fr-CA reach everybody: add the missing one"), whole(_one_language)),
    Rule("expires_missing", "advice", N_("<expires> is strongly recommended: add it"), missing("expires")),
    Rule("sender_name_missing", "advice", N_("<senderName> is strongly recommended: add it"), missing("senderName")),
    Rule("response_type_missing", "advice", N_("<responseType> is strongly recommended: add it"), missing("responseType")),
    Rule("instruction_missing", "advice", N_("<instruction> is strongly recommended: add it"), missing("instruction")),
    Rule("shape_missing", "advice", N_("<polygon> or <circle> says more exactly where: add one"), no_shape()),
    Rule("shape_preferred", "note", N_("where an <area> has shapes and geocodes, the shapes are what is meant"), shape_and_geocode()),
)  # fmt: skip
