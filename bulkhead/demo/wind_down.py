"""The wind-down: a hole that nobody can fill, and everybody paid the same share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from bulkhead.books import Header, conservation_error
from bulkhead.demo.node import Contract, Log, Row
from bulkhead.demo.people import Person
from bulkhead.demo.replay import Replay
from bulkhead.fixed_point import PPM, cash, wad
from bulkhead.report import DemoRecord, Redemption, RedemptionRecord
from bulkhead.report.text import usd

WINDING_DOWN = 1  # phase of the ledger
BATCH = 100  # accounts per call of convert_positions
WORTH_A_WORD = Decimal("0.0001")  # of a token
ROUNDS = 20  # of redemptions, at most


@dataclass
class WindDown(Replay):
    """A replay that ends as soon as anybody may end it."""

    played: int = 0
    error: Decimal = Decimal(0)
    paid: dict[int, list[Log]] = field(default_factory=lambda: defaultdict(list))
    redemption: Redemption | None = None
    taken: dict[int, Any] = field(default_factory=dict)  # rows with what was paid for equity

    def _play(self) -> None:
        """Replay until the hole is too deep, then settle, prove, redeem."""
        self.chance = Random(self.seed + 2)
        self.venue.node.listeners.append(self._listen)
        for step in range(len(self.series) - 1):
            self._step(step)
            self.played = step + 2
            if self._begun():
                self._settle_markets(step + 1)
                self._prove(step + 1)
                self._redeem()
                return
        self._settle()

    # Until it begins ----------------------------------------------------------------------------

    def _look(self) -> None:
        super()._look()
        ledger = self.venue.contracts["Clearinghouse"]
        terms = self.venue.deployment.config.wind_down
        names = "hole", "negative_cash", "wind_down_due"
        hole, owed, due = (self.venue.read("Clearinghouse", name) for name in names)
        is_deep = hole * PPM > (self._held() + owed + hole) * terms.hole_share.ppm
        is_deep = is_deep and hole > terms.hole_floor.wad
        if is_deep and self.venue.node.time >= due and not self._begun():
            self.venue.node.add(self._stranger().address, ledger, "begin_wind_down")
            self.venue.node.mine(must_pass=True)

    def _trouble(self) -> bool:
        return not self._begun() and super()._trouble()

    def _begun(self) -> bool:
        return bool(self.venue.read("Clearinghouse", "phase") >= WINDING_DOWN)

    def _held(self) -> int:
        """Settlement tokens of the ledger, WAD cash."""
        ledger = self.venue.contracts["Clearinghouse"].address
        units = Decimal(self._balance(ledger))
        return wad(units.scaleb(-self.venue.decimals(self.venue.cash_symbol)))

    def _stranger(self, account: int = 0) -> Person:
        """Somebody to whom an account does not belong."""
        return self.chance.choice([p for p in self.cast.traders if p.account != account])

    # Settlement and proofs ----------------------------------------------------------------------

    def _settle_markets(self, step: int) -> None:
        """Settle every market at the next price, and turn positions into cash for a reward."""
        node, ledger = self.venue.node, self.venue.contracts["Clearinghouse"]
        self.venue.publish(self.series, step)
        node.mine(self.next_step, must_pass=True)
        people = self.cast.people
        for market in self.venue.deployment.markets.values():
            node.add(self._stranger().address, ledger, "settle_market", market)
        node.mine(must_pass=True)
        for market in self.venue.deployment.markets.values():
            for start in range(0, len(people), BATCH):
                batch = [person.account for person in people[start : start + BATCH]]
                helper = self._stranger()
                node.add(helper.address, ledger, "convert_positions", market, batch, helper.account)
        node.mine()
        self._picture(step)

    def _prove(self, step: int) -> None:
        """Prove every deficit for its reward; begin the redemption when proofs are over."""
        node, contracts = self.venue.node, self.venue.contracts
        headers = self._headers()
        provers = [person for person, header in headers if header.cash > 0]
        for person, header in headers:
            if header.cash < 0:
                prover = self.chance.choice(provers)
                node.add(
                    prover.address, contracts["DefaultManager"], "prove_deficit",
                    person.account, prover.account,
                )  # fmt: skip
        node.mine(must_pass=True)
        self._picture(step)
        ends = self.venue.read("Clearinghouse", "proofs_end")
        self.venue.publish(self.series, step)
        node.mine(ends + 1, must_pass=True)
        people = [person.account for person in self.cast.people]
        self.error = conservation_error(self.venue.deployment, people)
        node.add(self._stranger().address, contracts["Clearinghouse"], "begin_redemption")
        node.mine(must_pass=True)
        self._picture(step)

    def _picture(self, step: int) -> None:
        self._survey()
        later = self.venue.node.time - self.recorder.offset
        self.recorder.picture(max(later, self.recorder.steps[-1].time + 1), self.rows, last=True)
        self.progress(step + 1, self._news())

    # Redemption ---------------------------------------------------------------------------------

    def _redeem(self) -> None:
        """Let strangers pay everybody out, in random order, once nothing is kept back any more;
        then the funds pay theirs."""
        node, ledger = self.venue.node, self.venue.contracts["Clearinghouse"]
        node.mine(
            max(self.venue.read("Clearinghouse", "kept_until"), node.time + 1), must_pass=True
        )
        self._pay_out()
        calls = [(ledger, "cash_given", (person.account,)) for person in self.cast.people]
        received = node.read_many(calls)
        left = sum(
            (header.cash > 0 and not paid) or header.collateral_bitmap != 0
            for (_, header), paid in zip(self._headers(), received, strict=True)
        )
        for market in self.venue.deployment.markets.values():
            node.add(self._stranger().address, ledger, "collect_fees", market)
        node.mine(must_pass=True)
        funds = list(self._leave_funds())
        pot, claims = (cash(self.venue.read("Clearinghouse", name)) for name in ("pot", "claims"))
        accounts = [self._redeemed(person) for person in self.cast.people]
        given = sum((record.paid + record.to_fund for record in accounts), Decimal(0))
        self.redemption = Redemption(
            pot, claims, pot - given, left, accounts, funds,
            int(self.recorder.totals["proofs"]), self.recorder.totals["rewards"],
        )  # fmt: skip
        self.taken = {person.account: self._row(person) for person in self.cast.people}
        time = self.recorder.steps[-1].time + 1
        self.recorder.picture(max(node.time - self.recorder.offset, time), self.taken, last=True)

    def _pay_out(self) -> None:
        """Redeem every account, and again: what some repay for a default raises what others are
        due."""
        node, ledger = self.venue.node, self.venue.contracts["Clearinghouse"]
        for _ in range(ROUNDS):
            held = [
                person for person, header in self._headers()
                if header.cash > 0 or header.collateral_bitmap
            ]  # fmt: skip
            self.chance.shuffle(held)
            for person in held:
                helper = self._stranger(person.account)
                node.add(helper.address, ledger, "redeem", person.account, person.address)
            if not any(receipt.ok for receipt in node.mine()):
                return

    def _row(self, person: Person) -> Row:
        """An account as it has ended: its equity is what its owner was paid, collateral too."""
        logs, done = self.paid[person.account], self.venue.deployment
        worth = sum((self.venue.in_cash(log.tokens) for log in logs), Decimal(0))
        for listed in done.config.collateral:
            index = done.collaterals[listed.symbol]
            units = sum(log.collateral[index] for log in logs)
            worth += Decimal(units).scaleb(-listed.decimals) * self.venue.prices[listed.asset]
        return Row({**vars(self.rows[person.account]), "equity": wad(worth)})

    def _leave_funds(self) -> Iterator[RedemptionRecord]:
        """Let stakers and members take what is theirs; their claim is what they put in."""
        node, contracts = self.venue.node, self.venue.contracts
        insurance, members = contracts["InsuranceFund"], contracts["DefaultFund"]
        for number, (key, stake) in enumerate(self.cast.stakers, 1):
            shares = self.venue.read("InsuranceFund", "maxRedeem", key.address)
            before = self._balance(key.address)
            self._claim(insurance, key.address)
            if shares:
                node.add(key.address, insurance, "redeem", shares, key.address, key.address)
                node.mine(must_pass=True)
            yield self._left(f"staker-{number}", key.address, stake, before)
        labels = {person.address: person.label for person in self.cast.people}
        for number, (key, contribution) in enumerate(self.cast.members, 1):
            label = labels.get(key.address, f"member-{number}")
            before = self._balance(key.address)
            self._claim(members, key.address)
            worth = [self.venue.read("DefaultFund", "shares_of", key.address, t) for t in (0, 1)]
            if any(worth):
                node.add(key.address, members, "exit", key.address)
                node.mine(must_pass=True)
            yield self._left(f"{label}, member", key.address, 2 * contribution, before)

    def _claim(self, fund: Contract, holder: str) -> None:
        """Let somebody take their part of what was paid back for what their stake had lost."""
        node = self.venue.node
        draws = range(1, node.read(fund, "draw_count") + 1)
        parts = node.read_many([(fund, "claimable", (draw, holder)) for draw in draws])
        for draw, part in zip(draws, parts, strict=True):
            if part:
                node.add(holder, fund, "claim", draw, holder)
        if node.queue:
            node.mine(must_pass=True)

    def _left(self, label: str, address: str, put_in: Decimal, before: int) -> RedemptionRecord:
        units = self._balance(address) - before
        paid = self.venue.in_cash(units)
        if self.say is not None:
            self.say(f"{' ' * 14}{label} put in {usd(put_in)} and takes {usd(paid)}")
        return RedemptionRecord(label, put_in, paid)

    def _balance(self, address: str) -> int:
        token = self.venue.tokens[self.venue.cash_symbol]
        return int(self.venue.node.read(token, "balanceOf", address))

    def _listen(self, log: Log) -> None:
        if log.name == "Redeemed":
            self.paid[log.account].append(log)

    def _headers(self) -> list[tuple[Person, Header]]:
        ledger = self.venue.contracts["Clearinghouse"]
        people = self.cast.people
        words = self.venue.node.read_many([(ledger, "headers", (p.account,)) for p in people])
        return [(person, Header.of(word)) for person, word in zip(people, words, strict=True)]

    def _redeemed(self, person: Person) -> RedemptionRecord:
        logs = self.paid[person.account]
        if not logs:
            return RedemptionRecord(person.label, Decimal(0), Decimal(0))
        tokens = []
        for symbol, index in self.venue.deployment.collaterals.items():
            units = sum(log.collateral[index] for log in logs)
            amount = Decimal(units).scaleb(-self.venue.decimals(symbol))
            if amount >= WORTH_A_WORD:
                tokens.append(f"{amount:.4f} {symbol}")
        return RedemptionRecord(
            person.label,
            cash(logs[-1].claim),
            self.venue.in_cash(sum(log.tokens for log in logs)),
            ", ".join(tokens),
            self.venue.in_cash(sum(log.repaid for log in logs)),
        )

    # Counting -----------------------------------------------------------------------------------

    def _conservation(self) -> Decimal:
        """The law before the redemption, and after it: what is left of the pot is dust."""
        end = self.redemption
        if end is None:
            return super()._conservation()
        # Each payout is rounded down to a unit of the token.
        most = Decimal(len(end.accounts)).scaleb(-self.venue.decimals(self.venue.cash_symbol))
        off = max(-end.dust, end.dust - most, Decimal(0))
        return max(self.error, off)

    def _record(self, seconds: float) -> DemoRecord:
        record, end = super()._record(seconds), self.redemption
        if end is None:
            return record
        summary: Any = replace(
            record.summary,
            steps=self.played,
            redeemed=sum((row.paid for row in end.accounts), Decimal(0)),
            claims=end.claims,
            redemption_factor=end.factor,
            unredeemed=end.left,
        )
        accounts = self.recorder.accounts(self.taken)
        return replace(record, summary=summary, accounts=accounts, redemption=end)
