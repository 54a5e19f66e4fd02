"""What the chain says of accounts, roles and rules, and what stands in the tables of it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from broadcast.acts.difference import UNREADABLE, Difference, of_act, unreadable
from broadcast.acts.entry import Entry
from broadcast.languages import N_, _

_GRANTED: Final = N_(
    "somebody gave it by a GRANT of his own, past two admins: `broadcast user` shows who has what; take it away "
    "(REVOKE), and ask who can do that"
)
_TAKEN: Final = N_("somebody took it away by a REVOKE of his own, or dropped the login")
_BY_HAND: Final = N_("the table was changed by hand, by a superuser or the owner")
_ALONE: Final = N_("two admins are needed: the function that notes this was changed, or gone round")


@dataclass(slots=True)
class People:
    """accounts: login -> whether it is enabled. roles: kinds by login. rules: by key. As the chain says, or tables."""

    accounts: dict[str, bool] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)


def replay_people(entries: Iterable[Entry]) -> tuple[People, list[Difference]]:
    """What the chain says, and what in it could not be."""
    told, differences = People(), list[Difference]()
    for entry in entries:
        try:
            if entry.what.endswith(" confirmed") and entry.told.get("proposed_by") == entry.who:
                alone = _("{who} confirms what {who} proposed", who=entry.who)
                differences.append(of_act(entry.act_no, alone, _(_ALONE)))
            _tell(told, entry)
        except UNREADABLE:
            differences.append(unreadable(entry))
    return told, differences


def _tell(told: People, entry: Entry) -> None:
    said = entry.told
    match entry.what:
        case "account begun" | "account confirmed":
            told.accounts[entry.subject] = True
            told.roles.setdefault(entry.subject, set()).update(said["kinds"])
        case "role confirmed":
            told.roles.setdefault(entry.subject, set()).add(said["kind"])
        case "role taken":
            told.roles.setdefault(entry.subject, set()).discard(said["kind"])
        case "account disabled":
            told.accounts[entry.subject] = False
            told.roles.pop(entry.subject, None)
        case "rule confirmed" | "rule begun":
            told.rules[entry.subject] = said["value"]


def compare_people(told: People, found: People) -> list[Difference]:
    """found: as the tables and PostgreSQL's own say."""
    return [*_accounts(told, found), *_roles(told.roles, found.roles), *_rules(told.rules, found.rules)]


def _accounts(told: People, found: People) -> Iterator[Difference]:
    words = {None: _("not there"), True: _("enabled"), False: _("disabled")}
    for name in sorted(told.accounts.keys() | found.accounts.keys()):
        said, there = told.accounts.get(name), found.accounts.get(name)
        if said != there:
            what = _("it is {found}, and by the chain {told}", found=words[there], told=words[said])
            yield Difference(_account(name), what, _(_BY_HAND))


def _roles(told: Mapping[str, set[str]], found: Mapping[str, set[str]]) -> Iterator[Difference]:
    for name in sorted(told.keys() | found.keys()):
        said, there = told.get(name, set()), found.get(name, set())
        for kind in sorted(there - said):
            what = _("it has the role {kind}, and no act gave it", kind=kind)
            yield Difference(_account(name), what, _(_GRANTED))
        for kind in sorted(said - there):
            what = _("it has the role {kind} by the chain, and not here", kind=kind)
            yield Difference(_account(name), what, _(_TAKEN))


def _rules(told: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted(told.keys() | found.keys()):
        if told.get(key) != found.get(key):
            there, said = _word(found.get(key)), _word(told.get(key))
            what = _("it is {found}, and by the chain {told}", found=there, told=said)
            yield Difference(_("rule {key}", key=key), what, _(_BY_HAND))


def _account(name: str) -> str:
    return _("account {name}", name=name)


def _word(value: Any) -> str:
    return _("unset") if value is None else str(value)
