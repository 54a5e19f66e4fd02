"""What the rule of its category asks of an alert, before it is launched and when it is shown. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from broadcast.campaign import sender
from broadcast.campaign.campaigns import Campaign
from broadcast.campaign.content import Content
from broadcast.campaign.keywords import bare_words
from broadcast.config import Config, Rule
from broadcast.errors import RefusedError
from broadcast.languages import _
from broadcast.rules import limits, pace, standing
from broadcast.rules.limits import HOUR_S, Limits, limits_of


def limits_for(config: Config, content: Content) -> Limits:
    """Under which it would be launched. An emergency: none."""
    if content.category == "emergency":
        return Limits()
    calls = content.plan.callers_per_hour
    hourly = None if calls is None else pace.people_per_hour(calls, config.rules.callers_share)
    return limits_of(config.rules.of(content.category), config.country.time_zone, hourly)


def reasons_for(config: Config, content: Content) -> standing.Reasons:
    """Who of its audience would be left out."""
    return reasons_of(config, content.category)


def reasons_of(config: Config, category: str) -> standing.Reasons:
    """Whom alerts of a category leave out. An emergency: nobody."""
    if category == "emergency":
        return standing.EVERYBODY
    return standing.reasons(standing.heeded(config.rules.of(category)))


def reasons_kept(found: Campaign) -> standing.Reasons:
    """Whom a launched alert leaves out, whatever the configuration says now."""
    return standing.EVERYBODY if found.hears_opted_out else standing.reasons(limits.read(found.rules).heeds)


def check_rules(config: Config, content: Content) -> None:
    """Raises RefusedError for a text without its mark, a sender that is not registered until the alert's expiry, and an
    emergency that is to wait for a hotline."""
    if content.category == "emergency" and content.plan.callers_per_hour is not None:
        raise RefusedError(
            _("an emergency waits for no hotline: leave --callers-per-hour out, or choose another category")
        )
    rule = config.rules.of(content.category)
    if rule is None:
        return
    _check_mark(rule, content)
    if rule.registered_sender:
        for name in content.carriers:
            if name in config.carriers:
                _check_registered(config, name, rule, content)


def _check_mark(rule: Rule, content: Content) -> None:
    texts = dict(content.texts)
    for language in content.languages:
        mark = bare_words(_mark(rule.mark, language))
        if mark and bare_words(texts.get(language, ""))[: len(mark)] != mark:
            raise RefusedError(
                _(
                    "by {law} a text of this category begins with {mark}: the one in {language} does not",
                    law=rule.law,
                    mark=_mark(rule.mark, language),
                    language=language,
                )
            )


def _mark(marks: Mapping[str, str], language: str) -> str:
    """That of the language, else the first there is; none: empty."""
    return marks.get(language) or marks.get(language.partition("-")[0]) or next(iter(marks.values()), "")


def _check_registered(config: Config, name: str, rule: Rule, content: Content) -> None:
    carrier = config.carriers[name]
    said = carrier.sender or content.sender
    if not carrier.senders:
        raise RefusedError(
            _(
                "by {law} senders are registered at each carrier: say which {carrier} has (carriers.{carrier}.senders)",
                law=rule.law,
                carrier=name,
            )
        )
    own = sender.address(said)
    days = [day for each, day in carrier.senders_until.items() if sender.address(each) == own]
    zone = ZoneInfo(config.country.time_zone)
    for day in days:
        ends = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), zone)
        if ends < content.expires_at:
            raise RefusedError(
                _(
                    "the sender {said} is registered at {carrier} until {day}, and the alert expires after that: have"
                    " it registered for longer, or expire sooner (--expires)",
                    said=said,
                    carrier=name,
                    day=day,
                )
            )


def _told() -> dict[str, str]:
    """By what a rule heeds, but what every alert does."""
    return {
        "do_not_call": _("nobody on the do-not-call list is told"),
        "consent": _("nobody is told who did not agree to it"),
    }


def in_words(found: Limits) -> str:
    """Of people who read. Empty: no rule holds."""
    said = []
    if found.quiet:
        said.append(_("quiet at {spans}", spans=", ".join(found.quiet)))
    for cap in found.caps:
        hours = f"{cap.seconds / HOUR_S:g}"
        said.append(_("{n} to one person in any {hours} h at most", n=cap.messages, hours=hours))
    if found.people_per_hour is not None:
        said.append(_("{n:,} people an hour at most, for a hotline", n=found.people_per_hour))
    said += [words for name, words in _told().items() if name in found.heeds]
    if "set_aside" not in found.heeds:
        said.append(_("those set aside are told, too"))
    if found.law:
        said.append(found.law)
    return "; ".join(said)
