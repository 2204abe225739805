#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestSequencerFeed
@custom:contract-name TestSequencerFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. Chainlink's L2 sequencer uptime feed, set by anyone.
"""


# 0 = up, 1 = down; any value is allowed.
answer: int256

# When that began, unix seconds; any value is allowed.
started_at: uint256


@deploy
def __init__(started_at: uint256):
    """
    @notice Starts up.
    @param started_at Since when, unix seconds.
    """
    self.started_at = started_at


@external
def set_status(is_up: bool):
    """
    @notice Goes up or down now.
    @param is_up Whether the sequencer is up.
    """
    self.answer = 0 if is_up else 1
    self.started_at = block.timestamp


@external
def set_answer(answer: int256, started_at: uint256):
    """
    @notice Answers anything.
    @param answer 0 = up, 1 = down.
    @param started_at When that began, unix seconds.
    """
    self.answer = answer
    self.started_at = started_at


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The status, in Chainlink's shape.
    @return round_id 1.
    @return answer 0 = up, 1 = down.
    @return started_at Unix seconds.
    @return updated_at Unix seconds: now.
    @return answered_in_round 1.
    """
    return 1, self.answer, self.started_at, block.timestamp, 1
