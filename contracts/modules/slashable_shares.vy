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
        lapses and has to wait the whole cooldown again. Both times move on while exits are
        stopped. Bounds of the times: see leave_timing.

        Consolidation. After a heavy loss old shares are worth little and a new stake would mint
        absurdly many; a few wipe-outs later the numbers would overflow. So once the supply is more
        than 1,024 times what it would be at par, all shares are halved as often as brings it back
        near par. This is a reverse split: it treats all alike, whatever they paid, costs a holder
        less than one share, and a total loss is its limit, at which all old shares vanish.
@dev    Balances cannot be looped over, so each carries the number of halvings it has gone through
        and catches up when it is next touched (`_catch_up`); views answer as if it had. A contract
        that mints or burns must call `_catch_up` for the holder first, and `_catch_up_allowance`
        before it spends an allowance. Catching up also keeps the balance for earlier draws (see
        holders_of_record; the generation of a balance is its halvings). EIP-2612 permits would
        write allowances past this: export none. Snekmate's modules hold no lock; the functions here
        run under that of the contract.
"""

from ethereum.ercs import IERC20
from snekmate.tokens import erc20
from snekmate.utils import math
from ..interfaces import IFund
from ..interfaces import IInsuranceFundEvents
from .layout import fund_words
from . import fund
from . import holders_of_record
from . import leave_timing

uses: erc20
uses: fund
uses: holders_of_record


# CONSTANTS ----------------------------------------------------------------------------------------

# Supply over supply at par from which shares are consolidated.
CONSOLIDATE_AT: constant(uint256) = 1024

# Greatest supply, shares. The contract that mints must keep to it.
MAX_SUPPLY: constant(uint256) = 2**127

# Halvings after which nothing is left of any balance: the bits of `MAX_SUPPLY`.
ALL_HALVINGS: constant(uint256) = 128


# STORAGE ------------------------------------------------------------------------------------------

# How long a request waits, seconds. Within the bounds of leave_timing.
cooldown: public(uint256)

# How long it can then be redeemed, seconds. Likewise.
window: public(uint256)

# How often all shares have been halved, see Consolidate. Never falls.
halvings: public(uint256)

# Holder -> value of `halvings` that their balance and request are stated in; <= halvings.
halvings_of: HashMap[address, uint256]

# Holder -> spender -> value of `halvings` that the allowance is stated in; <= halvings.
allowance_halvings: HashMap[address, HashMap[address, uint256]]

# Holder -> request, packed (layout: fund_words). Its shares never exceed the holder's balance,
# until it lapses.
requests: HashMap[address, uint256]


# LEAVING ------------------------------------------------------------------------------------------

@external
def request_redeem(shares: uint256):
    """
    @notice Locks `shares` of the caller; they can be redeemed between `cooldown` and `cooldown +
            window` seconds from now and are free again after that. One request at a time: to ask
            for more, cancel and begin anew. Holders.
    @param shares Shares to lock.
    @custom:reverts slashable shares: none requested | slashable shares: request pending | slashable
                    shares: more than free
    """
    self._catch_up(msg.sender)
    assert shares != 0, "slashable shares: none requested"
    assert self._locked(msg.sender) == 0, "slashable shares: request pending"
    self._require_free(shares <= erc20.balanceOf[msg.sender])
    ready_at: uint256 = block.timestamp + self.cooldown
    lapses_at: uint256 = ready_at + self.window
    self.requests[msg.sender] = (
        shares
        | (ready_at << fund_words.REQUEST_READY_SHIFT)
        | (lapses_at << fund_words.REQUEST_LAPSES_SHIFT)
        | (fund._stopped() << fund_words.REQUEST_STOPPED_SHIFT)
    )
    log IInsuranceFundEvents.RequestRedeem(
        owner=msg.sender, shares=shares, ready_at=ready_at, lapses_at=lapses_at
    )


@external
def cancel_request():
    """
    @notice Frees what is left of the caller's request at once. Holders.
    @custom:reverts slashable shares: no request
    """
    self._catch_up(msg.sender)
    shares: uint256 = self.requests[msg.sender] & fund_words.SHARES_MASK
    assert shares != 0, "slashable shares: no request"
    self.requests[msg.sender] = 0
    log IInsuranceFundEvents.CancelRequest(owner=msg.sender, shares=shares)


# ERC-20 -------------------------------------------------------------------------------------------

@external
def transfer(to: address, amount: uint256) -> bool:
    """
    @notice Moves free shares of the caller. Holders.
    @param to Address of the receiver.
    @param amount Shares.
    @return True.
    @custom:reverts slashable shares: more than free | erc20: transfer from the zero address |
                    erc20: transfer to the zero address | erc20: transfer amount exceeds balance
    """
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """
    @notice Moves free shares of `owner` on their allowance. Anyone who has one.
    @param owner Address of the holder of the shares.
    @param to Address of the receiver.
    @param amount Shares.
    @return True.
    @custom:reverts erc20: insufficient allowance | erc20: approve from the zero address | erc20:
                    approve to the zero address | slashable shares: more than free | erc20: transfer
                    from the zero address | erc20: transfer to the zero address | erc20: transfer
                    amount exceeds balance
    """
    self._catch_up_allowance(owner, msg.sender)
    erc20._spend_allowance(owner, msg.sender, amount)
    self._move(owner, to, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Lets `spender` move or redeem shares of the caller. Consolidated as balances are, except
            for 2**256 - 1, which means any number. Anyone.
    @param spender Address that may.
    @param amount Shares, in place of any earlier allowance.
    @return True.
    @custom:reverts erc20: approve from the zero address | erc20: approve to the zero address
    """
    self.allowance_halvings[msg.sender][spender] = self.halvings
    erc20._approve(msg.sender, spender, amount)
    return True


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def balanceOf(owner: address) -> uint256:
    """
    @notice Shares of `owner`, locked ones included. Anyone.
    @param owner Address of the holder.
    @return Shares.
    """
    return self._balance(owner)


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    """
    @notice Shares of `owner` that `spender` may move or redeem. Anyone.
    @param owner Address of the holder.
    @param spender Address that may.
    @return Shares.
    """
    return self._allowance(owner, spender)


@external
@view
def request_of(owner: address) -> IInsuranceFundEvents.Request:
    """
    @notice The request of `owner`, lapsed or not, with its times as of now: they move on while
            exits are stopped. Anyone.
    @param owner Address of the holder.
    @return Shares, and the window in unix seconds.
    """
    ready_at: uint256 = 0
    lapses_at: uint256 = 0
    ready_at, lapses_at = self._times(self.requests[owner])
    return IInsuranceFundEvents.Request(
        shares=self._requested(owner), ready_at=ready_at, lapses_at=lapses_at
    )


@external
@view
def locked_shares(owner: address) -> uint256:
    """
    @notice Shares of `owner` that cannot be moved: a request that has not lapsed holds them.
            Anyone.
    @param owner Address of the holder.
    @return Shares.
    """
    return self._locked(owner)


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
def _set_timing(cooldown: uint256, window: uint256):
    """
    @dev Validates, stores and logs the timing.
    @param cooldown How long a request waits, seconds.
    @param window How long it can then be redeemed, seconds.
    @custom:reverts leave timing: cooldown out of bounds | leave timing: window out of bounds
    """
    leave_timing._require_timing(cooldown, window)
    self.cooldown = cooldown
    self.window = window
    log IInsuranceFundEvents.SetTiming(cooldown=cooldown, window=window)


@internal
def _use_request(owner: address, shares: uint256):
    """
    @dev Takes `shares` off the request of `owner`, which must be in its window. Catches up.
    @custom:reverts slashable shares: no open window | slashable shares: more than requested
    """
    self._catch_up(owner)
    packed: uint256 = self.requests[owner]
    assert self._in_window(packed), "slashable shares: no open window"
    requested: uint256 = packed & fund_words.SHARES_MASK
    assert shares <= requested, "slashable shares: more than requested"
    if shares == requested:
        self.requests[owner] = 0
    else:
        self.requests[owner] = packed - shares  # the lowest 128 bits hold more than `shares`


@internal
def _use_any(owner: address, shares: uint256):
    """
    @dev Readies `shares` of `owner` for burning whether they have requested it or not: what they
         have requested is free again. Catches up.
    @custom:reverts slashable shares: more than free
    """
    self._catch_up(owner)
    self._require_free(shares <= erc20.balanceOf[owner])
    requested: uint256 = self.requests[owner] & fund_words.SHARES_MASK
    if requested != 0:
        self.requests[owner] = 0
        log IInsuranceFundEvents.CancelRequest(owner=owner, shares=requested)


@internal
def _consolidate(par: uint256):
    """
    @dev Halves all shares as often as brings the supply back to between once and twice `par`, the
         supply that the assets would back at par, if it is beyond `CONSOLIDATE_AT` times that.
         Floors add up to no more than the floor of the sum, so balances never exceed the supply.
    @param par Shares.
    """
    supply: uint256 = erc20.totalSupply
    if supply <= par * CONSOLIDATE_AT:
        return
    times: uint256 = ALL_HALVINGS
    if par != 0:
        times = math._log2(supply // par, False)
    erc20.totalSupply = supply >> times
    self.halvings += times
    log IInsuranceFundEvents.Consolidate(
        halvings=self.halvings, supply_before=supply, supply_after=supply >> times
    )


@internal
def _catch_up(owner: address):
    """
    @dev Brings the balance and the request of `owner` to the present number of halvings; what they
         had at earlier draws is kept.
    """
    holders_of_record._note(
        fund_words.ONLY_TRANCHE, owner, erc20.balanceOf[owner], self.halvings_of[owner]
    )
    if self.halvings_of[owner] == self.halvings:
        return
    before: uint256 = erc20.balanceOf[owner]
    balance: uint256 = self._balance(owner)
    requested: uint256 = self._requested(owner)
    erc20.balanceOf[owner] = balance
    if requested == 0:
        self.requests[owner] = 0
    else:
        self.requests[owner] = (self.requests[owner] & fund_words.TIMES_MASK) | requested
    self.halvings_of[owner] = self.halvings
    if balance != before:
        log IERC20.Transfer(sender=owner, receiver=empty(address), value=before - balance)


@internal
def _catch_up_allowance(owner: address, spender: address):
    """
    @dev Brings an allowance to the present number of halvings.
    """
    if self.allowance_halvings[owner][spender] != self.halvings:
        erc20.allowance[owner][spender] = self._allowance(owner, spender)
        self.allowance_halvings[owner][spender] = self.halvings


@internal
@view
def _shares_at(loss: IFund.Loss, draw: uint256, owner: address) -> uint256:
    """
    @dev Shares that `owner` had at a draw, before the consolidation that followed it.
    """
    if loss.supply == 0:
        return 0
    is_kept: bool = False
    shares: uint256 = 0
    halved: uint256 = 0
    is_kept, shares, halved = holders_of_record._past(fund_words.ONLY_TRANCHE, owner, draw)
    if not is_kept:
        shares = erc20.balanceOf[owner]
        halved = self.halvings_of[owner]
    return shares >> (loss.generation - halved)


@internal
@view
def _redeemable(owner: address) -> uint256:
    """
    @dev Shares in the request of `owner` that is in its window, 0 if it is not.
    """
    if self._in_window(self.requests[owner]):
        return self._requested(owner)
    return 0


# INTERNAL -----------------------------------------------------------------------------------------

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
    return erc20.balanceOf[owner] >> (self.halvings - self.halvings_of[owner])


@internal
@view
def _requested(owner: address) -> uint256:
    """
    @dev Shares in the request of `owner` after all halvings, lapsed or not. Never more than their
         balance while it has not lapsed: both are halved alike.
    """
    return (self.requests[owner] & fund_words.SHARES_MASK) >> (
        self.halvings - self.halvings_of[owner]
    )


@internal
@view
def _allowance(owner: address, spender: address) -> uint256:
    """
    @dev Allowance after all halvings; an infinite one stays so.
    """
    amount: uint256 = erc20.allowance[owner][spender]
    if amount == max_value(uint256):
        return amount
    return amount >> (self.halvings - self.allowance_halvings[owner][spender])


@internal
@view
def _locked(owner: address) -> uint256:
    """
    @dev Shares of `owner` held by a request that has not lapsed.
    """
    requested: uint256 = self._requested(owner)
    if requested == 0:
        return 0
    ready_at: uint256 = 0
    lapses_at: uint256 = 0
    ready_at, lapses_at = self._times(self.requests[owner])
    return requested if block.timestamp < lapses_at else 0


@internal
@view
def _in_window(packed: uint256) -> bool:
    """
    @dev Whether a packed request can be redeemed now, if exits are open. False for none.
    """
    ready_at: uint256 = 0
    lapses_at: uint256 = 0
    ready_at, lapses_at = self._times(packed)
    return block.timestamp >= ready_at and block.timestamp < lapses_at


@internal
@view
def _times(packed: uint256) -> (uint256, uint256):
    """
    @dev When a packed request is ready and when it lapses, as of now, unix seconds; 0 for none.
    """
    if packed == 0:
        return 0, 0
    before: uint256 = packed >> fund_words.REQUEST_STOPPED_SHIFT
    stopped: uint256 = fund._stopped()
    return (
        leave_timing._moved(
            (packed >> fund_words.REQUEST_READY_SHIFT) & fund_words.REQUEST_TIME_MASK,
            before,
            stopped,
        ),
        leave_timing._moved(
            (packed >> fund_words.REQUEST_LAPSES_SHIFT) & fund_words.REQUEST_TIME_MASK,
            before,
            stopped,
        ),
    )


@internal
@pure
def _require_free(free: bool):
    """
    @dev Reverts unless the shares asked for are `free`.
    """
    assert free, "slashable shares: more than free"
