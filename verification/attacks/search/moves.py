"""What a player can do: a table of moves, each with what its arguments are drawn from.

A move that the contracts refuse is a move all the same: it does nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from verification.attacks.referee import attempt, take_most
from verification.attacks.search.ring import LIQUIDATIONS, MARKETS, Ring
from verification.attacks.search.table import MOVES as MOVES
from verification.attacks.search.table import Step as Step
from verification.attacks.search.table import move
from verification.attacks.steps import DAY, HOUR, WAD, request
from verification.attacks.versions import convert_position

MINE = tuple(range(6))
ANY = (0, 1, 2, 3, 4, 5, 6, 7, 6, 7)  # from 6 on a stranger's, where one is in trouble
LEVER = (0, 1, 5, 10, 15, 20, 23)  # times the smaller equity; 0 is a wei
PARTS = (1, 3, 10, 25, 50, 100)  # percent
JUMPS = (-40, -25, -15, -10, -8, -6, -5, -3, -2, -1, 1, 2, 3, 5, 6, 8, 10, 15, 25, 40)
OFF = (-49, -30, -15, -5, 0, 0, 5, 15, 30, 49)  # thousandths of the mark
PAUSES = (0, 1, 1, 12, 60, 600, HOUR, 8 * HOUR, 8 * HOUR, DAY, 3 * DAY, 3 * DAY, 7 * DAY, 21 * DAY)
CASH = (1, 100, 1_000, 10_000, 100_000, 1_000_000)
SIDES = (-1, 1)
MARKET = (1, 1, 2)
ASSET = ("ETH", "ETH", "BTC")


def _size(ring: Ring, lever: int, asset: str, *accounts: int) -> int:
    """Return a size by the smaller equity, WAD."""
    if not lever:
        return 1
    equity = min(max(ring.margin(account)[0], 0) for account in accounts)
    return int(equity * lever / ring.mark(asset))


# TRADING ------------------------------------------------------------------------------------------


@move("trade", 3, MINE, MINE, LEVER, SIDES, OFF, ASSET)
def twin(ring: Ring, a: int, b: int, lever: int, side: int, off: int, asset: str) -> Any:
    """Trade with oneself, at some price inside the band."""
    one, other = ring.target(a), ring.target(b)
    size = side * _size(ring, lever, asset, one[1], other[1])
    price = ring.arena.real[asset] * (1000 + off) / 1000
    return ring.trade(one, other, size, price.quantize(Decimal("0.0001")), MARKETS[asset])


@move("trade", 2, MINE, LEVER, SIDES, ASSET)
def trade(ring: Ring, a: int, lever: int, side: int, asset: str) -> Any:
    """Trade with a stranger at the real price."""
    taker = ring.target(a)
    return ring.with_market(taker, side * _size(ring, lever, asset, taker[1]), asset)


@move("trade", 2, MINE, ASSET)
def close(ring: Ring, a: int, asset: str) -> Any:
    """Close a position with a stranger at the real price."""
    taker = ring.target(a)
    return ring.with_market(taker, -ring.shares(taker[1], MARKETS[asset]), asset)


@move("trade", 1, MINE, MINE, OFF, ASSET)
def hand_over(ring: Ring, a: int, b: int, off: int, asset: str) -> Any:
    """Hand a position to another account of one's own."""
    market = MARKETS[asset]
    holders = [pair for pair in (ring.target(b), *ring.mine) if ring.shares(pair[1], market)]
    if not holders:
        return None
    one, other = ring.target(a), holders[0]
    price = ring.arena.real[asset] * (1000 + off) / 1000
    size = -ring.shares(other[1], market)
    return ring.trade(one, other, size, price.quantize(Decimal("0.0001")), MARKETS[asset])


# MONEY --------------------------------------------------------------------------------------------


@move("money", 2, MINE, PARTS)
def withdraw(ring: Ring, a: int, part: int) -> Any:
    """Take cash out, or the most that is let out."""
    person, account = ring.target(a)
    units = max(ring.arena.cash(account), 0) * part // 100 // 10**12
    return take_most(ring.arena, account, ring.arena.settlement, units, person)


@move("money", 1, MINE, PARTS)
def take_coins(ring: Ring, a: int, part: int) -> Any:
    """Take WETH out, or the most that is let out."""
    person, account = ring.target(a)
    token = ring.arena.deployment.tokens["WETH"]
    units = ring.ledger.collateral(account, 0) * part // 100
    return take_most(ring.arena, account, token, units, person)


@move("money", 1, ANY, CASH)
def deposit(ring: Ring, a: int, cash: int) -> Any:
    """Pay cash into an account."""
    _, account = ring.target(a)
    person, ledger = ring.mine[0][0], ring.ledger
    return ledger.deposit(account, ring.arena.settlement, cash * 10**6, sender=person)


@move("money", 1, MINE, (1, 6, 20, 60))
def deposit_coins(ring: Ring, a: int, coins: int) -> Any:
    """Put WETH into an account."""
    person, account = ring.target(a)
    token = ring.arena.deployment.tokens["WETH"]
    return ring.ledger.deposit(account, token, coins * WAD, sender=person)


@move("money", 1, MINE, MINE, PARTS)
def transfer(ring: Ring, a: int, b: int, part: int) -> Any:
    """Move cash between accounts."""
    (person, one), (_, other) = ring.target(a), ring.target(b)
    units = max(ring.arena.cash(one), 0) * part // 100 // 10**12
    ledger = ring.ledger
    return ledger.transfer(one, other, ring.arena.settlement, units, sender=person)


@move("money", 0.3, MINE, MINE)
def borrow(ring: Ring, a: int, b: int) -> Any:
    """Deposit WETH, lose cash to a twin inside the band of BTC: a loan against WETH."""
    deposit_coins(ring, a, 20)
    (giver, loan), taker = ring.target(a), ring.target(b)
    mark = ring.arena.real["BTC"]
    size = int(max(ring.margin(loan)[0], 0) * 6 / float(mark))
    ring.trade(taker, (giver, loan), size, mark * 1049 / 1000, MARKETS["BTC"])
    return ring.trade(taker, (giver, loan), -size, mark * 951 / 1000, MARKETS["BTC"])


# PROCEDURE ----------------------------------------------------------------------------------------


def _manage(ring: Ring, function: str, *arguments: Any, who: int = 0) -> Any:
    return getattr(ring.manager, function)(*arguments, sender=ring.mine[who][0])


@move("procedure", 1, ANY, MINE)
def call(ring: Ring, a: int, purse: int) -> Any:
    """Call an account, for a reward."""
    return _manage(ring, "call_margin", ring.target(a)[1], ring.target(purse)[1])


@move("procedure", 1, ANY)
def open_auction(ring: Ring, a: int) -> Any:
    """Open an account's auction."""
    return _manage(ring, "open_auction", ring.target(a)[1])


@move("procedure", 2, ANY)
def recognise(ring: Ring, a: int) -> Any:
    """Make an insolvency known, in whatever way."""
    account = ring.target(a)[1]
    manager, person = ring.manager, ring.mine[0][0]
    return attempt(manager.call_margin, account, 0, sender=person) or manager.open_auction(
        account, sender=person
    )


@move("procedure", 2, ANY, MINE, (10, 50, 100))
def bid(ring: Ring, a: int, purse: int, part: int) -> Any:
    """Bid for an account."""
    person, account = ring.mine[purse % len(ring.mine)]
    manager = ring.manager
    return manager.bid(ring.target(a)[1], WAD * part // 100, account, 1, sender=person)


@move("procedure", 1, ANY, MINE)
def take_over(ring: Ring, a: int, purse: int) -> Any:
    """Open an account's auction and take all of it."""
    attempt(ring.manager.open_auction, ring.target(a)[1], sender=ring.mine[0][0])
    return bid(ring, a, purse, 100)


@move("procedure", 1, ANY)
def tear_up(ring: Ring, a: int) -> Any:
    """Tear an account up."""
    return _manage(ring, "tear_up", [ring.target(a)[1]])


@move("procedure", 1, ANY)
def cure(ring: Ring, a: int) -> Any:
    """Cure an account."""
    return _manage(ring, "cure", ring.target(a)[1])


@move("procedure", 0.5, ANY)
def reopen(ring: Ring, a: int) -> Any:
    """Send an account back to auction, where there is such a step."""
    if hasattr(ring.manager, "reopen"):
        _manage(ring, "reopen", ring.target(a)[1])


@move("procedure", 0.5, ANY, CASH)
def repay(ring: Ring, a: int, cash: int) -> Any:
    """Repay what others paid for an account."""
    ledger = ring.ledger
    return ledger.repay(ring.target(a)[1], cash * 10**6, sender=ring.mine[0][0])


@move("procedure", 1, ANY)
def recover(ring: Ring, a: int) -> Any:
    """Let an account pay its debts itself."""
    return ring.ledger.recover(ring.target(a)[1], sender=ring.mine[0][0])


@move("procedure", 0.5, ANY, CASH)
def cover(ring: Ring, a: int, cash: int) -> Any:
    """Pay an account's negative cash against its WETH."""
    person, ledger = ring.mine[0][0], ring.ledger
    token = ring.arena.deployment.tokens["WETH"]
    account = ring.target(a)[1]
    return ledger.cover_shortfall(account, token, cash * 10**6, 0, person, sender=person)


# FUNDS --------------------------------------------------------------------------------------------


@move("funds", 1.5, MINE, CASH)
def stake(ring: Ring, a: int, cash: int) -> Any:
    """Stake in the insurance fund."""
    person = ring.target(a)[0]
    return ring.arena.insurance_fund.deposit(cash * 10**6, person, sender=person)


@move("funds", 0.7, MINE)
def ask_to_leave(ring: Ring, a: int) -> Any:
    """Request to redeem everything."""
    return request(ring.arena, ring.target(a)[0])


@move("funds", 1, MINE)
def redeem(ring: Ring, a: int) -> Any:
    """Leave the insurance fund."""
    person, fund = ring.target(a)[0], ring.arena.insurance_fund
    return fund.redeem(fund.locked_shares(person), person, person, sender=person)


@move("funds", 1, MINE, (1, 100, 10_000))
def join(ring: Ring, a: int, cash: int) -> Any:
    """Become a member."""
    person = ring.target(a)[0]
    ring.has_members = True
    return ring.arena.default_fund.deposit(cash * 10**6, cash * 10**6, sender=person)


@move("funds", 0.5, MINE)
def give_notice(ring: Ring, a: int) -> Any:
    """Give notice as a member."""
    person, fund = ring.target(a)[0], ring.arena.default_fund
    shares = [fund.shares_of(person, tranche) for tranche in range(2)]
    return fund.give_notice(*shares, sender=person)


@move("funds", 0.5, MINE)
def leave(ring: Ring, a: int) -> Any:
    """Leave as a member."""
    person = ring.target(a)[0]
    return ring.arena.default_fund.withdraw(person, sender=person)


@move("funds", 1, MARKET)
def collect(ring: Ring, market: int) -> Any:
    """Collect fees."""
    return ring.ledger.collect_fees(market, sender=ring.mine[0][0])


@move("funds", 0.5)
def newcomer(ring: Ring) -> Any:
    """A stranger stakes, a block later: what can be known of losses is known."""
    ring.recognise()
    return ring.arena.stake(ring.arena.people["second staker"], 10_000)


# ORACLE -------------------------------------------------------------------------------------------


@move("oracle", 1, ASSET, SIDES)
def tilt(ring: Ring, asset: str, side: int) -> Any:
    """The primary stands almost 2 % off, and is valid."""
    return ring.publish(asset, 1_019_500 if side > 0 else 980_900)


@move("oracle", 1, ASSET, SIDES)
def doubt(ring: Ring, asset: str, side: int) -> Any:
    """The secondary stands 3 % off: the price is in doubt for a moment."""
    return ring.publish(asset, 1_000_000, 1_000_000 + side * 30_000)


@move("oracle", 1, ASSET, SIDES)
def report_doubt(ring: Ring, asset: str, side: int) -> Any:
    """The same, and it is put on record."""
    doubt(ring, asset, side)
    return report(ring, MARKETS[asset])


@move("oracle", 1, ASSET, SIDES)
def settle_in_doubt(ring: Ring, asset: str, side: int) -> Any:
    """The same, and a market is settled."""
    doubt(ring, asset, side)
    return settle(ring, MARKETS[asset])


@move("oracle", 0.3, ASSET)
def ahead(ring: Ring, asset: str) -> Any:
    """The primary's answer is dated a second ahead."""
    return ring.publish(asset, ahead=1)


@move("oracle", 0.3)
def agree(ring: Ring) -> Any:
    """All feeds say the real price."""
    return ring.agree()


@move("oracle", 0.5, MARKET)
def report(ring: Ring, market: int) -> Any:
    """Put an outage on record."""
    return ring.arena.risk_engine.report_outage(8 + market, sender=ring.mine[0][0])


@move("oracle", 0.3, MARKET)
def checkpoint(ring: Ring, market: int) -> Any:
    """Take a checkpoint."""
    return ring.arena.risk_engine.checkpoint(8 + market, sender=ring.mine[0][0])


@move("oracle", 0.5, MARKET)
def settle(ring: Ring, market: int) -> Any:
    """Settle a market."""
    return ring.ledger.settle_market(market, sender=ring.mine[0][0])


# END AND TIME -------------------------------------------------------------------------------------


@move("end", 0.5)
def wind_down(ring: Ring) -> Any:
    """Begin the wind-down, if anyone may."""
    return ring.ledger.begin_wind_down(sender=ring.mine[0][0])


@move("end", 0.5)
def begin_redemption(ring: Ring) -> Any:
    """Begin the redemption."""
    return ring.ledger.begin_redemption(sender=ring.mine[0][0])


@move("end", 0.5, MINE)
def redeem_account(ring: Ring, a: int) -> Any:
    """Redeem an account."""
    person, account = ring.target(a)
    return ring.ledger.redeem(account, person, sender=person)


@move("end", 0.5, MINE, MARKET)
def convert(ring: Ring, a: int, market: int) -> Any:
    """Convert a settled position."""
    account = ring.target(a)[1]
    return convert_position(ring.arena, market, account, ring.mine[0][0])


@move("pause", 1, (600, HOUR, DAY))
def pause(ring: Ring, seconds: int) -> Any:
    """Pause liquidations as guardian."""
    guardian = ring.arena.people["guardian"]
    return ring.ledger.pause(LIQUIDATIONS, seconds, sender=guardian)


@move("pause", 0.5)
def unpause(ring: Ring) -> Any:
    """End that pause."""
    guardian = ring.arena.people["guardian"]
    return ring.ledger.unpause(LIQUIDATIONS, sender=guardian)


@move("time", 3, PAUSES)
def wait(ring: Ring, seconds: int) -> Any:
    """Let time pass; keepers act."""
    return ring.wait(seconds)


@move("price", 4, ASSET, JUMPS)
def jump(ring: Ring, asset: str, percent: int) -> Any:
    """Let a price jump; the judge looks before and after."""
    ring.arena.real[asset] *= 1 + Decimal(percent) / 100
    return ring.publish(asset)
