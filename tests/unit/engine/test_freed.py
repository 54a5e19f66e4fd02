from broadcast.engine.freed import EVERY_S, Freed


def test_memory_is_given_back_after_it_was_freed_and_not_all_the_time() -> None:
    now = [100.0]
    done: list[float] = []
    freed = Freed(lambda kept: done.append(now[0] + kept), lambda: now[0])
    freed.give_back(freed=False)
    assert not done
    freed.give_back(freed=True)
    freed.give_back(freed=True)  # waits for its time
    assert done == [100.0]
    now[0] += EVERY_S
    freed.give_back(freed=False)
    now[0] += EVERY_S
    freed.give_back(freed=False)
    assert done == [100.0, 100.0 + EVERY_S]


def test_a_c_library_without_it_is_no_fault() -> None:
    Freed(None).give_back(freed=True)


def test_this_system_s_own_is_called() -> None:
    Freed().give_back(freed=True)
