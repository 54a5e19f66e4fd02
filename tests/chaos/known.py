"""Which ids have a final receipt in a ledger: resolved, told of a first copy, parked, or not looked at yet."""

from collections import defaultdict
from typing import Final

from chaos.database import Database

from broadcast.ledger.packing.received import unpack_parked, unpack_received
from broadcast.ledger.packing.result import unpack_result
from broadcast.ledger.packing.sent import unpack_sent

_SENT: Final = "SELECT name, slice_id, packed FROM sent JOIN carrier USING (carrier_no)"
_RECEIVED: Final = "SELECT name, packed FROM received JOIN carrier USING (carrier_no)"
_PARKED: Final = "SELECT name, packed, taken FROM parked JOIN carrier USING (carrier_no)"
_FIRST: Final = """SELECT name, unnest(first_ids) AS id
                     FROM in_doubt JOIN carrier USING (carrier_no) WHERE first_state IS NOT NULL"""


async def receipt_ids(ledger: Database) -> dict[str, set[str]]:
    """By carrier, each once."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    told = {
        (row["slice_id"], *place)
        for row in await ledger.fetch("SELECT slice_id, packed FROM result")
        for result in [unpack_result(row["packed"])]
        for place in zip(result.ordinals.tolist(), result.segments.tolist(), strict=True)
    }
    for row in await ledger.fetch(_SENT):
        sent = unpack_sent(row["packed"])
        places = [
            (ordinal, part) for ordinal in sent.ordinals.tolist() for part in range(1, sent.segments + 1)
        ]
        found[row["name"]].update(
            id_
            for place, id_ in zip(places, sent.ids.texts(), strict=True)
            if (row["slice_id"], *place) in told
        )
        # a segment of a message that was rejected: its receipt is met and settles nothing, so that no row tells of it
        found[row["name"]].update(sent.stray_ids.texts())
    for row in await ledger.fetch(_RECEIVED):
        found[row["name"]].update(unpack_received(row["packed"]).ids.texts())
    for row in await ledger.fetch(_PARKED):
        parked = unpack_parked(row["packed"], row["taken"])
        found[row["name"]].update(parked.receipts.ids.take(parked.left).texts())
    for row in await ledger.fetch(_FIRST):
        found[row["name"]].add(row["id"].decode("latin-1"))
    return {name: ids - {""} for name, ids in found.items()}
