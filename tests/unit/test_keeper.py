"""The keeper's decisions, against a venue that only remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from bulkhead.keeper import Action, ActionKind, Keeper, Outcome, Policy, batches

WAD = 10**18
OWN, OTHER, THIRD = 1, 2, 3
NOW = 1_000_000
PPM = 10**6


def row(account: int, **changes: Any) -> SimpleNamespace:
    """A row of Lens.accounts: healthy unless changed; amounts in whole cash."""
    values: dict[str, Any] = {
        "account": account,
        "readable": True,
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


@dataclass
class Memory:
    """A venue with the rows it is given."""

    rows: list[Any] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    sent: list[Action] = field(default_factory=list)
    blind: bool = False
    sizes: list[int] = field(default_factory=list)

    def now(self) -> int:
        return NOW

    def opened(self) -> list[int]:
        fresh, self.fresh = self.fresh, []
        return fresh

    def read(self, contract: str, function: str, *args: Any) -> Any:
        assert contract == "Lens"
        if self.blind:
            raise ConnectionError("node is gone")
        if function == "positions":
            return [SimpleNamespace(value=0, notional=100_000 * WAD)]
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


def test_insolvent_accounts_are_left_to_the_backstop():
    insolvent = in_auction(OTHER, assessed_equity=-500, discount=PPM * 3 // 10)
    keeper, venue = keeper_of(insolvent)
    keeper.run()
    assert venue.sent == []
    keeper, venue = keeper_of(insolvent, policy=Policy(backstop=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.BID, OTHER)]


def test_a_backstop_takes_what_nobody_wanted_for_long():
    stale = in_auction(OTHER, discount=0, since=NOW - 1_800)
    keeper, venue = keeper_of(stale, policy=Policy(backstop=True))
    keeper.run()
    assert kinds(venue) == [(ActionKind.BID, OTHER)]


def test_does_nothing_to_itself():
    keeper, venue = keeper_of(callable=True, biddable=True)
    keeper.run()
    assert venue.sent == []


def test_a_revert_is_reported_and_the_others_go_on():
    keeper, venue = keeper_of(row(OTHER, callable=True), row(THIRD, callable=True))
    venue.refused = {OTHER: "default manager: account is healthy"}
    outcomes = keeper.run()
    assert [outcome.reason for outcome in outcomes] == ["default manager: account is healthy", ""]


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
