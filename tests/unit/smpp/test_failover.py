"""Which address is tried when, without a clock."""

from broadcast.smpp.failover import IDLE_S, RETURN_S, Homing, Hosts

THREE = (("a", 1), ("b", 1), ("c", 1))


def hosts(addresses: tuple[tuple[str, int], ...] = THREE) -> Hosts:
    return Hosts(addresses, 1.0, 60.0, lambda: 0.0)


def test_they_are_tried_in_order_and_only_then_waited_for() -> None:
    tried = hosts()
    for index in range(3):
        assert tried.next(100.0) == (index, 0.0)
        tried.ended(index, 100.0)
    assert tried.next(100.0) == (0, 1.0)
    assert tried.next(101.0) == (0, 0.0)


def test_each_has_its_own_back_off() -> None:
    tried = hosts(THREE[:2])
    now = 0.0
    waits = []
    for _ in range(8):  # the first is down for good, the second takes us and drops us at once
        index, wait_s = tried.next(now)
        waits.append((index, wait_s))
        now += wait_s
        tried.ended(index, now, bound_s=0.5 if index else 0.0)
    assert waits == [(0, 0), (1, 0), (0, 1), (1, 0), (0, 2), (1, 0), (0, 4), (1, 0)]


def test_what_refuses_for_good_is_left_alone_while_the_other_is_tried() -> None:
    tried = hosts(THREE[:2])
    tried.ended(0, 0.0, slow=True)
    tried.ended(1, 0.0)
    assert tried.next(0.0) == (1, 1.0)
    tried.ended(1, 1.0)
    assert tried.next(1.0) == (1, 2.0)


def test_a_link_that_was_steady_goes_on_at_the_next_address_at_once() -> None:
    tried = hosts()
    tried.ended(0, 1000.0, bound_s=900.0)
    assert tried.next(1000.0) == (1, 0.0)
    tried.ended(1, 1010.0)
    assert tried.next(1010.0) == (0, 0.0)


def test_the_first_is_due_when_it_is_back() -> None:
    tried = hosts()
    tried.ended(0, 0.0, slow=True)
    assert tried.next(1.0) == (1, 0.0)
    tried.first_is_back()
    assert tried.next(1.0) == (0, 0.0)


def test_one_address_is_as_before() -> None:
    tried = hosts(THREE[:1])
    waits = []
    for _ in range(4):
        index, wait_s = tried.next(0.0)
        waits.append((index, wait_s))
        tried.ended(index, 0.0)
    assert waits == [(0, 0.0), (0, 1.0), (0, 2.0), (0, 4.0)]


def test_home_only_after_a_while_and_when_idle() -> None:
    homing = Homing(0.0)
    assert not homing.due(RETURN_S - 1, 0)
    assert not homing.due(RETURN_S, 3)
    assert not homing.due(RETURN_S + IDLE_S - 1, 0)
    assert homing.due(RETURN_S + IDLE_S, 0)
    assert not homing.due(RETURN_S + IDLE_S + 1, 0)  # it was looked for just now
    assert homing.due(2 * RETURN_S + IDLE_S, 0)
