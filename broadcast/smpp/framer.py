"""A byte stream cut into PDUs, whatever the reads look like."""

from broadcast.errors import BroadcastError
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
    """Bytes in, complete PDUs out. Keeps at most one PDU's beginning, so at most MAX_PDU_OCTETS."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The PDUs that are complete now, in order.

        Raises UnrecoverablePduError at a command_length below 16 or above MAX_PDU_OCTETS; nothing may be
        fed after that.
        """
        if self._rest:
            data = self._rest + data
        frames: list[Frame] = []
        position, size, header = 0, len(data), HEADER.unpack_from
        while size - position >= HEADER_OCTETS:
            length, command, status, sequence = header(data, position)
            end = position + length
            if end > size or not HEADER_OCTETS <= length <= MAX_PDU_OCTETS:
                break
            frames.append((command, status, sequence, data[position:end]))
            position = end
        self._rest = data[position:]
        if len(self._rest) >= 4:
            self._check(frames)
        return frames

    def _check(self, frames: list[Frame]) -> None:
        length = int.from_bytes(self._rest[:4], "big")
        if not HEADER_OCTETS <= length <= MAX_PDU_OCTETS:
            raise UnrecoverablePduError(length, frames)
