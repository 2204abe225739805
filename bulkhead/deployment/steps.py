"""Deploy the whole clearinghouse from a configuration and check its wiring.

The steps are written against `Chain`, three verbs that any engine can offer, so that scripts on
Ape and fast tests in process deploy with the same code. `deploy` returns a `Deployment`: handles of
all contracts, the ids of markets and collaterals, and what goes into the manifest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bulkhead.config import Asset, DeploymentConfig, Feed

WAD = 10**18
NO_ADDRESS = "0x" + "00" * 20

RISK_ENGINE, EXCHANGE, DEFAULT_MANAGER, INSURANCE_FUND, DEFAULT_FUND = range(5)
ROLE_HOLDERS = ("RiskEngine", "Exchange", "DefaultManager", "InsuranceFund", "DefaultFund")

# Contracts whose code is in several parts: what answers at the address of the first.
PARTS = {
    "Clearinghouse": (
        "ClearinghouseProcedures",
        "ClearinghouseResolution",
        "ClearinghouseGovernance",
    ),
    "DefaultManager": ("DefaultManagerProcedures",),
}
COLLATERAL_ROW, MARKET_ROW = 1, 8

FUND_NAME, FUND_SYMBOL = "Bulkhead Insurance Fund", "bIF"


class Chain(Protocol):
    """What a deployment asks of an engine."""

    def deploy(self, name: str, *args: Any) -> Any:
        """Deploy a contract of the project and return its handle (with an `address`)."""

    def attach(self, name: str, address: str) -> Any:
        """Return a handle of a contract that is there already."""

    def combine(self, contract: Any, *names: str) -> Any:
        """Return a handle that also knows the functions and events of other contracts."""

    def encode(self, contract: Any, function: str, *args: Any) -> bytes:
        """Return the calldata of a call."""

    def send(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a function in a transaction of the deployer."""

    def read(self, contract: Any, function: str, *args: Any) -> Any:
        """Call a view."""


class WiringError(Exception):
    """A deployed contract does not say what it was told to be."""


@dataclass
class Deployment:
    """Everything that was deployed.

    Attributes:
        contracts: Handles by contract name.
        tokens: Handles of the settlement token and the collaterals by symbol.
        feeds: Primary and secondary feed by asset.
        assets: Asset ids by name.
        markets: Market ids by name.
        collaterals: Collateral indices by symbol.
        config: The configuration it was made from.
    """

    config: DeploymentConfig
    contracts: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    feeds: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)
    markets: dict[str, int] = field(default_factory=dict)
    collaterals: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """Give contracts by their name in snake case: `deployment.default_manager`."""
        contracts = self.__dict__.get("contracts", {})
        key = "".join(part.capitalize() for part in name.split("_"))
        if key in contracts:
            return contracts[key]
        raise AttributeError(name)

    @property
    def settlement(self) -> Any:
        """The settlement token."""
        return self.tokens[self.config.settlement.symbol]

    def manifest(self, chain_id: int) -> dict[str, Any]:
        """Return addresses, ids and parameters as plain JSON values."""
        return {
            "chain_id": chain_id,
            "contracts": {name: str(c.address) for name, c in self.contracts.items()},
            "tokens": {symbol: str(t.address) for symbol, t in self.tokens.items()},
            "feeds": {
                name: {"primary": str(first.address), "secondary": str(second.address)}
                for name, (first, second) in self.feeds.items()
            },
            "assets": self.assets,
            "markets": self.markets,
            "collaterals": self.collaterals,
            "parameters": self.config.model_dump(mode="json"),
        }


def write_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(manifest, indent=2) + "\n")
    os.replace(partial, path)


def deploy(
    chain: Chain,
    config: DeploymentConfig,
    admin: str,
    first_prices: dict[str, int] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Deployment:
    """Deploy, configure and verify.

    Args:
        chain: Where to.
        config: A judged configuration.
        admin: The account that sends the transactions; it becomes the owner.
        first_prices: First answers of local test feeds by asset, WAD.
        progress: Called with a line before every step.

    Raises:
        WiringError: The contracts do not answer what the configuration says.
    """
    done = Deployment(config=config)
    progress("tokens and feeds")
    _tokens(chain, done)
    _feeds(chain, done, first_prices or {})
    progress("contracts")
    _contracts(chain, done, admin)
    progress("roles and parameters")
    _roles(chain, done)
    _parameters(chain, done)
    progress("governance")
    _governance(chain, done, admin)
    progress("wiring")
    verify(chain, done)
    return done


def feed_words(asset: Asset, primary: str, secondary: str) -> tuple[int, int, int]:
    """Return the three words in which the price oracle takes an asset's feeds."""
    first, second = asset.primary, asset.secondary
    return (
        int(primary, 16)
        | first.heartbeat << 160
        | first.decimals << 192
        | second.heartbeat << 200
        | second.decimals << 232
        | asset.deviation.bps << 240,
        int(secondary, 16),
        asset.min_price.wad | asset.max_price.wad << 128,
    )


def default_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the default procedure in the order of the contract's struct."""
    terms = config.default_procedure
    return (
        terms.grace,
        terms.auction_duration,
        terms.discount_start.ppm,
        terms.discount_end.ppm,
        terms.fee.ppm,
        terms.target_ratio.ppm,
        terms.close_out_ratio.ppm,
        terms.call_reward.ppm,
        terms.call_reward_cap.units(0),
        terms.dust.units(0),
    )


def waterfall_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the waterfall in the order of the contract's struct."""
    terms = config.waterfall
    return (
        terms.window,
        terms.charge_cap.ppm,
        terms.limit_period,
        terms.market_limit.units(0),
        terms.market_share.ppm,
        terms.total_limit.units(0),
        terms.total_share.ppm,
        terms.remainder_duration,
    )


def fund_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the default fund in the order of the contract's struct."""
    terms = config.default_fund
    return terms.cooldown, terms.window, terms.contribution_rate.ppm, terms.fee_weight


def verify(chain: Chain, done: Deployment) -> None:
    """Read the wiring back and compare it with the configuration."""
    config = done.config

    def expect(what: str, found: Any, wanted: Any) -> None:
        if str(found) != str(wanted):
            raise WiringError(f"{what} is {found}, should be {wanted}: deploy anew")

    clearinghouse = done.clearinghouse
    for role, name in enumerate(ROLE_HOLDERS):
        found = chain.read(clearinghouse, "roles", role)
        expect(f"role {role} of the Clearinghouse", found, done.contracts[name].address)
    for name in ("RiskEngine", "Exchange", "DefaultManager", "DefaultFund", "Lens"):
        found = chain.read(done.contracts[name], "CLEARINGHOUSE")
        expect(f"CLEARINGHOUSE of {name}", found, clearinghouse.address)
    token = chain.read(clearinghouse, "SETTLEMENT_TOKEN")
    expect("SETTLEMENT_TOKEN", token, done.settlement.address)
    terms = chain.read(done.default_manager, "terms")
    expect("terms of the DefaultManager", tuple(terms), default_terms(config))
    terms = chain.read(done.default_manager, "waterfall")
    expect("waterfall of the DefaultManager", tuple(terms), waterfall_terms(config))
    expect(
        "terms of the DefaultFund",
        tuple(chain.read(done.default_fund, "terms")),
        fund_terms(config),
    )
    if "Timelock" in done.contracts:
        expect("owner", chain.read(clearinghouse, "owner"), done.contracts["Timelock"].address)
        delay = chain.read(done.timelock, "get_minimum_delay")
        expect("delay of the Timelock", delay, config.governance.timelock_delay)
    for market in config.markets:
        row = MARKET_ROW + done.markets[market.name]
        words = chain.read(done.risk_engine, "row_words", row)
        expect(f"base rate of {market.name}", words[3] & (2**32 - 1), market.base_rate.ppm)
        found = chain.read(done.exchange, "terms", done.markets[market.name])
        wanted = (market.maker_fee.ppm, market.taker_fee.ppm, market.band.bps)
        expect(f"terms of {market.name}", tuple(found), wanted)
    for collateral in config.collateral:
        index = done.collaterals[collateral.symbol]
        found = chain.read(clearinghouse, "collaterals", index)
        expect(f"collateral {index}", found[0], done.tokens[collateral.symbol].address)
        expect(f"cap of {collateral.symbol}", found[2], collateral.cap.wad)


def _tokens(chain: Chain, done: Deployment) -> None:
    for token in (done.config.settlement, *done.config.collateral):
        if token.address is None:
            name = f"Test {token.symbol}"
            handle = chain.deploy("TestToken", name, token.symbol, token.decimals)
        else:
            handle = chain.attach("TestToken", token.address)
        done.tokens[token.symbol] = handle


def _feeds(chain: Chain, done: Deployment, first_prices: dict[str, int]) -> None:
    def feed(name: str, feed: Feed, price: int) -> Any:
        if feed.address is not None:
            return chain.attach("TestFeed", feed.address)
        answer = price * 10**feed.decimals // WAD
        return chain.deploy("TestFeed", name, feed.decimals, answer)

    for name, asset in done.config.assets.items():
        # Without a price given: the geometric middle of the bounds, which is inside them.
        middle = int((asset.min_price.wad * asset.max_price.wad) ** 0.5)
        price = first_prices.get(name, middle)
        done.feeds[name] = (
            feed(f"{name} / USD primary", asset.primary, price),
            feed(f"{name} / USD secondary", asset.secondary, price),
        )


def _contracts(chain: Chain, done: Deployment, admin: str) -> None:
    config, made = done.config, done.contracts
    token = done.settlement.address
    sequencer = config.oracle.sequencer_feed or NO_ADDRESS
    made["PriceOracle"] = chain.deploy("PriceOracle", sequencer, config.oracle.sequencer_grace)
    governance = chain.deploy("ClearinghouseGovernance", token)
    made["ClearinghouseGovernance"] = governance
    resolution = chain.deploy("ClearinghouseResolution", token, governance.address)
    made["ClearinghouseResolution"] = resolution
    procedures = chain.deploy("ClearinghouseProcedures", token, resolution.address)
    made["ClearinghouseProcedures"] = procedures
    clearinghouse = chain.deploy("Clearinghouse", token, admin, procedures.address)
    clearinghouse = chain.combine(clearinghouse, *PARTS["Clearinghouse"])
    made["Clearinghouse"] = clearinghouse
    oracle = made["PriceOracle"].address
    made["RiskEngine"] = chain.deploy("RiskEngine", clearinghouse.address, oracle)
    made["Exchange"] = chain.deploy("Exchange", clearinghouse.address)
    insolvency = chain.deploy("DefaultManagerProcedures", clearinghouse.address)
    made["DefaultManagerProcedures"] = insolvency
    manager = chain.deploy(
        "DefaultManager",
        clearinghouse.address,
        insolvency.address,
        default_terms(config),
        waterfall_terms(config),
    )
    made["DefaultManager"] = chain.combine(manager, *PARTS["DefaultManager"])
    made["InsuranceFund"] = chain.deploy(
        "InsuranceFund",
        FUND_NAME,
        FUND_SYMBOL,
        token,
        clearinghouse.address,
        config.insurance_fund.cooldown,
        config.insurance_fund.window,
    )
    made["DefaultFund"] = chain.deploy(
        "DefaultFund", token, clearinghouse.address, fund_terms(config)
    )
    made["Lens"] = chain.deploy("Lens", clearinghouse.address)


def _roles(chain: Chain, done: Deployment) -> None:
    for role, name in enumerate(ROLE_HOLDERS):
        chain.send(done.clearinghouse, "set_role", role, done.contracts[name].address)


def _parameters(chain: Chain, done: Deployment) -> None:
    config, clearinghouse, engine = done.config, done.clearinghouse, done.risk_engine
    risk = config.risk
    chain.send(engine, "set_globals", risk.profit_weight.ppm, risk.minimum_equity.wad)
    for number, (name, asset) in enumerate(config.assets.items(), start=1):
        done.assets[name] = number
        primary, secondary = done.feeds[name]
        words = feed_words(asset, str(primary.address), str(secondary.address))
        chain.send(engine, "set_asset", number, *words)
    for index, collateral in enumerate(config.collateral):
        done.collaterals[collateral.symbol] = index
        haircuts = collateral.haircut_initial.ppm, collateral.haircut_maintenance.ppm
        chain.send(engine, "set_collateral", index, done.assets[collateral.asset], *haircuts)
        token = done.tokens[collateral.symbol].address
        chain.send(clearinghouse, "list_collateral", token, collateral.cap.wad)
    for number, market in enumerate(config.markets, start=1):
        done.markets[market.name] = number
        chain.send(
            engine,
            "set_market",
            number,
            done.assets[market.asset],
            market.base_rate.ppm,
            market.maintenance_ratio.ppm,
            market.slope_per_cash,
            market.load_per_cash,
            market.funding_cap_per_day.ppm,
            market.isolated_only,
            market.open_interest_cap.units(0),
        )
        chain.send(clearinghouse, "list_market", number)
        fees = market.maker_fee.ppm, market.taker_fee.ppm
        chain.send(done.exchange, "set_terms", number, *fees, market.band.bps)
    owed = config.negative_cash
    chain.send(
        clearinghouse,
        "set_shortfall_terms",
        owed.cap.wad,
        owed.threshold.wad,
        owed.grace,
        owed.discount.ppm,
    )
    fund, end = config.default_fund, config.wind_down
    chain.send(clearinghouse, "set_default_fund_share", fund.fee_share.ppm)
    threshold = fund.contribution_threshold.units(0)
    chain.send(clearinghouse, "set_contribution_threshold", threshold)
    chain.send(
        clearinghouse,
        "set_wind_down_terms",
        end.hole_share.ppm,
        end.proof_window,
        end.proof_reward.ppm,
        end.proof_reward_cap.units(0),
    )


def _governance(chain: Chain, done: Deployment, admin: str) -> None:
    """Propose the guardian and give everything to a timelock, if the configuration asks for it.

    The timelock starts without a delay, takes the ownership, replaces the deployer by the proposer
    and only then sets its delay, all in one batch.
    """
    governance, clearinghouse = done.config.governance, done.clearinghouse
    if governance.guardian is not None:
        chain.send(clearinghouse, "set_guardian", governance.guardian)
    if governance.timelock_delay is None:
        return
    timelock = chain.deploy("Timelock", 0, [admin], [NO_ADDRESS], NO_ADDRESS)
    done.contracts["Timelock"] = timelock
    chain.send(clearinghouse, "transfer_ownership", timelock.address)
    calls = [(clearinghouse, "accept_ownership")]
    for role in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
        number = chain.read(timelock, role)
        if governance.proposer.lower() != admin.lower():
            calls.append((timelock, "grantRole", number, governance.proposer))
            calls.append((timelock, "revokeRole", number, admin))
    calls.append((timelock, "update_delay", governance.timelock_delay))
    batch = (
        [str(target.address) for target, *_ in calls],
        [0] * len(calls),
        [chain.encode(*call) for call in calls],
        bytes(32),
        bytes(32),
    )
    chain.send(timelock, "schedule_batch", *batch, 0)
    chain.send(timelock, "execute_batch", *batch)
