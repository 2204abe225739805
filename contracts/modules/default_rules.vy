#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Default rules: what the DefaultManager and its part for insolvent accounts share
@custom:contract-name default_rules
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Terms, clocks and the judgement of an account. DefaultManager and DefaultManagerInsolvency
        share its storage, slot by slot; what the first saw of an account it leaves to the second
        in transient storage.
"""

from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseRecords
from ..interfaces import IDefaultManagerEvents
from ..interfaces import IRiskEngine
from .layout import limits
from .layout import role_layout
from .layout import term_words
from .layout import units

# Bounds of the terms.
MIN_GRACE: constant(uint256) = 300  # 5 minutes
MAX_GRACE: constant(uint256) = 3 * 86_400
MIN_DURATION: constant(uint256) = 60
MAX_DURATION: constant(uint256) = 86_400
MAX_DISCOUNT: constant(uint256) = 500_000  # half of MM
MAX_FEE: constant(uint256) = 100_000
MIN_TARGET: constant(uint256) = 1_010_000
MAX_TARGET: constant(uint256) = 2_000_000
MIN_CLOSE_OUT: constant(uint256) = 100_000
MAX_CLOSE_OUT: constant(uint256) = 950_000
MAX_REWARD: constant(uint256) = 20_000  # 2 % of MM
MAX_REWARD_CAP: constant(uint256) = 10_000  # units of cash
MAX_DUST: constant(uint256) = 10_000  # units of cash

# Bounds of the waterfall's terms.
MAX_TEAR_UP_REWARD: constant(uint256) = 1_000  # units of cash
MIN_PERIOD: constant(uint256) = 3_600
MAX_PERIOD: constant(uint256) = 30 * 86_400
MAX_LIMIT: constant(uint256) = 2**32 - 1  # units of cash
MIN_REMAINDER: constant(uint256) = 3_600
MAX_REMAINDER: constant(uint256) = 7 * 86_400

# The ledger; its owner sets the terms.
CLEARINGHOUSE: public(immutable(address))


# Terms of the procedure and of the waterfall (layout: term_words).
packed_terms: uint256
packed_waterfall: uint256
# What the DefaultManager has just seen of an account, for its other part in the same call.
seen: transient(IRiskEngine.Assessment)
known: transient(DynArray[uint256, limits.MAX_KNOWN])


@deploy
def __init__(clearinghouse: address):
    """
    @param clearinghouse The ledger; its owner sets the terms.
    """
    CLEARINGHOUSE = clearinghouse


# CLOCKS -------------------------------------------------------------------------------------------

@internal
@view
def _open_word() -> uint256:
    """
    @dev The word of the RISK_ENGINE role, when the procedure may go on: no wind-down, liquidations
         not paused and the cure window after a pause over.
    """
    word: uint256 = staticcall IClearinghouse(CLEARINGHOUSE).role_word(role_layout.RISK_ENGINE)
    assert word >> role_layout.PHASE_SHIFT == role_layout.RUNNING, "default rules: winding down"
    paused_until: uint256 = (word >> role_layout.SECOND_FIELD) & role_layout.ROLE_FIELD_MASK
    if paused_until != 0:
        assert (
            block.timestamp >= paused_until + role_layout.CURE_WINDOW
        ), "default rules: liquidations are paused"
    return word


@internal
@pure
def _resumed(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev When the procedure last resumed after a pause or an outage of the sequencer, unix seconds.
         Clocks that began before begin then.
    """
    paused_until: uint256 = (word >> role_layout.SECOND_FIELD) & role_layout.ROLE_FIELD_MASK
    if paused_until != 0:
        paused_until += role_layout.CURE_WINDOW
    return max(paused_until, seen.resumed)


@internal
@view
def _insolvent_since(word: uint256, seen: IRiskEngine.Assessment) -> uint256:
    """
    @dev Start of an insolvency as it counts, unix seconds: after a pause or an outage, anew.
    @param word Word of the RISK_ENGINE role.
    """
    return max(seen.since, self._resumed(word, seen))


# JUDGEMENT ----------------------------------------------------------------------------------------

@internal
@view
def _assess(
    word: uint256, account: uint256
) -> (IRiskEngine.Assessment, DynArray[uint256, limits.MAX_KNOWN]):
    """
    @dev The account as the engine sees it now.
    @param word Word of the RISK_ENGINE role.
    @param account Account id.
    @return The assessment.
    @return VALID legs with their prices and details (layout: leg_layout).
    """
    seen: IRiskEngine.Assessment = empty(IRiskEngine.Assessment)
    known: DynArray[uint256, limits.MAX_KNOWN] = []
    engine: address = convert(word & role_layout.HOLDER_MASK, address)
    seen, known = staticcall IRiskEngine(engine).assess(account)
    return seen, known


@internal
@view
def _role(role: uint256) -> address:
    """
    @dev A contract plugged into the ledger.
    """
    return staticcall IClearinghouse(CLEARINGHOUSE).roles(role)


@internal
@view
def _engine() -> address:
    """
    @dev The risk engine plugged into the ledger.
    """
    return self._role(role_layout.RISK_ENGINE)


@internal
@pure
def _meets(equity: int256, maintenance: uint256, ratio: uint256) -> bool:
    """
    @dev Whether equity is at least a part of MM.
    @param equity WAD cash.
    @param maintenance MM, WAD cash.
    @param ratio The part, ppm.
    """
    return equity * units.IPPM >= convert(maintenance * ratio, int256)


@internal
@pure
def _better_equity(seen: IRiskEngine.Assessment) -> int256:
    """
    @dev Equity at the better of two fresh answers, WAD cash: what decides whether an account is
         called, sold or torn up.
    """
    return seen.equity + convert(seen.doubt, int256)


@internal
@pure
def _require_unhealthy(seen: IRiskEngine.Assessment, priced: uint256):
    """
    @dev INV-3: a healthy account can neither be called nor sold, nor one without any VALID price.
         Healthy is who is so at either of two fresh answers.
    @param seen The account as the risk engine sees it.
    @param priced Number of its legs with a VALID price.
    """
    assert not self._meets(
        self._better_equity(seen), seen.maintenance, units.PPM
    ), "default rules: account is healthy"
    self._require_priced(priced != 0 or seen.stuck == 0)


@internal
@pure
def _require_priced(priced: bool):
    """
    @dev A price that is not VALID decides nothing.
    """
    assert priced, "default rules: price not valid"


@internal
@pure
def _require_some(fraction: uint256):
    """
    @dev A bid for nothing is a mistake.
    """
    assert fraction != 0, "default rules: fraction is zero"


@internal
@pure
def _require_discount(enough: bool):
    """
    @dev The discount is at least what the bidder asks for.
    """
    assert enough, "default rules: discount below limit"


@internal
@pure
def _require_fraction(allowed: bool):
    """
    @dev The bidder accepts what may be sold.
    """
    assert allowed, "default rules: fraction above limit"


@internal
@view
def _require_bidder(account: uint256, deadline: uint256):
    """
    @dev Nobody is made a bidder by a stranger, nor too late.
    @param account Account id of the bidder.
    @param deadline Last moment of the bid, unix seconds.
    """
    assert block.timestamp <= deadline, "default rules: bid expired"
    assert staticcall IClearinghouse(CLEARINGHOUSE).is_authorised(
        account, msg.sender, role_layout.TRADE
    ), "default rules: not the bidder's account"


# TERMS --------------------------------------------------------------------------------------------

@internal
@view
def _require_admin():
    """
    @dev The Clearinghouse's owner is the one admin.
    """
    assert (
        msg.sender == staticcall IClearinghouseRecords(CLEARINGHOUSE).owner()
    ), "default rules: caller is not the admin"


@internal
@view
def _terms() -> IDefaultManagerEvents.Terms:
    """
    @dev The terms, unpacked.
    """
    word: uint256 = self.packed_terms
    return IDefaultManagerEvents.Terms(
        grace=word & term_words.BITS_24,
        duration=(word >> term_words.DURATION_SHIFT) & term_words.BITS_24,
        discount_start=(word >> term_words.DISCOUNT_START_SHIFT) & term_words.BITS_20,
        discount_end=(word >> term_words.DISCOUNT_END_SHIFT) & term_words.BITS_20,
        fee=(word >> term_words.LIQUIDATION_FEE_SHIFT) & term_words.BITS_20,
        target=(word >> term_words.TARGET_SHIFT) & term_words.BITS_24,
        close_out=(word >> term_words.CLOSE_OUT_SHIFT) & term_words.BITS_20,
        reward=(word >> term_words.REWARD_SHIFT) & term_words.BITS_20,
        reward_cap=(word >> term_words.REWARD_CAP_SHIFT) & term_words.BITS_24,
        dust=(word >> term_words.DUST_SHIFT) & term_words.BITS_24,
    )


@internal
def _set_terms(terms: IDefaultManagerEvents.Terms):
    """
    @dev Checks the bounds, packs and stores. A full sale must leave a rest of equity whenever it is
         not already below the close-out margin: discount_end + fee < close_out.
    """
    self._require_bounds(
        terms.grace >= MIN_GRACE
        and terms.grace <= MAX_GRACE
        and terms.duration >= MIN_DURATION
        and terms.duration <= MAX_DURATION
        and terms.discount_start <= terms.discount_end
        and terms.discount_end <= MAX_DISCOUNT
        and terms.fee <= MAX_FEE
        and terms.target >= MIN_TARGET
        and terms.target <= MAX_TARGET
        and terms.close_out >= MIN_CLOSE_OUT
        and terms.close_out <= MAX_CLOSE_OUT
        and terms.discount_end + terms.fee < terms.close_out
        and terms.reward <= MAX_REWARD
        and terms.reward_cap <= MAX_REWARD_CAP
        and terms.dust <= MAX_DUST
    )
    self.packed_terms = (
        terms.grace
        | terms.duration << term_words.DURATION_SHIFT
        | terms.discount_start << term_words.DISCOUNT_START_SHIFT
        | terms.discount_end << term_words.DISCOUNT_END_SHIFT
        | terms.fee << term_words.LIQUIDATION_FEE_SHIFT
        | terms.target << term_words.TARGET_SHIFT
        | terms.close_out << term_words.CLOSE_OUT_SHIFT
        | terms.reward << term_words.REWARD_SHIFT
        | terms.reward_cap << term_words.REWARD_CAP_SHIFT
        | terms.dust << term_words.DUST_SHIFT
    )
    log IDefaultManagerEvents.TermsSet(terms=terms)


@internal
@view
def _waterfall() -> IDefaultManagerEvents.Waterfall:
    """
    @dev The terms of the waterfall, unpacked.
    """
    word: uint256 = self.packed_waterfall
    return IDefaultManagerEvents.Waterfall(
        charge_cap=(word >> term_words.CHARGE_CAP_SHIFT) & term_words.BITS_20,
        period=(word >> term_words.PERIOD_SHIFT) & term_words.BITS_24,
        market_amount=(word >> term_words.MARKET_AMOUNT_SHIFT) & term_words.BITS_32,
        market_share=(word >> term_words.MARKET_SHARE_SHIFT) & term_words.BITS_20,
        total_amount=(word >> term_words.TOTAL_AMOUNT_SHIFT) & term_words.BITS_32,
        total_share=(word >> term_words.TOTAL_SHARE_SHIFT) & term_words.BITS_20,
        remainder=(word >> term_words.REMAINDER_SHIFT) & term_words.BITS_24,
        reward_cap=word & term_words.BITS_24,
    )


@internal
@view
def _limit_period() -> uint256:
    """
    @dev Seconds in which draws fade from the limits; without unpacking the other terms.
    """
    return (self.packed_waterfall >> term_words.PERIOD_SHIFT) & term_words.BITS_24


@internal
def _set_waterfall(terms: IDefaultManagerEvents.Waterfall):
    """
    @dev Checks the bounds, packs and stores.
    """
    self._require_bounds(
        terms.reward_cap <= MAX_TEAR_UP_REWARD
        and terms.charge_cap <= limits.MAX_CHARGE
        and terms.period >= MIN_PERIOD
        and terms.period <= MAX_PERIOD
        and terms.market_amount <= MAX_LIMIT
        and terms.market_share <= units.PPM
        and terms.total_amount <= MAX_LIMIT
        and terms.total_share <= units.PPM
        and terms.remainder >= MIN_REMAINDER
        and terms.remainder <= MAX_REMAINDER
    )
    self.packed_waterfall = (
        terms.reward_cap
        | terms.charge_cap << term_words.CHARGE_CAP_SHIFT
        | terms.period << term_words.PERIOD_SHIFT
        | terms.market_amount << term_words.MARKET_AMOUNT_SHIFT
        | terms.market_share << term_words.MARKET_SHARE_SHIFT
        | terms.total_amount << term_words.TOTAL_AMOUNT_SHIFT
        | terms.total_share << term_words.TOTAL_SHARE_SHIFT
        | terms.remainder << term_words.REMAINDER_SHIFT
    )
    log IDefaultManagerEvents.WaterfallSet(terms=terms)


@internal
@pure
def _require_bounds(within: bool):
    """
    @dev Terms stay inside hard-coded bounds.
    """
    assert within, "default rules: terms out of bounds"
