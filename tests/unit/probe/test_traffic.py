"""What a check sent, put together again."""

from broadcast.config import Bind, Carrier
from broadcast.probe.traffic import Sent, Traffic


def sent(message: int, segment: int, status: int | None) -> Sent:
    return Sent("burst", message, segment, None, 1.0, status=status)


def test_messages_of_one_moment_are_not_segments_of_one() -> None:
    """A loop's clock stands still within a burst; and what was taken in part is not a message that was taken."""
    traffic = Traffic(Carrier(tps=1, binds=(Bind("h", 1, "x"),)), 84320000007)
    one, two, three = [sent(0, 1, 0)], [sent(1, 1, 0), sent(1, 2, 0)], [sent(2, 1, 0), sent(2, 2, 0x43)]
    traffic.sent += [*one, *two, *three, sent(3, 1, None)]
    assert traffic.taken() == [one, two]
