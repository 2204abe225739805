"""Insolvency in `DefaultManager.bid`: slices at mark, a tear-up of the rest, then who pays."""

from __future__ import annotations

import pytest

from bulkhead.deployment import DEFAULT_MANAGER
from tests.procedure import UNIT, about, chargeable, long_after, pass_role
from verification.engine.evm import deploy_world
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import CLOSE_OUT_PRICE, DUST, INSOLVENT_PRICE, Scene
from verification.engine.world import BTC, HEALTHY, INSOLVENT, WAD

SHORTFALL = 1_100  # 10,000 less the taker's fee of 100 and a loss of 11,000 at 1,890
DEEP_PRICE = 1_700  # equity -20,100: more than a side is charged when its market has not moved
DEEP_SHORTFALL = 20_100
CHARGED = DEEP_PRICE * 100 * 2 // 100
STAKE = 5_000
TIERS = ("own", "reserve", "insurance", "contributions", "assessments", "charged", "to_hole")


@pytest.fixture
def insolvent_scene(scene) -> Scene:
    """In auction with equity of -1,100; the insurance fund has more than that."""
    scene.world.stake(scene.staker, STAKE)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    assert scene.is_in_auction()
    assert scene.equity() == -SHORTFALL * WAD
    return scene


@pytest.fixture
def long_fallen_scene(scene) -> Scene:
    """In auction; ETH has been at 1,700 for so long that this is the average of its market."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(DEEP_PRICE)
    long_after(scene.world)
    assert abs(scene.equity() + DEEP_SHORTFALL * WAD) < DUST
    assert about(chargeable(scene.world, 100, DEEP_PRICE, 30_000), CHARGED, 10**10)
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


def test_partial_slice_at_mark_ends_the_insolvency(insolvent_scene):
    scene, world = insolvent_scene, insolvent_scene.world
    assert paid(scene, bid(scene, WAD // 4)) == {"insurance": SHORTFALL * WAD}
    assert scene.stage() == HEALTHY
    assert (scene.size(), scene.size(scene.purse)) == (0, 25 * WAD)
    assert world.insurance_fund.totalAssets() == (STAKE - SHORTFALL) * 10**6


def test_equity_of_exactly_zero_pays_nothing_to_anyone(scene):
    """Full sale at mark, nothing drawn: the position's loss is the whole deposit."""
    world = scene.world
    world.stake(scene.staker, STAKE)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(1_901)
    assert scene.equity() == 0
    receipt = bid(scene)
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert world.cash(scene.account) == 0
    assert scene.size(scene.purse) == 100 * WAD
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
    """A shortfall between two token units: the fund pays the next one, the rest is reserve."""
    scene = Scene.set(world, size=100.0000001)
    world.stake(scene.staker, STAKE)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(1_890.00000001)
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
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
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
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    assert paid(scene, bid(scene)) == {"contributions": 800 * WAD, "assessments": 300 * WAD}
    assert world.default_fund.tranche(0)[0] == 0
    assert world.default_fund.tranche(1)[0] == 1_700 * 10**6
    assert world.conservation_error() == 0


def test_what_the_funds_may_not_pay_is_charged(scene):  # INV-6, INV-11
    """A market draws 60 % of the funds at most: 300 of 500; the rest is the opposite side's."""
    world = scene.world
    world.stake(scene.staker, 500)
    wealth = scene.equity(scene.book)
    scene.price(INSOLVENT_PRICE)
    receipt = scene.open_auction()
    uncovered = SHORTFALL - 300
    assert paid(scene, receipt) == {"insurance": 300 * WAD, "charged": uncovered * WAD}
    assert world.clearinghouse.hole() == 0
    assert abs(scene.equity(scene.book) - wealth - (11_000 - uncovered) * WAD) < DUST
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.clearinghouse.debts(scene.account) == 300 * 10**6 << 3 * 51
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


def test_who_has_just_won_gives_back_all_of_it(scene):
    """ETH fell by 300 a unit within the day: the SHORT side, which has won 30,000, can be charged
    20,100 at once; nothing is left to be the hole."""
    scene.price(DEEP_PRICE)
    assert paid(scene, scene.open_auction()) == {"charged": DEEP_SHORTFALL * WAD}
    assert scene.world.clearinghouse.hole() == 0


def test_hole_is_what_the_opposite_side_may_not_be_charged(long_fallen_scene):  # INV-6
    """The market has not moved for long: 2 % of the mark, the rest is nobody's."""
    scene = long_fallen_scene
    parts = paid(scene, scene.open_auction())
    hole = DEEP_SHORTFALL - CHARGED
    assert about(parts["charged"], CHARGED, 10**10)
    assert about(parts["to_hole"], hole, 10**10)
    assert scene.world.clearinghouse.hole() == parts["to_hole"]
    assert scene.world.clearinghouse.debts(scene.account) == parts["to_hole"] // 10**12
    assert scene.world.header(scene.account).is_indebted
    assert scene.world.cash(scene.account) == 0
    assert scene.world.conservation_error() < 1e-12


def test_a_bid_for_what_nobody_covers_takes_nothing(scene):
    """All of it is torn up: nothing is taken, and nobody has bid."""
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(INSOLVENT_PRICE)
    receipt = bid(scene)
    assert tuple(receipt.return_value) == (0, 0)
    assert paid(scene, receipt) == {"charged": SHORTFALL * WAD}
    assert not receipt.events.filter(scene.manager.Bid)
    assert (scene.stage(), scene.size(), scene.size(scene.purse)) == (HEALTHY, 0, 0)


@pytest.mark.parametrize("is_opposite", [False, True])
def test_no_bid_spares_the_opposite_side_its_charge(long_fallen_scene, is_opposite):  # INV-6
    """Who would take everything, even the SHORT, leaves to the hole no more than a tear-up would:
    5,000 pay 3,000 for a market, so that the bidder gets nothing."""
    scene, world = long_fallen_scene, long_fallen_scene.world
    world.stake(scene.staker, STAKE)
    bidder, purse = (scene.bidder, scene.purse)
    if is_opposite:
        bidder, purse = (scene.maker, scene.book)
    receipt = scene.manager.bid(scene.account, WAD, purse, 1, sender=bidder)
    parts = paid(scene, receipt)
    assert parts["insurance"] == STAKE * WAD * 60 // 100
    assert about(parts["charged"], CHARGED, 10**10)
    assert world.clearinghouse.hole() == parts["to_hole"]
    assert tuple(receipt.return_value) == (0, 0)
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.conservation_error() < 1e-12


def test_fees_repay_the_hole_first(long_fallen_scene):
    scene, world = long_fallen_scene, long_fallen_scene.world
    scene.open_auction()
    ledger = world.clearinghouse
    hole = ledger.hole()
    # The trader's fill paid 0.05 % and 0.01 % of 200,000.
    ledger.collect_fees(1, sender=scene.stranger)
    assert (hole - ledger.hole(), ledger.reserve()) == (120 * WAD, 0)
    # 10,000 ETH at 1,700 bring 10,200, twice: more than is left of the hole.
    world.deposit(scene.bidder, scene.purse, 2_000_000)
    ledger.set_contribution_threshold(0, sender=world.admin)
    for size in (10_000, -10_000):
        world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), size, DEEP_PRICE)
    fees = 2 * 10_200 * WAD
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    assert ledger.reserve() == fees - hole + 120 * WAD
    assert world.insurance_fund.totalAssets() == 0
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
        pass_role(world, DEFAULT_MANAGER, holder)
        if holder is impostor:
            impostor.execute(ledger, slice_all, sender=world.admin)
    assert world.cash(scene.account) == -300 * WAD
    assert world.header(scene.account).markets == ()

    assert paid(scene, scene.open_auction()) == {"insurance": 300 * WAD}
    assert (scene.stage(), world.cash(scene.account)) == (HEALTHY, 0)
    assert world.conservation_error() == 0


def test_what_has_no_price_waits(world):
    """BTC is stale: ETH is sold, what is lacking then is paid at BTC's better end, and the rest
    when it can be closed too."""
    scene = Scene.set(world, cash=10_000)
    world.stake(scene.staker, 50_000)
    scene.buy(0.1, 40_000, BTC)
    scene.auction_at(CLOSE_OUT_PRICE)
    world.wait(4_000, refresh=False)
    scene.price(1_850)
    receipt = bid(scene)
    first = paid(scene, receipt)["insurance"]
    assert first > 0
    assert scene.size() == 0 != scene.size(market=BTC)
    assert scene.stage() == INSOLVENT
    assert world.cash(scene.account) < 0
    assert_reverts(
        "default rules: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.set_price("BTC", 39_000)
    owed = -scene.equity()
    second = paid(scene, bid(scene))
    assert second.keys() <= {"reserve", "insurance"}
    assert second["reserve"] < UNIT, "what the first draw was rounded up by"
    assert abs(sum(second.values()) - owed) < DUST
    assert (scene.stage(), scene.size(market=BTC)) == (HEALTHY, 0)
    assert world.conservation_error() < 1e-12
