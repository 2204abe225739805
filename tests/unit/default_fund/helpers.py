"""What the unit tests of the DefaultFund share: a fund on a ledger double and its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ape import chain
from ape.api import ReceiptAPI, TestAccountAPI
from ape.contracts import ContractInstance

from tests.unit.insurance_fund.helpers import DAY, MAX_PREMIUM, MAX_UINT, YEAR, wait_until
from verification.engine.people import People

COOLDOWN = 7 * DAY
WINDOW = 2 * DAY
RATE = 100_000  # ppm of initial margin
PREMIUM = 0  # ppm a year, of either tranche: what most tests do without
TERMS = (COOLDOWN, WINDOW, RATE, PREMIUM, PREMIUM)
THRESHOLD = 1  # the ledger double's, whole units of cash
CONTRIBUTIONS, ASSESSMENTS = 0, 1
RUNNING, WINDING_DOWN, REDEEMING = 0, 1, 2
WORTHLESS_AT = 10**12  # shares behind a unit


def account_of(owner: Any, index: int = 1) -> int:
    """Return the id of a margin account."""
    return (int(getattr(owner, "address", owner), 16) << 96) + index


@dataclass
class Club:
    """A fund, its token and its actors. The governor owns the ledger and is the DefaultManager."""

    fund: ContractInstance
    token: ContractInstance
    ledger: ContractInstance
    unit: int
    governor: TestAccountAPI
    member: TestAccountAPI
    partner: TestAccountAPI
    stranger: TestAccountAPI

    @property
    def cash_per_unit(self) -> int:
        return 10**18 // self.unit

    @property
    def contributions(self) -> int:
        """Token units of tiers 2 and 4."""
        return self.fund.tranche(CONTRIBUTIONS)[0]

    @property
    def assessments(self) -> int:
        """Token units of tier 5."""
        return self.fund.tranche(ASSESSMENTS)[0]

    def supply_wallet(self, who: TestAccountAPI, amount: int) -> None:
        """Give tokens to `who` and let the fund take them."""
        self.token.mint(who, amount, sender=who)
        self.token.approve(self.fund, MAX_UINT, sender=who)

    def join(self, who: TestAccountAPI, contribution: int, pledge: int) -> ReceiptAPI:
        """Deposit fresh tokens."""
        self.supply_wallet(who, contribution + pledge)
        return self.fund.deposit(contribution, pledge, sender=who)

    def fill_reserve(self, tokens: int) -> None:
        """Let the ledger have so much to pay premiums with."""
        self.token.mint(self.ledger, tokens, sender=self.stranger)
        self.ledger.set_reserve(tokens * self.cash_per_unit, sender=self.governor)

    def set_premiums(self, contributions: int, pledges: int) -> ReceiptAPI:
        """Set what the tranches earn, ppm a year."""
        terms = (COOLDOWN, WINDOW, RATE, contributions, pledges)
        return self.fund.set_terms(terms, sender=self.governor)

    def earn(self, tokens: int) -> None:
        """Let contributions earn a premium of so much, however long it takes."""
        self.set_premiums(MAX_PREMIUM, 0)
        self.fill_reserve(tokens)
        seconds = tokens * YEAR * 10**6 // (self.contributions * MAX_PREMIUM) + 1
        chain.mine(timestamp=chain.pending_timestamp + seconds)
        before = self.contributions
        self.fund.accrue(sender=self.stranger)
        assert self.contributions == before + tokens
        self.set_premiums(0, 0)

    def draw(self, who: Any, own: int, contributions: int, assessments: int) -> ReceiptAPI:
        """Draw the worth of so many token units for an account of `who`."""
        asked = (tokens * self.cash_per_unit for tokens in (own, contributions, assessments))
        return self.fund.draw(account_of(who), *asked, sender=self.governor)

    def claim(self, draw: int, who: TestAccountAPI) -> int:
        """Let a stranger claim for `who`; return the token units that they got."""
        before = self.token.balanceOf(who)
        self.fund.claim(draw, who, sender=self.stranger)
        return self.token.balanceOf(who) - before

    def restore(self, who: Any, *tokens: int) -> ReceiptAPI:
        """Give back to contributions and pledges, out of fresh tokens."""
        self.token.mint(self.ledger, sum(tokens), sender=self.stranger)
        return self.ledger.restore(self.fund, account_of(who), *tokens, sender=self.stranger)

    def require(
        self, who: Any, initial: int, index: int = 1, threshold: int = THRESHOLD
    ) -> ReceiptAPI:
        """Let an account of `who` take on risk, WAD."""
        return self.ledger.require_contribution(
            self.fund, account_of(who, index), initial, threshold, sender=self.stranger
        )

    def worth(self, who: TestAccountAPI, tranche: int) -> int:
        """Token units that the shares of `who` are worth."""
        return self.fund.value_of(who, tranche) // self.cash_per_unit

    def shares(self, who: TestAccountAPI) -> tuple[int, int]:
        """Return the shares of `who` of both tranches."""
        return tuple(self.fund.shares_of(who, t) for t in (CONTRIBUTIONS, ASSESSMENTS))

    def open_window(self, who: TestAccountAPI, *shares: int) -> None:
        """Give notice and wait for the cooldown."""
        self.fund.give_notice(*shares, sender=who)
        wait_until(self.fund.notice_of(who).ready_at)

    def leave(self, who: TestAccountAPI) -> int:
        """Give notice for everything, wait and withdraw; return the token units received."""
        self.open_window(who, *self.shares(who))
        before = self.token.balanceOf(who)
        self.fund.withdraw(who, sender=who)
        return self.token.balanceOf(who) - before

    def set_phase(self, phase: int) -> None:
        """Wind down."""
        self.ledger.set_phase(phase, sender=self.governor)


def club_maker(project: Any, governor: Any, people: People) -> Any:
    """Return a function that founds a club on a token."""
    member, partner, stranger = people.named("member", "second member", "stranger")

    def make(token: ContractInstance) -> Club:
        ledger = project.FundHarness.deploy(token, sender=governor)
        fund = project.DefaultFund.deploy(token, ledger, TERMS, sender=governor)
        unit = 10 ** token.decimals()
        return Club(fund, token, ledger, unit, governor, member, partner, stranger)

    return make
