"""The funds: who gets recoveries and fees, who leaves, who comes too late, who takes everything."""

from __future__ import annotations

from decimal import Decimal

from bulkhead.deployment import DEFAULT_MANAGER
from verification.attacks.arena import Arena
from verification.attacks.attack import HARM, Attack, Outcome, without
from verification.attacks.steps import (
    DAY,
    ETH,
    HOUR,
    LIQUIDATIONS,
    WAD,
    attempt,
    close,
    gap,
    lose,
    name_guardian,
    pair,
    recognise,
    redeem,
    repay,
    request,
    resolve,
    wad,
    withdraw,
)

MARK = 2_000
HOLDER = 100_000  # staked by somebody else
DRAWN = Decimal(90_500)
BEYOND = 1_820  # at which the account of `_leveraged`, with 9,900 left, lacks 8,100


def _default(arena: Arena, loses: Decimal, owner: str = "attacker") -> int:
    """Let an account default for so much, to a maker; return it."""
    maker, person = arena.people.named("maker", owner)
    book = arena.open(maker, 10_000_000)
    account = arena.open(person, 30_000)
    arena.trade((maker, book), (person, account), 200, MARK)
    drop = (loses + Decimal(arena.cash(account)) / WAD) / 200
    gap(arena, float(MARK - drop))
    resolve(arena, arena.people["stranger"], account)
    return account


def _leveraged(arena: Arena) -> int:
    """Let a stranger buy 100 ETH from a maker with 10,000; return the account."""
    maker, trader = arena.people.named("maker", "trader")
    book, account = arena.open(maker, 1_000_000), arena.open(trader, 10_000)
    arena.trade((maker, book), (trader, account), 100, MARK)
    return account


def repay_oneself(arena: Arena) -> Outcome:
    """A defaulter stakes a million for a week and repays the own debt."""
    player = arena.party("player", "attacker")
    staker = arena.people["staker"]
    arena.stake(staker, HOLDER)
    # The market's share of the fund must not be what stops the draw.
    arena.join(arena.people["member"], 50_000, 50_000)
    account = _default(arena, DRAWN)
    left = arena.staked(staker)
    player.begin(arena)
    person = arena.people["attacker"]
    arena.stake(person, 1_000_000)
    owed = DRAWN - 1
    repay(arena, person, account, float(owed))
    back = arena.staked(staker) - left
    return Outcome.of(arena, player, min(owed, HOLDER - left) - back)


def stake_before_recovery(arena: Arena) -> Outcome:
    """Stake 9,000 before somebody's account pays back 9,100."""
    player = arena.party("player", "attacker")
    staker, trader, person = arena.people.named("staker", "trader", "attacker")
    arena.stake(staker, 10_000)
    arena.join(arena.people["member"], 30_000, 30_000)
    arena.wait(HOUR)
    account = _default(arena, Decimal(9_000), "trader")
    arena.deposit(trader, account, 9_100)
    player.begin(arena)
    arena.stake(person, 9_000)
    attempt(arena.clearinghouse.recover, account, sender=person)
    return Outcome.of(arena, player)


def be_the_only_member(arena: Arena) -> Outcome:
    """2 USDC in the default fund, and nobody else: a share of the fees for no capital."""
    player = arena.party("player", "attacker")
    maker, taker, person = arena.people.named("maker", "taker", "attacker")
    arena.stake(arena.people["staker"], 1_000_000)
    arena.join(person, 1, 1)
    book, account = arena.open(maker, 1_000_000), arena.open(taker, 1_000_000)
    for _ in range(20):
        for size in (500, -500):
            arena.trade((maker, book), (taker, account), size, MARK)
    attempt(arena.clearinghouse.collect_fees, ETH, sender=person)
    arena.wait(DAY)
    return Outcome.of(arena, player)


def wash_for_funding(arena: Arena) -> Outcome:
    """A third of the insurance stake, 2 USDC as the only member, wash trades against a crowd."""
    player = arena.party("player", "attacker")
    maker, person = arena.people.named("maker", "attacker")
    arena.stake(arena.people["staker"], 20_000)
    arena.stake(person, 10_000)
    arena.join(person, 1, 1)
    crowd = arena.open(maker, 1_000_000)
    # SHORT 2M against the crowd: what it wins or loses by prices is hedged elsewhere.
    twins = [arena.open(person, 1_000_000) for _ in range(2)]
    arena.trade((maker, crowd), (person, twins[0]), -1_000, MARK)
    player.begin(arena)
    for _ in range(3):
        for _ in range(3):
            # Hand the position to the other twin, above mark: open interest stays as it is.
            arena.trade((person, twins[1]), (person, twins[0]), 1_000, MARK * 1.015)
            twins.reverse()
        arena.wait(8 * HOUR)
    attempt(arena.clearinghouse.accrue_funding, ETH, sender=person)
    attempt(arena.clearinghouse.collect_fees, ETH, sender=person)
    return Outcome.of(arena, player)


def arrive_too_late(arena: Arena) -> Outcome:
    """A loss of 8,100 is known to the funds when somebody stakes 10,000."""
    player = arena.party("player", "attacker")
    person, victim = arena.people.named("attacker", "victim")
    arena.stake(person, 10_000)
    arena.join(arena.people["member"], 5_000, 5_000)
    account = _leveraged(arena)
    gap(arena, BEYOND)
    recognise(arena, account, person)
    arena.stake(victim, 10_000)
    resolve(arena, person, account)
    return Outcome.of(arena, player, 10_000 - arena.staked(victim))


def _first_out(arena: Arena, leaves: bool) -> tuple[Decimal, Decimal]:
    """Two stakers, one of them in their window, and a gap: what the other is left with."""
    with arena.on_trial():
        player = arena.party("player", "attacker")
        person, other = arena.people.named("attacker", "staker")
        for staker in (other, person):
            arena.stake(staker, 10_000)
        arena.join(arena.people["member"], 5_000, 5_000)
        request(arena, person)
        arena.wait(7 * DAY)
        account = _leveraged(arena)
        gap(arena, BEYOND)
        if leaves:
            redeem(arena, person)
        resolve(arena, arena.people["stranger"], account)
        return player.budget, arena.staked(other)


def leave_after_a_gap(arena: Arena) -> Outcome:
    """A staker whose window is open leaves between a gap and the recognition: what the other staker
    pays more for it."""
    budget, left = _first_out(arena, leaves=True)
    _, stayed = _first_out(arena, leaves=False)
    return Outcome(budget, stayed - left, stayed - left)


def stake_in_a_pause(arena: Arena) -> Outcome:
    """The guardian, a staker, pauses liquidations, and the price falls; a newcomer stakes before
    anything can be recognised."""
    player = arena.party("player", "guardian")
    person, victim = arena.people.named("guardian", "victim")
    name_guardian(arena, person)
    arena.stake(person, 10_000)
    arena.join(arena.people["member"], 5_000, 5_000)
    account = _leveraged(arena)
    attempt(arena.clearinghouse.pause, LIQUIDATIONS, HOUR, sender=person)
    gap(arena, BEYOND)
    attempt(arena.stake, victim, 10_000)
    arena.wait(3 * HOUR)
    resolve(arena, arena.people["stranger"], account)
    lost = 10_000 - arena.staked(victim) - arena.balance(victim)
    return Outcome.of(arena, player, lost)


def _pause(arena: Arena, leaves: bool) -> tuple[Decimal, Decimal]:
    """Let the guardian pause liquidations with twins open; return their budget and gain."""
    with arena.on_trial():
        player = arena.party("player", "guardian")
        maker, person, other = arena.people.named("maker", "guardian", "staker")
        name_guardian(arena, person)
        book = arena.open(maker, 10_000_000)
        arena.stake(other, 10_000)
        arena.stake(person, 10_000)
        if leaves:
            request(arena, person)
        arena.wait(7 * DAY)
        long, short = pair(arena, person, 8_700, 100)
        attempt(arena.clearinghouse.pause, LIQUIDATIONS, DAY, sender=person)
        for price in (1_960, 1_920, 1_880, 1_840, 1_800):
            arena.wait(600)
            arena.set_price("ETH", price)
            for account in (long, short):
                resolve(arena, arena.people["stranger"], account)
        close(arena, person, short, (maker, book), 1_800)
        withdraw(arena, person, short)
        redeem(arena, person)
        for _ in range(26):
            arena.wait(HOUR)
            resolve(arena, arena.people["stranger"], long)
            redeem(arena, person)
        return player.budget, player.gain(arena)


def pause_and_leave(arena: Arena) -> Outcome:
    """The guardian pauses liquidations with twins open, and leaves the fund before the loss: what
    that gains over staying."""
    budget, left = _pause(arena, leaves=True)
    _, stayed = _pause(arena, leaves=False)
    return Outcome(budget, left - stayed)


def pause_with_twins(arena: Arena) -> Outcome:
    """The guardian pauses liquidations with twins open: what the loser loses beyond its margin
    meanwhile, the winner has, and the other stakers pay half of it."""
    return Outcome(*_pause(arena, leaves=False))


def plug_in_a_manager(arena: Arena) -> Outcome:
    """The owner of the house proposes a manager of their own (two days in the Timelock, then the
    role's wait); all stakers ask to leave at once."""
    player = arena.party("player", "attacker")
    person, ledger = arena.people["attacker"], arena.clearinghouse
    stakers = arena.people.named("staker", "second staker")
    members = arena.people.named("member", "second member")
    for staker in stakers:
        arena.stake(staker, 400_000)
    for member in members:
        arena.join(member, 150_000, 200_000)
    purse = arena.open(person, 1)
    hostile = arena.chain.deploy("OddToken", "Hostile", "HOST", 18)  # calls what it is told to
    for staker in stakers:
        request(arena, staker)
    fund = arena.default_fund
    for member in members:
        shares = (fund.shares_of(member, tranche) for tranche in range(2))
        attempt(fund.give_notice, *shares, sender=member)
    arena.wait(2 * DAY)
    attempt(ledger.set_role, DEFAULT_MANAGER, hostile, sender=arena.admin)
    waited = 0
    while not attempt(ledger.accept_role, DEFAULT_MANAGER, sender=person) and waited < 40:
        waited += 1
        arena.wait(DAY)
        for staker in stakers:
            redeem(arena, staker)
        for member in members:
            attempt(fund.withdraw, member, sender=member)
    calls = (
        (arena.insurance_fund, arena.insurance_fund.draw, (purse, wad(10_000_000))),
        (fund, fund.draw, (purse, 0, wad(10_000_000), wad(10_000_000))),
    )
    for target, function, arguments in calls:
        hostile.set_hook(target, function.encode_input(*arguments), False, sender=person)
        hostile.transfer(person, 0, sender=person)
    withdraw(arena, person, purse)
    return Outcome.of(arena, player)


def run_from_a_hole(arena: Arena) -> Outcome:
    """Who withdraws first while a hole stands leaves whole."""
    player = arena.party("player", "attacker")
    person, ledger = arena.people["attacker"], arena.clearinghouse
    for saver in arena.people.named("victim", "heir", "whale"):
        arena.open(saver, 100_000)
    mine = arena.open(person, 100_000)
    debtor = arena.people["trader"]
    loan = arena.open(debtor, WETH=200)
    book = arena.open(arena.people["maker"], 500_000)
    # The loan's cash goes to a maker, who stays in the house.
    for _ in range(8):
        lose(arena, (debtor, loan), (arena.people["maker"], book), 35_000)
    gap(arena, 900)
    stranger = arena.people["stranger"]
    resolve(arena, stranger, loan)
    attempt(arena.default_manager.bid, loan, WAD, book, 1, sender=arena.people["maker"])
    held = Decimal(arena.settlement.balanceOf(ledger)) / 10**6
    hole = Decimal(ledger.hole()) / WAD
    fair = Decimal(arena.cash(mine)) / WAD * held / (held + hole)
    withdraw(arena, person, mine)
    paid = arena.balance(person)
    return Outcome(player.budget, paid - fair)


TO_ALL = without(
    "InsuranceFund.vy",
    "    holders_of_record._book(account, fund_words.ONLY_TRANCHE, arrived)\n",
    "    staked_assets.booked += arrived\n",
)

FUNDS = {
    "own-recovery": Attack(
        10,
        repay_oneself,
        "a defaulter stakes 1M and repays the own debt",
        HARM,
        "what the old stakers do not get back",
        rule="recoveries go to the holders of record at the loss",
        contracts=("InsuranceFund",),
        changes=TO_ALL,
    ),
    "stake-before-recovery": Attack(
        10,
        stake_before_recovery,
        "stake 9,000 before a recovery of 9,100",
        rule="recoveries go to the holders of record at the loss",
        contracts=("InsuranceFund",),
        changes=TO_ALL,
    ),
    "only-member": Attack(
        11,
        be_the_only_member,
        "2 USDC as the only member",
        rule="a premium per unit of cover and time; fees are the reserve's",
        gone="fees of members",
    ),
    "wash-funding": Attack(
        12,
        wash_for_funding,
        "a third of the insurance stake plus 2 USDC, wash trading for funding",
        rule="pushing funding loses money, no matter who earns the fees",
        contracts=("RiskEngine",),
        changes=without(
            "RiskEngine.vy",
            "TURNOVER: constant(uint256) = 10\n",
            "TURNOVER: constant(uint256) = 1\n",
        ),
        material=Decimal(100),
    ),
    "late-stake": Attack(
        14,
        arrive_too_late,
        "deposit 10,000 while 8,100 is reserved at share price 1.0",
        HARM,
        "what the newcomer pays for a loss before their time",
        rule="what is deferred is in the price; nothing is reserved",
        gone="reservations",
    ),
    "stake-in-pause": Attack(
        14,
        stake_in_a_pause,
        "a guardian who stakes pauses liquidations, the price falls, a newcomer stakes 10,000",
        HARM,
        "what the newcomer pays for a loss before their time",
        rule="nobody stakes while nothing can be recognised",
        contracts=("InsuranceFund",),
        changes=without(
            "InsuranceFund.vy",
            "    fund._require_open()\n    staked_assets._accrue()\n    self._require_room(assets",
            "    fund._require_running()\n    staked_assets._accrue()\n"
            "    self._require_room(assets",
            "        and fund._exits_open()\n    )",
            "    )",
        ),
    ),
    "first-out": Attack(
        20,
        leave_after_a_gap,
        "a staker whose window is open leaves between a gap and the recognition",
        HARM,
        "what the other staker pays more",
        bound=Decimal(4_100),
        why="half of the loss: a window is open a quarter of the time at most, and recognition, "
        "which anyone may bring about in one transaction and is paid for, comes first or not",
        rule="windows are a third of the cooldown at most",
    ),
    "guardian": Attack(
        15,
        pause_and_leave,
        "guardian pauses liquidations with a twin pair open, and leaves the fund",
        counted="what leaving brings over staying",
        rule="that pause also stops withdrawals, new risk and fund exits",
        contracts=("ClearinghouseAdmin",),
        changes=without(
            "ClearinghouseAdmin.vy",
            "and pauses._exits_stopped_until() <= block.timestamp",
            "and block.timestamp != 0",
        ),
    ),
    "guardian-twins": Attack(
        15,
        pause_with_twins,
        "guardian pauses liquidations with a twin pair open, and stays in the fund",
        bound=Decimal(5_650),
        why="half of what a fall of 10 % costs 200,000 beyond its margin, the half of other "
        "stakers, and more with a larger position, up to the limits of draws: a guardian is "
        "trusted not to bet on a pause, for 3 days in 30",
        rule="pauses are a leaky bucket, limits bound what is drawn",
    ),
    "hostile-manager": Attack(
        16,
        plug_in_a_manager,
        "a hostile manager by timelock",
        rule="roles change only after the longest cooldown plus window",
        contracts=("ClearinghouseAdmin",),
        changes=without(
            "proposals.vy",
            "ROLE_DELAY: constant(uint256) = limits.MAX_COOLDOWN + limits.MAX_WINDOW",
            "ROLE_DELAY: constant(uint256) = 86_400",
        ),
    ),
    "run": Attack(
        20,
        run_from_a_hole,
        "first to withdraw while a hole stands",
        counted="paid beyond a fair share",
        rule="leaving at the factor while a hole stands",
        contracts=("ClearinghouseWithdrawals",),
        changes=without(
            "exit_math.vy",
            "return (rest * (old + hole) + (old - 1)) // old",
            "return rest",
        ),
    ),
}
