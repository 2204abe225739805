"""Anvil and the engine in process do the same: one random script on both, compared step by step.

The same people with the same keys act on two deployments at the same addresses and at the same
times. After each step the answer, or the reason of the refusal, and every log must be equal byte by
byte; at the end every word of storage that was touched, balances of tokens among it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

import pytest

from bulkhead.config import load_config
from bulkhead.deployment import deploy
from verification.engine import reverts as anvil
from verification.engine.evm import ROOT, Contract, PyrevmChain, Receipt, Reverted
from verification.engine.world import BTC, CROSS, ETH, FIRST_PRICES, NEVER, WAD, World, wad

STEPS = 100
PEOPLE = 6
CASH = 50_000 * 10**6  # units each person starts with
STEP = 60  # seconds between the steps
# What a script must have done to be worth the comparison.
NEEDED = {"fill", "withdraw", "call_margin", "open_auction", "bid", "tear_up", "accrue_funding"}

# How the engine's journal shows an account, and a word of its storage.
ACCOUNT = re.compile(r"(0x[0-9a-f]{40}): Account \{ info")
SLOT = re.compile(
    r"[{ ](\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}"
)


class Twin(PyrevmChain):
    """The engine in process, retracing what Anvil has mined.

    The n-th transaction happens at the time of Anvil's, and the deployer's nonce counts calls as it
    does there, so that addresses are the same.
    """

    def __init__(self, deployer: str, chain_id: int, nonce: int, times: Iterator[int]) -> None:
        """Begin with the deployer's nonce, to deploy at these times."""
        super().__init__(deployer=deployer, chain_id=chain_id)
        self.times = times
        for _ in range(nonce):
            self._count()

    def deploy(self, name: str, *args: Any) -> Contract:
        """Deploy when Anvil did."""
        self.at(next(self.times))
        return super().deploy(name, *args)

    def send(self, contract: Contract, function: str, *args: Any) -> Receipt:
        """Call a function when Anvil did."""
        self.at(next(self.times))
        receipt = super().send(contract, function, *args)
        self._count()
        return receipt

    def at(self, time: int) -> None:
        """Set the clock."""
        self.mine(time - self.pending_timestamp)

    def _count(self) -> None:
        self.evm.deploy(self.deployer, b"")


class Disagreement(AssertionError):
    """The engines did not do the same."""


class Outcome(NamedTuple):
    """What a call did: its answer or the reason of its refusal, and its logs."""

    accepted: bool
    answer: str
    logs: list[tuple[str, list[str], str]]


class Pair:
    """The two engines with the same clearinghouse."""

    def __init__(self, world: World, twin: Twin, deployed: dict[str, Any]) -> None:
        """Hold both."""
        self.world = world
        self.twin = twin
        self.deployed = deployed
        self.time = world.chain.pending_timestamp
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def do(self, function: Any, *args: Any, sender: Any) -> Outcome:
        """Call a function on both engines; they must agree."""
        name = function.abis[0].name
        data = bytes(function.encode_input(*args))
        self.time += STEP
        self.world.chain.pending_timestamp = self.time
        on_anvil = self._on_anvil(function, args, sender)
        self.twin.at(self.time)
        in_process = self._in_process(str(function.contract.address), data, str(sender.address))
        if in_process != on_anvil:
            raise Disagreement(f"{name}: {in_process} in process, {on_anvil} on Anvil")
        (self.accepted if on_anvil.accepted else self.refused)[name] += 1
        return on_anvil

    def _on_anvil(self, function: Any, args: tuple, sender: Any) -> Outcome:
        try:
            data = function.encode_input(*args)
            answer = anvil.dry_run(function.contract.address, data, sender)
        except anvil.Reverted as refused:
            receipt = anvil.send(function, *args, sender=sender)
            assert receipt["status"] == "0x0"
            return Outcome(False, refused.reason, [])
        receipt = anvil.send(function, *args, sender=sender)
        assert receipt["status"] == "0x1"
        logs = [(log["address"].lower(), log["topics"], log["data"]) for log in receipt["logs"]]
        return Outcome(True, answer.hex(), logs)

    def _in_process(self, target: str, data: bytes, sender: str) -> Outcome:
        try:
            answer = self.twin.call(sender, target, data, is_view=False)
        except Reverted as refused:
            return Outcome(False, refused.reason, [])
        logs = [
            (address.lower(), ["0x" + topic.hex() for topic in topics], "0x" + rest.hex())
            for address, topics, rest in self.twin.logs()
        ]
        return Outcome(True, bytes(answer).hex(), logs)

    def storage_differences(self, names: Iterable[str]) -> list[str]:
        """Return the words that Anvil has otherwise, of all that the engine in process touched."""
        words = storage_in_process(self.twin)
        places = [
            (name, address, slot, value)
            for name in names
            for address in [str(self.deployed[name].address)]
            for slot, value in words[address.lower()].items()
        ]
        read = self.world.chain.provider.web3.eth.get_storage_at
        return [
            f"{name} {slot:#x}"
            for name, address, slot, value in places
            if int.from_bytes(read(address, slot), "big") != value
        ]


def storage_in_process(chain: PyrevmChain) -> dict[str, dict[int, int]]:
    """Return the words of all storage by address, as the engine's journal lists them."""
    parts = ACCOUNT.split(chain.evm.journal_str)
    return {
        address: {int(slot): int(value) for slot, value in SLOT.findall(account)}
        for address, account in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.fixture
def pair(project, accounts, admin, chain) -> Pair:
    """Both engines, deployed by the same code at the same addresses and times."""
    nonce, first = admin.nonce, chain.blocks.head.number + 1
    world = World.deploy(project, accounts, chain, ROOT / "config" / "local.yaml")
    mined = (chain.blocks[number].timestamp for number in range(first, len(chain.blocks)))
    twin = Twin(str(admin.address), chain.chain_id, nonce, iter(list(mined)))
    config = load_config(ROOT / "config" / "local.yaml")
    copy = deploy(twin, config, twin.deployer, FIRST_PRICES)
    for name, contract in world.deployment.contracts.items():
        assert copy.contracts[name].address == contract.address
    deployed = world.deployment.contracts | world.deployment.tokens
    return Pair(world, twin, deployed)


class Script:
    """Random steps of a small market, the same for the same seed."""

    def __init__(self, pair: Pair, seed: int) -> None:
        """Give everybody cash and an account; fill the funds a little."""
        self.pair, self.world, self.random = pair, pair.world, Random(seed)
        self.people = self.world.people.first(PEOPLE)
        self.admin = self.world.admin
        self.prices = {"ETH": 2_000.0, "BTC": 40_000.0}
        self.accounts = []
        ledger, usdc = self.world.clearinghouse, self.world.settlement
        funds = self.world.insurance_fund, self.world.default_fund
        for person in self.people:
            pair.do(usdc.mint, person, 2 * CASH, sender=self.admin)
            for spender in (ledger, *funds):
                pair.do(usdc.approve, spender, NEVER, sender=person)
            opened = pair.do(ledger.open_account, CROSS, 0, sender=person)
            self.accounts.append(int(opened.answer, 16))
            pair.do(ledger.deposit, self.accounts[-1], usdc, CASH, sender=person)
        staker, member, *_ = self.people
        pair.do(funds[0].deposit, 500 * 10**6, staker, sender=staker)
        pair.do(funds[1].deposit, 300 * 10**6, 100 * 10**6, sender=member)

    def run(self, steps: int) -> None:
        """Take random steps: mostly trades and prices, then whatever the rulebook offers."""
        actions = [self.trade] * 5 + [self.move] * 3 + [self.move_money] * 2 + [self.keep] * 8
        for _ in range(steps):
            self.random.choice(actions)()

    def storm(self) -> None:
        """Let a trader fall into auction and be sold in part, fall on, and be torn up."""
        manager, ledger = self.world.default_manager, self.world.clearinghouse
        trader, maker, keeper = 2, 3, 4
        account, purse = self.accounts[trader], self.accounts[keeper]
        self.report("ETH")
        self.must(self.fill(maker, trader, 100, ETH, 2_000.0))
        self.prices["ETH"] = 1_530.0
        self.report("ETH")
        self.must(self.pair.do(manager.call_margin, account, purse, sender=self.people[keeper]))
        self.prices["ETH"] = 1_512.0
        self.report("ETH")
        self.must(self.pair.do(manager.open_auction, account, sender=self.people[keeper]))
        bid = manager.bid, account, WAD // 4, purse, 1
        self.must(self.pair.do(*bid, sender=self.people[keeper]))
        self.prices["ETH"] = 1_200.0
        self.report("ETH")
        self.must(self.pair.do(ledger.collect_fees, ETH, sender=self.people[keeper]))
        self.must(self.pair.do(manager.tear_up, [account], purse, sender=self.people[keeper]))
        person, token = self.people[maker], self.world.settlement
        withdrawal = ledger.withdraw, self.accounts[maker], token, 10**6, person
        self.must(self.pair.do(*withdrawal, sender=person))

    def must(self, outcome: Outcome) -> None:
        """Expect a step to be accepted."""
        assert outcome.accepted, outcome.answer

    def trade(self) -> None:
        """Let one fill an order of another, small or far too large."""
        maker, taker = self.random.sample(range(PEOPLE), 2)
        asset, market = self.random.choice([("ETH", ETH), ("BTC", BTC)])
        price = round(self.prices[asset] * self.random.uniform(0.995, 1.005), 2)
        notional = self.random.choice([100, 20_000, 100_000, 600_000])
        size = round(notional / price, 6) * self.random.choice([1, -1])
        self.fill(maker, taker, size, market, price)

    def fill(self, maker: int, taker: int, size: float, market: int, price: float) -> Outcome:
        """Let the taker gain `size` (signed) from the maker."""
        person, account = self.people[maker], self.accounts[maker]
        order = self.world.order(person, account, -size, price, market=market)
        return self.pair.do(
            self.world.exchange.fill,
            order.as_tuple(),
            self.world.sign(person, order),
            abs(wad(size)),
            self.accounts[taker],
            NEVER if size > 0 else 0,
            sender=self.people[taker],
        )

    def move(self) -> None:
        """Move a price; rarely only one of its two feeds follows."""
        asset = self.random.choice(list(self.prices))
        self.prices[asset] = round(self.prices[asset] * self.random.uniform(0.97, 1.03), 2)
        self.report(asset, 1 if self.random.random() < 0.05 else 2)

    def report(self, asset: str, count: int = 2) -> None:
        """Let the feeds of an asset answer its price."""
        terms = self.world.deployment.config.assets[asset]
        feeds = self.world.deployment.feeds[asset]
        for feed, setup in list(zip(feeds, (terms.primary, terms.secondary), strict=True))[:count]:
            units = round(self.prices[asset] * 100) * 10**setup.decimals // 100
            self.pair.do(feed.set, units, sender=self.admin)

    def move_money(self) -> None:
        """Deposit, withdraw, stake or pay."""
        who = self.random.randrange(PEOPLE)
        person, account = self.people[who], self.accounts[who]
        units = self.random.choice([1, 10**6, 10_000 * 10**6, 10**12])
        ledger, usdc = self.world.clearinghouse, self.world.settlement
        fund = self.world.insurance_fund
        call = self.random.choice(
            [
                (ledger.deposit, account, usdc, units),
                (ledger.withdraw, account, usdc, units, person),
                (ledger.transfer, account, self.accounts[who - 1], usdc, units),
                (fund.deposit, units, person),
                (fund.request_redeem, units),
                (self.world.default_fund.deposit, units, units),
                (ledger.repay, account, units),
            ]
        )
        self.pair.do(*call, sender=person)

    def keep(self) -> None:
        """Try what a keeper may do, on anybody."""
        keeper, victim = self.random.sample(range(PEOPLE), 2)
        account, purse = self.accounts[victim], self.accounts[keeper]
        manager, ledger = self.world.default_manager, self.world.clearinghouse
        call = self.random.choice(
            [
                (manager.call_margin, account, purse),
                (manager.open_auction, account),
                (manager.bid, account, WAD, purse, 1),
                (manager.bid, account, WAD // 3, purse, 1),
                (manager.cure, account),
                (manager.tear_up, [account], purse),
                (ledger.accrue_funding, self.random.choice([ETH, BTC])),
                (ledger.collect_fees, ETH),
            ]
        )
        self.pair.do(*call, sender=self.people[keeper])


@pytest.mark.parametrize("seed", [1])
def test_same_script_does_the_same_on_both_engines(pair, seed):
    script = Script(pair, seed)
    script.storm()
    script.run(STEPS)
    assert set(pair.accepted) >= NEEDED, f"accepted {pair.accepted}, refused {pair.refused}"
    assert sum(pair.refused.values()) > STEPS // 10
    assert pair.storage_differences(pair.deployed) == []


def test_difference_is_noticed(pair):
    """The control: a balance one less in process, and the next answer and the storage differ."""
    token, people = pair.world.settlement, pair.world.people
    person = people["owner"]
    pair.do(token.mint, person, CASH, sender=pair.world.admin)
    words = storage_in_process(pair.twin)[str(token.address).lower()]
    slots = [slot for slot, value in words.items() if value == CASH]
    assert slots
    for slot in slots:
        pair.twin.evm.insert_account_storage(str(token.address), slot, CASH - 1)
    assert len(pair.storage_differences(["USDC"])) == len(slots)
    with pytest.raises(Disagreement):
        pair.do(token.transfer, people["heir"], CASH, sender=person)
