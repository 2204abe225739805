"""Field types of the configuration that are not quantities: addresses, flags and names."""

from __future__ import annotations

from typing import Annotated

from eth_utils import is_address, is_checksum_address, to_checksum_address
from pydantic import BeforeValidator

from bulkhead.config.units import UnitError

ZERO_ADDRESS = "0x" + "0" * 40
LONGEST_NAME = 32  # characters


def _check_address(value: object) -> str | None:
    """Accept null, or an address whose checksum (if it has one) is right."""
    if value is None:
        return None
    if not isinstance(value, str) or not is_address(value) or not value.startswith("0x"):
        raise UnitError("is not an address (a placeholder?): 0x and 40 hexadecimal digits needed")
    if value == ZERO_ADDRESS:
        raise UnitError("is the zero address; allowed: a contract's address, or null")
    body = value[2:]
    if body not in (body.lower(), body.upper()) and not is_checksum_address(value):
        raise UnitError("has a wrong checksum (a mistyped digit?): copy the address again")
    return str(to_checksum_address(value))


def _check_contract(value: object) -> str:
    """Accept an address only."""
    address = _check_address(value)
    if address is None:
        raise UnitError("is null; allowed: a contract's address")
    return address


def _check_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UnitError("is not a flag; allowed: true, false")
    return value


def _check_name(value: object) -> str:
    name = value.strip() if isinstance(value, str) else ""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise UnitError(f"is not a name; allowed: 1 to {LONGEST_NAME} printable characters")
    return name


# A contract on the target chain, or null for a test contract on a local one.
Address = Annotated[str | None, BeforeValidator(_check_address)]
# A contract that must be there.
ContractAddress = Annotated[str, BeforeValidator(_check_contract)]
Flag = Annotated[bool, BeforeValidator(_check_flag)]
Name = Annotated[str, BeforeValidator(_check_name)]
