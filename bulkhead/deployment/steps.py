"""Deploy the whole clearinghouse from a configuration, step by step, and check its wiring.

The steps are written against `Chain`, a few verbs that any engine can offer, so that scripts on Ape
and fast tests in process deploy with the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bulkhead.config import DeploymentConfig, Feed
from bulkhead.deployment.chain import Chain, Contract
from bulkhead.deployment.deployed import Deployment
from bulkhead.deployment.terms import default_terms, feed_words, fund_terms, waterfall_terms
from bulkhead.deployment.wiring import ROLE_HOLDERS, verify
from bulkhead.fixed_point import WAD

NO_ADDRESS = "0x" + "00" * 20

# Contracts whose code is in several parts: what answers at the address of the first.
PARTS = {
    "Clearinghouse": (
        "ClearinghouseSlices",
        "ClearinghouseTearUps",
        "ClearinghouseSettlement",
        "ClearinghouseAdmin",
        "ClearinghouseWithdrawals",
    ),
    "DefaultManager": ("DefaultManagerInsolvency",),
}
FUND_NAME, FUND_SYMBOL = "Bulkhead Insurance Fund", "bIF"


def deploy(
    chain: Chain,
    config: DeploymentConfig,
    admin: str,
    first_prices: Mapping[str, int] | None = None,
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
    _governance(chain, done)
    progress("wiring")
    verify(chain, done)
    return done


def _tokens(chain: Chain, done: Deployment) -> None:
    for token in done.config.tokens:
        if token.address is None:
            name = f"Test {token.symbol}"
            handle = chain.deploy("TestToken", name, token.symbol, token.decimals)
        else:
            handle = chain.attach("TestToken", token.address)
        done.tokens[token.symbol] = handle


def _feeds(chain: Chain, done: Deployment, first_prices: Mapping[str, int]) -> None:
    def feed(name: str, feed: Feed, price: int) -> Contract:
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
        if asset.tertiary is not None:
            done.witnesses[name] = feed(f"{name} / USD tertiary", asset.tertiary, price)


def _contracts(chain: Chain, done: Deployment, admin: str) -> None:
    config, made = done.config, done.contracts
    token = done.settlement.address
    sequencer = config.oracle.sequencer_feed or NO_ADDRESS
    made["PriceOracle"] = chain.deploy("PriceOracle", sequencer, config.oracle.sequencer_grace)
    for name in PARTS["Clearinghouse"]:
        made[name] = chain.deploy(name, token)
    parts = [made[name].address for name in PARTS["Clearinghouse"]]
    clearinghouse = chain.deploy("Clearinghouse", token, admin, *parts)
    clearinghouse = chain.combine(clearinghouse, *PARTS["Clearinghouse"])
    made["Clearinghouse"] = clearinghouse
    oracle = made["PriceOracle"].address
    made["RiskEngine"] = chain.deploy("RiskEngine", clearinghouse.address, oracle)
    made["Exchange"] = chain.deploy("Exchange", clearinghouse.address)
    insolvency = chain.deploy("DefaultManagerInsolvency", clearinghouse.address)
    made["DefaultManagerInsolvency"] = insolvency
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
        config.insurance_fund.premium.ppm,
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
        witness = done.witnesses.get(name)
        words = feed_words(
            asset,
            str(primary.address),
            str(secondary.address),
            None if witness is None else str(witness.address),
        )
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
        owed.share.ppm,
        owed.grace,
        owed.discount.ppm,
    )
    exits = config.exits
    chain.send(
        clearinghouse,
        "set_outflow_limit",
        exits.outflow_share.ppm,
        exits.outflow_floor.units(0),
    )
    fund, end = config.default_fund, config.wind_down
    threshold = fund.contribution_threshold.units(0)
    chain.send(clearinghouse, "set_contribution_threshold", threshold)
    chain.send(
        clearinghouse,
        "set_wind_down_terms",
        end.hole_share.ppm,
        end.hole_floor.units(0),
        end.proof_window,
        end.proof_reward.ppm,
        end.proof_reward_cap.units(0),
        end.conversion_reward.wad,
    )


def _governance(chain: Chain, done: Deployment) -> None:
    """Propose the guardian and give everything to a timelock, if the configuration asks for it.

    The deployer is nobody in the timelock, which accepts the ownership at anyone's call.
    """
    governance, clearinghouse = done.config.governance, done.clearinghouse
    if governance.guardian is not None:
        chain.send(clearinghouse, "set_guardian", governance.guardian)
    if governance.timelock_delay is None or governance.proposer is None:
        return
    timelock = chain.deploy(
        "Timelock", governance.timelock_delay, [governance.proposer], [NO_ADDRESS], NO_ADDRESS
    )
    done.contracts["Timelock"] = timelock
    chain.send(clearinghouse, "transfer_ownership", timelock.address)
    chain.send(timelock, "accept_ownership", str(clearinghouse.address))
