#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title TestAggregator
@custom:contract-name TestAggregator
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. What stands behind a ProxyFeed: an aggregator in the shape of Chainlink's
        AccessControlledOffchainAggregator that anyone may let report.
@dev    A read takes the slots that it takes there, packed as there: one of the access list, the hot
        variables and the transmission of the latest round. Every report starts a new round.
"""


# Layout of the hot variables: digest of the configuration 128 | epoch and round of the reporting
# protocol 40 | threshold 8 | latest round 32 bits.
DIGEST: constant(uint256) = 2**128 - 1
THRESHOLD_SHIFT: constant(uint256) = 168
ROUND_SHIFT: constant(uint256) = 176

# Layout of a transmission: answer (signed, 192 bits) | time 64 bits, unix seconds.
ANSWER_BITS: constant(uint256) = 192
ANSWER_MASK: constant(uint256) = 2**192 - 1
TIME_BITS: constant(uint256) = 64


# Decimals of the answer.
decimals: public(immutable(uint8))

# Reader -> whether contracts at this address may read.
access_list: HashMap[address, bool]

# See the layout.
hot_vars: uint256

# Round -> transmission, see the layout.
transmissions: HashMap[uint256, uint256]


@deploy
def __init__(decimals_: uint8, answer_: int256):
    """
    @notice Starts with a first round, reported now.
    @param decimals_ Decimals of the answer.
    @param answer_ First answer.
    """
    decimals = decimals_
    self.hot_vars = DIGEST | 1 << THRESHOLD_SHIFT
    self._report(answer_)


@external
def add_access(reader: address):
    """
    @notice Lets a contract read.
    @param reader Its address.
    """
    self.access_list[reader] = True


@external
def set(answer: int256):
    """
    @notice Reports `answer` as of now, in a new round.
    @param answer The new answer, of 192 bits.
    """
    self._report(answer)


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The answer of the latest round, for listed contracts and for accounts with a key.
    @return round_id, answer, started_at, updated_at, answered_in_round
    """
    assert self.access_list[msg.sender] or msg.sender == tx.origin, "test aggregator: no access"
    round: uint256 = self.hot_vars >> ROUND_SHIFT
    transmission: uint256 = self.transmissions[round]
    answer: int256 = convert(convert(transmission << TIME_BITS, bytes32), int256) >> TIME_BITS
    updated_at: uint256 = transmission >> ANSWER_BITS
    round_id: uint80 = convert(round, uint80)
    return round_id, answer, updated_at, updated_at, round_id


@internal
def _report(answer: int256):
    """
    @dev Starts a round and writes its transmission.
    @param answer The new answer, of 192 bits.
    """
    hot_vars: uint256 = self.hot_vars + (1 << ROUND_SHIFT)
    self.hot_vars = hot_vars
    bits: uint256 = convert(convert(convert(answer, int192), bytes32), uint256) & ANSWER_MASK
    self.transmissions[hot_vars >> ROUND_SHIFT] = bits | block.timestamp << ANSWER_BITS
