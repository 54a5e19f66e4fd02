"""`--expires` as an operator writes it: from now on, or a time of the country's zone. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from broadcast.errors import InputError
from broadcast.languages import _

_RELATIVE_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Expiry:
    """at: aware. note: which was taken of the two times that the words may mean; None when they mean one."""

    at: datetime
    note: str | None = None


def read_expiry(when: str, zone: ZoneInfo, now: datetime) -> Expiry:
    """`90m`, `6h`, `2d` from `now`, or an ISO 8601 time, of `zone` unless it names one. Raises InputError."""
    when = when.strip()
    if relative := re.fullmatch(r"(\d{1,6})([smhd])", when.lower()):
        return Expiry(now + timedelta(seconds=int(relative[1]) * _RELATIVE_S[relative[2]]))
    try:
        written = datetime.fromisoformat(when)
    except ValueError:
        raise InputError(
            _("--expires {when}: write 90m, 6h, 2d, or a time such as 2030-01-31T18:00", when=when)
        ) from None
    return Expiry(written) if written.tzinfo else _local(written, zone)


def seconds(option: str, said: str) -> int:
    """`30s`, `2m`, `1h`. option: that it was said with. Raises InputError."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", said.strip().lower())
    if found is None:
        raise InputError(_("{option} {said}: write 30s, 2m or 1h", option=option, said=said))
    return int(found[1]) * _RELATIVE_S[found[2]]


def _local(written: datetime, zone: ZoneInfo) -> Expiry:
    """Where clocks are put back, the same time comes twice; where they are put forward, some times do not come."""
    first, second = (written.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    before, after = (each.utcoffset() or timedelta() for each in (first, second))
    if before == after:
        return Expiry(first)
    if before < after:
        step = after - before
        raise InputError(
            _(
                "--expires {written}: the clocks of {zone} go forward over that time, it does not come:"
                " write {before} or {after}",
                written=written.isoformat(),
                zone=zone.key,
                before=(written - step).isoformat(),
                after=(written + step).isoformat(),
            )
        )
    return Expiry(
        first,
        _(
            "{written} comes twice, as the clocks of {zone} go back: the first is taken, as"
            " {first}; for the second write --expires {second}",
            written=written.isoformat(),
            zone=zone.key,
            first=first.isoformat(),
            second=second.isoformat(),
        ),
    )
