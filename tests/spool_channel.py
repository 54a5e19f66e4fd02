"""A way to reach people that is no SMPP: lines appended to files, by us and by whoever carries them out.

The example of a second channel (see broadcast.channel). Each slot has a folder with two files:

  out   ours     submit NUMBER MSISDN PART TEXT      ack WHAT
  back  theirs   answer NUMBER STATUS ID             receipt ID STATE ERR MSISDN      message FROM TO TEXT

TEXT is JSON. A line of `back` that ends in a newline is whole; its place in the file acknowledges it.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from broadcast.channel.channel import Words
from broadcast.channel.events import LINK_LOST, InboundMessage, LinkEvents, UnreadDelivery
from broadcast.channel.link import Answer, Submission, Token
from broadcast.channel.outcome import Meaning, Outcome
from broadcast.channel.receipt import Ack, Receipt, ReceiptState
from broadcast.channel.sayings import Sayings
from broadcast.channel.trying import Tried, Way
from broadcast.clock import lease_time
from broadcast.config import Carrier

ACCEPTED, BUSY, NOBODY = 0, 1, 2  # the statuses of an answer
PART_CHARACTERS: Final = 40
LOOK_S: Final = 0.005

_OUTCOMES: Final = {
    ACCEPTED: Outcome("ACCEPTED", Meaning.OK, known=True),
    BUSY: Outcome("BUSY", Meaning.TEMPORARY, known=True),
    NOBODY: Outcome("NOBODY", Meaning.PERMANENT, known=True),
}


class SpoolRenderer:
    """Implements channel's Renderer: a line a part."""

    def __init__(self, words: Words) -> None:
        self._parts = [
            json.dumps(words.text[start : start + PART_CHARACTERS])
            for start in range(0, len(words.text), PART_CHARACTERS)
        ]
        self.segments = len(self._parts)
        self.unawaited: frozenset[int] = frozenset()

    def stamp(self, first_sequence: int, msisdns: Sequence[int]) -> bytes:
        runs = ((msisdn, part) for msisdn in msisdns for part in range(1, self.segments + 1))
        return b"".join(self._line(number, *each) for number, each in enumerate(runs, first_sequence))

    def stamp_segment(self, sequence: int, msisdn: int, segment: int) -> bytes:
        return self._line(sequence, msisdn, segment)

    def _line(self, number: int, msisdn: int, part: int) -> bytes:
        return f"submit {number} {msisdn} {part} {self._parts[part - 1]}\n".encode()


class SpoolLink:
    """Implements channel's BoundLink. `look` reads what has come back."""

    def __init__(self, name: str, folder: Path, window: int, events: LinkEvents) -> None:
        self.name = name
        self.window = window
        self._events = events
        self._out = (folder / "out").open("ab", buffering=0)
        self._back = (folder / "back").open("rb")
        self._begun = b""  # a line that is not whole
        self._place = 0  # in `back`, of the first octet that was not handed over
        self._pending: dict[int, Token] = {}
        self._sent_at: dict[int, float] = {}
        self._next = 1
        self._leaving = False

    @property
    def can_submit(self) -> bool:
        return not self._leaving

    @property
    def room(self) -> int:
        return 0 if self._leaving else self.window - len(self._pending)

    @property
    def in_flight(self) -> int:
        return len(self._pending)

    def reserve(self, count: int) -> int:
        first, self._next = self._next, self._next + count
        return first

    def submit(self, submission: Submission, now: float, before: float) -> bool:
        if lease_time() >= before:
            return False
        first, tokens, data = submission
        if self._leaving:
            self._events.unanswered(self, tokens, LINK_LOST, now)
            return True
        self._pending.update(enumerate(tokens, first))
        self._sent_at.update(dict.fromkeys(range(first, first + len(tokens)), now))
        self._out.write(data)
        return True

    def withdraw(self, submission: Submission, now: float, before: float) -> bool:
        """Whoever carries a spool out gives nothing back."""
        self._events.taken_back(self, [(token, None) for token in submission.tokens])
        return True

    def ack(self, acks: list[Ack]) -> None:
        if not self._out.closed:
            self._out.write(b"".join(b"ack %s\n" % ack for ack in acks))

    @property
    def ended(self) -> str:
        return "lost"

    @property
    def peer_ends_at(self) -> None:
        return None

    def take_enquiry(self) -> None:
        return None

    def take_round_trip(self, now: float) -> float | None:
        return None

    def take_unknown_states(self) -> Counter[str]:
        return Counter()

    def take_long_ids(self) -> int:
        return 0

    def look(self) -> None:
        """One read: a call per kind, in the order that LinkEvents says."""
        *lines, self._begun = (self._begun + self._back.read()).split(b"\n")
        answers: list[Answer] = []
        receipts: list[Receipt] = []
        messages: list[InboundMessage] = []
        unread: list[UnreadDelivery] = []
        left_at = time.monotonic()
        for line in lines:
            ack = b"%d" % self._place
            self._place += len(line) + 1
            match line.decode().split(" ", 4):
                case ["answer", number, status, message_id]:
                    left_at = min(left_at, self._sent_at.pop(int(number)))
                    answers.append((self._pending.pop(int(number)), int(status), message_id))
                case ["receipt", message_id, state, err, msisdn] if state in ReceiptState.__members__:
                    receipts.append(Receipt(ack, ReceiptState[state], message_id, err, int(msisdn)))
                case ["message", sender, to, text]:
                    messages.append(InboundMessage(ack, sender, to, 0, 0, json.loads(text).encode()))
                case _:
                    unread.append((ack, line, "a line of no known kind"))
        if answers:
            self._events.answered(self, answers, left_at)
        if receipts:
            self._events.receipts(self, receipts)
        if messages:
            self._events.messages(self, messages)
        if unread:
            self._events.unreadable(self, unread)
        if answers:
            self._events.room(self)

    async def leave(self, within_s: float) -> None:
        """Take no more submits, wait for answers so long, and end."""
        self._leaving = True
        until = time.monotonic() + within_s
        while self._pending and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
            self.look()
        self.end()

    def end(self) -> None:
        """What has no answer is lost."""
        self._leaving = True
        self._out.close()
        self._back.close()
        if self._pending:
            lost = list(self._pending.values())
            self._pending.clear()
            self._events.unanswered(self, lost, LINK_LOST, min(self._sent_at.values()))
        self._events.closed(self, "the spool was closed")


class SpoolChannel:
    """Implements channel's Channel. folder: of the carrier, with a folder for each slot (`slot_folder`).

    A file `cut` in a slot's folder ends its link, as if the disk were taken away, until the file is gone.
    """

    def __init__(self, folder: Path, carrier: Carrier) -> None:
        self._folder = folder
        self._slots = carrier.slots()

    def render(self, words: Words, now: float) -> SpoolRenderer:
        return SpoolRenderer(words)

    def outcome(self, status: int) -> Outcome:
        return _OUTCOMES.get(status, Outcome(f"STATUS_{status}", Meaning.PERMANENT, known=False))

    def withdrawer(self, sender: str) -> None:
        return None

    def cannot_withdraw(self, status: int) -> bool:
        return False

    def sayings(self) -> Sayings:
        return Sayings(unknown=frozenset({"status:nobody"}))

    async def keep_bound(
        self,
        slot_no: int,
        name: str,
        events: LinkEvents,
        report: Callable[[str], None],
        leave_s: Callable[[], float],
    ) -> None:
        life = 0
        while True:
            report("connecting")
            cut = self._folder / str(slot_no) / "cut"
            while cut.exists():  # noqa: ASYNC110 - nobody tells of a file
                await asyncio.sleep(LOOK_S)
            life += 1
            link = SpoolLink(
                name, slot_folder(self._folder, slot_no, life), self._slots[slot_no].window, events
            )
            report("bound")
            events.bound(link)
            try:
                while not cut.exists():
                    await asyncio.sleep(LOOK_S)
                    link.look()
            except asyncio.CancelledError:
                await link.leave(leave_s())
                raise
            link.end()
            report("backing_off")

    def certificate_ends_at(self) -> None:
        return None

    def again_s(self, slot_no: int) -> float:
        return 1.0

    def ways(self) -> Sequence[Way]:
        return ()

    async def try_way(self, way: Way) -> Tried:
        raise NotImplementedError("a folder has no ways to try")


def slot_folder(folder: Path, slot_no: int, life: int) -> Path:
    """Where a link of that slot has its files, the n-th of its lives."""
    made = folder / str(slot_no) / str(life)
    made.mkdir(parents=True, exist_ok=True)
    (made / "out").touch()
    (made / "back").touch()
    return made
