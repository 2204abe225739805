"""What a program came to: the player's gain, and what strangers lost, both beyond prices.

What a price jump gives is the change of the player's wealth across the jump itself, each time as if
keepers had then ended all insolvencies at once. So a gap beyond an account's margin is no gain: the
rules let it be left behind. A gain is only what moves and time add between jumps, less what the
rules pay for work on strangers' accounts (discounts of auctions, rewards) and for stakes
(premiums).

Two things the rules leave open, and bound; they are counted as allowed. Who moves between a jump
and its recognition chooses who is there when a deficit is paid, not how large it is: so much is
allowed as gaps have put accounts below 0. And feeds may stand apart: so much as they do is allowed
of the notional of accounts while the player moves them; in a wind-down only while they are valid.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from verification.attacks.referee import attempt, debt_of
from verification.attacks.search.moves import MOVES, Step
from verification.attacks.search.reader import Reader
from verification.attacks.search.ring import LIQUIDATIONS, MARKETS, Ring
from verification.attacks.steps import DAY
from verification.attacks.versions import (
    charge_allowed,
    claimable,
    counts_allowances,
    day_average,
    limit_used,
    locked,
    premiums,
    rewards,
    window,
)
from verification.engine.evm import Reverted
from verification.engine.world import WAD

UNIT = 10**12  # WAD cash of a unit of the settlement token
LOWEST, HIGHEST = 0.4, 2.2  # of the first price: further away no price goes
HELD = 100_000  # notional of a passive stranger's position at the opening
ROUNDED = 10.0  # what estimates of averages and charges may be off, cash
MEMBER_THRESHOLD = 250_000
# By which feeds may stand apart and be valid; by which moves put them apart at most: who is
# insolvent at both answers is torn up at the better one.
TILTING = {"tilt": 0.02, "doubt": 0.03, "report_doubt": 0.03}
PAID = ("bid", "call", "recognise", "take_over", "open_auction", "tear_up")


@dataclass
class Result:
    """What a program came to, cash.

    Attributes:
        gain: The player's, beyond prices and pay.
        harm: What strangers lost, by how; see `Judge.harm`.
        moves: Moves made.
        done: Moves that were let through.
        days: Time that passed.
        lead: Harm that is allowed, but leads to more, cash.
        kinds: Names of moves that were let through.
    """

    gain: float = 0.0
    harm: dict[str, float] = field(default_factory=dict)
    moves: int = 0
    done: int = 0
    days: float = 0.0
    lead: float = 0.0
    kinds: set[str] = field(default_factory=set)


class Judge:
    """Plays a program in a ring and counts."""

    def __init__(self, ring: Ring, with_harm: bool = True, is_strict: bool = False) -> None:
        """Watch a ring."""
        self.ring, self.with_harm = ring, with_harm
        self.people = list({id(person): person for person, _ in ring.mine}.values())
        self.own = frozenset(account for _, account in ring.mine)
        done, chain = ring.arena.deployment, ring.arena.chain
        self.usdc, self.weth = done.tokens["USDC"], done.tokens["WETH"]
        self.ledger, self.manager = done.clearinghouse, done.default_manager
        self.insured, self.members = done.insurance_fund, done.default_fund
        self.pay = (self.manager.Bid, "discount"), (self.manager.RemainderSold, "discount")
        self.rewards = rewards(ring.arena)
        self.has_allowances = counts_allowances(ring.arena)
        self.is_strict = is_strict
        self._cash_of = Reader(chain, self.usdc, "balanceOf")
        self._coins_of = Reader(chain, self.weth, "balanceOf")
        self._shares_of = Reader(chain, self.insured, "balanceOf")
        self._worth_of = Reader(chain, self.insured, "convertToAssets")
        self._value_of = Reader(chain, self.members, "value_of")
        self._hole = Reader(chain, self.ledger, "hole")
        self._phase = Reader(chain, self.ledger, "phase")
        self._collateral = Reader(chain, self.ledger, "collateral")
        self.has_claims = hasattr(self.insured, "draw_count")
        self._opening: tuple[int, dict[tuple[int, int], int]] | None = None
        self._known: int | None = None
        self._first_spans: dict[str, tuple[float, float, float, float]] | None = None

    # Playing --------------------------------------------------------------------------------------

    def play(self, steps: list[Step]) -> Result:
        """Play a program from the opening."""
        ring, result = self.ring, Result()
        ring.begin()
        self.given = self.earned = self.gaps = self.tolerated = 0
        self.margins: dict[int, int] = {}
        self.fled = 0
        self.moved: set[str] = set()
        self.tilt = 0.0
        self.span = {asset: list(ends) for asset, ends in self._spans().items()}
        self._begin()
        first = self._known
        start = ring.arena.chain.pending_timestamp
        for step in steps:
            result.moves += 1
            if self.perform(step):
                result.done += 1
                result.kinds.add(step[0])
                if step[0] != "jump":
                    self._known = None
        last = self.standing()
        result.gain = (last - first - self.given - self.earned) / WAD
        if self.has_allowances and not self.is_strict and result.gain > 0:
            result.gain = max(result.gain - (self.gaps + self.tolerated) / WAD, 0.0)
        result.days = (ring.arena.chain.pending_timestamp - start) / DAY
        if self.with_harm:
            self.harm(result)
        return result

    def _begin(self) -> None:
        """Know how the opening stands; it is looked at once."""
        if self._opening is None:
            self._known = None
            self._first = (self._phase(), self._settled(), self._held_by_funds())
            self._opening = self.standing(), self._passive()
        self._known = self._opening[0]
        self.phase, self.settled, self.drawn = self._first
        self.expected = dict(self._opening[1])

    def perform(self, step: Step) -> bool:
        """Do a step; return whether it was let through."""
        name, arguments = step
        ring, entry = self.ring, MOVES[name]
        if name == "jump":
            return self._jump(*arguments)
        if entry.theme == "funds":
            self._note_premium()
        outside = self._outside() if entry.theme == "money" and self.margins else 0
        try:
            receipt = entry.act(ring, *arguments)
        except (Reverted, OverflowError):
            return False
        if name in PAID and receipt:
            self._note_pay(arguments[0], receipt)
        if entry.theme == "money" and self.margins:
            self._note_flight(name, arguments, receipt, self._outside() - outside)
        if name == "wait":
            self.margins = {}
        if ring.off and name in TILTING and (name == "tilt" or not self._phase()):
            self.tilt = max(self.tilt, TILTING[name])
        if self.tilt:
            self.tolerated = max(self.tolerated, int(self._notional() * self.tilt))
        return True

    def _jump(self, asset: str, percent: int) -> bool:
        ring = self.ring
        after = float(ring.arena.real[asset]) * (1 + percent / 100) / ring.first[asset]
        if not LOWEST < after < HIGHEST:
            return False
        mine, theirs = self.standing(), self._passive() if self.with_harm else {}
        self.margins = {account: self._own_money(account) for account in self.own}
        lacked = self._lacked()
        MOVES["jump"].act(ring, asset, percent)
        self.gaps += max(self._lacked() - lacked, 0)
        self._known = None
        low, high, fallen, risen = self.span[asset]
        price = ring.mark(asset)
        low, high = min(low, price), max(high, price)
        self.span[asset] = [low, high, max(fallen, high - price), max(risen, price - low)]
        self.given += self.standing() - mine
        now = self._passive() if theirs else {}
        for key, before in theirs.items():
            self.expected[key] += now[key] - before
        self.moved.add(asset)
        return True

    def _own_money(self, account: int) -> int:
        """Return what an account has before a jump, WAD: its equity, or its cash but for what was
        won lately, if that is more. (A loss that a jump takes back was the other side's profit, not
        cash of anybody's: that cash was never won.)"""
        cash = self.ring.arena.cash(account)
        return max(self.equity(account), cash - locked(self.ring.arena, account), 0)

    def _lacked(self) -> int:
        """Return by how much accounts are below 0 together, WAD."""
        ring = self.ring
        accounts = (account for _, account in (*ring.mine, *ring.debtors))
        return sum(max(-self.equity(account), 0) for account in accounts)

    def _notional(self) -> float:
        """Return what the accounts that may gain or lose by a tilt have of positions and
        collateral, WAD."""
        ring, total = self.ring, 0.0
        for _, account in (*ring.mine, *ring.debtors):
            total += self._collateral(account, 0) * ring.mark("ETH")
            for asset, market in MARKETS.items():
                total += abs(ring.shares(account, market)) * ring.mark(asset)
        return total

    def _outside(self) -> int:
        """Return the cash in the player's wallets, WAD."""
        return sum(self._cash_of(person.address) for person in self.people) * UNIT

    def _note_flight(self, name: str, arguments: tuple[Any, ...], receipt: Any, out: int) -> None:
        """Count what leaves an account beyond what it had before the last jump, while another
        account of the player's is insolvent and no keeper has looked."""
        account = self.ring.target(arguments[0])[1]
        if name == "transfer":
            other = self.ring.target(arguments[1])[1]
            moved = receipt.events.filter(self.ledger.Transferred)[0].amount
            moved = min(moved, self.margins.get(account, 0))  # own money goes first
            self.margins[account] = self.margins.get(account, 0) - moved
            self.margins[other] = self.margins.get(other, 0) + moved
        elif name == "withdraw" and account in self.margins:
            self.fled += max(out - self.margins[account], 0)
            self.margins[account] = max(self.margins[account] - out, 0)
        elif name == "deposit" and account in self.margins:
            self.margins[account] -= out

    def _note_premium(self) -> None:
        """Count the premium that is due to the player's stakes: published pay for cover and time.
        A step that changes a fund asks for it."""
        people = [person.address for person in self.people]
        if not any(map(self._shares_of, people)) and not self.ring.has_members:
            return
        chain = self.ring.arena.chain
        before, checkpoint = self._staked(people), chain.snapshot()
        attempt(premiums, self.ring.arena)
        self.earned += self._staked(people) - before
        chain.restore(checkpoint)

    def _staked(self, people: list[str]) -> int:
        """Return what stakes are worth, WAD."""
        total = 0
        for address in people:
            if shares := self._shares_of(address):
                total += self._worth_of(shares) * UNIT
            if self.ring.has_members:
                total += self._value_of(address, 0) + self._value_of(address, 1)
        return total

    def _spans(self) -> dict[str, tuple[float, float, float, float]]:
        """Return of each asset the least and the greatest price that the average of a day may be
        near, and the most that the price was below the one and above the other; at the opening."""
        if self._first_spans is None:
            self._first_spans = {}
            for asset, market in MARKETS.items():
                first = self.ring.mark(asset)
                average = day_average(self.ring.arena, market) or first
                low, high = min(first, average), max(first, average)
                self._first_spans[asset] = (low, high, high - first, first - low)
        return self._first_spans

    def _note_pay(self, number: int, receipt: Any) -> None:
        """Count what the rules pay for work on a stranger's account."""
        ring = self.ring
        account = ring.target(number)[1]
        if account in self.own:
            return
        with suppress(AttributeError):
            for event, name in self.pay:
                self.earned += sum(getattr(one, name) for one in receipt.events.filter(event))
            for event in self.rewards:
                self.earned += sum(one.reward for one in receipt.events.filter(event))

    # Wealth ---------------------------------------------------------------------------------------

    def standing(self) -> int:
        """Return the player's wealth, WAD, as if insolvencies were ended and feeds agreed."""
        if self._known is not None:
            return self._known
        ring, chain = self.ring, self.ring.arena.chain
        checkpoint, off = chain.snapshot(), set(ring.off)
        ring.agree()
        bad = [a for _, a in (*ring.mine, *ring.debtors) if self._is_bad(a)]
        if bad and not self._phase():
            ring.resolve(bad)
        if ring.has_members or any(self._shares_of(person.address) for person in self.people):
            ring.collect()  # the player's part of fees is the player's
        self._known = self.wealth()
        chain.restore(checkpoint)
        ring.off = off
        return self._known

    def _is_bad(self, account: int) -> bool:
        word = self.ring.header(account)
        has_risk = word >> 100 & 0x7FF or word >> 99 & 1  # a position, or cash below 0
        return bool(has_risk) and (word >> 218 & 3 == 3 or self.ring.equity(account) <= 0)

    def wealth(self) -> int:
        """Return what the player has, WAD: cash in a house with a hole counts its share."""
        ring, eth = self.ring, int(self.ring.arena.real["ETH"] * WAD)
        total = 0
        hole = self._hole()
        held = self._cash_of(self.ledger.address) * UNIT if hole else 0
        phase = self._phase()
        for _, account in ring.mine:
            equity = ring.equity(account)
            if equity <= 0:
                continue
            if ring.header(account) >> 221 & 1:
                equity = max(equity - int(debt_of(ring.arena, account) * WAD), 0)
            if held:
                coins = self._collateral(account, 0) * eth // WAD
                exposed = max(equity - coins, 0)
                equity -= exposed - exposed * held // (held + hole)
            total += equity
        if phase == 2:
            total = total * self.ledger.pot() // max(self.ledger.claims(), 1)
        for person in self.people:
            address = person.address
            total += self._cash_of(address) * UNIT
            total += self._coins_of(address) * eth // WAD
            if shares := self._shares_of(address):
                total += self._worth_of(shares) * UNIT
            if self.has_claims:
                total += claimable(ring.arena, person) * UNIT
            if ring.has_members:
                total += self._value_of(address, 0) + self._value_of(address, 1)
        return total

    # Harm -----------------------------------------------------------------------------------------

    def equity(self, account: int) -> int:
        """Return an account's equity, WAD."""
        return self.ring.equity(account)

    def _passive(self) -> dict[tuple[int, int], int]:
        """Return what the passive strangers have, at feeds that agree."""
        ring, chain = self.ring, self.ring.arena.chain
        if not ring.off:
            return {key: self.equity(account) for key, account in ring.passive.items()}
        checkpoint, off = chain.snapshot(), set(ring.off)
        ring.agree()
        found = {key: self.equity(account) for key, account in ring.passive.items()}
        chain.restore(checkpoint)
        ring.off = off
        return found

    def _settled(self) -> set[int]:
        return {market for market in MARKETS.values() if self.ledger.settled_prices(market)}

    def _held_by_funds(self) -> int:
        return sum(self.usdc.balanceOf(fund) for fund in (self.insured, self.members))

    def harm(self, result: Result) -> None:
        """Count what strangers lost: on trial, with feeds that agree."""
        ring, chain = self.ring, self.ring.arena.chain
        checkpoint, off = chain.snapshot(), set(ring.off)
        ring.agree()
        harm = result.harm
        fresh = self._settled() - self.settled
        if fresh and self.phase == 0 and not self.ledger.phase():
            harm["settled"] = 100_000.0 * len(fresh)
        if self.phase == 0 and self.ledger.phase() and self.ledger.hole() < 1_000 * WAD:
            harm["ended"] = 100_000.0
        if window(ring.arena) and ring.opening in ("funds", "defaulter"):
            used = float(limit_used(ring.arena))
            drawn = max(self.drawn - self._held_by_funds(), 0) / 10**6
            harm["limits"] = max(used - drawn - 1, 0.0)
        if self.has_allowances:
            harm["fled"] = min(self.fled, self.gaps) / WAD
        if ring.opening in ("funds", "defaulter"):
            harm["exit"] = self._locked_in()
        harm["stuck"] = self._stuck()
        harm["contribution"] = self._avoided()
        if ring.saver:
            harm["cash"] = self._lacking()
        self._charged(result)
        chain.restore(checkpoint)
        ring.off = off

    def _charged(self, result: Result) -> None:
        """What passive strangers lost in each market beyond prices, once insolvencies are over."""
        ring, harm = self.ring, result.harm
        bad = [a for _, a in (*ring.mine, *ring.debtors) if self._is_bad(a)]
        if bad and not self._phase():
            ring.resolve(bad)
        for asset, market in MARKETS.items():
            if self.ledger.settled_prices(market):
                continue
            kind = "charged, moved" if asset in self.moved else "charged, still"
            _, high, fallen, risen = self.span[asset]
            for side in (1, -1):
                moved = risen if side > 0 else fallen
                allowed = charge_allowed(ring.arena, moved, high) * HELD / ring.first[asset]
                if account := ring.passive.get((market, side)):
                    lost = (self.expected[market, side] - self.equity(account)) / WAD
                    lost /= 1 + result.days  # what was charged fades
                    result.lead += max(lost, 0.0)
                    if asset in self.moved or not window(ring.arena):
                        lost -= allowed + ROUNDED
                    harm[kind] = max(harm.get(kind, 0.0), lost)

    def _locked_in(self) -> float:
        """A stranger in an open window: what cannot leave, cash."""
        person, until = self.ring.arena.people["staker"], self.ledger.paused_until(LIQUIDATIONS)
        request, now = self.insured.request_of(person), self.ring.arena.chain.pending_timestamp
        if not request.shares or not request.ready_at <= now < request.lapses_at:
            return 0.0
        if until + DAY > now:
            return 0.0
        worth = self.insured.convertToAssets(request.shares) / 10**6
        if attempt(self.insured.redeem, request.shares, person, person, sender=person):
            return 0.0
        return worth

    def _stuck(self) -> float:
        """Accounts in auction between MM and target that can neither reduce nor be sold."""
        ring, target = self.ring, self.manager.terms().target
        stuck = 0.0
        for person, account in (*ring.mine, *ring.debtors):
            if self.ledger.headers(account) >> 218 & 3 != 2:
                continue
            equity, _, maintenance = ring.margin(account)
            if not maintenance <= equity < maintenance * target // 10**6:
                continue
            for asset, market in MARKETS.items():
                size = ring.shares(account, market)
                half = -(size // 2)
                if not half:
                    continue
                if attempt(ring.with_market, (person, account), half, asset):
                    continue
                if attempt(self.manager.bid, account, WAD, ring.purse, 1, sender=person):
                    continue
                keeper = ring.arena.people["keeper"]
                if not attempt(self.manager.cure, account, sender=keeper):
                    stuck += abs(size) / WAD * ring.mark(asset)
        return stuck

    def _avoided(self) -> float:
        """Contributions that one account of the same size would be asked for, and these are not;
        where a price has moved nobody is asked before the next fill."""
        ring = self.ring
        if self.moved:
            return 0.0
        rate = self.members.terms().contribution_rate / 10**6
        avoided = 0.0
        for person in self.people:
            initial = sum(
                ring.margin(account)[1] for owner, account in ring.mine if owner is person
            )
            if initial > MEMBER_THRESHOLD * WAD:
                asked = self.members.required(person) / WAD
                avoided += max(initial / WAD * rate - asked, 0)
        return avoided

    def _lacking(self) -> float:
        """What a saver cannot withdraw although no one owes beyond the grace of debts, cash."""
        ring, arena = self.ring, self.ring.arena
        if self.ledger.hole() or self.ledger.phase():
            return 0.0
        person = arena.people["victim"]
        arena.chain.mine(3 * DAY)
        ring.agree(all_of_them=True)
        for _, account in (*ring.mine, *ring.debtors):
            self._cover(account)
        arena.chain.mine(3 * DAY)
        ring.agree(all_of_them=True)
        for _, account in (*ring.mine, *ring.debtors):
            self._cover(account)
        units = max(arena.cash(ring.saver), 0) // UNIT
        held = self.usdc.balanceOf(self.ledger)
        if units <= held or attempt(
            self.ledger.withdraw, ring.saver, self.usdc, units, person, sender=person
        ):
            return 0.0
        return (units - held) / 10**6

    def _cover(self, account: int) -> None:
        owed = -self.ring.arena.cash(account)
        if owed <= 0:
            return
        payer = self.ring.arena.people["keeper"]
        units = -(-owed // UNIT)
        self.ring.arena.fund(payer, "USDC", units / 10**6 + 1)
        token = self.weth
        attempt(self.ledger.cover_shortfall, account, token, units, 0, payer, sender=payer)
