"""What one call may do: checks of the moment before against the moment after.

They are chosen by the function that was called, and cost a few views each; what the tiers of the
waterfall and the other accounts went through is looked at only when somebody is insolvent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from verification.engine.evm import Receipt, Reverted
from verification.engine.world import AUCTION, HEALTHY
from verification.fuzz.gang import ASSET_OF_MARKET
from verification.fuzz.laws import MARGIN_DUST, model_of, require
from verification.fuzz.stage import Call, Stage
from verification.machines.model import PPM, WAD, debt_of
from verification.machines.tiers import Tiers, check_losses

TRADING, WITHDRAWALS, LIQUIDATIONS = range(3)
CURE_WINDOW = 3_600
FLIGHT = 600
FEE_UNIT = 10**12  # fees are whole millionths of cash
FEE_DUST = 2 * FEE_UNIT

Check = Callable[[Stage, Call], Iterator[None]]


def watch(stage: Stage, call: Call) -> Receipt:
    """Make a call and check what it did, if there is a check for it."""
    check = CHECKS.get(f"{call.contract}.{call.function}")
    if check is None:
        return stage.send(call)
    # Most calls are refused: the moment before is looked at only when one goes through.
    chain = stage.world.chain
    checkpoint = chain.snapshot()
    try:
        stage.send(call, is_rehearsal=True)
    except Reverted:
        chain.restore(checkpoint)
        raise
    chain.restore(checkpoint)
    with contextmanager(check)(stage, call) as after:
        receipt = stage.send(call)
        after(receipt)
    return receipt


def check_missing(stage: Stage, call: Call) -> None:
    """Money that an account owns can be missing only because others owe it."""
    ledger = stage.world.clearinghouse
    if call.function == "withdraw" and call.args[1] is stage.world.settlement:
        is_owed = ledger.negative_cash() or ledger.hole()
        require(is_owed, "INV-1: nobody owes anything, and cash is missing")


def is_paused(stage: Stage, action: int) -> bool:
    """Whether the guardian has stopped an action, or a pause of liquidations has: that and new risk
    wait an hour more, money that leaves some minutes after that."""
    ledger = stage.world.clearinghouse
    until, stop = ledger.paused_until(action), ledger.paused_until(LIQUIDATIONS)
    if stop:
        until = max(until, stop + CURE_WINDOW + (FLIGHT if action == WITHDRAWALS else 0))
    return stage.now() < until


def shares_of(stage: Stage, account: int, market: int) -> int:
    """Return the signed shares of a position, as stored."""
    return stage.world.position(account, market)[0]


def above_initial(stage: Stage, account: int, kind: str) -> None:
    """INV-8."""
    equity, initial, _ = stage.world.risk_engine.margin(account)
    require(equity >= initial, f"INV-8: {kind} below initial margin", equity - initial)


# MONEY --------------------------------------------------------------------------------------------


def money_out(stage: Stage, call: Call) -> Iterator[Callable[[Receipt], None]]:
    """INV-8 and INV-14 of money that leaves an account."""
    account, ledger = call.args[0], stage.world.clearinghouse
    paused = is_paused(stage, WITHDRAWALS)
    may = ledger.is_authorised(account, call.sender, 2)
    held = stage.world.settlement.balanceOf(ledger) if call.function == "withdraw" else 0

    def after(receipt: Receipt) -> None:
        header = stage.world.header(account)
        require(not paused, "withdrew while withdrawals are paused")
        require(may, "INV-14: a stranger withdrew")
        require(header.stage == HEALTHY, "withdrew under a stage")
        require(not header.is_indebted, "withdrew in debt")
        if header.markets or header.cash < 0:
            above_initial(stage, account, "withdrawal")
        if held:
            left = stage.world.settlement.balanceOf(ledger)
            paid = call.args[2] if call.args[1] is stage.world.settlement else 0
            require(left == held - paid, "paid out more or less than asked")

    yield after


def deposit(stage: Stage, call: Call) -> Iterator[Callable[[Receipt], None]]:
    """INV-10: what arrives is credited, exactly."""
    account, token, amount = call.args
    is_cash = token is stage.world.settlement
    before = stage.world.cash(account)

    def after(receipt: Receipt) -> None:
        credit = amount * FEE_UNIT if is_cash else 0
        require(stage.world.cash(account) == before + credit, "INV-10: a deposit was not credited")

    yield after


def repay(stage: Stage, call: Call) -> Iterator[Callable[[Receipt], None]]:
    """What is owed gets smaller by what is paid, and the hole never larger."""
    account, ledger = call.args[0], stage.world.clearinghouse
    owed, hole = debt_of(ledger.debts(account)), ledger.hole()

    def after(receipt: Receipt) -> None:
        paid = owed - debt_of(ledger.debts(account))
        if call.function == "repay":
            require(paid == call.args[1] * FEE_UNIT, "a repayment was not booked", paid)
        require(paid > 0, "a recovery recovered nothing")
        require(ledger.hole() <= hole, "a repayment made the hole larger")

    yield after


# TRADING ------------------------------------------------------------------------------------------


def fill(stage: Stage, call: Call) -> Iterator[Callable[[Receipt], None]]:
    """INV-8, INV-9: who adds risk meets IM; fees are what they say, and reach the protocol."""
    order, taker = call.args[0], call.args[3]
    maker, market = order[0], order[1]
    accounts = (maker, taker)
    old = {a: shares_of(stage, a, market) for a in accounts}
    headers = {a: stage.world.header(a) for a in accounts}
    paused = is_paused(stage, TRADING)
    fees = _fees(stage, market)
    terms = stage.world.exchange.terms(market)
    owners = {account >> 96 for account in accounts}
    # Prices in doubt count at their worse end for each side: closing both ends the doubt.
    is_certain = all(stage.world.risk_engine.price(8 + m)[2] for m in ASSET_OF_MARKET)
    wealth = wealth_of(stage, call.sender) if len(owners) == 1 and is_certain else None

    def after(receipt: Receipt) -> None:
        (event,) = receipt.events.filter(stage.world.exchange.Fill)
        reducing = []
        for account in accounts:
            new = shares_of(stage, account, market)
            reduces = abs(new) < abs(old[account]) and (new == 0 or (new > 0) == (old[account] > 0))
            reducing.append(reduces)
            require(headers[account].stage < AUCTION, "traded in an auction")
            if not reduces:
                require(headers[account].stage == HEALTHY, "added risk under a call")
                require(not headers[account].is_indebted, "added risk in debt")
                above_initial(stage, account, "fill")
        require(not paused or any(reducing), "added risk while trading is paused")
        notional = -(-abs(event.size) * event.price // WAD)
        for fee, ppm in ((event.maker_fee, terms[0]), (event.taker_fee, terms[1])):
            exact = notional * ppm // PPM
            require(0 <= fee - exact <= FEE_DUST, "a fee is not its rate", fee - exact)
        booked = _fees(stage, market) - fees
        require(
            abs(booked - event.maker_fee - event.taker_fee) <= FEE_DUST,
            "fees did not reach the protocol",
            booked,
        )
        if wealth is not None:
            gain = wealth_of(stage, call.sender) - wealth
            require(gain <= MARGIN_DUST, "INV-9: gained by trading with himself", gain)

    yield after


def _fees(stage: Stage, market: int) -> int:
    return (stage.world.clearinghouse.market_totals(market) >> 204) * FEE_UNIT


def wealth_of(stage: Stage, owner: Any) -> int:
    """Return what an owner's solvent accounts are worth together, prices at their worse end."""
    engine = stage.world.risk_engine
    mine = [account for who, account in stage.accounts if stage.people[who] is owner]
    return sum(max(engine.margin(account)[0], 0) for account in mine)


# THE DEFAULT PROCEDURE ----------------------------------------------------------------------------


def procedure(stage: Stage, call: Call) -> Iterator[Callable[[Receipt], None]]:
    """INV-3 to INV-8 and INV-11 of calls, auctions, bids and tear-ups."""
    manager = stage.world.default_manager
    targets = list(call.args[0]) if call.function == "tear_up" else [call.args[0]]
    paused = is_paused(stage, LIQUIDATIONS)
    engine = stage.world.risk_engine
    equities = [engine.assess(account)[0].equity for account in targets]
    is_insolvent = min(equities) <= FEE_UNIT  # up to which a remainder is sold as one without
    is_deep = is_insolvent or call.function == "bid"
    before = model_of(stage) if is_deep else None
    tiers = Tiers.of(stage.world, stage.ids) if is_insolvent else None

    def after(receipt: Receipt) -> None:
        require(not paused, f"{call.function} while liquidations are paused")
        for event in receipt.events.filter(manager.MarginCalled):
            require(event.equity < event.maintenance, "INV-3: a healthy account was called")
            require(0 <= event.reward <= max(event.equity, 0), "INV-4: reward above equity")
        for event in receipt.events.filter(manager.AuctionOpened):
            require(event.equity < event.maintenance, "INV-3: a healthy account was put up")
        losses = receipt.events.filter(manager.ShortfallPaid)
        if tiers is None:
            require(not losses, "INV-6: the funds paid for a solvent account")
        if before is None:
            return
        model = model_of(stage)
        if call.function == "bid":
            _bid(stage, call, before, model, receipt)
        if tiers is not None:
            _losses(stage, call, before, model, tiers, receipt, targets)

    yield after


def _losses(
    stage: Stage,
    call: Call,
    before: Any,
    after: Any,
    tiers: Tiers,
    receipt: Receipt,
    targets: list[int],
) -> None:
    """INV-6: tiers in order and to the sum. INV-7, INV-11: others lose charges only."""
    try:
        losses = check_losses(stage.world, before, tiers, receipt)
    except AssertionError as broken:
        require(False, "INV-6: the tiers did not pay in order", broken)
    parties = set(targets) | ({call.args[2]} if call.function == "bid" else set())
    if call.function in ("call_margin", "tear_up"):
        parties.add(call.args[1])
    lost = 0
    for account in stage.ids:
        if account in parties:
            continue
        lost += max(before.margin(account).equity - after.margin(account).equity, 0)
        if not before.books.headers[account].markets:
            same = after.cash(account) == before.cash(account)
            require(same, "INV-7: an account without positions lost money")
    dust = MARGIN_DUST * len(stage.ids)
    require(lost <= losses.charged + dust, "INV-11: others lost more than was charged", lost)


def _bid(stage: Stage, call: Call, before: Any, after: Any, receipt: Receipt) -> None:
    """INV-4, INV-5, INV-8 of a slice."""
    account, purse = call.args[0], call.args[2]
    manager = stage.world.default_manager
    seen, left = before.margin(account, True), after.margin(account, True)
    taken, had = after.margin(purse), before.margin(purse)
    if receipt.events.filter(manager.Bid) or receipt.events.filter(manager.RemainderSold):
        require(taken.equity >= taken.initial - MARGIN_DUST, "INV-8: a bidder below initial margin")
    if receipt.events.filter(manager.ShortfallPaid):
        return
    for event in receipt.events.filter(manager.Bid):
        charges = event.discount + event.fee
        if event.equity <= 0:
            require(charges == 0, "INV-4: an insolvent account paid a discount")
        require(charges <= max(seen.equity, 0), "INV-4: discount and fee above equity", charges)
        change = seen.equity - charges - left.equity
        require(abs(change) <= MARGIN_DUST, "a slice changed equity by more than charges", change)
        if seen.equity > 0:
            require(
                left.equity * seen.maintenance
                >= left.maintenance * seen.equity - MARGIN_DUST * seen.maintenance,
                "INV-5: a bid lowered the margin ratio",
            )
        if not had.stuck_legs:
            gain = taken.equity - had.equity - event.discount
            require(abs(gain) <= MARGIN_DUST, "a bidder got other than the discount", gain)


CHECKS: dict[str, Check] = {
    "clearinghouse.withdraw": money_out,
    "clearinghouse.transfer": money_out,
    "clearinghouse.deposit": deposit,
    "clearinghouse.repay": repay,
    "clearinghouse.recover": repay,
    "exchange.fill": fill,
    "default_manager.call_margin": procedure,
    "default_manager.open_auction": procedure,
    "default_manager.bid": procedure,
    "default_manager.tear_up": procedure,
}
