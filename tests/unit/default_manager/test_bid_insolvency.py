"""`DefaultManager.bid` at equity <= 0: slices at mark, then the insurance fund, then the hole."""

from __future__ import annotations

import pytest

from bulkhead.deployment import DEFAULT_MANAGER
from tests.evm import deploy_world
from tests.reverts import assert_reverts
from tests.scenes import DUST, INSOLVENT_PRICE, Scene
from tests.world import AUCTION, BTC, HEALTHY, WAD

SHORTFALL = 1_100  # 10,000 less the taker's fee of 100 and a loss of 11,000 at 1,890


@pytest.fixture
def insolvent_scene(scene) -> Scene:
    """In auction with equity of -1,100."""
    scene.auction_at(INSOLVENT_PRICE)
    assert scene.equity() == -SHORTFALL * WAD
    return scene


def shortfall_of(scene: Scene, receipt) -> tuple[int, int, int]:
    """Return shortfall, insurance and hole of the `ShortfallPaid` event."""
    (event,) = receipt.events.filter(scene.manager.ShortfallPaid)
    assert event.account == scene.account
    return event.shortfall, event.insurance, event.hole


def bid(scene: Scene, fraction: int = WAD):
    """Bid and return the receipt."""
    return scene.manager.bid(scene.account, fraction, scene.purse, 1, sender=scene.bidder)


def test_slice_goes_at_mark_without_discount(insolvent_scene):  # INV-4
    scene = insolvent_scene
    scene.world.stake(scene.staker, 5_000)
    scene.finish_ramp()
    wealth = scene.equity(scene.purse)
    receipt = bid(scene)
    (event,) = receipt.events.filter(scene.manager.Bid)
    assert (event.fraction, event.discount, event.fee) == (WAD, 0, 0)
    assert scene.equity(scene.purse) == wealth
    assert scene.world.position(scene.purse) == (100 * WAD, 100 * INSOLVENT_PRICE * WAD)


def test_insurance_fund_pays_the_shortfall(insolvent_scene):  # INV-6
    scene, world = insolvent_scene, insolvent_scene.world
    world.stake(scene.staker, 5_000)
    receipt = bid(scene)
    assert shortfall_of(scene, receipt) == (SHORTFALL * WAD, SHORTFALL * WAD, 0)
    assert world.insurance_fund.totalAssets() == (5_000 - SHORTFALL) * 10**6
    assert world.clearinghouse.hole() == 0
    assert (scene.stage(), scene.size(), world.cash(scene.account)) == (HEALTHY, 0, 0)
    assert world.clearinghouse.negative_cash() == 0
    assert world.conservation_error() == 0


def test_fund_pays_whole_units_and_keeps_no_change(world):  # INV-6
    """A shortfall between two token units: the fund pays the next one, the rest is a fee."""
    scene = Scene.set(world, size=100.0000001)
    world.stake(scene.staker, 5_000)
    scene.auction_at(1_890.00000001)
    fees = world.clearinghouse.protocol_fees()
    shortfall, insurance, hole = shortfall_of(scene, bid(scene))
    assert (insurance, hole) == (shortfall, 0)
    paid = 5_000 * 10**6 - world.insurance_fund.totalAssets()
    assert paid == -(-shortfall // 10**12)
    assert world.clearinghouse.protocol_fees() - fees == paid * 10**12 - shortfall > 0
    assert world.conservation_error() < 1e-12


def test_loss_beyond_the_fund_is_the_hole(insolvent_scene):  # INV-6
    scene, world = insolvent_scene, insolvent_scene.world
    world.stake(scene.staker, 500)
    receipt = bid(scene)
    assert shortfall_of(scene, receipt) == (SHORTFALL * WAD, 500 * WAD, (SHORTFALL - 500) * WAD)
    assert world.insurance_fund.totalAssets() == 0
    assert world.clearinghouse.hole() == (SHORTFALL - 500) * WAD
    assert world.cash(scene.account) == 0
    assert world.conservation_error() == 0


def test_without_a_fund_all_of_it_is_the_hole(insolvent_scene):
    assert shortfall_of(insolvent_scene, bid(insolvent_scene)) == (
        SHORTFALL * WAD,
        0,
        SHORTFALL * WAD,
    )
    assert insolvent_scene.world.conservation_error() == 0


def test_fees_repay_the_hole_first(insolvent_scene):
    scene, world = insolvent_scene, insolvent_scene.world
    bid(scene)
    ledger = world.clearinghouse
    # The trader's fill paid 0.05 % and 0.01 % of 200,000.
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == (SHORTFALL - 120) * WAD
    assert world.insurance_fund.totalAssets() == 0
    # 10,000 ETH at 1,890 bring 11,340: more than is left of the hole.
    world.deposit(scene.bidder, scene.purse, 2_000_000)
    for size in (10_000, -10_000):
        world.trade((scene.maker, scene.book), (scene.bidder, scene.purse), size, 1_890)
    fees = 2 * 11_340
    ledger.collect_fees(1, sender=scene.stranger)
    assert ledger.hole() == 0
    assert world.insurance_fund.totalAssets() == (fees - SHORTFALL + 120) * 10**6
    assert world.conservation_error() == 0


def test_partial_slice_at_mark_keeps_the_auction_open(insolvent_scene):
    scene, world = insolvent_scene, insolvent_scene.world
    world.stake(scene.staker, 5_000)
    receipt = bid(scene, WAD // 4)
    assert scene.stage() == AUCTION
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert scene.equity() == -SHORTFALL * WAD
    assert world.insurance_fund.totalAssets() == 5_000 * 10**6
    assert shortfall_of(scene, bid(scene))[0] == SHORTFALL * WAD
    assert scene.stage() == HEALTHY


def test_insolvent_account_cannot_close_itself(scene):
    """Outside the procedure nobody hands his loss over; at mark he may while he is solvent."""
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


def test_equity_of_exactly_zero_pays_nothing_to_anyone(scene):
    """Full sale at mark, nothing drawn: the position's loss is the whole deposit."""
    world = scene.world
    world.stake(scene.staker, 5_000)
    scene.auction_at(1_901)
    assert scene.equity() == 0
    receipt = bid(scene)
    assert not receipt.events.filter(scene.manager.ShortfallPaid)
    assert world.cash(scene.account) == 0
    assert world.insurance_fund.totalAssets() == 5_000 * 10**6


def test_debt_without_legs_is_resolved():  # INV-13
    """No action leaves debt and nothing to sell; were it to happen, a bid resolves it.

    A wallet here stands in for the DefaultManager for a moment and takes all legs and more than
    equity.
    """
    world = deploy_world()
    scene = Scene.set(world)
    world.stake(scene.staker, 5_000)
    scene.price(1_945)
    ledger, manager = world.clearinghouse, world.default_manager
    _, known = world.risk_engine.assess(scene.account)
    slice_all = ledger.slice_account.encode_input(
        scene.account, scene.purse, WAD, list(known), 4_700 * WAD, 0
    )
    impostor = world.chain.deploy("TestSigner", world.admin)
    ledger.set_role(DEFAULT_MANAGER, impostor, sender=world.admin)
    impostor.execute(ledger, slice_all, sender=world.admin)
    ledger.set_role(DEFAULT_MANAGER, manager, sender=world.admin)
    assert world.cash(scene.account) == -300 * WAD
    assert world.header(scene.account).markets == ()

    scene.open_auction()
    assert scene.manager.auction(scene.account).max_fraction == WAD
    assert shortfall_of(scene, bid(scene)) == (300 * WAD, 300 * WAD, 0)
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
    assert scene.stage() == AUCTION
    assert world.cash(scene.account) < 0
    assert_reverts(
        "default manager: price not valid",
        scene.manager.bid,
        scene.account,
        WAD,
        scene.purse,
        1,
        sender=scene.bidder,
    )
    world.set_price("BTC", 39_000)
    owed = -scene.equity()
    assert abs(shortfall_of(scene, bid(scene))[0] - owed) < DUST
    assert (scene.stage(), scene.size(market=BTC)) == (HEALTHY, 0)
    assert world.conservation_error() < 1e-12
