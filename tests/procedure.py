"""Steps and observations that the tests of insolvency, recovery and wind-down share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from verification.engine.evm import Reverted
from verification.engine.scenes import CLOSE_OUT_PRICE, INSOLVENT_PRICE, Scene, set_waterfall
from verification.engine.world import BTC, ETH, NEVER, WAD, World, wad

PPM = 1_000_000
UNIT = 10**12  # WAD per unit of the settlement token
INSOLVENT = 3
# What law 3.2 may miss at a hundred times the mark: a wei of A for some hundred units of a side.
BOOK_DUST = 1e-10
SHORTFALL = 1_100  # of the scene at INSOLVENT_PRICE: 10,000 less a fee of 100 and a loss of 11,000
CHARGE_CAP = 20_000  # ppm of the mark that a base unit pays beyond what its market has moved
HOLE, ASSESSMENTS, CONTRIBUTIONS, INSURANCE, RESERVE = range(5)
DAY = 86_400
PROOFS = 3 * DAY
WINS_COUNT = 600  # seconds: then what somebody has won may leave


def refused(reason: str, function: Any, *args: Any, sender: Any) -> None:
    """Assert that a call in process reverts with exactly this reason."""
    with pytest.raises(Reverted) as problem:
        function(*args, sender=sender)
    assert problem.value.reason == reason


def only(receipt: Any, event: Any) -> Any:
    """Return the one event of its kind."""
    (found,) = receipt.events.filter(event)
    return found


def name_guardian(world: World) -> Any:
    """Let somebody become the guardian."""
    guardian = world.people["guardian"]
    world.clearinghouse.set_guardian(guardian, sender=world.admin)
    world.clearinghouse.accept_guardian(sender=guardian)
    return guardian


def pass_role(world: World, role: int, holder: Any) -> None:
    """Let a role pass to another contract, after the delay that the ledger asks for."""
    world.clearinghouse.set_role(role, holder, sender=world.admin)
    world.wait(world.clearinghouse.role_delay())
    world.clearinghouse.accept_role(role, sender=world.admin)


def let_all_leave(world: World) -> None:
    """Let everything leave at once: what was won has been so for long, and no limit on outflow."""
    world.clearinghouse.set_outflow_limit(0, 0, sender=world.admin)
    world.wait(WINS_COUNT)


def without_limits(world: World) -> None:
    """Let one market draw all that the funds have."""
    set_waterfall(world, market_share=PPM, market_amount=2**32 - 1, total_amount=2**32 - 1)


def join(world: World, member: Any, contribution: float, pledge: float) -> None:
    """Let somebody become a member of the default fund."""
    world.fund(member, "USDC", contribution + pledge)
    world.settlement.approve(world.default_fund, NEVER, sender=member)
    world.default_fund.deposit(
        world.units("USDC", contribution), world.units("USDC", pledge), sender=member
    )


def fill_funds(scene: Scene, insurance: float, contributions: float = 0, pledges: float = 0) -> Any:
    """Put money into the funds; return the member who has contributed."""
    world = scene.world
    if insurance:
        world.stake(scene.staker, insurance)
    member = world.people["member"]
    if contributions:
        join(world, member, contributions, pledges)
    return member


def give(scene: Scene, reserve: float) -> None:
    """Let the staker give to the reserve."""
    if reserve:
        world = scene.world
        tokens = world.fund(scene.staker, "USDC", reserve)
        world.clearinghouse.donate(tokens, sender=scene.staker)


@dataclass
class Two:
    """Two traders in the same trouble."""

    scene: Scene
    first: int
    second: int


def two(world: World, same_owner: bool = False, second_cash: float = 10_000) -> Two:
    """Open both at 2,000."""
    scene = Scene.set(world)
    person = scene.trader if same_owner else world.people["second trader"]
    second = world.open(person, second_cash)
    world.trade((scene.maker, scene.book), (person, second), 100, 2_000)
    return Two(scene, scene.account, second)


def sunk(world: World, insurance: float = 3_000, price: float = INSOLVENT_PRICE) -> Scene:
    """A trader who was put up for auction and is insolvent by now; nobody has looked yet."""
    scene = Scene.set(world)
    if insurance:
        world.stake(scene.staker, insurance)
    scene.auction_at(CLOSE_OUT_PRICE)
    scene.price(price)
    return scene


def tear_up(scene: Scene, *accounts: int, reward: int = 0) -> Any:
    """Let a stranger tear up the scene's account, or these, for a reward to an account."""
    chosen = sorted(accounts) or [scene.account]
    return scene.manager.tear_up(chosen, reward, sender=scene.stranger)


def long_after(world: World, market: int = ETH) -> None:
    """Let prices stay for so long that the average of a market is its mark, to dust: nothing has
    moved any more."""
    for _ in range(2):
        world.wait(45 * DAY)
        world.risk_engine.checkpoint(8 + market, sender=world.people["stranger"])


def chargeable(world: World, size: float, mark: float, loss: float, market: int = ETH) -> int:
    """Return what the side opposite to a position may be charged for it, WAD cash: what its market
    has moved against the position, at most the loss, and 2 % of the mark."""
    base, price = abs(wad(size)), wad(mark)
    average = world.risk_engine.reference_price(8 + market)
    moved = max(average - price if size > 0 else price - average, 0) if average else 0
    cap = world.default_manager.waterfall().charge_cap
    return min(wad(loss), base * moved // WAD) + base * (price * cap // PPM) // WAD


def debts(world: World, account: int) -> list[int]:
    """Return what an account owes by tier (HOLE to RESERVE), WAD cash."""
    word = world.clearinghouse.debts(account)
    return [(word >> 51 * tier & 2**51 - 1) * UNIT for tier in range(5)]


def parts_of(event: Any) -> tuple[int, ...]:
    """Return who paid a shortfall: own contribution, reserve, insurance fund, contributions,
    assessments, the charge, the hole."""
    return (
        event.own,
        event.reserve,
        event.insurance,
        event.contributions,
        event.assessments,
        event.charged,
        event.to_hole,
    )


def cash_parts(*parts: float) -> tuple[int, ...]:
    """Return amounts of cash as WAD."""
    return tuple(round(part * 10**6) * UNIT for part in parts)


def side_pair(world: World, side: int, market: int = ETH) -> tuple[int, int]:
    """Return (A, K) of a side's present generation: 0 LONG, 1 SHORT."""
    book = world.market(market)
    return (book.short if side else book.long).pairs[-1]


def about(amount: int, expected: float, dust: int = 10**6) -> bool:
    """Whether a WAD amount is this much cash, to dust."""
    return abs(amount - round(expected * 10**6) * UNIT) <= dust


def wind_down(world: World) -> None:
    """Let the owner begin it and anybody settle every market."""
    world.clearinghouse.begin_wind_down(sender=world.admin)
    settle_all(world)


def settle_all(world: World) -> None:
    """Let anybody settle every market."""
    for market in (ETH, BTC):
        world.clearinghouse.settle_market(market, sender=world.people["stranger"])


def convert_all(world: World) -> None:
    """Let anybody turn every position into cash, for nothing."""
    for market in (ETH, BTC):
        left = [a for a in world.opened if world.clearinghouse.positions(a, market)]
        for start in range(0, len(left), 100):
            batch = left[start : start + 100]
            sender = world.people["stranger"]
            world.clearinghouse.convert_positions(market, batch, 0, sender=sender)


def redemption(world: World) -> Any:
    """Let every position be converted, the proofs end and redemption begin."""
    convert_all(world)
    world.wait(PROOFS + 1)
    return world.clearinghouse.begin_redemption(sender=world.people["stranger"]).return_value


def held(world: World) -> int:
    """Return settlement token units in the clearinghouse."""
    return world.settlement.balanceOf(world.clearinghouse)


def tear_up_is_refused(scene: Scene, reason: str) -> None:
    """Nobody may tear the account up now."""
    refused(
        f"default manager: {reason}", scene.manager.tear_up, [scene.account], sender=scene.stranger
    )


def settle(scene: Scene, market: int = ETH):
    """Let the owner end a market."""
    return scene.world.clearinghouse.settle_market(market, sender=scene.world.admin)


def step_of(scene: Scene):
    return scene.world.lens.next_step(scene.account)
