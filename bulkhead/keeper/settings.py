"""What a keeper is told by its environment; whatever is wrong with it is said in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bulkhead.keeper.actions import Venue
from bulkhead.keeper.keeper import Policy

TRADE = 1  # permission of an operator
PARTS = ("contracts", "collaterals", "markets")  # of a manifest


class SettingsError(Exception):
    """A setting that no keeper can start with."""


@dataclass(frozen=True)
class Settings:
    """The settings of bots/keeper.py."""

    manifest: dict[str, Any]
    account: int
    policy: Policy
    first_block: int

    @classmethod
    def read(cls, environment: Mapping[str, str], usual_manifest: Path) -> Settings:
        """Read all of them, or raise `SettingsError` for the first bad one."""
        number = _Numbers(environment)
        return cls(
            manifest=_manifest(Path(environment.get("BULKHEAD_MANIFEST") or usual_manifest)),
            account=_account(environment.get("BULKHEAD_ACCOUNT", "")),
            policy=Policy(
                risk_rate=number("BULKHEAD_RISK_RATE", "0.002"),
                gas_cost=number("BULKHEAD_GAS_COST", "5"),
                backstop=environment.get("BULKHEAD_BACKSTOP") == "1",
                bid_at_mark=environment.get("BULKHEAD_AT_MARK") == "1",
                remainder_discount=number("BULKHEAD_REMAINDER", "0.03"),
            ),
            first_block=int(number("BULKHEAD_FIRST_BLOCK", "0")),
        )


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


def _manifest(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"BULKHEAD_MANIFEST: {path} cannot be read ({error.strerror}): `ape run deploy`"
            " writes one"
        ) from None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not all(
        isinstance(content.get(part), dict) for part in PARTS
    ):
        raise SettingsError(f"BULKHEAD_MANIFEST: {path} is not a manifest of `ape run deploy`")
    return content


def _account(text: str) -> int:
    if not text:
        raise SettingsError("BULKHEAD_ACCOUNT is not set: it takes the keeper's margin account")
    try:
        account = int(text, 0)
    except ValueError:
        account = 0
    if not 0 < account < 2**256:
        raise SettingsError(
            f"BULKHEAD_ACCOUNT: {text!r} is not an account id: give the number that `open_account`"
            " returned, decimal or 0x…"
        )
    return account


@dataclass(frozen=True)
class _Numbers:
    """Reads numbers from 0 on."""

    environment: Mapping[str, str]

    def __call__(self, name: str, usual: str) -> Decimal:
        text = self.environment.get(name) or usual
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            raise SettingsError(f"{name}: {text!r} is not a number from 0 on")
        return number
