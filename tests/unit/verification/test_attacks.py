"""The frame of the attacks: what the referee books, that the search finds a leak and no more."""

from __future__ import annotations

from decimal import Decimal

import pytest

from verification.attacks.arena import Arena
from verification.attacks.attack import FOLDER, HARM, Attack, Outcome, as_json, without
from verification.attacks.catalogue import ATTACKS
from verification.attacks.referee import take_most
from verification.attacks.search.campaign import Search
from verification.attacks.search.hunt import Found, Island, run_island
from verification.attacks.search.judge import Judge
from verification.attacks.search.moves import MOVES
from verification.attacks.search.openings import OPENINGS
from verification.attacks.search.ring import Ring
from verification.attacks.search.signs import SIGNS, harms, sign_of_gain
from verification.attacks.steps import DAY, gap, pair, request, resolve, withdraw
from verification.engine.evm import world_in_process
from verification.engine.patches import PatchedArtefacts, copy_with

LEAK = without(
    "InsuranceFund.vy",
    "shares: uint256 = staked_assets._to_shares(assets, staked_assets.booked, False)",
    "shares: uint256 = staked_assets._to_shares(assets * 102 // 100, staked_assets.booked, False)",
)
FEES = Decimal("0.0006")  # of notional, maker's and taker's
ROWS = 27
MOVES_TO_IT = 1_000
TOLERANCE = Decimal("0.000001")


@pytest.fixture
def arena():
    """The deployment, put back afterwards."""
    world = world_in_process()
    checkpoint = world.chain.snapshot()
    world.forget()
    yield Arena.of(world)
    world.chain.restore(checkpoint)


@pytest.fixture(scope="module")
def ring():
    """A ring of the contracts as they are."""
    return Ring.build()


def about(value: Decimal, expected: float | str) -> bool:
    """Whether an amount is what was expected, to a millionth."""
    return abs(value - Decimal(str(expected))) <= TOLERANCE


class TestReferee:
    """Money paid in, what prices gave, and what is left."""

    def test_nothing_is_gained_by_paying_in(self, arena):
        player = arena.party("player", "attacker")
        arena.open(arena.people["attacker"], 1_000, WETH=2)
        assert player.budget == 5_000
        assert player.gain(arena) == 0

    def test_others_do_not_count(self, arena):
        player = arena.party("player", "attacker")
        arena.open(arena.people["victim"], 1_000)
        assert (player.budget, player.worth(arena)) == (0, 0)

    def test_twins_lose_their_fees_and_nothing_else(self, arena):
        player = arena.party("player", "attacker")
        pair(arena, arena.people["attacker"], 10_000, 50)
        assert about(player.gain(arena), -100_000 * FEES)
        gap(arena, 2_100)  # no account is below 0
        assert about(player.gain(arena), -100_000 * FEES)

    def test_prices_are_given_to_collateral_wallet_and_position(self, arena):
        player = arena.party("player", "attacker")
        maker, person = arena.people.named("maker", "attacker")
        book, account = arena.open(maker, 100_000), arena.open(person, 10_000, WETH=1)
        arena.fund(person, "WETH", 2)
        arena.trade((maker, book), (person, account), 3, 2_000)
        assert player.net(arena, "ETH") == 6
        assert player.net(arena, "BTC") == 0
        gap(arena, 2_050)
        assert player.given == 300
        assert about(player.gain(arena), -3)

    def test_an_account_below_0_is_left_behind(self, arena):
        player = arena.party("player", "attacker")
        long, _ = pair(arena, arena.people["attacker"], 10_000, 100)
        gap(arena, 1_800)
        assert arena.equity(long) == -10_100
        # What the twin won beyond the loser's margin is a gain: somebody else pays it.
        assert about(player.gain(arena), 10_100 - 120)

    def test_what_cannot_leave_does_not_count(self, arena):
        player = arena.party("player", "attacker")
        person, ledger = arena.people["attacker"], arena.clearinghouse
        arena.open(person, 1_000)
        ledger.set_guardian(person, sender=arena.admin)
        ledger.accept_guardian(sender=person)
        ledger.pause(1, DAY, sender=person)
        assert player.worth(arena) == 0

    def test_a_stake_counts_what_it_fetches(self, arena):
        player = arena.party("player", "attacker")
        arena.stake(arena.people["attacker"], 5_000)
        arena.join(arena.people["attacker"], 1_000, 2_000)
        before = arena.settlement.balanceOf(arena.people["attacker"])
        assert about(player.gain(arena), 0)
        assert arena.settlement.balanceOf(arena.people["attacker"]) == before

    def test_debts_are_owed(self, arena):
        player = arena.party("player", "attacker")
        person = arena.people["attacker"]
        arena.stake(arena.people["staker"], 100_000)
        long, short = pair(arena, person, 10_000, 100)
        gap(arena, 1_850)
        resolve(arena, arena.people["stranger"], long)
        arena.deposit(person, long, 1_000)
        assert arena.header(long).is_indebted
        assert about(player.worth(arena), arena.equity(short))

    def test_the_real_price_is_what_a_play_says(self, arena):
        player = arena.party("player", "attacker")
        arena.fund(arena.people["attacker"], "WETH", 1)
        arena.set_price("ETH", 2_000, 2_100, real=1_900)
        assert player.given == -100
        assert player.gain(arena) == 0

    def test_begin_counts_from_here_on(self, arena):
        player = arena.party("player", "attacker")
        pair(arena, arena.people["attacker"], 10_000, 50)
        player.begin(arena)
        assert player.gain(arena) == 0

    def test_the_most_is_taken_out(self, arena):
        maker, person = arena.people.named("maker", "attacker")
        book, account = arena.open(maker, 100_000), arena.open(person, 10_000)
        arena.trade((maker, book), (person, account), 50, 2_000)
        units = arena.cash(account) // 10**12
        taken = take_most(arena, account, arena.settlement, units, person)
        equity, initial, _ = arena.risk_engine.margin(account)
        assert 0 < taken < units
        assert 0 <= equity - initial < 10**18
        assert withdraw(arena, person, account) * 1_000 < taken
        request(arena, person)  # nothing is staked: refused, and the play goes on


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_keeps_to_its_bound(name):
    """Nobody gains, or harms, more than the rules allow."""
    attack = ATTACKS[name]
    assert attack.verdict(attack.sound(), None) == ""


class TestTable:
    """Every row, and what the report says."""

    def test_every_row_has_a_play(self):
        assert {attack.row for attack in ATTACKS.values()} == set(range(1, ROWS + 1))

    def test_harm_is_measured_where_there_is_no_gain(self):
        harmful = Attack(5, lambda arena: None, "", HARM)
        outcome = Outcome(Decimal(1), Decimal(2), Decimal(3))
        assert harmful.measured(outcome) == 3
        assert Attack(5, lambda arena: None, "").measured(outcome) == 2

    def test_verdicts(self):
        attack = Attack(1, lambda arena: None, "", bound=Decimal(5), material=Decimal(100))
        little, much = (Outcome(Decimal(0), Decimal(gain)) for gain in (5, 100))
        assert attack.verdict(little, None) == attack.verdict(little, much) == ""
        assert attack.verdict(much, None).startswith("works")
        assert attack.verdict(little, little).startswith("nothing shown")

    def test_what_the_report_says(self):
        attack = Attack(6, lambda arena: None, "play", gone="reservations")
        entry = as_json("name", attack, Outcome(Decimal(1), Decimal(-2)), None)
        assert (entry["row"], entry["budget"], entry["gain"], entry["bound"]) == (6, 1, -2, 0.01)
        assert entry["gain_without_rule"] is None
        assert entry["gone"] is True


class TestJudge:
    """A program's gain, beyond prices and pay."""

    @pytest.mark.parametrize("opening", OPENINGS)
    def test_prices_alone_are_no_gain(self, ring, opening):
        ring.set(opening, OPENINGS[opening])
        judge = Judge(ring, with_harm=False)
        steps = [("jump", ("ETH", 8)), ("jump", ("BTC", -15)), ("jump", ("ETH", -25))]
        result = judge.play(steps)
        assert (result.moves, result.done, result.gain) == (3, 3, 0)

    def test_a_gap_beyond_margin_is_no_gain(self, ring):
        ring.set("house", OPENINGS["house"])
        steps = [("twin", (0, 1, 20, 1, 0, "ETH")), ("jump", ("ETH", -15))]
        assert -500 < Judge(ring).play(steps).gain <= 0

    def test_premiums_are_no_gain(self, ring):
        ring.set("fees", OPENINGS["fees"])
        steps = [("collect", (1,)), ("stake", (0, 1_000_000)), ("wait", (21 * DAY,))]
        result = Judge(ring).play([*steps, ("stake", (0, 1)), ("collect", (1,))])
        assert result.done == 5
        assert result.gain == 0

    def test_a_fresh_win_that_leaves_is_harm(self, ring):
        steps = [("twin", (0, 1, 20, 1, 0, "ETH")), ("jump", ("ETH", -15))]
        steps += [("close", (0, "ETH")), ("withdraw", (0, 100))]
        ring.set("house", OPENINGS["house"])
        assert Judge(ring).play(steps).harm["fled"] == 0
        flight = ATTACKS["flight"]
        sources = copy_with(FOLDER / "fled", flight.changes)
        leaking = Ring.build(PatchedArtefacts(sources, flight.contracts))
        leaking.set("house", OPENINGS["house"])
        assert Judge(leaking).play(steps).harm["fled"] > 40_000

    def test_money_moved_about_is_no_gain(self, ring):
        ring.set("house", OPENINGS["house"])
        steps = [("deposit", (1, 10_000)), ("withdraw", (0, 50)), ("transfer", (1, 3, 50))]
        assert Judge(ring).play(steps).gain == 0

    def test_a_refused_move_is_a_move(self, ring):
        ring.set("house", OPENINGS["house"])
        result = Judge(ring).play([("cure", (0,))])
        assert (result.moves, result.done, result.gain) == (1, 0, 0)

    def test_every_opening_is_come_back_to(self, ring):
        ring.set("funds", OPENINGS["funds"])
        judge = Judge(ring)
        steps = [("stake", (0, 1_000)), ("wait", (600,)), ("jump", ("ETH", 5))]
        assert judge.play(steps).gain == judge.play(steps).gain
        assert ring.mark("ETH") == 2_100
        ring.begin()
        assert ring.mark("ETH") == 2_000


class TestSearch:
    """What is found, and how it is named."""

    def test_an_island_is_the_same_for_the_same_seed(self, ring):
        first, second = (run_island(ring, "seed", 5, 300) for _ in range(2))
        assert (first.moves, first.programs, first.pool) == (
            second.moves,
            second.programs,
            second.pool,
        )
        assert run_island(ring, "other", 5, 300).pool != first.pool

    def test_a_fake_leak_is_found(self, ring):
        """Stakers get 2 % more shares than they pay for: the player takes it from the others."""
        sources = copy_with(FOLDER / "fake-leak", LEAK)
        leaking = island_of(Ring.build(PatchedArtefacts(sources, ["InsuranceFund"])), MOVES_TO_IT)
        assert leaking.best > 100
        assert any(name == "stake" for found in leaking.found.values() for name, _ in found.steps)

    @pytest.mark.parametrize(
        ("opening", "names", "sign"),
        [
            ("end", ["doubt", "settle"], "doubtful settlement"),
            ("drift", ["report_doubt", "wait", "settle_in_doubt"], "old settlement"),
            ("defaulter", ["tilt", "take_over"], "between feeds"),
            ("recoveries", ["stake", "recover"], "recovery"),
            ("defaulter", ["jump", "newcomer"], "late stake"),
            ("funds", ["jump", "redeem"], "window"),
            ("funds", ["jump", "pause", "wait", "redeem"], "pause"),
            ("fees", ["join", "collect"], "fees"),
            ("hole", ["withdraw"], "run"),
            ("crowd", ["hand_over", "wait"], "funding"),
            ("house", ["twin", "jump", "close"], "flight"),
            ("house", ["deposit"], "unlisted"),
        ],
    )
    def test_signs(self, opening, names, sign):
        assert set(names) <= set(MOVES)
        assert sign_of_gain(opening, [(name, ()) for name in names]) == sign

    def test_every_kind_of_harm_has_a_sign(self, ring):
        ring.set("loans", OPENINGS["loans"])
        result = Judge(ring).play([])
        assert set(result.harm) <= set(SIGNS)
        assert harms(result) == {}

    def test_a_search_sums_up(self):
        total = Search("1")
        total.add(10, 2, [Found("fees", 50.0, "fees", [], 0, 4)])
        total.add(10, 3, [Found("fees", 70.0, "fees", [], 1, 6)])
        entry = total.as_json()
        assert (entry["moves"], entry["programs"], entry["best_gain"]) == (20, 5, 70)
        assert entry["found"][0]["first_after_moves"] == 4
        assert total.rows == [11]
        assert len(total.violations) == 1


def island_of(ring: Ring, moves: int) -> Island:
    """Search from staked funds, without jumps of prices."""
    number = list(OPENINGS).index("funds") + 2 * len(OPENINGS)
    return run_island(ring, "1", number, moves)
