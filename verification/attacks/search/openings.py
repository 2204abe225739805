"""How a program may begin: a house with strangers' positions, funds, debts, a hole, an end."""

from __future__ import annotations

from collections.abc import Callable

from verification.attacks.referee import attempt
from verification.attacks.search.ring import ACCOUNTS, PLAYER, Ring
from verification.attacks.steps import BTC, DAY, ETH, WAD, borrow, lose, resolve

MARK = {"ETH": 2_000, "BTC": 40_000}
SHORT, LONG = -1, 1


def _people(
    ring: Ring, cash: float = 20_000, book: float = 20_000_000, purse: float = 2_000_000
) -> None:
    """Let the player open accounts, and a maker and a keeper come."""
    arena = ring.arena
    maker, keeper = arena.people.named("maker", "keeper")
    ring.book, ring.purse = arena.open(maker, book), arena.open(keeper, purse)
    for number in range(ACCOUNTS):
        person = arena.people[PLAYER[number * len(PLAYER) // ACCOUNTS]]
        ring.mine.append((person, arena.open(person, cash)))


def _holders(ring: Ring, sides: tuple[tuple[str, int, float], ...]) -> None:
    """Let strangers hold positions and do nothing."""
    arena = ring.arena
    names = ("victim", "heir", "whale", "buyer")
    for name, (asset, side, notional) in zip(names, sides, strict=False):
        market = ETH if asset == "ETH" else BTC
        price = float(arena.real[asset])
        account = arena.open(arena.people[name], 3 * notional)
        size = side * notional / price
        maker = arena.people["maker"], ring.book
        arena.trade(maker, (arena.people[name], account), size, price, market)
        ring.passive[market, side] = account


ALL_SIDES = (
    ("BTC", SHORT, 100_000),
    ("ETH", SHORT, 100_000),
    ("BTC", LONG, 100_000),
    ("ETH", LONG, 100_000),
)


def house(ring: Ring) -> None:
    """Strangers with positions, no funds."""
    _people(ring)
    _holders(ring, ALL_SIDES)


def shorts(ring: Ring) -> None:
    """Strangers are SHORT, the player has many accounts, and there are no funds."""
    _people(ring, 5_000)
    _holders(ring, ALL_SIDES[:2])


def funds(ring: Ring) -> None:
    """A stranger and the player are staked, both may leave now; fees are not collected."""
    arena = ring.arena
    _people(ring)
    _holders(ring, ALL_SIDES)
    staker, player = arena.people["staker"], arena.people[PLAYER[0]]
    for person in (staker, player):
        arena.stake(person, 50_000)
        fund = arena.insurance_fund
        fund.request_redeem(fund.balanceOf(person), sender=person)
    arena.wait(7 * DAY)


def fees(ring: Ring) -> None:
    """Fees of strangers wait to be collected; a stranger is staked."""
    arena = ring.arena
    _people(ring)
    arena.stake(arena.people["staker"], 100_000)
    taker = arena.people["taker"]
    account, maker = arena.open(taker, 2_000_000), (arena.people["maker"], ring.book)
    for size in (2_000, -2_000) * 3:
        arena.trade(maker, (taker, account), size, 2_000)


def crowd(ring: Ring) -> None:
    """The player is SHORT against a crowd; stakes a third of the fund, and 2 of cash as member."""
    arena = ring.arena
    _people(ring, 1_500_000, 30_000_000)
    person, account = ring.mine[0]
    arena.trade((arena.people["maker"], ring.book), (person, account), -1_000, 2_000)
    arena.stake(arena.people["staker"], 20_000)
    arena.stake(person, 10_000)
    arena.join(person, 1, 1)
    ring.has_members = True


def recoveries(ring: Ring) -> None:
    """A stranger's account in debt has money again, that anyone may recover."""
    arena = ring.arena
    _people(ring)
    staker, trader = arena.people.named("staker", "trader")
    arena.stake(staker, 40_000)
    account = arena.open(trader, 30_000)
    arena.trade((arena.people["maker"], ring.book), (trader, account), 200, 2_000)
    arena.set_price("ETH", 1_800)
    resolve(arena, arena.people["stranger"], account)
    arena.set_price("ETH", 2_000)
    arena.deposit(trader, account, 9_100)
    ring.debtors.append((trader, account))


def defaulter(ring: Ring) -> None:
    """A stranger's LONG is a fall away from insolvency; player and stranger are staked."""
    arena = ring.arena
    _people(ring)
    _holders(ring, ALL_SIDES)
    for name in ("staker", PLAYER[0]):
        arena.stake(arena.people[name], 10_000)
    trader = arena.people["trader"]
    account = arena.open(trader, 10_000)
    arena.trade((arena.people["maker"], ring.book), (trader, account), 100, 2_000)
    arena.set_price("ETH", 1_960)
    ring.debtors.append((trader, account))


def hole(ring: Ring) -> None:
    """A hole stands; savers and the player have cash."""
    arena = ring.arena
    _people(ring, 20_000, 600_000)
    saver, debtor, maker = arena.people.named("victim", "trader", "maker")
    ring.saver = arena.open(saver, 300_000)
    loan = arena.open(debtor, WETH=200)
    for _ in range(8):
        lose(arena, (debtor, loan), (maker, ring.book), 35_000)
    arena.set_price("ETH", 900)
    resolve(arena, arena.people["stranger"], loan)
    keeper = arena.people["keeper"]
    attempt(arena.default_manager.bid, loan, WAD, ring.purse, 1, sender=keeper)


def end(ring: Ring) -> None:
    """The house is being wound down at 1,600; the last checkpoint is from better days."""
    arena = ring.arena
    _people(ring, 40_000)
    _holders(ring, ALL_SIDES[:1])
    person, account = ring.mine[0]
    arena.trade((arena.people["maker"], ring.book), (person, account), 50, 2_000)
    arena.set_price("ETH", 1_600)
    arena.clearinghouse.begin_wind_down(sender=arena.admin)


def drift(ring: Ring) -> None:
    """ETH trades at 4,000, and nobody has looked since it was at 2,000."""
    arena = ring.arena
    _people(ring, 40_000)
    arena.set_price("ETH", 4_000)
    _holders(ring, ALL_SIDES)
    person, account = ring.mine[0]
    arena.trade((arena.people["maker"], ring.book), (person, account), -50, 4_000)


def loans(ring: Ring) -> None:
    """Loans against WETH, almost all the cash of the house is a saver's."""
    arena = ring.arena
    _people(ring, 3_000, 5_000, 1_000)
    saver = arena.people["victim"]
    ring.saver = arena.open(saver, 20_000)
    person, purse = ring.mine[0]
    for _ in range(2):
        loan = borrow(arena, person, purse, 9_800, WETH=10)
        ring.mine.append((person, loan))


def coins(ring: Ring) -> None:
    """Loans against WETH as large as they may be, strangers with positions, no funds."""
    arena = ring.arena
    _people(ring)
    _holders(ring, ALL_SIDES)
    person, purse = ring.mine[0]
    for place in range(1, 4):
        owner, account = ring.mine[place]
        units = ring.arena.units("USDC", 20_000)
        token, ledger = arena.settlement, ring.ledger
        ledger.withdraw(account, token, units, owner, sender=owner)
        arena.deposit(owner, account, 50, "WETH")
        lose(arena, (owner, account), (person, purse), 70_000)


Opening = Callable[[Ring], None]
OPENINGS: dict[str, Opening] = {
    "house": house,
    "shorts": shorts,
    "funds": funds,
    "fees": fees,
    "crowd": crowd,
    "recoveries": recoveries,
    "defaulter": defaulter,
    "hole": hole,
    "end": end,
    "drift": drift,
    "loans": loans,
    "coins": coins,
}
