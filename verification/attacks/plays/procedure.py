"""The default procedure: limits used up, exits closed, wins carried off, nobody paid to look."""

from __future__ import annotations

import json
from decimal import Decimal

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.steps import (
    DAY,
    ETH,
    HOUR,
    attempt,
    borrow,
    close,
    gap,
    pair,
    recognise,
    redeem,
    request,
    resolve,
    tear_up,
    window,
    withdraw,
)
from verification.attacks.versions import limit_used
from verification.engine.evm import ROOT
from verification.engine.scenes import Scene

MARK = 2_000
GWEI = 50  # price of gas, where it is paid
GAS = json.loads((ROOT / "benchmarks" / "gas.json").read_text())


def use_up_limits(arena: Arena) -> Outcome:
    """Recognise, cure, withdraw: what the funds may pay is used up, and they paid nothing."""
    player = arena.party("player", "attacker")
    person, staker = arena.people.named("attacker", "staker")
    arena.stake(staker, 1_010_000)
    arena.join(person, 100_000, 100_000)  # what so much initial margin asks for
    twins = [pair(arena, person, 120_000, 1_000) for _ in range(4)]
    gap(arena, 1_722)
    for long, short in twins:
        recognise(arena, long, person)
        arena.deposit(person, long, float(max(-arena.equity(long), 0)) + 120_000)
        attempt(arena.default_manager.cure, long, sender=person)
        attempt(arena.trade, (person, short), (person, long), -1_000, 1_722)
        for account in (long, short):
            withdraw(arena, person, account)
    paid = 1_010_000 - arena.staked(staker)
    used = limit_used(arena)
    return Outcome.of(arena, player, used - paid)


def reserve_half_a_cent(arena: Arena) -> Outcome:
    """A loan of hardly anything is insolvent by half a cent: who waits in the fund?"""
    player = arena.party("player", "attacker")
    person, staker = arena.people.named("attacker", "staker")
    arena.stake(staker, 10_000_000)
    request(arena, staker)
    arena.wait(7 * DAY)
    longs = [pair(arena, person, 100, 0.5)[0] for _ in range(18)]
    gap(arena, 1_800.99)
    held = arena.staked(staker)
    for long in longs:
        recognise(arena, long, person)
        if redeem(arena, staker):
            break
        arena.wait(max(window(arena), 60))
    kept = arena.staked(staker) if held else Decimal(0)
    return Outcome.of(arena, player, kept)


def close_the_exit(arena: Arena) -> Outcome:
    """A loan without positions is recognised and comes back to between MM and the target: nobody
    can end its stage, and no staker leaves."""
    player = arena.party("player", "attacker")
    person, staker = arena.people.named("attacker", "staker")
    arena.stake(staker, 10_000_000)
    purse = arena.open(person, 10_000)
    loan = borrow(arena, person, purse, 9_000, WETH=6)
    gap(arena, 1_480)
    recognise(arena, loan, person)
    gap(arena, 1_750)
    request(arena, staker)
    for _ in range(30):
        arena.wait(8 * DAY)
        stranger = arena.people["stranger"]
        for step in (arena.default_manager.cure, arena.default_manager.open_auction):
            attempt(step, loan, sender=stranger)
        resolve(arena, stranger, loan)
        if redeem(arena, staker):
            break
        request(arena, staker)
    return Outcome.of(arena, player, arena.staked(staker))


def fly_with_the_win(arena: Arena) -> Outcome:
    """Twins and a gap: the winner sells to a maker at the new mark and is gone before the loser is
    recognised. Two names, each below the threshold of contributions; what the first name may not
    take out goes to other accounts."""
    player = arena.party("player", "attacker", "heir")
    maker, person, other, staker = arena.people.named("maker", "attacker", "heir", "staker")
    book = arena.open(maker, 10_000_000)
    arena.stake(staker, 1_000_000)
    long, short = arena.open(other, 210_000), arena.open(person, 210_000)
    arena.trade((person, short), (other, long), 2_000, MARK)
    gap(arena, 1_700)
    close(arena, person, short, (maker, book), 1_700)
    withdraw(arena, person, short)
    for target in (arena.open(person), arena.open(other)):
        for part in (1, 2, 4, 8):
            units = max(arena.cash(short), 0) // arena.clearinghouse.SETTLEMENT_SCALE() // part
            moving, token = arena.clearinghouse.transfer, arena.settlement
            attempt(moving, short, target, token, units, sender=person)
        withdraw(arena, person, target)
        withdraw(arena, other, target)
    gone = arena.balance(person) + arena.balance(other)
    resolve(arena, arena.people["stranger"], long)
    return Outcome.of(arena, player, gone - 210_000)


def hand_on_the_charge(arena: Arena) -> Outcome:
    """Twins and a gap, and no funds: the winner sells to a maker at the new mark, in whose hands
    the position is charged for the loser."""
    player = arena.party("player", "attacker", "heir")
    makers = arena.party("maker", "maker")
    maker, person, other = arena.people.named("maker", "attacker", "heir")
    book = arena.open(maker, 1_000_000)
    long, short = arena.open(other, 21_000), arena.open(person, 21_000)
    arena.trade((person, short), (other, long), 200, MARK)
    gap(arena, 1_700)
    makers.begin(arena)
    close(arena, person, short, (maker, book), 1_700)
    resolve(arena, arena.people["stranger"], long)
    return Outcome.of(arena, player, -makers.gain(arena))


def _look(arena: Arena, size: float) -> Outcome:
    """A keeper recognises and tears up an account: what it costs beyond what it pays."""
    player = arena.party("player", "keeper")
    maker, trader, keeper = arena.people.named("maker", "trader", "keeper")
    book, account = arena.open(maker, 1_000_000), arena.open(trader, 100 * size)
    arena.stake(arena.people["staker"], 10_000)
    purse = arena.open(keeper, 100)
    player.begin(arena)
    arena.trade((maker, book), (trader, account), size, MARK)
    arena.wait(HOUR)
    gap(arena, 1_880)
    attempt(arena.clearinghouse.collect_fees, ETH, sender=arena.people["stranger"])
    waits = window(arena)  # where a recognition does not tear up at once
    recognise(arena, account, keeper, purse)
    arena.wait(waits)
    tear_up(arena, keeper, account)
    done = ("recognise_one_perp", "tear_up_after_window_one_perp")
    gas = sum(GAS[key] for key in (done if waits else ("tear_up_covered_one_perp",)))
    cost = Decimal(gas * GWEI) / 10**9 * MARK
    gain = player.gain(arena)
    return Outcome(player.budget, gain - cost, cost - gain)


def look_for_nothing(arena: Arena) -> Outcome:
    """An account of 100,000."""
    return _look(arena, 50)


def look_for_little(arena: Arena) -> Outcome:
    """An account of 2,000."""
    return _look(arena, 1)


def stuck_in_auction(arena: Arena) -> Outcome:
    """In auction with MM <= equity < target: what can neither be sold nor reduced at mark."""
    player = arena.party("player", "trader")
    scene = Scene.set(arena)
    scene.auction_at(1_920)
    price = 1_952  # equity 5,000, MM 4,730, target 5,910
    gap(arena, price)
    attempt(scene.manager.cure, scene.account, sender=scene.trader)
    other, mine = (scene.maker, scene.book), (scene.trader, scene.account)
    attempt(arena.trade, other, mine, -50, price, reduce_only=True)
    attempt(scene.bid)
    left = abs(arena.size(scene.account))
    stuck = Decimal(0) if left < 100 else left * price
    return Outcome.of(arena, player, stuck)


PROCEDURE = {
    "limits": Attack(
        6,
        use_up_limits,
        "recognise, cure, withdraw at one timestamp",
        HARM,
        "limit of the funds used up without a payment",
        rule="only what was paid counts against limits",
        gone="reservations",
    ),
    "half-a-cent": Attack(
        13,
        reserve_half_a_cent,
        "half a cent reserved, again and again",
        HARM,
        "stake that cannot leave in its window",
        rule="nothing is reserved, nothing closes an exit but a pause",
        gone="reservations",
    ),
    "closed-exit": Attack(
        13,
        close_the_exit,
        "a stage-3 account without positions between MM and target",
        HARM,
        "stake that cannot leave for 240 days",
        rule="nothing is reserved, nothing closes an exit but a pause",
        gone="reservations",
    ),
    "flight": Attack(
        21,
        fly_with_the_win,
        "the winner sells to a maker at the new mark and withdraws before the loser is recognised",
        HARM,
        "won from the loser and taken out before the loser is recognised",
        rule="fresh wins count for nothing in what may leave",
        contracts=("ClearinghouseWithdrawals",),
        changes=without(
            "fresh_wins.vy",
            "return convert(unsafe_mul(unsafe_add(current, previous), UNIT), int256)",
            "return 0",
        ),
    ),
    "handed-on": Attack(
        21,
        hand_on_the_charge,
        "no funds: the winner sells to a maker at the new mark before the loser is recognised",
        HARM,
        "what the maker is charged",
        bound=Decimal(39_235),
        why="all that the gap left unpaid, and the fee: a charge goes to who holds the side when "
        "the loser is recognised; a maker who fills after a gap recognises first, as anyone may",
        rule="funds and reserve pay before a side does; it pays what its market moved at most",
    ),
    "unpaid-keeper": Attack(
        26,
        look_for_nothing,
        "recognise and tear up an account of 100,000 at 50 gwei",
        HARM,
        "the keeper's cost",
        bound=Decimal(18),
        why="its gas less half of the fees that trades of 100,000 pay: from 165,000 of notional on "
        "that is more than the gas, or at less than 30 gwei; more than half could be farmed",
        rule="a capped reward: half of the fees that trades of what is closed pay",
        contracts=("ClearinghouseTearUps",),
        changes=without(
            "tear_up.vy",
            "reward += min(self._fees_of(closeout), reward_cap * units.WAD)",
            "reward += min(self._fees_of(closeout), reward_cap)",
        ),
        material=Decimal(10),
    ),
    "small-account": Attack(
        26,
        look_for_little,
        "recognise and tear up an account of 2,000 at 50 gwei",
        HARM,
        "the keeper's cost",
        bound=Decimal(45),
        why="its gas: the minimum equity of 50 is more than that, so that such an account is sold "
        "before it is insolvent, by whom the discount pays",
        rule="minimum equity above the gas of a liquidation",
    ),
    "stuck": Attack(
        27,
        stuck_in_auction,
        "in auction with equity between MM and target",
        HARM,
        "notional that can neither be reduced nor sold",
        rule="at equity >= MM a stage ends, and one may reduce",
        contracts=("DefaultManager",),
        changes=without(
            "DefaultManager.vy",
            'equity, maintenance, units.PPM\n    ), "default manager: equity below maintenance"',
            "equity, maintenance, default_rules._terms().target\n"
            '    ), "default manager: equity below maintenance"',
        ),
    ),
}
