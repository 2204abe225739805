#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Price memory: what a pair of feeds last agreed on, and since when it does not
@custom:contract-name price_memory
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice The only storage of the PriceOracle: of every configuration its last VALID price, two
        averages of those, and since when it has been shown not to be VALID. It is keyed by who
        asked and the whole configuration, so that a stranger's feeds, and a stranger's witness for
        these feeds, can only ever write a stranger's memory. This module judges no price; the
        contract above it does. Words: see feed_words.
@dev    An average is exponential over time: the stretch since the last checkpoint counts as the
        mean of its two ends, with weight 1 - e^(-seconds / window). So checkpoints of one block
        have no weight; while a price stands still it makes no difference how many are taken; and
        nobody's last checkpoint weighs more than half, in the average of an hour 32 % of an hourly
        series and 8 % of one every ten minutes, in that of a day 2 % of an hourly series.
        An outage is only as good as its witnesses: it must be shown again at least once in
        `feed_words.SHOW_AGAIN`, else the next report starts it anew, and a checkpoint at any time
        ends it. One of feeds that are silent cannot be older than their silence.
"""

from snekmate.utils import math
from ..interfaces import IPriceOracleEvents
from .layout import feed_words
from .layout import units

# How fast the averages forget, seconds: what is this old counts 1/e of what is new.
AVERAGE_WINDOW: public(constant(uint256)) = units.HOUR
DAY_WINDOW: public(constant(uint256)) = units.DAY


# Configuration key -> last checkpoint, packed; 0 = never. The price was strictly inside the bounds.
checkpoints: HashMap[bytes32, uint256]

# Configuration key -> averages of the checkpoints, and since when there is a known outage and when
# it was last shown, packed; 0 = never. The averages are between the checkpoints' prices.
memories: HashMap[bytes32, uint256]


@deploy
def __init__():
    """
    @notice Nothing is remembered of any configuration.
    """
    pass


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _remember(key: bytes32, price: uint256):
    """
    @dev Takes a checkpoint, which ends a reported outage. Logs `Checkpoint` and `OutageEnded`.
    @param key Key of the configuration.
    @param price Its VALID price, WAD, at most `feed_words.GREATEST`.
    """
    average: uint256 = price
    day_average: uint256 = price
    last: uint256 = self.checkpoints[key]
    memory: uint256 = self.memories[key]
    if last != 0:
        average = self._average(memory & feed_words.GREATEST, last, price, AVERAGE_WINDOW)
        day_average = self._average(
            (memory >> feed_words.DAY_AVERAGE_SHIFT) & feed_words.GREATEST, last, price, DAY_WINDOW
        )
    since: uint256 = self._since(memory)
    if since != 0:
        log IPriceOracleEvents.OutageEnded(config=key, since=since)
    self.checkpoints[key] = price | (block.timestamp << feed_words.TIME_SHIFT)
    self.memories[key] = average | (day_average << feed_words.DAY_AVERAGE_SHIFT)  # ends an outage
    log IPriceOracleEvents.Checkpoint(
        config=key, price=price, average=average, day_average=day_average, time=block.timestamp
    )


@internal
def _report(key: bytes32, status: uint256, earliest: uint256):
    """
    @dev Puts an outage on record, or shows one again. Logs `OutageReported`.
    @param key Key of the configuration.
    @param status Why its price is not VALID, see IPriceOracle.
    @param earliest Since when the feeds themselves show it, unix seconds; 0 = they do not say.
    """
    memory: uint256 = self.memories[key]
    shown: uint256 = memory >> feed_words.SHOWN_SHIFT
    assert shown != block.timestamp, "price memory: outage already shown"
    since: uint256 = self._since(memory)
    if block.timestamp > shown + feed_words.SHOW_AGAIN:
        since = block.timestamp
    since = max(since, earliest)
    self.memories[key] = (
        (memory & feed_words.AVERAGES_MASK)
        | (since << feed_words.OUTAGE_SHIFT)
        | (block.timestamp << feed_words.SHOWN_SHIFT)
    )
    log IPriceOracleEvents.OutageReported(
        config=key, status=status, since=since, shown=block.timestamp
    )


@internal
@view
def _evidence(key: bytes32) -> uint256:
    """
    @dev The last checkpoint of a configuration. It neither sells an account nor shelters one for
         long without its market being looked at, since it widens with its age.
    @param key Key of the configuration.
    @return A word of evidence; without a checkpoint one that allows everything.
    """
    checkpoint: uint256 = self.checkpoints[key]
    if checkpoint == 0:
        return feed_words.BELOW | feed_words.ABOVE
    age: uint256 = block.timestamp - (checkpoint >> feed_words.TIME_SHIFT)
    return (checkpoint & feed_words.REMEMBERED_MASK) | (age << feed_words.AGE_SHIFT)


@internal
@view
def _average(old: uint256, last: uint256, new: uint256, window: uint256) -> uint256:
    """
    @dev An average after a checkpoint. Rounds down; equals its inputs when they are equal.
    @param old Average so far, WAD.
    @param last The last checkpoint, packed.
    @param new Price of the new one, WAD.
    @param window How fast it forgets, seconds.
    @return WAD, between the least and the greatest of the three prices.
    """
    elapsed: uint256 = block.timestamp - (last >> feed_words.TIME_SHIFT)
    # e^-x, WAD: between 0 and exactly 1; prices are below 2**96.
    kept: uint256 = convert(math._wad_exp(-convert(elapsed * units.WAD // window, int256)), uint256)
    middle: uint256 = ((last & feed_words.REMEMBERED_MASK) + new) // 2
    return (old * kept + middle * (units.WAD - kept)) // units.WAD


@internal
@pure
def _since(memory: uint256) -> uint256:
    """
    @dev Since when there is a known outage, unix seconds; 0 = there is none.
    """
    return (memory >> feed_words.OUTAGE_SHIFT) & feed_words.OUTAGE_MASK


@internal
@pure
def _key(owner: address, w0: uint256, w1: uint256, w2: uint256) -> bytes32:
    """
    @dev Key of a configuration.
    @param owner Whose memory it is: the caller that had it judged.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; only the address counts.
    @param w2 Third word.
    @return keccak256 of the four.
    """
    return keccak256(abi_encode(owner, w0, w1 & feed_words.ADDRESS_MASK, w2))
