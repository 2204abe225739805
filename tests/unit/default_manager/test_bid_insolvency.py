"""Insolvency in `DefaultManager.bid`: slices at mark while the window is open, then who pays."""

from __future__ import annotations

import pytest

from bulkhead.deployment import DEFAULT_MANAGER
from verification.engine.evm import deploy_world
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, DUST, INSOLVENT_PRICE, Scene
from verification.engine.world import AUCTION, BTC, HEALTHY, INSOLVENT, WAD

SHORTFALL = 1_100  # 10,000 less the taker's fee of 100 and a loss of 11,000 at 1,890
DEEP_PRICE = 1_700  # equity -20,100: more than the opposite side may be charged
DEEP_SHORTFALL = 20_100
CHARGE_CAP = DEEP_PRICE * 100 * 5 // 100
STAKE = 5_000
TIERS = ("own", "insurance", "contributions", "assessments", "charged", "to_hole")


@pytest.fixture
def insolvent_scene(scene) -> Scene:
    """Insolvent with equity of -1,100, all of it reserved in the insurance fund."""
    scene.world.stake(scene.staker, STAKE)
    scene.auction_at(INSOLVENT_PRICE)
    assert scene.is_insolvent()
    assert scene.equity() == -SHORTFALL * WAD
    return scene


def paid(scene: Scene, receipt) -> dict[str, int]:
    """Return what each tier paid by the `ShortfallPaid` event; the parts add up (INV-6)."""
    (event,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert event.account == scene.account
    parts = {tier: getattr(event, tier) for tier in TIERS}
    assert sum(parts.values()) == event.shortfall
    return {tier: amount for tier, amount in parts.items() if amount}


def bid(scene: Scene, fraction: int = WAD):
    """Bid and return the receipt."""
    return scene.manager.bid(scene.account, fraction, scene.purse, 1, sender=scene.bidder)


# AT MARK ------------------------------------------------------------------------------------------


def test_recognition_reserves_and_opens_the_window(scene):
    scene.world.stake(scene.staker, STAKE)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    (event,) = receipt.events.filter(scene.manager.Insolvent)
    assert (event.equity, event.torn_up) == (-SHORTFALL * WAD, 0)
    assert (event.own, event.insurance) == (0, SHORTFALL * WAD)
    assert event.window_end - scene.manager.auction(scene.account).since == 600
    assert tuple(scene.manager.reservation(scene.account)) == (0, SHORTFALL * WAD, 0, 0)
    assert scene.world.insurance_fund.reserved() == SHORTFALL * WAD
    assert scene.world.insurance_fund.totalAssets() == STAKE * 10**6
    assert scene.size() == 100 * WAD


def test_slice_goes_at_mark_without_discount(insolvent_scene):  # INV-4
    scene = insolvent_scene
    wealth = scene.equity(scene.purse)
    (event,) = bid(scene).events.filter(scene.manager.Bid)
    assert (event.fraction, event.discount, event.fee) == (WAD, 0, 0)
    assert event.discount_rate == 0
    assert scene.equity(scene.purse) == wealth
    assert scene.world.position(scene.purse) == (100 * WAD, 100 * INSOLVENT_PRICE * WAD)


def test_nobody_gets_a_discount_at_mark(insolvent_scene):
    scene = insolvent_scene
    assert_reverts(
        "default rules: discount below limit",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        1,
        sender=scene.bidder,
    )
    scene.bid(WAD, 1, 0)
    assert scene.stage() == HEALTHY


def test_partial_slice_at_mark_keeps_the_insolvency(insolvent_scene):
    scene, world = insolvent_scene, insolvent_scene.world
    receipt = bid(scene, WAD // 4)
    assert scene.stage() == INSOLVENT
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert scene.equity() == -SHORTFALL * WAD
    assert world.insurance_fund.totalAssets() == STAKE * 10**6
    assert paid(scene, bid(scene)) == {"insurance": SHORTFALL * WAD}
    assert scene.stage() == HEALTHY


def test_first_bid_on_an_auction_that_fell_below_zero_ends_it(scene):
    """Nothing is reserved on the way when the bid takes everything and the funds cover it."""
    scene.world.stake(scene.staker, STAKE)
    scene.auction_at(CLOSE_OUT_PRICE)
    assert scene.stage() == AUCTION
    scene.price(INSOLVENT_PRICE)
    receipt = bid(scene)
    assert not receipt.events.filter(scene.manager.Insolvent)
    assert paid(scene, receipt) == {"insurance": SHORTFALL * WAD}
    assert (scene.stage(), scene.size(), scene.world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert scene.world.insurance_fund.reserved() == 0


def test_partial_first_bid_recognises(scene):
    scene.world.stake(scene.staker, STAKE)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    receipt = bid(scene, WAD // 2)
    assert len(receipt.events.filter(scene.manager.Insolvent)) == 1
    assert scene.stage() == INSOLVENT
    assert scene.size() == 50 * WAD
    assert scene.world.insurance_fund.reserved() == SHORTFALL * WAD


def test_equity_of_exactly_zero_pays_nothing_to_anyone(scene):
    """Full sale at mark, nothing drawn: the position's loss is the whole deposit."""
    world = scene.world
    world.stake(scene.staker, STAKE)
    scene.auction_at(1_901)
    assert scene.equity() == 0
    receipt = bid(scene)
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert world.cash(scene.account) == 0
    assert world.insurance_fund.totalAssets() == STAKE * 10**6


def test_insolvent_account_cannot_close_itself(scene):
    """Outside the procedure nobody hands a loss over; at mark they may while they are solvent."""
    world = scene.world
    scene.price(INSOLVENT_PRICE)
    order = world.order(scene.maker, scene.book, 100, INSOLVENT_PRICE)
    assert_reverts(
        "risk engine: insolvent account",
        world.exchange.fill,
        order.as_tuple(),
        world.sign(scene.maker, order),
        100 * WAD,
        scene.account,
        0,
        sender=scene.trader,
    )
    scene.price(1_905)
    scene.buy(-100, 1_905)
    assert scene.size() == 0


def test_rescue_by_deposit_ends_insolvency(insolvent_scene):  # INV-10
    scene, world = insolvent_scene, insolvent_scene.world
    world.deposit(scene.stranger, scene.account, 20_000)
    scene.manager.cure(scene.account, sender=scene.stranger)
    assert scene.stage() == HEALTHY
    assert world.clearinghouse.hole() == 0
    assert world.insurance_fund.reserved() == 0
    assert world.insurance_fund.totalAssets() == STAKE * 10**6


# WHO PAYS -----------------------------------------------------------------------------------------


def test_insurance_fund_pays_the_shortfall(insolvent_scene):  # INV-6
    scene, world = insolvent_scene, insolvent_scene.world
    assert paid(scene, bid(scene)) == {"insurance": SHORTFALL * WAD}
    assert world.insurance_fund.totalAssets() == (STAKE - SHORTFALL) * 10**6
    assert world.clearinghouse.hole() == 0
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.clearinghouse.negative_cash() == 0
    assert world.header(scene.account).is_indebted
    assert world.clearinghouse.debts(scene.account) == SHORTFALL * 10**6 << 3 * 51
    assert world.conservation_error() == 0


def test_fund_pays_whole_units_and_keeps_no_change(world):  # INV-6
    """A shortfall between two token units: the fund pays the next one, the rest is a fee."""
    scene = Scene.set(world, size=100.0000001)
    world.stake(scene.staker, STAKE)
    scene.auction_at(1_890.00000001)
    fees = world.clearinghouse.reserve()
    shortfall = paid(scene, bid(scene))["insurance"]
    tokens = STAKE * 10**6 - world.insurance_fund.totalAssets()
    assert tokens == -(-shortfall // 10**12)
    assert world.clearinghouse.reserve() - fees == tokens * 10**12 - shortfall > 0
    assert world.conservation_error() < 1e-12


def test_own_contribution_first_then_insurance_then_contributions(scene):  # INV-6
    world = scene.world
    world.join(scene.trader, 300, 300)
    world.join(scene.staker, 1_000, 1_000)
    world.stake(scene.staker, 500)
    scene.auction_at(INSOLVENT_PRICE)
    assert tuple(scene.manager.reservation(scene.account)) == (
        300 * WAD,
        500 * WAD,
        300 * WAD,
        0,
    )
    assert world.default_fund.reserved() == 600 * WAD
    assert paid(scene, bid(scene)) == {
        "own": 300 * WAD,
        "insurance": 500 * WAD,
        "contributions": 300 * WAD,
    }
    assert world.insurance_fund.totalAssets() == 0
    assert world.default_fund.tranche(0)[0] == 700 * 10**6
    assert world.default_fund.tranche(1)[0] == 1_300 * 10**6
    assert world.default_fund.value_of(scene.trader, 0) == 0
    assert world.conservation_error() == 0


def test_pledges_pay_when_contributions_are_gone(scene):  # INV-6
    world = scene.world
    world.join(scene.staker, 800, 2_000)
    scene.auction_at(INSOLVENT_PRICE)
    assert paid(scene, bid(scene)) == {"contributions": 800 * WAD, "assessments": 300 * WAD}
    assert world.default_fund.tranche(0)[0] == 0
    assert world.default_fund.tranche(1)[0] == 1_700 * 10**6
    assert world.conservation_error() == 0


def test_what_the_funds_may_not_pay_is_torn_up_and_charged_at_once(scene):  # INV-6, INV-11
    """A market draws 60 % of the funds at most: 300 of 500; the rest is the opposite side's."""
    world = scene.world
    world.stake(scene.staker, 500)
    wealth = scene.equity(scene.book)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    (event,) = receipt.events.filter(scene.manager.Insolvent)
    uncovered = SHORTFALL - 300
    assert event.torn_up == -(-uncovered * WAD // SHORTFALL)
    assert paid(scene, receipt) == {"charged": uncovered * WAD}
    assert world.clearinghouse.hole() == 0
    assert abs(scene.equity(scene.book) - wealth - (11_000 - uncovered) * WAD) < DUST
    assert abs(scene.size() - 100 * WAD * 300 // SHORTFALL) < DUST
    assert abs(scene.equity() + 300 * WAD) < DUST
    assert scene.is_insolvent()
    assert abs(paid(scene, bid(scene))["insurance"] - 300 * WAD) < DUST
    assert scene.stage() == HEALTHY
    assert world.conservation_error() < 1e-12


def test_without_funds_the_opposite_side_pays_all_of_it(scene):
    wealth = scene.equity(scene.book)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    assert paid(scene, receipt) == {"charged": SHORTFALL * WAD}
    assert (scene.stage(), scene.size(), scene.world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert abs(scene.equity(scene.book) - wealth - (11_000 - SHORTFALL) * WAD) < DUST
    assert not scene.world.header(scene.account).is_indebted
    assert scene.world.clearinghouse.hole() == 0
    assert scene.world.conservation_error() < 1e-12


def test_hole_is_what_the_opposite_side_may_not_be_charged(scene):  # INV-6
    scene.price(DEEP_PRICE)
    receipt = scene.open_auction()
    hole = DEEP_SHORTFALL - CHARGE_CAP
    assert paid(scene, receipt) == {"charged": CHARGE_CAP * WAD, "to_hole": hole * WAD}
    assert scene.world.clearinghouse.hole() == hole * WAD
    assert scene.world.clearinghouse.debts(scene.account) == hole * 10**6
    assert scene.world.header(scene.account).is_indebted
    assert scene.world.cash(scene.account) == 0
    assert scene.world.conservation_error() < 1e-12


def test_a_bid_for_what_nobody_covers_comes_too_late(scene):
    """All of it is torn up before the bid: nothing is taken, and nobody has bid."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    receipt = bid(scene)
    assert tuple(receipt.return_value) == (0, 0)
    assert paid(scene, receipt) == {"charged": SHORTFALL * WAD}
    assert not receipt.events.filter(scene.manager.Bid)
    assert (scene.stage(), scene.size(), scene.size(scene.purse)) == (HEALTHY, 0, 0)


def test_a_bid_tells_what_the_tear_up_before_it_has_left(scene):
    """300 of 1,100 are covered: the bid takes 3/11 of the position, at that shortfall."""
    scene.world.stake(scene.staker, 500)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    _, _, maintenance = scene.margin()
    (event,) = bid(scene).events.filter(scene.manager.Bid)
    assert abs(event.equity + 300 * WAD) < DUST
    assert 0 < event.maintenance < maintenance * 300 // SHORTFALL
    assert abs(scene.size(scene.purse) - 100 * WAD * 300 // SHORTFALL) < DUST


@pytest.mark.parametrize("is_opposite", [False, True])
def test_no_bid_spares_the_opposite_side_its_charge(insolvent_scene, is_opposite):  # INV-6
    """The price falls on in the window: who takes everything then, even the SHORT, leaves
    to the hole no more than a tear-up would."""
    scene, world = insolvent_scene, insolvent_scene.world
    scene.price(DEEP_PRICE)
    bidder, purse = (scene.bidder, scene.purse)
    if is_opposite:
        bidder, purse = (scene.maker, scene.book)
    receipt = scene.manager.bid(scene.account, WAD, purse, 1, sender=bidder)
    charged = sum(e.charged for e in receipt.events.filter(scene.manager.ShortfallPaid))
    assert abs(charged - CHARGE_CAP * WAD) < DUST
    drawn = STAKE * 10**6 - world.insurance_fund.totalAssets()
    hole = DEEP_SHORTFALL * WAD - charged - drawn * 10**12
    assert abs(world.clearinghouse.hole() - hole) < 10**12
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() < 1e-12


def test_fees_repay_the_hole_first(scene):
    world = scene.world
    scene.price(DEEP_PRICE)
    scene.open_auction()
    hole = DEEP_SHORTFALL - CHARGE_CAP
    ledger = world.clearinghouse
    # The trader's fill paid 0.05 % and 0.01 % of 200,000.
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == (hole - 120) * WAD
    assert world.insurance_fund.totalAssets() == 0
    # 10,000 ETH at 1,700 bring 10,200, twice: more than is left of the hole.
    world.deposit(scene.bidder, scene.purse, 2_000_000)
    ledger.set_contribution_threshold(0, sender=world.admin)
    for size in (10_000, -10_000):
        world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), size, DEEP_PRICE)
    fees = 2 * 10_200
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    assert world.insurance_fund.totalAssets() == (fees - hole + 120) * 10**6
    assert world.conservation_error() < 1e-12


# WHAT IS LEFT -------------------------------------------------------------------------------------


def test_debt_without_legs_is_resolved():  # INV-13
    """No action leaves debt and nothing to sell; were it to happen, its recognition resolves it.

    A wallet stands in for the DefaultManager for a while and takes all legs and more than equity.
    """
    world = deploy_world()
    scene = Scene.set(world)
    world.stake(scene.staker, STAKE)
    scene.price(1_945)
    ledger, manager = world.clearinghouse, world.default_manager
    _, known = world.risk_engine.assess(scene.account)
    slice_all = ledger.slice_account.encode_input(
        scene.account, scene.purse, WAD, list(known), 4_700 * WAD, 0
    )
    impostor = world.chain.deploy("TestSigner", world.admin)
    for holder in (impostor, manager):
        ledger.set_role(DEFAULT_MANAGER, holder, sender=world.admin)
        world.wait(86_400)
        ledger.accept_role(DEFAULT_MANAGER, sender=world.admin)
        if holder is impostor:
            impostor.execute(ledger, slice_all, sender=world.admin)
    assert world.cash(scene.account) == -300 * WAD
    assert world.header(scene.account).markets == ()

    assert paid(scene, scene.open_auction()) == {"insurance": 300 * WAD}
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() == 0


def test_shortfall_waits_for_legs_whose_price_is_not_valid(world):
    """BTC is stale: ETH is sold, what is owed waits until BTC can be sold too."""
    scene = Scene.set(world, cash=10_000)
    world.stake(scene.staker, 50_000)
    scene.buy(0.1, 40_000, BTC)
    world.wait(4_000, refresh=False)
    scene.auction_at(1_850)
    receipt = bid(scene)
    (event,) = receipt.events.filter(scene.manager.Bid)
    assert not event.ended
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert scene.size() == 0 != scene.size(market=BTC)
    assert scene.stage() == INSOLVENT
    assert world.cash(scene.account) < 0
    assert_reverts(
        "remainder: nothing to sell",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.set_price("BTC", 39_000)
    owed = -scene.equity()
    assert abs(paid(scene, bid(scene))["insurance"] - owed) < DUST
    assert (scene.stage(), scene.size(market=BTC)) == (HEALTHY, 0)
    assert world.conservation_error() < 1e-12
