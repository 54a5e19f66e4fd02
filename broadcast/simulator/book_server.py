"""The book over HTTP, for other processes: what the SMSC received and told, JSON each but one.

  /book            counts: messages, recipients, segments, copies, fates, receipts sent and acked, refusals,
                   binds, and `oddities`: what it did by habit, by name
  /book/copies     recipients with more than one complete copy of a message -> how many
  /book/people     lines of text, by MSISDN: what became of each person's message, segment by segment (below)
  /book/held       how many receipts are held back; ?release=0.01 sends those of a hundredth of their people: how many
  /book/sessions   every session (the last 1,000): peer, bind, times, how it ended, what went over it
  /book/replies    what subscribers answered: counts, and each message with its parts sent and acked
  /book/messages   with `record` in the personality: every message by itself, its segments joined and decoded;
                   of each segment when it came, on which session and sequence number, what it was answered,
                   and its receipts
  /book/receipts   with `record`: every receipt that was sent, when, on which session, and when it was acked

A line of /book/people is of a person and a message: MSISDN, number of the message, `refused` or `taken`, and
for each segment in order four things without blanks: copies taken; what is decided (D delivered, U
undeliverable, E expired, R rejected, W taken back by cancel_sm, - nothing); what the newest final receipt
told (the same letters, - none was sent, . none was asked for); final receipts acked. `84912345678 1 taken
1DD1 1U-0`: of two segments the first arrived, was told and acked; the other did not arrive, and nobody was
told yet. What happens while these lines are read may be in them or not.

The last three take ?msisdn=84912345678, ?offset=0 and ?limit=1000. Times are POSIX seconds; MSISDNs are as
they came; a receipt's `fate` is the number of fate.Fate, or of the word when its stage is intermediate.
"""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from broadcast.errors import BroadcastError
from broadcast.monitor.http import Answer, HttpServer, Request
from broadcast.simulator.exchange import Exchange
from broadcast.simulator.server import why

PATHS = (
    "/book",
    "/book/copies",
    "/book/people",
    "/book/held",
    "/book/sessions",
    "/book/replies",
    "/book/messages",
    "/book/receipts",
)
_BY_PERSON = ("/book/copies", "/book/people")
_LIMIT = 1000


class BookServer:
    """Serves one SMSC's book on its event loop: what it says is of one moment."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._http = HttpServer(self._answer)

    async def start(self, host: str, port: int = 0) -> int:
        """Listen; 0 takes a free port. Returns the port. Raises BroadcastError when it cannot be had."""
        try:
            return await self._http.start(host, port)
        except OSError as error:
            raise BroadcastError(
                f"cannot serve the book on {host} port {port} ({why(error)}): "
                "give another --book-port, or 0 for a free one"
            ) from error

    async def stop(self) -> None:
        await self._http.stop()

    async def _answer(self, request: Request) -> Answer:
        if request.path not in PATHS:
            return _json("404 Not Found", {"error": f"known are {', '.join(PATHS)}"})
        if request.path in _BY_PERSON and not self._exchange.personality.people:
            return _json("409 Conflict", {"error": "this personality counts only: set people = true in it"})
        if request.path == "/book/people":
            return "200 OK", "text/plain", self._exchange.book.people.lines()
        try:
            if request.path == "/book/held":
                return _json("200 OK", await self._held(request.query.get("release")))
            return _json("200 OK", self._page(request))
        except ValueError:
            words = "offset and limit are whole numbers, release is a share, 0 to 1"
            return _json("400 Bad Request", {"error": words})
        except BroadcastError as error:
            return _json("409 Conflict", {"error": str(error)})

    async def _held(self, release: str | None) -> dict[str, int]:
        """Raises ValueError for what is no share."""
        outbox, sent = self._exchange.outbox, 0
        if release is not None:
            share = float(release)
            if not 0 <= share <= 1:
                raise ValueError
            for count in outbox.release(share):
                sent += count
                await asyncio.sleep(0)  # the sessions have their turn
        return {"held": len(outbox.held), "released": sent}

    def _page(self, request: Request) -> Any:
        """Raises ValueError for a number that is none, BroadcastError for what this personality does not keep."""
        exchange = self._exchange
        if request.path == "/book":
            return exchange.summary()
        if request.path == "/book/copies":
            return exchange.book.copies()
        if request.path == "/book/sessions":
            return {"opened": exchange.opened, "sessions": [account.told() for account in exchange.accounts]}
        msisdn = request.query.get("msisdn", "").lstrip("+ ")
        offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", _LIMIT))
        if request.path == "/book/replies":
            return self._replies(msisdn, offset, limit)
        if exchange.records is None:
            raise BroadcastError(
                "this personality keeps counts only: set record = 100000 in it, or --set record=100000"
            )
        page = exchange.records.messages if request.path == "/book/messages" else exchange.records.receipts
        return page(msisdn, offset, limit)

    def _replies(self, msisdn: str, offset: int, limit: int) -> dict[str, Any]:
        replies = self._exchange.replies
        if replies is None:
            return {"made": 0, "sent": 0, "acked": 0, "by_text": {}, "total": 0, "replies": []}
        found = [asdict(reply) for reply in replies.kept if msisdn in ("", reply.msisdn)]
        return {**replies.summary(), "total": len(found), "replies": found[offset : offset + limit]}


def _json(status: str, value: object) -> Answer:
    return status, "application/json", json.dumps(value).encode() + b"\n"
