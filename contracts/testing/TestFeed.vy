#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A Chainlink-shaped price feed that anyone may set.
@dev    Answer and time are exactly two storage slots, so that a gas measurement sees what a read of
        two cold slots costs and nothing else.
"""


# Decimals of the answer.
decimals: public(immutable(uint8))

# What the feed claims to price.
description: public(immutable(String[32]))

# Latest answer, in units of 10**-decimals; any value is allowed.
_answer: int256

# When the answer was given, unix seconds; any value is allowed.
_updated_at: uint256


@deploy
def __init__(description_: String[32], decimals_: uint8, answer_: int256):
    """
    @notice Starts with an answer given now.
    @param description_ What the feed claims to price.
    @param decimals_ Decimals of the answer.
    @param answer_ First answer.
    """
    description = description_
    decimals = decimals_
    self._set(answer_, block.timestamp)


@external
def set(answer: int256):
    """
    @notice Answers `answer` as of now.
    @param answer The new answer.
    """
    self._set(answer, block.timestamp)


@external
def set_answer(answer: int256, updated_at: uint256):
    """
    @notice Answers `answer` as of any time.
    @param answer The new answer.
    @param updated_at When it claims to have been given, unix seconds.
    """
    self._set(answer, updated_at)


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The answer, in Chainlink's shape. The round never changes.
    @return round_id, answer, started_at, updated_at, answered_in_round
    """
    updated_at: uint256 = self._updated_at
    return 1, self._answer, updated_at, updated_at, 1


@internal
def _set(answer: int256, updated_at: uint256):
    """
    @dev Writes both slots.
    @param answer The new answer.
    @param updated_at When it was given, unix seconds.
    """
    self._answer = answer
    self._updated_at = updated_at
