"""Logins of the board: each ends by idling, by its age, or by its owner; their number is bounded."""

from broadcast.web import sessions
from broadcast.web.sessions import Sessions, Viewer

AN = Viewer("an", frozenset({"approver"}))


def made(idle_s: float = 100.0, longest_s: float = 1000.0) -> Sessions:
    return Sessions(idle_s, longest_s)


def test_a_login_lasts_while_it_is_used_and_no_longer_than_its_end() -> None:
    known = made()
    token = known.begin(AN, 0.0)
    for now in range(50, 1000, 50):
        login = known.find(token, float(now))
        assert login is not None and login.viewer == AN
    assert known.find(token, 1000.0) is None
    assert known.find(token, 1000.0) is None
    assert len(known) == 0


def test_it_ends_by_idling() -> None:
    known = made()
    token = known.begin(AN, 0.0)
    assert known.find(token, 99.9) is not None
    assert known.find(token, 99.9 + 100.0) is None


def test_who_logs_out_is_out_and_their_streams_hear_of_it() -> None:
    known = made()
    token = known.begin(AN, 0.0)
    login = known.find(token, 1.0)
    assert login is not None and not known.is_over(login, 1.0)
    known.end(token)
    assert known.is_over(login, 1.0)
    assert known.find(token, 1.0) is None
    known.end(token)  # once more: nothing


def test_tokens_are_different_and_not_kept() -> None:
    known = made()
    tokens = {known.begin(AN, 0.0) for _ in range(10)}
    assert len(tokens) == 10 and all(len(each) >= 43 for each in tokens)
    assert not any(token.encode() in repr(vars(known)).encode() for token in tokens)
    csrf = {login.csrf for each in tokens if (login := known.find(each, 0.0))}
    assert len(csrf) == 10
    assert known.find("", 0.0) is None and known.find("guessed", 0.0) is None


def test_one_viewer_has_a_bounded_number_and_others_keep_theirs() -> None:
    known = made()
    other = known.begin(Viewer("binh"), 0.0)
    tokens = [known.begin(AN, float(each)) for each in range(sessions.MOST_EACH + 3)]
    alive = [each for each in tokens if known.find(each, 50.0)]
    assert alive == tokens[3:]
    assert known.find(other, 50.0) is not None


def test_all_of_them_are_bounded_and_those_that_ended_make_room() -> None:
    known = made()
    for each in range(sessions.MOST + 5):
        known.begin(Viewer(f"n{each}"), 0.0)
    assert len(known) == sessions.MOST
    known.begin(AN, 5000.0)
    assert len(known) == 1
