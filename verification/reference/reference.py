"""The door of the model: calls by contract and function, all or nothing.

reference = Reference.of(world.deployment.config)
reference.know(world)                   # names for the addresses that arguments will contain
reference.call("clearinghouse", "open_account", person.address, (CROSS, 0), now)
assert not reference.compare(world, accounts)
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bulkhead.config import DeploymentConfig
from verification.reference import (
    clearinghouse,
    compare,
    governance,
    insolvency,
    insurance,
    ledger,
    members,
    prices,
    procedure,
    records,
    recoveries,
    tokens,
    trading,
    winding,
)
from verification.reference.prices import take_checkpoint
from verification.reference.rounding import WAD, NotModelled, Refusal
from verification.reference.state import Asset, Feed, Market, State
from verification.reference.terms import AssetTerms, CollateralTerms, FillTerms, MarketTerms, Terms

FIRST_TIME = 1_700_000_000
FIRST_PRICES = {"ETH": 2_000 * WAD, "BTC": 40_000 * WAD}
ADMIN = "0x" + "ad" * 20
MARKET_ROW = 8

Step = Callable[..., Any]


def _quietly(step: Step) -> Step:
    """A function that takes no sender."""
    return lambda w, sender, *args: step(w, *args)


STEPS: dict[tuple[str, str], Step] = {
    ("clearinghouse", "open_account"): clearinghouse.open_account,
    ("clearinghouse", "set_operator"): clearinghouse.set_operator,
    ("clearinghouse", "deposit"): clearinghouse.deposit,
    ("clearinghouse", "withdraw"): clearinghouse.withdraw,
    ("clearinghouse", "transfer"): clearinghouse.transfer,
    ("clearinghouse", "cover_shortfall"): clearinghouse.cover_shortfall,
    ("clearinghouse", "collect_fees"): clearinghouse.collect_fees,
    ("clearinghouse", "donate"): clearinghouse.donate,
    ("clearinghouse", "accrue_funding"): _quietly(ledger.accrue_funding),
    ("clearinghouse", "repay"): recoveries.repay,
    ("clearinghouse", "recover"): recoveries.recover,
    ("clearinghouse", "settle_market"): winding.settle_market,
    ("clearinghouse", "convert_positions"): winding.convert_positions,
    ("clearinghouse", "begin_wind_down"): winding.begin_wind_down,
    ("clearinghouse", "call_debts"): clearinghouse.call_debts,
    ("clearinghouse", "settle_debt"): winding.settle_debt,
    ("clearinghouse", "begin_redemption"): winding.begin_redemption,
    ("clearinghouse", "release_reserve"): winding.release_reserve,
    ("clearinghouse", "redeem"): winding.redeem,
    ("clearinghouse", "pause"): governance.pause,
    ("clearinghouse", "unpause"): governance.unpause,
    ("clearinghouse", "set_guardian"): governance.set_guardian,
    ("clearinghouse", "accept_guardian"): governance.accept_guardian,
    ("clearinghouse", "transfer_ownership"): governance.transfer_ownership,
    ("clearinghouse", "accept_ownership"): governance.accept_ownership,
    ("clearinghouse", "set_shortfall_terms"): governance.set_shortfall_terms,
    ("clearinghouse", "set_outflow_limit"): governance.set_outflow_limit,
    ("clearinghouse", "set_contribution_threshold"): governance.set_contribution_threshold,
    ("clearinghouse", "set_wind_down_terms"): governance.set_wind_down_terms,
    ("clearinghouse", "list_market"): governance.list_market,
    ("clearinghouse", "set_collateral_cap"): governance.set_collateral_cap,
    ("exchange", "cancel"): trading.cancel,
    ("exchange", "cancel_all"): trading.cancel_all,
    ("exchange", "set_terms"): governance.set_fill_terms,
    ("risk_engine", "set_globals"): governance.set_globals,
    ("risk_engine", "set_market"): governance.set_market,
    ("risk_engine", "apply_market"): governance.apply_market,
    ("risk_engine", "apply_collateral"): governance.apply_collateral,
    ("risk_engine", "apply_globals"): governance.apply_globals,
    ("risk_engine", "set_collateral"): governance.set_collateral,
    ("default_manager", "call_margin"): procedure.call_margin,
    ("default_manager", "cure"): procedure.cure,
    ("default_manager", "open_auction"): procedure.open_auction,
    ("default_manager", "bid"): procedure.bid,
    ("default_manager", "tear_up"): insolvency.tear_up,
    ("default_manager", "prove_deficit"): winding.prove_deficit,
    ("default_manager", "set_terms"): governance.set_default_terms,
    ("default_manager", "set_waterfall"): governance.set_waterfall,
    ("insurance_fund", "deposit"): insurance.deposit,
    ("insurance_fund", "mint"): insurance.mint,
    ("insurance_fund", "redeem"): insurance.redeem,
    ("insurance_fund", "withdraw"): insurance.withdraw,
    ("insurance_fund", "request_redeem"): insurance.request_redeem,
    ("insurance_fund", "cancel_request"): insurance.cancel_request,
    ("insurance_fund", "transfer"): insurance.transfer,
    ("insurance_fund", "transferFrom"): insurance.transfer_from,
    ("insurance_fund", "approve"): insurance.approve,
    ("insurance_fund", "set_timing"): governance.set_timing,
    ("insurance_fund", "set_premium"): governance.set_premium,
    ("insurance_fund", "accrue"): insurance.accrue,
    ("insurance_fund", "claim"): insurance.claim,
    ("insurance_fund", "pay_deferred"): records.pay_deferred,
    ("insurance_fund", "forward_unclaimed"): insurance.forward_unclaimed,
    ("default_fund", "deposit"): members.deposit,
    ("default_fund", "give_notice"): members.give_notice,
    ("default_fund", "cancel_notice"): members.cancel_notice,
    ("default_fund", "withdraw"): members.withdraw,
    ("default_fund", "exit"): members.exit_fund,
    ("default_fund", "release_requirement"): members.release_requirement,
    ("default_fund", "accrue"): members.accrue,
    ("default_fund", "claim"): members.claim,
    ("default_fund", "pay_deferred"): records.pay_deferred,
    ("default_fund", "forward_unclaimed"): members.forward_unclaimed,
    ("default_fund", "set_terms"): governance.set_member_terms,
}

# What only the protocol's own contracts may call, and what they say to everybody else.
CLOSED: dict[tuple[str, str], str] = {
    ("clearinghouse", "novate"): "registry: wrong caller",
    ("clearinghouse", "set_stage"): "registry: wrong caller",
    ("clearinghouse", "slice_account"): "registry: wrong caller",
    ("clearinghouse", "receive_draw"): "registry: wrong caller",
    ("clearinghouse", "tear_up_accounts"): "registry: wrong caller",
    ("clearinghouse", "receive_deferred"): "registry: wrong caller",
    ("clearinghouse", "pay_premium"): "registry: wrong caller",
    ("clearinghouse", "conclude"): "registry: wrong caller",
    ("clearinghouse", "seize"): "registry: wrong caller",
    ("clearinghouse", "conclude_proof"): "registry: wrong caller",
    ("insurance_fund", "draw"): "fund: only the default manager",
    ("insurance_fund", "restore"): "fund: only the clearinghouse",
    ("default_fund", "draw"): "fund: only the default manager",
    ("default_fund", "restore"): "fund: only the clearinghouse",
    ("default_fund", "require_contribution"): "fund: only the clearinghouse",
}


class Reference:
    """The model of one deployment.

    Attributes:
        state: Everything it remembers.
        is_signed: Whether the signer of an order has signed it. By default any signature of 65
            bytes is taken for theirs: what a key has signed is not the model's business.
    """

    def __init__(self, state: State) -> None:
        """Begin with a state."""
        self.state = state
        self.is_signed: Callable[[trading.Order, bytes], bool] = lambda _, text: len(text) == 65
        self._names: dict[str, str] = {}

    @classmethod
    def of(
        cls,
        config: DeploymentConfig,
        prices: dict[str, int] | None = None,
        now: int = FIRST_TIME,
        owner: str = ADMIN,
    ) -> Reference:
        """A fresh deployment of a configuration: nobody has tokens, every feed answers now."""
        if config.oracle.sequencer_feed is not None or config.governance.timelock_delay is not None:
            raise NotModelled("a sequencer feed and a timelock: deploy without")
        if any(asset.tertiary is not None for asset in config.assets.values()):
            raise NotModelled("witnesses: deploy without")
        first = prices or FIRST_PRICES
        settlement = config.settlement
        state = State(
            now=now,
            owner=owner.lower(),
            terms=Terms.of(config),
            settlement=settlement.symbol,
            scale=10 ** (18 - settlement.decimals),
            assets={
                name: _fresh_asset(AssetTerms.of(asset), first[name], now)
                for name, asset in config.assets.items()
            },
        )
        for name in state.assets:
            take_checkpoint(state, name)
        for symbol in (settlement.symbol, *(token.symbol for token in config.collateral)):
            tokens.add(state, symbol)
        state.collaterals = [CollateralTerms.of(token, now) for token in config.collateral]
        for number, market in enumerate(config.markets, start=1):
            state.markets[number] = Market(now)
            state.market_terms[number] = MarketTerms.of(market)
            fees = market.maker_fee.ppm, market.taker_fee.ppm
            state.fill_terms[number] = FillTerms(*fees, market.band.bps)
        if config.governance.guardian is not None:
            state.pending_guardian = config.governance.guardian.lower()
            state.guardian_ready_at = now
        return cls(state)

    def know(self, world: Any) -> Reference:
        """Learn the addresses of the contracts and tokens, which arguments will contain."""
        done = world.deployment
        for name in ("Clearinghouse", "InsuranceFund", "DefaultFund"):
            snake = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
            self._names[str(done.contracts[name].address).lower()] = snake
        for symbol, token in done.tokens.items():
            self._names[str(token.address).lower()] = f"token:{symbol}"
        return self

    def call(self, contract: str, function: str, sender: Any, args: Sequence[Any], now: int) -> Any:
        """Predict a call: return what it returns, or raise `Refusal` and change nothing."""
        self.state.now = now
        before = pickle.dumps(self.state, pickle.HIGHEST_PROTOCOL)
        try:
            return self._step(contract, function)(
                self.state, self._plain(sender), *map(self._plain, args)
            )
        except Exception:
            self.state = pickle.loads(before)
            raise

    def compare(self, world: Any, accounts: Iterable[int]) -> list[str]:
        """Every difference between model and chain, named, with both values."""
        return compare.differences(self.state, world, accounts)

    def snapshot(self) -> bytes:
        """Remember this state."""
        return pickle.dumps(self.state, pickle.HIGHEST_PROTOCOL)

    def restore(self, snapshot: bytes) -> None:
        """Go back to a state."""
        self.state = pickle.loads(snapshot)

    def _step(self, contract: str, function: str) -> Step:
        if (contract, function) in STEPS:
            return STEPS[contract, function]
        if (contract, function) in CLOSED:
            return _refuse(CLOSED[contract, function])
        if (contract, function) == ("exchange", "fill"):
            return lambda w, sender, *args: trading.fill(w, sender, *args, is_signed=self.is_signed)
        kind, _, rest = contract.partition(":")
        if kind == "token":
            return _token_step(rest, function)
        if kind == "feed":
            asset, place = rest.split(":")
            return _feed_step(asset, int(place), function)
        if contract == "risk_engine":
            return _row_step(function)
        raise NotModelled(f"{contract}.{function}")

    def _plain(self, value: Any) -> Any:
        """An argument as the model takes it: people by address, contracts by name."""
        if isinstance(value, list | tuple):
            return tuple(self._plain(part) for part in value)
        text = getattr(value, "address", value)
        if isinstance(text, str) and text.startswith("0x") and len(text) == 42:
            return self._names.get(text.lower(), text.lower())
        return text


def _fresh_asset(terms: AssetTerms, price: int, now: int) -> Asset:
    first, second = (Feed(price * 10**places // WAD, now) for places in terms.decimals)
    return Asset(terms, (first, second))


def _refuse(reason: str) -> Step:
    def step(*_: Any) -> None:
        raise Refusal(reason)

    return step


def _token_step(symbol: str, function: str) -> Step:
    steps: dict[str, Step] = {
        "mint": lambda w, _, to, amount: tokens.mint(w, symbol, to, amount),
        "approve": lambda w, sender, *args: tokens.approve(w, symbol, sender, *args),
        "transfer": lambda w, sender, *args: tokens.move(w, symbol, sender, *args),
        "transferFrom": lambda w, sender, *args: tokens.pull(w, symbol, sender, *args),
    }
    return steps[function]


def _feed_step(asset: str, place: int, function: str) -> Step:
    steps: dict[str, Step] = {
        "set": lambda w, _, answer: prices.set_answer(w, asset, place, answer, w.now),
        "set_answer": lambda w, _, *answer: prices.set_answer(w, asset, place, *answer),
    }
    return steps[function]


def _row_step(function: str) -> Step:
    """Steps of the risk engine that name an asset by a row of its table."""

    def asset_of(w: State, row: int) -> str:
        if row > MARKET_ROW and row - MARKET_ROW in w.market_terms:
            return w.market_terms[row - MARKET_ROW].asset
        if 1 <= row <= len(w.collaterals):
            return w.collaterals[row - 1].asset
        raise Refusal("risk table: unknown row")

    def checkpoints(w: State, _: str, rows: Sequence[int]) -> int:
        names = [asset_of(w, row) for row in rows]
        valid = [name for name in names if prices.judge(w, name).is_valid]
        for name in valid:
            take_checkpoint(w, name)
        return len(valid)

    steps: dict[str, Step] = {
        "checkpoint": lambda w, _, row: take_checkpoint(w, asset_of(w, row)),
        "checkpoints": checkpoints,
        "report_outage": lambda w, _, row: prices.report_outage(w, asset_of(w, row)),
    }
    if function not in steps:
        raise NotModelled(f"risk_engine.{function}")
    return steps[function]
