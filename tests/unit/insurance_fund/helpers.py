"""What the unit tests of the InsuranceFund share: a fund on a ledger double and its stakers."""

from __future__ import annotations

from dataclasses import dataclass

from ape import chain
from ape.api import ReceiptAPI, TestAccountAPI
from ape.contracts import ContractInstance

WAD = 10**18
DAY = 86_400
HOUR = 3_600
USDC = 10**6  # units of a token with six decimals
PAR = 10**6  # shares a unit
CASH_PER_UNIT = 10**12
CONSOLIDATE_AT = 1024
LIMIT = 2**127
MAX_UINT = 2**256 - 1
COOLDOWN = 7 * DAY
WINDOW = 2 * DAY
YEAR = 365 * DAY
MAX_PREMIUM = 500_000  # ppm a year
DEFAULTER = 7
ZERO = "0x" + "00" * 20

# Behaviours of OddToken.
RETURNS_FALSE, REVERTS, DENIES, BURNS_GAS = 1, 2, 3, 4


@dataclass
class Desk:
    """A fund, its token and its actors. The governor owns the ledger and is the DefaultManager."""

    fund: ContractInstance
    token: ContractInstance
    ledger: ContractInstance
    governor: TestAccountAPI
    staker: TestAccountAPI
    newcomer: TestAccountAPI
    stranger: TestAccountAPI

    @property
    def assets(self) -> int:
        return self.fund.totalAssets()

    @property
    def supply(self) -> int:
        return self.fund.totalSupply()

    def fund_wallet(self, who: TestAccountAPI, amount: int) -> None:
        """Give tokens to `who` and let the fund take them."""
        self.token.mint(who, amount, sender=who)
        self.token.approve(self.fund, MAX_UINT, sender=who)

    def stake(self, who: TestAccountAPI, amount: int) -> int:
        """Stake fresh tokens; return the shares minted."""
        self.fund_wallet(who, amount)
        before = self.fund.balanceOf(who)
        self.fund.deposit(amount, who, sender=who)
        return self.fund.balanceOf(who) - before

    def give(self, amount: int) -> None:
        """Send the fund tokens that it has not asked for."""
        self.token.mint(self.fund, amount, sender=self.stranger)

    def fill_reserve(self, amount: int) -> None:
        """Let the ledger have so much to pay premiums with."""
        self.token.mint(self.ledger, amount, sender=self.stranger)
        self.ledger.set_reserve(amount * CASH_PER_UNIT, sender=self.governor)

    def earn(self, amount: int) -> None:
        """Let stakes earn a premium of so much, however long it takes."""
        if amount == 0:
            return
        self.fund.set_premium(MAX_PREMIUM, sender=self.governor)
        self.fill_reserve(amount)
        seconds = amount * YEAR * 10**6 // (self.assets * MAX_PREMIUM) + 1
        chain.mine(timestamp=chain.pending_timestamp + seconds)
        before = self.assets
        self.fund.accrue(sender=self.stranger)
        assert self.assets == before + amount
        self.fund.set_premium(0, sender=self.governor)

    def draw(self, tokens: int, account: int = DEFAULTER) -> ReceiptAPI:
        """Draw the worth of so many token units."""
        return self.fund.draw(account, tokens * CASH_PER_UNIT, sender=self.governor)

    def restore(self, tokens: int, account: int = DEFAULTER) -> ReceiptAPI:
        """Give back what a default has cost, out of fresh tokens."""
        self.token.mint(self.ledger, tokens, sender=self.stranger)
        return self.ledger.restore_stakers(self.fund, account, tokens, sender=self.stranger)

    def claim(self, draw: int, who: TestAccountAPI) -> int:
        """Let a stranger claim for `who`; return the token units that they got."""
        before = self.token.balanceOf(who)
        self.fund.claim(draw, who, sender=self.stranger)
        return self.token.balanceOf(who) - before

    def worth(self, who: TestAccountAPI) -> int:
        """Token units that all shares of `who` are worth."""
        return self.fund.convertToAssets(self.fund.balanceOf(who))

    def open_window(self, who: TestAccountAPI, shares: int) -> None:
        """Request and wait for the cooldown."""
        self.fund.request_redeem(shares, sender=who)
        wait_until(self.fund.request_of(who).ready_at)

    def leave(self, who: TestAccountAPI) -> int:
        """Request, wait and redeem everything; return the token units received."""
        shares = self.fund.balanceOf(who)
        self.open_window(who, shares)
        before = self.token.balanceOf(who)
        self.fund.redeem(shares, who, who, sender=who)
        return self.token.balanceOf(who) - before


def wait_until(timestamp: int) -> None:
    """Let the next transaction and the views before it happen at `timestamp`, or just after."""
    chain.mine(timestamp=timestamp)
