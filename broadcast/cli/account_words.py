"""What commands of accounts and rules say: how each database took it, what waits for whom, who is what."""

from collections.abc import Sequence
from typing import Any

from broadcast.actions.accounts import Account, Proposal, Told
from broadcast.cli.output import note, print_json, say, time_words
from broadcast.errors import RefusedError
from broadcast.languages import _


def say_told(told: Sequence[Told], done: str, as_json: bool) -> None:
    """What was done at home, and of each ledger what it said. Raises RefusedError, once all was said, where a ledger
    could not be told."""
    if as_json:
        print_json({each.ledger or "home": each for each in told})
    elif not told[0].problem:
        say(done)
    wrong = [each for each in told if each.problem]
    for each in wrong:
        where = _("ledger {ledger}: ", ledger=each.ledger) if each.ledger else _("home: ")
        note(f"{where}{each.problem}")
    if any(each.ledger for each in wrong):
        raise RefusedError(_("not every ledger was told: see above, then run this again"))


def proposed(told: Sequence[Told]) -> str:
    """Its number at home is what another admin gives."""
    return _(
        "proposal {number}: another admin confirms it (broadcast user confirm {number})",
        number=str(told[0].number),
    )


def proposal_words(each: Proposal) -> str:
    """In one line: what, for whom, by whom."""
    said = _(
        "proposal {number}: {what}, by {who} at {at}",
        number=str(each.number),
        what=_what(each),
        who=each.proposed_by,
        at=time_words(each.at),
    )
    if each.code:
        said += _("; password's code {code}, as {name} saw it", code=each.code, name=each.subject)
    return said


def account_row(each: Account) -> tuple[Any, ...]:
    """Of the list."""
    remark = ""
    if not each.known:
        remark = _("logs in, but is no account: `user add` makes it one")
    elif each.disabled_at is not None:
        remark = _("disabled {at} by {who}", at=time_words(each.disabled_at), who=each.disabled_by)
    return each.name, ", ".join(each.kinds), each.at, remark


def _what(each: Proposal) -> str:
    match each.kind:
        case "account":
            return _("account {name} ({kinds})", name=each.subject, kinds=", ".join(each.details["kinds"]))
        case "role":
            return _("{name} as {kind}", name=each.subject, kind=each.details["kind"])
        case "password":
            return _("a new password for {name}", name=each.subject)
        case _other:
            return _("rule {key} = {value}", key=each.subject, value=str(each.details["value"]))
