"""Google Public Alerts' rules for CAP."""

from typing import Final

from broadcast.cap.profiles.rule import (
    Rule,
    differ,
    each_area,
    each_info,
    empty_geocodes,
    events_differ,
    in_utc,
    is_unknown,
    missing,
    no_info,
    no_references,
    no_shape,
    point_circles,
    same,
    whole,
)
from broadcast.languages import N_

_HEADLINE_MOST: Final = 140

GOOGLE: Final = (
    Rule("references_missing", "error", N_("an Update or Cancel must reference what has not expired: add <references>"), no_references()),
    Rule("categories_differ", "error", N_("all <info> must have the same <category>: make them alike"), differ("category")),
    Rule("event_codes_differ", "error", N_("all <info> must have the same <eventCode>: make them alike"), differ("eventCode")),
    Rule("info_missing", "error", N_("at least one <info> is needed: add it"), no_info()),
    Rule("description_missing", "error", N_("<description> is needed: add it"), missing("description")),
    Rule("web_missing", "error", N_("<web> is needed: add it"), missing("web")),
    Rule("expires_missing", "error", N_("<expires> is needed: add it"), missing("expires")),
    Rule("effective_late", "error", N_("<effective>, or <sent>, is after <expires>: correct one of them"),
         each_info(lambda alert, info: info.expires is not None and (info.effective or alert.sent) > info.expires, "effective")),
    Rule("area_missing", "error", N_("at least one <area> is needed: add it"), missing("area")),
    Rule("area_empty", "error", N_("each <area> needs a <circle>, <polygon> or <geocode>: add one"),
         each_area(lambda area: not (area.geocodes or area.circles or area.polygons))),
    Rule("sender_name_missing", "advice", N_("<senderName> is strongly recommended: add it"), missing("senderName")),
    Rule("response_type_missing", "advice", N_("<responseType> is strongly recommended: add it"), missing("responseType")),
    Rule("instruction_missing", "advice", N_("<instruction> is strongly recommended: add it"), missing("instruction")),
    Rule("shape_missing", "advice", N_("<polygon> or <circle> says more exactly where: add one"), no_shape()),
    Rule("test_not_shown", "advice", N_("an alert of <status> Test is not shown to the public"), whole(lambda alert: alert.status == "Test", "status")),
    Rule("headline_long", "advice", N_("<headline> has more than 140 characters: shorten it"),
         each_info(lambda _, info: len(info.headline or "") > _HEADLINE_MOST, "headline")),
    Rule("headline_is_description", "advice", N_("<headline> and <description> are the same: say more in the second"), same("headline", "description")),
    Rule("instruction_is_description", "advice", N_("<instruction> and <description> are the same: say what to do in the first"), same("instruction", "description")),
    Rule("urgency_unknown", "advice", N_("<urgency> Unknown helps nobody: say how soon"), is_unknown("urgency")),
    Rule("severity_unknown", "advice", N_("<severity> Unknown helps nobody: say how bad"), is_unknown("severity")),
    Rule("certainty_unknown", "advice", N_("<certainty> Unknown helps nobody: say how sure"), is_unknown("certainty")),
    Rule("contact_missing", "advice", N_("<contact> lets people ask: add it"), missing("contact")),
    Rule("circle_is_a_point", "advice", N_("a <circle> is where people are to be told, not where it happened: give it a radius"), point_circles()),
    Rule("events_differ", "advice", N_("<info> of one language should name the same <event>: make them alike"), events_differ()),
    Rule("geocode_empty", "advice", N_("<geocode> should have a name and a value: fill them in"), empty_geocodes()),
    Rule("sent_in_utc", "note", N_("<sent> is in UTC: if the country is not, its own time is easier to read"), in_utc("sent")),
    Rule("effective_in_utc", "note", N_("<effective> is in UTC: if the country is not, its own time is easier to read"), in_utc("effective")),
    Rule("onset_in_utc", "note", N_("<onset> is in UTC: if the country is not, its own time is easier to read"), in_utc("onset")),
    Rule("expires_in_utc", "note", N_("<expires> is in UTC: if the country is not, its own time is easier to read"), in_utc("expires")),
)  # fmt: skip
