"""A gang against everybody else: what all its accounts, wallets and stakes come to together.

In two variants of the stage everybody who acts is of one gang, with all the accounts, bids, stakes
and memberships that it likes; the idler outside of it has cash, stakes in both funds and two
positions that cancel out. What must hold (docs/invariants.md, INV-9):

`still`   No price moves and no funding flows: the gang never has more than at the beginning,
          whatever it does with itself. An account below 0 counts as 0: it can be left behind.
`moving`  Prices move, jump and gap, and the gang trades with itself alone. It never has more than
          at the beginning and what the funds have paid for it and what has become a hole; and the
          funds never pay more than their limits, which come back in proportion to time.
"""

from __future__ import annotations

from contextlib import suppress
from math import floor
from typing import Any

from verification.engine.evm import Reverted
from verification.engine.world import ETH, FIRST_PRICES, World
from verification.machines.model import PPM, WAD, Model

GANGS = ("still", "moving")
ASSET_OF_MARKET = {1: "ETH", 2: "BTC", 3: "ODD"}
ASSET_OF_TOKEN = {"WETH": "ETH", "WBTC": "BTC", "ODD": "ODD"}
PRICES = FIRST_PRICES | {"ODD": 10 * WAD}  # at which the gang counts what it has
UNIT = 10**12  # WAD cash of a unit of the settlement token
ROUNDINGS = 4 * UNIT  # of a step, at most: fees, fund shares and draws are whole units


class Gang:
    """What a gang began with, and what it was paid since.

    Attributes:
        drawn: What funds have paid for defaulters, their own contributions left out, WAD cash.
        reserve: What the protocol's own capital has paid for them, within limits and beyond.
        premiums: What it has paid for cover, WAD cash.
        gain: What the gang has more than at the beginning, when last looked at, WAD cash.
    """

    def __init__(self, world: World, people: list[Any], outsider: Any, variant: str) -> None:
        """Let the outsider in, with money that could be taken."""
        self.world, self.is_still = world, variant == "still"
        self.people = [person for person in people if person is not outsider]
        self.outsider = int(outsider.address, 16)
        self.drawn = self.reserve = self.premiums = self.hole = self.gain = self.most_held = 0
        self._noted_hole = self._first = self._began = 0
        world.stake(outsider, 400_000)
        world.join(outsider, 100_000, 150_000)
        self.pair = [world.open(outsider, 1_000_000) for _ in range(2)]
        if self.is_still:
            # Contracts that are broken on purpose may refuse: then there are no positions.
            with suppress(Reverted):
                world.trade((outsider, self.pair[0]), (outsider, self.pair[1]), 100, 2_000)
                world.clearinghouse.collect_fees(ETH, sender=outsider)

    def begin(self, model: Model) -> None:
        """Count what there is at the beginning of a sequence."""
        self.drawn = self.reserve = self.premiums = self.hole = self._noted_hole = self.gain = 0
        self.most_held = self._held()
        self._began = self.world.now()
        self._first = self.wealth(model)

    def receive(self, cash: int) -> None:
        """Leave a present out of account, WAD cash."""
        self._first += cash

    def note(self, receipt: Any) -> None:
        """Add up what a call has drawn, and what it has made of a hole."""
        for event in receipt.events.filter(self.world.clearinghouse.PremiumPaid):
            self.premiums += event.paid * UNIT
        for event in receipt.events.filter(self.world.default_manager.ShortfallPaid):
            self.drawn += event.insurance + event.contributions + event.assessments
            self.reserve += event.reserve
        hole = self.world.clearinghouse.hole()
        self.hole += max(hole - self._noted_hole, 0)
        self._noted_hole = hole

    def look(self, model: Model, steps: int) -> dict[str, tuple[int, int]]:
        """Return what there may be at most, and what there is: by what it is, WAD cash."""
        self.gain = self.wealth(model) - self._first
        self.most_held = max(self.most_held, self._held() + self.drawn + self.reserve)
        dust = ROUNDINGS * (steps + 1)
        if self.is_still:
            most = self.premiums + dust  # the reserve pays for cover, whoever holds it
            return {"INV-9: a gang gained by dealing with itself": (most, self.gain)}
        return {
            "INV-9: a gang gained what nobody paid": (self.paid() + dust, self.gain),
            "the funds paid more than their limits": (self.limit() + dust, self.drawn),
        }

    def figures(self) -> dict[str, float]:
        """Return what the last look has shown, for a report: cash, and a part of the limit."""
        if self.is_still:
            return {"still: gained": self.gain / WAD}
        return {
            "moving: gained beyond what was paid": (self.gain - self.paid()) / WAD,
            "moving: gained": self.gain / WAD,
            "moving: drawn": self.drawn / WAD,
            "moving: paid by the reserve": self.reserve / WAD,
            "moving: drawn, of the limit": self.drawn / max(self.limit(), 1),
            "moving: hole": self.hole / WAD,
        }

    def paid(self) -> int:
        """Return what others have paid or will have to, WAD cash."""
        return self.drawn + self.reserve + self.premiums + self.hole

    def wealth(self, model: Model) -> int:
        """Return what the gang has, at the first prices, WAD cash."""
        done = self.world.deployment
        total = 0
        for account in model.books.headers:
            if account >> 96 != self.outsider:
                value = self._value(model, account)
                total += max(value, 0) if self.is_still else value
        for symbol, token in done.tokens.items():
            scale = 10 ** (18 - token.decimals())
            held = sum(map(token.balanceOf, self.people))
            price = PRICES[ASSET_OF_TOKEN[symbol]] if symbol in ASSET_OF_TOKEN else WAD
            total += held * scale * price // WAD
        insured, members = self.world.insurance_fund, self.world.default_fund
        for person in self.people:
            total += insured.convertToAssets(insured.balanceOf(person)) * UNIT
            total += sum(members.value_of(person, tranche) for tranche in range(2))
        return total

    def _value(self, model: Model, account: int) -> int:
        """Return what an account is worth, rounded down."""
        books, value = model.books, model.books.headers[account].cash
        for market in books.headers[account].markets:
            price = PRICES[ASSET_OF_MARKET[market]]
            value += floor(books.markets[market].value(books.positions[account, market], price))
        for symbol in self.world.deployment.collaterals:
            value += model.collateral[account, symbol] * PRICES[ASSET_OF_TOKEN[symbol]] // WAD
        return value

    def limit(self) -> int:
        """Return what the funds may have paid until now, WAD cash.

        What was drawn fades from the limit within a period, in a line while nothing else is drawn:
        so a limit comes back no faster than as a whole in a period.
        """
        terms = self.world.default_manager.waterfall()
        most = min(terms.total_amount * WAD, self.most_held * terms.total_share // PPM)
        return most + most * (self.world.now() - self._began) // terms.period

    def _held(self) -> int:
        """Return what the reserve and both funds have, WAD cash."""
        cash = self.world.settlement
        funds = (self.world.insurance_fund, self.world.default_fund)
        return self.world.clearinghouse.reserve() + sum(map(cash.balanceOf, funds)) * UNIT
