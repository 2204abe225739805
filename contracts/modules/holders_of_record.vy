#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Recoveries belong to who bore the loss
@custom:contract-name holders_of_record
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Each draw of a tranche gets an id, and the shares at that moment are its record. What is
        recovered from the defaulter later belongs to the holders of record in proportion to those
        shares, whatever has become of them: who stakes later has no part in it, who leaves keeps
        theirs. Recoveries of an account go to its draws in their order, to each at most what it
        cost; what is beyond that has no holder and is not booked.

        Tokens kept for claims are not part of any assets.
@dev    Past balances are written when a balance changes for the first time after a new draw, not at
        the draw: an entry holds the balance that its holder had at all draws after the previous
        entry, up to the draw it names. A share's generation (halvings of the insurance fund, epoch
        of a tranche) tells what a stored balance was worth at a draw.

        Invariant: for each draw, the sum of what was claimed <= what was recovered <= what it cost;
        `kept` is the sum over draws of what was recovered and is not claimed, roundings included.
"""

from ..interfaces import IFund
from .layout import fund_words


# STORAGE ------------------------------------------------------------------------------------------

# How many draws have a record; ids begin at 1.
draw_count: public(uint256)

# Token units kept for claims.
kept: public(uint256)

# Draw -> defaulter.
defaulters: HashMap[uint256, uint256]

# Draw -> what it cost, packed (layout: fund_words).
losses: HashMap[uint256, uint256]

# Draw -> its shares of record, packed (layout: fund_words).
records: HashMap[uint256, uint256]

# Tranche -> account -> what it has cost holders of record and brought back, packed (layout:
# fund_words); recovered <= lost.
recoveries: HashMap[uint256, HashMap[uint256, uint256]]

# Draw -> holder -> token units claimed.
claimed: public(HashMap[uint256, HashMap[address, uint256]])

# Tranche -> holder -> place -> past balance, packed (layout: fund_words); draws rise with places.
past: HashMap[uint256, HashMap[address, HashMap[uint256, uint256]]]

# Tranche -> holder -> number of past balances.
past_count: HashMap[uint256, HashMap[address, uint256]]


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def loss_of(draw: uint256) -> IFund.Loss:
    """
    @notice What a draw has cost its holders of record and what came back. Anyone.
    @param draw Id of the draw; all fields are 0 if there is none.
    @return Account, tranche, token units lost and recovered, shares of record, their generation.
    """
    return self._loss(draw)


# FOR THE CONTRACT ---------------------------------------------------------------------------------

@internal
def _open(
    account: uint256, tranche: uint256, tokens: uint256, supply: uint256, generation: uint256
) -> uint256:
    """
    @dev Begins the record of a loss that has not touched the shares yet.
    @param tokens What it costs, token units.
    @param supply Shares of all.
    @param generation Of these shares.
    @return Id of the draw; 0 if there is no record, since nobody holds a share.
    """
    if supply == 0 or tokens == 0:
        return 0
    draw: uint256 = self.draw_count + 1
    word: uint256 = self.recoveries[tranche][account]
    before: uint256 = word & fund_words.TOKENS_MASK
    self.draw_count = draw
    self.defaulters[draw] = account
    self.losses[draw] = tokens | before << fund_words.SECOND_TOKENS_SHIFT
    self.records[draw] = (
        supply | generation << fund_words.HALVINGS_SHIFT | tranche << fund_words.LAST_SHIFT
    )
    # Assets are below 2**127, so this takes more defaults at the limit than tokens can have.
    self.recoveries[tranche][account] = word + tokens
    return draw


@internal
def _book(account: uint256, tranche: uint256, tokens: uint256) -> uint256:
    """
    @dev Keeps what has come back from an account for its holders of record.
    @param tokens Token units that the fund has got.
    @return What of them has a holder, token units.
    """
    word: uint256 = self.recoveries[tranche][account]
    recovered: uint256 = word >> fund_words.SECOND_TOKENS_SHIFT
    booked: uint256 = min(tokens, (word & fund_words.TOKENS_MASK) - recovered)
    if booked != 0:
        self.recoveries[tranche][account] = word + (booked << fund_words.SECOND_TOKENS_SHIFT)
        self.kept += booked
    log IFund.Restore(account=account, tranche=tranche, tokens=tokens, booked=booked)
    return booked


@internal
def _note(tranche: uint256, holder: address, shares: uint256, generation: uint256):
    """
    @dev Keeps the balance of a holder for the draws since it was last kept. To be called before
         every change of the stored balance or of its generation.
    @param shares The stored balance.
    @param generation That it is stated in.
    """
    draw: uint256 = self.draw_count
    count: uint256 = self.past_count[tranche][holder]
    if draw == 0 or (
        count != 0 and self.past[tranche][holder][count - 1] >> fund_words.LAST_SHIFT == draw
    ):
        return
    self.past[tranche][holder][count] = (
        shares | generation << fund_words.HALVINGS_SHIFT | draw << fund_words.LAST_SHIFT
    )
    self.past_count[tranche][holder] = count + 1


@internal
@view
def _past(tranche: uint256, holder: address, draw: uint256) -> (bool, uint256, uint256):
    """
    @dev The balance that a holder had at a draw, by binary search.
    @return Whether it was kept: if not, the stored balance has not changed since the draw.
    @return The balance as it was stored then, shares.
    @return Its generation.
    """
    low: uint256 = 0
    high: uint256 = self.past_count[tranche][holder]
    end: uint256 = high
    for _: uint256 in range(256):
        if low == high:
            break
        middle: uint256 = (low + high) // 2
        if self.past[tranche][holder][middle] >> fund_words.LAST_SHIFT < draw:
            low = middle + 1
        else:
            high = middle
    if low == end:
        return False, 0, 0
    word: uint256 = self.past[tranche][holder][low]
    return (
        True,
        word & fund_words.SHARES_MASK,
        (word >> fund_words.HALVINGS_SHIFT) & fund_words.HALVINGS_MASK,
    )


@internal
@view
def _loss(draw: uint256) -> IFund.Loss:
    """
    @dev A draw, unpacked.
    """
    record: uint256 = self.records[draw]
    word: uint256 = self.losses[draw]
    account: uint256 = self.defaulters[draw]
    tranche: uint256 = record >> fund_words.LAST_SHIFT
    before: uint256 = word >> fund_words.SECOND_TOKENS_SHIFT
    tokens: uint256 = word & fund_words.TOKENS_MASK
    back: uint256 = self.recoveries[tranche][account] >> fund_words.SECOND_TOKENS_SHIFT
    return IFund.Loss(
        account=account,
        tranche=tranche,
        tokens=tokens,
        recovered=min(back - min(before, back), tokens),
        supply=record & fund_words.SHARES_MASK,
        generation=(record >> fund_words.HALVINGS_SHIFT) & fund_words.HALVINGS_MASK,
    )


@internal
@view
def _claimable(draw: uint256, loss: IFund.Loss, holder: address, shares: uint256) -> uint256:
    """
    @dev What a holder of record can claim, token units, rounded down.
    @param loss The draw, unpacked.
    @param shares What the holder had at the draw.
    """
    if loss.supply == 0:
        return 0
    return loss.recovered * shares // loss.supply - self.claimed[draw][holder]


@internal
def _claim(draw: uint256, loss: IFund.Loss, holder: address, shares: uint256) -> uint256:
    """
    @dev Takes what a holder of record can claim off the books. The caller pays it.
    @return Token units.
    @custom:reverts holders of record: nothing to claim
    """
    tokens: uint256 = self._claimable(draw, loss, holder, shares)
    assert tokens != 0, "holders of record: nothing to claim"
    self.claimed[draw][holder] += tokens
    self.kept -= tokens
    log IFund.Claim(draw=draw, holder=holder, tokens=tokens)
    return tokens
