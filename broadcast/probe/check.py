"""A carrier's binds opened as configured, a few messages sent, and what the SMSC does told line by line."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from broadcast.audience.routing import Router
from broadcast.channel.receipt import ReceiptState
from broadcast.clock import DayTime
from broadcast.config import Bind, Carrier, Config
from broadcast.probe.bind_check import UNBIND_S, BindCheck
from broadcast.probe.burst import Burst
from broadcast.probe.findings import Finding, Findings
from broadcast.probe.habits import Habits
from broadcast.probe.messages import LONG, SHORT, Messages
from broadcast.probe.traffic import Sent, Traffic
from broadcast.smpp.tap import TappedLink

ANSWER_MOST_S: Final = 15.0
NO_RECEIPTS_S: Final = 10.0  # waited where the profile says that none come
QUIET_S: Final = 1.0  # after the last receipt that was expected, for those that were not


@dataclass(frozen=True, slots=True)
class Wanted:
    """to: MSISDN, or None when nothing is to be sent; burst: further messages at once; wait_s: for receipts."""

    to: int | None = None
    wait_s: float = 60.0
    burst: int = 0


async def check(
    config: Config, name: str, wanted: Wanted, tell: Callable[[Finding], None], day_time: DayTime
) -> Findings:
    """Check one carrier of the configuration. tell: called with each finding at once. Writes nothing anywhere."""
    findings = Findings(name, tell)
    carrier = config.carriers[name]
    findings.note("ledger", "nothing is written to it: what is sent here belongs to no campaign")
    traffic = Traffic(carrier, wanted.to or 0)
    links: dict[int, TappedLink] = {}
    try:
        for number, bind in enumerate(carrier.binds):
            link = await BindCheck(number, bind, carrier, _maker(carrier, traffic), findings).open()
            if link is not None:
                links[number] = link
        if wanted.to is not None:
            _note_carrier(config, wanted.to, findings)
            await _messages(config, carrier, wanted, links, traffic, findings, day_time)
        else:
            findings.note(
                "messages", "none sent: give --to with a telephone of yours to see ids and receipts"
            )
    finally:
        await asyncio.gather(*(link.unbind(UNBIND_S) for link in links.values()))
    return findings


def _note_carrier(config: Config, to: int, findings: Findings) -> None:
    """A message to another carrier's number may be refused, or answered otherwise."""
    owner = Router(config.country).carrier(to)
    if owner != findings.carrier:
        findings.note(
            "number", f"by its prefix it belongs to {owner}, unless it was ported: better one of its own"
        )


def _maker(carrier: Carrier, traffic: Traffic) -> Callable[[str, Bind], TappedLink]:
    return lambda name, bind: TappedLink(name, bind, carrier, traffic, traffic.saw)


async def _messages(
    config: Config,
    carrier: Carrier,
    wanted: Wanted,
    links: dict[int, TappedLink],
    traffic: Traffic,
    findings: Findings,
    day_time: DayTime,
) -> None:
    """Send, wait, tell."""
    number = next((number for number, link in links.items() if link.can_submit), None)
    if number is None:
        findings.note("messages", "none sent: no bind that sends is up")
        return
    if all(carrier.binds[each].mode == "transmitter" for each in links):
        findings.note("messages", "none sent: no bind that receives is up, so their receipts would be lost")
        return
    link, answer_s = links[number], min(ANSWER_MOST_S, carrier.binds[number].response_timeout_s)
    messages = Messages(traffic, findings, link, config.sender, answer_s, day_time)
    used = carrier
    for label, text in (("short", SHORT), ("long", LONG)):
        tried = await messages.send(label, text, used)
        if not tried.accepted:
            break
        used = tried.carrier
    else:
        if wanted.burst:
            burst = Burst(traffic, findings, messages, link, number, answer_s)
            await burst.send(wanted.burst, used)
    await _receipts(traffic, carrier, wanted.wait_s)
    Habits(traffic, carrier, findings).tell(wanted.wait_s)


async def _receipts(traffic: Traffic, carrier: Carrier, wait_s: float) -> None:
    """Until all that the profile expects have come and it is quiet; at most wait_s."""
    accepted = [each for each in traffic.sent if each.accepted]
    if not accepted:
        return
    loop = asyncio.get_running_loop()
    if carrier.smpp.receipts == "none":
        await asyncio.sleep(min(wait_s, NO_RECEIPTS_S))
        return
    ends_at = loop.time() + wait_s
    expected = _expected(traffic.taken(), carrier)
    if not await traffic.until(lambda: all(map(_final, expected)), wait_s):
        return
    while loop.time() < ends_at:
        came = sum(len(each.receipts) for each in accepted)
        await asyncio.sleep(min(QUIET_S, ends_at - loop.time()))
        if sum(len(each.receipts) for each in accepted) == came:
            return


def _final(sent: Sent) -> bool:
    return any(receipt.state != ReceiptState.INTERMEDIATE for receipt in sent.receipts)


def _expected(messages: Sequence[Sequence[Sent]], carrier: Carrier) -> list[Sent]:
    """The segments that should get receipts, by the profile."""
    if carrier.smpp.receipts == "all":
        return [segment for message in messages for segment in message]
    return [message[-1 if carrier.smpp.receipts == "last" else 0] for message in messages]
