#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Tokens in and out
@custom:contract-name vault
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice ERC-20 transfers that trust balances only. What arrives is credited, so a fee on transfer is
        the payer's; a token may return nothing; one that returns false, or sends out something else
        than asked for, is refused.
"""

from ethereum.ercs import IERC20

# Most gas that a transfer and a look at a balance may use where a token must not stop a payout, and
# what must be left for both looks and the transfer: 63/64 of it go to the token.
TRANSFER_GAS: constant(uint256) = 500_000
BALANCE_GAS: constant(uint256) = 100_000
PUSH_GAS: constant(uint256) = 800_000


@internal
def _pull(token: address, payer: address, amount: uint256) -> uint256:
    """
    @dev Takes tokens from a payer who approved them.
    @param token Address of the token.
    @param payer Address of the payer.
    @param amount Token units asked for.
    @return What arrived, token units.
    @custom:reverts vault: token transfer failed
    """
    before: uint256 = self._balance(token)
    self._require_moved(
        extcall IERC20(token).transferFrom(payer, self, amount, default_return_value=True)
    )
    arrived: uint256 = self._balance(token) - before
    self._require_moved(arrived != 0 and arrived <= amount)
    return arrived


@internal
def _push(token: address, recipient: address, amount: uint256):
    """
    @dev Sends tokens; exactly `amount` must have left.
    @param token Address of the token.
    @param recipient Address that gets them.
    @param amount Token units.
    @custom:reverts vault: token transfer failed
    """
    self._push_from(token, recipient, amount, self._balance(token))


@internal
def _push_from(token: address, recipient: address, amount: uint256, before: uint256):
    """
    @dev As `_push`, for a caller who has read what this contract holds.
    @param before Token units.
    """
    self._require_moved(
        extcall IERC20(token).transfer(recipient, amount, default_return_value=True)
    )
    self._require_moved(self._balance(token) + amount == before)


@internal
def _try_push(token: address, recipient: address, amount: uint256) -> uint256:
    """
    @dev Sends tokens if the token lets them go; does not revert because of the token, however much
         gas it burns. Balances tell what has left, not the token's answer: what it moves and denies
         would be paid out twice.
    @param token Address of the token.
    @param recipient Address that gets them.
    @param amount Token units.
    @return What has left, token units, at most `amount`. The caller books the rest back.
    @custom:reverts vault: not enough gas
    """
    # Nobody makes a payout fail by sending too little gas.
    assert msg.gas >= PUSH_GAS, "vault: not enough gas"
    before: uint256 = self._told_balance(token)
    if before == 0:
        return 0
    is_done: bool = raw_call(
        token,
        abi_encode(recipient, amount, method_id=method_id("transfer(address,uint256)")),
        gas=TRANSFER_GAS,
        revert_on_failure=False,
    )
    if not is_done:
        return 0
    return min(before - min(self._told_balance(token), before), amount)


@internal
@view
def _told_balance(token: address) -> uint256:
    """
    @dev What this contract holds, token units; 0 when the token does not answer.
    """
    is_told: bool = False
    answer: Bytes[32] = b""
    is_told, answer = raw_call(
        token,
        abi_encode(self, method_id=method_id("balanceOf(address)")),
        max_outsize=32,
        gas=BALANCE_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    return convert(answer, uint256) if is_told else 0


@internal
@view
def _balance(token: address) -> uint256:
    """
    @dev What this contract holds, token units.
    """
    return staticcall IERC20(token).balanceOf(self)


@internal
@pure
def _require_moved(moved: bool):
    """
    @dev The token accepted, and its balances say that what was asked for has moved.
    """
    assert moved, "vault: token transfer failed"


@internal
def _approve(token: address, spender: address, amount: uint256):
    """
    @dev Lets a contract of the house take tokens: exactly this much, in this transaction.
    @param token Address of the token.
    @param spender Address of the contract.
    @param amount Token units.
    @custom:reverts vault: token transfer failed
    """
    self._require_moved(extcall IERC20(token).approve(spender, amount, default_return_value=True))


@internal
def _try_approve(token: address, spender: address, amount: uint256) -> bool:
    """
    @dev As `_approve`, but does not revert because of the token.
    @return Whether the token went along; a spender who may take nothing finds out.
    """
    return raw_call(
        token,
        abi_encode(spender, amount, method_id=method_id("approve(address,uint256)")),
        gas=TRANSFER_GAS,
        revert_on_failure=False,
    )
