"""What must hold after a run: the issue's promises, each as a function that says what is wrong. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from chaos import obedience
from chaos.faults import Done
from chaos.nation import BY_NAME, CARRIERS, RESPONSE_TIMEOUT_S, Carrier, shares
from chaos.operator import Given
from chaos.resolving import Resolved
from chaos.schedule import LEASE_S, Kind, Schedule
from chaos.topology import Topology
from chaos.traffic import Recovery

from broadcast.engine.lane import STOCK_S

_ENDS: Final = ("delivered", "undeliverable", "expired", "rejected")
_SMSC: Final = (Kind.SMSC_CRASHED, Kind.SMSC_HANGS, Kind.LINKS_CUT)
_LINK: Final = (Kind.LINK_CUT, Kind.LINK_MUTE)
_HOST: Final = (Kind.HOST_PARTED, Kind.HOST_LOSSY)
_WORKER: Final = (Kind.WORKER_KILLED, Kind.WORKER_FROZEN)


@dataclass(frozen=True, slots=True)
class Receipts:
    """One carrier's receipts in our ledger. ids: those that have a final receipt, each once. received: acked by us,
    the same one counted each time it came."""

    received: int
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was found out about a run that came to rest.

    given: orders that were taken. states: of recipients, by the tallies; people: by carrier and MSISDN. opted_out: by
    home. audit: what `campaign audit --json` said. doubts: rows of the ledgers by carrier; given_up: of these, ended by
    the campaign's end. resent: MSISDN -> how often the ledger says that it was sent again.
    accounts: of the SMSCs, by name. ended: processes that ended though nobody killed them. tracebacks: logs with one.
    """

    messages: int
    plan: Schedule
    done: Sequence[Done]
    given: Sequence[Given]
    states: Mapping[str, int]
    people: Mapping[str, Mapping[str, str]]
    finished: bool
    opted_out: Set[int]
    audit: Mapping[str, Any]
    doubts: Mapping[str, int]
    given_up: int
    resent: Mapping[str, int]
    receipts: Mapping[str, Receipts]
    accounts: Mapping[str, Mapping[str, Any]]
    recoveries: Sequence[Recovery]
    resolved: Sequence[Resolved]
    ended: Sequence[str]
    tracebacks: Sequence[str]


def problems(run: Outcome) -> list[str]:
    """All that does not hold."""
    return [
        *_audit(run),
        *_states(run),
        *_people(run),
        *_receipts(run),
        *_copies(run),
        *_doubts(run),
        *_rates(run),
        *_opt_outs(run),
        *obedience.unobeyed(run.plan, run.done, run.given, run.accounts),
        *run.ended,
        *(f"{name} has a traceback" for name in run.tracebacks),
    ]


def _audit(run: Outcome) -> Iterator[str]:
    if not run.audit["balanced"]:
        yield from (f"audit: {each}" for each in run.audit["problems"])


def _states(run: Outcome) -> Iterator[str]:
    """Everybody was sent to, and whoever is in doubt is held; or the alert came to its end, and nobody waits."""
    total = sum(run.states.values())
    if total != run.messages:
        yield f"{total} recipients in all states together, the audience is {run.messages}"
    for state in ("waiting", *(("accepted", "in_doubt") if run.plan.closes else ("unknown",))):
        if run.states.get(state):
            yield f"{run.states[state]} recipients are {state}"
    doubted = run.given_up if run.plan.closes else run.states.get("in_doubt")
    if run.plan.policy == "resend" and run.plan.expires_s is None and not run.plan.cancelled and doubted:
        yield f"{doubted} recipients stay in doubt, though these are to be resent"
    if run.finished != (not run.states.get("accepted") and not run.states.get("in_doubt")):
        yield f"finished is {run.finished}"


def _people(run: Outcome) -> Iterator[str]:
    """Whoever is at an end is at that which was decided for them; or it expired before anything was sent, or before
    another copy was taken. And the audit has looked at everybody: open is who lacks a receipt."""
    for name, account in run.accounts.items():
        ends = {msisdn: state for msisdn, state in run.people[name].items() if state in _ENDS}
        decided = {msisdn: account["decided"].get(msisdn) for msisdn in ends}
        if run.plan.expires_s is not None:
            decided |= {each: "expired" for each in ends if decided[each] is None}
            late = [each for each in run.resent.keys() & ends if ends[each] in ("expired", "rejected")]
            decided |= {each: ends[each] for each in late}
        wrong = Counter((state, decided[each]) for each, state in ends.items() if state != decided[each])
        for (state, other), people in wrong.items():
            yield f"{name}: {people} people have another end than was decided for them: {state}, not {other}"
    for name, there in shares(run.messages).items():
        if (found := compared(run, name)) != there:
            yield f"{name}: {found} people were compared with the SMSC's account, and there are {there}"


def compared(run: Outcome, *names: str) -> int:
    """People whom the audit compared with these SMSCs' accounts; none named: with all."""
    return sum(each["people"] for each in run.audit["people"] if not names or each["carrier"] in names)


def differing(run: Outcome) -> int:
    """People of whom the audit said that they are not as the SMSC told."""
    return sum(each["differ"] for each in run.audit["people"])


def _receipts(run: Outcome) -> Iterator[str]:
    """What the SMSC was acked is in the ledger, once or as often as it was sent, and nothing else is."""
    for name, account in run.accounts.items():
        ours, acked, sent = run.receipts[name], account["acked"], account["sent"]
        if pending := account["book"]["receipts"]["pending"]:
            yield f"{name}: {pending} receipts are not acked at the end"
        if missing := len(acked.keys() - ours.ids):
            yield f"{name}: {missing} receipts were acked that the ledger does not have"
        if strange := len(ours.ids - sent.keys()):
            yield f"{name}: the ledger has {strange} receipts that were never sent"
        if unacked := len(ours.ids - acked.keys()):
            yield f"{name}: the ledger has {unacked} receipts that were never acked"
        least, most = sum(acked.values()), sum(sent.values())
        if not least <= ours.received <= most:
            yield f"{name}: {ours.received} receipts in the ledger, {least} acked and {most} sent, repeats counted"


def _copies(run: Outcome) -> Iterator[str]:
    """Every second copy belongs to somebody whom the ledger names as resent, as often as that."""
    for name, account in run.accounts.items():
        unnamed = sum(
            max(0, copies - 1 - run.resent.get(msisdn, 0)) for msisdn, copies in account["copies"].items()
        )
        if unnamed:
            yield f"{name}: {unnamed} second copies of whom the ledger does not name"
        if account["book"]["recipients"] + account["book"]["rejected"] > shares(run.messages)[name]:
            yield f"{name}: more recipients than there are"


def second_copies(run: Outcome) -> int:
    """In all books together."""
    return sum(account["book"]["extra_copies"] for account in run.accounts.values())


def _opt_outs(run: Outcome) -> Iterator[str]:
    """Who answered STOP is out at home, and nobody else; and only they are excluded, unless the alert was cancelled."""
    asked = {each for said in run.plan.stops for each in said.numbers(run.messages)}
    if run.opted_out != asked:
        yield f"{len(run.opted_out)} people are opted out at home, {len(asked)} answered STOP"
    acked, said = sum(account["stops"] for account in run.accounts.values()), stops(run.plan, run.messages)
    if acked < said:
        yield f"{acked} of {said} answers were acked"
    excluded = {
        int(each) for mine in run.people.values() for each, state in mine.items() if state == "excluded"
    }
    if not run.plan.cancelled and excluded - asked:
        yield f"{len(excluded - asked)} people are excluded who did not answer STOP"


def stops(plan: Schedule, messages: int) -> int:
    """How many answers there are."""
    return sum(len(each.numbers(messages)) for each in plan.stops)


def excluded(run: Outcome) -> int:
    """People."""
    return run.states.get("excluded", 0)


def _doubts(run: Outcome) -> Iterator[str]:
    """No more in doubt than windows and one group held when something failed."""
    for carrier in CARRIERS:
        found, most = run.doubts.get(carrier.name, 0), doubts_most(carrier, run.done, run.plan.topology)
        if found > most:
            yield f"{carrier.name}: {found} were in doubt, windows and groups held {most}"


def doubts_most(carrier: Carrier, done: Sequence[Done], topology: Topology) -> int:
    """What all faults together may leave in doubt at a carrier.

    A worker that is lost leaves what its links' windows held and what was intended and not sent: one group, of
    STOCK_S of the carrier's TPS; all of a ledger's together no more. They are lost too when they find their ledger no
    more for longer than a lease, and one of them finds it first. A link that is lost leaves its window; one that is
    silent for longer than the response timeout a second one, which it was given when the first was given up.
    """
    ledgers = set(topology.serving(carrier.name))
    workers = {place for ledger in ledgers for place in topology.workers_of(ledger)}
    window = carrier.window * carrier.sending
    return sum(_doubts_of(carrier, each, window, workers, ledgers) for each in done)


def _doubts_of(carrier: Carrier, done: Done, window: int, workers: Set[str], ledgers: Set[str]) -> int:
    kind, ends = done.fault.kind, done.fault.target.split("|")
    if kind in _WORKER and ends[0] in workers:
        return window + int(carrier.tps * STOCK_S) + 1
    parted = kind in (*_HOST, Kind.WAY_PARTED) and done.fault.seconds > LEASE_S - 1 and ends[-1] in ledgers
    if parted or (kind in _HOST and ends[0] in workers):
        return window * 2 + int(carrier.tps * STOCK_S) + 1
    if done.fault.target != carrier.name:
        return 0
    windows = window if kind in (*_SMSC, *_HOST) else carrier.window if kind in _LINK else 0
    silent = kind in (Kind.LINK_MUTE, *_HOST) or (
        kind is Kind.SMSC_HANGS and done.ended - done.began > RESPONSE_TIMEOUT_S - 0.5
    )
    return windows * (2 if silent else 1)


def highest_ratio(run: Outcome) -> float:
    """Of the most that an SMSC counted in a second to its TPS, or that of an account."""
    return max(most / tps for _, most, tps in _most(run))


def _most(run: Outcome) -> Iterator[tuple[str, int, int]]:
    """Of each carrier, and of each account of a split one: its name, the most in a second, its TPS."""
    for name, account in run.accounts.items():
        yield name, account["book"]["max_per_second"], BY_NAME[name].tps
        for each, tps in run.plan.topology.accounts(name).items():
            yield f"{name}'s account {each}", account["most"][each], tps


def _rates(run: Outcome) -> Iterator[str]:
    for name, most, tps in _most(run):
        if most > tps:
            yield f"{name}: {most} segments in a second, its TPS is {tps}"
    for name, account in run.accounts.items():
        if throttled := account["book"]["throttled"]:
            yield f"{name}: {throttled} segments were throttled"


def slow(run: Outcome) -> Iterator[str]:
    """Ways back that took longer than they may; what else the machine had to do counts in it."""
    for each in run.recoveries:
        if each.too_slow:
            took = f"{each.seconds:.1f} s" if each.seconds is not None else f"more than {each.looked_s:.1f} s"
            yield f"{each.carrier}: full TPS {took} after '{each.kind.value}'"
    for back in run.resolved:
        if back.too_late:
            yield f"receipts were resolved {back.seconds:.1f} s after '{back.kind.value}'"
