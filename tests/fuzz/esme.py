"""Target: submit_sm as the simulator gathers them: in columns and by runs as if one by one."""

from collections.abc import Iterator
from typing import Final

from fuzz.octets import Octets
from fuzz.reading import HEADER, frames_of

from broadcast.simulator.submits import Reader

_SUBMIT_SM: Final = 0x04
_RAW, _ANY_BODY = 0, 1  # kinds of pieces; the others are submit_sm to numbers that count up
_TIMES: Final = (1, 1, 1, 1, 1, 2, 16, 20)  # 16 in a row are read as one run
Taken = tuple[bytes, bytes, bytes, bytes, object]


def submits(data: bytes) -> None:
    """The reader takes the same from a stream, whether it knows its shapes or not, as from each PDU alone."""
    octets = Octets(data)
    room, stream = octets.number(), b"".join(_pieces(octets))
    alone = _alone(stream, room)
    reader = Reader()
    assert _gathered(reader, stream, room) == alone
    assert _gathered(reader, stream, room) == alone


def _pieces(octets: Octets) -> Iterator[bytes]:
    sequence = 0
    while octets:
        kind, times, piece = octets.number() % 8, _TIMES[octets.number() % len(_TIMES)], octets.piece()
        if kind == _RAW:
            yield piece
            continue
        head, _, tail = piece.partition(b"\xff")
        for _ in range(times):
            sequence += 1
            body = piece if kind == _ANY_BODY else head + b"8490%07d" % sequence + tail
            yield HEADER.pack(16 + len(body), _SUBMIT_SM, 0, sequence) + body


def _gathered(reader: Reader, stream: bytes, room: int) -> tuple[int, list[Taken], list[bytes], list[object]]:
    """(position behind the last, what was taken, what was over, what was refused)."""
    reader.begin(room)
    position = reader.read(stream, 0)
    assert reader.taken == min(room, reader.taken + len(reader.over))
    return position, sorted(_taken(reader), key=repr), reader.over, reader.malformed


def _taken(reader: Reader) -> Iterator[Taken]:
    for shape in reader.shapes:
        sequences = b"".join(shape.sequences)
        assert len(sequences) == 4 * len(shape.msisdns)
        for index, msisdn in enumerate(shape.msisdns):
            sequence = sequences[4 * index : 4 * index + 4]
            yield shape.head, shape.tail, sequence, msisdn, shape.content


def _alone(stream: bytes, room: int) -> tuple[int, list[Taken], list[bytes], list[object]]:
    position, taken, over, malformed = 0, [], [], []
    for command, _, _, pdu in frames_of(stream)[0]:
        if command != _SUBMIT_SM:
            break
        reader = Reader()
        reader.begin(1 if len(taken) + len(malformed) < room else 0)
        assert reader.read(pdu, 0) == len(pdu)
        taken += _taken(reader)
        over += reader.over
        malformed += reader.malformed
        position += len(pdu)
    return position, sorted(taken, key=repr), over, malformed
