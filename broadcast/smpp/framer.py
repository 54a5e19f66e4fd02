"""A byte stream cut into PDUs, whatever the reads look like."""

from broadcast.errors import BroadcastError
from broadcast.smpp.alike import Awaited, Thinner
from broadcast.smpp.pdu import HEADER, HEADER_OCTETS, MAX_PDU_OCTETS

# (command_id, command_status, sequence_number, the whole PDU): a tuple, for there is one per PDU
Frame = tuple[int, int, int, bytes]


class UnrecoverablePduError(BroadcastError):
    """The stream cannot be cut into PDUs any more: the connection must close

    complete: the PDUs that came before, still good.
    """

    def __init__(self, length: int, complete: list[Frame]) -> None:
        super().__init__(f"a command_length of {length} octets: this is not SMPP")
        self.length = length
        self.complete = complete


class Framer:
    """Bytes in, complete PDUs out. Keeps at most one PDU's beginning, so at most MAX_PDU_OCTETS.

    That is copied when it is complete, not with every read: a long PDU may come an octet at a time.
    thin: set by the owner, to get of many alike in a row the last only (see alike.py). passed_over: octets of the
    others, in the last read.
    """

    def __init__(self, awaited: Awaited = lambda _: True) -> None:
        self._awaited = awaited
        self._rest = bytearray()
        self._length = 0  # of the PDU that has begun, as announced; 0: not known yet
        self.thin = False
        self.passed_over = 0

    @property
    def begun(self) -> int:
        """Octets of a PDU that is not complete."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Frame]:
        """The PDUs that are complete now, in order.

        Raises UnrecoverablePduError at a command_length below 16 or above MAX_PDU_OCTETS; nothing may be
        fed after that.
        """
        self.passed_over = 0
        if self._rest:
            if len(self._rest) + len(data) < self._length:
                self._rest += data
                return []
            data = b"".join((self._rest, data))
        frames, position = self._cut_thin(data) if self.thin else _cut(data)
        self._rest = bytearray(data[position:])
        self._length = 0
        if len(self._rest) >= 4:
            self._check(frames)
        return frames

    def _cut_thin(self, data: bytes) -> tuple[list[Frame], int]:
        """As `_cut`."""
        frames: list[Frame] = []
        position, size, thinner = 0, len(data), Thinner(data, self._awaited)
        while size - position >= HEADER_OCTETS:
            length, command, status, sequence = HEADER.unpack_from(data, position)
            if position + length > size or not HEADER_OCTETS <= length <= MAX_PDU_OCTETS:
                break
            last = thinner.last(position, length, command)
            if last != position:
                position, sequence = last, HEADER.unpack_from(data, last)[3]
            frames.append((command, status, sequence, data[position : position + length]))
            position += length
        self.passed_over = thinner.octets
        return frames, position

    def _check(self, frames: list[Frame]) -> None:
        self._length = int.from_bytes(self._rest[:4], "big")
        if not HEADER_OCTETS <= self._length <= MAX_PDU_OCTETS:
            raise UnrecoverablePduError(self._length, frames)


def _cut(data: bytes) -> tuple[list[Frame], int]:
    """The complete PDUs, and where the next begins: the hot loop."""
    frames: list[Frame] = []
    position, size, header = 0, len(data), HEADER.unpack_from
    while size - position >= HEADER_OCTETS:
        length, command, status, sequence = header(data, position)
        end = position + length
        if end > size or not HEADER_OCTETS <= length <= MAX_PDU_OCTETS:
            break
        frames.append((command, status, sequence, data[position:end]))
        position = end
    return frames, position
