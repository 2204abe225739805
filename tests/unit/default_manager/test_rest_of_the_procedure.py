"""Turns of the procedure that need several things at once: a price in doubt beside a sale, funds
that are empty for many, tiers that pay less than they have said."""

from __future__ import annotations

import pyrevm
import pytest

from tests.procedure import (
    ASSESSMENTS,
    BOOK_DUST,
    CONTRIBUTIONS,
    PPM,
    SHORTFALL,
    about,
    debts,
    fill_funds,
    finish_window,
    only,
    parts_of,
    refused,
    tear_up,
    without_limits,
)
from verification.engine.evm import Reverted
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    INSOLVENT_PRICE,
    Scene,
    set_market_risk,
    set_terms,
    set_waterfall,
)
from verification.engine.world import BTC, ETH, HEALTHY, INSOLVENT, WAD, World

DAY = 86_400
INSURANCE_FUND = 3  # a role
PRICES = [x / 7 for x in range(7 * 1_880, 7 * 1_889)]


# BIDS ---------------------------------------------------------------------------------------------


def test_a_ramp_from_nothing_begins_without_a_price(fast_world):
    """Neither discount nor fee: the first to bid pays the mark."""
    scene = Scene.set(fast_world)
    set_terms(fast_world, discount_start=0, fee=0)
    scene.auction_at(CLOSE_OUT_PRICE)
    wealth, equity = scene.equity(scene.purse), scene.equity()
    event = scene.bid(WAD // 10)
    assert (event.discount, event.fee) == (0, 0)
    assert abs(scene.equity(scene.purse) - wealth) < 10**6
    assert abs(scene.equity() - equity) < 10**6


def test_a_market_for_isolated_accounts_takes_no_other(fast_world):
    set_market_risk(fast_world, "ETH-PERP", isolated_only=True)
    scene = Scene.set(fast_world, size=0)
    maker = fast_world.open(scene.maker, 100_000, mode=1, market=ETH)
    taker = fast_world.open(scene.trader, 10_000, mode=1, market=ETH)
    fast_world.trade((scene.maker, maker), (scene.trader, taker), 1, 2_000)
    order = fast_world.order(scene.maker, maker, -1, 2_000)
    refused(
        "risk engine: isolated accounts only",
        fast_world.exchange.fill,
        order.as_tuple(),
        fast_world.sign(scene.maker, order),
        WAD,
        scene.account,
        2**256 - 1,
        sender=scene.trader,
    )


def test_a_called_account_without_a_position_takes_no_collateral_in_doubt(fast_world):
    """Closed under the call, which is still there: what comes in must have a price."""
    scene = Scene.set(fast_world)
    scene.price(1_945)
    scene.call()
    fast_world.trade((scene.maker, scene.book), (scene.trader, scene.account), -100, 1_945)
    assert scene.is_called()
    assert fast_world.cash(scene.account) > 0
    units = fast_world.fund(scene.trader, "WETH", 1)
    deposit = fast_world.clearinghouse.deposit
    arguments = scene.account, fast_world.deployment.tokens["WETH"], units
    fast_world.wait(DAY, refresh=False)
    refused("clearinghouse: price not valid", deposit, *arguments, sender=scene.trader)
    fast_world.refresh()
    deposit(*arguments, sender=scene.trader)
    assert fast_world.clearinghouse.collateral(scene.account, 0) == WAD


# REMAINDERS ---------------------------------------------------------------------------------------


@pytest.fixture
def remainder(fast_world) -> Scene:
    """5 WETH, 0.01 WBTC and 50 of cash carried 50 ETH; torn up at 1,800, the collateral is left."""
    scene = Scene.set(fast_world, cash=0, size=0, WETH=5, WBTC="0.01")
    fast_world.stake(scene.staker, 3_000)
    without_limits(fast_world)
    fast_world.deposit(scene.trader, scene.account, 100)
    scene.buy(50)
    scene.price(1_780)
    scene.open_auction()
    finish_window(fast_world)
    scene.price(1_780)
    tear_up(scene)
    assert scene.is_insolvent()
    assert fast_world.cash(scene.account) < 0
    return scene


def test_a_sale_beside_collateral_in_doubt_ends_nothing(remainder):
    """WETH is sold whole; what is still owed waits for the price of WBTC."""
    scene, world = remainder, remainder.world
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_600)  # equity is below 0 whatever WBTC is worth
    refused(
        "default manager: nothing to tear up",
        scene.manager.tear_up,
        [scene.account],
        sender=scene.stranger,
    )
    event = only(
        scene.manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder),
        scene.manager.RemainderSold,
    )
    assert event.cash < 0
    assert (scene.stage(), world.clearinghouse.collateral(scene.account, 0)) == (INSOLVENT, 0)
    assert world.clearinghouse.collateral(scene.account, 1) == WAD // 100
    world.set_price("BTC", 40_000)
    scene.manager.bid(scene.account, WAD, scene.purse, 1, 0, sender=scene.bidder)
    assert (scene.stage(), world.cash(scene.account) >= 0) == (HEALTHY, True)


def test_who_owes_nothing_any_more_sells_nothing(remainder):
    scene, world = remainder, remainder.world
    world.deposit(scene.trader, scene.account, 10_000)
    bid = scene.manager.bid
    arguments = scene.account, WAD, scene.purse, 1
    refused("default manager: nothing to sell", bid, *arguments, sender=scene.bidder)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY


def test_a_bidder_may_ask_for_no_more_than_equity_leaves(remainder):
    """After a day the rate is a half, but of a solvent account the discount is its equity."""
    scene, world = remainder, remainder.world
    world.wait(DAY)
    world.set_price("BTC", 40_000)
    scene.price(1_800)
    equity = scene.equity()
    assert 0 < equity < 1_000 * WAD
    bid = scene.manager.bid
    arguments = scene.account, WAD, scene.purse, 1
    refused("default manager: discount below limit", bid, *arguments, 500_000, sender=scene.bidder)
    event = only(bid(*arguments, 1_000, sender=scene.bidder), scene.manager.RemainderSold)
    assert abs(event.discount - equity * event.fraction // WAD) <= 10**13


# FUNDS --------------------------------------------------------------------------------------------


def half_dead(world: World, *roles: str) -> tuple[Scene, list[int]]:
    """Let several be LONG ETH and BTC; ETH crashes while BTC has no price, and nobody pays."""
    scene = Scene.set(world, size=0)
    accounts = []
    for person in world.people.named(*roles):
        account = world.open(person, 12_000)
        world.trade((scene.maker, scene.book), (person, account), 100, 2_000)
        world.trade((scene.maker, scene.book), (person, account), 0.5, 40_000, BTC)
        accounts.append(account)
    world.wait(3 * 3_600, refresh=False)
    scene.price(1_850)
    for account in accounts:
        scene.manager.open_auction(account, sender=scene.stranger)
    return scene, accounts


def test_empty_funds_pay_for_none_of_several(fast_world):
    """What a tear-up of two finds missing is charged to the other side."""
    scene, accounts = half_dead(fast_world, "trader", "second trader")
    assert [fast_world.stage(account) for account in accounts] == [INSOLVENT] * 2
    finish_window(fast_world)
    scene.price(1_850)
    fast_world.set_price("BTC", 38_000)
    paid = tear_up(scene, *accounts).events.filter(scene.manager.ShortfallPaid)
    assert len(paid) == 2
    for event in paid:
        assert event.shortfall > 0
        assert parts_of(event)[:4] == (0, 0, 0, 0)
        assert event.charged + event.to_hole == event.shortfall
    assert [fast_world.cash(account) for account in accounts] == [0, 0]
    assert fast_world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("contribution", [5_000, 500], ids=["contributions", "pledges"])
def test_what_was_drawn_in_part_is_restored(fast_world, contribution):
    """Its members still have shares: what is repaid raises them again."""
    scene = Scene.set(fast_world)
    member = fill_funds(scene, 0, contribution, 5_000)
    tranche, tier = (0, CONTRIBUTIONS) if contribution > SHORTFALL else (1, ASSESSMENTS)
    without_limits(fast_world)
    scene.price(INSOLVENT_PRICE)
    scene.open_auction()
    finish_window(fast_world)
    scene.price(INSOLVENT_PRICE)
    tear_up(scene)
    fund, ledger = fast_world.default_fund, fast_world.clearinghouse
    debt = debts(fast_world, scene.account)[tier]
    assert about(debt, SHORTFALL - (500 if tier == ASSESSMENTS else 0))
    before, owed = fund.value_of(member, tranche), -(-debt // 10**12)
    fast_world.fund(scene.stranger, "USDC", SHORTFALL + 1)
    event = only(ledger.repay(scene.account, owed, sender=scene.stranger), ledger.DebtRepaid)
    to_members = event.to_contributions, event.to_assessments
    assert (to_members[tranche], to_members[1 - tranche], event.to_insurance) == (owed, 0, 0)
    assert 0 <= owed * 10**12 - (fund.value_of(member, tranche) - before) <= 10**12


def test_members_pay_for_several_at_once(fast_world):
    """Who has a contribution of his own pays with it first; the others' is shared out."""
    scene = Scene.set(fast_world)
    fast_world.join(scene.trader, 500, 500)
    fill_funds(scene, 0, 5_000, 5_000)
    without_limits(fast_world)
    person = fast_world.people["second trader"]
    other = fast_world.open(person, 10_000)
    fast_world.trade((scene.maker, scene.book), (person, other), 100, 2_000)
    scene.price(INSOLVENT_PRICE)
    for account in (scene.account, other):
        scene.manager.open_auction(account, sender=scene.stranger)
    finish_window(fast_world)
    scene.price(INSOLVENT_PRICE)
    events = tear_up(scene, scene.account, other).events.filter(scene.manager.ShortfallPaid)
    paid = {event.account: event for event in events}
    assert about(paid[scene.account].own, 500)
    assert about(paid[scene.account].contributions, SHORTFALL - 500)
    assert (paid[other].own, about(paid[other].contributions, SHORTFALL)) == (0, True)
    assert fast_world.conservation_error() < BOOK_DUST


def test_profits_leave_the_loss_to_maintenance_margin(fast_world):
    """An account that owes cash, whose collateral has fallen and whose positions have lost nothing:
    each market draws by its margin."""
    scene = Scene.set(fast_world, size=0, cash=100, WBTC=1)
    without_limits(fast_world)
    fill_funds(scene, 30_000)
    scene.buy(20)
    scene.price(1_600)
    scene.buy(-20, 1_600)
    assert fast_world.cash(scene.account) < -7_000 * WAD
    scene.buy(1, 1_600)
    scene.buy(-0.05, 40_000, BTC)
    fast_world.set_price("BTC", 6_000)
    step = fast_world.lens.next_step(scene.account)
    assert step.shortfall == -step.equity > 200 * WAD
    assert 0 <= step.shortfall - step.insurance <= 2  # a wei for each market, by rounding
    scene.open_auction()
    finish_window(fast_world)
    scene.price(1_600)
    fast_world.set_price("BTC", 6_000)
    tear_up(scene)
    of_eth, of_btc = (scene.manager.limit_used(market) for market in (ETH, BTC))
    assert of_eth > of_btc > 0
    assert fast_world.conservation_error() < BOOK_DUST


def test_a_limit_that_is_used_up_holds_in_the_window_too(fast_world):
    """500 of the loss may be drawn; what it grows by is torn up when all is bid for, and a wei that
    this leaves by rounding is nobody's to pay but the other side's."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 30_000)
    set_waterfall(fast_world, market_amount=500, market_share=PPM)
    scene.price(INSOLVENT_PRICE)
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert about(event.insurance, 500)
    for price in PRICES:
        checkpoint = fast_world.chain.snapshot()
        scene.price(price)
        receipt = scene.manager.bid(scene.account, WAD, scene.purse, 1, sender=scene.bidder)
        paid = receipt.events.filter(scene.manager.ShortfallPaid)
        assert abs(sum(event.insurance for event in paid) - 500 * WAD) <= 10**12
        assert all(sum(parts_of(event)) == event.shortfall for event in paid)
        assert (scene.stage(), fast_world.cash(scene.account)) == (HEALTHY, 0)
        assert fast_world.conservation_error() < BOOK_DUST
        fast_world.chain.restore(checkpoint)


def pays_nothing(world: World, holds: int) -> bytes:
    """Return the code of an insurance fund that has so many tokens, and pays none of them."""
    draw = world.insurance_fund.draw.arities[2].selector.hex()
    # Asked to draw: jump to a return of 32 zero bytes; anything else is answered with a number.
    return bytes.fromhex(f"5f3560e01c63{draw}146025576f{holds:032x}5f5260205ff35b60205ff3")


def test_a_fund_that_pays_nothing_leaves_its_part_to_the_next(fast_world):
    """INV-6: what it was counted on for is charged, and the rest is the hole."""
    world = fast_world
    spare = "0x" + "5e" * 20
    code = pays_nothing(world, 3_000 * 10**6)
    world.chain.evm.insert_account_info(spare, pyrevm.AccountInfo(code=code))
    world.clearinghouse.set_role(INSURANCE_FUND, spare, sender=world.admin)
    world.wait(DAY)
    world.clearinghouse.accept_role(INSURANCE_FUND, sender=world.admin)
    scene = Scene.set(world)
    without_limits(world)
    set_waterfall(world, charge_cap=2_000)
    scene.price(INSOLVENT_PRICE)
    event = only(scene.open_auction(), scene.manager.Insolvent)
    assert (event.insurance, event.torn_up) == (SHORTFALL * WAD, 0)
    finish_window(world)
    scene.price(INSOLVENT_PRICE)
    paid = only(tear_up(scene), scene.manager.ShortfallPaid)
    assert paid.shortfall == SHORTFALL * WAD
    assert parts_of(paid)[:4] == (0, 0, 0, 0)
    assert paid.charged > 0
    assert paid.to_hole == world.clearinghouse.hole() == paid.shortfall - paid.charged
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)


def test_a_manager_and_its_procedures_belong_to_one_ledger(fast_world):
    world, manager = fast_world, fast_world.default_manager
    rest = manager.PROCEDURES(), tuple(manager.terms()), tuple(manager.waterfall())
    with pytest.raises(Reverted, match="default manager: procedures of another ledger"):
        world.chain.deploy("DefaultManager", world.exchange.address, *rest)
    made = world.chain.deploy("DefaultManager", world.clearinghouse.address, *rest)
    assert made.CLEARINGHOUSE() == world.clearinghouse.address
