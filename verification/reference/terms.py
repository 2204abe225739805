"""The parameters (docs/specification.md, section 11) with the bounds that no admin can leave."""

from __future__ import annotations

from dataclasses import dataclass

from bulkhead.config import Asset, Collateral, DeploymentConfig, Market
from bulkhead.deployment import default_terms, fund_terms, waterfall_terms
from verification.reference.rounding import PPM, require

HOUR, DAY = 3_600, 86_400


@dataclass
class MarketTerms:
    """Risk of a market (names of `RiskEngine.set_market`)."""

    asset: str
    base: int
    ratio: int
    slope: int
    load: int
    funding_cap: int
    isolated_only: bool
    interest_cap: int

    @classmethod
    def of(cls, market: Market) -> MarketTerms:
        """Read a market of the configuration."""
        return cls(
            market.asset,
            market.base_rate.ppm,
            market.maintenance_ratio.ppm,
            market.slope_per_cash,
            market.load_per_cash,
            market.funding_cap_per_day.ppm,
            market.isolated_only,
            market.open_interest_cap.units(0),
        )

    def check(self) -> None:
        """Refuse values out of bounds."""
        require(
            5_000 <= self.base <= PPM
            and 100_000 <= self.ratio <= 950_000
            and self.base * self.ratio <= 500_000 * PPM
            and max(self.slope, self.load) < 2**48
            and self.funding_cap <= 50_000
            and self.interest_cap < 2**64,
            "risk parameters: parameter out of bounds",
        )


@dataclass
class FillTerms:
    """What a fill costs and how far from mark it may be (`Exchange.set_terms`)."""

    maker_fee: int
    taker_fee: int
    band: int

    def check(self) -> None:
        """Refuse values out of bounds."""
        require(max(self.maker_fee, self.taker_fee) <= 10_000, "market terms: fee out of bounds")
        require(10 <= self.band <= 2_000, "market terms: band out of bounds")


@dataclass
class CollateralTerms:
    """A listed collateral: its haircuts, its token's unit and its cap."""

    token: str
    asset: str
    haircut_initial: int
    haircut_maintenance: int
    scale: int
    cap: int
    base: int
    since: int
    total: int = 0

    @classmethod
    def of(cls, collateral: Collateral, now: int) -> CollateralTerms:
        """Read a collateral of the configuration, listed now: a tenth of its cap holds at once."""
        return cls(
            collateral.symbol,
            collateral.asset,
            collateral.haircut_initial.ppm,
            collateral.haircut_maintenance.ppm,
            10 ** (18 - collateral.decimals),
            collateral.cap.wad,
            collateral.cap.wad // 10,
            now,
        )

    def cap_at(self, now: int) -> int:
        """What all deposits may reach: a cap grows from its base over 30 days."""
        passed = min(now - self.since, 30 * DAY)
        return self.base + (self.cap - self.base) * passed // (30 * DAY)


@dataclass
class AssetTerms:
    """How an asset's two feeds are judged."""

    heartbeats: tuple[int, int]
    decimals: tuple[int, int]
    deviation: int
    least: int
    greatest: int
    settle_after: int

    @classmethod
    def of(cls, asset: Asset) -> AssetTerms:
        """Read an asset of the configuration."""
        return cls(
            (asset.primary.heartbeat, asset.secondary.heartbeat),
            (asset.primary.decimals, asset.secondary.decimals),
            asset.deviation.bps,
            asset.min_price.wad,
            asset.max_price.wad,
            asset.settle_after,
        )


@dataclass
class DefaultTerms:
    """The default procedure (`DefaultManager.set_terms`), in the order of the contract's struct."""

    grace: int
    duration: int
    discount_start: int
    discount_end: int
    fee: int
    target: int
    close_out: int
    reward: int
    reward_cap: int
    dust: int

    def check(self) -> None:
        """Refuse values out of bounds."""
        require(
            300 <= self.grace <= 3 * DAY
            and 60 <= self.duration <= DAY
            and self.discount_start <= self.discount_end <= 500_000
            and self.fee <= 100_000
            and 1_010_000 <= self.target <= 2_000_000
            and 100_000 <= self.close_out <= 950_000
            and self.discount_end + self.fee < self.close_out
            and self.reward <= 20_000
            and max(self.reward_cap, self.dust) <= 10_000,
            "default rules: terms out of bounds",
        )


@dataclass
class WaterfallTerms:
    """The waterfall (`DefaultManager.set_waterfall`), in the order of the contract's struct."""

    charge_cap: int
    period: int
    market_amount: int
    market_share: int
    total_amount: int
    total_share: int
    remainder: int
    reward_cap: int

    def check(self) -> None:
        """Refuse values out of bounds."""
        require(
            self.reward_cap <= 1_000
            and self.charge_cap <= 100_000
            and HOUR <= self.period <= 30 * DAY
            and max(self.market_amount, self.total_amount) < 2**32
            and max(self.market_share, self.total_share) <= PPM
            and HOUR <= self.remainder <= 7 * DAY,
            "default rules: terms out of bounds",
        )


@dataclass
class LeaveTerms:
    """How long a member who leaves a fund waits, and how long they can leave then."""

    cooldown: int
    window: int

    def check(self) -> None:
        """Refuse values out of bounds."""
        require(HOUR <= self.cooldown <= 30 * DAY, "leave timing: cooldown out of bounds")
        most = min(7 * DAY, self.cooldown // 3)
        require(1_200 <= self.window <= most, "leave timing: window out of bounds")


@dataclass
class MemberTerms(LeaveTerms):
    """Terms of the default fund (`DefaultFund.set_terms`)."""

    rate: int
    contribution_premium: int
    pledge_premium: int

    def check(self) -> None:
        """Refuse values out of bounds."""
        super().check()
        require(self.rate <= 500_000, "fund terms: rate out of bounds")
        for premium in (self.contribution_premium, self.pledge_premium):
            require(premium <= 500_000, "premiums: rate out of bounds")


@dataclass
class Terms:
    """Everything else that the owner sets."""

    profit_weight: int
    minimum_equity: int
    negative_cash_cap: int
    negative_cash_share: int
    shortfall_grace: int
    shortfall_discount: int
    outflow_share: int
    outflow_least: int
    contribution_threshold: int
    hole_share: int
    hole_floor: int
    proof_window: int
    proof_reward: int
    proof_reward_cap: int
    conversion_reward: int
    procedure: DefaultTerms
    waterfall: WaterfallTerms
    staking: LeaveTerms
    premium: int
    membership: MemberTerms

    @classmethod
    def of(cls, config: DeploymentConfig) -> Terms:
        """Read a configuration."""
        owed, end, risk = config.negative_cash, config.wind_down, config.risk
        fund = config.default_fund
        return cls(
            profit_weight=risk.profit_weight.ppm,
            minimum_equity=risk.minimum_equity.wad,
            negative_cash_cap=owed.cap.wad,
            negative_cash_share=owed.share.ppm,
            shortfall_grace=owed.grace,
            shortfall_discount=owed.discount.ppm,
            outflow_share=config.exits.outflow_share.ppm,
            outflow_least=config.exits.outflow_floor.units(0),
            contribution_threshold=fund.contribution_threshold.units(0),
            hole_share=end.hole_share.ppm,
            hole_floor=end.hole_floor.units(0),
            proof_window=end.proof_window,
            proof_reward=end.proof_reward.ppm,
            proof_reward_cap=end.proof_reward_cap.units(0),
            conversion_reward=end.conversion_reward.wad,
            procedure=DefaultTerms(*default_terms(config)),
            waterfall=WaterfallTerms(*waterfall_terms(config)),
            staking=LeaveTerms(config.insurance_fund.cooldown, config.insurance_fund.window),
            premium=config.insurance_fund.premium.ppm,
            membership=MemberTerms(*fund_terms(config)),
        )
