"""The referee: what a party has, in cash, and how much of it neither money paid in nor prices gave.

    gain = worth at the end - money paid in - what price moves gave the net position

Worth is what can really leave. Accounts without positions are emptied within a day, stakes are left
after the cooldown, each on trial and taken back. An account with positions or negative cash counts
its equity less what others have paid for it; below 0 it counts nothing, it can be left behind. The
net position is that of all accounts and wallets together, with the loss of accounts that are left
behind: what a twin pair wins by a gap beyond its margin is therefore a gain, paid by somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bulkhead.books import read_books
from verification.attacks.versions import claimable, take
from verification.engine.evm import Reverted

WAD = 10**18
NOTHING = Decimal(0)
LEAVING = 24  # hours in which what is left in accounts is taken out
DEBT_FIELDS, DEBT_BITS = 5, 51  # fields of a debt record, in millionths of cash


def attempt(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Call what may be refused; return the receipt, or None."""
    try:
        return function(*args, **named)
    except Reverted:
        return None


@dataclass
class Party:
    """People who are counted together.

    Attributes:
        name: For messages.
        people: Whose wallets, accounts and stakes count.
        budget: Money paid in, at the prices of the moment, cash.
        given: What price moves have given the net position, cash.
    """

    name: str
    people: list[Any]
    budget: Decimal = NOTHING
    given: Decimal = NOTHING
    owners: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        """Know them by their addresses."""
        self.owners = frozenset(int(person.address, 16) for person in self.people)

    def accounts(self, world: Any) -> list[int]:
        """Return their accounts."""
        return [account for account in world.opened if account >> 96 in self.owners]

    def net(self, world: Any, asset: str) -> Decimal:
        """Return the base units of an asset that they hold together: positions, collateral and
        wallets."""
        done, ledger = world.deployment, world.clearinghouse
        terms = done.config
        total = NOTHING
        ids = self.accounts(world)
        for index, collateral in enumerate(terms.collateral):
            if collateral.asset == asset:
                token = done.tokens[collateral.symbol]
                held = sum(map(token.balanceOf, self.people))
                total += Decimal(held).scaleb(-collateral.decimals)
                total += Decimal(sum(ledger.collateral(a, index) for a in ids)) / WAD
        books = read_books(done, ids)
        for (_, market), position in books.positions.items():
            if self._asset(world, market) == asset and books.markets[market].settled_at is None:
                size = books.markets[market].size(position)
                total += Decimal(size.numerator) / size.denominator / WAD
        return total

    @staticmethod
    def _asset(world: Any, market: int) -> str:
        names = {identity: name for name, identity in world.deployment.markets.items()}
        return next(m.asset for m in world.deployment.config.markets if m.name == names[market])

    def begin(self, world: Any) -> None:
        """Count from here on: what they have now is what they paid in."""
        self.budget, self.given = self.worth(world), NOTHING

    def gain(self, world: Any) -> Decimal:
        """Return what they have beyond their money and the moves of prices, cash."""
        return self.worth(world) - self.budget - self.given

    # Worth ----------------------------------------------------------------------------------------

    def worth(self, world: Any) -> Decimal:
        """Return what they have and can really take away, cash."""
        stakes = sum((self._stakes(world, person) for person in self.people), NOTHING)
        checkpoint, opened = world.chain.snapshot(), list(world.opened)
        try:
            left = self._left(world)
            scale = Decimal(world.clearinghouse.SETTLEMENT_SCALE()) / WAD
            owed = sum(claimable(world, person) for person in self.people) * scale
            return left + self._wallets(world) + stakes + owed
        finally:
            world.chain.restore(checkpoint)
            world.opened = opened

    def _wallets(self, world: Any) -> Decimal:
        """Return what is in their wallets."""
        total = NOTHING
        for symbol, token in world.deployment.tokens.items():
            units = sum(map(token.balanceOf, self.people))
            total += Decimal(units).scaleb(-token.decimals()) * world.price_of_token(symbol)
        return total

    def _left(self, world: Any) -> Decimal:
        """Empty accounts without positions, in hours, since limits let no more out at once; return
        what the equity of all others counts."""
        ledger, flat, counted = world.clearinghouse, [], NOTHING
        for account in self.accounts(world):
            if ledger.phase() == 2:
                attempt(ledger.redeem, account, self._owner(account), sender=self._owner(account))
                continue
            header = world.header(account)
            if header.markets or header.cash < 0 or ledger.phase() == 1:
                equity = Decimal(world.risk_engine.margin(account)[0]) / WAD
                counted += max(equity - debt_of(world, account), NOTHING)
            else:
                flat.append(account)
        for _ in range(LEAVING):
            flat = [account for account in flat if take_out(world, self._owner(account), account)]
            if not flat:
                break
            world.wait(3_600)
        return counted

    def _owner(self, account: int) -> Any:
        return next(p for p in self.people if int(p.address, 16) == account >> 96)

    def _stakes(self, world: Any, person: Any) -> Decimal:
        """Return what stakes fetch when they are left after the cooldown: not more than they are
        worth now, and nothing that cannot leave."""
        insured, members, token = world.insurance_fund, world.default_fund, world.settlement
        tranches = [members.value_of(person, tranche) for tranche in range(2)]
        scale = Decimal(world.clearinghouse.SETTLEMENT_SCALE())
        worth = [
            Decimal(insured.convertToAssets(insured.balanceOf(person))) * scale / WAD,
            Decimal(sum(tranches)) / WAD,
        ]
        fetched = []
        for value, leave in zip(worth, (leave_insurance, leave_members), strict=True):
            if not value or world.clearinghouse.phase() == 1:
                fetched.append(value)  # in a wind-down: later, without a notice
                continue
            checkpoint, before = world.chain.snapshot(), token.balanceOf(person)
            leave(world, person)
            paid = Decimal(token.balanceOf(person) - before) * scale / WAD
            world.chain.restore(checkpoint)
            fetched.append(min(paid, value))
        return sum(fetched, NOTHING)


def debt_of(world: Any, account: int) -> Decimal:
    """Return all that is owed on record for an account, cash."""
    word = world.clearinghouse.debts(account)
    parts = (word >> DEBT_BITS * i & (1 << DEBT_BITS) - 1 for i in range(DEBT_FIELDS))
    return Decimal(sum(parts)) / 10**6


def take_out(world: Any, owner: Any, account: int) -> bool:
    """Let an owner take out of an account all that is let out, collateral first; return whether
    cash is left in it."""
    done = world.deployment
    for index, symbol in enumerate(done.collaterals):
        token = done.tokens[symbol]
        scale = 10 ** (18 - token.decimals())
        units = world.clearinghouse.collateral(account, index) // scale
        take_most(world, account, token, units, owner)
    scale = world.clearinghouse.SETTLEMENT_SCALE()
    take_most(world, account, world.settlement, max(world.cash(account), 0) // scale, owner)
    return world.cash(account) >= scale


def take_most(world: Any, account: int, token: Any, units: int, owner: Any) -> int:
    """Take so much of a token out of an account, or the most that is let out; return it."""
    if units <= 0:
        return 0
    if attempt(take, world, owner, account, token, units):
        return units
    taken, part = 0, units // 2
    while part and part * 1_000_000 > units:
        if attempt(take, world, owner, account, token, part):
            taken += part
        else:
            part //= 2
    return taken


def leave_insurance(world: Any, person: Any) -> None:
    """Request, wait and redeem everything; in redemption at once."""
    fund = world.insurance_fund
    if world.clearinghouse.phase() == 2:
        attempt(fund.redeem, fund.balanceOf(person), person, person, sender=person)
        return
    attempt(fund.cancel_request, sender=person)
    attempt(fund.request_redeem, fund.balanceOf(person), sender=person)
    world.wait(fund.cooldown())
    attempt(fund.redeem, fund.locked_shares(person), person, person, sender=person)


def leave_members(world: Any, person: Any) -> None:
    """Give notice of everything, wait and withdraw; in redemption at once."""
    fund = world.default_fund
    if world.clearinghouse.phase() == 2:
        attempt(fund.exit, person, sender=person)
        return
    attempt(fund.cancel_notice, sender=person)
    shares = (fund.shares_of(person, tranche) for tranche in range(2))
    attempt(fund.give_notice, *shares, sender=person)
    world.wait(fund.terms().cooldown)
    attempt(fund.withdraw, person, sender=person)
