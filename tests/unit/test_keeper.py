"""The keeper's decisions, against a venue that only remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from bulkhead.keeper import (
    EVERY,
    Action,
    ActionKind,
    Chores,
    HedgeModel,
    Hedging,
    Keeper,
    Outcome,
    Policy,
    batches,
)
from bulkhead.keeper.chores import SHOW_AGAIN

WAD = 10**18
OWN, OTHER, THIRD = 1, 2, 3
NOW = 1_000_000
PPM = 10**6


def row(account: int, **changes: Any) -> SimpleNamespace:
    """A row of Lens.accounts: healthy unless changed; amounts in whole cash."""
    values: dict[str, Any] = {
        "account": account,
        "readable": True,
        "all_valid": True,
        "cash": 10_000,
        "equity": 10_000,
        "initial": 0,
        "assessed_equity": 10_000,
        "assessed_maintenance": 0,
        "stage": 0,
        "since": 0,
        "discount": 0,
        "max_fraction": 0,
        "callable": False,
        "openable": False,
        "biddable": False,
        "curable": False,
    }
    values |= changes
    for name in ("cash", "equity", "initial", "assessed_equity", "assessed_maintenance"):
        values[name] *= WAD
    values["max_fraction"] = int(Decimal(str(values["max_fraction"])) * WAD)
    return SimpleNamespace(**values)


def in_auction(account: int, **changes: Any) -> SimpleNamespace:
    """An account in auction: 100,000 of notional, MM 2,400, a discount of 20 % of it."""
    values = {
        "cash": 1_000,
        "equity": 1_000,
        "assessed_equity": 1_000,
        "assessed_maintenance": 2_400,
        "initial": 4_000,
        "stage": 2,
        "since": NOW - 60,
        "discount": PPM // 5,
        "max_fraction": 0.5,
        "biddable": True,
    }
    return row(account, **(values | changes))


def insolvent(account: int, **changes: Any) -> SimpleNamespace:
    """An account whose insolvency was recognised."""
    values = {"cash": -500, "equity": -500, "assessed_equity": -500, "stage": 3, "initial": 4_000}
    return row(account, **(values | changes))


def broke(account: int, **changes: Any) -> SimpleNamespace:
    """An account with less than nothing, which nobody has looked at yet."""
    values = {"equity": -500, "assessed_equity": -500, "assessed_maintenance": 2_400}
    return row(account, **(values | {"initial": 4_000, "callable": True} | changes))


def state(**changes: Any) -> SimpleNamespace:
    """What DefaultManager.insolvency says: legs that were in doubt are VALID again."""
    values = {
        "positions": True,
        "remainder_discount": 0,
        "max_fraction": WAD,
    }
    return SimpleNamespace(**(values | changes))


@dataclass
class Memory:
    """A venue with the rows it is given."""

    rows: list[Any] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    sent: list[Action] = field(default_factory=list)
    blind: bool = False
    sizes: list[int] = field(default_factory=list)
    states: dict[int, Any] = field(default_factory=dict)
    views: dict[str, Any] = field(default_factory=dict)

    def now(self) -> int:
        return NOW

    def opened(self) -> list[int]:
        fresh, self.fresh = self.fresh, []
        return fresh

    def read(self, contract: str, function: str, *args: Any) -> Any:
        if self.blind:
            raise ConnectionError("node is gone")
        if function == "insolvency":
            assert contract == "DefaultManager"
            return self.states[args[0]]
        if function in self.views:
            view = self.views[function]
            return view(*args) if callable(view) else view
        assert contract == "Lens"
        if function == "positions":
            return [SimpleNamespace(market=1, value=0, notional=100_000 * WAD)]
        self.sizes.append(len(args[0]))
        return [known for known in self.rows if known.account in args[0]]

    def send(self, actions: Sequence[Action]) -> list[Outcome]:
        self.sent += actions
        return [Outcome(action, self.refused.get(action.account, "")) for action in actions]


def keeper_of(*rows: Any, policy: Policy | None = None, **own: Any) -> tuple[Keeper, Memory]:
    """A keeper with 10,000 of free equity, who knows these accounts."""
    venue = Memory([row(OWN, **own), *rows], fresh=[OWN, *(known.account for known in rows)])
    return Keeper(venue, OWN, policy or Policy()), venue


def kinds(venue: Memory) -> list[tuple[ActionKind, int]]:
    return [(action.kind, action.account) for action in venue.sent]


def test_nothing_is_done_to_healthy_accounts():
    keeper, venue = keeper_of(row(OTHER))
    assert keeper.run() == []
    assert venue.sent == []


def test_accounts_are_discovered_once():
    keeper, venue = keeper_of(row(OTHER))
    keeper.run()
    venue.fresh = [OTHER, THIRD]
    keeper.run()
    assert keeper.known == [OWN, OTHER, THIRD]


def test_calls_for_the_reward_of_its_own_account():
    keeper, venue = keeper_of(row(OTHER, callable=True))
    keeper.run()
    assert venue.sent == [Action(ActionKind.CALL, OTHER, (OWN,))]
    assert venue.sent[0].call == (OTHER, OWN)


def test_an_account_too_deep_for_grace_is_opened_at_once():
    keeper, venue = keeper_of(row(OTHER, callable=True, openable=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.OPEN, OTHER)]


def test_cures_what_is_well_again():
    keeper, venue = keeper_of(row(OTHER, stage=1, curable=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.CURE, OTHER)]


def test_a_keeper_that_only_bids_leaves_the_rest_to_others():
    keeper, venue = keeper_of(row(OTHER, callable=True), policy=Policy(calls=False))
    keeper.run()
    assert venue.sent == []


def test_bids_for_everything_f_allows_when_the_discount_pays():
    keeper, venue = keeper_of(in_auction(OTHER))
    keeper.run()
    assert kinds(venue) == [(ActionKind.BID, OTHER)]
    fraction, bidder, least, _, deadline = venue.sent[0].args
    assert (fraction, bidder) == (WAD, OWN)
    assert 0 < least < WAD // 2
    assert deadline > NOW


def test_waits_while_the_discount_does_not_cover_the_risk():
    keeper, venue = keeper_of(in_auction(OTHER, discount=PPM // 20))
    keeper.run()
    assert venue.sent == []


def test_takes_only_the_part_its_margin_can_carry():
    keeper, venue = keeper_of(in_auction(OTHER), equity=1_000)
    keeper.run()
    assert venue.sent[0].args[0] == WAD // 5  # 80 % of 1,000 over an initial margin of 4,000


@pytest.mark.parametrize(
    "own", [{"equity": 100}, {"equity": 5_000, "initial": 5_000}, {"stage": 1}, {"readable": False}]
)
def test_does_not_bid_itself_into_ill_health(own):
    keeper, venue = keeper_of(in_auction(OTHER, initial=40_000), **own)
    keeper.run()
    assert venue.sent == []


def test_two_bids_share_the_free_margin():
    first, second = in_auction(OTHER, max_fraction=1), in_auction(THIRD, max_fraction=1)
    keeper, venue = keeper_of(first, second, equity=6_000)
    keeper.run()
    taken = [action.args[0] for action in venue.sent]
    assert taken == [WAD, WAD // 5]  # 4,800 are free: the first needs 4,000


def test_collateral_is_bought_with_cash_that_is_there():
    keeper, venue = keeper_of(in_auction(OTHER, equity=9_000, cash=1_000), cash=1_000)
    keeper.run()
    assert venue.sent[0].args[0] == WAD // 10  # 80 % of 1,000 buys a tenth of 8,000


def tear_up(*accounts: int) -> Action:
    return Action(ActionKind.TEAR_UP, 0, (list(accounts), OWN))


@pytest.mark.parametrize(
    "deep",
    [
        broke(OTHER),
        broke(OTHER, stage=1, callable=False, openable=True),
        in_auction(OTHER, equity=-500, assessed_equity=-500, openable=True),
        in_auction(OTHER, equity=0, assessed_equity=0, openable=True),
    ],
)
def test_who_is_insolvent_is_torn_up_at_once_for_the_reward(deep):
    keeper, venue = keeper_of(deep)
    keeper.run()
    assert venue.sent == [tear_up(OTHER)]


def test_who_has_a_cent_left_is_opened_instead():
    keeper, venue = keeper_of(broke(OTHER, equity=1, assessed_equity=1, openable=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.OPEN, OTHER)]


def test_an_insolvent_account_that_nobody_may_touch_is_left():
    keeper, venue = keeper_of(broke(OTHER, callable=False))
    keeper.run()
    assert venue.sent == []


def test_nobody_bids_at_mark_unless_the_policy_says_so():
    for policy in (Policy(calls=False), Policy(calls=False, backstop=True)):
        keeper, venue = keeper_of(broke(OTHER), policy=policy)
        keeper.run()
        assert venue.sent == []
    keeper, venue = keeper_of(broke(OTHER), policy=Policy(bid_at_mark=True))
    keeper.run()
    # Before the tear-up, which leaves nothing.
    assert kinds(venue) == [(ActionKind.BID, OTHER), (ActionKind.TEAR_UP, 0)]


def test_a_bid_at_mark_stays_within_the_keepers_own_margin():
    policy = Policy(bid_at_mark=True, calls=False)
    keeper, venue = keeper_of(broke(OTHER), policy=policy, equity=1_000)
    keeper.run()
    assert venue.sent[0].args[0] == WAD // 5  # 80 % of 1,000 over an initial margin of 4,000
    keeper, venue = keeper_of(broke(OTHER), policy=policy, equity=10)
    keeper.run()
    assert venue.sent == []


def test_tears_up_in_ascending_batches():
    numbers = [40, 30, 20, *range(50, 58)]
    keeper, venue = keeper_of(*(broke(number) for number in numbers))
    keeper.run()
    assert venue.sent == [tear_up(20, 30, 40, 50, 51, 52, 53, 54), tear_up(55, 56, 57)]
    assert venue.sent[1].call == ([55, 56, 57], OWN)


def test_what_fails_together_is_torn_up_one_by_one():
    keeper, venue = keeper_of(broke(OTHER), broke(THIRD))
    venue.refused = {0: "default manager: account is solvent"}
    outcomes = keeper.run()
    assert [o.action for o in outcomes] == [tear_up(OTHER, THIRD), tear_up(OTHER), tear_up(THIRD)]


def test_what_was_in_doubt_is_torn_up_when_it_is_not_any_more():
    keeper, venue = keeper_of(insolvent(OTHER), insolvent(THIRD, assessed_equity=5))
    venue.states = dict.fromkeys((OTHER, THIRD), state())
    keeper.run()
    assert venue.sent == [tear_up(OTHER)]


def test_a_debt_without_anything_else_is_torn_up_but_a_remainder_is_not():
    keeper, venue = keeper_of(insolvent(OTHER), insolvent(THIRD))
    venue.states = {
        OTHER: state(positions=False, max_fraction=0),
        THIRD: state(positions=False, max_fraction=WAD, remainder_discount=PPM // 100),
    }
    keeper.run()
    assert venue.sent == [tear_up(OTHER)]


def test_legs_in_doubt_are_waited_for():
    keeper, venue = keeper_of(insolvent(OTHER, all_valid=False))
    venue.states = {OTHER: state(positions=False, max_fraction=0)}
    keeper.run()
    assert venue.sent == []


def test_an_insolvency_that_is_well_again_is_cured():
    keeper, venue = keeper_of(insolvent(OTHER, assessed_equity=5, curable=True))
    venue.states = {OTHER: state(max_fraction=0)}
    keeper.run()
    assert kinds(venue) == [(ActionKind.CURE, OTHER)]


# --- What a hedge costs


def hedged(*rows: Any, **policy: Any) -> tuple[Keeper, Memory]:
    """A keeper who only bids, asks for no risk premium and knows a calm market."""
    chosen = Policy(calls=False, risk_rate=Decimal(0), **policy)
    keeper, venue = keeper_of(*rows, policy=chosen)
    keeper.hedging = Hedging([1])
    venue.views["markets"] = [market(100)]
    return keeper, venue


def market(price: int, base: int = 100_000) -> SimpleNamespace:
    return SimpleNamespace(market=1, low=price * WAD, long_interest=base * WAD, settled=False)


def fallen(keeper: Keeper, part: str) -> None:
    """Let the price have fallen by a part in the last minute."""
    assert keeper.hedging is not None
    before = 100 / (1 - Decimal(part))
    keeper.hedging.note(NOW - 60, 1, before, Decimal(100_000))


@pytest.mark.parametrize(("fall", "bids"), [("0", True), ("0.005", True), ("0.2", False)])
def test_a_bid_pays_for_its_hedge_which_is_dear_when_prices_run(fall, bids):
    # 0.48 % of notional is on offer.
    keeper, venue = hedged(in_auction(OTHER))
    fallen(keeper, fall)
    keeper.run()
    assert bool(venue.sent) == bids


def test_a_part_is_taken_where_the_whole_is_too_dear_to_hedge():
    keeper, venue = hedged(in_auction(OTHER, max_fraction=1))
    fallen(keeper, "0.065")
    keeper.run()
    assert 0 < venue.sent[0].args[0] < WAD


def test_what_a_keeper_bids_for_is_noted():
    keeper, _ = hedged(in_auction(OTHER), in_auction(THIRD))
    keeper.run()
    assert keeper.hedging.recent(1, NOW) == 2 * 50_000
    assert keeper.hedging.recent(1, NOW + 600) == 0


def test_what_others_hedged_a_moment_ago_makes_a_hedge_dearer():
    keeper, venue = hedged(in_auction(OTHER))
    fallen(keeper, "0.02")
    keeper.hedging.sold(NOW - 30, 1, Decimal(20_000_000))
    keeper.run()
    assert venue.sent == []
    keeper.hedging.hedged.clear()
    keeper.run()
    assert kinds(venue) == [(ActionKind.BID, OTHER)]


def test_gas_is_asked_for_by_who_pays_it():
    small = {"discount": PPM // 119, "max_fraction": 1}  # a little above 20
    for policy, bids in (
        (Policy(risk_rate=Decimal(0)), True),
        (Policy(gas_cost=Decimal(6)), False),
    ):
        keeper, venue = keeper_of(in_auction(OTHER, **small), policy=policy)
        keeper.run()
        assert bool(venue.sent) == bids


def test_markets_that_cannot_be_read_do_not_stop_a_keeper():
    keeper, venue = keeper_of(row(OTHER, callable=True))
    keeper.hedging = Hedging([1])

    def gone(*_: Any) -> None:
        raise ConnectionError

    venue.views["markets"] = gone
    keeper.run()
    assert kinds(venue) == [(ActionKind.CALL, OTHER)]


def test_volatility_is_that_of_the_last_ten_minutes():
    watch = Hedging([1])
    watch.note(0, 1, Decimal(100), Decimal(1))
    assert watch.volatility(1) == 0
    for minute in range(1, 11):
        watch.note(60 * minute, 1, Decimal(100) * Decimal("0.99") ** minute, Decimal(1))
    assert watch.volatility(1) == pytest.approx(0.01005, rel=1e-3)
    # The same fall seen in every block is the same volatility.
    fine = Hedging([1])
    for block in range(51):
        fine.note(12 * block, 1, Decimal(100) * Decimal("0.99") ** (Decimal(block) / 5), Decimal(1))
    assert fine.volatility(1) == pytest.approx(watch.volatility(1), rel=1e-6)
    watch.note(3_600, 1, Decimal(100), Decimal(1))
    watch.note(3_660, 1, Decimal(100), Decimal(1))
    assert len(watch.prices[1]) == 3
    assert watch.volatility(2) == 0


def test_costs_rise_with_volatility_and_size_and_fall_with_depth():
    rate = HedgeModel().rate
    usual = rate(0.002, Decimal(100_000), Decimal(10_000_000))
    assert rate(0.004, Decimal(100_000), Decimal(10_000_000)) > usual
    assert rate(0.002, Decimal(400_000), Decimal(10_000_000)) > usual
    assert rate(0.002, Decimal(100_000), Decimal(40_000_000)) < usual
    # 5 bp of fee, 2 bp of spread, .2 % * 38 * sqrt(100,000 / 10 billion)
    assert usual == Decimal("0.00094")
    assert rate(0.0, Decimal(0), Decimal(0)) == Decimal("0.0006")  # a fee and a calm spread


def test_slices_cost_as_much_to_hedge_as_the_whole():
    watch = Hedging([1])
    watch.note(NOW, 1, Decimal(100), Decimal(100_000))
    whole = watch.cost(1, Decimal(400_000))
    parts = []
    for _ in range(4):
        parts.append(watch.cost(1, Decimal(100_000)))
        watch.sold(NOW, 1, Decimal(100_000))
    assert sum(parts) == pytest.approx(whole)
    assert parts == sorted(parts)
    assert watch.cost(1, Decimal(400_000), is_noted=True) == whole


@pytest.mark.parametrize(("percent", "buys"), [(2, False), (3, True), (60, True)])
def test_remainders_are_bought_from_a_discount_on(percent, buys):
    left = insolvent(OTHER, equity=3_500, assessed_equity=3_500, cash=-500, initial=0)
    keeper, venue = keeper_of(left)
    venue.states = {
        OTHER: state(
            positions=False, remainder_discount=PPM * percent // 100, max_fraction=WAD // 2
        )
    }
    keeper.run()
    assert kinds(venue) == ([(ActionKind.BID, OTHER)] if buys else [])


def test_an_unreadable_insolvency_does_not_stop_the_others():
    keeper, venue = keeper_of(insolvent(OTHER), row(THIRD, callable=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.CALL, THIRD)]


# --- Chores


def price(number: int, valid: bool = True) -> SimpleNamespace:
    return SimpleNamespace(row=number, valid=valid, low=WAD, high=WAD)


def chores_of(*rows: Any, **views: Any) -> tuple[Keeper, Memory]:
    """A keeper with chores: collateral 0, market 1, nothing settled, nobody owes."""
    keeper, venue = keeper_of(*rows)
    venue.views = {
        "prices": [price(1), price(9)],
        "markets": [SimpleNamespace(market=1, settled=False)],
        "debts": 0,
    } | views
    keeper.chores = Chores(venue, [0], [1], OWN)
    return keeper, venue


def test_checkpoints_are_taken_once_an_hour():
    keeper, venue = chores_of()
    keeper.run()
    keeper.run()
    assert venue.sent == [Action(ActionKind.CHECKPOINTS, 0, ([1, 9],))]
    assert venue.sent[0].contract == "RiskEngine"
    keeper.chores.at -= EVERY
    keeper.run()
    assert len(venue.sent) == 2


def test_outages_are_shown_twice_a_day_and_ended_by_a_checkpoint():
    keeper, venue = chores_of(prices=[price(1), price(9, valid=False)])
    report = Action(ActionKind.REPORT_OUTAGE, 0, (9,))
    for reports in (1, 1):
        keeper.chores.at = 0
        keeper.run()
        assert venue.sent.count(report) == reports
    keeper.chores.outages[9] -= SHOW_AGAIN
    keeper.chores.at = 0
    keeper.run()
    assert venue.sent.count(report) == 2
    venue.views["prices"] = [price(1), price(9)]
    keeper.chores.at = 0
    keeper.run()
    assert venue.sent[-1] == Action(ActionKind.CHECKPOINTS, 0, ([1, 9],))
    assert keeper.chores.outages == {}


@pytest.mark.parametrize(
    ("reason", "again"),
    [("price memory: outage already shown", False), ("price oracle: sequencer outage", True)],
)
def test_a_report_that_failed_is_tried_again_unless_another_was_first(reason, again):
    keeper, venue = chores_of(prices=[price(9, valid=False)])
    venue.refused = {0: reason}
    for _ in range(2):
        keeper.chores.at = 0
        keeper.run()
    assert len(venue.sent) == (2 if again else 1)


def test_positions_in_settled_markets_are_converted():
    keeper, venue = chores_of(
        row(OTHER),
        row(THIRD),
        markets=[SimpleNamespace(market=1, settled=True)],
        positions=lambda account, *market: int(bool(market) and account == THIRD),
    )
    for _ in range(2):
        keeper.chores.at = 0
        keeper.run()
    found = [action for action in venue.sent if action.kind is ActionKind.CONVERT]
    assert found == [Action(ActionKind.CONVERT, 0, (1, [THIRD], OWN))]
    assert found[0].contract == "Clearinghouse"


@pytest.mark.parametrize(
    ("other", "positions", "recovers"),
    [
        ({}, [], True),
        ({"cash": 0}, [], False),
        ({"stage": 1}, [], False),
        ({}, [SimpleNamespace(value=0, notional=WAD)], False),
    ],
)
def test_debts_are_recovered_from_cash_that_is_free(other, positions, recovers):
    keeper, venue = chores_of(
        row(OTHER, **other), debts=lambda account: account == OTHER, positions=positions
    )
    keeper.run()
    found = [action for action in venue.sent if action.kind is ActionKind.RECOVER]
    assert found == ([Action(ActionKind.RECOVER, OTHER, ())] if recovers else [])
    assert OTHER in keeper.chores.suspects
    assert OWN not in keeper.chores.suspects


def test_chores_are_left_to_those_who_run_the_procedure():
    keeper, venue = chores_of()
    keeper.policy = Policy(calls=False)
    keeper.run()
    assert venue.sent == []


def test_a_chore_that_cannot_read_leaves_the_others():
    def gone(*_: Any) -> None:
        raise ConnectionError

    keeper, venue = chores_of(row(OTHER), prices=gone, debts=lambda account: account == OTHER)
    venue.views["positions"] = []
    keeper.run()
    assert kinds(venue) == [(ActionKind.RECOVER, OTHER)]


def test_a_backstop_takes_what_nobody_wanted_for_long():
    stale = in_auction(OTHER, discount=0, since=NOW - 120)
    keeper, venue = keeper_of(stale, policy=Policy(backstop=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.BID, OTHER)]


def test_does_nothing_to_itself():
    keeper, venue = keeper_of(callable=True, biddable=True)
    keeper.run()
    assert venue.sent == []


def test_a_revert_is_reported_and_the_others_go_on():
    keeper, venue = keeper_of(row(OTHER, callable=True), row(THIRD, callable=True))
    venue.refused = {OTHER: "default rules: account is healthy"}
    outcomes = keeper.run()
    assert [outcome.reason for outcome in outcomes] == ["default rules: account is healthy", ""]


def test_a_node_that_does_not_answer_is_asked_again_later():
    keeper, venue = keeper_of(row(OTHER, callable=True))
    venue.blind = True
    assert keeper.run() == []
    venue.blind = False
    assert len(keeper.run()) == 1


def test_reads_a_hundred_accounts_at_a_time():
    keeper, venue = keeper_of(*(row(number) for number in range(2, 251)))
    keeper.run()
    assert venue.sizes == [100, 100, 50]


def test_batches_cut_without_loss():
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []
