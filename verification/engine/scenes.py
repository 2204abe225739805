"""One trader in trouble and the people around: the scene of every test of the procedure.

The trader puts in 10,000 and buys 100 ETH at 2,000 from a market maker (20x). With the terms of
config/local.yaml maintenance margin is then 2.4 % of notional and a little, so that these
prices of ETH each bring the account to another stage of the procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from bulkhead.deployment import MARKET_ROW
from verification.engine.world import AUCTION, CALLED, ETH, INSOLVENT, WAD, World

CASH = 10_000
SIZE = 100
PRICE = 2_000

HEALTHY_PRICE = 1_960  # equity 5,900, MM 4,752
CALL_PRICE = 1_945  # equity 4,400, MM 4,715: callable, with grace
CLOSE_OUT_PRICE = 1_930  # equity 2,900, MM 4,679: below 80 % of MM, no grace
THIN_PRICE = 1_902  # equity 100, MM 4,611: less than any discount and fee
INSOLVENT_PRICE = 1_890  # equity -1,100

PPM = 1_000_000
TERMS = (
    "grace",
    "duration",
    "discount_start",
    "discount_end",
    "fee",
    "target",
    "close_out",
    "reward",
    "reward_cap",
    "dust",
)
WATERFALL = (
    "charge_cap",
    "period",
    "market_amount",
    "market_share",
    "total_amount",
    "total_share",
    "remainder",
    "reward_cap",
)
DUST = 10**6  # wei: what two dozen roundings of a rate (10**-18 of 200,000) may add up to


@dataclass
class Scene:
    """The actors, their accounts, and the steps of the procedure."""

    world: World
    maker: Any
    book: int
    trader: Any
    account: int
    bidder: Any
    purse: int
    staker: Any
    stranger: Any

    @classmethod
    def set(cls, world: World, size: float = SIZE, cash: float = CASH, **open: Any) -> Scene:
        """Let the trader buy `size` ETH at 2,000 on `cash`."""
        maker, trader, bidder, staker, stranger = world.people.named(
            "maker", "trader", "bidder", "staker", "stranger"
        )
        scene = cls(
            world,
            maker,
            world.open(maker, 10_000_000),
            trader,
            world.open(trader, cash, **open),
            bidder,
            world.open(bidder, 1_000_000),
            staker,
            stranger,
        )
        if size:
            scene.buy(size)
        return scene

    @property
    def manager(self) -> Any:
        """The rulebook."""
        return self.world.default_manager

    @property
    def terms(self) -> Any:
        """The terms in force."""
        return self.manager.terms()

    # Steps ------------------------------------------------------------------------------------

    def buy(self, size: float, price: float = PRICE, market: int = ETH) -> None:
        """Let the trader gain `size` (signed) from the market maker."""
        self.world.trade((self.maker, self.book), (self.trader, self.account), size, price, market)

    def price(self, price: float) -> None:
        """Set the price of ETH."""
        self.world.set_price("ETH", price)

    def call(self, caller_account: int = 0) -> Any:
        """Call the account."""
        return self.manager.call_margin(self.account, caller_account, sender=self.stranger)

    def open_auction(self) -> Any:
        """Open the auction of the account."""
        return self.manager.open_auction(self.account, sender=self.stranger)

    def auction_at(self, price: float) -> Scene:
        """Let ETH fall to a price without grace, and open the auction."""
        self.price(price)
        self.open_auction()
        return self

    def bid(self, fraction: int = WAD, *limits: int, purse: int | None = None) -> Any:
        """Bid; keepers accept f* when the fraction is above it. Return the `Bid` event."""
        limits = limits or (1,)
        receipt = self.manager.bid(
            self.account, fraction, purse or self.purse, *limits, sender=self.bidder
        )
        return receipt.events.filter(self.manager.Bid)[0]

    def finish_ramp(self) -> None:
        """Let the discount rise to its end."""
        self.world.wait(self.terms.duration)

    # Observations -------------------------------------------------------------------------------

    def margin(self, account: int | None = None) -> tuple[int, int, int]:
        """Return equity, IM and MM."""
        return tuple(self.world.risk_engine.margin(account or self.account))

    def equity(self, account: int | None = None) -> int:
        """Return equity, WAD."""
        return self.margin(account)[0]

    def ratio(self, account: int | None = None) -> Decimal:
        """Return equity over MM."""
        equity, _, maintenance = self.margin(account)
        return Decimal(equity) / maintenance

    def size(self, account: int | None = None, market: int = ETH) -> int:
        """Return the signed size of a position, WAD."""
        return self.world.position(account or self.account, market)[0]

    def stage(self) -> int:
        """Return the account's stage as the ledger has it; the rulebook must agree."""
        stage = self.world.stage(self.account)
        assert self.manager.auction(self.account).stage == stage
        return stage

    def is_called(self) -> bool:
        """Whether the account is under a margin call."""
        return self.stage() == CALLED

    def is_in_auction(self) -> bool:
        """Whether the account is in auction."""
        return self.stage() == AUCTION

    def is_insolvent(self) -> bool:
        """Whether the account's insolvency was recognised."""
        return self.stage() == INSOLVENT


def set_market_risk(world: World, name: str, **changed: int) -> None:
    """Let the admin change some risk parameters of a market (names of `RiskEngine.set_market`), and
    sit out the notice if they are stricter."""
    market = next(m for m in world.deployment.config.markets if m.name == name)
    terms = {
        "base": market.base_rate.ppm,
        "ratio": market.maintenance_ratio.ppm,
        "slope": market.slope_per_cash,
        "load": market.load_per_cash,
        "funding_cap": market.funding_cap_per_day.ppm,
        "isolated_only": market.isolated_only,
        "interest_cap": market.open_interest_cap.units(0),
    } | changed
    ids = world.deployment.markets[name], world.deployment.assets[market.asset]
    world.risk_engine.set_market(*ids, *terms.values(), sender=world.admin)
    due = world.risk_engine.row_notices(MARKET_ROW + ids[0])[1]
    if due:
        world.wait(due - world.now())
        world.risk_engine.apply_market(ids[0], sender=world.admin)


def set_terms(world: World, **changed: int) -> None:
    """Let the admin change some terms of the default procedure."""
    now = world.default_manager.terms()
    terms = {name: changed.get(name, getattr(now, name)) for name in TERMS}
    world.default_manager.set_terms(tuple(terms.values()), sender=world.admin)


def set_waterfall(world: World, **changed: int) -> None:
    """Let the admin change some terms of the waterfall."""
    now = world.default_manager.waterfall()
    terms = tuple(changed.get(name, getattr(now, name)) for name in WATERFALL)
    world.default_manager.set_waterfall(terms, sender=world.admin)


@dataclass
class Bystander:
    """Somebody with a position who has nothing to do with a default."""

    person: Any
    account: int
    size: float


def crowd(scene: Scene, sizes: list[float]) -> list[Bystander]:
    """Let people take these positions (signed) from the market maker at the scene's price."""
    world, found = scene.world, []
    people = world.people.crowd()
    for place, size in enumerate(sizes):
        person = people[place % len(people)]
        account = world.open(person, max(abs(size) * 2_000, 1_000))
        world.trade((scene.maker, scene.book), (person, account), size, 2_000)
        found.append(Bystander(person, account, size))
    return found


def equities(world: World, accounts: list[int]) -> list[int]:
    """Return the equity of each account, WAD."""
    return [world.risk_engine.margin(account)[0] for account in accounts]


@dataclass(frozen=True)
class Risk:
    """The maintenance margin of one position, computed from the configuration: nothing of it is
    read from the risk engine."""

    linear: Decimal
    quadratic: Decimal

    @classmethod
    def of(
        cls,
        world: World,
        name: str,
        size: float,
        price: float,
        slope: int | None = None,
    ) -> Risk:
        """Return the two parts of MM, in cash; `slope` (WAD per cash) in place of the market's."""
        market = next(m for m in world.deployment.config.markets if m.name == name)
        base, ratio = Decimal(market.base_rate.ppm) / PPM, market.maintenance_ratio.ppm
        notional = abs(Decimal(str(size))) * Decimal(str(price))
        steep = Decimal(market.slope_per_cash if slope is None else slope) / WAD
        part = Decimal(ratio) / PPM
        return cls(part * base * notional, part * steep * notional**2)

    @property
    def total(self) -> Decimal:
        """MM, in cash."""
        return self.linear + self.quadratic


def exact_fraction(
    equity: Decimal, risk: Risk, take: Decimal, target: Decimal, stuck: Decimal = Decimal(0)
) -> Decimal:
    """Return f* by bisection: where E - f k = t (S + L x + Q x^2), x = 1 - f.

    Independent of the contract, which has a closed form: here 200 halvings of [0, 1].
    """
    with localcontext() as context:
        context.prec = 80
        cost = take * risk.total

        def excess(fraction: Decimal) -> Decimal:
            """How far equity is above the target after selling a fraction."""
            kept = 1 - fraction
            after = stuck + risk.linear * kept + risk.quadratic * kept**2
            return equity - fraction * cost - target * after

        if excess(Decimal(1)) <= 0:
            return Decimal(1)
        low, high = Decimal(0), Decimal(1)
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if excess(middle) > 0 else (middle, high)
        return high


def cash_of(amount: int) -> Decimal:
    """Return a WAD amount in cash."""
    return Decimal(amount) / WAD
