"""Hyperliquid, XPL, August 2025: the mark of a token that was traded nowhere else came out of the
venue's own book. Large buyers took all offers of a thin market, the mark trebled within minutes,
and everybody SHORT was closed into their hands, hedgers of the coming token among them.

Here two feeds say what the mark is, and no fill has a say in it. A fill off mark is refused; inside
the band it moves nothing but the funding rate, which is capped. So nobody SHORT notices that the
offers are gone.

Fails without the defence: in RiskEngine.require_fill take `fill.price` for the mark.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.procedure import BOOK_DUST, refused
from verification.engine.scenes import Scene, cash_of, equities, set_market_risk
from verification.engine.world import ETH, HEALTHY, NEVER, WAD

SHORTS = (-20, -5, -0.5)  # ETH, on 5 % of margin
TOP, BOTTOM = 2_100, 1_900  # of the band of 5 %
FUNDING_CAP = 0.01  # a day
CAP = 400_000  # of open interest, cash: a thin market
DAY = 86_400


class Thin(NamedTuple):
    """A thin market: a few accounts SHORT, a buyer with much money, and somebody who offers."""

    scene: Scene
    shorts: list[int]
    whale: int
    offers: int

    def order(self, size: float, price: float) -> tuple:
        """Return the arguments by which the buyer takes an offer."""
        world, scene = self.scene.world, self.scene
        order = world.order(scene.staker, self.offers, -size, price)
        signature = world.sign(scene.staker, order)
        return order.as_tuple(), signature, int(size * WAD), self.whale, NEVER

    def buy(self, size: float, price: float) -> None:
        """Let the buyer take an offer."""
        self.scene.world.exchange.fill(*self.order(size, price), sender=self.scene.stranger)

    def require_unharmed(self, before: list[int], most: float = 0) -> None:
        """Nobody SHORT has lost more than so much, nor can be called or sold."""
        scene, world = self.scene, self.scene.world
        for account, old in zip(self.shorts, before, strict=True):
            lost = cash_of(old - world.risk_engine.margin(account)[0])
            assert 0 <= lost <= most
            for action in (scene.manager.call_margin, scene.manager.open_auction):
                refused("default rules: account is healthy", action, account, sender=scene.stranger)
            assert world.stage(account) == HEALTHY


@pytest.fixture
def thin(fast_world) -> Thin:
    scene = Scene.set(fast_world, size=0)
    set_market_risk(fast_world, "ETH-PERP", interest_cap=CAP)
    shorts = []
    for size in SHORTS:
        shorts.append(fast_world.open(scene.trader, max(-size * 100, 60)))
        fast_world.trade((scene.maker, scene.book), (scene.trader, shorts[-1]), size, 2_000)
    whale = fast_world.open(scene.stranger, 1_000_000)
    return Thin(scene, shorts, whale, fast_world.open(scene.staker, 1_000_000))


def mark(thin: Thin) -> tuple:
    return tuple(thin.scene.world.risk_engine.price(8 + ETH))


def test_taking_every_offer_moves_no_mark(thin):
    """From the mark to the top of the band, in steps, four times what was there before."""
    before = equities(thin.scene.world, thin.shorts)
    for price in range(2_000, TOP + 1, 10):
        thin.buy(10, price)
        assert mark(thin) == (2_000 * WAD, 2_000 * WAD, True)
    thin.require_unharmed(before)
    assert thin.scene.world.conservation_error() < BOOK_DUST


@pytest.mark.parametrize("price", [6_000, 2_500, TOP + 0.01])
def test_a_trade_off_mark_is_refused(thin, price):
    """At three times the mark, as it was, and a cent beyond the band."""
    fill, by = thin.scene.world.exchange.fill, thin.scene.stranger
    refused("market terms: price off band", fill, *thin.order(1, price), sender=by)
    thin.buy(1, TOP)


def test_a_thin_market_is_not_bought_up(thin):
    """The cap counts open interest at the mark: it is one number for everybody."""
    thin.buy(170, 2_000)
    reason = "risk engine: open interest cap"
    fill, by = thin.scene.world.exchange.fill, thin.scene.stranger
    refused(reason, fill, *thin.order(10, 2_000), sender=by)
    refused(reason, fill, *thin.order(10, TOP), sender=by)


@pytest.mark.parametrize("price", [TOP, BOTTOM])
def test_all_that_fills_move_is_a_capped_funding_rate(thin, price):
    """Whoever trades above mark lets LONG pay SHORT: themselves. Below it who is SHORT pays, a day
    of it 1 % of the mark at most."""
    world, scene = thin.scene.world, thin.scene
    before = equities(world, thin.shorts)
    sides = (scene.staker, thin.offers), (scene.stranger, thin.whale)
    for _ in range(30):
        world.trade(*sides, 150, price)
        world.trade(*sides, -150, price)
    thin.require_unharmed(before)
    world.wait(DAY)
    for account, old, size in zip(thin.shorts, before, SHORTS, strict=True):
        equity, _, maintenance = world.risk_engine.margin(account)
        lost = float(cash_of(old - equity))
        assert (lost < 0) == (price > 2_000)
        assert 0 < abs(lost) <= -size * 2_000 * FUNDING_CAP + 1e-6
        assert equity > maintenance


def test_a_price_that_rises_everywhere_is_one(thin):
    """The neighbour that must work: both feeds say it, and who cannot bear it is closed."""
    thin.scene.price(2_090)
    for account in thin.shorts[:2]:
        thin.scene.manager.open_auction(account, sender=thin.scene.stranger)
