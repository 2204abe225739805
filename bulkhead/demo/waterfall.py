"""The end of the waterfall, and the way back: gaps exhaust the tiers, owners repay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from bulkhead.demo.opening import contribute
from bulkhead.demo.people import Group, Person
from bulkhead.demo.replay import DEBT_MASK, Replay
from bulkhead.fixed_point import cash

HOUR = 3_600
INSTALMENTS = 4  # in which an owner repays
REPLENISHED = Decimal(60_000)  # of each maker, and as much pledged on top
REPAID = Decimal("0.6")  # of what an owner owes beside the hole
UNIT, CENT = Decimal("0.000001"), Decimal("0.01")  # of cash


@dataclass
class Waterfall(Replay):
    """A replay in which nobody takes losses over, and the owners of large longs repay them."""

    def _let_in(self, passed: int) -> None:
        # Makers whose contributions are gone may not take on large risks before they replenish.
        for maker in self.cast.makers if self._late(passed) else ():
            contribute(self.venue, maker.address, REPLENISHED)
        super()._let_in(passed)

    def _play(self) -> None:
        super()._play()
        owners = [p for p in self.cast.traders if p.group is Group.WHALE]
        shares = {owner.account: self._share(owner) for owner in owners}
        for number in range(INSTALMENTS):
            for owner in owners:
                self._repay(owner, shares[owner.account])
            self._pass_an_hour(number + 1)
        # What the hole still is was made by small accounts: they follow, until it is closed.
        for person in self.cast.traders:
            hole = cash(self.venue.read("Clearinghouse", "hole"))
            if hole:
                self._repay(person, min(self._hole_of(person), hole) + CENT)
        self._pass_an_hour(INSTALMENTS + 1)

    def _share(self, owner: Person) -> Decimal:
        """An instalment of what an owner is going to repay: the hole, and a part of the rest."""
        total, hole = self._debts([owner]), self._hole_of(owner)
        return (hole + (total - hole) * REPAID) / INSTALMENTS

    def _hole_of(self, owner: Person) -> Decimal:
        """What an owner still owes to the hole, which is repaid first."""
        debts = self.venue.read("Clearinghouse", "debts", owner.account)
        return Decimal(debts & DEBT_MASK).scaleb(-6)

    def _repay(self, owner: Person, amount: Decimal) -> None:
        amount = min(amount, self._debts([owner])).quantize(UNIT, ROUND_DOWN)
        if amount <= CENT:
            return
        ledger = self.venue.contracts["Clearinghouse"]
        units = self.venue.mint(owner.address, self.venue.cash_symbol, amount, ledger.address)
        self.venue.node.add(owner.address, ledger, "repay", owner.account, units)
        self.venue.node.mine(must_pass=True)

    def _pass_an_hour(self, number: int) -> None:
        """Collect fees, which repay the hole too, and take a picture."""
        node, last = self.venue.node, len(self.series) - 1
        self.fees_at = 0
        self._errands()
        self.venue.publish(self.series, last)
        node.mine(node.time + HOUR, must_pass=True)
        self._look()
        self.recorder.picture(self.series.times[-1] + number * HOUR, self.rows, last=True)
