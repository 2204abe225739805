"""The deployment configuration: what is accepted, what is refused, and how it says so."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkhead.config import ConfigError, DeploymentConfig, load_config
from bulkhead.config.units import (
    Amount,
    Rate,
    UnitError,
    duration,
    parse_amount,
    parse_duration,
    parse_rate,
    percent,
    plain,
    scaled,
)

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / "config" / "local.yaml"
SEPOLIA = ROOT / "config" / "sepolia.example.yaml"

ETH_FEED = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"
OTHER_FEED = "0xF4030086522a5bEEa4988F8cA5B36dbC97BeE88c"


@pytest.fixture
def edited(tmp_path):
    """Return a function that loads local.yaml with some lines replaced, each exactly once."""

    def load(*replacements: tuple[str, str]) -> DeploymentConfig:
        text = LOCAL.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "edited.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path)

    return load


def refusal(load, *replacements: tuple[str, str]) -> str:
    """The single line with which an edited configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        load(*replacements)
    assert len(caught.value.lines) == 1, caught.value.lines
    return caught.value.lines[0]


# --- The committed files


def test_local_configuration_loads():
    config = load_config(LOCAL)
    assert config.is_local
    assert [market.name for market in config.markets] == ["ETH-PERP", "BTC-PERP"]
    assert [c.symbol for c in config.collateral] == ["WETH", "WBTC"]
    assert {m.asset for m in config.markets} == {c.asset for c in config.collateral}


def test_local_configuration_converts_exactly():
    config = load_config(LOCAL)
    eth = config.markets[0]
    assert eth.base_rate.ppm == 40_000
    assert eth.maintenance_ratio.ppm == 600_000
    assert eth.slope.ppm == 2_000
    assert eth.slope_per_cash * 1_000_000 == 10**18 * 2 // 1_000
    assert eth.load_per_cash * 1_000_000 == 10**18 // 10_000
    assert eth.band.bps == 500
    assert eth.open_interest_cap.units(0) == 100_000_000
    assert eth.open_interest_cap.wad == 100_000_000 * 10**18
    assert config.assets["ETH"].deviation.bps == 200
    assert config.assets["ETH"].primary.heartbeat == 3_600
    assert config.collateral[1].cap.units(8) == 2_500 * 10**8
    assert config.default_procedure.target_ratio.ppm == 1_250_000
    assert config.default_procedure.auction_duration == 120


def test_template_is_refused_at_every_placeholder():
    with pytest.raises(ConfigError) as caught:
        load_config(SEPOLIA)
    placeholders = SEPOLIA.read_text(encoding="utf-8").count("address: <")
    *lines, last = caught.value.lines
    assert placeholders == len(lines) == 7
    assert all("placeholder" in line for line in lines)
    assert "governance.proposer" in last


def test_template_loads_once_the_placeholders_are_filled(tmp_path):
    lines = []
    for number, line in enumerate(SEPOLIA.read_text(encoding="utf-8").splitlines(), 1):
        start, separator, _ = line.partition("address: <")
        line = line.replace("proposer: null", f"proposer: 0x{number:040x}")
        lines.append(f"{start}address: 0x{number:040x}" if separator else line)
    path = tmp_path / "sepolia.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    config = load_config(path)
    assert not config.is_local
    assert config.settlement.address is not None


# --- Messages


def test_message_names_file_line_field_value_and_range(edited, tmp_path):
    line = refusal(edited, ("taker_fee: 0.05%", "taker_fee: 2%"))
    number = next(
        i
        for i, text in enumerate((tmp_path / "edited.yaml").read_text().splitlines(), 1)
        if "taker_fee: 2%" in text
    )
    path = tmp_path / "edited.yaml"
    assert line == f"{path}:{number}: markets[0].taker_fee: 2% is out of range; allowed: 0% to 1%"


def test_every_mistake_is_reported_in_the_order_of_the_file(edited):
    with pytest.raises(ConfigError) as caught:
        edited(("decimals: 6 ", "decimals: 5 "), ("band: 5%", "band: 30%"), ("fee: 1%", "fee: x"))
    lines = caught.value.lines
    fields = ["settlement.decimals", "markets[0].band", "default_procedure.fee"]
    assert [field in line for field, line in zip(fields, lines, strict=True)] == [True] * 3
    assert str(caught.value).count("\n") == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("band: 5%", "band: 5", "did you mean 5%?"),
        ("taker_fee:", "taker_fe:", "did you mean 'taker_fee'?"),
        ("asset: BTC", "asset: BTCC", "did you mean 'BTC'?"),
    ],
)
def test_nearest_meaning_is_suggested(edited, old, new, expected):
    with pytest.raises(ConfigError, match=expected.replace("?", r"\?")):
        edited((old, new))


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("decimals: 6 ", "decimals: 6.5 ", "settlement.decimals", "whole numbers"),
        ("decimals: 6 ", "decimals: 19 ", "settlement.decimals", "allowed: 6 to 18"),
        ("base_rate: 4%", "base_rate: 0.4%", "markets[0].base_rate", "0.5% to 100%"),
        ("base_rate: 4%", "base_rate: 4.00001%", "markets[0].base_rate", "parts per million"),
        ("band: 5%", "band: 5.001%", "markets[0].band", "basis points"),
        ("base_rate: 4%", "base_rate: [4%]", "markets[0].base_rate", "single value"),
        ("base_rate: 4%", "base_rate:", "markets[0].base_rate", "single value"),
        ("base_rate: 4%", "base_rate: nan", "markets[0].base_rate", "not a number"),
        ("base_rate: 4%", "base_rate: 1e-1", "markets[0].base_rate", "not a number"),
        ("maintenance_ratio: 60%", "maintenance_ratio: 96%", "maintenance_ratio", "10% to 95%"),
        ("isolated_only: false", "isolated_only: no", "isolated_only", "true, false"),
        ("heartbeat: 1h", "heartbeat: 4d", "assets.ETH.primary.heartbeat", "1s to 3d"),
        ("heartbeat: 1h", "heartbeat: soon", "assets.ETH.primary.heartbeat", "not a duration"),
        ("deviation: 2%", "deviation: 0.01%", "assets.ETH.deviation", "0.05% to 20%"),
        ("min_price: 10 ", "min_price: 0 ", "assets.ETH.min_price", "allowed: 0.0"),
        ("min_price: 10 ", "min_price: 100001 ", "assets.ETH.min_price", "below max_price"),
        ("haircut_initial: 20%", "haircut_initial: 5%", "haircut_initial", "at least"),
        ("haircut_initial: 20%", "haircut_initial: 96%", "haircut_initial", "0% to 95%"),
        ("cap: 2,500 ", "cap: 0.123456789 ", "collateral[1].cap", "8 decimals"),
        ("symbol: WBTC", "symbol: WETH", "collateral[1].symbol", "used twice"),
        ("name: BTC-PERP", "name: ETH-PERP", "markets[1].name", "used twice"),
        ("  grace: 1h ", "  grace: 4m ", "default_procedure.grace", "5m to 3d"),
        ("discount_end: 50%", "discount_end: 3%", "discount_start", "not exceed"),
        ("out_ratio: 80%", "out_ratio: 51%", "discount_end", "below close_out_ratio"),
        ("target_ratio: 1.25", "target_ratio: 1", "target_ratio", "1.01 to 2"),
        ("target_ratio: 1.25", "target_ratio: x", "target_ratio", "not a number"),
        ("call_reward: 0.1%", "call_reward: 3%", "call_reward", "0% to 2%"),
        ("interest_cap: 200,000,000", "interest_cap: 1.5", "markets[1].open", "whole units"),
        ("profit_weight: 50%", "profit_weight: 101%", "risk.profit_weight", "0% to 100%"),
        ("cooldown: 7d", "cooldown: 143h", "insurance_fund.cooldown", "at least 3 windows (6d)"),
        ("cooldown: 7d", "cooldown: 10m", "insurance_fund.cooldown", "1h to 30d"),
        ("  discount: 1%", "  discount: 11%", "negative_cash.discount", "0% to 10%"),
        ("  window: 2d", "", "insurance_fund.window", "is missing; allowed: 20m to 7d"),
        ("cooldown: 14d", "cooldown: 8d", "default_fund.cooldown", "at least 3 windows (9d)"),
        ("contribution_rate: 10%", "contribution_rate: 51%", "contribution_rate", "0% to 50%"),
        ("threshold: 250,000 ", "threshold: 0.5 ", "contribution_threshold", "whole"),
        ("premium: 8%", "premium: 51%", "insurance_fund.premium", "0% to 50%"),
        ("premium: 6%", "premium: 51%", "default_fund.contribution_premium", "0% to 50%"),
        ("premium: 2%", "premium: 51%", "default_fund.pledge_premium", "0% to 50%"),
        ("  pledge_premium:", "  share: 1%\n  pledge_premium:", "fund.share", "not a known field"),
        ("charge_cap: 2%", "charge_cap: 11%", "waterfall.charge_cap", "0% to 10%"),
        ("charge_cap: 2%", "charge_cap: 2.4%", "waterfall.charge_cap", "below the 2.4%"),
        ("limit_period: 1d", "limit_period: 59m", "waterfall.limit_period", "1h to 30d"),
        ("market_limit: 2,000,000", "market_limit: 1.5", "waterfall.market_limit", "whole"),
        ("market_share: 60%", "market_share: 101%", "waterfall.market_share", "0% to 100%"),
        ("total_limit: 5,000,000", "total_limit: 4294967296", "waterfall.total_limit", "0 to"),
        ("total_share: 100%", "total_share: 101%", "waterfall.total_share", "0% to 100%"),
        ("remainder_duration: 1d", "remainder_duration: 8d", "remainder_duration", "1h to 7d"),
        ("up_reward_cap: 50 ", "up_reward_cap: 1001 ", "tear_up_reward_cap", "0 to 1"),
        ("hole_share: 10%", "hole_share: 0.9%", "wind_down.hole_share", "1% to 100%"),
        ("floor: 1,000 ", "floor: 10,000,001 ", "wind_down.hole_floor", "0 to 10,000,000"),
        ("conversion_reward: 1 ", "conversion_reward: 11 ", "conversion_reward", "0 to 10"),
        ("  share: 20%", "  share: 101%", "negative_cash.share", "0% to 100%"),
        ("outflow_share: 30%", "outflow_share: 9%", "exits.outflow_share", "10% to 100%"),
        ("outflow_floor: 500,000", "outflow_floor: 0.5", "exits.outflow_floor", "whole"),
        ("proof_window: 3d", "proof_window: 31d", "wind_down.proof_window", "1h to 30d"),
        ("proof_reward: 1%", "proof_reward: 6%", "wind_down.proof_reward", "0% to 5%"),
        ("reward_cap: 100 ", "reward_cap: 1001 ", "wind_down.proof_reward_cap", "0 to 1"),
        ("timelock_delay: null", "timelock_delay: 2d", "governance.proposer", "both or neither"),
        ("proposer: null", f"proposer: {ETH_FEED}", "governance.timelock_delay", "both or neither"),
        ("timelock_delay: null", "timelock_delay: 23h", "governance.timelock_delay", "1d to 30d"),
        ("base_rate: 4%", "base_rate: 83.3334%", "maintenance_ratio", "at most 50%"),
        ("settle_after: 3d", "settle_after: 23h", "ETH.settle_after", "1d to 14d"),
        ("settle_after: 3d", "settle_after: 15d", "ETH.settle_after", "1d to 14d"),
        (
            "tertiary: null",
            "tertiary: {address: null, decimals: 8, heartbeat: 4d}",
            "ETH.tertiary.heartbeat",
            "1s to 3d",
        ),
        (
            "tertiary: null",
            f"tertiary: {{address: '{ETH_FEED}', decimals: 8, heartbeat: 1h}}",
            "ETH.tertiary.address",
            "must be null if the other feeds' are",
        ),
        ("chain_id: 31337", "chain_id: 0", "chain_id", "allowed: 1 to"),
        ("name: BTC-PERP", "name: ''", "markets[1].name", "1 to 32"),
    ],
)
def test_wrong_value_is_refused(edited, old, new, field, reason):
    line = refusal(edited, (old, new))
    assert field in line
    assert reason in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("base_rate: 4%", "base_rate: 3.3334%"),
        ("base_rate: 4%", "base_rate: 83.3333%"),
        ("maintenance_ratio: 60%", "maintenance_ratio: 95%"),
        ("settle_after: 3d", "settle_after: 1d"),
        ("settle_after: 3d", "settle_after: 14d"),
        ("tertiary: null", "tertiary: {address: null, decimals: 8, heartbeat: 3d}"),
        ("band: 5%", "band: 20%"),
        ("haircut_initial: 20%", "haircut_initial: 12%"),
        ("out_ratio: 80%", "out_ratio: 51.0001%"),
        ("discount_start: 4%", "discount_start: 50%"),
        ("cap: 2,500 ", "cap: 0.12345678 "),
        ("  grace: 1h ", "  grace: 300 "),
        ("cooldown: 7d", "cooldown: 144h"),
        ("target_ratio: 1.25", "target_ratio: 120%"),
        ("cooldown: 14d", "cooldown: 9d"),
        ("premium: 8%", "premium: 50%"),
        ("charge_cap: 2%", "charge_cap: 0%"),
        ("charge_cap: 2%", "charge_cap: 2.3999%"),
        ("outflow_share: 30%", "outflow_share: 100%"),
        ("conversion_reward: 1 ", "conversion_reward: 0.5 "),
        ("market_limit: 2,000,000", "market_limit: 4294967295"),
        ("hole_share: 10%", "hole_share: 1%"),
        ("proof_window: 3d", "proof_window: 1h"),
        ("guardian: null", f"guardian: {ETH_FEED}"),
    ],
)
def test_value_at_its_bound_is_accepted(edited, old, new):
    assert edited((old, new)).is_local


def test_missing_section_is_named_with_its_fields(edited):
    with pytest.raises(ConfigError, match="risk: is missing; needed: a section with profit_weight"):
        edited(("\nrisk:", "\nrisks:"))


@pytest.fixture
def with_markets(tmp_path):
    """Return a function that loads local.yaml with so many more markets, on so many assets."""

    def load(count: int, assets: int) -> DeploymentConfig:
        text = LOCAL.read_text(encoding="utf-8")
        head, _, rest = text.partition("  BTC:\n")
        feeds, _, rest = rest.partition("\n# Collateral")
        middle, _, rest = rest.partition("  - name: BTC-PERP")
        market, _, tail = rest.partition("\nrisk:")
        copies = "".join(
            f"  - name: M{i}{market.replace('asset: BTC', f'asset: A{i % assets}')}"
            for i in range(count)
        )
        more = "".join(f"  A{i}:\n{feeds}\n" for i in range(assets))
        path = tmp_path / "many.yaml"
        path.write_text(
            f"{head}{more}  BTC:\n{feeds}\n# Collateral{middle}{copies}\nrisk:{tail}",
            encoding="utf-8",
        )
        return load_config(path)

    return load


def test_number_of_markets_is_bounded(with_markets):
    assert len(with_markets(119, assets=8).markets) == 120
    with pytest.raises(ConfigError, match="markets: has 121 entries; allowed: 1 to 120"):
        with_markets(120, assets=8)


def test_uses_of_an_asset_are_bounded(with_markets):
    assert len(with_markets(16, assets=1).markets) == 17
    with pytest.raises(ConfigError, match=r"assets\.A0: A0 is used 17 times; allowed: 1 to 16"):
        with_markets(17, assets=1)


def test_unused_asset_is_refused(with_markets):
    with pytest.raises(ConfigError, match=r"assets\.A1: A1 is used by no market"):
        with_markets(1, assets=2)


# --- Addresses


def test_address_may_be_unquoted_and_lower_case(edited):
    feeds = edited(
        ("address: null\n      decimals: 8", f"address: {ETH_FEED.lower()}\n      decimals: 8"),
        ("address: null\n      decimals: 18", f"address: {OTHER_FEED}\n      decimals: 18"),
    ).assets["ETH"]
    assert (feeds.primary.address, feeds.secondary.address) == (ETH_FEED, OTHER_FEED)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (ETH_FEED[:-1] + "8", "wrong checksum"),
        (ETH_FEED[:-1], "not an address"),
        ("<ETH / USD feed>", "placeholder"),
        ("0x" + "0" * 40, "zero address"),
    ],
)
def test_wrong_address_is_refused(edited, address, reason):
    line = refusal(edited, ("sequencer_feed: null", f"sequencer_feed: {address}"))
    assert "oracle.sequencer_feed" in line
    assert reason in line


def test_two_feeds_must_be_two(edited):
    primary = ("address: null\n      decimals: 8", f"address: {ETH_FEED}\n      decimals: 8")
    same = ("address: null\n      decimals: 18", f"address: {ETH_FEED}\n      decimals: 18")
    assert "two independent feeds" in refusal(edited, primary, same)
    assert "both or neither" in refusal(edited, primary)
    other = ("address: null\n      decimals: 18", f"address: {OTHER_FEED}\n      decimals: 18")
    for address in (ETH_FEED, OTHER_FEED):
        feed = f"{{address: '{address}', decimals: 8, heartbeat: 1h}}"
        third = ("tertiary: null", f"tertiary: {feed}")
        assert "independent of both" in refusal(edited, primary, other, third)
    none = ("tertiary: null", "tertiary: {address: null, decimals: 8, heartbeat: 1h}")
    assert "an address if they have one" in refusal(edited, primary, other, none)


def test_a_witness_may_be_left_out_and_outages_last_three_days(edited):
    config = edited(("    tertiary: null  ", "    #"), ("    settle_after: 3d  ", "    #"))
    asset = config.assets["ETH"]
    assert asset.tertiary is None
    assert asset.settle_after == 3 * 86_400


def test_public_chain_needs_every_address(edited):
    with pytest.raises(ConfigError) as caught:
        edited(("chain_id: 31337", "chain_id: 1"))
    assert len(caught.value.lines) == 8  # seven contracts and who owns the parameters
    assert all("is needed on chain 1" in line for line in caught.value.lines)


# --- Files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "must be a mapping"),
        ("- a\n- b\n", "must be a mapping"),
        ("risk: {a: 1\n", "is not valid YAML"),
        ("risk:\n  a: 1\nrisk:\n  b: 2\n", r":3: risk: is given twice; the first is on line 1"),
        ("risk: &a\n  inner: *a\n", "may not contain itself"),
    ],
)
def test_unreadable_file_is_refused(tmp_path, content, reason):
    path = tmp_path / "broken.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=reason):
        load_config(path)


def test_absent_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "absent.yaml")


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


# --- Units


@given(st.integers(0, 10**9))
def test_rate_converts_exactly_in_both_notations(ppm):
    value = Decimal(ppm).scaleb(-6)
    assert parse_rate(plain(value)).ppm == parse_rate(percent(value)).ppm == ppm
    assert parse_rate(plain(value)).wad == ppm * 10**12


@given(st.integers(1, 10**9).filter(lambda n: n % 10))
def test_rate_finer_than_its_unit_is_refused(tenths):
    with pytest.raises(UnitError, match="parts per million exactly"):
        _ = Rate(Decimal(tenths).scaleb(-7)).ppm


@given(st.integers(0, 10**48), st.integers(0, 18))
def test_amount_converts_exactly(units, decimals):
    value = parse_amount(f"{units // 10**decimals}.{units % 10**decimals:0{decimals or 1}d}")
    assert value.units(decimals) == units
    assert value.wad == units * 10 ** (18 - decimals)


@given(st.integers(0, 10**9))
def test_duration_survives_being_written(seconds):
    assert parse_duration(duration(seconds)) == parse_duration(str(seconds)) == seconds


@given(st.integers(10**3, 10**15))
def test_grouped_thousands_are_read(number):
    assert parse_amount(f"{number:,}") == parse_amount(f"{number:_}") == number


@pytest.mark.parametrize("text", ["", "1,00", "1.", ".5", "1e6", "inf", "--1", "1 000", "0x10"])
def test_what_is_no_plain_number_is_refused(text):
    with pytest.raises(UnitError):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1h30m", 5_400), ("1h 30m", 5_400), ("3d", 259_200)],
)
def test_durations_are_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1.5h", "-1s", "1y", "1h30", True])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UnitError):
        parse_duration(text)


def test_number_too_long_to_convert_exactly_is_refused():
    with pytest.raises(UnitError):
        parse_rate("0.05" + "0" * 130 + "1")
    assert scaled(Amount("1"), 18, "18 decimals") == 10**18
