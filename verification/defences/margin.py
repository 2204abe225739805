"""What margin lets nobody do: take out what is not there, or leave a loss behind."""

from __future__ import annotations

from decimal import Decimal

from verification.defences.defence import (
    Attacker,
    Defence,
    attempt,
    deficit,
    end_insolvency,
    without,
)
from verification.engine.scenes import (
    CLOSE_OUT_PRICE,
    DUST,
    PPM,
    SIZE,
    Scene,
    cash_of,
    set_market_risk,
)
from verification.engine.world import WAD, World

LOAD = 2_000 * 10**6  # 0.2 % of rate a million of open interest

NO_DISCOUNT_CAP = without(
    "auction_math.vy",
    "base: uint256 = min(spendable * units.PPM // take, priced) * fraction // units.WAD",
    "base: uint256 = priced * fraction // units.WAD",
)


def borrow_profit(world: World) -> Decimal:
    """Mango: LONG in one account, SHORT in another, the price doubled, and out with the profit."""
    attacker = Attacker.enter(world)
    winner, loser = attacker.open(50_000), attacker.open(50_000)
    attacker.trade_with_himself(loser, winner, 400, 2_000)
    attacker.scene.price(4_000)
    attacker.withdraw_most(winner)
    return attacker.walked_off_with()


def withdraw_until_liquidated(world: World) -> Decimal:
    """Hyperliquid ETH: a whale in profit takes the margin out; a fall of 9 % finds nothing left."""
    attacker = Attacker.enter(world)
    whale = attacker.open(400_000)
    attacker.take_from_market(whale, 2_000, 2_000)
    attacker.scene.price(2_100)
    attacker.withdraw_most(whale)
    attacker.scene.price(1_910)
    return deficit(attacker.scene, whale)


def hand_over_a_loss(world: World) -> Decimal:
    """Perp v2: one account sells to its twin under the mark, the twin to the market at the mark;
    the largest size that goes through."""
    attacker = Attacker.enter(world)
    loser, winner = attacker.open(10_000), attacker.open(10_000)
    for size in (500, 90, 60, 40):
        if attacker.trade_with_himself(loser, winner, size, 1_905):
            attacker.take_from_market(winner, -size, 2_000)
            break
    attacker.withdraw_most(winner)
    return attacker.gain()


def give_margin_away(world: World) -> Decimal:
    """Euler: both sides of a trade give away what backs them, and what falls due is the fund's."""
    attacker = Attacker.enter(world)
    world.stake(attacker.scene.staker, 50_000)
    loser, winner, safe = attacker.open(10_000), attacker.open(10_000), attacker.open()
    attacker.trade_with_himself(winner, loser, 100, 2_000)
    for account in (loser, winner):
        attacker.transfer_most(account, safe)
    attacker.withdraw_most(safe)
    price = 1_940
    attacker.scene.price(price)
    end_insolvency(attacker.scene, loser, price)
    attacker.take_from_market(winner, 100, price, reduce_only=True)
    return attacker.gain()


def liquidate_oneself(world: World) -> Decimal:
    """Euler: an account next to 0 is sold to its owner's second one at the highest discount."""
    attacker = Attacker.enter(world)
    scene = attacker.scene
    world.stake(scene.staker, 50_000)
    poor, rich = attacker.open(100_000), attacker.open(200_000)
    attacker.take_from_market(poor, 1_000, 2_000)
    scene.price(1_902)
    scene.manager.open_auction(poor, sender=attacker.person)
    scene.finish_ramp()
    scene.price(1_902)
    before = attacker.wealth()
    attempt(scene.manager.bid, poor, WAD, rich, 1, sender=attacker.person)
    return attacker.wealth() - before


def nibble(world: World) -> Decimal:
    """Aave CRV: part after part is sold at a bonus larger than what the account can bear."""
    scene = Scene.set(world, size=1_000, cash=100_000)
    scene.auction_at(1_905).finish_ramp()
    scene.price(1_905)
    for _ in range(5):
        attempt(scene.bid, WAD // 3)
        if left := deficit(scene, scene.account):
            return left
    return Decimal(0)


def wait_alone(world: World) -> Decimal:
    """Black Thursday: the only bidder waits for a month, and bids."""
    scene = Scene.set(world)
    scene.price(1_945)
    scene.call()
    world.wait(scene.terms.grace + 1)
    scene.open_auction()
    world.wait(30 * 86_400)
    before, maintenance = scene.equity(scene.purse), scene.margin()[2]
    fraction = scene.bid().fraction
    curve = maintenance * fraction // WAD * scene.terms.discount_end // PPM
    return cash_of(scene.equity(scene.purse) - before - curve)


def keep_keepers_away(world: World) -> Decimal:
    """Black Thursday: nobody bids; one stranger gets a transaction through now and then."""
    scene = Scene.set(world)
    scene.auction_at(CLOSE_OUT_PRICE)
    for price in (1_870, 1_500):
        world.wait(6 * 3_600)
        scene.price(price)
        end_insolvency(scene, scene.account, price)
    return deficit(scene, scene.account)


def block_bids_with_dust(world: World) -> Decimal:
    """Derive DRV2-01: a cent is deposited before every bid for all that may be sold."""
    scene = Scene.set(world, size=1_000, cash=100_000)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()  # after which what may be sold only falls
    for price in (CLOSE_OUT_PRICE, 1_929.5, 1_929, 1_928.5):
        scene.price(price)
        seen = scene.manager.auction(scene.account).max_fraction
        world.deposit(scene.stranger, scene.account, "0.01")
        if seen:
            attempt(scene.bid, seen, 1)
        world.wait(60)
    scene.price(1_890)
    return deficit(scene, scene.account)


def crowd_a_market(world: World) -> Decimal:
    """A stranger makes open interest alone around an account just above maintenance margin,
    bids for it at the highest discount, and takes the crowd away again."""
    attacker = Attacker.enter(world)
    world.clearinghouse.set_contribution_threshold(0, sender=world.admin)
    set_market_risk(world, "ETH-PERP", load=LOAD)
    scene = attacker.scene
    scene.buy(SIZE)
    scene.auction_at(CLOSE_OUT_PRICE).finish_ramp()
    scene.price(1_950)
    purse, *crowd = attacker.open(1_000_000), attacker.open(10_000_000), attacker.open(10_000_000)
    before = scene.equity(purse)
    attacker.trade_with_himself(*crowd, 20 * SIZE, 1_950)
    attempt(scene.manager.bid, scene.account, WAD, purse, 1, sender=attacker.person)
    attacker.trade_with_himself(*crowd, -20 * SIZE, 1_950)
    return cash_of(scene.equity(purse) - before)


MARGIN = {
    "mango": Defence(
        "Mango Markets, October 2022",
        "a withdrawal counts no unrealised profit, and takes only cash that is there",
        ("RiskEngine", "ClearinghouseWithdrawals"),
        (
            *without(
                "RiskEngine.vy", "required = max(required, tally.initial + tally.profit)", "pass"
            ),
            *without(
                "margin_moves.vy",
                "    registry._require_held(convert(amount, int256) <= words._cash(header))\n"
                "    free: uint256 = fresh_wins._free(header)\n"
                '    assert amount <= free, "margin moves: won too lately"\n'
                "    return free",
                "    return amount",
            ),
            *without(
                "ClearinghouseWithdrawals.vy",
                "        header = words._with_cash(header, words._cash(header) - convert(debited, "
                "int256))\n    else:",
                "        header = ledger._book_cash(\n"
                "            account, header, words._cash(header) - convert(debited, int256)\n"
                "        )\n    else:",
            ),
        ),
        borrow_profit,
        material=Decimal(100_000),
    ),
    "hyperliquid": Defence(
        "Hyperliquid ETH, March 2025",
        "a withdrawal counts no unrealised profit",
        ("RiskEngine",),
        without("RiskEngine.vy", "required = max(required, tally.initial + tally.profit)", "pass"),
        withdraw_until_liquidated,
        material=Decimal(50_000),
        measure="left for the funds",
    ),
    "perp-v2": Defence(
        "Perpetual Protocol v2, July 2022",
        "who adds risk must meet IM after the fill",
        ("RiskEngine",),
        without(
            "RiskEngine.vy",
            "            self._require_cross_allowed(risk)\n"
            "        self._require_valid(tally.stuck)\n"
            "        self._require_initial(tally.equity, required)",
            "            self._require_cross_allowed(risk)",
        ),
        hand_over_a_loss,
        material=Decimal(10_000),
    ),
    "euler-health": Defence(
        "Euler, March 2023: the donation",
        "a transfer between accounts checks the giver's margin",
        ("ClearinghouseWithdrawals",),
        without(
            "ClearinghouseWithdrawals.vy",
            "margin_moves._require_margin_left(from_account, from_header)",
            "pass",
        ),
        give_margin_away,
    ),
    "euler-discount": Defence(
        "Euler, March 2023: the liquidation of oneself",
        "discount and fee come out of the defaulter's equity, and end with it",
        ("DefaultManager",),
        NO_DISCOUNT_CAP,
        liquidate_oneself,
        material=Decimal(10_000),
    ),
    "aave-crv": Defence(
        "Aave CRV, November 2022",
        "a part is sold for no more than that part of equity",
        ("DefaultManager",),
        NO_DISCOUNT_CAP,
        nibble,
        measure="bad debt of a solvent account",
    ),
    "black-thursday": Defence(
        "Black Thursday, March 2020: bids of zero",
        "the discount stops at the end of its ramp",
        ("DefaultManager",),
        without("auction_math.vy", "min(elapsed, duration) // duration", "elapsed // duration"),
        wait_alone,
        bound=cash_of(DUST),
        material=Decimal(2_000),
        measure="a lone bidder's gain beyond the curve",
    ),
    "no-keepers": Defence(
        "Black Thursday, March 2020: no keepers",
        "anyone ends an insolvency while the auction is open",
        ("DefaultManager", "DefaultManagerInsolvency"),
        (
            *without(
                "DefaultManager.vy",
                "(is_insolvent and (has_positions or seen.stage == stages.AUCTION))",
                "False",
            ),
            *without(
                "DefaultManagerInsolvency.vy",
                "assert remainder_math._has_positions(known) or (\n            seen.stage !=",
                "assert remainder_math._has_positions(known) and (\n            seen.stage ==",
            ),
        ),
        keep_keepers_away,
        material=Decimal(10_000),
        measure="deficit nobody can close",
    ),
    "derive": Defence(
        "Derive DRV2-01",
        "a bid takes what may be sold when that is less than was asked for",
        ("DefaultManager",),
        without(
            "auction_rules.vy",
            "default_rules._require_fraction(min_fraction <= limit)",
            "default_rules._require_fraction(fraction <= limit)",
        ),
        block_bids_with_dust,
        material=Decimal(10_000),
        measure="left for the funds",
    ),
    "crowding": Defence(
        "open interest made for one transaction",
        "open interest counts for IM only",
        ("RiskEngine",),
        without(
            "portfolio_margin.vy",
            "units.WAD), 1)), MAX_RATE)\n    steep:",
            "units.WAD), 1)), MAX_RATE)\n        base = rate // PPM_TO_WAD\n    steep:",
        ),
        crowd_a_market,
        material=Decimal(500),
        measure="the bidder's gain",
    ),
}
