"""What a keeper is told by its environment, and one line about what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bulkhead.deployment import Manifest
from bulkhead.keeper.actions import Venue
from bulkhead.keeper.keeper import Policy

PREFIX = "BULKHEAD_"
TRADE = 1  # permission of an operator
LARGEST_ID = 2**256 - 1


class SettingsError(Exception):
    """A setting that no keeper can start with."""


def _account(text: str) -> int:
    try:
        account = int(text, 0)
    except ValueError:
        account = 0
    if not 0 < account <= LARGEST_ID:
        raise ValueError(
            f"{text!r} is not an account id: give the number that `open_account` returned, decimal"
            " or 0x…"
        )
    return account


def _manifest(path: Path) -> Manifest:
    try:
        return Manifest.read(path)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}): `ape run deploy` writes one"
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        problem = f"{field}: {_message(first)}" if field else _message(first)
        reason = f"is not a manifest of `ape run deploy`: {problem}"
    raise ValueError(f"{path} {reason}")


Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseModel):
    """The settings of bots/keeper.py: a field `X` is the variable `BULKHEAD_X`, in any case."""

    model_config = ConfigDict(frozen=True)

    manifest: Annotated[Manifest, BeforeValidator(_manifest)]
    account: Annotated[int, BeforeValidator(_account)]
    risk_rate: Amount = Decimal("0.002")
    gas_cost: Amount = Decimal(5)
    backstop: bool = False
    at_mark: bool = False
    remainder: Amount = Decimal("0.03")
    first_block: Annotated[int, Field(ge=0)] = 0

    @property
    def policy(self) -> Policy:
        """What the keeper is willing to do."""
        return Policy(
            risk_rate=self.risk_rate,
            gas_cost=self.gas_cost,
            backstop=self.backstop,
            bid_at_mark=self.at_mark,
            remainder_discount=self.remainder,
        )

    @classmethod
    def read(cls, environment: Mapping[str, str], usual_manifest: Path) -> Settings:
        """Read all of them, or raise `SettingsError` for the first bad one."""
        names = {name: PREFIX + name.upper() for name in cls.model_fields}
        given: dict[str, Any] = {
            name: environment[variable]
            for name, variable in names.items()
            if environment.get(variable)
        }
        given["manifest"] = Path(given.get("manifest", usual_manifest))
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            variable = names[str(first["loc"][0])]
            raise SettingsError(f"{variable}{_reason(first)}") from None


def require_account(venue: Venue, account: int, signer: str) -> None:
    """Refuse an account that is not there, or that the signer may not bid for."""
    if not venue.read("Lens", "accounts", [account])[0].exists:
        raise SettingsError(
            f"BULKHEAD_ACCOUNT: there is no account {account:#x} at this deployment: open one"
            " first, or give the manifest of its deployment"
        )
    if not venue.read("Clearinghouse", "is_authorised", account, signer, TRADE):
        raise SettingsError(
            f"BULKHEAD_ACCOUNT: {signer} neither owns account {account:#x} nor operates it with"
            " TRADE"
        )


def _reason(problem: ErrorDetails) -> str:
    """Say what is wrong with a variable, after its name."""
    if problem["type"] == "missing":
        return " is not set: it takes the keeper's margin account"
    if problem["type"] == "value_error":
        return f": {_message(problem)}"
    return f": {problem['input']!r}: {_message(problem)}"


def _message(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ")
