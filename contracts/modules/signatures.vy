#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Signatures: did this address sign this digest
@custom:contract-name signatures
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Keys and wallets. Stateless. Differs from snekmate's `signature_checker`, whose constants it
        uses, in three ways that matter to an exchange:
        - wallets may sign with up to 1,024 bytes instead of 65, so that a multisig or a passkey
          wallet can trade;
        - the key is tried first, without a look at the signer's code (2,600 gas a fill), and
          therefore an EIP-7702 account, which carries code, can still sign with its key;
        - a signature that recovers nobody is handed to the wallet instead of reverting, because
          65 bytes of a wallet need not be an ECDSA signature at all.
@custom:security A signature is not an identifier: many may be valid for one digest. Replay is
                 prevented by what is signed. A wallet may change its answer from block to block.
"""

from snekmate.utils import ecdsa
from snekmate.utils import signature_checker

# Bytes. A multisig of fifteen owners needs 975.
MAX_SIGNATURE: constant(uint256) = 1024

# A key's signature and where its parts are, bytes.
KEY_SIGNATURE: constant(uint256) = 65
R_AT: constant(uint256) = 0
S_AT: constant(uint256) = 32
V_AT: constant(uint256) = 64


@internal
@pure
def _is_signed_by_key(signer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bool:
    """
    @dev ECDSA over secp256k1 with (r, s, v). The malleable upper half of `s` (EIP-2) does not
         count, nor does a failed recovery, which yields the zero address.
    @param signer Address of the key's owner.
    @param digest What was signed.
    @param signature r, s, v: 32, 32 and 1 byte.
    @return Whether they signed.
    """
    if len(signature) != KEY_SIGNATURE:
        return False
    s: uint256 = extract32(signature, S_AT, output_type=uint256)
    if s > ecdsa._MALLEABILITY_THRESHOLD:
        return False
    recovered: address = ecrecover(
        digest,
        convert(slice(signature, V_AT, 1), uint256),
        extract32(signature, R_AT, output_type=uint256),
        s,
    )
    return recovered == signer and recovered != empty(address)


@internal
@view
def _is_signed_by_wallet(signer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bool:
    """
    @dev ERC-1271. A signer that reverts, has no code, or answers anything but the magic value did
         not sign. The call is static, so a hostile wallet can waste gas and change nothing.
    @param signer Address of the wallet.
    @param digest What was signed.
    @param signature What the wallet accepts, bytes.
    @return Whether it signed.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        signer,
        abi_encode(
            digest,
            signature,
            method_id=signature_checker.IERC1271_ISVALIDSIGNATURE_SELECTOR,
        ),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return (
        success
        and len(answer) == 32
        and convert(answer, bytes32)
        == convert(signature_checker.IERC1271_ISVALIDSIGNATURE_SELECTOR, bytes32)
    )


@internal
@view
def _require_signed(signer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]):
    """
    @dev One of the two ways to sign holds.
    @param signer Address of a key's owner or of a wallet.
    @param digest What was signed.
    @param signature 65 bytes (r, s, v), or what the wallet accepts.
    """
    assert (
        self._is_signed_by_key(signer, digest, signature)
        or self._is_signed_by_wallet(signer, digest, signature)
    ), "signatures: invalid signature"
