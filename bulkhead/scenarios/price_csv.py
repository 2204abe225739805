"""Price series from and to CSV: header `time,ETH,BTC`, one row per step.

Times are ISO-8601 (`Z`, an offset, or none for UTC) or unix seconds. Every bad line is named with
its number, the value found and what to write instead.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bulkhead.scenarios.series import (
    EARLIEST_TIME,
    HIGHEST_PRICE,
    LATEST_TIME,
    LOWEST_PRICE,
    PriceSeries,
    iso_time,
    rounded,
)

TIME_COLUMN = "time"
MOST_ERRORS = 10  # lines that one error reports; more would scroll the first away
OTHER_SEPARATORS = (";", "\t", "|")
LONGEST_VALUE = 40  # characters of a bad value that a message repeats

_PRICE = re.compile(r"\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_SECONDS = re.compile(r"-?\d+", re.ASCII)
_DATE_START = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class CsvError(Exception):
    """A price file that cannot be replayed; `lines` holds one message per bad line."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


class _BadLine(Exception):
    """One line's mistake, before the file and the line number are put in front of it."""


def load_csv(path: str | Path, assets: Sequence[str] = ("ETH", "BTC")) -> PriceSeries:
    """Read a price series, or raise `CsvError` naming up to ten bad lines."""
    path = Path(path)
    rows = _rows(path)
    line, header = next(rows, (1, None))
    if header is None:
        raise CsvError(
            [f"{path}: is empty: write the header {_example(assets)} and rows of prices"]
        )
    try:
        columns = _columns(header, assets)
    except _BadLine as reason:
        raise CsvError([f"{path}:{line}: {reason}"]) from None
    series, errors = _read_rows(rows, columns, path)
    if errors:
        raise CsvError(errors)
    if len(series.times) < 2:
        count = "one row" if series.times else "no rows"
        raise CsvError([f"{path}: has {count} of prices: a replay needs at least two"])
    lines = tuple(f"{path}:{line}" for line in series.lines)
    return PriceSeries(path.stem, series.times, series.prices, lines)


def count_rows(path: str | Path) -> int:
    """Rows of prices in a file, nearly: its lines less the header. Fast, and reads no value."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            return max(0, sum(1 for line in file if line.strip()) - 1)
    except OSError as error:
        raise CsvError([f"{path}: cannot be read: {error.strerror}"]) from None


def save_csv(series: PriceSeries, path: str | Path) -> None:
    """Write a series so that `load_csv` reads the same one."""
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([TIME_COLUMN, *series.assets])
        for index, time in enumerate(series.times):
            row = [f"{price:f}" for price in series.at(index).values()]
            writer.writerow([iso_time(time), *row])


class _Columns:
    """Rows read so far."""

    def __init__(self, assets: Sequence[str]) -> None:
        self.times: list[int] = []
        self.lines: list[int] = []
        self.prices: dict[str, list[Decimal]] = {asset: [] for asset in assets}


def _read_rows(
    rows: Iterator[tuple[int, list[str]]], columns: list[str], path: Path
) -> tuple[_Columns, list[str]]:
    found = _Columns([name for name in columns if name != TIME_COLUMN])
    errors: list[str] = []
    bad = 0
    for line, row in rows:
        try:
            _read_row(row, columns, found)
            found.lines.append(line)
        except _BadLine as reason:
            bad += 1
            if bad <= MOST_ERRORS:
                errors.append(f"{path}:{line}: {reason}")
    if bad > MOST_ERRORS:
        errors.append(f"{path}: {bad - MOST_ERRORS} more bad lines not shown")
    return found, errors


def _read_row(row: list[str], columns: list[str], found: _Columns) -> None:
    if len(row) != len(columns):
        raise _BadLine(
            f"has {len(row)} values where the header has {len(columns)}"
            f" ({','.join(columns)}): give every column one value"
        )
    cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
    time = _time(cells.pop(TIME_COLUMN))
    previous = found.times[-1] if found.times else None
    # A bad price must not hide the next line's order: the time counts as soon as it is readable.
    if previous is None or time > previous:
        found.times.append(time)
    else:
        raise _BadLine(
            f"time {iso_time(time)} is not after the row before it ({iso_time(previous)}):"
            " sort rows by time and remove repeated ones"
        )
    for asset, cell in cells.items():
        found.prices[asset].append(_price(asset, cell))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the number of the line on which each ends."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CsvError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise CsvError([f"{path}: is not UTF-8 text: save it as CSV UTF-8"]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise CsvError([f"{path}:{reader.line_num}: is not CSV: {error}"]) from None


def _columns(header: list[str], assets: Sequence[str]) -> list[str]:
    known = [TIME_COLUMN, *assets]
    spelt = {name.lower(): name for name in known}
    names = [spelt.get(name.strip().lower(), name.strip()) for name in header]
    separator = next((mark for mark in OTHER_SEPARATORS if mark in "".join(names)), None)
    if len(names) == 1 and separator is not None:
        shown = "tabs" if separator == "\t" else f"{separator!r}"
        raise _BadLine(f"columns are separated by {shown}: use commas, {_example(assets)}")
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), map(str.lower, known), n=1)
            match = next((k for k in known if near and k.lower() == near[0]), None)
            hint = f" (did you mean {match!r}?)" if match else ""
            raise _BadLine(f"unknown column {_quote(name)}{hint}: use {_example(assets)}")
        if names.count(name) > 1:
            raise _BadLine(f"column {name!r} is there twice: keep one")
    if TIME_COLUMN not in names:
        raise _BadLine(f"column {TIME_COLUMN!r} is missing: use {_example(assets)}")
    if len(names) == 1:
        raise _BadLine(f"has no column of prices: add one of {', '.join(assets)}")
    return names


def _time(cell: str) -> int:
    if _SECONDS.fullmatch(cell):
        seconds = int(cell) if len(cell) < 20 else LATEST_TIME
    else:
        seconds = _iso_seconds(cell)
    if not EARLIEST_TIME <= seconds < LATEST_TIME:
        raise _BadLine(
            f"time {_quote(cell)} is not between 2009 and 2100:"
            " use unix seconds (not milliseconds) or ISO-8601"
        )
    return seconds


def _iso_seconds(cell: str) -> int:
    try:
        if not _DATE_START.match(cell):
            raise ValueError
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise _BadLine(
            f"time {_quote(cell)} is not a time: use 2020-03-12T10:30:00Z or unix seconds"
        ) from None
    if moment.microsecond:
        raise _BadLine(f"time {_quote(cell)} has a fraction of a second: use whole seconds")
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _price(asset: str, cell: str) -> Decimal:
    if not _PRICE.fullmatch(cell):
        found = f"{asset} {_quote(cell)}" if cell else f"the empty {asset}"
        raise _BadLine(f"{found} is not a price: write a positive number such as 194.80") from None
    price = Decimal(cell)
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        limits = f"{LOWEST_PRICE:f} and {HIGHEST_PRICE:,f}"
        raise _BadLine(f"{asset} {_quote(cell)} is out of range: use a price between {limits}")
    return rounded(price)


def _quote(text: str) -> str:
    return repr(text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…")


def _example(assets: Sequence[str]) -> str:
    return ",".join([TIME_COLUMN, *assets])
