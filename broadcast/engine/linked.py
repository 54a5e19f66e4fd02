"""How a worker's links stand together, in words. Pure: of each carrier the states that its links reported."""

from collections import Counter
from collections.abc import Mapping, Sequence


def unlinked(links: Mapping[str, Sequence[str]]) -> str | None:
    """Why nobody can be reached; None: at least one link is bound, or no slot is held that wants one."""
    if not links or any("bound" in states for states in links.values()):
        return None
    return f"no link is bound: {_each(links)}"


def linked(links: Mapping[str, Sequence[str]]) -> str:
    """How many are bound, and which are not."""
    if not links:
        return "holds no bind: others do"
    every = [state for states in links.values() for state in states]
    said = f"{every.count('bound')} of {len(every)} links bound"
    missing = {carrier: [state for state in states if state != "bound"] for carrier, states in links.items()}
    return said if unlinked(links) else "; ".join(filter(None, [said, _each(missing)]))


def _each(links: Mapping[str, Sequence[str]]) -> str:
    """`viettel 2 backing_off, vinaphone 1 refused:ESME_RINVPASWD`."""
    counts = {carrier: Counter(states) for carrier, states in sorted(links.items())}
    return ", ".join(
        f"{carrier} {count} {state}" for carrier, each in counts.items() for state, count in each.items()
    )
