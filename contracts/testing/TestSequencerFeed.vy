#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestSequencerFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. Chainlink's L2 sequencer uptime feed, set by anyone.
"""


# 0 = up, 1 = down; any value is allowed.
_answer: int256

# When that began, unix seconds; any value is allowed.
_started_at: uint256


@deploy
def __init__(started_at_: uint256):
    """
    @notice Starts up.
    @param started_at_ Since when, unix seconds.
    """
    self._started_at = started_at_


@external
def set_status(is_up: bool):
    """
    @notice Goes up or down now.
    @param is_up Whether the sequencer is up.
    """
    self._answer = 0 if is_up else 1
    self._started_at = block.timestamp


@external
def set_answer(answer: int256, started_at: uint256):
    """
    @notice Answers anything.
    @param answer 0 = up, 1 = down.
    @param started_at When that began, unix seconds.
    """
    self._answer = answer
    self._started_at = started_at


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The status, in Chainlink's shape.
    @return round_id, answer, started_at, updated_at, answered_in_round
    """
    return 1, self._answer, self._started_at, block.timestamp, 1
