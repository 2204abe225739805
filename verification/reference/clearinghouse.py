"""Accounts and their money (docs/specification.md, sections 1, 7 and 9.1)."""

from __future__ import annotations

from verification.reference import exits, fresh_wins, ledger, margin, prices, tokens
from verification.reference.rounding import PPM, WAD, down, require
from verification.reference.state import (
    CLEARINGHOUSE,
    CROSS,
    HEALTHY,
    ISOLATED,
    LIQUIDATIONS,
    RUNNING,
    TRADE,
    TRADING,
    WINDING_DOWN,
    WITHDRAW,
    WITHDRAWALS,
    Account,
    State,
)
from verification.reference.terms import HOUR

CURE_WINDOW = HOUR  # after a pause of liquidations, in which new risk waits as well
AFTER_PAUSE = CURE_WINDOW + 600  # seconds until anybody leaves

CALLED_TIME = 7 * 86_400  # debts that are called in stay due for this

# WHO MAY ------------------------------------------------------------------------------------------


def may(w: State, number: int, who: str, permission: int) -> bool:
    """Whether somebody owns an account or operates it with a permission."""
    owner = f"0x{number >> 96:040x}"
    return who == owner or bool(w.operators[owner, who] & permission)


def require_authorised(w: State, number: int, who: str, permission: int) -> None:
    """Only the owner and their operators move an account's money."""
    require(may(w, number, who, permission), "registry: not the account's owner")


def require_running(w: State) -> None:
    """Not in a wind-down."""
    require(w.phase == RUNNING, "registry: winding down")


def require_no_call(account: Account) -> None:
    """Outside the default procedure, and nothing owed for a past default."""
    require(account.stage == HEALTHY, "ledger: account under a call")
    require(not account.is_indebted, "trading: account is indebted")


def require_under_cap(w: State, account: Account) -> None:
    """Voluntary actions do not push the total of negative cash above its cap."""
    fits = account.cash >= 0 or w.negative_cash <= debt_cap(w)
    require(fits, "trading: negative cash cap")


def debt_cap(w: State) -> int:
    """The greatest total of negative cash that voluntary actions may reach."""
    held = tokens.balance(w, w.settlement, CLEARINGHOUSE) * w.scale
    return min(w.terms.negative_cash_cap, down(held * w.terms.negative_cash_share, PPM))


def call_debts(w: State, sender: str) -> int:
    """Call all negative cash in while it is above its cap. Return when it is due."""
    require_running(w)
    require(w.negative_cash > debt_cap(w), "end terms: debts are below their cap")
    due = w.debts_called_at + w.terms.shortfall_grace
    is_over = w.debts_called_at == 0 or w.now >= due + CALLED_TIME
    require(is_over, "end terms: debts are called in")
    w.debts_called_at = w.now
    return w.now + w.terms.shortfall_grace


def index_of(w: State, token: str) -> int:
    """The index of a listed collateral."""
    listed = [f"token:{terms.token}" for terms in w.collaterals]
    require(token in listed, "registry: unknown token")
    return listed.index(token)


def is_cash(w: State, token: str) -> bool:
    """Whether a token is the settlement token."""
    return token == f"token:{w.settlement}"


# ACCOUNTS -----------------------------------------------------------------------------------------


def open_account(w: State, sender: str, mode: int, market: int) -> int:
    """Open an account; its id says owner, mode, market and how many came before."""
    if mode == ISOLATED:
        ledger.market_of(w, market)
    else:
        require(mode == CROSS and market == 0, "clearinghouse: bad margin mode")
    index = w.account_count[sender]
    w.account_count[sender] += 1
    number = int(sender, 16) << 96 | mode << 88 | market << 72 | index
    w.accounts[number] = Account(number)
    return number


def set_operator(w: State, sender: str, operator: str, permissions: int) -> None:
    """Let somebody act for all accounts of the sender."""
    require(permissions <= TRADE | WITHDRAW, "clearinghouse: unknown permission")
    w.operators[sender, operator] = permissions


def deposit(w: State, sender: str, number: int, token: str, amount: int) -> int:
    """Cash from anyone at every stage; collateral from the owner, at a VALID price if there is
    risk, up to the cap."""
    require(amount != 0, "registry: amount is zero")
    require_running(w)
    account = ledger.account_of(w, number)
    if is_cash(w, token):
        tokens.take(w, w.settlement, sender, amount)
        ledger.add_cash(w, account, amount * w.scale)
        exits.note_fresh(w, account, amount * w.scale)
        return amount * w.scale
    require_authorised(w, number, sender, TRADE)
    terms = w.collaterals[index_of(w, token)]
    tokens.take(w, terms.token, sender, amount)
    _bring_in(w, account, index_of(w, token), amount * terms.scale)
    terms.total += amount * terms.scale
    require(terms.total <= terms.cap_at(w.now), "clearinghouse: cap reached")
    return amount * terms.scale


def _bring_in(w: State, account: Account, index: int, amount: int) -> None:
    if account.positions or account.cash < 0 or account.stage != HEALTHY:
        price = prices.judge(w, w.collaterals[index].asset)
        require(price.is_valid, "registry: price not valid")
    ledger.set_collateral(account, index, account.collateral.get(index, 0) + amount)


def withdraw(
    w: State,
    sender: str,
    number: int,
    token: str,
    amount: int,
    recipient: str,
    max_debit: int = 0,
) -> None:
    """Pay out what equity beyond IM allows, not what was won too lately; cash at the factor of the
    hole."""
    _require_may_pay_out(w, sender, number)
    account = _payer(w, number, amount)
    if is_cash(w, token):
        wanted = amount * w.scale
        require(wanted <= account.cash, "registry: not enough held")
        free = fresh_wins.free(w, account)
        require(wanted <= free, "margin moves: won too lately")
        exits.require_outflow(w, wanted)
        ledger.add_cash(w, account, -exits.leave(w, account, wanted, free, max_debit))
    else:
        w.collaterals[_take_collateral(w, account, token, amount)].total -= (
            amount * w.collaterals[index_of(w, token)].scale
        )
    _require_margin_left(w, account)
    tokens.give(w, token.removeprefix("token:"), recipient, amount)


def transfer(w: State, sender: str, source: int, target: int, token: str, amount: int) -> None:
    """Move margin between accounts; collateral and fresh wins only between accounts of one
    owner."""
    _require_may_pay_out(w, sender, source)
    account = _payer(w, source, amount)
    receiver = ledger.account_of(w, target)
    require(source != target, "clearinghouse: same account")
    is_own = source >> 96 == target >> 96
    if is_cash(w, token):
        moved = amount * w.scale
        require(moved <= account.cash, "registry: not enough held")
        free = fresh_wins.free(w, account)
        if moved > free:
            require(is_own, "margin moves: won too lately")
            fresh_wins.carry(w, account, receiver, moved - free)
        ledger.add_cash(w, account, -moved)
        ledger.add_cash(w, receiver, moved)
    else:
        require(is_own, "clearinghouse: another owner")
        index = _take_collateral(w, account, token, amount)
        _bring_in(w, receiver, index, amount * w.collaterals[index].scale)
    _require_margin_left(w, account)


def _require_may_pay_out(w: State, sender: str, number: int) -> None:
    require_authorised(w, number, sender, WITHDRAW)
    require_running(w)
    paused = w.pauses[WITHDRAWALS].until > w.now or exits_stopped_until(w) > w.now
    require(not paused, "registry: withdrawals are paused")


def exits_stopped_until(w: State) -> int:
    """When whoever leaves may again after the last pause of liquidations; 0: there was none."""
    until = w.pauses[LIQUIDATIONS].until
    return until + AFTER_PAUSE if until else 0


def exits_open(w: State) -> bool:
    """Whether the funds may let anybody leave."""
    return w.phase == RUNNING and exits_stopped_until(w) <= w.now


def stopped(w: State) -> int:
    """How long pauses of liquidations have stopped exits until now."""
    return w.pauses[LIQUIDATIONS].stopped - max(exits_stopped_until(w) - w.now, 0)


def new_risk_is_stopped(w: State) -> bool:
    """Whether fills have to reduce: trading is paused, or liquidations and the hour after are."""
    until = w.pauses[LIQUIDATIONS].until
    return w.pauses[TRADING].until > w.now or (until != 0 and until + CURE_WINDOW > w.now)


def _payer(w: State, number: int, amount: int) -> Account:
    require(amount != 0, "registry: amount is zero")
    account = ledger.account_of(w, number)
    require_no_call(account)
    return account


def _take_collateral(w: State, account: Account, token: str, amount: int) -> int:
    index = index_of(w, token)
    left = account.collateral.get(index, 0) - amount * w.collaterals[index].scale
    require(left >= 0, "registry: not enough held")
    ledger.set_collateral(account, index, left)
    return index


def _require_margin_left(w: State, account: Account) -> None:
    cash = account.cash - fresh_wins.locked(w, account)
    if account.positions or cash < 0:
        require_under_cap(w, account)
        margin.require_after_withdrawal(w, account, cash)


# NEGATIVE CASH AND FEES ---------------------------------------------------------------------------


def cover_shortfall(
    w: State,
    sender: str,
    number: int,
    token: str,
    cash_amount: int,
    min_collateral: int,
    recipient: str,
) -> int:
    """Pay an account's negative cash and take collateral at a small discount."""
    require(cash_amount != 0, "registry: amount is zero")
    require_running(w)
    account = ledger.account_of(w, number)
    ledger.convert_settled(w, account)
    require(account.stage == HEALTHY, "ledger: account under a call")
    since, grace = account.shortfall_since, w.terms.shortfall_grace
    ripe = since != 0 and w.now >= since + grace
    due = w.debts_called_at + grace
    is_called = w.debts_called_at != 0 and due <= w.now < due + CALLED_TIME
    is_open = ripe or (is_called and w.negative_cash > debt_cap(w))
    require(is_open, "clearinghouse: not open yet")
    index = index_of(w, token)
    terms = w.collaterals[index]
    price = prices.judge(w, terms.asset)
    require(price.is_valid, "registry: price not valid")
    tokens.take(w, w.settlement, sender, cash_amount)
    paid = cash_amount * w.scale
    owes = account.cash < 0 and paid < -account.cash + w.scale
    require(owes, "clearinghouse: owes less")
    worth = down(paid * (PPM + w.terms.shortfall_discount), PPM)
    taken = down(down(worth * WAD, price.low), terms.scale)
    left = account.collateral.get(index, 0) - taken * terms.scale
    require(left >= 0, "registry: not enough held")
    require(taken >= min_collateral, "clearinghouse: below minimum")
    ledger.add_cash(w, account, paid)
    ledger.set_collateral(account, index, left)
    terms.total -= taken * terms.scale
    margin.require_maintenance(w, account)
    tokens.give(w, terms.token, recipient, taken)
    return taken


def fill(w: State, amount: int) -> tuple[int, int]:
    """Money of nobody's fills the hole, the rest is reserve. Return what went to each."""
    to_hole = min(w.hole, amount)
    w.hole -= to_hole
    w.reserve += amount - to_hole
    return to_hole, amount - to_hole


def collect_fees(w: State, sender: str, number: int) -> int:
    """Fees of a market repay the hole, the rest is reserve. Return that."""
    market = ledger.market_of(w, number)
    require(w.phase != WINDING_DOWN, "registry: winding down")
    fees, market.fees = market.fees, 0
    return fill(w, fees)[1]


def pay_premium(w: State, fund: str, units: int) -> int:
    """Pay a fund out of the reserve, as far as that goes and the tokens are there."""
    paid = min(units, down(w.reserve, w.scale))
    if w.hole or w.phase != RUNNING or paid > tokens.balance(w, w.settlement, CLEARINGHOUSE):
        return 0
    w.reserve -= paid * w.scale
    tokens.give(w, w.settlement, fund, paid)
    return paid


def donate(w: State, sender: str, units: int) -> int:
    """Anyone gives to hole and reserve. Return what arrived."""
    require(units != 0, "registry: amount is zero")
    require(w.phase != WINDING_DOWN, "registry: winding down")
    tokens.take(w, w.settlement, sender, units)
    fill(w, units * w.scale)
    return units


def receive_draw(w: State, fund: str, number: int, units: int, cash: int) -> None:
    """A fund pays for an account; what the tokens are worth more becomes reserve."""
    tokens.approve(w, w.settlement, fund, CLEARINGHOUSE, units)
    tokens.take(w, w.settlement, fund, units)
    ledger.add_cash(w, w.accounts[number], cash)
    w.reserve += units * w.scale - cash
