"""`DefaultManager.bid` on portfolios: the same fraction of every leg whose price is VALID."""

from __future__ import annotations

from decimal import Decimal

import pytest

from verification.engine.evm import Reverted, deploy_world
from verification.engine.reverts import assert_reverts
from verification.engine.scenes import DUST, PPM, Risk, Scene, cash_of, exact_fraction, set_terms
from verification.engine.world import AUCTION, BTC, ETH, HEALTHY, WAD

FEW_WEI = 1_000
WBTC = 1  # index of the collateral
UNIT = 10**10  # WAD of one token unit of WBTC


@pytest.fixture
def portfolio(world) -> Scene:
    """Two markets and two collaterals: 100 ETH long, 4 BTC short."""
    scene = Scene.set(world, cash=7_500, WETH=3, WBTC="0.1")
    scene.buy(-4, 40_000, BTC)
    return scene


def holdings(scene: Scene, account: int) -> tuple[int, ...]:
    """Return what an account holds of every leg, WAD."""
    ledger = scene.world.clearinghouse
    return (
        scene.size(account),
        scene.size(account, BTC),
        ledger.collateral(account, 0),
        ledger.collateral(account, 1),
    )


@pytest.mark.parametrize("fraction", [WAD // 3, WAD // 7, 123_456_789_012_345_678])
def test_slice_is_the_same_fraction_of_every_leg(portfolio, fraction):
    scene = portfolio
    scene.auction_at(1_875)
    before = holdings(scene, scene.account)
    scene.bid(fraction)
    after, taken = holdings(scene, scene.account), holdings(scene, scene.purse)
    for old, new, got in zip(before[:2], after[:2], taken[:2], strict=True):
        assert new + got == old
        assert abs(abs(got) - abs(old) * fraction // WAD) <= 1
        assert abs(got) <= abs(old) * fraction // WAD  # never more than asked for
    for unit, old, new, got in zip((1, UNIT), before[2:], after[2:], taken[2:], strict=True):
        assert new + got == old
        assert 0 <= got - old * fraction // WAD <= unit


def test_collateral_is_paid_for_at_mark_less_the_discount(portfolio):
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_875)
    wealth, equity = scene.equity(scene.purse), scene.equity()
    event = scene.bid(WAD // 3)
    assert abs(scene.equity(scene.purse) - wealth - event.discount) < FEW_WEI
    assert abs(equity - scene.equity() - event.discount - event.fee) < FEW_WEI
    # One WETH at 1,875 and a thirtieth of a WBTC, in whole units, at 40,000, less the discount.
    paid = 1_000_000 * WAD - world.cash(scene.purse)
    wbtc = -(-WAD // 30 // UNIT) * UNIT
    assert abs(paid - (1_875 * WAD + 40_000 * wbtc - event.discount)) < DUST
    assert world.conservation_error() < 1e-12


@pytest.mark.parametrize("fraction", [WAD // 3, WAD // 7, 1])
def test_collateral_is_sliced_in_whole_token_units(portfolio, fraction):
    """Less than a unit could never be withdrawn and would stay a leg of the bidder's for ever."""
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_875)
    scene.bid(fraction)
    held, taken = (
        world.clearinghouse.collateral(account, WBTC) for account in (scene.account, scene.purse)
    )
    assert held % UNIT == taken % UNIT == 0
    assert held + taken == WAD // 10
    assert 0 <= taken - WAD // 10 * fraction // WAD <= UNIT
    world.clearinghouse.withdraw(
        scene.purse, world.tokens["WBTC"], taken // UNIT, scene.bidder, sender=scene.bidder
    )
    assert not world.header(scene.purse).collateral_bitmap & 1 << WBTC


def test_partial_bid_restores_the_target_of_a_portfolio(portfolio):
    """MM of two positions and two haircuts, from the configuration; f* from a bisection."""
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_875)
    event = scene.bid()
    eth = Risk.of(world, "ETH-PERP", 100, 1_875)
    btc = Risk.of(world, "BTC-PERP", 4, 40_000)
    haircuts = Decimal("0.12") * 3 * 1_875 + Decimal("0.10") * 4_000
    risk = Risk(eth.linear + btc.linear + haircuts, eth.quadratic + btc.quadratic)
    assert abs(cash_of(event.maintenance) - risk.total) * WAD < DUST
    take = Decimal(event.discount_rate + scene.terms.fee) / PPM
    exact = exact_fraction(cash_of(event.equity), risk, take, Decimal("1.25"))
    assert 0 < exact < 1
    assert abs(Decimal(event.fraction) - exact * WAD) < DUST
    # Above it by the last unit of WBTC, which is worth 0.0004.
    assert 0 < scene.ratio() - Decimal("1.25") < Decimal("1e-7")
    assert scene.stage() == HEALTHY


def test_full_bid_leaves_cash_only(portfolio):
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_850)
    assert scene.equity() > 0
    scene.finish_ramp()
    event = scene.bid()
    assert (event.fraction, event.ended) == (WAD, True)
    assert holdings(scene, scene.account) == (0, 0, 0, 0)
    assert world.header(scene.account).markets == ()
    assert world.header(scene.account).collateral_bitmap == 0
    assert world.cash(scene.account) >= 0


def test_collateral_owner_keeps_what_is_not_sold(portfolio):
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_875)
    fraction = scene.bid().fraction
    left = world.clearinghouse.collateral(scene.account, 0)
    assert abs(left - 3 * (WAD - fraction)) <= 1_000
    assert left > 0


def test_bidder_paying_for_collateral_with_debt_respects_the_cap(portfolio):
    """A bidder without cash buys collateral on credit: negative cash needs room under the cap."""
    scene, world = portfolio, portfolio.world
    scene.auction_at(1_875)
    house_rich = world.open(scene.bidder, WBTC=1)
    world.clearinghouse.set_shortfall_terms(0, 0, 0, 0, sender=world.admin)
    assert_reverts(
        "trading: negative cash cap",
        scene.manager.bid,
        scene.account,
        WAD,
        house_rich,
        1,
        sender=scene.bidder,
    )
    world.clearinghouse.set_shortfall_terms(10_000 * WAD, 10**6, 0, 0, sender=world.admin)
    scene.bid(purse=house_rich)
    assert world.cash(house_rich) < 0
    assert world.clearinghouse.negative_cash() == -world.cash(house_rich)
    assert world.conservation_error() < 1e-12


# LEGS WITHOUT A VALID PRICE -----------------------------------------------------------------------


def test_stale_leg_stays_and_the_valid_ones_are_sold(portfolio):
    """INV-13. The sources of BTC differ by 1,000: ETH and WETH are sold, BTC and WBTC stay.

    The better end is the lower one for the short position, the upper one for WBTC.
    """
    scene, world = portfolio, portfolio.world
    scene.price(1_920)
    scene.call()
    world.wait(scene.terms.grace + 1)
    world.set_price("BTC", 40_000, secondary=41_000)
    scene.auction_at(1_906)
    before = holdings(scene, scene.account)
    stuck = Risk.of(world, "BTC-PERP", 4, 40_000).total + Decimal("410")
    eth = Risk.of(world, "ETH-PERP", 100, 1_906)
    risk = Risk(eth.linear + Decimal("0.12") * 3 * 1_906, eth.quadratic)
    event = scene.bid()
    take = Decimal(event.discount_rate + scene.terms.fee) / PPM
    exact = exact_fraction(cash_of(event.equity), risk, take, Decimal("1.25"), stuck)
    assert 0 < exact < 1
    assert abs(Decimal(event.fraction) - exact * WAD) < DUST
    after = holdings(scene, scene.account)
    assert after[1] == before[1]
    assert after[3] == before[3]
    assert abs(after[0]) < abs(before[0])
    assert after[2] < before[2]
    assert holdings(scene, scene.purse)[1] == holdings(scene, scene.purse)[3] == 0


def test_auction_goes_on_over_what_is_left(portfolio):
    """Everything VALID is gone and the target is not met: the stage stays until BTC is back."""
    scene, world = portfolio, portfolio.world
    world.wait(4_000, refresh=False)
    scene.auction_at(1_840)
    event = scene.bid()
    assert (event.fraction, event.ended) == (WAD, False)
    assert scene.stage() == AUCTION
    assert scene.size() == 0 != scene.size(market=BTC)
    world.set_price("BTC", 40_000)
    assert scene.bid().ended
    assert scene.stage() == HEALTHY


def test_dead_collateral_feed_blocks_nothing(world):
    """INV-13. WBTC cannot be priced; the ETH position is sold all the same."""
    scene = Scene.set(world, cash=9_000, WBTC="0.01")
    world.wait(4_000, refresh=False)
    scene.auction_at(1_911)
    event = scene.bid()
    assert event.fraction > 0
    assert world.clearinghouse.collateral(scene.account, WBTC) == WAD // 100
    assert world.clearinghouse.collateral(scene.purse, WBTC) == 0


# THE BIDDER'S 33RD POSITION -----------------------------------------------------------------------


def test_bidder_with_32_positions_can_take_no_33rd():
    """On the in-process engine: it takes 32 more markets and fills."""
    world = deploy_world()
    scene = Scene.set(world)
    world.deposit(scene.maker, scene.book, 1_000_000)
    crowd = world.open(scene.bidder, 1_000_000)
    for number in range(3, 35):
        asset = 3 + number // 12
        if number == 3 or number % 12 == 0:
            row = world.risk_engine.row_words(8 + ETH)
            words = row[0], row[1] & (2**160 - 1), row[2]
            world.risk_engine.set_asset(asset, *words)
        world.risk_engine.set_market(number, asset, 40_000, 600_000, 0, 0, 0, False, 10**9)
        world.clearinghouse.list_market(number)
        world.exchange.set_terms(number, 0, 0, 500)
        # Makers hold 32 positions at most too.
        maker = scene.maker, scene.book if number < 30 else world.open(scene.maker, 10_000)
        if number < 34:
            world.trade(maker, (scene.bidder, crowd), 0.1, 2_000, number)
    assert len(world.header(crowd).markets) == 31
    scene.auction_at(1_920)
    checkpoint = world.chain.snapshot()
    scene.bid(purse=crowd)  # the 32nd
    assert len(world.header(crowd).markets) == 32
    world.chain.restore(checkpoint)
    world.trade(maker, (scene.bidder, crowd), 0.1, 1_920, 34)
    with pytest.raises(Reverted, match="ledger: 32 positions at most"):
        scene.bid(purse=crowd)
    # A holder of the market takes it at 32 positions.
    world.trade(maker, (scene.bidder, crowd), -0.1, 1_920, 34)
    world.trade((scene.maker, scene.book), (scene.bidder, crowd), 0.1, 1_920, ETH)
    scene.bid(purse=crowd)
    assert world.header(crowd).markets.count(ETH) == 1


def test_dust_is_judged_on_the_whole_account(portfolio):
    """The rest of a portfolio is dust only when all its legs together are."""
    set_terms(portfolio.world, dust=3)
    portfolio.auction_at(1_875)
    assert portfolio.bid().fraction < WAD
