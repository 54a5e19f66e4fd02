"""submit_sm PDUs of a read, gathered by shape. Hot path: columns per shape, nothing kept per message.

A shape is everything of a submit_sm but its sequence number and its destination's digits: a campaign has one
per segment. Shapes follow one another in a fixed order, so the one that comes next is guessed from the last.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from broadcast.simulator.content import INVALID_COMMAND_LENGTH, Content, read_content
from broadcast.simulator.stamping import column, run_at
from broadcast.smpp.pdu import HEADER, HEADER_OCTETS, SUBMIT_SM

INVALID_DESTINATION: Final = 0x0B
MAX_MSISDN_DIGITS: Final = 20  # SMPP 3.4 §4.4.1: destination_addr, at most 21 octets with its NUL

_SEQUENCE: Final = 12
_KEPT_SHAPES: Final = 4096
_WORTH_A_RUN: Final = 16  # PDUs; fewer are faster one by one


@dataclass(slots=True, eq=False)
class Shape:
    """One kind of submit_sm, and what this read found of it.

    head: from service_type to dest_addr_npi. tail: from the NUL behind the destination to the end.
    width: digits of the destination. sequences: octets, four a message; msisdns: digits.
    """

    head: bytes
    width: int
    tail: bytes
    content: Content
    lead: bytes = b""
    start: int = 0
    stop: int = 0
    length: int = 0
    successor: "Shape | None" = None
    sequences: list[bytes] = field(default_factory=list)
    msisdns: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = HEADER_OCTETS + len(self.head)
        self.stop = self.start + self.width
        self.length = self.stop + len(self.tail)
        self.lead = HEADER.pack(self.length, SUBMIT_SM, 0, 0)[:_SEQUENCE]

    def run_at(self, data: bytes, position: int) -> int:
        """How many of this shape stand there in a row, if it is worth the look; else 0."""
        if len(data) - position < _WORTH_A_RUN * self.length:
            return 0
        block = data[position : position + self.length]
        return run_at(data, position, block, ((_SEQUENCE, 4), (self.start, self.width)))


class Reader:
    """Gathers the submit_sm of one read: `begin`, `read` at each of them, then take `shapes` and the rest.

    shapes: those that came, each with its columns. over: sequence numbers (octets) of those beyond `room`.
    malformed: (sequence number octets, command_status) of those that cannot be read. taken: all but `over`.
    """

    def __init__(self, content_of: Callable[[bytes, bytes], Content] = read_content) -> None:
        """content_of: as content.read_content; it may refuse more than that."""
        self._content_of = content_of
        self._shapes: dict[tuple[bytes, int, bytes], Shape] = {}
        self._last: Shape | None = None
        self.shapes: list[Shape] = []
        self.begin(0)

    def begin(self, room: int) -> None:
        """room: how many may be taken until the next `begin`."""
        for shape in self.shapes:
            shape.sequences, shape.msisdns = [], []
        self._room = room
        self.taken = 0
        self.shapes = []
        self.over: list[bytes] = []
        self.malformed: list[tuple[bytes, int]] = []

    def read(self, data: bytes, position: int) -> int:
        """Takes the complete submit_sm at `position` and all that follow; the position behind them."""
        last = self._last
        shape = last.successor if last is not None else None
        while True:
            if (
                shape is None
                or not data.startswith(shape.lead, position)
                or not data.startswith(shape.head, position + HEADER_OCTETS)
                or not data.startswith(shape.tail, position + shape.stop)
                or not data[position + shape.start : position + shape.stop].isdigit()
            ):
                command, end = _next(data, position)
                if command != SUBMIT_SM or end > len(data):
                    return position
                shape = self._look(data, position, end)
                if shape is None:
                    position = end
                    continue
            if self.taken >= self._room:
                self.over.append(data[position + _SEQUENCE : position + HEADER_OCTETS])
                position += shape.length
            else:
                if not shape.msisdns:
                    self.shapes.append(shape)
                run = self._take_run(shape, data, position) if shape is last else 0
                if not run:
                    shape.sequences.append(data[position + _SEQUENCE : position + HEADER_OCTETS])
                    shape.msisdns.append(data[position + shape.start : position + shape.stop])
                    self.taken += 1
                position += (run or 1) * shape.length
            if last is not None:
                last.successor = shape
            self._last = last = shape
            shape = shape.successor

    def _take_run(self, shape: Shape, data: bytes, position: int) -> int:
        """How many of this shape stand there in a row and were taken; 0: not worth it."""
        count = min(shape.run_at(data, position), self._room - self.taken)
        if count < _WORTH_A_RUN:
            return 0
        run, width = data[position : position + count * shape.length], shape.width
        digits = column(run, shape.length, shape.start, width)
        if not digits.isdigit():
            return 0
        shape.sequences.append(column(run, shape.length, _SEQUENCE, 4))
        shape.msisdns += [digits[index : index + width] for index in range(0, len(digits), width)]
        self.taken += count
        return count

    def _look(self, data: bytes, position: int, end: int) -> Shape | None:
        """The shape of the submit_sm at `position`, read field by field; None: it is noted elsewhere."""
        sequence = data[position + _SEQUENCE : position + HEADER_OCTETS]
        try:
            service_type = data.index(b"\0", position + HEADER_OCTETS, end)
            start = data.index(b"\0", service_type + 3, end) + 3
            stop = data.index(b"\0", start, end)
        except ValueError:
            self._refuse(sequence, INVALID_COMMAND_LENGTH)
            return None
        if not data[start:stop].isdigit() or stop - start > MAX_MSISDN_DIGITS:
            self._refuse(sequence, INVALID_DESTINATION)
            return None
        key = (data[position + HEADER_OCTETS : start], stop - start, data[stop:end])
        shape = self._shapes.get(key)
        if shape is None:
            if len(self._shapes) >= _KEPT_SHAPES:
                self._shapes.clear()
            shape = Shape(*key, self._content_of(key[0], key[2]))
            self._shapes[key] = shape
        return shape

    def _refuse(self, sequence: bytes, status: int) -> None:
        if self.taken >= self._room:
            self.over.append(sequence)
            return
        self.malformed.append((sequence, status))
        self.taken += 1


def _next(data: bytes, position: int) -> tuple[int, int]:
    """command_id and end of the PDU at `position`; (0, 0) where there is no whole header of a sane one."""
    if len(data) - position < HEADER_OCTETS:
        return 0, 0
    length, command, _, _ = HEADER.unpack_from(data, position)
    return (command, position + length) if length >= HEADER_OCTETS else (0, 0)
