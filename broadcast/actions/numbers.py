"""A file of numbers that a command is given: a number a line, and nothing else of it is read."""

import re
from pathlib import Path

from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.config import Country
from broadcast.errors import InputError
from broadcast.languages import _


def numbers_in(country: Country, file: Path, *, visitors: bool = False) -> list[int]:
    """A number a line, in any usual spelling, perhaps under a head. visitors: other countries' too. Raises InputError
    naming the first line that is none, and where there is no number at all."""
    normalizer, found = Normalizer(country), list[int]()
    normalize = normalizer.foreign if visitors else normalizer.normalize
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(_("cannot read {name}: {strerror}", name=file, strerror=error)) from error
    for place, line in enumerate(lines, 1):
        cell = re.split("[,;\t]", line)[0].strip().strip('"')
        if not cell or (place == 1 and cell.lower() == "msisdn"):
            continue
        msisdn = normalize(cell)
        if isinstance(msisdn, Refusal):
            raise InputError(_("{name}, line {place}: {words}", name=file, place=place, words=msisdn.words))
        found.append(msisdn)
    if not found:
        raise InputError(_("{name} has no number", name=file))
    return list(dict.fromkeys(found))
