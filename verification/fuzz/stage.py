"""The scene of a fuzz run: one deployment, the people in it and what they remember.

Variants: `key` is owned by a key, so parameters change at once; `timelock` by a Timelock with an
hour's delay, on a chain with a sequencer; in `still` and `moving` all who act are of one gang
(verification/fuzz/gang.py). All list a hostile token and a hostile feed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml
from coincurve import PrivateKey
from eth_utils import keccak

from bulkhead.books import DOMAIN_NAME, DOMAIN_VERSION, ORDER_FIELDS, Order
from bulkhead.config import DeploymentConfig
from bulkhead.deployment import deploy
from verification.engine.evm import ADMIN, ROOT, Artefacts, Person, PyrevmChain, Receipt, Reverted
from verification.engine.people import People
from verification.engine.world import BTC, CROSS, ETH, FIRST_PRICES, ISOLATED, NEVER, WAD, World
from verification.fuzz.gang import GANGS, Gang

OWNED = ("key", "timelock")  # that governance acts in
VARIANTS = (*OWNED, *GANGS)
ODD = 3  # market and asset of the hostile feed
ODD_PRICE = 10 * WAD
DELAY = 86_400
IDLE_CASH = 12_345
SURVEY_AGE = 12  # steps for which the order of margin ratios is believed

MAKER, KEEPER, ATTACKER, TRADER, SECOND, MEMBER, STAKER, GUARDIAN, PROPOSER, IDLER = range(10)
ROLES = (
    "maker",
    "keeper",
    "attacker",
    "trader",
    "second trader",
    "member",
    "staker",
    "guardian",
    "proposer",
    "idler",
)
# Who opens what: person, cash, mode, market, collateral.
OPENINGS: tuple[tuple[int, float, int, int, dict[str, float]], ...] = (
    (MAKER, 3_000_000, CROSS, 0, {}),
    (KEEPER, 200_000, CROSS, 0, {"WETH": 20}),
    (ATTACKER, 20_000, CROSS, 0, {}),
    (ATTACKER, 500, CROSS, 0, {"WETH": 6, "WBTC": 0.2}),
    (ATTACKER, 8_000, ISOLATED, ETH, {}),
    (TRADER, 10_000, CROSS, 0, {}),
    (TRADER, 0, CROSS, 0, {"WBTC": 1}),
    (SECOND, 5_000, ISOLATED, BTC, {}),
    (SECOND, 30_000, CROSS, 0, {"ODD": 1_000}),
    (MEMBER, 50_000, CROSS, 0, {}),
    (ATTACKER, 15_000, CROSS, 0, {}),
    (IDLER, IDLE_CASH, CROSS, 0, {}),
)
IDLE_PLACE = len(OPENINGS) - 1
MOST_ACCOUNTS = 16


class Call(NamedTuple):
    """A protocol call: what an action comes to."""

    contract: str
    function: str
    args: tuple[Any, ...]
    sender: Any


class Offer(NamedTuple):
    """A signed order that may be filled."""

    order: Order
    signature: bytes


class Signer:
    """Signs orders as `bulkhead.orders` does, with everything that never changes hashed once."""

    def __init__(self, chain_id: int, exchange: str) -> None:
        """Hash domain and type."""
        kinds = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        self._domain = keccak(
            keccak(kinds.encode())
            + keccak(DOMAIN_NAME.encode())
            + keccak(DOMAIN_VERSION.encode())
            + chain_id.to_bytes(32, "big")
            + int(exchange, 16).to_bytes(32, "big")
        )
        fields = ",".join(f"{kind} {name}" for name, kind in ORDER_FIELDS)
        self._type = keccak(f"Order({fields})".encode())
        self._keys: dict[str, PrivateKey] = {}

    def hash(self, order: Order) -> bytes:
        """Return what is signed: `Exchange.order_hash`."""
        values = [getattr(order, name) for name, _ in ORDER_FIELDS[:-1]]
        words = b"".join([(int(v) % 2**256).to_bytes(32, "big") for v in values])
        signer = int(order.signer, 16).to_bytes(32, "big")
        return keccak(b"\x19\x01" + self._domain + keccak(self._type + words + signer))

    def sign(self, order: Order, person: Person) -> bytes:
        """Return 65 bytes: r, s, v."""
        key = self._keys.get(person.address)
        if key is None:
            key = self._keys[person.address] = PrivateKey(bytes(person.private_key.key))
        signature = key.sign_recoverable(self.hash(order), hasher=None)
        return signature[:64] + bytes([27 + signature[64]])


@dataclass
class Stage:
    """A deployment, its people, and what has happened since the sequence began."""

    world: World
    variant: str
    people: list[Person]
    signer: Signer
    opening: list[tuple[int, int]]
    gang: Gang | None = None
    accounts: list[tuple[int, int]] = field(default_factory=list)  # person, account id
    sequences: dict[int, int] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    scheduled: list[tuple[Any, ...]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reached: Counter[bytes] = field(default_factory=Counter)
    steps: int = 0
    gifts: int = 0  # bare tokens sent to the clearinghouse, WAD
    _order: list[int] = field(default_factory=list)
    _trouble: list[int] = field(default_factory=list)
    _surveyed_at: int = -SURVEY_AGE
    _checkpoint: Any = None

    # Beginnings -----------------------------------------------------------------------------------

    @classmethod
    def build(cls, variant: str, artefacts: Artefacts | None = None) -> Stage:
        """Deploy a variant and let everybody in."""
        people = [Person.number(i) for i in range(len(ROLES))]
        chain = PyrevmChain(artefacts)
        done = deploy(
            chain, _config(variant, chain, people), ADMIN, FIRST_PRICES | {"ODD": ODD_PRICE}
        )
        first, hostile = done.feeds["ODD"]
        done.feeds["ODD"] = first, chain.attach("OddFeed", hostile.address)
        done.tokens["ODD"] = chain.attach("OddToken", done.tokens["ODD"].address)
        world = World(done, chain, ADMIN, People(people))
        for person in people:
            _fill_wallet(world, person)
        accounts = []
        for who, cash, mode, market, collateral in OPENINGS:
            account = world.open(people[who], cash, mode, market, **collateral)
            accounts.append((who, account))
        guardian = people[GUARDIAN]
        if variant != "timelock":
            world.clearinghouse.set_guardian(guardian, sender=ADMIN)
        world.clearinghouse.accept_guardian(sender=guardian)
        signer = Signer(chain.chain_id, world.exchange.address)
        stage = cls(world, variant, people, signer, accounts)
        if variant in GANGS:
            stage.gang = Gang(world, people, people[IDLER], variant)
            accounts += [(IDLER, account) for account in stage.gang.pair]
        return stage

    def begin(self) -> None:
        """Start a sequence from the beginning."""
        chain = self.world.chain
        if self._checkpoint is not None:
            chain.restore(self._checkpoint)
        self._checkpoint = chain.snapshot()
        self.accounts = list(self.opening)
        self.sequences, self.offers, self.scheduled = {}, [], []
        self.calls, self.refused, self.reached = Counter(), Counter(), Counter()
        self.steps, self.gifts, self._surveyed_at = 0, 0, -SURVEY_AGE

    # Calls ----------------------------------------------------------------------------------------

    def contract(self, name: str) -> Any:
        """Return a handle by name: `default_manager`, or `token:USDC`."""
        kind, _, key = name.partition(":")
        if kind == "token":
            return self.world.deployment.tokens[key]
        return getattr(self.world.deployment, name)

    def send(self, call: Call, is_rehearsal: bool = False) -> Receipt:
        """Make a protocol call; raise `Reverted` as the chain does. A rehearsal that goes through
        counts nowhere: it is taken back."""
        label = f"{call.contract}.{call.function}"
        function = getattr(self.contract(call.contract), call.function)
        try:
            receipt = function(*call.args, sender=call.sender)
        except Reverted:
            self.calls[label] += 1
            raise
        if is_rehearsal:
            return receipt
        self.calls[label] += 1
        for log in receipt.raw_logs:
            self.reached[log.data[0][0]] += 1
        if self.gang:
            self.gang.note(receipt)
        return receipt

    def govern(self, contract: str, function: str, *args: Any) -> Call:
        """Return the call by which the owner does something: at once, or on the way through the
        Timelock."""
        if self.variant != "timelock":
            return Call(contract, function, args, ADMIN)
        handle = self.contract(contract)
        data = getattr(handle, function).encode_input(*args)
        salt = len(self.scheduled).to_bytes(32, "big")
        self.scheduled.append((handle.address, 0, data, bytes(32), salt))
        return Call(
            "timelock", "schedule", (*self.scheduled[-1], DELAY), self.people[PROPOSER].address
        )

    def active(self, value: int) -> int:
        """Return a place for a number, never one of the idler, who does nothing (INV-7)."""
        place = value % len(self.accounts)
        return 0 if self.is_idle(place) else place

    def is_idle(self, place: int) -> bool:
        """Whether an account is the idler's."""
        return self.accounts[place][0] == IDLER

    # People and accounts --------------------------------------------------------------------------

    def owner(self, place: int) -> Person:
        """Return the owner of an account."""
        return self.people[self.accounts[place % len(self.accounts)][0]]

    def account(self, place: int) -> int:
        """Return the id of an account."""
        return self.accounts[place % len(self.accounts)][1]

    @property
    def ids(self) -> list[int]:
        """All account ids."""
        return [account for _, account in self.accounts]

    def at_rank(self, rank: int, in_trouble: bool = False) -> int:
        """Return the place of an account in the order of margin ratios, the worst first."""
        if self.steps - self._surveyed_at >= SURVEY_AGE:
            self._survey()
        order = self._trouble if in_trouble and self._trouble else self._order
        return order[rank % len(order)]

    def stale(self) -> None:
        """Forget the order of margin ratios: something has moved."""
        self._surveyed_at = -SURVEY_AGE

    def _survey(self) -> None:
        ledger, engine = self.world.clearinghouse, self.world.risk_engine
        ratios, stages = {}, {}
        for place, (_, account) in enumerate(self.accounts):
            if not self.is_idle(place):
                equity, _, maintenance = engine.margin(account)
                ratios[place] = equity / max(maintenance, WAD)
                stages[place] = ledger.headers(account) >> 218 & 3
        self._order = sorted(ratios, key=ratios.__getitem__)
        self._trouble = [place for place in self._order if stages[place]]
        self._surveyed_at = self.steps

    # Prices ---------------------------------------------------------------------------------------

    def mark(self, market: int) -> int:
        """Return the low end of a market's price."""
        return self.world.risk_engine.price(8 + market)[0]

    def answer(self, asset: str) -> int:
        """Return what the primary feed of an asset says, WAD."""
        feed = self.world.deployment.feeds[asset][0]
        decimals = self.world.deployment.config.assets[asset].primary.decimals
        return feed.latestRoundData()[1] * 10 ** (18 - decimals)

    def publish(self, asset: str, first: int, second: int | None = None) -> None:
        """Let the feeds of an asset answer, WAD."""
        terms = self.world.deployment.config.assets[asset]
        answers = (first, first if second is None else second)
        feeds = self.world.deployment.feeds[asset]
        for feed, setup, price in zip(
            feeds, (terms.primary, terms.secondary), answers, strict=True
        ):
            if hasattr(feed, "set"):  # the hostile one answers what it likes
                feed.set(price // 10 ** (18 - setup.decimals), sender=ADMIN)

    def refresh(self) -> None:
        """Let every feed repeat its answer now."""
        for asset in self.world.deployment.feeds:
            for feed in self.world.deployment.feeds[asset]:
                if hasattr(feed, "set"):
                    feed.set(feed.latestRoundData()[1], sender=ADMIN)

    def now(self) -> int:
        """Return the time of the next call."""
        return self.world.chain.pending_timestamp


def _fill_wallet(world: World, person: Person) -> None:
    """Give a person more than they can use, and let the contracts take it."""
    for symbol, token in world.deployment.tokens.items():
        amount = 10_000_000 if symbol == "USDC" else 10_000
        world.fund(person, symbol, amount)
        for spender in (world.insurance_fund, world.default_fund):
            token.approve(spender, NEVER, sender=person)


def _config(variant: str, chain: PyrevmChain, people: list[Person]) -> DeploymentConfig:
    """Return config/local.yaml with the hostile token and feed, and the variant's governance."""
    data = yaml.safe_load((ROOT / "config" / "local.yaml").read_text())
    token = chain.deploy("OddToken", "Odd token", "ODD", 18).address
    feeds = (
        chain.deploy("TestFeed", "ODD / USD", 8, ODD_PRICE // 10**10),
        chain.deploy("OddFeed", 0, ODD_PRICE),
    )
    data["assets"]["ODD"] = {
        "primary": {"address": feeds[0].address, "decimals": 8, "heartbeat": "1h"},
        "secondary": {"address": feeds[1].address, "decimals": 18, "heartbeat": "2h"},
        "deviation": "10%",
        "min_price": 1,
        "max_price": 100,
    }
    data["collateral"].append(
        {
            "symbol": "ODD",
            "asset": "ODD",
            "decimals": 18,
            "address": token,
            "haircut_initial": "50%",
            "haircut_maintenance": "40%",
            "cap": "1,000,000",
        }
    )
    if variant == "still":
        for market in data["markets"]:
            market["funding_cap_per_day"] = 0
    if variant == "moving":  # so low that they are met
        data["waterfall"] |= {"market_limit": 30_000, "total_limit": 50_000}
    odd_market = dict(data["markets"][0], name="ODD-PERP", asset="ODD", base_rate="10%")
    data["markets"].append(odd_market | {"band": "10%", "open_interest_cap": "1,000,000"})
    if variant == "timelock":
        sequencer = chain.deploy("TestSequencerFeed", 1)
        data["oracle"]["sequencer_feed"] = sequencer.address
        data["governance"] = {
            "timelock_delay": DELAY,
            "proposer": people[PROPOSER].address,
            "guardian": people[GUARDIAN].address,
        }
    return DeploymentConfig.model_validate(data)
