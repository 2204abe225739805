#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title ProxyFeed
@custom:contract-name ProxyFeed
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice LOCAL CHAINS ONLY. A price feed in the shape in which Chainlink deploys them, its
        EACAggregatorProxy: an address that stays, in front of the aggregator of the present phase.
@dev    A read takes the slots that it takes there: the access controller, which is empty there too,
        and the present phase. With a TestAggregator behind it that is five slots in two accounts.
"""


# Layout of the present phase: its id 16 | its aggregator 160 bits.
PHASE_MASK: constant(uint256) = 2**16 - 1
AGGREGATOR_SHIFT: constant(uint256) = 16

# Round ids of the proxy: phase << 64 | round of the aggregator.
ROUND_SHIFT: constant(uint256) = 64
ROUND_MASK: constant(uint256) = 2**64 - 1


interface Aggregator:
    def latestRoundData() -> (uint80, int256, uint256, uint256, uint80): view
    def set(answer: int256): nonpayable


# Who decides about readers; empty: anyone may read.
access_controller: address

# See the layout.
current_phase: uint256


@deploy
def __init__(aggregator_: address):
    """
    @notice Starts phase 1.
    @param aggregator_ The aggregator of that phase.
    """
    self._start_phase(aggregator_)


@external
def set_aggregator(aggregator_: address):
    """
    @notice Starts a new phase.
    @param aggregator_ The aggregator of that phase.
    """
    self._start_phase(aggregator_)


@external
def set(answer: int256):
    """
    @notice Lets the aggregator report `answer` as of now, so that this is set like a TestFeed.
    @param answer The new answer.
    """
    extcall Aggregator(self._aggregator_of(self.current_phase)).set(answer)


@external
@view
@reentrant  # a lock would add its own gas to every measurement
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    """
    @notice The answer of the present aggregator. Round ids carry the phase.
    @return round_id, answer, started_at, updated_at, answered_in_round
    """
    assert self.access_controller == empty(address), "proxy feed: no access"
    phase: uint256 = self.current_phase
    round_id: uint80 = 0
    answer: int256 = 0
    started_at: uint256 = 0
    updated_at: uint256 = 0
    answered_in_round: uint80 = 0
    (round_id, answer, started_at, updated_at, answered_in_round) = staticcall Aggregator(
        self._aggregator_of(phase)
    ).latestRoundData()
    return (
        self._with_phase(phase, round_id),
        answer,
        started_at,
        updated_at,
        self._with_phase(phase, answered_in_round),
    )


@internal
def _start_phase(aggregator: address):
    """
    @dev Counts the phase up and writes it.
    @param aggregator The aggregator of the new phase.
    """
    id: uint256 = (self.current_phase & PHASE_MASK) + 1
    self.current_phase = id | convert(aggregator, uint256) << AGGREGATOR_SHIFT


@internal
@pure
def _aggregator_of(phase: uint256) -> address:
    """
    @dev The aggregator of a phase.
    @param phase See the layout.
    @return Its address.
    """
    return convert(phase >> AGGREGATOR_SHIFT, address)


@internal
@pure
def _with_phase(phase: uint256, round_id: uint80) -> uint80:
    """
    @dev A round id of the proxy.
    @param phase See the layout.
    @param round_id Round id of the aggregator.
    @return Both in one.
    """
    return convert(
        (phase & PHASE_MASK) << ROUND_SHIFT | convert(round_id, uint256) & ROUND_MASK, uint80
    )
