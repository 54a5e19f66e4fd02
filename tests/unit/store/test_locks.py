"""Advisory locks: one register of their numbers, and nobody who writes one down elsewhere."""

import re
from pathlib import Path

from broadcast import store
from broadcast.store.locks import Lock
from broadcast.store.queries import queries

_STORE = Path(store.__file__).parent
_CALL = re.compile(r"pg_\w*advisory\w*\(\s*([^),]*)")
# in functions: the commit of a look (migrations 0016 and 0019), what stops where no worker tidies, entries of the chain
_SHARED_BY_FUNCTIONS = {Lock.CLOSING, Lock.TIDYING, Lock.CHAINING}
_RETIRED = {7102}


def test_queries_name_their_locks_and_every_lock_is_somebodys() -> None:
    files = "".join(path.read_text() for path in (_STORE / "sql").glob("*.sql"))
    assert [each for each in _CALL.findall(files) if not re.fullmatch(r":[a-z_]+_lock", each)] == []
    taken = [int(number) for query in queries().values() for number in _CALL.findall(query.text)]
    assert set(taken) | {Lock.CHAINING} == set(Lock)
    assert len(taken) == len(_CALL.findall(files))


def test_migrations_have_no_numbers_but_those_of_the_register() -> None:
    files = "".join(path.read_text() for path in (_STORE / "migrations").glob("*.sql"))
    assert {int(number) for number in _CALL.findall(files)} == _SHARED_BY_FUNCTIONS | _RETIRED
    assert _RETIRED.isdisjoint(Lock)


def test_no_module_takes_a_lock_by_itself() -> None:
    package = _STORE.parent
    assert [path for path in package.rglob("*.py") if _CALL.search(path.read_text())] == []
