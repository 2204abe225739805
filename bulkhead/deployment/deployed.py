"""What a deployment leaves behind: handles and ids, by the names of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from bulkhead.config import DeploymentConfig
from bulkhead.deployment.chain import Contract

COLLATERAL_ROW, MARKET_ROW = 1, 8  # of the risk engine's table: the rows of the first of each


@dataclass
class Deployment:
    """Everything that was deployed.

    Attributes:
        contracts: Handles by contract name.
        tokens: Handles of the settlement token and the collaterals by symbol.
        feeds: Primary and secondary feed by asset.
        witnesses: Third feed by asset, of those that have one.
        assets: Asset ids by name.
        markets: Market ids by name.
        collaterals: Collateral indices by symbol.
        config: The configuration it was made from.
    """

    config: DeploymentConfig
    contracts: dict[str, Contract] = field(default_factory=dict)
    tokens: dict[str, Contract] = field(default_factory=dict)
    feeds: dict[str, tuple[Contract, Contract]] = field(default_factory=dict)
    witnesses: dict[str, Contract] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)
    markets: dict[str, int] = field(default_factory=dict)
    collaterals: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Contract:
        """Give contracts by their name in snake case: `deployment.default_manager`."""
        contracts: dict[str, Contract] = self.__dict__.get("contracts", {})
        key = "".join(part.capitalize() for part in name.split("_"))
        if key in contracts:
            return contracts[key]
        raise AttributeError(name)

    @property
    def settlement(self) -> Contract:
        """The settlement token."""
        return self.tokens[self.config.settlement.symbol]
