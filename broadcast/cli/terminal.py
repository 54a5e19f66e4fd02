"""A terminal in any character set: what that lacks is written otherwise, and no command dies of it.

Letters are shown as their code points and not without their marks: who approves a text must not read another one.
"""

import codecs
import io
import sys
import unicodedata
from functools import partial
from typing import TextIO

import click

_TYPED = {"…": "...", "→": "->", "–": "-", "—": "-", "“": '"', "”": '"', "‘": "'", "’": "'"}


def any_terminal() -> None:
    """Makes stdout and stderr as they are now such."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            name = f"legible in {stream.encoding}"  # the error itself names no code page
            codecs.register_error(name, partial(_legible, stream.encoding))
            stream.reconfigure(errors=name)


def put(text: str, stream: TextIO | None = None) -> None:
    """Lines on stdout, or another stream. Left to itself, click writes UTF-8 to a terminal that says it has ASCII."""
    click.echo(text, file=stream or sys.stdout)


def is_utf8() -> bool:
    """Whether stdout carries every character; JSON is else in ASCII, with its own escapes."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name == "utf-8"


def _legible(encoding: str, error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_written(each, encoding) for each in lacking), error.end


def _written(character: str, encoding: str) -> str:
    """As one types it; with its last mark apart, as Windows-1258 has Vietnamese; or as its code point."""
    apart = unicodedata.normalize("NFD", character)
    for other in (_TYPED.get(character, character), unicodedata.normalize("NFC", apart[:-1]) + apart[-1]):
        try:
            other.encode(encoding)
        except UnicodeEncodeError:
            continue
        return other
    return character.encode("ascii", "backslashreplace").decode()
