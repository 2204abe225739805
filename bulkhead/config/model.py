"""The deployment configuration: typed, bounded, and judged before the first transaction.

`load_config(path)` returns a `DeploymentConfig` or raises `ConfigError`, one line per mistake:
file, line, field, the offending value and what is allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from bulkhead.config.errors import ConfigError, Problem, explain, nearest
from bulkhead.config.fields import Name
from bulkhead.config.sections import (
    Asset,
    Collateral,
    DefaultFund,
    DefaultProcedure,
    Exits,
    Governance,
    InsuranceFund,
    Market,
    NegativeCash,
    Oracle,
    Risk,
    Section,
    Settlement,
    Waterfall,
    WindDown,
)
from bulkhead.config.units import percent, whole
from bulkhead.config.yaml_source import FieldPath, SourceError, YamlSource

LOCAL_CHAIN_IDS = frozenset({1337, 31337})  # Anvil and its kin: the only chains that get mocks
MAX_COLLATERALS = 8  # the ledger keeps three bits for a collateral's index
MAX_ASSETS = 127  # ids of seven bits, from 1
MAX_MARKETS = 120  # the risk engine's parameter blob ends there
MAX_USES_OF_ASSET = 16  # markets and collaterals that the risk engine can update with their asset


class DeploymentConfig(Section):
    """Everything a deployment needs to know."""

    chain_id: Annotated[int, whole(1, 2**53)]
    settlement: Settlement
    oracle: Oracle
    assets: Annotated[dict[Name, Asset], Field(min_length=1, max_length=MAX_ASSETS)]
    collateral: Annotated[list[Collateral], Field(max_length=MAX_COLLATERALS)]
    markets: Annotated[list[Market], Field(min_length=1, max_length=MAX_MARKETS)]
    risk: Risk
    default_procedure: DefaultProcedure
    insurance_fund: InsuranceFund
    default_fund: DefaultFund
    waterfall: Waterfall
    wind_down: WindDown
    negative_cash: NegativeCash
    exits: Exits
    governance: Governance

    @property
    def is_local(self) -> bool:
        """Whether the target is a local test chain, where null addresses become test contracts."""
        return self.chain_id in LOCAL_CHAIN_IDS

    @property
    def tokens(self) -> tuple[Settlement | Collateral, ...]:
        """The settlement token, then the collaterals."""
        return self.settlement, *self.collateral

    def problems(self) -> Iterator[Problem]:
        yield from self._misused_assets()
        yield from self._repeated_names()
        yield from self._dear_charges()
        if not self.is_local:
            yield from self._missing_addresses()

    def _misused_assets(self) -> Iterator[Problem]:
        uses: Counter[str] = Counter()
        users: dict[str, Sequence[Collateral | Market]] = {
            "collateral": self.collateral,
            "markets": self.markets,
        }
        for section, entries in users.items():
            for i, entry in enumerate(entries):
                uses[entry.asset] += 1
                if entry.asset not in self.assets:
                    hint = nearest(entry.asset, self.assets)
                    reason = f"is not in assets{hint}; allowed: {', '.join(self.assets)}"
                    yield Problem((section, i, "asset"), entry.asset, reason)
        for name in self.assets:
            if not uses[name]:
                yield Problem(("assets", name), name, "is used by no market and no collateral")
            elif uses[name] > MAX_USES_OF_ASSET:
                reason = f"is used {uses[name]} times; allowed: 1 to {MAX_USES_OF_ASSET}"
                yield Problem(("assets", name), name, reason)

    def _repeated_names(self) -> Iterator[Problem]:
        symbols = Counter([self.settlement.symbol])
        for i, collateral in enumerate(self.collateral):
            symbols[collateral.symbol] += 1
            if symbols[collateral.symbol] > 1:
                yield Problem(("collateral", i, "symbol"), collateral.symbol, "is used twice")
        names: Counter[str] = Counter()
        for i, market in enumerate(self.markets):
            names[market.name] += 1
            if names[market.name] > 1:
                yield Problem(("markets", i, "name"), market.name, "is used twice")

    def _dear_charges(self) -> Iterator[Problem]:
        # Whoever has just their maintenance margin must survive a charge in a market that has not
        # moved, or one insolvency makes the next.
        least = min(m.base_rate * m.maintenance_ratio for m in self.markets)
        if self.waterfall.charge_cap >= least:
            reason = f"must be below the {percent(least)} that a holder has as maintenance margin"
            yield Problem(("waterfall", "charge_cap"), percent(self.waterfall.charge_cap), reason)

    def _missing_addresses(self) -> Iterator[Problem]:
        addresses: dict[FieldPath, str | None] = {("settlement",): self.settlement.address}
        for i, collateral in enumerate(self.collateral):
            addresses["collateral", i] = collateral.address
        for name, asset in self.assets.items():
            addresses["assets", name, "primary"] = asset.primary.address
            addresses["assets", name, "secondary"] = asset.secondary.address
        if self.governance.proposer is None:
            reason = (
                f"is needed on chain {self.chain_id}: only a local chain may be left to its"
                " deployer; allowed: an address, with a timelock_delay"
            )
            yield Problem(("governance", "proposer"), None, reason)
        for path, address in addresses.items():
            if address is None:
                reason = (
                    f"is needed on chain {self.chain_id}: test contracts are made on local"
                    " chains (31337, 1337) only; allowed: a contract's address"
                )
                yield Problem((*path, "address"), None, reason)


def load_config(path: str | Path) -> DeploymentConfig:
    """Read and judge a deployment file; raise `ConfigError` with one line per mistake."""
    try:
        source = YamlSource(Path(path))
    except SourceError as error:
        raise ConfigError([str(error)]) from None
    try:
        return DeploymentConfig.model_validate(source.data)
    except ValidationError as error:
        raise ConfigError(explain(error, source, DeploymentConfig)) from None
