"""Human quantities in, exact contract integers out.

A configuration is written by people: `0.05%`, `8h`, `25,000,000`. The contracts take integers:
parts per million, basis points, WAD (1e18), seconds, token units. Every conversion here is exact;
a value that does not fit its unit is refused, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

PPM_PLACES = 6  # one part per million is 1e-6
BPS_PLACES = 4  # one basis point is 1e-4
WAD_PLACES = 18  # the fixed point of every amount inside the contracts
SECONDS_PER = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

# A number may be as long as a uint256 (78 digits); 120 digits hold it with 18 decimals to spare,
# so no conversion ever rounds.
_LONGEST_NUMBER = 78
_EXACT = Context(prec=120)
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}([,_]\d{3})+)(\.\d+)?")
_DURATION_PART = re.compile(r"(\d+)\s*([smhdw])")


class UnitError(ValueError):
    """A value that is not a number of its kind, or that does not fit its unit exactly."""


def scaled(value: Decimal, places: int, unit: str) -> int:
    """Return `value * 10**places` as an integer, or refuse a value with more places."""
    shifted = _EXACT.scaleb(value, places)
    whole = shifted.to_integral_value()
    if whole != shifted:
        step = plain(_EXACT.scaleb(Decimal(1), -places))
        raise UnitError(f"does not fit {unit} exactly: use multiples of {step}")
    return int(whole)


class Rate(Decimal):
    """A fraction of something: `Rate("0.05")` is 5 %."""

    @property
    def ppm(self) -> int:
        """Parts per million."""
        return scaled(self, PPM_PLACES, "parts per million")

    @property
    def bps(self) -> int:
        """Basis points."""
        return scaled(self, BPS_PLACES, "basis points")

    @property
    def wad(self) -> int:
        """Fixed point with 18 decimals."""
        return scaled(self, WAD_PLACES, "18 decimals")


class Amount(Decimal):
    """An amount of US dollars (cash units) or of a token."""

    @property
    def wad(self) -> int:
        """Fixed point with 18 decimals."""
        return scaled(self, WAD_PLACES, "18 decimals")

    def units(self, decimals: int) -> int:
        """The integer a token contract with so many `decimals` counts in."""
        return scaled(self, decimals, f"{decimals} decimals")


def plain(value: Decimal) -> str:
    """Write a decimal without exponent and trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Decimal) -> str:
    """Write a fraction as people read it: `Decimal("0.0005")` is `0.05%`."""
    return plain(_EXACT.scaleb(value, 2)) + "%"


def duration(seconds: int | Decimal) -> str:
    """Write seconds in the largest unit that fits exactly: 5400 is `90m`."""
    count = int(seconds)
    for unit in ("d", "h", "m"):
        if count and count % SECONDS_PER[unit] == 0:
            return f"{count // SECONDS_PER[unit]}{unit}"
    return f"{count}s"


def parse_number(value: object) -> Decimal:
    """Read a plain decimal number; `,` and `_` may group thousands."""
    text = str(value).strip()
    if isinstance(value, bool) or len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise UnitError("is not a number")
    return Decimal(text.replace(",", "").replace("_", ""))


def parse_rate(value: object) -> Rate:
    """Read `5%` or `0.05`."""
    text = str(value).strip()
    if not text.endswith("%"):
        return Rate(parse_number(value))
    return Rate(_EXACT.scaleb(parse_number(text[:-1]), -2))


def parse_amount(value: object) -> Amount:
    """Read an amount such as `25,000,000` or `0.5`."""
    return Amount(parse_number(value))


def parse_duration(value: object) -> int:
    """Read seconds, or a duration such as `90s`, `30m`, `8h`, `1h30m`, `3d`."""
    text = str(value).strip().lower()
    if isinstance(value, bool) or not text:
        raise UnitError("is not a duration")
    if text.isascii() and text.isdigit():
        return int(text)
    if not re.fullmatch(rf"({_DURATION_PART.pattern}\s*)+", text):
        raise UnitError("is not a duration: write seconds, or 90s, 30m, 8h, 1h30m, 3d")
    return sum(int(n) * SECONDS_PER[unit] for n, unit in _DURATION_PART.findall(text))


@dataclass(frozen=True)
class Range:
    """Annotation of a configuration field: how to read it, its bounds and the unit it must fit."""

    parse: Callable[[object], Any]
    show: Callable[[Any], str]
    low: Any
    high: Any
    places: int
    unit: str

    def __str__(self) -> str:
        return f"{self.show(self.low)} to {self.show(self.high)}"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def check(self, value: object) -> Any:
        """Parse and judge one value; every reason carries the allowed range."""
        if value is None or isinstance(value, dict | list):
            raise UnitError(f"needs a single value; allowed: {self}")
        try:
            number = self.parse(value)
            if self.low <= number <= self.high:
                scaled(Decimal(number), self.places, self.unit)
                return number
        except UnitError as error:
            raise UnitError(f"{error}; allowed: {self}") from None
        raise UnitError(f"is out of range; allowed: {self}{self._hint(value, number)}")

    def _hint(self, value: object, number: Any) -> str:
        """Name the commonest slip: a percentage written without its sign."""
        if self.parse is not parse_rate or str(value).strip().endswith("%"):
            return ""
        if self.low <= _EXACT.scaleb(number, -2) <= self.high:
            return f" (did you mean {str(value).strip()}%?)"
        return ""


def rate(low: str, high: str, places: int = PPM_PLACES) -> Range:
    """A fraction between two bounds, in parts per million unless told otherwise."""
    unit = "basis points" if places == BPS_PLACES else "parts per million"
    return Range(parse_rate, percent, parse_rate(low), parse_rate(high), places, unit)


def ratio(low: str, high: str) -> Range:
    """A multiple between two bounds, shown as such (`1.25`), in parts per million."""
    return Range(
        parse_rate, plain, parse_rate(low), parse_rate(high), PPM_PLACES, "parts per million"
    )


def amount(low: str, high: str, places: int = WAD_PLACES) -> Range:
    """An amount between two bounds, with at most 18 decimals unless told otherwise."""
    unit = f"{places} decimals" if places else "whole units"
    return Range(parse_amount, "{:,f}".format, parse_amount(low), parse_amount(high), places, unit)


def seconds(low: str, high: str) -> Range:
    """A duration between two bounds, in whole seconds."""
    return Range(parse_duration, duration, parse_duration(low), parse_duration(high), 0, "seconds")


def whole(low: int, high: int) -> Range:
    """A whole number between two bounds."""
    return Range(_parse_whole, str, low, high, 0, "whole numbers")


def _parse_whole(value: object) -> int:
    return scaled(parse_number(value), 0, "whole numbers")
