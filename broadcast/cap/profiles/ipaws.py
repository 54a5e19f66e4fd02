"""The IPAWS profile of the United States, 1.0 (OASIS, 2009)."""

from typing import Final

from broadcast.cap.profiles.rule import (
    Rule,
    count_event_codes,
    differ,
    each_info,
    in_utc,
    missing,
    no_code,
    no_geocode,
    no_references,
    there,
)
from broadcast.cap.record import Alert, Info
from broadcast.languages import N_


def _not_one_same(_: Alert, info: Info) -> bool:
    return not count_event_codes(info, "SAME") == count_event_codes(info, "SAME", "...") == 1


IPAWS: Final = (
    Rule("sent_in_utc", "error", N_("<sent> must have the offset of the place: write its own time"), in_utc("sent")),
    Rule("expires_in_utc", "error", N_("<expires> must have the offset of the place: write its own time"), in_utc("expires")),
    Rule("code_missing", "error", N_("<code> must be IPAWSv1.0: add it"), no_code("IPAWSv1.0")),
    Rule("references_missing", "error", N_("an Update or Cancel must reference what has not expired: add <references>"), no_references()),
    Rule("event_codes_differ", "error", N_("all <info> must have the same <eventCode>: make them alike"), differ("eventCode")),
    Rule("categories_differ", "error", N_("all <info> must have the same <category>: make them alike"), differ("category")),
    Rule("same_code_missing", "error", N_("exactly one <eventCode> named SAME, of three letters, is needed: correct it"), each_info(_not_one_same)),
    Rule("expires_missing", "error", N_("<expires> is needed: add it"), missing("expires")),
    Rule("area_missing", "error", N_("at least one <area> is needed: add it"), missing("area")),
    Rule("effective_ignored", "advice", N_("<effective> is ignored: an alert holds from when it is sent"), there("effective")),
    Rule("onset_ignored", "advice", N_("<onset> is ignored: an alert holds from when it is sent"), there("onset")),
    Rule("description_missing", "advice", N_("<description> should say something: add it"), missing("description")),
    Rule("instruction_missing", "advice", N_("<instruction> should say something: add it"), missing("instruction")),
    Rule("same_geocode_missing", "advice", N_("each <area> should have a <geocode> named SAME, of six digits: add it"), no_geocode("SAME", ".{6}")),
)  # fmt: skip
