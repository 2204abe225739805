#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestFeed
@custom:contract-name TestFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A Chainlink-shaped price feed that anyone may set.
@dev    Answer and time are exactly two storage slots, so that a gas measurement sees what a read of
        two cold slots costs and nothing else.
"""


# Decimals of the answer.
DECIMALS: immutable(uint8)

# What the feed claims to price.
DESCRIPTION: immutable(String[32])


# Latest answer, in units of 10**-decimals; any value is allowed.
answer: int256

# When the answer was given, unix seconds; any value is allowed.
updated_at: uint256


@deploy
def __init__(description: String[32], decimals: uint8, answer: int256):
    """
    @notice Starts with an answer given now.
    @param description What the feed claims to price.
    @param decimals Decimals of the answer.
    @param answer First answer, in units of 10**-decimals.
    """
    DESCRIPTION = description
    DECIMALS = decimals
    self._set(answer, block.timestamp)


@external
def set(answer: int256):
    """
    @notice Answers `answer` as of now.
    @param answer The new answer, in units of 10**-decimals.
    """
    self._set(answer, block.timestamp)


@external
def set_answer(answer: int256, updated_at: uint256):
    """
    @notice Answers `answer` as of any time.
    @param answer The new answer, in units of 10**-decimals.
    @param updated_at When it claims to have been given, unix seconds.
    """
    self._set(answer, updated_at)


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The answer, in Chainlink's shape. The round never changes.
    @return round_id 1.
    @return answer In units of 10**-decimals.
    @return started_at Unix seconds.
    @return updated_at Unix seconds.
    @return answered_in_round 1.
    """
    updated_at: uint256 = self.updated_at
    return 1, self.answer, updated_at, updated_at, 1


@external
@view
@reentrant
def decimals() -> uint8:
    """
    @notice Decimals of the answer.
    @return Their number.
    """
    return DECIMALS


@external
@view
@reentrant
def description() -> String[32]:
    """
    @notice What the feed claims to price.
    @return Text.
    """
    return DESCRIPTION


@internal
def _set(answer: int256, updated_at: uint256):
    """
    @dev Writes both slots.
    @param answer The new answer, in units of 10**-decimals.
    @param updated_at When it was given, unix seconds.
    """
    self.answer = answer
    self.updated_at = updated_at
