"""The owner and the guardian: parameters, roles, pauses, settlement and the end."""

from __future__ import annotations

from verification.fuzz.action import action
from verification.fuzz.actions.reasons import ADMIN_ONLY, WINDING_DOWN
from verification.fuzz.domains import MARKET, PERSON, Choice, Whole
from verification.fuzz.stage import GUARDIAN, PROPOSER, Call, Stage

BOUNDS = {
    "clearinghouse: bad market id",
    "clearinghouse: outflow limit out of bounds",
    "clearinghouse: eight collaterals at most",
    "clearinghouse: market already listed",
    "proposals: no role proposed",
    "proposals: role holder is not a contract",
    "end terms: shortfall terms out of bounds",
    "clearinghouse: threshold out of bounds",
    "clearinghouse: token already listed",
    "proposals: unknown role",
    "end terms: wind-down terms out of bounds",
    "default rules: terms out of bounds",
    "market terms: band out of bounds",
    "market terms: fee out of bounds",
    "fund terms: rate out of bounds",
    "premiums: rate out of bounds",
    "leave timing: cooldown out of bounds",
    "leave timing: window out of bounds",
    "sides: unknown market",
    "registry: unknown token",
    "risk parameters: asset of a row is fixed",
    "risk parameters: parameter out of bounds",
    "risk engine: price not valid",
    "risk parameters: unknown asset",
    "price oracle: price not valid",
    WINDING_DOWN,
}
SCALE = Choice((0, 250, 500, 800, 1_000, 1_000, 1_000, 1_250, 2_000, 5_000))  # thousandths


def _scaled(values: tuple[int, ...], which: int, scale: int) -> tuple[int, ...]:
    """Return the values with one of them scaled."""
    index = which % len(values)
    return (*values[:index], values[index] * scale // 1_000, *values[index + 1 :])


@action("governance", BOUNDS, 1, which=Whole(0, 9), scale=SCALE)
def set_default_terms(stage: Stage, which: int, scale: int) -> Call:
    """One of the terms of the procedure changes."""
    terms = _scaled(tuple(stage.world.default_manager.terms()), which, scale)
    return stage.govern("default_manager", "set_terms", terms)


@action("governance", BOUNDS, 1, which=Whole(0, 7), scale=SCALE)
def set_waterfall(stage: Stage, which: int, scale: int) -> Call:
    """One of the terms of the waterfall changes."""
    terms = _scaled(tuple(stage.world.default_manager.waterfall()), which, scale)
    return stage.govern("default_manager", "set_waterfall", terms)


@action("governance", BOUNDS, 1, market=MARKET, which=Whole(0, 4), scale=SCALE)
def set_market(stage: Stage, market: int, which: int, scale: int) -> Call:
    """A risk parameter of a market changes."""
    word = stage.world.risk_engine.row_words(8 + market)[3]
    values = (
        word & 2**32 - 1,
        word >> 32 & 2**32 - 1,
        word >> 64 & 2**48 - 1,
        word >> 112 & 2**48 - 1,
        word >> 160 & 2**24 - 1,
    )
    rest = bool(word >> 184 & 1), word >> 192
    return stage.govern(
        "risk_engine", "set_market", market, market, *_scaled(values, which, scale), *rest
    )


@action(
    "governance",
    BOUNDS,
    0.7,
    index=Whole(0, 3),
    initial=Choice((0, 100_000, 200_000, 950_000)),
    part=Choice((0, 500, 1_000, 1_200)),
)
def set_collateral(stage: Stage, index: int, initial: int, part: int) -> Call:
    """The haircuts of a collateral change."""
    args = (index, (1, 2, 3, 4)[index], initial, initial * part // 1_000)
    return stage.govern("risk_engine", "set_collateral", *args)


@action(
    "governance",
    BOUNDS,
    0.5,
    weight=Choice((0, 500_000, 10**6, 10**6 + 1)),
    equity=Choice((0, 50, 1_000, 2 * 10**6)),
)
def set_globals(stage: Stage, weight: int, equity: int) -> Call:
    """Profit weight and least equity change."""
    return stage.govern("risk_engine", "set_globals", weight, equity * 10**18)


@action("governance", BOUNDS, 0.4, asset=Whole(1, 3), deviation=Choice((4, 100, 200, 400, 2_000)))
def set_asset(stage: Stage, asset: int, deviation: int) -> Call:
    """The deviation limit of an asset changes; the price must be VALID."""
    w0, w1, w2, _ = stage.world.risk_engine.row_words(8 + asset)
    w0 = w0 & (1 << 240) - 1 | deviation << 240
    w3 = stage.world.risk_engine.witness_words(asset)
    return stage.govern("risk_engine", "set_asset", asset, w0, w1 & (1 << 160) - 1, w2, w3)


ANNOUNCED = {
    "risk parameters: nothing announced",
    "risk parameters: notice not over",
    "price oracle: price not valid",
}


@action(
    "settlement", ANNOUNCED, 0.4, what=Choice(("globals", "market", "asset")), number=Whole(1, 3)
)
def apply_announced(stage: Stage, what: str, number: int) -> Call:
    """Anyone applies parameters that were announced."""
    args = () if what == "globals" else (number,)
    return Call("risk_engine", f"apply_{what}", args, stage.people[number])


@action("settlement", ANNOUNCED, 0.2, index=Whole(0, 3), who=PERSON)
def apply_haircuts(stage: Stage, index: int, who: int) -> Call:
    """Likewise haircuts of a collateral."""
    return Call("risk_engine", "apply_collateral", (index,), stage.people[who])


@action(
    "governance",
    BOUNDS,
    0.5,
    market=MARKET,
    maker=Choice((0, 100, 300, 10_001)),
    taker=Choice((0, 500, 2_000)),
    band=Choice((10, 200, 500, 2_000, 2_001)),
)
def set_exchange_terms(stage: Stage, market: int, maker: int, taker: int, band: int) -> Call:
    """Fees and band of a market change."""
    return stage.govern("exchange", "set_terms", market, maker, taker, band)


@action(
    "governance",
    BOUNDS,
    0.4,
    cooldown=Choice((3_599, 3_600, 86_400, 604_800)),
    window=Choice((1_200, 28_800, 172_800)),
)
def set_timing(stage: Stage, cooldown: int, window: int) -> Call:
    """Waiting times of the insurance fund change."""
    return stage.govern("insurance_fund", "set_timing", cooldown, window)


@action("governance", BOUNDS, 0.3, rate=Choice((0, 80_000, 500_000, 500_001)))
def set_premium(stage: Stage, rate: int) -> Call:
    """What stakers earn changes."""
    return stage.govern("insurance_fund", "set_premium", rate)


@action("governance", BOUNDS, 0.4, which=Whole(0, 4), scale=SCALE)
def set_fund_terms(stage: Stage, which: int, scale: int) -> Call:
    """Terms of the default fund change."""
    terms = _scaled(tuple(stage.world.default_fund.terms()), which, scale)
    return stage.govern("default_fund", "set_terms", terms)


@action(
    "governance",
    BOUNDS,
    0.5,
    cap=Choice((0, 1_000, 5_000_000)),
    share=Choice((0, 10_000, 200_000, 1_000_001)),
    grace=Choice((0, 86_400, 2_592_001)),
    discount=Choice((0, 10_000, 100_000)),
)
def set_shortfall_terms(stage: Stage, cap: int, share: int, grace: int, discount: int) -> Call:
    """Rules of negative cash change."""
    args = (cap * 10**18, share, grace, discount)
    return stage.govern("clearinghouse", "set_shortfall_terms", *args)


@action(
    "governance",
    BOUNDS,
    0.3,
    share=Choice((0, 99_999, 100_000, 300_000, 10**6, 10**6 + 1)),
    least=Choice((0, 100, 500_000, 2**40)),
)
def set_outflow_limit(stage: Stage, share: int, least: int) -> Call:
    """How fast cash may leave changes."""
    return stage.govern("clearinghouse", "set_outflow_limit", share, least)


@action(
    "governance",
    BOUNDS,
    0.3,
    share=Choice((9_999, 10_000, 100_000, 10**6)),
    floor=Choice((0, 100, 10_000_001)),
    window=Choice((3_600, 259_200)),
    reward=Choice((0, 10_000, 50_000)),
    cap=Choice((0, 100, 1_000, 1_001)),
    conversion=Choice((0, 1, 1, 11)),
)
def set_wind_down_terms(
    stage: Stage, share: int, floor: int, window: int, reward: int, cap: int, conversion: int
) -> Call:
    """Rules of the end change."""
    args = (share, floor, window, reward, cap, conversion * 10**18)
    return stage.govern("clearinghouse", "set_wind_down_terms", *args)


@action("governance", BOUNDS, 0.3, threshold=Choice((0, 100, 10_000, 250_000, 2**32)))
def set_contribution_threshold(stage: Stage, threshold: int) -> Call:
    """Who must be a member changes."""
    return stage.govern("clearinghouse", "set_contribution_threshold", threshold)


@action("governance", BOUNDS, 0.3, index=Whole(0, 3), cap=Choice((0, 10, 50_000, 10**6)))
def set_collateral_cap(stage: Stage, index: int, cap: int) -> Call:
    """A cap changes: down at once, up over 30 days."""
    return stage.govern("clearinghouse", "set_collateral_cap", index, cap * 10**18)


@action("governance", BOUNDS, 0.1, symbol=Choice(("USDC", "WETH", "ODD")))
def list_collateral(stage: Stage, symbol: str) -> Call:
    """A token that is there already."""
    token = stage.contract(f"token:{symbol}")
    return stage.govern("clearinghouse", "list_collateral", token, 10**24)


@action("governance", BOUNDS, 0.1, market=Choice((0, 1, 2, 121)))
def list_market(stage: Stage, market: int) -> Call:
    """A market that is there already, or cannot be."""
    return stage.govern("clearinghouse", "list_market", market)


@action("governance", BOUNDS, 0.3, role=Whole(0, 5))
def set_role(stage: Stage, role: int) -> Call:
    """The same holder is proposed again, and has to wait nevertheless."""
    names = ("risk_engine", "exchange", "default_manager", "insurance_fund", "default_fund", "lens")
    return stage.govern("clearinghouse", "set_role", role, stage.contract(names[role]))


@action(
    "governance",
    {
        "proposals: no role proposed",
        "proposals: role delay is not over",
        "proposals: role proposal has lapsed",
    },
    0.3,
    role=Whole(0, 4),
    caller=PERSON,
)
def accept_role(stage: Stage, role: int, caller: int) -> Call:
    """Anyone lets a proposed holder in."""
    return Call("clearinghouse", "accept_role", (role,), stage.people[caller])


@action(
    "governance",
    {
        "proposals: caller is not the guardian",
        "proposals: no role proposed",
        "proposals: role is delayed already",
        "proposals: role proposal has lapsed",
    },
    0.2,
    role=Whole(0, 5),
    who=Choice((GUARDIAN, GUARDIAN, 0)),
)
def delay_role(stage: Stage, role: int, who: int) -> Call:
    """The guardian delays a proposed holder; a stranger may not."""
    return Call("clearinghouse", "delay_role", (role,), stage.people[who])


@action("governance", BOUNDS, 0.2, role=Whole(0, 4))
def cancel_role(stage: Stage, role: int) -> Call:
    """A proposal is withdrawn."""
    return stage.govern("clearinghouse", "cancel_role", role)


@action("governance", BOUNDS, 0.2, nobody=Choice((False, False, True)))
def set_guardian(stage: Stage, nobody: bool) -> Call:
    """The guardian is proposed, or the office emptied."""
    guardian = "0x" + "00" * 20 if nobody else stage.people[GUARDIAN].address
    return stage.govern("clearinghouse", "set_guardian", guardian)


@action(
    "governance",
    {
        "proposals: caller is not the proposed guardian",
        "proposals: guardian delay is not over",
    },
    0.3,
    who=PERSON,
)
def accept_guardian(stage: Stage, who: int) -> Call:
    """The guardian takes office, or anyone empties it."""
    return Call("clearinghouse", "accept_guardian", (), stage.people[who])


@action(
    "governance", {"ownable: new owner is the zero address"}, 0.1, to=Choice((GUARDIAN, PROPOSER))
)
def transfer_ownership(stage: Stage, to: int) -> Call:
    """Somebody is proposed as owner who never accepts."""
    return stage.govern("clearinghouse", "transfer_ownership", stage.people[to])


@action("governance", {"ownable_2step: caller is not the new owner"}, 0.1, who=Choice((0, 1, 2)))
def accept_ownership(stage: Stage, who: int) -> Call:
    """Somebody who was not proposed accepts (INV-14)."""
    return Call("clearinghouse", "accept_ownership", (), stage.people[who])


PAUSE = {
    "clearinghouse: already paused for longer",
    "clearinghouse: caller is not the guardian",
    "clearinghouse: pause out of bounds",
    "clearinghouse: paused time is used up",
    "clearinghouse: unknown action",
    WINDING_DOWN,
}


@action("pauses", PAUSE, 0.3, what=Choice((0, 1, 2, 2, 3)), seconds=Whole(1, 90_000))
def pause(stage: Stage, what: int, seconds: int) -> Call:
    """The guardian stops something for a while."""
    return Call("clearinghouse", "pause", (what, seconds), stage.people[GUARDIAN])


@action(
    "pauses",
    {
        "clearinghouse: not paused",
        "clearinghouse: unknown action",
        "clearinghouse: caller is not the guardian",
    }
    | ADMIN_ONLY,
    0.4,
    what=Choice((0, 1, 2)),
    who=Choice((GUARDIAN, GUARDIAN, 0)),
)
def unpause(stage: Stage, what: int, who: int) -> Call:
    """The guardian ends a pause; a stranger may not."""
    return Call("clearinghouse", "unpause", (what,), stage.people[who])


@action("endings", BOUNDS | {"final settlement: price in doubt"}, 0.1, market=MARKET)
def delist(stage: Stage, market: int) -> Call | None:
    """The owner settles a market."""
    if stage.world.clearinghouse.settled_prices(market):
        return None
    return stage.govern("clearinghouse", "settle_market", market)


@action("endings", BOUNDS, 0.1)
def end_it_all(stage: Stage) -> Call:
    """The owner begins the wind-down."""
    return stage.govern("clearinghouse", "begin_wind_down")


TIMELOCK = {
    "timelock_controller: operation is not ready",
    "timelock_controller: operation cannot be cancelled",
    "access_control: account is missing role",
    "timelock_controller: underlying transaction reverted",
    "sides: market is settled",  # delisted twice
}


@action(
    "timelock", TIMELOCK | BOUNDS | ADMIN_ONLY | PAUSE, 1.5, age=Choice((0, 0, 1, 2, 5)), who=PERSON
)
def execute(stage: Stage, age: int, who: int) -> Call | None:
    """Anyone executes what is ripe."""
    if age >= len(stage.scheduled):
        return None
    return Call("timelock", "execute", stage.scheduled[-1 - age], stage.people[who])


@action("timelock", TIMELOCK, 0.3, age=Choice((0, 1, 2)), who=Choice((PROPOSER, PROPOSER, 0)))
def cancel_operation(stage: Stage, age: int, who: int) -> Call | None:
    """The proposer cancels; a stranger may not."""
    if age >= len(stage.scheduled):
        return None
    operation = stage.world.timelock.hash_operation(*stage.scheduled[-1 - age])
    return Call("timelock", "cancel", (operation,), stage.people[who])


@action(
    "timelock",
    {
        "access_control: can only renounce roles for itself",
        "timelock_controller: insufficient delay",
        "timelock_controller: operation is not ready",
        "timelock: caller is not the timelock",
        "ownable_2step: caller is not the new owner",
        "access_control: account is missing role",
    },
    0.3,
    who=PERSON,
    what=Choice(("delay", "early", "role", "revoke", "renounce", "batch", "unripe", "owner")),
)
def break_timelock(stage: Stage, who: int, what: str) -> Call | None:
    """Somebody tries to get around the delay (INV-14)."""
    if stage.variant != "timelock":
        return None
    person, ledger = stage.people[who], stage.world.clearinghouse
    data = ledger.set_contribution_threshold.encode_input(0)
    if what == "delay":
        return Call("timelock", "update_delay", (0,), person)
    if what == "owner":
        return Call("timelock", "accept_ownership", (ledger,), person)
    if what == "role":
        role = stage.world.timelock.PROPOSER_ROLE()
        return Call("timelock", "grantRole", (role, person), person)
    if what == "revoke":
        role = stage.world.timelock.PROPOSER_ROLE()
        return Call("timelock", "revokeRole", (role, stage.people[PROPOSER]), person)
    if what == "renounce":
        role = stage.world.timelock.PROPOSER_ROLE()
        return Call("timelock", "renounceRole", (role, stage.people[PROPOSER]), stage.people[0])
    if what == "unripe":
        args = ([ledger], [0], [data], bytes(32), bytes(32))
        return Call("timelock", "execute_batch", args, person)
    if what == "batch":
        args = ([ledger], [0], [data], bytes(32), bytes(32), 60)
        return Call("timelock", "schedule_batch", args, person)
    args = (ledger, 0, data, bytes(32), bytes(32), 60)
    return Call("timelock", "schedule", args, person)
