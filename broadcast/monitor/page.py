"""docs/metrics.md, made of the catalogue: `python -m broadcast.monitor.page > docs/metrics.md`. Pure."""

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from broadcast.monitor.catalogue import SECTIONS, Metric

_HEAD: Final = """# Metrics

Made of `broadcast/monitor/catalogue.py` by `python -m broadcast.monitor.page`, and compared with it by a test; another
test holds what processes serve to it. `broadcast metrics list` prints the same.

Every worker and resolver serves its own at `/metrics`. The national figures, of campaigns, carriers and databases, come
from the tallies of home and every ledger, are exact over restarts, and are served once:

    broadcast exporter --metrics-port 9462     # `broadcast up` starts one by itself

Several may run: one leads, the others stand by (`/readyz` says so) and serve only themselves, so no figure needs a
`max by`. It reads every two seconds; a scrape gets what was read last, and `broadcast_exporter_read_timestamp_seconds`
tells how old that is. A database that does not answer has `broadcast_database_up` 0 and its last figures; after five
minutes without home the campaigns' and carriers' series leave.

Prometheus finds all of them by a file, written anew as processes come and go:

    broadcast metrics targets --file /etc/prometheus/broadcast.json --every 10   # file_sd_configs
    broadcast metrics targets                                                    # the same JSON, once

Counters are of one process: `sum without (instance)` adds them up. A campaign's series end an hour after it does; of
more than 500 campaigns the newest are shown. No label holds a number of a person or a text; `campaign` is its name.
"""


def page() -> str:
    """The whole of it."""
    sections = (_section(name, metrics) for name, metrics in SECTIONS.items())
    return "\n".join((_HEAD, *("\n".join(lines) + "\n" for lines in sections))).rstrip("\n") + "\n"


def _section(name: str, metrics: Sequence[Metric]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield "| metric | type | unit | labels | of | meaning |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in metrics:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        of = ", ".join(sorted(each.of))
        cells = (f"`{each.name}`", each.kind, each.unit, labels, of, each.meaning)
        yield "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())
