#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Settled markets
@custom:contract-name settled_markets
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice What ends a market: it is settled at one price that nobody chooses, and its positions become
        cash one by one.
"""

from snekmate.auth import ownable
from ..interfaces import IClearinghouseEvents
from ..interfaces import IRiskEngine
from .layout import feed_words
from .layout import leg_layout
from .layout import role_layout
from .layout import words
from . import final_settlement
from . import funding_math
from . import ledger
from . import registry
from . import sides

uses: ownable
uses: registry
uses: ledger
uses: sides
uses: final_settlement

CONVERSIONS: constant(uint256) = 100  # accounts in one call


# SETTLED MARKETS ----------------------------------------------------------------------------------

@external
def settle_market(market: uint256) -> uint256:
    """
    @notice Ends a market: every position in it is from now on worth its value at one price, in
            cash. At a VALID price the owner, or anyone in a wind-down; anyone once its feeds have
            been dead for the published time; nobody at a price in doubt before, except anyone 14
            days after a wind-down began. The price is the risk engine's: the mark if VALID, else
            the time-weighted average of the last VALID prices.
    @param market Market id.
    @return The price, WAD cash per base unit.
    @custom:reverts sides: unknown market | sides: market is settled | final settlement: price in
                    doubt | settled markets: market is alive | words: number out of range
    """
    state: uint256 = sides._state(market)
    sides._require_living(state)
    price: uint256 = 0
    kind: uint256 = 0
    price, kind = staticcall IRiskEngine(registry._role(role_layout.RISK_ENGINE)).settlement_price(
        leg_layout.MARKET_ROW + market
    )
    final_settlement._require_settles(kind)
    if kind == feed_words.MARK and msg.sender != ownable.owner:
        assert registry._phase() == role_layout.WINDING_DOWN, "settled markets: market is alive"
    funding: int256 = funding_math._funding_now(state)
    sides.market_state[market] = words._pack_state(state, funding, 0) | words.SETTLED
    sides.settled_prices[market] = price
    final_settlement.living_markets -= 1
    log IClearinghouseEvents.MarketSettled(market=market, price=price, funding_index=funding)
    if final_settlement.living_markets == 0 and registry._phase() == role_layout.WINDING_DOWN:
        final_settlement._begin_proofs()
    return price


@external
def convert_positions(
    market: uint256, accounts: DynArray[uint256, CONVERSIONS], caller_account: uint256
) -> uint256:
    """
    @notice Turns positions in a settled market into cash, account by account. Anyone. Accounts
            without a position there are passed over, so that nobody can spoil a batch. In a
            wind-down an account pays `conversion_reward`, or all of its positive cash if that is
            less, to whoever converts its last position.
    @param market Market id.
    @param accounts Account ids, 100 at most.
    @param caller_account Account id that gets the rewards; 0 forgoes them.
    @return How many were converted: at least one, or it reverts.
    @custom:reverts sides: unknown market | settled markets: market is not settled | ledger: no
                    position to convert | words: number out of range | ledger: unknown account |
                    settled markets: nothing to convert
    """
    state: uint256 = sides._state(market)
    assert state & words.SETTLED != 0, "settled markets: market is not settled"
    most: uint256 = 0
    if caller_account != 0 and registry._phase() != role_layout.RUNNING:
        most = final_settlement.conversion_reward
    owed: uint256 = ledger.negative_cash
    converted: uint256 = 0
    for account: uint256 in accounts:
        if ledger.positions[account][market] != 0:
            header: uint256 = ledger._convert(account, ledger.headers[account], market, state)
            if most != 0 and account != caller_account and not words._has_positions(header):
                header = self._reward(account, header, caller_account, most)
            ledger.headers[account] = header
            converted += 1
    assert converted != 0, "settled markets: nothing to convert"
    if registry._phase() == role_layout.REDEMPTION:
        # Negative cash that comes to light now, or goes, was not in the claims.
        final_settlement.claims = final_settlement.claims + ledger.negative_cash - owed
    return converted


# INTERNAL -----------------------------------------------------------------------------------------

@internal
def _reward(account: uint256, header: uint256, caller_account: uint256, most: uint256) -> uint256:
    """
    @dev Pays whoever converted an account's last position, out of its positive cash.
    @param most WAD cash.
    @return The account's header; the caller stores it.
    """
    cash: int256 = words._cash(header)
    reward: int256 = min(convert(most, int256), cash)
    if reward <= 0:
        return header
    caller_header: uint256 = ledger._header(caller_account)
    caller_cash: int256 = words._cash(caller_header) + reward
    ledger.headers[caller_account] = ledger._book_cash(caller_account, caller_header, caller_cash)
    log IClearinghouseEvents.RewardPaid(
        account=account,
        caller_account=caller_account,
        reward=convert(reward, uint256),
        account_cash=cash - reward,
        caller_cash=caller_cash,
    )
    return ledger._book_cash(account, header, cash - reward)
