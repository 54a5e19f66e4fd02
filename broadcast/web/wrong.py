"""What is wrong, as the board shows it: of all alerts, carriers and databases, each once, and whom to call. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from broadcast.languages import _
from broadcast.visible import visible
from broadcast.web.view import View

_AS_IT_SHOULD_BE: Final = frozenset({"tps_reached"})


@dataclass(frozen=True, slots=True)
class WrongShown:
    grave: bool
    carrier: str
    alert: str
    sentence: str
    run: str
    contacts: tuple[Mapping[str, str], ...]


def wrong(said: Mapping[str, Any], view: View) -> list[WrongShown]:
    """said: the document. Each once: first databases that are away, then alerts of which something is grave, then the
    nation where something of it is; of one in the order of the diagnosis, a cause before what it explains."""
    found = [(each, campaign["name"]) for campaign in said["campaigns"] for each in campaign["findings"]]
    found += [(each, "") for each in _of_the_nation(said)]
    once: dict[tuple[str, str, str], WrongShown] = {}
    concerned = {(each["code"], each.get("carrier") or "") for each, name in found if name}
    for each, name in found:
        code, carrier = each["code"], each.get("carrier") or ""
        if code in _AS_IT_SHOULD_BE or (not name and (code, carrier) in concerned):
            continue
        sentence = each["sentence"] if isinstance(each["sentence"], str) else each["sentence"][view.language]
        contacts = tuple(_contacts(said.get("contacts", ()), carrier))
        shown = WrongShown(
            each["grave"], visible(carrier), visible(name), visible(sentence), each.get("run") or "", contacts
        )
        once.setdefault((code, carrier, name), shown)
    grave = {each.alert for each in once.values() if each.grave}
    return [*_away(said), *sorted(once.values(), key=lambda each: each.alert not in grave)]


def _away(said: Mapping[str, Any]) -> Iterable[WrongShown]:
    """Databases: who does not answer says nothing of what is wrong there either."""
    contacts = tuple(_contacts(said.get("contacts", ()), ""))
    for each in said["databases"]:
        if not each.get("up", True):
            sentence = _(
                "{name} does not answer: its people are as they were last seen, or not counted here",
                name=visible(each["name"]),
            )
            yield WrongShown(True, "", "", sentence, "broadcast db status", contacts)


def _of_the_nation(said: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """What concerns all, which may explain the rest; then carrier by carrier, first those of which something is
    grave."""
    yield from said.get("findings", ())
    lines = [line.get("findings", ()) for line in said["carriers"]]
    for own in sorted(lines, key=lambda own: not any(each["grave"] for each in own)):
        yield from own


def _contacts(said: Iterable[Mapping[str, Any]], carrier: str) -> Iterable[Mapping[str, str]]:
    """Of the carrier, else of what concerns all."""
    for each in said:
        if (each.get("carrier") or "") == carrier:
            yield {"who": visible(each.get("who", "")), "how": visible(each.get("how", ""))}
