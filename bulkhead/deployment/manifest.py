"""The manifest: what a deployment is, for programs that were not there when it was made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from bulkhead.config.fields import ContractAddress
from bulkhead.deployment.deployed import Deployment


class AssetFeeds(BaseModel):
    """Addresses of an asset's two feeds, and of the third if it has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    primary: ContractAddress
    secondary: ContractAddress
    tertiary: ContractAddress | None = None


class Manifest(BaseModel):
    """Addresses, ids and parameters.

    Attributes:
        contracts: Addresses by name; of a contract in parts, all of them.
        tokens: Addresses of settlement token and collaterals by symbol.
        feeds: Addresses by asset.
        assets: Ids by name.
        markets: Ids by name.
        collaterals: Indices by symbol.
        parameters: The configuration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    chain_id: PositiveInt
    contracts: dict[str, ContractAddress]
    tokens: dict[str, ContractAddress]
    feeds: dict[str, AssetFeeds]
    assets: dict[str, PositiveInt]
    markets: dict[str, PositiveInt]
    collaterals: dict[str, NonNegativeInt]
    parameters: dict[str, Any]

    @classmethod
    def of(cls, done: Deployment, chain_id: int) -> Manifest:
        """Describe a deployment."""
        return cls(
            chain_id=chain_id,
            contracts={name: str(c.address) for name, c in done.contracts.items()},
            tokens={symbol: str(t.address) for symbol, t in done.tokens.items()},
            feeds={
                name: AssetFeeds(
                    primary=str(first.address),
                    secondary=str(second.address),
                    tertiary=witness and str(witness.address),
                )
                for name, (first, second) in done.feeds.items()
                for witness in (done.witnesses.get(name),)
            },
            assets=done.assets,
            markets=done.markets,
            collaterals=done.collaterals,
            parameters=done.config.model_dump(mode="json"),
        )

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest, or raise `OSError` or pydantic's `ValidationError`."""
        return cls.model_validate_json(path.read_bytes())

    def write(self, path: Path) -> None:
        """Write it whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(self.model_dump_json(indent=2) + "\n")
        os.replace(partial, path)
