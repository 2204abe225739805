"""Money in and out of accounts."""

from __future__ import annotations

from verification.engine.world import CROSS, ISOLATED
from verification.fuzz.action import action
from verification.fuzz.actions.reasons import FAILED, MISSING, MONEY_OUT, ODD_TOKEN, WINDING_DOWN
from verification.fuzz.domains import (
    CENTS,
    COLLATERAL,
    DEBTOR,
    MARKET,
    PART,
    PERSON,
    PLACE,
    SYMBOL,
    Choice,
    Either,
    Place,
)
from verification.fuzz.stage import MOST_ACCOUNTS, Call, Stage

OWNERS = Either((PLACE, Place(trouble=0.3, worst=0.4)))
NOT_OWNER = "registry: not the account's owner"


def held(stage: Stage, account: int, symbol: str) -> int:
    """Return what an account holds of a token, in its units."""
    if symbol == "USDC":
        return max(stage.world.cash(account), 0) // 10**12
    index = stage.world.deployment.collaterals[symbol]
    decimals = stage.contract(f"token:{symbol}").decimals()
    return stage.world.clearinghouse.collateral(account, index) // 10 ** (18 - decimals)


@action(
    "money",
    {"clearinghouse: bad margin mode", "sides: unknown market"},
    0.2,
    who=PERSON,
    market=Choice((0, 0, 1, 2, 3)),
)
def open_account(stage: Stage, who: int, market: int) -> Call | None:
    """Somebody opens one more account."""
    if len(stage.accounts) >= MOST_ACCOUNTS:
        return None
    owner = stage.people[who]
    mode = ISOLATED if market else CROSS
    count = stage.world.clearinghouse.account_count(owner)
    account = int(owner.address, 16) << 96 | mode << 88 | market << 72 | count
    stage.accounts.append((who, account))
    return Call("clearinghouse", "open_account", (mode, market), owner)


@action("money", {WINDING_DOWN, MISSING}, 2, place=OWNERS, giver=PERSON, cents=CENTS)
def deposit(stage: Stage, place: int, giver: int, cents: int) -> Call:
    """Cash from anybody into any account."""
    token = stage.world.settlement
    args = (stage.account(place), token, cents * 10**4)
    return Call("clearinghouse", "deposit", args, stage.people[giver])


@action(
    "money",
    {
        WINDING_DOWN,
        "registry: price not valid",
        "clearinghouse: cap reached",
        NOT_OWNER,
        *ODD_TOKEN,
    },
    1.5,
    place=OWNERS,
    symbol=COLLATERAL,
    part=PART,
)
def deposit_collateral(stage: Stage, place: int, symbol: str, part: int) -> Call:
    """Collateral from the owner."""
    token = stage.contract(f"token:{symbol}")
    amount = part * 10 ** (token.decimals() - 6)
    args = (stage.account(place), token, amount * (100 if symbol == "ODD" else 1))
    return Call("clearinghouse", "deposit", args, stage.owner(place))


@action("money", MONEY_OUT | ODD_TOKEN, 2, place=PLACE, symbol=SYMBOL, part=PART)
def withdraw(stage: Stage, place: int, symbol: str, part: int) -> Call:
    """A part of what is held."""
    account, owner = stage.account(place), stage.owner(place)
    token = stage.contract(f"token:{symbol}")
    amount = held(stage, account, symbol) * part // 10**6
    return Call("clearinghouse", "withdraw", (account, token, amount, owner), owner)


@action("money", MONEY_OUT, 1, place=OWNERS, cents=Choice((-1, 1, 1, 10_000)))
def withdraw_to_the_edge(stage: Stage, place: int, cents: int) -> Call | None:
    """As much as margin lets go, give or take."""
    account, owner = stage.account(place), stage.owner(place)
    equity, initial, _ = stage.world.risk_engine.margin(account)
    amount = (equity - initial) // 10**12 + cents * 10**4
    if amount <= 0:
        return None
    args = (account, stage.world.settlement, amount, owner)
    return Call("clearinghouse", "withdraw", args, owner)


@action("money", MONEY_OUT, 1, place=PLACE, part=PART, most=Choice((0, 1_000, 1_100, 10_000)))
def withdraw_at_a_factor(stage: Stage, place: int, part: int, most: int) -> Call:
    """Cash while a hole stands, perhaps, for a debit of so many thousandths of it."""
    account, owner = stage.account(place), stage.owner(place)
    amount = held(stage, account, "USDC") * part // 10**6
    args = (account, stage.world.settlement, amount, owner, amount * 10**9 * most)
    return Call("clearinghouse", "withdraw", args, owner)


@action(
    "money",
    MONEY_OUT
    | {
        "clearinghouse: same account",
        "clearinghouse: another owner",
        "registry: price not valid",
    },
    1,
    giver=PLACE,
    getter=OWNERS,
    symbol=SYMBOL,
    part=PART,
)
def transfer(stage: Stage, giver: int, getter: int, symbol: str, part: int) -> Call:
    """From account to account."""
    source, target = stage.account(giver), stage.account(getter)
    token, amount = stage.contract(f"token:{symbol}"), held(stage, source, symbol) * part // 10**6
    return Call("clearinghouse", "transfer", (source, target, token, amount), stage.owner(giver))


@action(
    "money",
    {"clearinghouse: unknown permission"},
    0.2,
    who=PERSON,
    operator=PERSON,
    permissions=Choice((0, 1, 2, 3, 3, 4)),
)
def set_operator(stage: Stage, who: int, operator: int, permissions: int) -> Call:
    """Somebody lets somebody else act for them."""
    args = (stage.people[operator], permissions)
    return Call("clearinghouse", "set_operator", args, stage.people[who])


@action(
    "money",
    MONEY_OUT | {NOT_OWNER, *ODD_TOKEN},
    0.5,
    place=PLACE,
    thief=PERSON,
    symbol=SYMBOL,
    part=PART,
)
def withdraw_as_another(stage: Stage, place: int, thief: int, symbol: str, part: int) -> Call:
    """Somebody, perhaps an operator, takes money of an account for themselves (INV-14)."""
    account, person = stage.account(place), stage.people[thief]
    token = stage.contract(f"token:{symbol}")
    amount = held(stage, account, symbol) * part // 10**6
    return Call("clearinghouse", "withdraw", (account, token, amount, person), person)


CALL = {"end terms: debts are below their cap", "end terms: debts are called in"}
COVER = {
    MISSING,
    WINDING_DOWN,
    "registry: amount is zero",
    "clearinghouse: below minimum",
    "registry: not enough held",
    "clearinghouse: not open yet",
    "clearinghouse: owes less",
    "registry: price not valid",
    "ledger: account under a call",
    "risk engine: below maintenance margin",
    "risk engine: price not valid",
}


@action("money", COVER | ODD_TOKEN, 0.8, place=DEBTOR, payer=PERSON, symbol=COLLATERAL, part=PART)
def cover_shortfall(stage: Stage, place: int, payer: int, symbol: str, part: int) -> Call | None:
    """Somebody pays negative cash and takes collateral."""
    account, person = stage.account(place), stage.people[payer]
    owed = -stage.world.cash(account)
    if owed <= 0 and part > 1_000:
        return None
    amount = max(owed, 10**12) * part // 10**6 // 10**12
    args = (account, stage.contract(f"token:{symbol}"), amount, 0, person)
    return Call("clearinghouse", "cover_shortfall", args, person)


@action("money", set(), 0.5, market=MARKET)
def accrue_funding(stage: Stage, market: int) -> Call:
    """INV-10: needs no price and never fails."""
    return Call("clearinghouse", "accrue_funding", (market,), stage.people[0])


@action("money", {WINDING_DOWN}, 0.6, market=MARKET)
def collect_fees(stage: Stage, market: int) -> Call:
    """Fees go to the hole and the reserve."""
    return Call("clearinghouse", "collect_fees", (market,), stage.people[1])


@action(
    "money",
    {WINDING_DOWN, "registry: amount is zero", "test token: balance too low"},
    0.4,
    who=PERSON,
    cents=CENTS,
)
def fill_reserve(stage: Stage, who: int, cents: int) -> Call:
    """Somebody gives to the hole and the reserve."""
    return Call("clearinghouse", "donate", (cents * 10**4,), stage.people[who])


@action(
    "money",
    {
        WINDING_DOWN,
        "clearinghouse: owes nothing",
        "clearinghouse: owes less",
        MISSING,  # the payer has not so much
        "registry: amount is zero",
        FAILED,
    },
    0.8,
    place=DEBTOR,
    payer=PERSON,
    part=PART,
)
def repay(stage: Stage, place: int, payer: int, part: int) -> Call | None:
    """Somebody pays what an account owes for a default."""
    account = stage.account(place)
    record = stage.world.clearinghouse.debts(account)
    owed = sum(record >> 51 * tier & (1 << 51) - 1 for tier in range(5))
    if not owed and part > 1_000:
        return None
    args = (account, max(owed * part // 10**6, 1))
    return Call("clearinghouse", "repay", args, stage.people[payer])


@action(
    "money",
    {
        WINDING_DOWN,
        "clearinghouse: owes nothing",
        "ledger: account under a call",
        "clearinghouse: account still has legs",
        "registry: not enough held",
        "registry: amount is zero",
        "clearinghouse: a hole stands",
    },
    0.5,
    place=DEBTOR,
    caller=PERSON,
)
def recover(stage: Stage, place: int, caller: int) -> Call | None:
    """An account that owes for a default pays out of its own cash."""
    return Call("clearinghouse", "recover", (stage.account(place),), stage.people[caller])


@action("money", {WINDING_DOWN, *CALL}, 0.3, caller=PERSON)
def call_debts(stage: Stage, caller: int) -> Call:
    """Somebody calls all negative cash in."""
    return Call("clearinghouse", "call_debts", (), stage.people[caller])


ALIVE = {"settled markets: market is alive", "final settlement: price in doubt"}


@action("settlement", ALIVE, 0.5, market=MARKET, caller=PERSON)
def settle_market(stage: Stage, market: int, caller: int) -> Call | None:
    """Anyone ends a market whose price is dead."""
    if stage.world.clearinghouse.settled_prices(market):
        return None
    return Call("clearinghouse", "settle_market", (market,), stage.people[caller])


@action(
    "settlement",
    {"settled markets: market is not settled", "settled markets: nothing to convert"},
    0.5,
    market=MARKET,
    caller=PERSON,
    purse=PLACE,
)
def convert_positions(stage: Stage, market: int, caller: int, purse: int) -> Call:
    """Positions of a settled market become cash."""
    args = (market, stage.ids, stage.account(purse) if purse % 3 else 0)
    return Call("clearinghouse", "convert_positions", args, stage.people[caller])


@action(
    "wind-down",
    {"wind down: hole is too small to wind down", "wind down: not due yet", WINDING_DOWN},
    0.2,
    caller=PERSON,
)
def begin_wind_down(stage: Stage, caller: int) -> Call:
    """Anyone ends it all when the hole is too large."""
    return Call("clearinghouse", "begin_wind_down", (), stage.people[caller])


@action(
    "wind-down",
    {
        "wind down: proofs are not over",
        "wind down: positions are left to convert",
        "ownable: caller is not the owner",
        "registry: winding down",
    },
    0.2,
    caller=PERSON,
)
def begin_redemption(stage: Stage, caller: int) -> Call:
    """Anyone, when the proofs are over."""
    return Call("clearinghouse", "begin_redemption", (), stage.people[caller])


@action(
    "wind-down",
    {
        "wind down: redemption has not begun",
        "wind down: account has a deficit",
        "wind down: nothing to redeem",
    },
    0.3,
    place=PLACE,
    caller=PERSON,
)
def redeem(stage: Stage, place: int, caller: int) -> Call:
    """An account's share of what is held, to its owner."""
    args = (stage.account(place), stage.owner(place))
    return Call("clearinghouse", "redeem", args, stage.people[caller])


@action(
    "wind-down",
    {
        MISSING,
        "wind down: not begun",
        "wind down: owes less",
        "registry: amount is zero",
    },
    0.4,
    place=DEBTOR,
    payer=PERSON,
    part=PART,
)
def settle_debt(stage: Stage, place: int, payer: int, part: int) -> Call:
    """Somebody pays an account's negative cash at par."""
    account = stage.account(place)
    owed = max(-stage.world.cash(account), 10**12)
    args = (account, owed * part // 10**6 // 10**12)
    return Call("clearinghouse", "settle_debt", args, stage.people[payer])


@action(
    "wind-down",
    {
        "ownable: caller is not the owner",
        "end terms: reserve is still needed",
        "registry: amount is zero",
    },
    0.2,
    caller=PERSON,
)
def release_reserve(stage: Stage, caller: int) -> Call:
    """The rest of the reserve, to its owner only."""
    person = stage.people[caller]
    return Call("clearinghouse", "release_reserve", (person,), person)
