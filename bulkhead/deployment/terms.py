"""Parameters as the contracts take them: structs and packed words, in the contracts' order."""

from __future__ import annotations

from bulkhead.config import Asset, DeploymentConfig


def feed_words(
    asset: Asset, primary: str, secondary: str, tertiary: str | None = None
) -> tuple[int, int, int, int]:
    """Return the words in which the risk engine takes an asset's feeds and witness."""
    first, second, third = asset.primary, asset.secondary, asset.tertiary
    witness = asset.settle_after << 200
    if third is not None and tertiary is not None:
        witness |= int(tertiary, 16) | third.heartbeat << 160 | third.decimals << 192
    return (
        int(primary, 16)
        | first.heartbeat << 160
        | first.decimals << 192
        | second.heartbeat << 200
        | second.decimals << 232
        | asset.deviation.bps << 240,
        int(secondary, 16),
        asset.min_price.wad | asset.max_price.wad << 128,
        witness,
    )


def default_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the default procedure in the order of the contract's struct."""
    terms = config.default_procedure
    return (
        terms.grace,
        terms.auction_duration,
        terms.discount_start.ppm,
        terms.discount_end.ppm,
        terms.fee.ppm,
        terms.target_ratio.ppm,
        terms.close_out_ratio.ppm,
        terms.call_reward.ppm,
        terms.call_reward_cap.units(0),
        terms.dust.units(0),
    )


def waterfall_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the waterfall in the order of the contract's struct."""
    terms = config.waterfall
    return (
        terms.charge_cap.ppm,
        terms.limit_period,
        terms.market_limit.units(0),
        terms.market_share.ppm,
        terms.total_limit.units(0),
        terms.total_share.ppm,
        terms.remainder_duration,
        terms.tear_up_reward_cap.units(0),
    )


def house_terms(config: DeploymentConfig) -> dict[str, int]:
    """Return the terms of negative cash and of the wind-down by the Clearinghouse's view."""
    owed, end = config.negative_cash, config.wind_down
    return {
        "negative_cash_cap": owed.cap.wad,
        "negative_cash_share": owed.share.ppm,
        "shortfall_grace": owed.grace,
        "shortfall_discount": owed.discount.ppm,
        "hole_share": end.hole_share.ppm,
        "hole_floor": end.hole_floor.units(0),
        "proof_window": end.proof_window,
        "proof_reward": end.proof_reward.ppm,
        "proof_reward_cap": end.proof_reward_cap.units(0),
        "conversion_reward": end.conversion_reward.wad,
    }


def fund_terms(config: DeploymentConfig) -> tuple[int, ...]:
    """Return the terms of the default fund in the order of the contract's struct."""
    terms = config.default_fund
    return (
        terms.cooldown,
        terms.window,
        terms.contribution_rate.ppm,
        terms.contribution_premium.ppm,
        terms.pledge_premium.ppm,
    )
