"""What runs say of themselves: a row each, and the sum of all."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from chaos import checks
from chaos.nation import CARRIERS
from chaos.resolving import LIMITS_S as RESOLVED_S
from chaos.run import Result
from chaos.schedule import Kind
from chaos.traffic import LIMITS_S

_ROW: Final = (
    "{:>5} {:>6} {:>4} {:>6} {:>8}  {:>9} {:>8} {:>6} {:>8} {:>6}"  # what it was, and where everybody is
    " {:>7} {:>7} {:>7} {:>6}  {:>6} {:>6} {:>8}  {}"
)
HEAD: Final = _ROW.format(
    "seed", "faults", "s", "policy", "resolver", "delivered", "accepted", "others", "compared", "differ", "doubted",
    "at most", "resent", "copies", "of TPS", "back s", "resolved", "verdict",
)  # fmt: skip


def row(result: Result) -> str:
    """A line; problems below it."""
    plan = result.plan
    head = (plan.seed, len(plan.faults), f"{result.seconds:.0f}", plan.policy, plan.resolvers)
    outcome = result.outcome
    if outcome is None:
        line = _ROW.format(*head, *"------------", "failed")
    else:
        states = outcome.states
        others = sum(states.values()) - states.get("delivered", 0) - states.get("accepted", 0)
        back = [each.seconds for each in outcome.recoveries if each.judged and each.seconds is not None]
        resolved = [each.seconds for each in outcome.resolved if each.judged]
        line = _ROW.format(
            *head,
            states.get("delivered", 0),
            states.get("accepted", 0),
            others,
            checks.compared(outcome),
            checks.differing(outcome),
            sum(outcome.doubts.values()),
            sum(checks.doubts_most(carrier, outcome.done, plan.topology) for carrier in CARRIERS),
            sum(outcome.resent.values()),
            checks.second_copies(outcome),
            f"{checks.highest_ratio(outcome):.3f}",
            f"{max(back):.1f}" if back else "-",
            f"{max(resolved):.1f}" if resolved else "-",
            "failed" if result.problems else "slow" if result.slow else "ok",
        )
    return "\n".join([line, *(f"      {each}" for each in (*result.problems, *result.slow))])


def summary(results: Sequence[Result], seconds: float) -> str:
    """Of all runs: what was lost, how fast it came back, and the seeds that failed."""
    failed = [result for result in results if result.problems]
    lines = [f"{len(results)} runs in {seconds:.0f} s, {len(results) - len(failed)} passed"]
    outcomes = [result.outcome for result in results if result.outcome is not None]
    if outcomes:
        lines.append(
            f"recipients {sum(each.messages for each in outcomes):,}, "
            f"compared with the SMSCs' accounts person by person {sum(map(checks.compared, outcomes)):,}, "
            f"of them otherwise {sum(map(checks.differing, outcomes)):,}, "
            f"faults {sum(len(each.done) for each in outcomes)}, "
            f"orders {sum(len(each.given) for each in outcomes)}, "
            f"excluded {sum(map(checks.excluded, outcomes)):,}, "
            f"in doubt {sum(sum(each.doubts.values()) for each in outcomes):,}, "
            f"resent {sum(sum(each.resent.values()) for each in outcomes):,}, "
            f"second copies {sum(checks.second_copies(each) for each in outcomes):,}, "
            f"most of a TPS in a second {max(checks.highest_ratio(each) for each in outcomes):.3f}"
        )
    for kind in LIMITS_S:
        lines.append(_back(results, kind))
    lines += [_resolved(outcomes, kind) for kind in RESOLVED_S]
    lines += [f"failed: seed {result.plan.seed}, see {result.folder}" for result in failed]
    return "\n".join(lines)


def _back(results: Sequence[Result], kind: Kind) -> str:
    took = [
        each.seconds
        for result in results
        if result.outcome is not None
        for each in result.outcome.recoveries
        if each.kind is kind and each.judged and each.seconds is not None
    ]
    if not took:
        return f"back at full TPS after '{kind.value}': nowhere to be seen undisturbed"
    return (
        f"back at full TPS after '{kind.value}': median {median(took):.1f} s, longest {max(took):.1f} s, "
        f"{len(took)} times; {LIMITS_S[kind]:.0f} s allowed"
    )


def _resolved(outcomes: Sequence[checks.Outcome], kind: Kind) -> str:
    took = [
        each.seconds for outcome in outcomes for each in outcome.resolved if each.kind is kind and each.judged
    ]
    if not took:
        return f"receipts resolved again after '{kind.value}': nowhere to be seen undisturbed"
    return (
        f"receipts resolved again after '{kind.value}': median {median(took):.1f} s, longest {max(took):.1f} s, "
        f"{len(took)} times; {RESOLVED_S[kind]:.0f} s allowed"
    )
