"""What the default procedure lets nobody do: step aside, or take more than there is to pay."""

from __future__ import annotations

from decimal import Decimal

from verification.defences.defence import DAY, Attacker, Defence, end_insolvency, without
from verification.engine.scenes import DUST, Scene, cash_of, crowd, equities, set_waterfall
from verification.engine.world import BTC, ETH, WAD, World

LIMIT = 5_000  # of one market, cash
WALLETS = 12
BACKSTOP = 20_000  # limit of the market that is squeezed, cash

NOTHING_AT_ONCE = without(
    "DefaultManagerInsolvency.vy",
    "    self._resolve_seen(account, caller_account, default_rules.seen, default_rules.known)\n",
    "",
)


def step_aside(world: World) -> Decimal:
    """The relay: who is to share the loss closes with the market before the loser is torn up."""
    attacker = Attacker.enter(world)
    scene, price = attacker.scene, 1_850
    winner, loser = attacker.open(10_000), attacker.open(10_000)
    attacker.trade_with_himself(winner, loser, 100, 2_000)
    scene.price(price)
    scene.manager.call_margin(loser, 0, sender=scene.stranger)  # a keeper looks
    attacker.take_from_market(winner, 100, price, reduce_only=True)
    end_insolvency(scene, loser, price)
    return attacker.gain()


def default_from_many_wallets(world: World) -> Decimal:
    """dYdX v3 YFI: a dozen wallets default together on one gap."""
    scene = Scene.set(world, size=0)
    world.stake(scene.staker, 1_000_000)
    set_waterfall(world, market_amount=LIMIT)
    wallets = [world.open(scene.trader, 10_000) for _ in range(WALLETS)]
    for wallet in wallets:
        world.trade((scene.maker, scene.book), (scene.trader, wallet), 100, 2_000)
    scene.price(1_890)
    for wallet in wallets:
        scene.manager.call_margin(wallet, 0, sender=scene.stranger)
    for wallet in wallets:
        end_insolvency(scene, wallet, 1_890)
    return 1_000_000 - Decimal(world.insurance_fund.totalAssets()) / 10**6


def squeeze_on(world: World) -> Decimal:
    """JELLY: a SHORT is left to the backstop, and the price is driven on from 4,000 to 8,000."""
    attacker = Attacker.enter(world)
    scene = attacker.scene
    world.stake(scene.staker, 1_000_000)
    set_waterfall(world, market_amount=BACKSTOP)
    winner, loser = attacker.open(10_000), attacker.open(10_000)
    attacker.trade_with_himself(winner, loser, -100, 2_000)
    scene.price(4_000)
    scene.manager.call_margin(loser, 0, sender=scene.stranger)
    before = scene.equity(winner)
    scene.price(8_000)
    return cash_of(scene.equity(winner) - before)


def deleverage_winners(world: World) -> Decimal:
    """10 October 2025: winners of all sizes stand opposite to an insolvent account."""
    scene = Scene.set(world, size=-100)
    holders = crowd(scene, [60, 20, 5, 1, 0.5, -4, -9])
    scene.price(2_150)
    accounts = [holder.account for holder in holders] + [scene.book]
    before, lacking = sum(equities(world, accounts)), -scene.equity()
    scene.call()
    return cash_of(before - sum(equities(world, accounts)) - lacking)


def _convert(world: World, market: int) -> None:
    left = [a for a in world.opened if world.clearinghouse.positions(a, market)]
    if left:
        world.clearinghouse.convert_positions(market, left, 0, sender=world.admin)


def redeem_first(world: World) -> Decimal:
    """MCDEX: in a settlement that cannot pay everybody, be the first in line."""
    scene = Scene.set(world, size=1_000, cash=100_000)
    scene.price(1_500)
    ledger = world.clearinghouse
    ledger.begin_wind_down(sender=world.admin)
    for market in (ETH, BTC):
        ledger.settle_market(market, sender=scene.stranger)
    scene.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    for market in (ETH, BTC):
        _convert(world, market)
    world.wait(3 * DAY + 1)
    claim = world.cash(scene.purse)
    pot, claims = ledger.begin_redemption(sender=scene.stranger).return_value
    paid = ledger.redeem(scene.purse, scene.bidder, sender=scene.bidder).return_value
    return Decimal(paid) / 10**6 - Decimal(claim) * pot / claims / WAD


PROCEDURE = {
    "relay": Defence(
        "the relay",
        "the call that sees an insolvency ends it",
        ("DefaultManagerInsolvency",),
        NOTHING_AT_ONCE,
        step_aside,
        material=Decimal(4_500),
    ),
    "dydx-yfi": Defence(
        "dYdX v3 YFI, November 2023",
        "a market draws on the funds up to a limit",
        ("DefaultManagerInsolvency",),
        without("waterfall.vy", "min(self.demand[market], most)", "self.demand[market]"),
        default_from_many_wallets,
        bound=Decimal(LIMIT + WALLETS),  # usage is counted in whole units
        material=Decimal(13_000),
        measure="the fund's loss",
    ),
    "jelly": Defence(
        "Hyperliquid JELLY, March 2025",
        "the call that sees an insolvency ends it",
        ("DefaultManagerInsolvency",),
        NOTHING_AT_ONCE,
        squeeze_on,
        bound=cash_of(DUST),
        material=Decimal(399_999),
        measure="gain of the squeeze",
    ),
    "october-mark": Defence(
        "10 October 2025: winners closed off mark",
        "what a tear-up takes off a share in base it adds in cash, at mark",
        ("ClearinghouseTearUps",),
        without(
            "tear_up.vy",
            "return unsafe_sub(a, delta), k + gained",
            "return unsafe_sub(a, delta), k",
        ),
        deleverage_winners,
        bound=cash_of(DUST),
        material=Decimal(5_000),
        measure="taken beyond the deficit",
    ),
    "october-greed": Defence(
        "10 October 2025: more taken than was missing",
        "the charge on the other side ends with the deficit",
        ("ClearinghouseTearUps",),
        without(
            "tear_up.vy",
            "min(min(leg_layout._amount(leg), most), room)",
            "min(most, room)",
            "            charged += amount\n",
            "            charged += min(amount, leg_layout._amount(leg))\n",
        ),
        deleverage_winners,
        bound=cash_of(DUST),
        material=Decimal(5_000),
        measure="taken beyond the deficit",
    ),
    "mcdex": Defence(
        "MCDEX, dYdX v3: settlement",
        "one factor for all claims",
        ("ClearinghouseSettlement",),
        without(
            "wind_down.vy",
            "return claim * shared // max(final_settlement.claims, 1)",
            "return claim",
        ),
        redeem_first,
        material=Decimal(10_000),
    ),
}
