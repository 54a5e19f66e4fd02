"""Areas without geometry: a CSV file, and Vietnam's from a package of the registry."""

import csv
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from broadcast.areas.said import Columns, SaidArea
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.visible import visible

_DELIMITERS: Final = ",;\t"
_MORE: Final = "\0"  # of cells beyond the first line's
_PACKAGE: Final = "vietnamadminunits"
_DATA: Final = "vietnamadminunits/data/dataset.db"
VIETNAM_SINCE: Final = date(2025, 7, 1)  # Resolution 202/2025/QH15
_PROVINCES, _COMMUNES = 34, 3321


def read_csv(file: Path, columns: Columns) -> Iterator[SaidArea]:
    """Its first line names the columns; UTF-8, with commas, semicolons or tabs. Raises InputError."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            head = source.readline()
            delimiter = max(_DELIMITERS, key=head.count)
            source.seek(0)
            lines = csv.DictReader(source, delimiter=delimiter, strict=True, restkey=_MORE, restval="")
            _check_head(file, lines.fieldnames or ())
            for line in lines:
                where = _("{file}: line {line}", file=visible(file.name), line=str(lines.line_num))
                # spreadsheets leave out empty last cells, or write some more
                if any(line.pop(_MORE, ())):
                    raise InputError(_("{where}: it has more columns than the first line", where=where))
                yield columns.said(where, {name: _unquoted(cell) for name, cell in line.items()})
    except OSError as error:
        raise InputError(_("cannot read {file}: {strerror}", file=file, strerror=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise InputError(_("{file} is not UTF-8: save it as UTF-8", file=file)) from error
    except csv.Error as error:
        raise InputError(_("{file} is no CSV: {error}", file=file, error=error)) from error


def _check_head(file: Path, names: Sequence[str]) -> None:
    """Raises InputError for a name that stands twice, of which the last would be read."""
    if twice := [name for name, times in Counter(filter(None, names)).items() if times > 1]:
        raise InputError(
            _("{file}: the column {name} stands twice", file=visible(file.name), name=visible(twice[0]))
        )


def _unquoted(cell: str) -> str:
    """Without the ' by which somebody told a spreadsheet that a code is no number."""
    return cell[1:] if re.fullmatch(r"'[0-9]+\s*", cell) else cell


def vietnam() -> tuple[str, list[SaidArea]]:
    """Where it is from, and the provinces and communes that there are since 1 July 2025, with the codes of the National
    Statistics Office. Read from the package's data file: none of its code runs. Raises InputError."""
    try:
        package = distribution(_PACKAGE)
    except PackageNotFoundError as error:
        raise InputError(
            _("the package {package} is not installed: pip install 'broadcast[vietnam]'", package=_PACKAGE)
        ) from error
    try:
        with closing(sqlite3.connect(f"file:{package.locate_file(_DATA)}?mode=ro", uri=True)) as data:
            rows = data.execute(
                "SELECT provinceCode, province, wardCode, ward, wardType FROM admin_units ORDER BY 1, 3"
            ).fetchall()
    except sqlite3.Error as error:
        raise InputError(
            _("{package} {version} has other data than is known here: {error}",
              package=_PACKAGE, version=package.version, error=error)
        ) from error  # fmt: skip
    provinces = {code: name for code, name, *_commune in rows}
    if (len(provinces), len(rows)) != (_PROVINCES, _COMMUNES):
        raise InputError(
            _("{package} {version} has {provinces} provinces and {communes} communes, which are not those of 2025",
              package=_PACKAGE, version=package.version, provinces=len(provinces), communes=len(rows))
        )  # fmt: skip
    said = [
        SaidArea(name, code, name, kind="thành phố" if name.startswith("Thành phố") else "tỉnh")
        for code, name in provinces.items()
    ]
    said += [SaidArea(name, code, name, parent, kind.lower()) for parent, _name, code, name, kind in rows]
    return f"{_PACKAGE} {package.version} (PyPI, MIT)", said
