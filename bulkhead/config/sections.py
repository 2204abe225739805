"""The sections of a deployment file: each judges its own fields.

Fractions are `Rate` (`.ppm`, `.bps`), amounts are `Amount` (`.wad`, `.units(decimals)`), durations
are `int` seconds; each is checked at load to fit the unit its contract takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, model_validator

from bulkhead.config.errors import Problem, ProblemsError
from bulkhead.config.fields import Address, Flag, Name
from bulkhead.config.units import (
    BPS_PLACES,
    Amount,
    Rate,
    UnitError,
    amount,
    duration,
    percent,
    plain,
    rate,
    ratio,
    seconds,
    whole,
)

PPM_PER_MILLION_TO_WAD = 10**6  # ppm per 1,000,000 USD -> WAD per USD: 1e18 / 1e6 / 1e6
FUNDING_CAP_PER_FEE = 30  # ten times open interest, and three holding times a day
MAX_MAINTENANCE = Rate("0.5")  # of the notional, without concentration
SETTLE_AFTER = 3 * 86_400  # seconds: longer than a weekend on which nobody looks after a feed
WINDOWS_PER_COOLDOWN = 3  # or stakers could stand ready to leave most of the time


class Section(BaseModel):
    """A part of the file. Unknown fields are refused; `problems()` compares fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def problems(self) -> Iterator[Problem]:
        """Yield what single fields cannot know, e.g. that one bound lies above another."""
        yield from ()

    @model_validator(mode="after")
    def _compare_fields(self) -> Section:
        found = list(self.problems())
        if found:
            raise ProblemsError(found)
        return self


class Settlement(Section):
    """The settlement token: cash."""

    symbol: Name
    decimals: Annotated[int, whole(6, 18)]
    address: Address = None


class Feed(Section):
    """One Chainlink-shaped price feed; `address: null` asks for a controllable local one."""

    address: Address
    decimals: Annotated[int, whole(0, 18)]
    heartbeat: Annotated[int, seconds("1s", "3d")]


class Asset(Section):
    """Something with a price: two independent feeds, perhaps a third as a witness for the day when
    one of them is silent, the bounds they must keep, and how long an outage lasts before it is
    final."""

    primary: Feed
    secondary: Feed
    tertiary: Feed | None = None
    settle_after: Annotated[int, seconds("1d", "14d")] = SETTLE_AFTER
    deviation: Annotated[Rate, rate("0.05%", "20%", BPS_PLACES)]
    min_price: Annotated[Amount, amount("0.000000000000000001", "10000000000")]
    max_price: Annotated[Amount, amount("0.000000000000000001", "10000000000")]

    def problems(self) -> Iterator[Problem]:
        if self.min_price >= self.max_price:
            reason = f"must be below max_price ({plain(self.max_price)})"
            yield Problem(("min_price",), plain(self.min_price), reason)
        first, second = self.primary.address, self.secondary.address
        if (first is None) != (second is None):
            missing = "primary" if first is None else "secondary"
            reason = "is null while the other feed has an address; allowed: both or neither"
            yield Problem((missing, "address"), None, reason)
        elif first is not None and first == second:
            reason = "is the primary feed again; two independent feeds are needed"
            yield Problem(("secondary", "address"), second, reason)
        if self.tertiary is None:
            return
        third = self.tertiary.address
        if (first is None) != (third is None):
            reason = "must be null if the other feeds' are, and an address if they have one"
            yield Problem(("tertiary", "address"), third, reason)
        elif third is not None and third in (first, second):
            reason = "is one of the other feeds again; a witness must be independent of both"
            yield Problem(("tertiary", "address"), third, reason)


class Collateral(Section):
    """A token accepted as margin after a haircut, up to a cap."""

    symbol: Name
    asset: Name
    decimals: Annotated[int, whole(0, 18)]
    haircut_initial: Annotated[Rate, rate("0%", "95%")]
    haircut_maintenance: Annotated[Rate, rate("0%", "95%")]
    cap: Annotated[Amount, amount("0", "1000000000000000")]
    address: Address = None

    def problems(self) -> Iterator[Problem]:
        if self.haircut_initial < self.haircut_maintenance:
            reason = f"must be at least haircut_maintenance ({percent(self.haircut_maintenance)})"
            yield Problem(("haircut_initial",), percent(self.haircut_initial), reason)
        try:
            self.cap.units(self.decimals)
        except UnitError as error:
            yield Problem(("cap",), plain(self.cap), str(error))


class Market(Section):
    """One perpetual. `slope` and `load` are extra rate per 1,000,000 USD."""

    name: Name
    asset: Name
    base_rate: Annotated[Rate, rate("0.5%", "100%")]
    maintenance_ratio: Annotated[Rate, rate("10%", "95%")]
    slope: Annotated[Rate, rate("0%", "100%")]
    load: Annotated[Rate, rate("0%", "100%")]
    funding_cap_per_day: Annotated[Rate, rate("0%", "5%")]
    open_interest_cap: Annotated[Amount, amount("1", "1000000000000", places=0)]
    isolated_only: Flag = False
    maker_fee: Annotated[Rate, rate("0%", "1%")]
    taker_fee: Annotated[Rate, rate("0%", "1%")]
    band: Annotated[Rate, rate("0.1%", "20%", BPS_PLACES)]

    def problems(self) -> Iterator[Problem]:
        # Moving the funding rate by a share w takes trades of 10 w times open interest, and the
        # rate then holds for 8 hours at the most: fees must cost more than that can earn.
        limit = FUNDING_CAP_PER_FEE * (self.maker_fee + self.taker_fee)
        if self.funding_cap_per_day > limit:
            reason = (
                f"must be at most {FUNDING_CAP_PER_FEE} times maker_fee + taker_fee"
                f" ({percent(limit)}), or moving the funding rate costs less than it earns"
            )
            yield Problem(("funding_cap_per_day",), percent(self.funding_cap_per_day), reason)
        maintenance = self.base_rate * self.maintenance_ratio
        if maintenance > MAX_MAINTENANCE:
            reason = (
                f"times base_rate ({percent(self.base_rate)}) must be at most"
                f" {percent(MAX_MAINTENANCE)}, or half of a position is no margin for it"
            )
            yield Problem(("maintenance_ratio",), percent(self.maintenance_ratio), reason)

    @property
    def slope_per_cash(self) -> int:
        """Extra rate (WAD) per dollar of a position, as the risk engine takes it."""
        return self.slope.ppm * PPM_PER_MILLION_TO_WAD

    @property
    def load_per_cash(self) -> int:
        """Extra rate (WAD) per dollar of open interest, as the risk engine takes it."""
        return self.load.ppm * PPM_PER_MILLION_TO_WAD


class Risk(Section):
    """Rules of the margin engine that hold for every account."""

    profit_weight: Annotated[Rate, rate("0%", "100%")]
    minimum_equity: Annotated[Amount, amount("0", "1000000")]


class DefaultProcedure(Section):
    """Margin call, auction and bid; fractions are of the maintenance margin (MM) sold."""

    grace: Annotated[int, seconds("5m", "3d")]
    auction_duration: Annotated[int, seconds("1m", "1d")]
    discount_start: Annotated[Rate, rate("0%", "50%")]
    discount_end: Annotated[Rate, rate("0%", "50%")]
    fee: Annotated[Rate, rate("0%", "10%")]
    target_ratio: Annotated[Rate, ratio("1.01", "2")]
    close_out_ratio: Annotated[Rate, rate("10%", "95%")]
    call_reward: Annotated[Rate, rate("0%", "2%")]
    call_reward_cap: Annotated[Amount, amount("0", "10000", places=0)]
    dust: Annotated[Amount, amount("0", "10000", places=0)]

    def problems(self) -> Iterator[Problem]:
        if self.discount_start > self.discount_end:
            reason = f"must not exceed discount_end ({percent(self.discount_end)})"
            yield Problem(("discount_start",), percent(self.discount_start), reason)
        # A partial bid exists while equity > (discount + fee) * MM. An account in default without
        # grace has equity < close_out_ratio * MM, so a dearer bid would always sell all of it.
        cost, limit = self.discount_end + self.fee, self.close_out_ratio
        if cost >= limit:
            reason = (
                f"discount_end + fee ({percent(cost)}) must be below close_out_ratio"
                f" ({percent(limit)}), or an account at close-out could never be sold in part"
            )
            yield Problem(("discount_end",), percent(self.discount_end), reason)


class InsuranceFund(Section):
    """Stakers may leave `cooldown` after asking, within `window`, and earn `premium` a year."""

    cooldown: Annotated[int, seconds("1h", "30d")]
    window: Annotated[int, seconds("20m", "7d")]
    premium: Annotated[Rate, rate("0%", "50%")]

    def problems(self) -> Iterator[Problem]:
        least = WINDOWS_PER_COOLDOWN * self.window
        if self.cooldown < least:
            reason = f"must be at least {WINDOWS_PER_COOLDOWN} windows ({duration(least)})"
            yield Problem(("cooldown",), duration(self.cooldown), reason)


class DefaultFund(Section):
    """Members' money: how they leave, what is asked of them, and what they are paid."""

    cooldown: Annotated[int, seconds("1h", "30d")]
    window: Annotated[int, seconds("20m", "7d")]
    contribution_rate: Annotated[Rate, rate("0%", "50%")]
    contribution_threshold: Annotated[Amount, amount("0", "4294967295", places=0)]
    contribution_premium: Annotated[Rate, rate("0%", "50%")]
    pledge_premium: Annotated[Rate, rate("0%", "50%")]

    def problems(self) -> Iterator[Problem]:
        least = WINDOWS_PER_COOLDOWN * self.window
        if self.cooldown < least:
            reason = f"must be at least {WINDOWS_PER_COOLDOWN} windows ({duration(least)})"
            yield Problem(("cooldown",), duration(self.cooldown), reason)


class Waterfall(Section):
    """Insolvency: what the opposite side may be charged, what funds may pay, who is rewarded."""

    charge_cap: Annotated[Rate, rate("0%", "10%")]
    limit_period: Annotated[int, seconds("1h", "30d")]
    market_limit: Annotated[Amount, amount("0", "4294967295", places=0)]
    market_share: Annotated[Rate, rate("0%", "100%")]
    total_limit: Annotated[Amount, amount("0", "4294967295", places=0)]
    total_share: Annotated[Rate, rate("0%", "100%")]
    remainder_duration: Annotated[int, seconds("1h", "7d")]
    tear_up_reward_cap: Annotated[Amount, amount("0", "1000", places=0)]


class WindDown(Section):
    """When anyone may end it all, and the window in which deficits are proven."""

    hole_share: Annotated[Rate, rate("1%", "100%")]
    hole_floor: Annotated[Amount, amount("0", "10000000", places=0)]
    proof_window: Annotated[int, seconds("1h", "30d")]
    proof_reward: Annotated[Rate, rate("0%", "5%")]
    proof_reward_cap: Annotated[Amount, amount("0", "1000", places=0)]
    conversion_reward: Annotated[Amount, amount("0", "10")]


class Governance(Section):
    """Who owns the parameters and who may pause; null leaves a local deployer in charge."""

    timelock_delay: Annotated[int, seconds("1d", "30d")] | None
    proposer: Address
    guardian: Address

    def problems(self) -> Iterator[Problem]:
        if (self.timelock_delay is None) != (self.proposer is None):
            missing = "timelock_delay" if self.timelock_delay is None else "proposer"
            reason = "is null while the other is given; allowed: both or neither"
            yield Problem((missing,), None, reason)


class NegativeCash(Section):
    """How much the accounts together may owe, and when others may pay it for collateral."""

    cap: Annotated[Amount, amount("0", "1000000000")]
    share: Annotated[Rate, rate("0%", "100%")]
    grace: Annotated[int, seconds("0s", "30d")]
    discount: Annotated[Rate, rate("0%", "10%")]


class Exits(Section):
    """How much cash may leave by withdrawals within an hour, net of what comes in."""

    outflow_share: Annotated[Rate, rate("10%", "100%")]
    outflow_floor: Annotated[Amount, amount("0", "1000000000000", places=0)]


class Oracle(Section):
    """The sequencer uptime feed of an L2; null on chains without a sequencer."""

    sequencer_feed: Address
    sequencer_grace: Annotated[int, seconds("0s", "1d")]
