"""When a worker recounts a campaign by itself."""

from broadcast.engine.auditor import EVERY_S, SHARE, Looked, due


def test_first_then_seldom_then_at_its_end() -> None:
    assert due(None, False, 0.0)
    looked = Looked(at=1000.0, took_s=0.5, finished=False)
    assert not due(looked, False, 1000.0 + EVERY_S - 1)
    assert due(looked, False, 1000.0 + EVERY_S)
    assert due(looked, True, 1001.0)
    assert not due(Looked(at=1001.0, took_s=0.5, finished=True), True, 10**9)


def test_a_recount_that_failed_is_not_tried_again_at_once() -> None:
    """A disk that is full of a recount's own temporary files, say."""
    looked = Looked(at=0.0, took_s=None, finished=True)
    assert not due(looked, True, EVERY_S - 1)
    assert due(looked, True, EVERY_S)


def test_the_longer_it_takes_the_seldomer() -> None:
    looked = Looked(at=0.0, took_s=100.0, finished=False)
    assert not due(looked, False, SHARE * 100.0 - 1)
    assert due(looked, False, SHARE * 100.0)
