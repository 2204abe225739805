#pragma version 0.4.3
#pragma nonreentrancy on
"""
@title Clearinghouse: the only ledger, the only holder of margin
@custom:contract-name Clearinghouse
@license GNU Affero General Public License v3.0 only
@author Bulkhead
@notice Accounts, cash, collateral, positions. Keeps one law at every price (INV-1):

            tokens held + hole - fees not yet collected
            - sum of cash - sum of position values  in  [0, dust]

        It decides nothing about risk: it books, shows the risk engine the books and reverts when
        the engine objects. Fills come through the Exchange only, slices through the DefaultManager
        only. An account id says who owns the account and what it may hold (layout: words).
"""

from snekmate.auth import ownable
from snekmate.auth import ownable_2step
from ..interfaces import IClearinghouse
from ..interfaces import IClearinghouseEvents
from ..interfaces import IClearinghouseStages
from ..interfaces import IClearinghouseVenue
from ..interfaces import ISettlesIn
from ..modules.layout import fresh_wins
from ..modules.layout import limits
from ..modules.layout import role_layout
from ..modules.layout import stages
from ..modules.layout import words
from ..modules import currency
from ..modules import exits
from ..modules import final_settlement
from ..modules import ledger
from ..modules import margin_moves
from ..modules import registry
from ..modules import routes
from ..modules import sides
from ..modules import trading
from ..modules import vault

implements: IClearinghouse
implements: IClearinghouseStages
implements: IClearinghouseVenue
implements: ISettlesIn
initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: currency
initializes: registry
initializes: sides
initializes: ledger[sides := sides]
initializes: final_settlement
initializes: exits[currency := currency, ledger := ledger]
initializes: trading[currency := currency, ledger := ledger, sides := sides, registry := registry]
initializes: margin_moves[ledger := ledger, registry := registry, trading := trading]
exports: (
    currency.SETTLEMENT_TOKEN,
    ledger.headers,
)


# The parts of this contract's code: same storage, reached by delegatecall.
SLICES: immutable(address)
TEAR_UPS: immutable(address)
SETTLEMENT: immutable(address)
ADMIN: immutable(address)
WITHDRAWALS: immutable(address)


@deploy
def __init__(
    settlement_token: address,
    owner: address,
    slices: address,
    tear_ups: address,
    settlement: address,
    admin: address,
    withdrawals: address,
):
    """
    @notice Binds the Clearinghouse to its settlement token and its parts, and makes `owner` the
            owner.
    @param settlement_token Address of the ERC-20 token that cash is settled in, 18 decimals at
           most.
    @param owner Address of the owner, in production a timelock.
    @param slices Address of a ClearinghouseSlices for the same settlement token.
    @param tear_ups Address of a ClearinghouseTearUps for the same settlement token.
    @param settlement Address of a ClearinghouseSettlement for the same settlement token.
    @param admin Address of a ClearinghouseAdmin for the same settlement token.
    @param withdrawals Address of a ClearinghouseWithdrawals for the same settlement token.
    @custom:reverts clearinghouse: no owner | clearinghouse: part of another token | registry: token
                    has more than 18 decimals
    """
    assert owner != empty(address), "clearinghouse: no owner"
    for part: address in [slices, tear_ups, settlement, admin, withdrawals]:
        assert (
            staticcall ISettlesIn(part).SETTLEMENT_TOKEN() == settlement_token
        ), "clearinghouse: part of another token"
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(owner)
    currency.__init__(settlement_token)
    SLICES = slices
    TEAR_UPS = tear_ups
    SETTLEMENT = settlement
    ADMIN = admin
    WITHDRAWALS = withdrawals


# ACCOUNTS -----------------------------------------------------------------------------------------

@external
def deposit(account: uint256, token: address, amount: uint256) -> uint256:
    """
    @notice Puts tokens of the caller into an account. Cash: anyone, at every stage of the default
            procedure and without a price (INV-10). Collateral: only the owner or an operator with
            TRADE, so that nobody else can plant legs in an account, and at a VALID price if the
            account has positions, negative cash or a stage.
    @param account Account id.
    @param token Address of the settlement token or of a listed collateral.
    @param amount Token units to take from the caller.
    @return What arrived and was credited, WAD of the token.
    @custom:reverts registry: amount is zero | registry: winding down | ledger: unknown account |
                    registry: not the account's owner | registry: unknown token | vault: token
                    transfer failed | words: number out of range | registry: price not valid |
                    clearinghouse: cap reached
    """
    registry._require_some(amount)
    registry._require_running()
    header: uint256 = ledger._header(account)
    index: uint256 = 0
    if token != currency.SETTLEMENT_TOKEN:
        registry._require_authorised(account, role_layout.TRADE)
        index = registry._index_of(token)
    credited: uint256 = 0
    credited = vault._pull(token, msg.sender, amount)
    if token == currency.SETTLEMENT_TOKEN:
        credited *= currency.SETTLEMENT_SCALE
        header = margin_moves._credit_cash(account, header, credited)
        if ledger.hole != 0:
            exits._note_fresh(account, credited, words._cash(header))
    else:
        credited *= registry.collaterals[index].scale
        header = margin_moves._credit_collateral(account, header, index, credited)
        total: uint256 = registry.collaterals[index].total + credited
        assert total <= registry._cap_now(index), "clearinghouse: cap reached"
        registry.collaterals[index].total = total
    ledger.headers[account] = header
    log IClearinghouseEvents.Deposited(
        account=account,
        token=token,
        payer=msg.sender,
        amount=amount,
        credited=credited,
        cash=words._cash(header),
    )
    return credited


# MARKETS ------------------------------------------------------------------------------------------

@external
def novate(
    market: uint256,
    maker: uint256,
    taker: uint256,
    size: int256,
    price: uint256,
    maker_fee: uint256,
    taker_fee: uint256,
    flags: uint256,
) -> (uint256, uint256):
    """
    @notice Trades between two accounts. Exchange only, which has checked that both agreed.
    @param market Market id.
    @param maker Account id of the maker.
    @param taker Account id of the taker.
    @param size Signed base amount that the taker gains, WAD base.
    @param price WAD cash per base unit.
    @param maker_fee Charge on the maker, WAD cash, rounded up to a millionth of cash.
    @param taker_fee Charge on the taker, WAD cash, rounded up to a millionth of cash.
    @param flags Bit 0: the maker's order is reduce-only, bit 1: the taker's.
    @return Lower end of the mark, WAD cash per base unit.
    @return Upper end of the mark, WAD cash per base unit: equal to the lower when the price is
            VALID.
    @custom:reverts registry: wrong caller | registry: winding down | trading: bad size | trading:
                    bad price | sides: unknown market | ledger: unknown account | trading: account
                    trades with itself | trading: isolated to another market | sides: market is
                    settled | sides: side is worn out | words: number out of range | ledger: 32
                    positions at most | trading: order would not reduce | trading: trading is paused
                    | trading: account is in auction | ledger: account under a call | trading:
                    account is indebted | trading: negative cash cap
    """
    terms: uint256 = registry.role_words[role_layout.EXCHANGE]
    registry._require_caller(msg.sender == convert(terms & role_layout.HOLDER_MASK, address))
    registry._require_running()
    return trading._novate(
        registry._role(role_layout.RISK_ENGINE),
        terms,
        trading.Fill(
            market=market,
            maker=maker,
            taker=taker,
            size=size,
            price=price,
            maker_fee=maker_fee,
            taker_fee=taker_fee,
            flags=flags,
        ),
    )


@external
def set_stage(
    account: uint256, stage: uint256, since: uint256, reward: uint256, caller_account: uint256
):
    """
    @notice Sets the stage of an account, and pays the caller who noticed out of its cash. Whoever
            leaves the procedure can take nothing out for a while (layout: fresh_wins).
            DefaultManager only.
    @param account Account id.
    @param stage 0 none, 1 margin call, 2 auction, 3 insolvency.
    @param since Deadline of the call or start of the stage, unix seconds; 0 for none.
    @param reward WAD cash from `account` to `caller_account`; 0: nothing is paid.
    @param caller_account Account id that gets the reward; not read when there is none.
    @custom:reverts registry: wrong caller | ledger: unknown account | words: number out of range |
                    clearinghouse: account calls itself
    """
    registry._require_role(role_layout.DEFAULT_MANAGER)
    header: uint256 = words._with_stage(ledger._header(account), stage, since)
    if stage == stages.UNCALLED:
        header = fresh_wins._without_stage(header)
    if reward != 0:
        assert account != caller_account, "clearinghouse: account calls itself"
        amount: int256 = convert(reward, int256)
        caller_header: uint256 = ledger._header(caller_account)
        header = ledger._book_cash(account, header, words._cash(header) - amount)
        caller_header = ledger._book_result(caller_account, caller_header, amount)
        ledger.headers[caller_account] = caller_header
        log IClearinghouseEvents.RewardPaid(
            account=account,
            caller_account=caller_account,
            reward=reward,
            account_cash=words._cash(header),
            caller_cash=words._cash(caller_header),
        )
    ledger.headers[account] = header
    log IClearinghouseEvents.StageSet(account=account, stage=stage, since=since)


# PARTS --------------------------------------------------------------------------------------------

@external
@raw_return
@reentrant
def __default__() -> Bytes[limits.PART_ANSWER_SIZE]:
    """
    @notice Runs any other function in the part that has it (modules/routes.vy), on this contract's
            storage. Anyone; the part takes the lock there, checks the caller and reverts with its
            own reason.
    """
    code: address = ADMIN
    if len(msg.data) >= 4:
        part: uint256 = routes._part_of(convert(convert(slice(msg.data, 0, 4), bytes4), uint256))
        if part == routes.EXITS:
            code = WITHDRAWALS
        elif part == routes.SLICES:
            code = SLICES
        elif part == routes.TEAR_UPS:
            code = TEAR_UPS
        elif part == routes.SETTLEMENT:
            code = SETTLEMENT
    return raw_call(code, msg.data, max_outsize=limits.PART_ANSWER_SIZE, is_delegate_call=True)


# VIEWS --------------------------------------------------------------------------------------------

@external
@view
def parts() -> address[5]:
    """
    @notice The parts of this contract's code, in the order of modules/routes.vy. Anyone.
    @return Addresses of slices, tear-ups, settlement, admin, withdrawals.
    """
    return [SLICES, TEAR_UPS, SETTLEMENT, ADMIN, WITHDRAWALS]


@external
@view
def roles(role: uint256) -> address:
    """
    @notice Who holds a role. Anyone.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @return Address of the holder; zero if the role was never given.
    """
    return registry._role(role)


@external
@view
def phase() -> uint256:
    """
    @notice How far the Clearinghouse is wound down. Anyone.
    @return 0 running, 1 winding down (markets are settled, deficits proven), 2 redemption.
    """
    return registry._phase()


@external
@view
def role_word(role: uint256) -> uint256:
    """
    @notice A role's holder with what is read together with it. Anyone.
    @param role 0 risk engine, 1 exchange, 2 default manager, 3 insurance fund, 4 default fund.
    @return The role's word (layout: role_layout).
    """
    return registry.role_words[role]


@external
@view
def is_authorised(account: uint256, who: address, permission: uint256) -> bool:
    """
    @notice Whether somebody may act for an account: its owner, or an operator with the permission.
            Anyone.
    @param account Account id.
    @param who Address of the owner or operator.
    @param permission Bit: 1 TRADE, 2 WITHDRAW.
    @return True if they may; False for an account that was never opened.
    """
    return ledger.headers[account] != 0 and registry._may(account, who, permission)


@external
@view
def portfolio(account: uint256) -> (uint256, DynArray[uint256, 72]):
    """
    @notice An account as the risk engine reads it. Anyone.
    @param account Account id.
    @return The header word (layout: words).
    @return The legs as words (layout: leg_layout).
    @custom:reverts ledger: unknown account | words: number out of range
    """
    header: uint256 = ledger._header(account)
    return header, ledger._legs(account, header)
