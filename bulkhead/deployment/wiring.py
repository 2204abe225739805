"""Read a deployment back from the chain, and compare it with its configuration."""

from __future__ import annotations

from typing import Any

from bulkhead.deployment.chain import Chain
from bulkhead.deployment.deployed import MARKET_ROW, Deployment
from bulkhead.deployment.terms import (
    default_terms,
    feed_words,
    fund_terms,
    house_terms,
    waterfall_terms,
)

# Contracts by the role that they hold at the Clearinghouse.
ROLE_HOLDERS = ("RiskEngine", "Exchange", "DefaultManager", "InsuranceFund", "DefaultFund")
DEFAULT_MANAGER = ROLE_HOLDERS.index("DefaultManager")


class WiringError(Exception):
    """A deployed contract does not say what it was told to be."""


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
    premium = chain.read(done.insurance_fund, "premium")
    expect("premium of the InsuranceFund", premium, config.insurance_fund.premium.ppm)
    for name, term in house_terms(config).items():
        expect(f"{name} of the Clearinghouse", chain.read(clearinghouse, name), term)
    exits = (config.exits.outflow_share.ppm, config.exits.outflow_floor.units(0))
    expect("limit of outflow", tuple(chain.read(clearinghouse, "outflow"))[:2], exits)
    if "Timelock" in done.contracts:
        expect("owner", chain.read(clearinghouse, "owner"), done.contracts["Timelock"].address)
        delay = chain.read(done.timelock, "get_minimum_delay")
        expect("delay of the Timelock", delay, config.governance.timelock_delay)
    for name, asset in config.assets.items():
        witness = done.witnesses.get(name)
        address = None if witness is None else str(witness.address)
        found = chain.read(done.risk_engine, "witness_words", done.assets[name])
        primary, secondary = (str(feed.address) for feed in done.feeds[name])
        expect(f"witness of {name}", found, feed_words(asset, primary, secondary, address)[3])
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
