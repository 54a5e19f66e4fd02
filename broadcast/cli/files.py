"""Files that are written beside their place and then moved there, so that none is half a file."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from broadcast.cli.settings import time_zone
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.sheets import Sheet, sheet


def write_text(path: Path, text: str) -> None:
    """The HTML and JSON files. Raises InputError when the place cannot be written."""
    with replacing(path) as file:
        file.write(text)


@contextmanager
def replacing_sheet(
    path: Path, title: str, columns: Sequence[str], *, mode: int = 0o644, peoples_text: bool = False
) -> Iterator[Sheet]:
    """As `replacing`, for the rows of a table: XLSX or CSV by the file's ending, times in the country's zone."""
    with (
        replacing(path, mode) as file,
        sheet(file, path, title, columns, time_zone, peoples_text=peoples_text) as rows,
    ):
        yield rows


@contextmanager
def replacing(path: Path, mode: int = 0o644) -> Iterator[TextIO]:
    """A new file in the place of `path` when the block ends well, never by way of a link.

    A device or a pipe is written to. Raises InputError when it cannot be written.
    """
    draft = None
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as new:
            draft = Path(new.name)
            yield new  # type: ignore[misc]  # a NamedTemporaryFile in text mode is a TextIO in all but name
            os.fchmod(new.fileno(), mode)
        draft.replace(path)
    except ConnectionError:  # of the database, while its rows are written
        raise
    except OSError as error:
        raise InputError(_("cannot write {path}: {strerror}", path=path, strerror=error.strerror)) from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
