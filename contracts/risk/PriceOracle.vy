#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title PriceOracle
@custom:contract-name PriceOracle
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Judges prices. An asset has two independent Chainlink-shaped feeds; its price is VALID when
        the primary is fresh and inside hard bounds, the secondary too, the two agree within a limit
        and, on an L2, the sequencer has been up for long enough. There is no averaging: VALID means
        the primary's answer, anything else means an interval, never a point, that encloses what
        evidence is left, and a status that says why. A third feed, if the caller has one, is a
        witness only: it is read when one of the two is silent, and if it agrees with the other the
        price is that one's answer. It never decides between two that speak.
@dev    No admin and no configuration of its own: callers pass the feed configuration in and own the
        risk of it. What `checkpoint` and `report_outage`, both open to anyone, remember of a
        configuration is in `price_memory` and belongs to their caller; this contract stores nothing
        else.
        No feed can make a judgement revert (INV-13): reverting, burning its gas, answering short,
        zero, negative, absurd or from the future is an answer to judge. No caller can make a good
        feed look dead either: every feed gets `FEED_GAS`, or the call reverts. Round ids are
        ignored, as Chainlink advises; freshness is `updatedAt` against the heartbeat. Words and
        units: see IPriceOracle.
"""

from ..interfaces import IPriceOracle
from ..interfaces import IPriceOracleEvents
from ..modules.layout import feed_words
from ..modules.layout import leg_layout
from ..modules.layout import units
from ..modules import price_memory

implements: IPriceOracle
implements: IPriceOracleEvents

initializes: price_memory

exports: (
    price_memory.AVERAGE_WINDOW,
    price_memory.DAY_WINDOW,
)


# An answer from here on is above every bound at any decimals (2**180 / 10**18 > 2**120), and one
# below it survives scaling (2**180 * 10**18 < 2**240).
ANSWER_LIMIT: constant(uint256) = 2**180

# Gas a feed may burn. Chainlink proxies take 10-20k, composite feeds (rate x price) up to 60k.
FEED_GAS: constant(uint256) = 150_000

# Gas that must be left before a feed call: 64/63 of `FEED_GAS` (EIP-150) = 152,381, plus 2,600
# for a cold address (EIP-2929) and some 5,000 for the instructions in between and to spare.
GAS_BEFORE_FEED: constant(uint256) = 160_000

# An old price is trusted to 1 % for every hour of its age: to 100 % after this, seconds.
WIDENING: constant(uint256) = 100 * units.HOUR

# How far ahead of the block an answer may be and still be fresh, seconds: clocks of chains and
# feeds differ, and whoever pushes a feed must not make doubt by dating an answer a second ahead.
MAX_AHEAD: constant(uint256) = 15

# Length of what `latestRoundData` returns and where its words are, bytes.
FEED_ANSWER_SIZE: constant(uint256) = 160
ANSWER_AT: constant(uint256) = 32
STARTED_AT: constant(uint256) = 64
UPDATED_AT: constant(uint256) = 96

# When a sequencer that is down will be up again: later than any block, and small enough that
# callers may add seconds to it.
NEVER: constant(uint256) = 2**64


# Chainlink L2 uptime feed; empty on a chain without a sequencer.
SEQUENCER_FEED: immutable(address)

# How long the sequencer must have been up before prices count, seconds.
SEQUENCER_GRACE: immutable(uint256)


@deploy
def __init__(sequencer_feed: address, sequencer_grace: uint256):
    """
    @notice Fixes the sequencer feed for good.
    @param sequencer_feed Chainlink L2 uptime feed; empty = this chain has no sequencer.
    @param sequencer_grace Seconds the sequencer must have been up before prices count.
    """
    SEQUENCER_FEED = sequencer_feed
    SEQUENCER_GRACE = sequencer_grace
    price_memory.__init__()


# CHECKPOINTS AND OUTAGES --------------------------------------------------------------------------

@external
def checkpoint(w0: uint256, w1: uint256, w2: uint256, w3: uint256):
    """
    @notice Remembers the price of a configuration, for the day when one of its feeds is dead, or
            both, and ends a reported outage. Callable by anyone for their own memory, at any time
            at which the price is VALID.
    @dev    How the averages are weighted: see price_memory.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; the caller's bits make no difference.
    @param w2 Third word.
    @param w3 The witness, bits; 0 = none.
    @custom:reverts price oracle: not enough gas for a feed | price oracle: price not valid
    """
    judgement: uint256 = self._judge(w0, w1, w2, w3, self._is_sequencer_up())
    assert (
        judgement >> feed_words.STATUS_SHIFT == feed_words.STATUS_VALID
    ), "price oracle: price not valid"
    price_memory._remember(
        price_memory._key(msg.sender, w0, w1, w2), judgement & leg_layout.PRICE_MASK
    )


@external
def report_outage(w0: uint256, w1: uint256, w2: uint256, w3: uint256):
    """
    @notice Puts on record that a configuration's price is not VALID, or shows that it still is not.
            The record stands until the next checkpoint, which anyone takes who sees the price back,
            and begins anew when it has not been shown for six hours. A silent feed that has
            answered meanwhile, and fallen silent again, makes it as young as the new silence.
            Callable by anyone for their own memory, once a block.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; the caller's bits make no difference.
    @param w2 Third word.
    @param w3 The witness, bits; 0 = none.
    @custom:reverts price oracle: not enough gas for a feed | price oracle: price is valid | price
                    oracle: sequencer outage | price memory: outage already shown
    """
    status: uint256 = (
        self._judge(w0, w1, w2, w3, self._is_sequencer_up()) >> feed_words.STATUS_SHIFT
    )
    assert status != feed_words.STATUS_VALID, "price oracle: price is valid"
    assert status != feed_words.STATUS_SEQUENCER, "price oracle: sequencer outage"
    earliest: uint256 = 0
    if status == feed_words.STATUS_STALE:
        earliest = self._silent_since(w0, w1, w2)
    price_memory._report(price_memory._key(msg.sender, w0, w1, w2), status, earliest)


# JUDGEMENT ----------------------------------------------------------------------------------------

@external
@view
def price(w0: uint256, w1: uint256, w2: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice Judges one asset by its two feeds, unpacked. Anyone may call it. Never reverts because
            of a feed.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word.
    @param w2 Third word.
    @return low Lower end of the price, WAD.
    @return high Upper end of the price, WAD; equal to `low` when VALID, above it when not.
    @return status 0 VALID, 1 STALE, 2 DIVERGENT, 3 HALTED, 4 SEQUENCER.
    @return second The secondary's answer while VALID, WAD; else 0.
    @custom:reverts price oracle: not enough gas for a feed
    """
    sequencer_up: bool = True
    if SEQUENCER_FEED != empty(address):
        sequencer_up = self._is_sequencer_up()
    judgement: uint256 = self._judge(w0, w1, w2, 0, sequencer_up)
    low: uint256 = judgement & leg_layout.PRICE_MASK
    high: uint256 = (judgement >> feed_words.HIGH_SHIFT) & leg_layout.PRICE_MASK
    status: uint256 = judgement >> feed_words.STATUS_SHIFT
    if status == feed_words.STATUS_VALID:
        return low, low, status, high
    return low, high, status, 0


@external
@view
def price_of_three(
    w0: uint256, w1: uint256, w2: uint256, w3: uint256
) -> (uint256, uint256, uint256, uint256):
    """
    @notice Judges one asset by its two feeds and, when one of them is not fresh and the other is,
            a witness. Anyone may call it. Never reverts because of a feed.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word.
    @param w2 Third word.
    @param w3 The witness, bits; 0 = none.
    @return low Lower end of the price, WAD.
    @return high Upper end of the price, WAD; equal to `low` when VALID, above it when not.
    @return status 0 VALID, 1 STALE, 2 DIVERGENT, 3 HALTED, 4 SEQUENCER.
    @return second While VALID the answer that agrees, of the secondary or the witness, WAD; else 0.
    @custom:reverts price oracle: not enough gas for a feed
    """
    judgement: uint256 = self._judge(w0, w1, w2, w3, self._is_sequencer_up())
    low: uint256 = judgement & leg_layout.PRICE_MASK
    high: uint256 = (judgement >> feed_words.HIGH_SHIFT) & leg_layout.PRICE_MASK
    status: uint256 = judgement >> feed_words.STATUS_SHIFT
    if status == feed_words.STATUS_VALID:
        return low, low, status, high
    return low, high, status, 0


# MEMORY -------------------------------------------------------------------------------------------

@external
@view
def last_valid(owner: address, w0: uint256, w1: uint256, w2: uint256) -> (uint256, uint256):
    """
    @notice The last checkpoint of a configuration. Anyone may call it.
    @param owner Address of who had it taken.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; the caller's bits make no difference.
    @param w2 Third word.
    @return price Price when it was taken, WAD; 0 = there is none.
    @return time When it was taken, unix seconds; 0 = there is none.
    """
    checkpoint: uint256 = price_memory.checkpoints[price_memory._key(owner, w0, w1, w2)]
    return checkpoint & feed_words.REMEMBERED_MASK, checkpoint >> feed_words.TIME_SHIFT


@external
@view
def average(owner: address, w0: uint256, w1: uint256, w2: uint256) -> (uint256, uint256, uint256):
    """
    @notice Averages of a configuration's checkpoints: of an hour, the price at which a market whose
            feed is dead may be settled, and of a day, what a move of the price is measured from.
            They are as recent as the last checkpoint. Anyone may call it.
    @param owner Address of who had them taken.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; the caller's bits make no difference.
    @param w2 Third word.
    @return price Average of an hour, WAD; 0 = there is no checkpoint.
    @return day_price Average of a day, WAD; 0 = there is no checkpoint.
    @return time When the last checkpoint was taken, unix seconds; 0 = there is none.
    """
    key: bytes32 = price_memory._key(owner, w0, w1, w2)
    memory: uint256 = price_memory.memories[key]
    return (
        memory & feed_words.GREATEST,
        (memory >> feed_words.DAY_AVERAGE_SHIFT) & feed_words.GREATEST,
        price_memory.checkpoints[key] >> feed_words.TIME_SHIFT,
    )


@external
@view
def outage(owner: address, w0: uint256, w1: uint256, w2: uint256) -> (uint256, uint256):
    """
    @notice Since when a configuration's price has been shown not to be VALID. Anyone may call it.
    @param owner Address of who reported it.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word; the caller's bits make no difference.
    @param w2 Third word.
    @return since When the outage was first reported, unix seconds; 0 = none has been since the last
            checkpoint.
    @return shown When it was reported last, unix seconds; 0 likewise.
    """
    memory: uint256 = price_memory.memories[price_memory._key(owner, w0, w1, w2)]
    return price_memory._since(memory), memory >> feed_words.SHOWN_SHIFT


# SEQUENCER ----------------------------------------------------------------------------------------

@external
@view
@reentrant
def sequencer_feed() -> address:
    """
    @notice The sequencer's feed. Anyone may call it.
    @return Address of a Chainlink L2 uptime feed; empty on a chain without a sequencer.
    """
    return SEQUENCER_FEED


@external
@view
@reentrant
def sequencer_grace() -> uint256:
    """
    @notice How long the sequencer must have been up before prices count. Anyone may call it.
    @return Seconds.
    """
    return SEQUENCER_GRACE


@external
@view
def is_sequencer_up() -> bool:
    """
    @notice Whether the sequencer is up and past its grace time. Always so without a sequencer feed.
            Anyone may call it.
    @return Whether it is: no also when the sequencer feed reverts or answers nonsense.
    @custom:reverts price oracle: not enough gas for a feed
    """
    return self._is_sequencer_up()


@external
@view
def resumed_at() -> uint256:
    """
    @notice When the grace time after the sequencer's last outage was over, or will be. Clocks that
            an outage must not use up run from here: `max(deadline, resumed_at() + grace)`. Anyone
            may call it.
    @return Unix seconds; 0 = there is no sequencer feed; 2**64, later than any block and yet far
            from an overflow, while the sequencer is down or its feed reverts or answers nonsense.
    @custom:reverts price oracle: not enough gas for a feed
    """
    if SEQUENCER_FEED == empty(address):
        return 0
    return self._resumed_at()


# INTERNAL -----------------------------------------------------------------------------------------

@internal
@view
def _judge(w0: uint256, w1: uint256, w2: uint256, w3: uint256, sequencer_up: bool) -> uint256:
    """
    @dev Judges one asset. Priority of statuses: SEQUENCER, HALTED, STALE, DIVERGENT, VALID.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word.
    @param w2 Third word.
    @param w3 The witness, bits; 0 = none.
    @param sequencer_up Whether the sequencer is up and past its grace time.
    @return The judgement: low 120 | high 120 | status 8 bits; while VALID the price and the second
            answer in the place of low and high.
    """
    least: uint256 = w2 & feed_words.BOUND_MASK
    greatest: uint256 = min(w2 >> feed_words.BOUND_SHIFT, feed_words.GREATEST)
    primary: uint256 = self._answer(w0, w0 >> feed_words.PRIMARY_TERMS_SHIFT, least, greatest)
    secondary: uint256 = self._answer(w1, w0 >> feed_words.SECONDARY_TERMS_SHIFT, least, greatest)

    mark: uint256 = primary
    second: uint256 = secondary
    if w3 != 0:
        if primary & secondary < feed_words.FRESH and primary | secondary >= feed_words.FRESH:
            mark = max(primary, secondary)  # FRESH is the top bit
            second = self._answer(w3, w3 >> feed_words.PRIMARY_TERMS_SHIFT, least, greatest)

    status: uint256 = feed_words.STATUS_STALE
    if primary & leg_layout.PRICE_MASK == 0:
        status = feed_words.STATUS_HALTED
    if not sequencer_up:
        status = feed_words.STATUS_SEQUENCER
    elif mark & second >= feed_words.FRESH:
        mark &= leg_layout.PRICE_MASK
        second &= leg_layout.PRICE_MASK
        low: uint256 = mark
        high: uint256 = second
        if low > high:
            low = second
            high = mark
        # high < 2**96, so high * 10_000 < 2**110; low <= high; low * (2**16 - 1) < 2**112
        if unsafe_mul(unsafe_sub(high, low), units.BPS) <= unsafe_mul(
            low, w0 >> feed_words.DEVIATION_SHIFT
        ):
            return mark | (second << feed_words.HIGH_SHIFT)  # VALID is 0
        if primary & secondary >= feed_words.FRESH:
            # Nothing but these two is evidence, and neither is widened: an end that nobody answers
            # would call, or spare, an account on which both answers agree.
            return (
                low
                | (high << feed_words.HIGH_SHIFT)
                | (feed_words.STATUS_DIVERGENT << feed_words.STATUS_SHIFT)
            )
    return self._interval(w0, w1, w2, primary, secondary) | (status << feed_words.STATUS_SHIFT)


@internal
@view
def _interval(
    w0: uint256, w1: uint256, w2: uint256, primary: uint256, secondary: uint256
) -> uint256:
    """
    @dev The price when one of the feeds is not fresh: encloses what they still say and, unless both
         have a usable answer, the caller's last checkpoint. A lone answer is never believed alone.
         Old evidence widens by 1 % an hour, then everything by the deviation limit, because feeds
         that agree may differ by that much. Rounds outwards. Nothing here can overflow: prices are
         below 2**96, ages below 2**64, the deviation limit below 2**16.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word.
    @param w2 Third word.
    @param primary Word of evidence from the primary.
    @param secondary Word of evidence from the secondary.
    @return low 120 | high 120 bits, inside the bounds, 0 < low < high whatever the bounds are.
    """
    least: uint256 = min(max(w2 & feed_words.BOUND_MASK, 1), feed_words.GREATEST - 1)
    greatest: uint256 = min(max(w2 >> feed_words.BOUND_SHIFT, least + 1), feed_words.GREATEST)
    remembered: uint256 = 0
    if primary & leg_layout.PRICE_MASK == 0 or secondary & leg_layout.PRICE_MASK == 0:
        remembered = price_memory._evidence(price_memory._key(msg.sender, w0, w1, w2))

    low: uint256 = greatest
    high: uint256 = least
    for evidence: uint256 in [primary, secondary, remembered]:
        if evidence & feed_words.BELOW != 0:
            low = least
        if evidence & feed_words.ABOVE != 0:
            high = greatest
        price: uint256 = evidence & leg_layout.PRICE_MASK
        if price != 0:
            age: uint256 = (evidence >> feed_words.AGE_SHIFT) & feed_words.AGE_MASK
            spread: uint256 = self._div_up(price * age, WIDENING)
            low = min(low, price - min(spread, price))
            high = max(high, price + spread)

    deviation: uint256 = w0 >> feed_words.DEVIATION_SHIFT
    low -= min(self._div_up(low * deviation, units.BPS), low)
    high += self._div_up(high * deviation, units.BPS)
    low = min(max(low, least), greatest - 1)
    high = max(min(high, greatest), low + 1)
    return low | (high << feed_words.HIGH_SHIFT)


@internal
@view
def _silent_since(w0: uint256, w1: uint256, w2: uint256) -> uint256:
    """
    @dev Since when one of two feeds has been overdue without a break: the earlier of both. An
         answer says it by its time; a feed without a usable answer says nothing.
    @param w0 First word of the configuration, see IPriceOracle.
    @param w1 Second word.
    @param w2 Third word.
    @return Unix seconds; 0 = a feed has no usable answer.
    """
    least: uint256 = w2 & feed_words.BOUND_MASK
    greatest: uint256 = min(w2 >> feed_words.BOUND_SHIFT, feed_words.GREATEST)
    primary: uint256 = self._answer(w0, w0 >> feed_words.PRIMARY_TERMS_SHIFT, least, greatest)
    secondary: uint256 = self._answer(w1, w0 >> feed_words.SECONDARY_TERMS_SHIFT, least, greatest)
    if primary & leg_layout.PRICE_MASK == 0 or secondary & leg_layout.PRICE_MASK == 0:
        return 0
    # Ages are below the time, heartbeats above 0.
    overdue: uint256 = max(
        (primary >> feed_words.AGE_SHIFT) & feed_words.AGE_MASK,
        (secondary >> feed_words.AGE_SHIFT) & feed_words.AGE_MASK,
    )
    return block.timestamp - min(overdue, block.timestamp)


@internal
@view
def _answer(feed: uint256, terms: uint256, least: uint256, greatest: uint256) -> uint256:
    """
    @dev What one price feed has to say. It gets `FEED_GAS`; less than that left is the caller's
         fault and reverts, else a caller could choose which feeds fail. At most 160 bytes of what
         it returns are copied. This runs twenty times in a ten-market margin check, hence one word
         for all results, plain branches instead of `or`, and the call in place (together -650 gas
         an asset).
    @param feed Address of the feed in the lowest 160 bits.
    @param terms Heartbeat (32 bits, seconds) and decimals (8 bits), lowest bits first.
    @param least Exclusive lower bound, WAD.
    @param greatest Exclusive upper bound, WAD, at most `GREATEST`.
    @return A word of evidence: the price, rounded down, with `FRESH` or the seconds by which it is
            older than the heartbeat. No price = no usable answer: none, not positive, from
            further ahead than `MAX_AHEAD` (all 0) or not inside the bounds (`BELOW`, `ABOVE`: a
            market beyond a bound may be where its price went).
    """
    assert msg.gas >= GAS_BEFORE_FEED, "price oracle: not enough gas for a feed"
    success: bool = False
    data: Bytes[FEED_ANSWER_SIZE] = b""
    success, data = raw_call(
        convert(feed & feed_words.ADDRESS_MASK, address),
        method_id("latestRoundData()"),
        max_outsize=FEED_ANSWER_SIZE,
        gas=FEED_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success:
        return 0
    if len(data) != FEED_ANSWER_SIZE:
        return 0
    answer: uint256 = extract32(data, ANSWER_AT, output_type=uint256)
    if answer >= ANSWER_LIMIT:  # so are negative answers, seen as unsigned
        return 0
    # Wraps for an answer from the future, to an age beyond any; equals the time for one of time 0.
    age: uint256 = unsafe_sub(block.timestamp, extract32(data, UPDATED_AT, output_type=uint256))
    if age >= block.timestamp:
        if unsafe_add(age, MAX_AHEAD) >= MAX_AHEAD:  # wraps back for one at most `MAX_AHEAD` ahead
            return 0
        age = 0

    decimals: uint256 = (terms >> feed_words.DECIMALS_SHIFT) & feed_words.DECIMALS_MASK
    if decimals <= feed_words.PRICE_DECIMALS:
        # answer < 2**180, the factor is at most 10**18 < 2**60
        answer = unsafe_mul(answer, pow_mod256(10, unsafe_sub(feed_words.PRICE_DECIMALS, decimals)))
    elif decimals <= feed_words.MAX_DECIMALS:
        # 18 < decimals <= 36, so the divisor is 10 to 10**18
        answer = unsafe_div(answer, pow_mod256(10, unsafe_sub(decimals, feed_words.PRICE_DECIMALS)))
    else:
        return 0

    # At a bound counts as out: that is where a feed floored or capped by its aggregator stands.
    if answer <= least:
        if answer == 0:
            return 0
        return feed_words.BELOW
    if answer >= greatest:
        return feed_words.ABOVE
    if age <= terms & feed_words.HEARTBEAT_MASK:
        return answer | feed_words.FRESH
    # The age is above the heartbeat.
    return answer | (unsafe_sub(age, terms & feed_words.HEARTBEAT_MASK) << feed_words.AGE_SHIFT)


@internal
@view
def _is_sequencer_up() -> bool:
    """
    @dev A chain without a sequencer is never waited for.
    @return Whether it is up and past its grace time, or there is none.
    """
    return SEQUENCER_FEED == empty(address) or self._resumed_at() < block.timestamp


@internal
@view
def _resumed_at() -> uint256:
    """
    @dev Chainlink's L2 uptime feed: answer 0 = up, `startedAt` = when that began, 0 = never began.
         As with prices, a call with too little gas reverts instead of looking like an outage.
    @return When the sequencer's grace time ends, unix seconds, at most twice `NEVER`; `NEVER`
            unless it is up.
    """
    assert msg.gas >= GAS_BEFORE_FEED, "price oracle: not enough gas for a feed"
    success: bool = False
    data: Bytes[FEED_ANSWER_SIZE] = b""
    success, data = raw_call(
        SEQUENCER_FEED,
        method_id("latestRoundData()"),
        max_outsize=FEED_ANSWER_SIZE,
        gas=FEED_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success:
        return NEVER
    if len(data) != FEED_ANSWER_SIZE:
        return NEVER
    started_at: uint256 = extract32(data, STARTED_AT, output_type=uint256)
    if (
        extract32(data, ANSWER_AT, output_type=uint256) != 0
        or started_at == 0
        or started_at > block.timestamp
    ):
        return NEVER
    return started_at + min(SEQUENCER_GRACE, NEVER)


@internal
@pure
def _div_up(numerator: uint256, divisor: uint256) -> uint256:
    """
    @dev Division rounded up.
    @param numerator What is divided, at most 2**256 - divisor.
    @param divisor By what; not 0.
    @return The quotient.
    """
    return (numerator + divisor - 1) // divisor
