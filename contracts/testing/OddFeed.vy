#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title OddFeed
@custom:contract-name OddFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A price or sequencer feed that misbehaves as told.
"""


# What `latestRoundData` does. In mode 0: answers as set, now.
REVERTS: constant(uint256) = 1      # reverts with a reason longer than an answer
EATS_GAS: constant(uint256) = 2     # burns all gas it is given
SHORT: constant(uint256) = 3        # returns 159 bytes
GARBAGE: constant(uint256) = 4      # returns 160 bytes, all 0xff
EMPTY: constant(uint256) = 5        # returns nothing
BOMB: constant(uint256) = 6         # returns 4 kB, the first 160 bytes an ordinary answer
WORKS_HARD: constant(uint256) = 7   # an ordinary answer for about 100,000 gas

# Lengths of answers, bytes.
BOMB_SIZE: constant(uint256) = 4_096
ANSWER_SIZE: constant(uint256) = 160


# What it does now, see above.
mode: public(uint256)

# Its ordinary answer.
answer: public(int256)


@deploy
def __init__(mode: uint256, answer: int256):
    """
    @notice Sets what it does.
    @param mode See the constants.
    @param answer Its ordinary answer, in units of its feed.
    """
    self.mode = mode
    self.answer = answer


@external
def set_mode(mode: uint256):
    """
    @notice Changes what it does.
    @param mode See the constants.
    """
    self.mode = mode


@external
@view
@raw_return
def latestRoundData() -> Bytes[BOMB_SIZE]:
    """
    @notice Misbehaves.
    @return An answer in Chainlink's shape, or not.
    """
    mode: uint256 = self.mode
    ordinary: Bytes[ANSWER_SIZE] = abi_encode(
        convert(1, uint256), self.answer, block.timestamp, block.timestamp, convert(1, uint256)
    )
    if mode == REVERTS:
        raw_revert(concat(ordinary, ordinary))
    if mode == EATS_GAS:
        for i: uint256 in range(max_value(uint256)):
            pass
    if mode == SHORT:
        return slice(ordinary, 0, ANSWER_SIZE - 1)
    if mode == GARBAGE:
        word: uint256 = max_value(uint256)
        return abi_encode(word, word, word, word, word)
    if mode == EMPTY:
        return b""
    if mode == BOMB:
        zeros: Bytes[BOMB_SIZE - ANSWER_SIZE] = slice(self._zeros(), 0, BOMB_SIZE - ANSWER_SIZE)
        return concat(ordinary, zeros)
    if mode == WORKS_HARD:
        digest: bytes32 = empty(bytes32)
        for i: uint256 in range(540):
            digest = keccak256(concat(digest, convert(i, bytes32)))
    return ordinary


@internal
@pure
def _zeros() -> Bytes[BOMB_SIZE]:
    """
    @dev 4 kB of zeros.
    """
    return abi_encode(empty(uint256[BOMB_SIZE // 32]))
