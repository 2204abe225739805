#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Shares that are slashed, locked and consolidated
@custom:contract-name slashable_shares
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Snekmate's ERC-20 with the two things that a fund which takes losses needs.

        Requests. To leave, a holder locks shares and waits; during a window after the cooldown
        they can be redeemed, and remain slashable until they are. A request not used in its window
        lapses and has to wait the whole cooldown again. As the window is at most a third of the
        cooldown, a holder who keeps a request running for ever is free to leave for at most a
        quarter of the time.

        Consolidation. After a heavy loss old shares are worth little and a new stake would mint
        absurdly many; a few wipe-outs later the numbers would overflow. So once the supply is more
        than 1,024 times what it would be at par, all shares are halved as often as brings it back
        near par. This is a reverse split: it treats all alike, whatever they paid, costs a holder
        less than one share, and a total loss is its limit, at which all old shares vanish.
@dev    Balances cannot be looped over, so each carries the number of halvings it has gone through
        and catches up when it is next touched (`_catch_up`); views answer as if it had. Whoever
        mints or burns must call `_catch_up` for the holder first, and `_catch_up_allowance` before
        spending an allowance. EIP-2612 permits would write allowances past this: export none.
        Snekmate's modules hold no lock; the functions here run under that of the contract.
"""

from ethereum.ercs import IERC20
from snekmate.tokens import erc20
from snekmate.utils import math
from ..interfaces import IInsuranceFund

# --------------------------------------------------------------------------------------------------
# Modules
# --------------------------------------------------------------------------------------------------


uses: erc20


# --------------------------------------------------------------------------------------------------
# Constants
# --------------------------------------------------------------------------------------------------


# Supply over supply at par from which shares are consolidated.
_CONSOLIDATE_AT: constant(uint256) = 1024

# Greatest supply. Whoever mints must keep to it.
_MAX_SUPPLY: constant(uint256) = 2**127

# Halvings after which nothing is left of any balance: the bits of `_MAX_SUPPLY`.
_ALL_HALVINGS: constant(uint256) = 128

# Bounds of the timing parameters, seconds.
_MIN_COOLDOWN: constant(uint256) = 3_600
_MAX_COOLDOWN: constant(uint256) = 30 * 86_400
_MIN_WINDOW: constant(uint256) = 1_200
_MAX_WINDOW: constant(uint256) = 7 * 86_400

# A cooldown lasts at least this many windows.
_WINDOWS_PER_COOLDOWN: constant(uint256) = 3

# A request is shares (128 bits) | ready_at (64 bits) | lapses_at (64 bits), lowest bits first.
_SHARES_MASK: constant(uint256) = 2**128 - 1
_TIMES_MASK: constant(uint256) = max_value(uint256) - _SHARES_MASK
_TIME_MASK: constant(uint256) = 2**64 - 1
_READY_SHIFT: constant(uint256) = 128
_LAPSES_SHIFT: constant(uint256) = 192


# --------------------------------------------------------------------------------------------------
# Storage
# --------------------------------------------------------------------------------------------------


# How long a request waits, seconds. In [_MIN_COOLDOWN, _MAX_COOLDOWN].
cooldown: public(uint256)

# How long it can then be redeemed, seconds. In [_MIN_WINDOW, _MAX_WINDOW], <= cooldown / 3.
window: public(uint256)

# How often all shares have been halved, see Consolidate. Never falls.
halvings: public(uint256)

# Holder -> value of `halvings` that his balance and his request are stated in; <= halvings.
_halvings_of: HashMap[address, uint256]

# Holder -> spender -> value of `halvings` that the allowance is stated in; <= halvings.
_allowance_halvings: HashMap[address, HashMap[address, uint256]]

# Holder -> request, packed. Its shares never exceed his balance, until it lapses.
_requests: HashMap[address, uint256]


# --------------------------------------------------------------------------------------------------
# Leaving
# --------------------------------------------------------------------------------------------------


@external
def request_redeem(shares: uint256):
    """
    @notice Locks `shares` of the caller; they can be redeemed between `cooldown` and `cooldown +
            window` seconds from now and are free again after that. One request at a time: to ask
            for more, cancel and begin anew.
    @param shares Shares to lock.
    @custom:reverts shares: none requested | shares: request pending | shares: more than free
    """
    self._catch_up(msg.sender)
    assert shares != 0, "shares: none requested"
    assert self._locked(msg.sender) == 0, "shares: request pending"
    self._require_free(shares <= erc20.balanceOf[msg.sender])
    ready_at: uint256 = block.timestamp + self.cooldown
    lapses_at: uint256 = ready_at + self.window
    self._requests[msg.sender] = (
        shares | (ready_at << _READY_SHIFT) | (lapses_at << _LAPSES_SHIFT)
    )
    log IInsuranceFund.RequestRedeem(
        owner=msg.sender, shares=shares, ready_at=ready_at, lapses_at=lapses_at
    )


@external
def cancel_request():
    """
    @notice Frees what is left of the caller's request at once.
    @custom:reverts shares: no request
    """
    self._catch_up(msg.sender)
    shares: uint256 = self._requests[msg.sender] & _SHARES_MASK
    assert shares != 0, "shares: no request"
    self._requests[msg.sender] = 0
    log IInsuranceFund.CancelRequest(owner=msg.sender, shares=shares)


# --------------------------------------------------------------------------------------------------
# ERC-20
# --------------------------------------------------------------------------------------------------


@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves free shares of the caller.
    @param to Receiver.
    @param amount Shares.
    @return True.
    @custom:reverts shares: more than free | erc20: transfer to the zero address
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves free shares of `owner` on his allowance.
    @param owner Holder of the shares.
    @param to Receiver.
    @param amount Shares.
    @return True.
    @custom:reverts erc20: insufficient allowance | see `transfer`
    """
    self._catch_up_allowance(owner, msg.sender)
    erc20._spend_allowance(owner, msg.sender, amount)
    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Lets `spender` move or redeem shares of the caller. Consolidated as balances are, except
            for 2**256 - 1, which means any number.
    @param spender Who may.
    @param amount Shares, in place of any earlier allowance.
    @return True.
    @custom:reverts erc20: approve to the zero address
    """
    self._allowance_halvings[msg.sender][spender] = self.halvings
    erc20._approve(msg.sender, spender, amount)
    return True


# --------------------------------------------------------------------------------------------------
# Views
# --------------------------------------------------------------------------------------------------


@external
@view
def balanceOf(owner: address) -> uint256:
    """
    @notice Shares of `owner`, locked ones included.
    """
    return self._balance(owner)


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    """
    @notice Shares of `owner` that `spender` may move or redeem.
    """
    return self._allowance(owner, spender)


@external
@view
def request_of(owner: address) -> IInsuranceFund.Request:
    """
    @notice The request of `owner`, lapsed or not.
    """
    packed: uint256 = self._requests[owner]
    return IInsuranceFund.Request(
        shares=self._requested(owner),
        ready_at=(packed >> _READY_SHIFT) & _TIME_MASK,
        lapses_at=packed >> _LAPSES_SHIFT,
    )


@external
@view
def locked_shares(owner: address) -> uint256:
    """
    @notice Shares of `owner` that cannot be moved: a request that has not lapsed holds them.
    """
    return self._locked(owner)


# --------------------------------------------------------------------------------------------------
# For the contract
# --------------------------------------------------------------------------------------------------


@internal
def _set_timing(cooldown: uint256, window: uint256):
    """
    @dev Validates, stores and logs the timing.
    """
    assert (
        cooldown >= _MIN_COOLDOWN and cooldown <= _MAX_COOLDOWN
    ), "shares: cooldown out of bounds"
    assert (
        window >= _MIN_WINDOW and window <= min(_MAX_WINDOW, cooldown // _WINDOWS_PER_COOLDOWN)
    ), "shares: window out of bounds"
    self.cooldown = cooldown
    self.window = window
    log IInsuranceFund.SetTiming(cooldown=cooldown, window=window)


@internal
def _use_request(owner: address, shares: uint256):
    """
    @dev Takes `shares` off the request of `owner`, which must be in its window. Catches up.
    @custom:reverts shares: no open window | shares: more than requested
    """
    self._catch_up(owner)
    packed: uint256 = self._requests[owner]
    assert self._in_window(packed), "shares: no open window"
    requested: uint256 = packed & _SHARES_MASK
    assert shares <= requested, "shares: more than requested"
    if shares == requested:
        self._requests[owner] = 0
    else:
        self._requests[owner] = packed - shares  # the lowest 128 bits hold more than `shares`


@internal
def _use_any(owner: address, shares: uint256):
    """
    @dev Readies `shares` of `owner` for burning whether he has requested it or not: what he has
         requested is free again. Catches up.
    @custom:reverts shares: more than free
    """
    self._catch_up(owner)
    self._require_free(shares <= erc20.balanceOf[owner])
    requested: uint256 = self._requests[owner] & _SHARES_MASK
    if requested != 0:
        self._requests[owner] = 0
        log IInsuranceFund.CancelRequest(owner=owner, shares=requested)


@internal
def _consolidate(par: uint256):
    """
    @dev Halves all shares as often as brings the supply back to between once and twice `par`, the
         supply that the assets would back at par, if it is beyond `_CONSOLIDATE_AT` times that.
         Floors add up to no more than the floor of the sum, so balances never exceed the supply.
    """
    supply: uint256 = erc20.totalSupply
    if supply <= par * _CONSOLIDATE_AT:
        return
    times: uint256 = _ALL_HALVINGS
    if par != 0:
        times = math._log2(supply // par, False)
    erc20.totalSupply = supply >> times
    self.halvings += times
    log IInsuranceFund.Consolidate(
        halvings=self.halvings, supply_before=supply, supply_after=supply >> times
    )


@internal
def _catch_up(owner: address):
    """
    @dev Brings the balance and the request of `owner` to the present number of halvings.
    """
    if self._halvings_of[owner] == self.halvings:
        return
    before: uint256 = erc20.balanceOf[owner]
    balance: uint256 = self._balance(owner)
    requested: uint256 = self._requested(owner)
    erc20.balanceOf[owner] = balance
    if requested == 0:
        self._requests[owner] = 0
    else:
        self._requests[owner] = (self._requests[owner] & _TIMES_MASK) | requested
    self._halvings_of[owner] = self.halvings
    if balance != before:
        log IERC20.Transfer(sender=owner, receiver=empty(address), value=before - balance)


@internal
def _catch_up_allowance(owner: address, spender: address):
    """
    @dev Brings an allowance to the present number of halvings.
    """
    if self._allowance_halvings[owner][spender] != self.halvings:
        erc20.allowance[owner][spender] = self._allowance(owner, spender)
        self._allowance_halvings[owner][spender] = self.halvings


@internal
@view
def _redeemable(owner: address) -> uint256:
    """
    @dev Shares in the request of `owner` that is in its window, 0 if it is not.
    """
    if self._in_window(self._requests[owner]):
        return self._requested(owner)
    return 0


# --------------------------------------------------------------------------------------------------
# Internal
# --------------------------------------------------------------------------------------------------


@internal
def _move(owner: address, to: address, amount: uint256):
    """
    @dev Moves free shares.
    """
    self._catch_up(owner)
    self._catch_up(to)
    # A request never exceeds the balance, so this cannot underflow.
    self._require_free(amount <= erc20.balanceOf[owner] - self._locked(owner))
    erc20._transfer(owner, to, amount)


@internal
@view
def _balance(owner: address) -> uint256:
    """
    @dev Shares of `owner` after all halvings.
    """
    return erc20.balanceOf[owner] >> (self.halvings - self._halvings_of[owner])


@internal
@view
def _requested(owner: address) -> uint256:
    """
    @dev Shares in the request of `owner` after all halvings, lapsed or not. Never more than his
         balance while it has not lapsed: both are halved alike.
    """
    return (self._requests[owner] & _SHARES_MASK) >> (self.halvings - self._halvings_of[owner])


@internal
@view
def _allowance(owner: address, spender: address) -> uint256:
    """
    @dev Allowance after all halvings; an infinite one stays so.
    """
    amount: uint256 = erc20.allowance[owner][spender]
    if amount == max_value(uint256):
        return amount
    return amount >> (self.halvings - self._allowance_halvings[owner][spender])


@internal
@view
def _locked(owner: address) -> uint256:
    """
    @dev Shares of `owner` held by a request that has not lapsed.
    """
    if block.timestamp >= self._requests[owner] >> _LAPSES_SHIFT:
        return 0
    return self._requested(owner)


@internal
@view
def _in_window(packed: uint256) -> bool:
    """
    @dev Whether a packed request can be redeemed now, reservations aside. False for none.
    """
    return (
        block.timestamp >= (packed >> _READY_SHIFT) & _TIME_MASK
        and block.timestamp < packed >> _LAPSES_SHIFT
    )


@internal
@pure
def _require_free(free: bool):
    """
    @dev Reverts unless `free`.
    """
    assert free, "shares: more than free"
