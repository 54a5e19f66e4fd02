"""`make dashboards`: writes the dashboards that Grafana is provisioned with, each a file of ops/grafana/dashboards."""

import argparse
import json
from pathlib import Path
from typing import Final

from campaign import campaign
from carrier import carrier
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from nation import nation
from workers import workers

_THERE: Final = Path(__file__).parent / "dashboards"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=_THERE, help="The folder to write to.")
    out: Path = asked.parse_args().out
    for make in (nation, carrier, campaign, workers):
        board = make().build()
        for number, panel in enumerate(board.panels or [], 1):
            panel.id_val = number
        text = json.dumps(board, cls=JSONEncoder, indent=1, sort_keys=True)
        (out / f"{make.__name__}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
