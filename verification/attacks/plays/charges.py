"""Who pays for a loss: charges of the other side, contributions that large accounts owe."""

from __future__ import annotations

from decimal import Decimal

from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.steps import BTC, attempt, borrow, gap, resolve
from verification.engine.world import WAD

MARK = 2_000
OWED = 70_000
ACCOUNTS = 40
WHALE = 20_000  # ETH, 40M


def _dust_leg(arena: Arena, accounts: int) -> Outcome:
    """Loans against WETH with a position of a wei in BTC; ETH falls, BTC does not."""
    player = arena.party("player", "attacker")
    shorts = arena.party("BTC shorts", "victim")
    maker, person, victim = arena.people.named("maker", "attacker", "victim")
    book, short = arena.open(maker, 10_000_000), arena.open(victim, 200_000)
    arena.trade((maker, book), (victim, short), -9, 40_000, BTC)
    shorts.begin(arena)
    purse = arena.open(person, 100_000)
    loans = [borrow(arena, person, purse, OWED, WETH=50) for _ in range(accounts)]
    for loan in loans:
        # At mark or a little under: a wei of BTC costs nothing and is worth nothing.
        attempt(arena.trade, (maker, book), (person, loan), 1e-18, 40_000, BTC)
    gap(arena, 1_000)
    resolve(arena, arena.people["stranger"], *loans)
    return Outcome.of(arena, player, -shorts.gain(arena))


def dust_leg(arena: Arena) -> Outcome:
    """One such loan."""
    return _dust_leg(arena, 1)


def eight_dust_legs(arena: Arena) -> Outcome:
    """Eight such loans, one after the other."""
    return _dust_leg(arena, 8)


def split_the_loss(arena: Arena) -> Outcome:
    """The same LONG in one account or in forty: how much more, or less, do the SHORTs pay for
    forty? What they do not pay others do."""
    losses = [_loss_of_shorts(arena, count) for count in (1, ACCOUNTS)]
    return Outcome(*losses[1][:2], abs(losses[1][2] - losses[0][2]))


def _loss_of_shorts(arena: Arena, accounts: int) -> tuple[Decimal, Decimal, Decimal]:
    with arena.on_trial():
        player = arena.party("player", "attacker")
        shorts = arena.party("shorts", "maker")
        maker, person = arena.people.named("maker", "attacker")
        book = arena.open(maker, 10_000_000)
        longs = [arena.open(person, 20_000 / accounts) for _ in range(accounts)]
        for long in longs:
            arena.trade((maker, book), (person, long), 200 / accounts, MARK)
        shorts.begin(arena)
        gap(arena, 1_200)
        resolve(arena, arena.people["stranger"], *longs)
        return player.budget, player.gain(arena), -shorts.gain(arena)


def _spread(arena: Arena, accounts: int, cash: float) -> Outcome:
    """40M of one side in accounts of one owner, who contributes what is asked for and no more: what
    their initial margin together calls for, and nobody asks."""
    player = arena.party("player", "attacker")
    maker, person = arena.people.named("maker", "attacker")
    book = arena.open(maker, 30_000_000)
    arena.join(maker, 2_000_000, 2_000_000)
    for _ in range(accounts):
        account = arena.open(person, cash)
        while not attempt(arena.trade, (maker, book), (person, account), WHALE / accounts, MARK):
            arena.join(person, 20_000, 20_000)
    mine = player.accounts(arena)
    assert sum(arena.size(account) for account in mine) == WHALE
    initial = sum(Decimal(arena.risk_engine.margin(account)[1]) / WAD for account in mine)
    rate = Decimal(arena.default_fund.terms().contribution_rate) / 10**6
    asked = Decimal(arena.default_fund.required(person)) / WAD
    return Outcome.of(arena, player, rate * initial - asked)


def forty_accounts(arena: Arena) -> Outcome:
    """Forty accounts."""
    return _spread(arena, ACCOUNTS, 60_000)


def many_small_accounts(arena: Arena) -> Outcome:
    """So many that the initial margin of each is below a sixteenth of the threshold."""
    return _spread(arena, 125, 20_000)


# A budget of each default, a part of the whole side's notional, whatever the market has moved and
# whatever was charged before.
BY_SIDE = without(
    "tear_up.vy",
    "amount: uint256 = min(min(leg_layout._amount(leg), most), room)",
    "amount: uint256 = min(leg_layout._amount(leg), wad_math._mul_down("
    "self.taken[market][side] + self.left[market][side], extra))",
    "self._answer_for(market, side, amount, free)",
    "pass",
)
TEAR_UPS = ("ClearinghouseTearUps",)

CHARGES = {
    "dust-leg": Attack(
        1,
        dust_leg,
        "default on WETH collateral with a 1-wei BTC leg",
        HARM,
        "charged to BTC shorts at an unchanged price",
        rule="a side is charged by what its market moved, on the base closed",
        contracts=TEAR_UPS,
        changes=BY_SIDE,
    ),
    "eight-dust-legs": Attack(
        1,
        eight_dust_legs,
        "eight defaults on WETH collateral, each with a 1-wei BTC leg",
        HARM,
        "charged to BTC shorts at an unchanged price",
        rule="a side is charged by what its market moved, on the base closed, and charges are "
        "remembered per unit of base",
        contracts=TEAR_UPS,
        changes=BY_SIDE,
    ),
    "split-loss": Attack(
        2,
        split_the_loss,
        "one loss split over 40 accounts instead of one",
        HARM,
        "difference to what one account would cost the other side",
        rule="a side is charged by what its market moved, on the base closed; what the base torn "
        "up does not answer for is remembered per unit of base",
        contracts=TEAR_UPS,
        changes=BY_SIDE,
    ),
    "forty-accounts": Attack(
        25,
        forty_accounts,
        "40M of one side in forty accounts of one owner",
        HARM,
        "contribution that their initial margin calls for and nobody is asked for",
        bound=Decimal(10_000),
        why="what is noted was the initial margin of the moment, with less open interest",
        rule="requirements sum over an owner's accounts",
        contracts=("DefaultFund",),
        changes=without(
            "requirements.vy",
            "if threshold != 0 and total > threshold * units.WAD:",
            "if threshold != 0 and initial > threshold * units.WAD:",
        ),
        material=Decimal(100_000),
    ),
    "many-accounts": Attack(
        25,
        many_small_accounts,
        "40M of one side in 125 accounts, each below what is noted",
        HARM,
        "contribution that their initial margin calls for and nobody is asked for",
        bound=Decimal(180_000),
        why="nobody tells 125 strangers from 125 accounts: a tenth of 4.4 % of 40M; what such "
        "accounts can do together is bounded by the cap and the load of open interest",
        rule="open interest is capped, and raises everybody's initial margin",
    ),
}
