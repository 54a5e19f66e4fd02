"""Who may be told what, by their word or a register: the do-not-call list, and what people agreed to.

Each change is an act in the audit chain, without any number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from broadcast.actions.session import Session
from broadcast.actions.subscriber import planned
from broadcast.audience import consent_files, consents, do_not_call
from broadcast.audience.consent_files import Said
from broadcast.audience.consents import Words
from broadcast.audience.numbers import read_numbers
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.store.clock import database_time
from broadcast.store.queries import sql


@dataclass(frozen=True, slots=True)
class Lines:
    """Of a file: numbers + repeated + refused."""

    source: str
    lines: int
    numbers: int
    repeated: int
    refused: Mapping[str, int]
    refused_file: Path


@dataclass(frozen=True, slots=True)
class Registered:
    """on_list: how many are on the do-not-call list now; new: who was not before; gone: who is not any more.
    subscribers: of how many of them it changed what they may be told. file: None: one number was given."""

    on_list: int
    new: int
    gone: int
    subscribers: int
    file: Lines | None = None


@dataclass(frozen=True, slots=True)
class Consented:
    """words: that were said. subscribers: of how many it changed what they may be told. file: as in Registered."""

    words: int
    subscribers: int
    file: Lines | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What people said, as an operator gives it. number: one; else a file, of which refused lines go to `refused`. at:
    when, as typed; None: now, or as its lines say. source: by what; None: as its lines say. withdrawn: they take it
    back."""

    number: int | None = None
    file: Path | None = None
    refused: Path | None = None
    at: str | None = None
    source: str | None = None
    withdrawn: bool = False


async def register(
    session: Session, given: int | Path, refused: Path | None, *, replace: bool = False, anyway: bool = False
) -> Registered:
    """A number, or everybody of a file, is on the list; replace: and nobody else. anyway: though that takes most off.
    Raises as `read_numbers`, RefusedError as `do_not_call.register`."""
    home = session.connection
    numbers, file = await _given(session, given, refused)
    async with home.transaction():
        done = await do_not_call.register(home, numbers, replace=replace, anyway=anyway)
        await _say(session, "do not call", new=done.new, gone=done.gone, on_list=done.on_list)
    return Registered(done.on_list, done.new, done.gone, done.subscribers, file)


async def unregister(session: Session, given: int | Path, refused: Path | None) -> Registered:
    """They are not on it any more. Raises as `register`."""
    home = session.connection
    numbers, file = await _given(session, given, refused)
    async with home.transaction():
        done = await do_not_call.unregister(home, numbers)
        await _say(session, "may be called", gone=done.gone, on_list=done.on_list)
    return Registered(done.on_list, done.new, done.gone, done.subscribers, file)


async def _given(
    session: Session, given: int | Path, refused: Path | None
) -> tuple[do_not_call.Numbers, Lines | None]:
    if isinstance(given, int):
        return np.array([given], np.int64), None
    plan = planned(given, refused, resumable=False, restart=False)
    found = await read_numbers(plan.file, plan.refused, session.config.country, visitors=False)
    counts = (found.lines, len(found.numbers), found.repeated, found.refused)
    return found.numbers, Lines(found.source, *counts, found.refused_file)


async def note_consent(session: Session, told: Told) -> Consented:
    """Raises InputError for a source or time that is none, or lies ahead; as `read_consents`; RefusedError while an
    import runs."""
    home = session.connection
    now = await database_time(home)
    said = Said(
        _time(session, told.at, now), consent_files.check_source(told.source) if told.source else "", now
    )
    if said.at > now:
        raise InputError(_("--at lies ahead: nobody agreed to anything yet"))
    words, file = await _words(session, told, said)
    async with home.transaction():
        done = await consents.note(home, words, given=not told.withdrawn)
        what = "consent withdrawn" if told.withdrawn else "consented"
        await _say(session, what, words=done.words, subscribers=done.subscribers)
    return Consented(done.words, done.subscribers, file)


async def _words(session: Session, told: Told, said: Said) -> tuple[Words, Lines | None]:
    if told.file is None:
        if told.number is None or not said.source:
            raise InputError(_("--source must say where their word stands: a form, a web page"))
        return consent_files.one_word(told.number, said), None
    plan = planned(told.file, told.refused, resumable=False, restart=False)
    found = await consent_files.read_consents(plan.file, plan.refused, session.config.country, said)
    kept = len(found.words.numbers)
    repeated = found.lines - kept - sum(found.refused.values())
    return found.words, Lines(found.name, found.lines, kept, repeated, found.refused, found.refused_file)


def _time(session: Session, typed: str | None, now: datetime) -> datetime:
    if typed is None:
        return now
    found = consent_files.read_time(typed, ZoneInfo(session.config.country.time_zone))
    if found is None:
        raise InputError(
            _("--at {typed}: write a date or a time, 2030-01-31 or 2030-01-31T18:00", typed=typed)
        )
    return found


async def _say(session: Session, what: str, **details: Any) -> None:
    await session.connection.execute(sql("desk_say"), what, "subscriber", json.dumps(details))
