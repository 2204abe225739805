"""Wind-down: who begins it, what it stops, deficits proven, one factor for everybody."""

from __future__ import annotations

from random import Random
from typing import Any

import pyrevm
import pytest

from tests.procedure import (
    BOOK_DUST,
    UNIT,
    about,
    debts,
    fill_funds,
    name_guardian,
    only,
    refused,
    without_limits,
)
from verification.engine.scenes import Scene, set_waterfall
from verification.engine.world import BTC, ETH, NEVER, WAD, World

DAY = 86_400
PROOFS = 3 * DAY
REFUSED = "clearinghouse: winding down"


@pytest.fixture
def scene(fast_world) -> Scene:
    """A trader LONG 100 ETH."""
    return Scene.set(fast_world)


def wind_down(world: World) -> None:
    """Let the owner begin it and anybody settle every market."""
    world.clearinghouse.begin_wind_down(sender=world.admin)
    settle_all(world)


def settle_all(world: World) -> None:
    """Let anybody settle every market."""
    for market in (ETH, BTC):
        world.clearinghouse.settle_market(market, sender=world.people["stranger"])


def redemption(world: World) -> Any:
    """Let the proofs end and redemption begin."""
    world.wait(PROOFS + 1)
    return world.clearinghouse.begin_redemption(sender=world.people["stranger"]).return_value


def held(world: World) -> int:
    """Return settlement token units in the clearinghouse."""
    return world.settlement.balanceOf(world.clearinghouse)


# BEGINNING ----------------------------------------------------------------------------------------


def test_owner_at_any_time(scene):
    ledger = scene.world.clearinghouse
    reason = "clearinghouse: hole is too small to wind down"
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
    event = only(ledger.begin_wind_down(sender=scene.world.admin), ledger.WindDownBegan)
    assert (event.hole, ledger.phase()) == (0, 1)
    refused(REFUSED, ledger.begin_wind_down, sender=scene.world.admin)


def test_anyone_above_the_share(fast_world):
    """A hole of more than 10 % of the cash held."""
    scene = Scene.set(fast_world, size=0)
    ledger = fast_world.clearinghouse
    scene.buy(100)
    scene.price(200)
    scene.call()  # 170,100 are lacking, 1,000 are charged: 169,100 of 11 million
    reason = "clearinghouse: hole is too small to wind down"
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
    hole = ledger.hole()
    cash = held(fast_world)
    out = cash - hole * 10 // UNIT
    ledger.withdraw(
        scene.book, fast_world.settlement, out - 10**12, scene.maker, sender=scene.maker
    )
    fast_world.clearinghouse.withdraw(
        scene.purse, fast_world.settlement, 10**12, scene.bidder, sender=scene.bidder
    )
    assert held(fast_world) * UNIT // 10 - hole < WAD
    refused(reason, ledger.begin_wind_down, sender=scene.stranger)
    ledger.withdraw(scene.book, fast_world.settlement, 10**6, scene.maker, sender=scene.maker)
    event = only(ledger.begin_wind_down(sender=scene.stranger), ledger.WindDownBegan)
    assert event.hole == hole


def test_everything_else_is_refused(scene):
    """Nobody deposits, withdraws, trades, calls, bids, repays, lists or pauses any more."""
    world = scene.world
    ledger, manager, token = world.clearinghouse, scene.manager, world.settlement
    other = world.open(scene.trader)
    guardian = name_guardian(world)
    ledger.begin_wind_down(sender=world.admin)
    order = world.order(scene.maker, scene.book, 1, 2_000)
    fill = (order.as_tuple(), world.sign(scene.maker, order), WAD, scene.account, 0)
    world.fund(scene.trader, "USDC", 1)
    by = {"sender": scene.trader}
    refused(REFUSED, ledger.deposit, scene.account, token, 10**6, **by)
    refused(REFUSED, ledger.withdraw, scene.account, token, 10**6, scene.trader, **by)
    refused(REFUSED, ledger.transfer, scene.account, other, token, 10**6, **by)
    refused(REFUSED, ledger.repay, scene.account, 1, **by)
    refused(REFUSED, ledger.recover, scene.account, **by)
    refused(REFUSED, ledger.collect_fees, ETH, **by)
    refused(REFUSED, ledger.list_market, 3, sender=world.admin)
    refused(REFUSED, ledger.pause, 0, 60, sender=guardian)
    refused(REFUSED, ledger.set_wind_down_terms, 10**5, DAY, 0, 0, sender=world.admin)
    with pytest.raises(Exception, match=REFUSED):
        world.exchange.fill(*fill, **by)
    scene.price(1_890)
    reason = "default manager: winding down"
    refused(reason, manager.call_margin, scene.account, 0, **by)
    refused(reason, manager.open_auction, scene.account, **by)
    refused(reason, manager.bid, scene.account, WAD, scene.purse, sender=scene.bidder)
    refused(reason, manager.tear_up, [scene.account], **by)
    world.settlement.approve(world.insurance_fund, NEVER, sender=scene.trader)
    with pytest.raises(Exception, match="insurance fund"):
        world.insurance_fund.deposit(10**6, scene.trader, **by)


# PROOFS -------------------------------------------------------------------------------------------


@pytest.fixture
def ending(fast_world) -> Scene:
    """Wound down at 1,890 with 300 in the insurance fund: the trader lacks 1,100."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 300)
    scene.price(1_890)
    wind_down(fast_world)
    return scene


def test_proofs_begin_with_the_last_settled_market(scene):
    world = scene.world
    ledger, manager = world.clearinghouse, scene.manager
    reason = "clearinghouse: no proofs now"
    scene.price(1_890)
    refused(reason, manager.prove_deficit, scene.account, 0, sender=scene.stranger)
    ledger.begin_wind_down(sender=world.admin)
    ledger.settle_market(ETH, sender=scene.stranger)
    refused(reason, manager.prove_deficit, scene.account, 0, sender=scene.stranger)
    event = only(ledger.settle_market(BTC, sender=scene.stranger), ledger.ProofsBegan)
    assert event.until == world.chain.pending_timestamp + PROOFS
    manager.prove_deficit(scene.account, 0, sender=scene.stranger)


def test_a_proof_is_rewarded_once(ending):
    """The funds pay first, without limits; 1 % of what is left is the reward, a claim like any."""
    scene, world = ending, ending.world
    purse = world.cash(scene.purse)
    receipt = scene.manager.prove_deficit(scene.account, scene.purse, sender=scene.stranger)
    paid = only(receipt, scene.manager.DeficitPaid)
    assert (paid.deficit, paid.insurance) == (1_100 * WAD, 300 * WAD)
    assert (paid.to_hole, paid.reward) == (800 * WAD, 11 * WAD)
    assert world.cash(scene.purse) - purse == 11 * WAD
    assert world.clearinghouse.hole() == 811 * WAD
    assert world.cash(scene.account) == 0
    refused(
        "clearinghouse: no deficit",
        scene.manager.prove_deficit,
        scene.account,
        scene.purse,
        sender=scene.stranger,
    )
    assert world.conservation_error() < BOOK_DUST


def test_limits_of_the_funds_end_with_the_trading(ending):
    """Nothing is saved for later: nothing is held back, and nothing counts as drawn lately."""
    set_waterfall(ending.world, market_amount=0, total_amount=0, market_share=0, total_share=0)
    receipt = ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    assert only(receipt, ending.manager.DeficitPaid).insurance == 300 * WAD
    assert receipt.events.filter(ending.manager.LimitUsed) == []
    assert ending.manager.limit_used(0) == 0


def test_reward_is_capped_and_can_be_forgone(fast_world):
    scene = Scene.set(fast_world)
    scene.price(1_500)
    wind_down(fast_world)
    checkpoint = fast_world.chain.snapshot()
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    assert act(scene.account, scene.purse, **by).return_value == 100 * WAD
    fast_world.chain.restore(checkpoint)
    assert act(scene.account, **by).return_value == 0
    assert fast_world.clearinghouse.hole() == 40_100 * WAD


def test_only_a_deficit_can_be_proven(ending):
    scene = ending
    act, by = scene.manager.prove_deficit, {"sender": scene.stranger}
    refused("clearinghouse: no deficit", act, scene.book, scene.purse, **by)
    refused("default manager: account proves itself", act, scene.account, scene.account, **by)
    refused("ledger: unknown account", act, 5, 0, **by)
    ledger = scene.world.clearinghouse
    refused("clearinghouse: wrong caller", ledger.seize, scene.account, **by)
    refused("clearinghouse: wrong caller", ledger.conclude_proof, scene.account, 0, 0, **by)


def test_not_after_the_window(ending):
    ending.world.wait(PROOFS)
    checkpoint = ending.world.chain.snapshot()
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    ending.world.chain.restore(checkpoint)
    ending.world.wait(1)
    refused(
        "clearinghouse: no proofs now",
        ending.manager.prove_deficit,
        ending.account,
        0,
        sender=ending.stranger,
    )


def test_collateral_goes_into_the_pots_first(fast_world):
    """2 WETH cover a part of the deficit: whoever has a claim gets his share of them in kind."""
    scene = Scene.set(fast_world, size=0, cash=0, WETH=2)
    scene.buy(36)
    scene.price(1_850)  # -5,436 and 2 WETH of 3,700
    wind_down(fast_world)
    receipt = scene.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    seized = only(receipt, fast_world.clearinghouse.CollateralSeized)
    assert (seized.amount, seized.price) == (2 * WAD, 1_850 * WAD)
    paid = only(receipt, scene.manager.DeficitPaid)
    assert about(paid.deficit, 5_436 - 3_700)
    redemption(fast_world)
    token = fast_world.deployment.tokens["WETH"]
    claims = fast_world.clearinghouse.claims()
    for person, account in ((scene.maker, scene.book), (scene.bidder, scene.purse)):
        before = token.balanceOf(person)
        cash = scene.equity(account)
        fast_world.clearinghouse.redeem(account, person, sender=scene.stranger)
        assert abs((token.balanceOf(person) - before) - 2 * WAD * cash // claims) < 10**6
    assert token.balanceOf(fast_world.clearinghouse) < 10**6


# REDEMPTION ---------------------------------------------------------------------------------------


def test_not_before_the_end(ending):
    world = ending.world
    ledger = world.clearinghouse
    redeem = (ledger.redeem, ending.book, ending.maker)
    refused("clearinghouse: redemption has not begun", *redeem, sender=ending.maker)
    world.wait(PROOFS)
    refused("clearinghouse: proofs are not over", ledger.begin_redemption, sender=ending.stranger)
    world.wait(1)
    refused("clearinghouse: redemption has not begun", *redeem, sender=ending.maker)
    ledger.begin_redemption(sender=ending.stranger)
    ledger.redeem(ending.book, ending.maker, sender=ending.maker)
    refused("clearinghouse: proofs are not over", ledger.begin_redemption, sender=ending.stranger)


def test_twice_and_by_whom(ending):
    """By a stranger to the owner only; to anyone else by the owner or his operator; once."""
    scene, world = ending, ending.world
    ledger, token = world.clearinghouse, world.settlement
    ending.manager.prove_deficit(scene.account, 0, sender=scene.stranger)
    redemption(world)
    reason = "clearinghouse: not the account's owner"
    refused(reason, ledger.redeem, scene.book, scene.stranger, sender=scene.stranger)
    refused(
        "clearinghouse: nothing to redeem",
        ledger.redeem,
        scene.account,
        scene.trader,
        sender=scene.trader,
    )
    paid = ledger.redeem(scene.book, scene.maker, sender=scene.stranger).return_value
    assert token.balanceOf(scene.maker) == paid > 0
    refused(
        "clearinghouse: nothing to redeem",
        ledger.redeem,
        scene.book,
        scene.maker,
        sender=scene.maker,
    )
    heir = world.people["heir"]
    paid = ledger.redeem(scene.purse, heir, sender=scene.bidder).return_value
    assert token.balanceOf(heir) == paid > 0
    assert held(world) <= 2


def test_operator_needs_the_permission(ending):
    ledger, operator = ending.world.clearinghouse, ending.world.people["operator"]
    ledger.set_operator(operator, 1, sender=ending.maker)
    ledger.set_operator(operator, 2, sender=ending.bidder)
    redemption(ending.world)
    refused(
        "clearinghouse: not the account's owner",
        ledger.redeem,
        ending.book,
        operator,
        sender=operator,
    )
    ledger.redeem(ending.purse, operator, sender=operator)


def test_a_deficit_redeems_nothing(ending):
    """Not proven in time: it gets nothing, and by as much the last one gets less. He gets the rest:
    nobody is locked out by what is missing."""
    world, ledger = ending.world, ending.world.clearinghouse
    missing = -ending.equity(ending.account)
    redemption(world)
    refused(
        "clearinghouse: account has a deficit",
        ledger.redeem,
        ending.account,
        ending.trader,
        sender=ending.trader,
    )
    claim = ending.equity(ending.purse)
    first = ledger.redeem(ending.purse, ending.bidder, sender=ending.stranger).return_value
    assert first == claim // UNIT
    claim = ending.equity(ending.book)
    last = ledger.redeem(ending.book, ending.maker, sender=ending.stranger).return_value
    assert missing > WAD
    assert abs(last - (claim - missing) // UNIT) <= 1
    assert 0 <= held(world) - ledger.protocol_fees() // UNIT <= 1


def odd_collateral(world: World, kind: str = "OddToken") -> tuple[Any, int]:
    """List a token that can be told to misbehave, priced as ETH; return it and its index."""
    names = ("Odd", "ODD") if kind == "OddToken" else ()
    token = world.chain.deploy(kind, *names, 18)
    index = world.clearinghouse.collateral_count()
    world.risk_engine.set_collateral(index, 1, 200_000, 100_000, sender=world.admin)
    world.clearinghouse.list_collateral(token, 1_000 * WAD, sender=world.admin)
    world.deployment.tokens["ODD"] = token
    return token, index


FAIR, SAYS_NO, FAILS, DENIES = range(4)  # behaviours of OddToken


@pytest.fixture
def odd(fast_world) -> tuple[World, Any, int, int]:
    """Redemption, in which somebody has 700 of cash, a WETH and 2 of a token of its own mind; and
    somebody else has 5 of those."""
    world = fast_world
    token, index = odd_collateral(world)
    account = world.open(world.people["owner"], 700, WETH=1, ODD=2)
    world.open(world.people["second trader"], 0, ODD=5)
    del world.deployment.tokens["ODD"]
    wind_down(world)
    redemption(world)
    return world, token, index, account


def redeem(world: World, account: int) -> Any:
    """Let a stranger redeem an account of `odd`; its cash and its WETH arrive in any case."""
    owner = world.people["owner"]
    receipt = world.clearinghouse.redeem(account, owner, sender=world.people["stranger"])
    assert world.settlement.balanceOf(owner) == receipt.return_value == 700 * 10**6
    assert world.deployment.tokens["WETH"].balanceOf(owner) == WAD
    return receipt


@pytest.mark.parametrize("behaviour", [SAYS_NO, FAILS])
def test_a_token_that_refuses_keeps_nobody_from_his_cash(odd, behaviour):  # INV-12
    """It fails, or says no: everything else is paid, and it stays in the account for later."""
    world, token, index, account = odd
    ledger, owner, heir = world.clearinghouse, world.people["owner"], world.people["heir"]
    token.set_behaviour(behaviour, sender=owner)
    receipt = redeem(world, account)
    event = only(receipt, ledger.Redeemed)
    assert (event.collateral[0], event.collateral[index]) == (WAD, 0)
    kept = only(receipt, ledger.CollateralKept)
    assert (kept.account, kept.index, kept.amount) == (account, index, 2 * WAD)
    assert ledger.collateral(account, index) == 2 * WAD
    assert ledger.collaterals(index).total == 7 * WAD
    assert world.header(account).collateral_bitmap == 1 << index
    token.set_behaviour(FAIR, sender=owner)
    assert ledger.redeem(account, heir, sender=owner).return_value == 0
    assert token.balanceOf(heir) == 2 * WAD
    assert ledger.collaterals(index).total == 5 * WAD
    refused("clearinghouse: nothing to redeem", ledger.redeem, account, owner, sender=heir)


@pytest.mark.parametrize("behaviour", [FAIR, DENIES])
def test_what_a_token_moves_is_paid_whatever_it_says(odd, behaviour):  # INV-1
    """Else its owner would be paid again, out of what others have of it."""
    world, token, index, account = odd
    ledger, owner = world.clearinghouse, world.people["owner"]
    token.set_behaviour(behaviour, sender=owner)
    receipt = redeem(world, account)
    assert only(receipt, ledger.Redeemed).collateral[index] == token.balanceOf(owner) == 2 * WAD
    assert not receipt.events.filter(ledger.CollateralKept)
    assert ledger.collaterals(index).total == token.balanceOf(ledger) == 5 * WAD
    refused("clearinghouse: nothing to redeem", ledger.redeem, account, owner, sender=owner)


def test_a_token_that_is_gone_or_mute_about_balances_stays(odd):
    world, token, index, account = odd
    ledger, reverts = world.clearinghouse, bytes.fromhex("60006000fd")
    code = world.chain.evm.basic(token.address).code
    world.chain.evm.insert_account_info(token.address, pyrevm.AccountInfo(code=reverts))
    receipt = redeem(world, account)
    world.chain.evm.insert_account_info(token.address, pyrevm.AccountInfo(code=code))
    assert only(receipt, ledger.CollateralKept).amount == 2 * WAD
    token.burn(ledger, 7 * WAD, sender=world.people["owner"])
    receipt = ledger.redeem(account, world.people["owner"], sender=world.people["owner"])
    assert only(receipt, ledger.CollateralKept).amount == 2 * WAD
    assert ledger.collateral(account, index) == 2 * WAD


def test_collateral_paid_to_the_clearinghouse_itself_stays_with_its_owner(fast_world):
    world, owner = fast_world, fast_world.people["owner"]
    ledger = world.clearinghouse
    account = world.open(owner, 0, WETH=1)
    wind_down(world)
    redemption(world)
    ledger.redeem(account, ledger.address, sender=owner)
    assert ledger.collateral(account, 0) == WAD
    ledger.redeem(account, owner, sender=owner)
    assert world.deployment.tokens["WETH"].balanceOf(owner) == WAD


def test_whole_without_a_hole(scene):
    """Nobody is in deficit: everybody gets all he has, to token units."""
    world = scene.world
    scene.price(1_950)
    wind_down(world)
    world.clearinghouse.convert_positions(ETH, [scene.account], sender=scene.stranger)
    pot, claims = redemption(world)
    assert pot == claims
    wanted = world.cash(scene.account) // UNIT
    assert (
        world.clearinghouse.redeem(scene.account, scene.trader, sender=scene.stranger).return_value
        == wanted
    )


def test_fees_repay_the_hole_before(ending):
    ledger = ending.world.clearinghouse
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    hole = ledger.hole()
    ending.world.wait(PROOFS + 1)
    receipt = ledger.begin_redemption(sender=ending.stranger)
    pot, claims = receipt.return_value
    assert claims - pot == ledger.hole() == hole - 120 * WAD  # 0.06 % of 200,000
    event = only(receipt, ledger.RedemptionBegan)
    assert (event.pot, event.claims, event.fees) == (pot, claims, ledger.protocol_fees())
    assert event.fees == 0


def crowd_of(world: World, count: int, random: Random) -> tuple[list[tuple[Any, int]], Scene]:
    """Open accounts of all kinds: cash only, collateral, positions of both sides."""
    scene = Scene.set(world)
    people, found = world.people.crowd(), []
    for place in range(count):
        person = people[place % len(people)]
        kind = random.randrange(4)
        cash = random.randrange(1_000, 50_000) + random.random()
        if kind == 1:
            account = world.open(person, cash, WETH=random.randrange(1, 5))
        else:
            account = world.open(person, round(cash, 6))
        if kind >= 2:
            most = cash / 2_000 * 15
            size = round(random.uniform(-most, most), 3) or 1
            world.trade((scene.maker, scene.book), (person, account), size, 2_000)
        found.append((person, account))
    return found, scene


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_accounts_in_any_order(fast_world, seed):  # INV-12
    """Payouts add up to what is held, and do not depend on the order."""
    random = Random(seed)
    found, scene = crowd_of(fast_world, 200, random)
    fill_funds(scene, 500)
    scene.price(1_750)
    wind_down(fast_world)
    deficits = [a for _, a in [*found, (None, scene.account)] if scene.equity(a) < 0]
    assert len(deficits) > 10
    for account in deficits:
        scene.manager.prove_deficit(account, scene.purse, sender=scene.stranger)
    pot, claims = redemption(fast_world)
    assert pot < claims
    start = held(fast_world)
    others = [(scene.maker, scene.book), (scene.bidder, scene.purse)]
    payouts = []
    for order in range(2):
        checkpoint = fast_world.chain.snapshot()
        line = [*found, *others]
        Random(seed * 10 + order).shuffle(line)
        paid = {}
        for person, account in line:
            if account not in deficits:
                paid[account] = fast_world.clearinghouse.redeem(
                    account, person, sender=scene.stranger
                ).return_value
        assert (
            0
            <= start - sum(paid.values())
            <= len(paid) + fast_world.clearinghouse.protocol_fees() // UNIT + 1
        )
        payouts.append(paid)
        fast_world.chain.restore(checkpoint)
    assert payouts[0] == payouts[1]


def test_nobody_idle_stalls_it(ending):
    """The market maker never comes: the others redeem, his share stays for him."""
    ledger, world = ending.world.clearinghouse, ending.world
    ending.manager.prove_deficit(ending.account, 0, sender=ending.stranger)
    redemption(world)
    paid = ledger.redeem(ending.purse, ending.bidder, sender=ending.bidder).return_value
    world.wait(365 * DAY, refresh=False)
    later = ledger.redeem(ending.book, ending.maker, sender=ending.stranger).return_value
    assert later > paid > 0


def test_indebted_accounts_payout_goes_to_the_fund(fast_world):
    """What the fund once paid for it comes first."""
    scene = Scene.set(fast_world)
    fill_funds(scene, 3_000)
    without_limits(fast_world)
    scene.auction_at(1_905)
    scene.price(1_890)
    scene.manager.bid(scene.account, WAD, scene.purse, sender=scene.bidder)
    assert sum(debts(fast_world, scene.account)) == 1_100 * WAD
    fast_world.deposit(scene.trader, scene.account, 1_500)
    wind_down(fast_world)
    redemption(fast_world)
    fund, token = fast_world.insurance_fund, fast_world.settlement
    before = fund.totalAssets()
    fast_world.clearinghouse.redeem(scene.account, scene.trader, sender=scene.stranger)
    assert fund.totalAssets() - before == 1_100 * 10**6
    assert token.balanceOf(scene.trader) == 400 * 10**6
    assert sum(debts(fast_world, scene.account)) == 0
    assert not fast_world.header(scene.account).is_indebted


def test_funds_redeem(ending):
    """Stakers and members leave without a notice once redemption has begun, not before."""
    world = ending.world
    fund, members, member = world.insurance_fund, world.default_fund, world.people["member"]
    redemption(world)
    shares = fund.balanceOf(ending.staker)
    fund.redeem(shares, ending.staker, ending.staker, sender=ending.staker)
    assert abs(world.settlement.balanceOf(ending.staker) - 300 * 10**6) <= 1
    refused("default fund: nothing held", members.exit, member, sender=member)


def test_members_leave_in_redemption(scene):
    world = scene.world
    member = fill_funds(scene, 0, 100, 200)
    members = world.default_fund
    wind_down(world)
    refused("default fund: not redeeming", members.exit, member, sender=member)
    redemption(world)
    members.exit(member, sender=member)
    assert abs(world.settlement.balanceOf(member) - 300 * 10**6) <= 2


def test_terms_have_bounds(fast_world):
    ledger = fast_world.clearinghouse
    reason = "clearinghouse: wind-down terms out of bounds"
    good = [100_000, PROOFS, 10_000, 100]
    for place, bad in (
        (0, 9_999),
        (0, 10**6 + 1),
        (1, 3_599),
        (1, 30 * DAY + 1),
        (2, 50_001),
        (3, 1_001),
    ):
        terms = list(good)
        terms[place] = bad
        refused(reason, ledger.set_wind_down_terms, *terms, sender=fast_world.admin)
    lowest, highest = [10_000, 3_600, 0, 0], [10**6, 30 * DAY, 50_000, 1_000]
    for terms in (lowest, highest, good):
        receipt = ledger.set_wind_down_terms(*terms, sender=fast_world.admin)
        event = only(receipt, ledger.WindDownTermsSet)
        assert [event.hole_share, event.window, event.reward, event.reward_cap] == terms
    refused(
        "ownable: caller is not the owner",
        ledger.set_wind_down_terms,
        *good,
        sender=fast_world.people["stranger"],
    )
