"""Who hears alerts: bringing lists in, opting out and in again.

An import is a row of its own, an opt-out dates the subscriber's; who did it, and when, stands in the audit chain,
without any number.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broadcast.actions.reading import note_read
from broadcast.actions.session import Session
from broadcast.audience import learnt, subscribers, unfinished
from broadcast.audience.attributes import Kind, declared
from broadcast.audience.coverage import Coverage, coverage
from broadcast.audience.importer import ImportResult, import_file
from broadcast.audience.learnt import Aside, Port
from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.audience.pipes import is_pipe, same_file
from broadcast.audience.resumable import Watcher, import_resumably
from broadcast.audience.subscribers import CarrierCount, PastImport, Subscriber
from broadcast.audience.unfinished import Unfinished
from broadcast.config import Country
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.store.clock import database_time
from broadcast.store.queries import sql

_IMPORTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one number: who said that it is another carrier's, the newest first; since when it is set aside."""

    ported: Sequence[Port] = ()
    set_aside: Aside | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """A file to bring in, of `planned`. refused: where its refused lines go. resumable: commit batch by batch, and
    continue what was stopped; restart: give that up instead. attributes: to be registered with it, types by name."""

    file: Path
    refused: Path
    resumable: bool = False
    restart: bool = False
    attributes: Mapping[str, Kind] = field(default_factory=dict)


def planned(
    file: Path, refused: Path | None, attributes: Iterable[str] = (), *, resumable: bool, restart: bool
) -> Import:
    """refused: None for beside the file. attributes: each as `name:type`. Raises InputError for what does not go
    together."""
    if restart and not resumable:
        raise InputError(
            _("--restart goes with --resumable: without that, an import begins at line 1 anyway")
        )
    refused = refused or (Path("piped.refused.csv") if is_pipe(file) else file.with_suffix(".refused.csv"))
    if same_file(file, refused):
        raise InputError(
            _(
                "--refused {refused} is the file to import: the refused lines need another one",
                refused=refused,
            )
        )
    if refused.exists() and not refused.is_file():
        raise InputError(
            _(
                "--refused {refused} is no file: the refused lines, with numbers, need one of their own",
                refused=refused,
            )
        )
    return Import(file, refused, resumable, restart, dict(map(declared, attributes)))


async def import_subscribers(session: Session, plan: Import, watcher: Watcher) -> ImportResult:
    """Every line accounted for. Of one where each line was refused the result says so: see `check_somebody`.

    Raises as `import_file` and `import_resumably`.
    """
    connection, config = session.connection, session.config
    await _note(session, "import begun", "import", resumable=plan.resumable, restart=plan.restart)
    if plan.resumable:
        done = await import_resumably(
            *(connection, config, plan.file, plan.refused, watcher),
            restart=plan.restart,
            wanted=plan.attributes,
        )
    else:
        done = await import_file(connection, config, plan.file, plan.refused, watcher.merged, plan.attributes)
    counts: dict[str, Any] = {"lines": done.lines, "imported": done.imported, "updated": done.updated}
    if done.columns:
        counts["columns"] = done.columns
    await _note(session, "import ended", f"import {done.import_no}", **counts)
    return done


async def _note(session: Session, what: str, subject: str, **details: Any) -> None:
    """In the audit chain."""
    await session.connection.execute(sql("desk_say"), what, subject, json.dumps(details))


def check_somebody(done: ImportResult) -> None:
    """Raises InputError when nobody was imported, once the counts were shown."""
    if done.nobody:
        raise InputError(
            _(
                "{source}: every line is refused, nobody is imported: the reasons stand in {refused_file}",
                source=done.source,
                refused_file=done.refused_file,
            )
        )


def number(country: Country, typed: str, *, visitors: bool = False) -> int:
    """In any usual spelling. visitors: another country's too, as a location list may have it. Raises InputError for
    what is no mobile number of the country."""
    normalizer = Normalizer(country)
    found = (normalizer.foreign if visitors else normalizer.normalize)(typed)
    if isinstance(found, Refusal):
        raise InputError(
            _("that is no mobile number of {name}: {words}", name=country.name, words=found.words)
        )
    return found


async def read(session: Session, msisdn: int) -> Subscriber:
    """One person's row, which is an act. Raises InputError when nobody has the number."""
    await note_read(session, "subscriber", 1)
    return await subscribers.find(session.connection, msisdn)


async def read_learnt(session: Session, msisdn: int) -> Learnt:
    """What alerts taught of a number, beside what `read` noted as an act."""
    return Learnt(*await learnt.of_number(session.connection, msisdn))


async def opt_out(session: Session, msisdn: int) -> Subscriber:
    """Nothing but emergencies from now on, of what runs already too. Raises InputError when nobody has the number."""
    done = await subscribers.set_opt_out(session.connection, msisdn, True)
    await _note(session, "opted out", "subscriber")
    return done


@dataclass(frozen=True, slots=True)
class OptedOut:
    """Of a list of numbers: how many, how many of them are subscribers, and for how many it is new."""

    numbers: int
    subscribers: int
    opted_out: int


async def opt_all_out(session: Session, numbers: Sequence[int]) -> OptedOut:
    """Everybody of a list, a do-not-call register's say; all of them or nobody."""
    async with session.connection.transaction():
        known, new = await subscribers.opt_all_out(session.connection, numbers)
        await _note(session, "opted out", "subscriber", numbers=len(numbers), subscribers=known, new=new)
    return OptedOut(len(numbers), known, new)


async def opt_in(session: Session, msisdn: int) -> Subscriber:
    """In again, for launches from now on. Raises InputError when nobody has the number."""
    done = await subscribers.set_opt_out(session.connection, msisdn, False)
    await _note(session, "opted in", "subscriber")
    return done


@dataclass(frozen=True, slots=True)
class Known:
    """Who is known by carrier and of how many what, the last imports, days since the newest (None: there is none), and
    one that has not ended."""

    carriers: list[CarrierCount]
    coverage: Coverage
    imports: list[PastImport]
    unfinished: Unfinished | None
    import_days: int | None = None


async def known(session: Session) -> Known:
    """Tells of an unfinished import, too."""
    connection = session.connection
    imports = await subscribers.past_imports(connection, _IMPORTS_SHOWN)
    found = Known(
        *(await subscribers.counts(connection), await coverage(connection)),
        *(imports, await unfinished.find(connection)),
        (await database_time(connection) - imports[0].finished_at).days if imports else None,
    )
    if found.unfinished is not None:
        session.tell(found.unfinished)
    return found
