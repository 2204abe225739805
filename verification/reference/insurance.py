"""The insurance fund: stakes that bear losses, requests to leave, halvings (section 9.2)."""

from __future__ import annotations

from verification.reference import clearinghouse, records, tokens
from verification.reference.rounding import down, require, up
from verification.reference.state import INSURANCE, NOBODY, REDEMPTION, Request, State

PAR = 10**6  # shares of a token unit at par, and the virtual shares
CONSOLIDATE_AT = 1_024
ALL_HALVINGS = 128
LIMIT = 2**127
NEVER = 2**256 - 1


def assets(w: State) -> int:
    """Token units that shares are worth together, as they were booked."""
    return w.stakes.assets


def to_shares(w: State, units: int, rounding=down) -> int:
    """Shares for token units; one virtual unit backs the virtual shares."""
    return rounding(units * (w.stakes.supply + PAR), assets(w) + 1)


def to_units(w: State, shares: int, rounding=down) -> int:
    """Token units for shares."""
    return rounding(shares * (assets(w) + 1), w.stakes.supply + PAR)


# PREMIUM ------------------------------------------------------------------------------------------


def cover(w: State) -> int:
    """What premium accrues on: nothing while nobody holds shares."""
    return assets(w) if w.stakes.supply else 0


def accrue(w: State, _: str) -> int:
    """Ask for what has accrued and book what is paid."""
    got = records.collect_premium(w, INSURANCE, w.stakes.purse, [cover(w), 0], [w.terms.premium, 0])
    w.stakes.assets += got[0]
    return got[0]


# STAKING ------------------------------------------------------------------------------------------


def deposit(w: State, sender: str, units: int, receiver: str, least: int = 0) -> int:
    """Stake token units."""
    records.require_open(w)
    accrue(w, sender)
    most = min(LIMIT - assets(w), to_units(w, LIMIT - w.stakes.supply))
    require(_has_room(w, receiver) and units <= most, "insurance fund: over the deposit limit")
    shares = to_shares(w, units)
    require(shares >= least, "fund: outside the caller's bound")
    _stake(w, sender, receiver, units, shares)
    return shares


def mint(w: State, sender: str, shares: int, receiver: str, most_units: int = NEVER) -> int:
    """Stake what shares cost, rounded up."""
    records.require_open(w)
    accrue(w, sender)
    most = min(LIMIT - w.stakes.supply, to_shares(w, LIMIT - assets(w)))
    require(_has_room(w, receiver) and shares <= most, "insurance fund: over the deposit limit")
    units = to_units(w, shares, up)
    require(units <= most_units, "fund: outside the caller's bound")
    _stake(w, sender, receiver, units, shares)
    return units


def _has_room(w: State, receiver: str) -> bool:
    return receiver != NOBODY and assets(w) < LIMIT and w.stakes.supply < LIMIT


def _stake(w: State, sender: str, receiver: str, units: int, shares: int) -> None:
    require(shares != 0, "insurance fund: no shares for this")
    tokens.pull(w, w.settlement, INSURANCE, sender, INSURANCE, units)
    w.stakes.assets += units
    w.stakes.balances[receiver] += shares
    w.stakes.supply += shares


# LEAVING ------------------------------------------------------------------------------------------


def locked(w: State, owner: str) -> int:
    """Shares held by a request that has not lapsed."""
    request = w.stakes.requests.get(owner)
    if request is None or w.now >= records.moved(w, request.lapses_at, request.stopped):
        return 0
    return request.shares


def request_redeem(w: State, sender: str, shares: int) -> None:
    """Lock shares until a window after the cooldown."""
    require(shares != 0, "slashable shares: none requested")
    require(locked(w, sender) == 0, "slashable shares: request pending")
    require(shares <= w.stakes.balances[sender], "slashable shares: more than free")
    ready_at = w.now + w.terms.staking.cooldown
    w.stakes.requests[sender] = Request(
        shares, ready_at, ready_at + w.terms.staking.window, clearinghouse.stopped(w)
    )


def cancel_request(w: State, sender: str) -> None:
    """Free what is left of a request."""
    request = w.stakes.requests.get(sender)
    require(request is not None and request.shares != 0, "slashable shares: no request")
    del w.stakes.requests[sender]


def redeem(w: State, sender: str, shares: int, receiver: str, owner: str, least: int = 0) -> int:
    """Burn shares for what they are worth."""
    accrue(w, sender)
    units = to_units(w, shares)
    require(units >= least, "fund: outside the caller's bound")
    _unstake(w, sender, receiver, owner, units, shares)
    return units


def withdraw(
    w: State, sender: str, units: int, receiver: str, owner: str, most: int = NEVER
) -> int:
    """Burn what token units cost in shares, rounded up."""
    accrue(w, sender)
    shares = to_shares(w, units, up)
    require(shares <= most, "fund: outside the caller's bound")
    _unstake(w, sender, receiver, owner, units, shares)
    return shares


def _unstake(w: State, sender: str, receiver: str, owner: str, units: int, shares: int) -> None:
    if w.phase == REDEMPTION:
        require(shares <= w.stakes.balances[owner], "slashable shares: more than free")
        w.stakes.requests.pop(owner, None)
    else:
        records.require_open(w)
        request = w.stakes.requests.get(owner)
        in_window = (
            request is not None
            and records.moved(w, request.ready_at, request.stopped) <= w.now
            and w.now < records.moved(w, request.lapses_at, request.stopped)
        )
        require(in_window, "slashable shares: no open window")
        require(shares <= request.shares, "slashable shares: more than requested")
        request.shares -= shares
        if request.shares == 0:
            del w.stakes.requests[owner]
    if sender != owner:
        _spend(w, owner, sender, shares)
    w.stakes.balances[owner] -= shares
    w.stakes.supply -= shares
    w.stakes.assets -= units
    tokens.move(w, w.settlement, INSURANCE, receiver, units)


# SHARES AS A TOKEN --------------------------------------------------------------------------------


def transfer(w: State, sender: str, to: str, shares: int) -> bool:
    """Move free shares."""
    return _move(w, sender, to, shares)


def transfer_from(w: State, sender: str, owner: str, to: str, shares: int) -> bool:
    """Move free shares on an allowance."""
    _spend(w, owner, sender, shares)
    return _move(w, owner, to, shares)


def approve(w: State, sender: str, spender: str, shares: int) -> bool:
    """Let somebody move or redeem shares."""
    require(spender != NOBODY, "erc20: approve to the zero address")
    w.stakes.allowances[sender, spender] = shares
    return True


def _spend(w: State, owner: str, spender: str, shares: int) -> None:
    allowed = w.stakes.allowances[owner, spender]
    if allowed != NEVER:
        require(shares <= allowed, "erc20: insufficient allowance")
        w.stakes.allowances[owner, spender] = allowed - shares


def _move(w: State, owner: str, to: str, shares: int) -> bool:
    free = w.stakes.balances[owner] - locked(w, owner)
    require(shares <= free, "slashable shares: more than free")
    require(to != NOBODY, "erc20: transfer to the zero address")
    w.stakes.balances[owner] -= shares
    w.stakes.balances[to] += shares
    return True


# LOSSES -------------------------------------------------------------------------------------------


def draw(w: State, account: int, cash: int) -> tuple[int, int]:
    """Pay for a default, as far as there is; tokens rounded up to a unit. What has accrued is
    noted, not asked for. Nothing is deferred: tokens of the model move."""
    records.note_premium(w, w.stakes.purse, 0, cover(w), w.terms.premium)
    held = assets(w)
    paid = min(cash, held * w.scale)
    units = up(paid, w.scale) if cash <= held * w.scale else held
    if units:
        stakes = w.stakes
        records.record(stakes.purse, account, 0, units, stakes.balances, stakes.supply)
        stakes.assets -= units
        clearinghouse.receive_draw(w, INSURANCE, account, units, paid)
        _consolidate(w)
    return paid, 0


def restore(w: State, account: int, units: int) -> None:
    """Keep what came back for those who held shares at the draws of the account."""
    tokens.pull(w, w.settlement, INSURANCE, clearinghouse.CLEARINGHOUSE, INSURANCE, units)
    records.book_recovery(w.stakes.purse, account, 0, units)


def claim(w: State, _: str, number: int, holder: str) -> int:
    """Pay a holder of record."""
    return records.claim(w, INSURANCE, w.stakes.purse, number, holder)


def forward_unclaimed(w: State, _: str) -> int:
    """What nobody's books have goes to the reserve."""
    return records.forward(w, INSURANCE, w.stakes.assets + w.stakes.purse.kept)


def _consolidate(w: State) -> None:
    """Halve all shares until the supply is near par again, once it is far above."""
    stakes, par = w.stakes, assets(w) * PAR
    if stakes.supply <= par * CONSOLIDATE_AT:
        return
    times = (stakes.supply // par).bit_length() - 1 if par else ALL_HALVINGS
    stakes.supply >>= times
    stakes.halvings += times
    for owner in stakes.balances:
        stakes.balances[owner] >>= times
    for owner, request in list(stakes.requests.items()):
        request.shares >>= times
        if request.shares == 0:
            del stakes.requests[owner]
    for pair, allowed in stakes.allowances.items():
        if allowed != NEVER:
            stakes.allowances[pair] = allowed >> times
