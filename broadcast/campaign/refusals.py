"""What the database's functions of the desk refuse, in words for a person, with the way out.

Each refusal has a SQLSTATE of its own, and as its DETAIL a JSON object of what the words need. BC003 (a rule) and BC004
(the input) say the sentence themselves.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import asyncpg

from broadcast.campaign.lifecycle import CampaignState, refused_move
from broadcast.campaign.sentences import said
from broadcast.errors import BroadcastError, InputError, RefusedError
from broadcast.languages import N_, _, term

Details = Mapping[str, Any]
_Words = Callable[[Details], BroadcastError]


def _rule(words: str) -> _Words:
    return lambda details: RefusedError(_(words, **details))


def _input(words: str) -> _Words:
    return lambda details: InputError(_(words, **details))


# Of an expiry that has passed, or is in another century: what to do at that step.
_EDIT: Final = N_("edit it with a later one (--expires), and have that approved")
_LATER: Final = {
    "draft": N_("give a later one"),
    "approve": _EDIT,
    "launch": _EDIT,
    "resume": N_("cancel it and draft another campaign"),
    "enter": N_("nobody hears it any more"),
}


def _passed(details: Details) -> BroadcastError:
    kind = InputError if details["step"] == "draft" else RefusedError
    return kind(_("the campaign's expiry has passed: {way_out}", way_out=_(_LATER[details["step"]])))


def _century(details: Details) -> BroadcastError:
    kind = InputError if details["step"] == "draft" else RefusedError
    return kind(_("the campaign's expiry is in another century: give an earlier one"))


_WORDS: Final[Mapping[str, _Words]] = {
    "BC010": _rule(N_("{who} may not do that: it takes the role {kind}, see `broadcast user list`")),
    "BC011": _input(N_("there is no campaign with the number {campaign_id}")),
    "BC012": lambda details: refused_move(
        CampaignState(details["origin"]), CampaignState(details["target"])
    ),
    "BC013": _passed,
    "BC014": _century,
    "BC015": _input(N_("say why: --reason TEXT")),
    "BC016": _input(N_("there is a campaign {name} already: choose another name, or edit that one")),
    "BC017": _rule(N_("who drafted a campaign cannot approve it: a second person must (--as NAME)")),
    "BC018": _rule(N_(
        "the campaign is by {name}, who has no account, so nobody knows who that was: edit it with an account, and have"
        " that approved")),
    "BC019": _rule(N_(
        "the content has another code than the one given: it was edited since it was shown, or the code is"
        " mistyped; look at it again (`broadcast campaign show`) and give the code that stands there")),
    "BC020": _rule(N_(
        "{who} has approved it already: `broadcast campaign show` says whether another person must, too (--as NAME)")),
    "BC021": _rule(N_("the campaign was returned, and has not been edited since: see why (`broadcast campaign show`)")),
    "BC022": _rule(N_("no rule allows an override: another person must approve it (--as NAME)")),
    "BC023": _rule(N_("the campaign is {state}, and no approval of it is missing")),
    "BC024": _rule(N_("who overrides has approved it before: approve it, and override it later if nobody else comes")),
    "BC025": _rule(N_("it is too early for an override: in {seconds} s, if nobody else has approved it by then")),
    "BC026": _rule(N_("{who} has not approved it: `broadcast campaign return` says no to it")),
    "BC027": _rule(N_("the campaign is not approved: a second person must approve it first")),
    "BC028": _rule(N_("the campaign is not what was approved: have it approved again")),
    "BC029": _rule(N_("{signer} approved it, and may approve nothing any more: edit it, and have that approved")),
    "BC030": _rule(N_(
        "the approval of {signer} is not in the audit chain, somebody wrote it there by force: see"
        " `broadcast audit verify`")),
    "BC031": _rule(N_("who hears a campaign is written by its launch alone: `broadcast campaign launch`")),
    "BC032": _rule(N_(
        "an exercise for {large} people or more needs approvals of more people ({missing} missing): approve it"
        " (--as NAME), and launch then")),
    "BC033": _rule(N_("the campaign is {state}: only a paused one can be resumed")),
    "BC034": _rule(N_("the campaign was launched already: resume it (`broadcast campaign resume`)")),
    "BC040": _rule(N_(
        "not more than {most} numbers are erased in 24 hours: wait, or have two admins change the rule erased_a_day"
        " (`broadcast rules set`)")),
    "BC050": lambda details: RefusedError(
        _("the campaign is {state}: people enter a running one alone", state=term(details["state"]))),
    "BC051": _rule(N_("what was approved does not name the list {list}: nobody enters by it")),
    "42501": _rule(N_("this account may not do that: see `broadcast user list` for who may")),
}  # fmt: skip
_BY_ITSELF: Final[Mapping[str, type[BroadcastError]]] = {"BC003": RefusedError, "BC004": InputError}


def refusal(error: asyncpg.PostgresError) -> BroadcastError | None:
    """What a person sees of it; None: it is no refusal."""
    code = error.sqlstate or ""
    if code in _BY_ITSELF:
        return _BY_ITSELF[code](said(error.args[0]))
    words = _WORDS.get(code)
    return words and words(json.loads(error.detail or "{}") if code.startswith("BC") else {})


@contextmanager
def told() -> Iterator[None]:
    """What the desk refuses in this block is raised as a person sees it."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if (known := refusal(error)) is None:
            raise
        raise known from error
