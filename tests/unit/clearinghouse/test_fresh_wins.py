"""What was won too lately counts for nothing in what may leave: plays of a winner in a hurry."""

from __future__ import annotations

import pytest

from verification.engine.scenes import CLOSE_OUT_PRICE, Scene
from verification.engine.world import WAD, World

TOO_LATE = "margin moves: won too lately"
BELOW = "risk engine: below initial margin"
CENT = 10**16
WINDOW = 300


class Player:
    """Somebody with a winner and a loser on both sides of a jump; both brought 10,000."""

    def __init__(self, world: World, **collateral: float) -> None:
        self.world, self.ledger = world, world.clearinghouse
        self.maker, self.person, self.friend = world.people.named(
            "maker", "trader", "second trader"
        )
        self.book = world.open(self.maker, 1_000_000)
        cash = 10_000 if not collateral else 0
        self.winner = world.open(self.person, cash, **collateral)
        self.loser = world.open(self.friend, 10_000)

    def trade(self, account: int, size: float, price: float) -> None:
        """The player's account gains `size` from the market maker."""
        self.world.trade((self.maker, self.book), (self.person, account), size, price)

    def win(self) -> int:
        """Realise a jump of ETH from 2,000 to 3,000 at a maker; return the profit."""
        self.world.trade((self.friend, self.loser), (self.person, self.winner), 20, 2_000)
        self.world.set_price("ETH", 3_000)
        before = self.world.cash(self.winner)
        self.trade(self.winner, -20, 3_000)
        return self.world.cash(self.winner) - before

    def withdraw(self, account: int, amount: int, **most: int) -> None:
        """Take WAD cash out, token units rounded down."""
        args = account, self.world.settlement, amount // 10**12, self.person, *most.values()
        self.ledger.withdraw(*args, sender=self.person)

    def refused(self, reason: str, function: object, *args: object) -> None:
        """What the player may not do."""
        self.world.refuses(reason, function, *args, sender=self.person)


@pytest.fixture
def player(world) -> Player:
    return Player(world)


def test_a_win_stays_until_the_loser_can_be_recognised(player):
    """The winner sells to a maker at the new mark: what they brought may leave, the win may not."""
    won = player.win()
    ledger, world = player.ledger, player.world
    brought = world.cash(player.winner) - won
    locked = ledger.locked_cash(player.winner)
    assert won <= locked <= won + won // 16
    units = (world.cash(player.winner) - locked) // 10**12
    args = player.winner, world.settlement
    player.refused(TOO_LATE, ledger.withdraw, *args, units + 1, player.person)
    player.withdraw(player.winner, units * 10**12)
    assert units * 10**12 <= brought
    # The loser is insolvent and can be recognised at once; the winner waits for 5 to 10 minutes.
    assert world.risk_engine.margin(player.loser)[0] < 0
    world.wait(2 * WINDOW)
    assert ledger.locked_cash(player.winner) == 0
    player.withdraw(player.winner, won // 10**12 * 10**12)


def test_a_win_does_not_go_to_somebody_else(player):
    won = player.win()
    ledger, world = player.ledger, player.world
    units = won // 10**12
    player.withdraw(player.winner, world.cash(player.winner) - ledger.locked_cash(player.winner))
    player.refused(
        TOO_LATE, ledger.transfer, player.winner, player.loser, world.settlement, units // 2
    )


def test_a_win_goes_along_to_an_account_of_the_same_owner(player):
    won = player.win()
    ledger, world = player.ledger, player.world
    ledger.open_account(2, 0, sender=player.person)
    other = world.open(player.person, 1_000)
    held = world.cash(player.winner)
    ledger.transfer(player.winner, other, world.settlement, held // 10**12, sender=player.person)
    assert ledger.locked_cash(other) >= won
    free = (world.cash(other) - ledger.locked_cash(other)) // 10**12
    assert free <= (10_000 + 1_000) * 10**6
    player.refused(TOO_LATE, ledger.withdraw, other, world.settlement, free + 1, player.person)
    # Back and forth changes nothing.
    ledger.transfer(other, player.winner, world.settlement, free, sender=player.person)
    rest = world.cash(other) // 10**12
    ledger.transfer(other, player.winner, world.settlement, rest, sender=player.person)
    assert ledger.locked_cash(player.winner) >= won


def test_a_win_does_not_free_collateral(world):
    """The winner has collateral and owes cash: their win repays, but the collateral stays."""
    player = Player(world, WETH=10)
    ledger, token = world.clearinghouse, world.tokens["WETH"]
    player.trade(player.winner, 20, 2_000)
    world.set_price("ETH", 1_900)
    player.trade(player.winner, -20, 1_900)
    assert world.cash(player.winner) < -1_900 * WAD
    world.wait(2 * WINDOW)
    player.trade(player.winner, 20, 1_900)
    world.set_price("ETH", 2_200)
    player.trade(player.winner, -20, 2_200)
    assert world.cash(player.winner) > 0
    player.refused(BELOW, ledger.withdraw, player.winner, token, 10**19, player.person)
    other = world.open(player.person)
    player.refused(BELOW, ledger.transfer, player.winner, other, token, 10**19)
    world.wait(2 * WINDOW)
    ledger.withdraw(player.winner, token, 10**19, player.person, sender=player.person)


def test_a_settled_position_does_not_free_collateral_before_it_is_cash(world):
    player = Player(world, WETH=10)
    ledger, token = world.clearinghouse, world.tokens["WETH"]
    player.trade(player.winner, 20, 2_000)
    world.set_price("ETH", 1_900)
    player.trade(player.winner, -20, 1_900)
    player.trade(player.winner, 20, 1_900)
    world.set_price("ETH", 2_200)
    ledger.settle_market(1, sender=world.admin)
    world.wait(2 * WINDOW)
    player.refused(BELOW, ledger.withdraw, player.winner, token, 10**19, player.person)
    ledger.convert_positions(1, [player.winner], 0, sender=player.friend)
    assert ledger.locked_cash(player.winner) >= 6_000 * WAD
    player.refused(BELOW, ledger.withdraw, player.winner, token, 10**19, player.person)
    world.wait(2 * WINDOW)
    ledger.withdraw(player.winner, token, 10**19, player.person, sender=player.person)


def test_a_call_and_a_cure_do_not_wash_a_win(world):
    """Nothing is noted in a stage: whoever leaves it takes nothing out for a while."""
    player = Player(world)
    ledger, manager = world.clearinghouse, world.default_manager
    player.trade(player.winner, 90, 2_000)
    world.set_price("ETH", 1_935)
    manager.call_margin(player.winner, 0, sender=player.friend)
    assert ledger.locked_cash(player.winner) == 0
    world.set_price("ETH", 2_500)
    player.trade(player.winner, -90, 2_500)
    manager.cure(player.winner, sender=player.friend)
    assert ledger.locked_cash(player.winner) > 10**30
    player.refused(TOO_LATE, ledger.withdraw, player.winner, world.settlement, 1, player.person)
    world.wait(2 * WINDOW)
    player.withdraw(player.winner, 40_000 * WAD)


def test_losses_and_fees_take_off_a_win(player):
    won = player.win()
    locked = player.ledger.locked_cash(player.winner)
    player.trade(player.winner, 20, 3_000)
    player.world.set_price("ETH", 2_500)
    player.trade(player.winner, -20, 2_500)
    left = player.ledger.locked_cash(player.winner)
    assert locked - 10_000 * WAD - 100 * WAD < left < locked - 9_000 * WAD < won


def test_deposits_and_strangers_lock_nothing(player):
    """A deposit by anybody; a hundred fills of a few wei by anybody."""
    world, ledger = player.world, player.ledger
    world.deposit(player.friend, player.winner, 5)
    assert ledger.locked_cash(player.winner) == 0
    player.trade(player.winner, 10, 2_000)
    world.set_price("ETH", 2_100)
    for _ in range(20):
        player.trade(player.winner, -(10**-17), 2_100)
    assert ledger.locked_cash(player.winner) <= 20 * 2 * CENT


def test_a_bidder_keeps_the_discount_for_a_while(world):
    scene = Scene.set(world).auction_at(CLOSE_OUT_PRICE)
    world.wait(1_000)
    before = world.cash(scene.purse)
    scene.manager.bid(scene.account, WAD, scene.purse, 0, 0, 2**64, sender=scene.bidder)
    discount = world.cash(scene.purse) - before
    assert 0 < discount <= world.clearinghouse.locked_cash(scene.purse)
