"""A carrier's invoice, read as it came: sums by campaign and day, or a line a message. Pure. It tells no number that it
holds."""

import csv
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from broadcast.audience.msisdn import Normalizer, Refusal
from broadcast.config import Country
from broadcast.errors import InputError
from broadcast.languages import _
from broadcast.reports.invoice_heads import HEADS

COLUMNS: Final = ("campaign", "day", "number", "segments", "amount")
_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")

# By comma or point; in India the first of them have two digits.
_GROUPS = r"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{2}})*(?:{mark}[0-9]{{3}})+"
_COMMAS, _POINTS = (_GROUPS.format(mark=mark) for mark in (",", r"\."))
_THOUSANDS: Final = re.compile(rf"-?(?:{_COMMAS}|{_POINTS})", re.ASCII)
_FRACTION: Final = re.compile(rf"(-?(?:[0-9]+|{_COMMAS}(?=\.)|{_POINTS}(?=,)))(?:[.,]([0-9]+))?", re.ASCII)

Key = tuple[str, date | None]  # campaign, '' where the invoice does not say; day, None where it does not


@dataclass(slots=True)
class Sums:
    """amount: None: nobody says."""

    segments: int = 0
    amount: Decimal | None = None

    def add(self, segments: int, amount: Decimal | None) -> None:
        self.segments += segments
        if amount is not None:
            self.amount = (self.amount or Decimal()) + amount


@dataclass(slots=True)
class Invoice:
    """by_campaign, by_day: whether it says that. numbers, number_segments: side by side, a line each; empty where it
    has sums alone."""

    by_campaign: bool
    by_day: bool
    sums: dict[Key, Sums] = field(default_factory=dict)
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    number_segments: "array[int]" = field(default_factory=lambda: array("q"))
    lines: int = 0

    def of(self, campaign: str) -> "Invoice":
        """Its sums of one campaign; all of them where it names none."""
        if not self.by_campaign:
            return self
        mine = {key: each for key, each in self.sums.items() if key[0] == campaign}
        return Invoice(self.by_campaign, self.by_day, mine)


def read(lines: Iterable[str], country: Country, columns: Mapping[str, str], month: date | None) -> Invoice:
    """lines: of a CSV file, whose first has the heads. columns: of COLUMNS -> its head there, where it is another than
    usual. month: its first day; every day must lie in it; None: any day. Raises InputError with the line."""
    rows = iter(lines)
    head = next(rows, "").removeprefix("\ufeff")
    delimiter = max(",;\t|", key=head.count)
    reader = csv.reader(rows, delimiter=delimiter)
    numbers = Normalizer(country)
    try:
        places = _places(next(csv.reader([head], delimiter=delimiter), []), columns)
        found = Invoice("campaign" in places, "day" in places)
        for row in reader:
            if any(map(str.strip, row)):
                found.lines += 1
                _add(found, {name: row[place].strip() for name, place in places.items()}, numbers, month)
    except (IndexError, ValueError, InvalidOperation, OverflowError, csv.Error) as error:
        line = reader.line_num + 1
        raise InputError(_("line {line} of the invoice: {why}", line=line, why=_why(error))) from None
    return found


def _why(error: Exception) -> str:
    """Never what stands there: it may be a number."""
    if isinstance(error, _WrongCellError):
        return str(error)
    return _("cells are missing") if isinstance(error, IndexError) else _("a cell cannot be read")


class _WrongCellError(ValueError):
    """What is wrong, without what stands there."""


def _places(heads: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Column -> its place in a line. Raises InputError."""
    told = [head.strip().casefold() for head in heads]
    found = {}
    for column in COLUMNS:
        names = [columns[column].strip().casefold()] if column in columns else HEADS[column]
        place = next((told.index(name) for name in names if name in told), None)
        if place is not None:
            found[column] = place
        elif column in columns:
            raise InputError(
                _(
                    "the invoice has no column {head}: it has {heads}",
                    head=columns[column],
                    heads=", ".join(heads),
                )
            )
    if "segments" not in found and "number" not in found:
        raise InputError(
            _(
                "the invoice says neither segments nor numbers: it has {heads}; name the column, "
                "--column segments=HEAD",
                heads=", ".join(heads),
            )
        )
    return found


def _add(found: Invoice, cells: Mapping[str, str], numbers: Normalizer, month: date | None) -> None:
    segments = _whole(cells["segments"]) if "segments" in cells else 1
    amount = _amount(cells["amount"]) if cells.get("amount") else None
    day = _day(cells["day"]) if "day" in cells else None
    if day and month and (day.year, day.month) != (month.year, month.month):
        raise _WrongCellError(_("{day} is not in {month}", day=day.isoformat(), month=f"{month:%Y-%m}"))
    if "number" in cells:
        found.numbers.append(_number(cells["number"], numbers))
        found.number_segments.append(segments)
    found.sums.setdefault((cells.get("campaign", ""), day), Sums()).add(segments, amount)


def _number(text: str, numbers: Normalizer) -> int:
    """Of the country, or a visitor's, which is written in full."""
    found = numbers.normalize(text)
    if not isinstance(found, Refusal):
        return found
    if found is Refusal.FOREIGN and (match := re.fullmatch(r"(?:\+|00)?([1-9]\d{6,14})", text)):
        return int(match[1])
    raise _WrongCellError(_("there is no mobile number"))


def _whole(text: str) -> int:
    """Thousands may be parted."""
    plain = re.sub(r"(?<=\d)[.,\s](?=\d{3}(\D|$))", "", text)
    if not plain.isdecimal():
        raise _WrongCellError(_("segments are no whole number"))
    return int(plain)


def _amount(text: str) -> Decimal:
    """1,234.50, 1.234,50 or 1234.5: the last mark parts the fraction, unless three digits follow it and it may part
    thousands: 1.234 is a thousand and more, 0.234 is not, nor 1,234.567."""
    plain = re.sub(r"\s", "", text)
    if _THOUSANDS.fullmatch(plain):
        return Decimal(re.sub("[.,]", "", plain))
    match = _FRACTION.fullmatch(plain)
    if match is None:
        raise _WrongCellError(_("the amount is no number"))
    whole = re.sub("[.,]", "", match[1])
    return Decimal(f"{whole}.{match[2] or 0}")


def _day(text: str) -> date:
    first = re.split(r"[T ]", text)[0]
    for form in _DAYS:
        try:
            return datetime.strptime(first, form).date()  # noqa: DTZ007  # a day of the carrier's calendar
        except ValueError:
            continue
    raise _WrongCellError(_("the day is none: 2026-11-30 or 30/11/2026"))


@dataclass(frozen=True, slots=True)
class Line:
    """Of one campaign and day, as far as the invoice tells them apart. billed: None: it has nothing of it. accepted,
    delivered: segments in our books. due: at the price of the launch; None: it had none; apart: as of Own."""

    campaign: str
    day: date | None
    billed: int | None
    accepted: int
    delivered: int
    amount: Decimal | None = None
    due: Decimal | None = None
    apart: Decimal = Decimal()

    @property
    def more(self) -> int:
        """Segments billed beyond those accepted; negative: fewer."""
        return (self.billed or 0) - self.accepted

    @property
    def differs(self) -> bool:
        return bool(self.more) or (
            self.amount is not None and self.due is not None and abs(self.amount - self.due) > self.apart
        )


@dataclass(slots=True)
class Own:
    """Segments of a campaign on a day in our books. due: None: they have no price. apart: by how much it may be more or
    less, where alphabets have prices of their own: nobody counts what was accepted by alphabet."""

    accepted: int = 0
    delivered: int = 0
    due: Decimal | None = None
    apart: Decimal = Decimal()


def compare(invoice: Invoice, own: Mapping[tuple[str, date | None], Own]) -> list[Line]:
    """By day, then campaign. own: by campaign and day; day None: nobody knows which (copies that were sent again)."""
    ours: dict[Key, Own] = {}
    for (campaign, day), each in own.items():
        key = (campaign if invoice.by_campaign else "", day if invoice.by_day else None)
        into = ours.setdefault(key, Own())
        into.accepted += each.accepted
        into.delivered += each.delivered
        if each.due is not None:
            into.due = (into.due or Decimal()) + each.due
            into.apart += each.apart
    keys = sorted(invoice.sums.keys() | ours.keys(), key=lambda key: (key[1] or date.max, key[0]))
    return [_line(key, invoice.sums.get(key), ours.get(key, Own())) for key in keys]


def _line(key: Key, billed: Sums | None, own: Own) -> Line:
    if billed is None:
        return Line(*key, None, own.accepted, own.delivered, None, own.due, own.apart)
    return Line(*key, billed.segments, own.accepted, own.delivered, billed.amount, own.due, own.apart)


def total(lines: Iterable[Line]) -> Line:
    """All of it."""
    listed = list(lines)
    amounts = [each.amount for each in listed if each.amount is not None]
    dues = [each.due for each in listed if each.due is not None]
    return Line(
        "",
        None,
        sum(each.billed or 0 for each in listed),
        sum(each.accepted for each in listed),
        sum(each.delivered for each in listed),
        sum(amounts, Decimal()) if amounts else None,
        sum(dues, Decimal()) if dues else None,
        sum((each.apart for each in listed), Decimal()),
    )


def differing_numbers(
    invoice: Invoice, numbers: "array[int]", segments: "array[int]"
) -> Iterator[tuple[int, int, int]]:
    """Number, segments billed, segments accepted, of each where these differ, by number. numbers, segments: ours."""
    import numpy as np  # a large library, and sums alone have no use for it

    both = np.concatenate([np.asarray(invoice.numbers, np.int64), np.asarray(numbers, np.int64)])
    unique, place = np.unique(both, return_inverse=True)
    billed = np.bincount(
        place[: len(invoice.numbers)], np.asarray(invoice.number_segments, np.float64), len(unique)
    )
    accepted = np.bincount(place[len(invoice.numbers) :], np.asarray(segments, np.float64), len(unique))
    for number in np.flatnonzero(billed != accepted).tolist():
        yield int(unique[number]), int(billed[number]), int(accepted[number])
