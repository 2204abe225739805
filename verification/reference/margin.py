"""What a portfolio is worth and needs (docs/specification.md, section 3).

equity = cash + Σ collateral · P + Σ value
MM     = Σ ratio · (base + steep) · |q| · P + Σ collateral · P · haircut_MM
IM     = Σ (crowded + steep) · |q| · P + Σ collateral · P · haircut_IM + (1 − w) · Σ profit
steep  = min(slope · |q| · P, 10)      crowded = min(base + load · OI · P, 10)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from verification.reference import prices
from verification.reference.ledger import funding_of, present, settled_value, side_of
from verification.reference.prices import Price
from verification.reference.rounding import (
    MILLIONTH,
    PPM,
    WAD,
    down,
    just_above,
    just_below,
    require,
    up,
)
from verification.reference.state import Account, State

MAX_RATE = 10 * WAD  # 1000 %
WEIGHT_LIMIT = 2**56 - 1
WORTH_LIMIT = 2**112 - 1


@dataclass
class Leg:
    """A collateral or a position with its price, in the eyes of the default procedure.

    Attributes:
        market: 0 for a collateral.
        index: Of a collateral.
        price: A point: legs in doubt are not listed.
        worth: Of a collateral, whole millionths of cash.
        loss, maintenance: Of a position, what attribution goes by, whole millionths of cash.
        amount: What of a shortfall belongs to it, WAD cash (set by the waterfall).
    """

    market: int
    index: int
    price: int
    is_short: bool = False
    worth: int = 0
    loss: int = 0
    maintenance: int = 0
    amount: int = 0


@dataclass
class Tally:
    """The sums over a portfolio, WAD cash.

    `linear`, `quadratic` and `stuck_part` add up to MM: the part that shrinks with the size of a
    slice, the part that shrinks with its square, and that of legs in doubt. `bare` is IM before the
    discount on profit and the least equity. `doubt` is what the second answers would add, `apart`
    how many legs are known although two fresh feeds disagree on them.
    """

    equity: int
    bare: int = 0
    linear: int = 0
    quadratic: int = 0
    stuck_part: int = 0
    profit: int = 0
    stuck: int = 0
    apart: int = 0
    doubt: int = 0
    positions: int = 0
    legs: list[Leg] = field(default_factory=list)

    @property
    def maintenance(self) -> int:
        """MM."""
        return self.linear + self.quadratic + self.stuck_part

    @property
    def sellable(self) -> int:
        """MM of the legs whose price is VALID."""
        return self.linear + self.quadratic

    @property
    def has_positions(self) -> bool:
        """Whether a position is among the legs whose price is VALID."""
        return any(leg.market for leg in self.legs)

    @property
    def better(self) -> int:
        """Equity at the better of two fresh answers: what decides who is called, sold, torn up."""
        return self.equity + self.doubt

    def meets(self, ratio: int) -> bool:
        """Whether equity, at the better of two answers, is at least this part (ppm) of MM."""
        return self.better * PPM >= self.maintenance * ratio


class _Requirement:
    """Products of one kind, summed exactly and rounded up once at the end."""

    def __init__(self) -> None:
        self.flat = 0  # cash · ppm · ppm
        self.steep = 0  # cash · WAD · ppm

    def add(self, flat: int, steep: int) -> None:
        self.flat += flat
        self.steep += steep

    def absorb(self, other: _Requirement) -> None:
        """Take over the products of another."""
        self.add(other.flat, other.steep)

    @property
    def parts(self) -> tuple[int, int]:
        return up(self.flat, PPM * PPM), up(self.steep, WAD * PPM)


def tally(w: State, account: Account, favourable: bool) -> Tally:
    """Add up a portfolio; prices in doubt at the better or at the worse end for the account.

    Collateral comes first, then positions in the order in which the account holds them. Doubt does
    not keep what is gone: when the account is insolvent even at the better end of everything, legs
    whose two fresh feeds disagree are known, at that end.
    """
    done = Tally(account.cash)
    priced, stuck, apart = _Requirement(), _Requirement(), _Requirement()
    initial = doubt = count_apart = 0  # cash · WAD
    legs: list[tuple[Leg, int]] = []
    quotes: dict[str, Price] = {}

    def price_of(asset: str) -> Price:
        if asset not in quotes:
            quotes[asset] = prices.judge(w, asset)
        return quotes[asset]

    def book(price: Price, size: int, flat: int, steep: int, leg: Leg) -> None:
        nonlocal doubt, count_apart
        legs.append((leg, price.status))
        if price.is_valid:
            priced.add(flat, steep)
            if favourable:
                doubt += max(size * (price.second - price.low), 0)
            return
        done.stuck += 1
        is_apart = price.status == prices.DIVERGENT
        count_apart += is_apart
        (apart if is_apart else stuck).add(flat, steep)

    for index in sorted(account.collateral):
        terms = w.collaterals[index]
        price = price_of(terms.asset)
        worth = down(account.collateral[index] * price.end(favourable), WAD)
        done.equity += worth
        initial += worth * terms.haircut_initial * (WAD // PPM)
        flat = worth * terms.haircut_maintenance * PPM
        millionths = min(down(worth, MILLIONTH), WORTH_LIMIT)
        point = price.low if price.is_valid else price.end(favourable)
        book(price, account.collateral[index], flat, 0, Leg(0, index, point, worth=millionths))

    for number in account.positions:
        market = w.markets[number]
        if market.settled_at is not None:
            value = settled_value(w, market, account.positions[number])
            done.equity += value
            done.profit += max(value, 0)  # as long as it is not cash
            continue
        terms = w.market_terms[number]
        price = price_of(terms.asset)
        size, carry = _size_and_carry(w, account, number)
        point = price.end((size > 0) == favourable)
        # The value of a SHORT is below its product with the price even when that is a whole number.
        value = (down if size >= 0 else just_below)(size * point, WAD) + carry
        notional = up(abs(size) * point, WAD)
        steep = min(just_above(terms.slope * notional, WAD), MAX_RATE) if terms.slope else 0
        crowded = terms.base * (WAD // PPM)
        if terms.load:
            interest = just_above(market.interest * point, WAD)
            crowded = min(crowded + just_above(terms.load * interest, WAD), MAX_RATE)
        initial += notional * (crowded + steep)
        flat, steep = notional * terms.base * terms.ratio, notional * steep * terms.ratio
        done.equity += value
        done.profit += max(value, 0)
        done.positions += 1
        weight = down(flat * (WAD // PPM) + steep, WAD * PPM * MILLIONTH)
        leg = Leg(
            number,
            0,
            point,
            is_short=size < 0,
            loss=min(down(max(-value, 0), MILLIONTH), WEIGHT_LIMIT),
            maintenance=min(weight, WEIGHT_LIMIT),
        )
        book(price, size, flat, steep, leg)

    done.doubt = down(doubt, WAD)
    if not favourable or done.better > 0:
        count_apart = 0
    if count_apart:
        done.apart, done.stuck = count_apart, done.stuck - count_apart
        priced.absorb(apart)
    else:
        stuck.absorb(apart)
    known = (prices.VALID, prices.DIVERGENT) if count_apart else (prices.VALID,)
    done.legs = [leg for leg, status in legs if status in known]
    done.bare = up(initial, WAD)
    done.linear, done.quadratic = priced.parts
    done.stuck_part = sum(stuck.parts)
    return done


def _size_and_carry(w: State, account: Account, number: int) -> tuple[int, int]:
    """Signed base of a position, and its value at price 0: −cost + shares · K less funding owed."""
    market = w.markets[number]
    shares, cost = present(market, account.positions[number])
    side = side_of(market, shares)
    size = down(shares * side.a, WAD)
    carry = down(abs(shares) * side.k, WAD) - cost
    owed = size * funding_of(w, market)
    # Funding owed is rounded to the next wei above, funding earned to the one below or at it.
    return size, carry - (just_above(owed, WAD) if owed > 0 else up(owed, WAD))


# REQUIREMENTS -------------------------------------------------------------------------------------


def initial_margin(w: State, done: Tally) -> int:
    """IM: with the discount on unrealised profit, and the least equity if a position is held."""
    if done.positions == 0:
        return done.bare
    discounted = done.bare + up(done.profit * (PPM - w.terms.profit_weight), PPM)
    return max(discounted, w.terms.minimum_equity)


def require_initial(w: State, account: Account) -> None:
    """INV-8: who takes on risk meets IM at VALID prices."""
    done = tally(w, account, favourable=False)
    require(done.stuck == 0, "risk engine: price not valid")
    require(done.equity >= initial_margin(w, done), "risk engine: below initial margin")


def require_after_withdrawal(w: State, account: Account, cash: int) -> None:
    """INV-8: who pays out meets IM without any unrealised profit, with the cash that counts."""
    done = tally(w, account, favourable=False)
    require(done.stuck == 0, "risk engine: price not valid")
    needed = max(initial_margin(w, done), done.bare + done.profit)
    equity = done.equity - account.cash + cash
    require(equity >= needed, "risk engine: below initial margin")


def require_maintenance(w: State, account: Account) -> None:
    """Who is covered could pay for it: MM at VALID prices."""
    done = tally(w, account, favourable=False)
    require(done.stuck == 0, "risk engine: price not valid")
    require(done.equity >= done.maintenance, "risk engine: below maintenance margin")
