#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestSigner
@custom:contract-name TestSigner
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. An ERC-1271 wallet of one key: what its owner signs is signed by it, and
        it calls whatever its owner tells it to, several calls in one transaction too.
"""

from snekmate.utils import ecdsa


# ERC-1271: bytes4(keccak256("isValidSignature(bytes32,bytes)")), and what is not it.
MAGIC: constant(bytes4) = 0x1626ba7e
INVALID: constant(bytes4) = 0xffffffff

# Bytes of a call and of its answer, calls of a batch.
MAX_DATA: constant(uint256) = 4096
MAX_CALLS: constant(uint256) = 8

# Bytes of r, s, v.
KEY_SIGNATURE: constant(uint256) = 65


# Whose key signs.
owner: public(address)


@deploy
def __init__(owner: address):
    """
    @notice Makes a wallet.
    @param owner Address of the key that signs.
    """
    self.owner = owner


@external
def set_owner(owner: address):
    """
    @notice Hands the wallet over; earlier signatures die. Only the owner.
    @param owner Address of the key that signs from now on.
    """
    self._require_owner()
    self.owner = owner


@external
@payable
@reentrant  # what it calls may ask it to verify a signature
def execute(target: address, data: Bytes[MAX_DATA]) -> Bytes[MAX_DATA]:
    """
    @notice Calls `target` as the wallet; a revert is passed on. Only the owner.
    @param target Address of whom to call.
    @param data Calldata.
    @return What the call returned, bytes.
    """
    self._require_owner()
    return raw_call(target, data, max_outsize=MAX_DATA, value=msg.value)


@external
@reentrant  # see `execute`
def execute_batch(
    targets: DynArray[address, MAX_CALLS], data: DynArray[Bytes[MAX_DATA], MAX_CALLS]
):
    """
    @notice Calls one after the other as the wallet, in one transaction; the first revert is passed
            on. Only the owner.
    @param targets Addresses of whom to call.
    @param data Calldata of each.
    """
    self._require_owner()
    for i: uint256 in range(len(targets), bound=MAX_CALLS):
        raw_call(targets[i], data[i])


@external
@view
@reentrant  # see `execute`
def isValidSignature(digest: bytes32, signature: Bytes[KEY_SIGNATURE]) -> bytes4:
    """
    @notice Whether the owner signed `digest`.
    @param digest What was signed.
    @param signature r, s, v of the owner.
    @return ERC-1271's magic value, or 0xffffffff.
    """
    if len(signature) == KEY_SIGNATURE and ecdsa._recover_sig(digest, signature) == self.owner:
        return MAGIC
    return INVALID


@internal
@view
def _require_owner():
    """
    @dev Reverts unless the owner calls.
    """
    assert msg.sender == self.owner, "test signer: only the owner"
