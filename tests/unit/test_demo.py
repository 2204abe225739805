"""The demo's parts that need no chain: its people, its clock, what it refuses, how it decodes."""

from __future__ import annotations

import dataclasses
import io
import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_abi import encode
from rich.console import Console

from bulkhead.config import load_config
from bulkhead.demo.checks import DemoError, check_series
from bulkhead.demo.large_longs import STAGES, large_longs
from bulkhead.demo.liquidators import Liquidators
from bulkhead.demo.narrator import WIDTH, Narrator, bar
from bulkhead.demo.node import Contract, Log, NodeError, _decoded
from bulkhead.demo.people import (
    FEWEST_ACCOUNTS,
    ISOLATED,
    MOST_ACCOUNTS,
    RESERVE,
    STAKES,
    Group,
    Temper,
    cast,
)
from bulkhead.demo.recorder import Recorder
from bulkhead.demo.replay import Replay
from bulkhead.demo.story import REPLAYS, progress_bar, tell
from bulkhead.demo.venue import Venue
from bulkhead.demo.wish import Wish, run_of, source_of
from bulkhead.fixed_point import wad
from bulkhead.keeper import Hedging
from bulkhead.report import EventKind, Tiers
from bulkhead.scenarios import KINDS, PriceSeries, load_scenario

ROOT = Path(__file__).resolve().parents[2]
CONFIG = load_config(ROOT / "config" / "local.yaml")
ASSETS = ["ETH", "BTC"]
HOUR, DAY = 3_600, 86_400


def series(*eth: str, pause: int = HOUR) -> PriceSeries:
    times = [1_700_000_000 + number * pause for number in range(len(eth))]
    btc = [Decimal(40_000)] * len(eth)
    return PriceSeries("mine", times, {"ETH": [Decimal(p) for p in eth], "BTC": btc})


@pytest.mark.parametrize("count", [FEWEST_ACCOUNTS, 48, MOST_ACCOUNTS])
@pytest.mark.parametrize("seed", [1, 2, 99])
def test_cast_is_as_varied_as_it_claims(count, seed):
    people = cast(count, seed, ASSETS).people
    assert len(people) == count
    assert len({person.address for person in people}) == count
    assert len({person.label for person in people}) == count
    traders = [person for person in people if person.is_trader]
    leverages = [person.leverage for person in traders]
    assert (min(leverages), max(leverages)) == (2, 20)
    assert {person.group for person in people} == set(Group) - {Group.WHALE, Group.IDLE}
    assert {person.mode for person in traders} == {1, 2}
    assert {person.token for person in traders} == {"cash", "ETH", "BTC"}
    assert {person.temper for person in traders} == set(Temper)


@pytest.mark.parametrize("kind", STAGES)
@pytest.mark.parametrize("count", [FEWEST_ACCOUNTS, MOST_ACCOUNTS])
def test_large_longs_join_the_crowd(kind, count):
    people = large_longs(kind, count, 1, ASSETS).people
    assert len({person.address for person in people}) == len(people) == count
    assert len({person.label for person in people}) == count
    assert {person.group for person in people} == set(Group)
    whales = [person for person in people if person.group is Group.WHALE]
    crowd = [person for person in people if person.is_trader and person not in whales]
    assert min(w.margin for w in whales) > 5 * max(
        person.margin for person in crowd if person.sides
    )
    idle = [person for person in people if person.group is Group.IDLE]
    assert [person.sides for person in idle] == [{}]


@pytest.mark.parametrize("kind", STAGES)
def test_every_large_long_is_taken_through_zero_by_a_gap(kind):
    series = load_scenario(kind).series("15m")
    for long in STAGES[kind].longs:
        opened = series.times.index(series.times[0] + int(3_600 * Decimal(long.hour)))
        column = series.prices[long.asset][opened:]
        margin, start = Decimal(long.margin), column[0]
        equities = [margin - (start - price) / start for price in column]
        assert min(equities) < 0
        falls = [(a, b) for a, b in pairwise(equities) if a > 0 >= b]
        # What was left before the gap was more than any maintenance margin.
        assert all(before > Decimal("0.025") for before, _ in falls)


def test_every_kind_of_scenario_has_a_replay():
    assert set(REPLAYS) == set(KINDS)
    assert set(STAGES) == set(KINDS) - {"crash"}


def test_the_funds_have_members_who_trade_and_members_who_do_not():
    people = cast(48, 1, ASSETS)
    owners = {person.address for person in people.people if person.contribution}
    members = {key.address for key, _ in people.members}
    assert owners < members
    assert {p.group for p in people.people if p.contribution} > {Group.MAKER}


def test_capital_grows_with_the_number_of_accounts():
    usual, most = cast(48, 1, ASSETS), cast(MOST_ACCOUNTS, 1, ASSETS)
    assert sum(stake for _, stake in usual.stakers) == sum(STAKES)
    assert usual.reserve == RESERVE
    for capital in (
        lambda c: sum(stake for _, stake in c.stakers),
        lambda c: sum(stake for _, stake in c.outsiders),
        lambda c: sum(maker.margin for maker in c.makers),
        lambda c: sum(maker.contribution for maker in c.makers),
        lambda c: sum(keeper.margin for keeper in c.keepers),
        lambda c: c.reserve,
    ):
        assert capital(most) == capital(usual) * Decimal("4.8")  # 192 traders instead of 40
    fewest = cast(FEWEST_ACCOUNTS, 1, ASSETS)
    assert fewest.reserve == RESERVE


def test_isolated_traders_hold_one_market():
    for person in cast(MOST_ACCOUNTS, 1, ASSETS).traders:
        assert person.mode != ISOLATED or len(person.sides) == 1


def test_same_seed_gives_the_same_people():
    first, second, other = (cast(48, seed, ASSETS).people for seed in (7, 7, 8))
    assert [vars(p) | {"key": 0} for p in first] == [vars(p) | {"key": 0} for p in second]
    assert [p.address for p in first] == [p.address for p in second]
    assert [p.address for p in first] != [p.address for p in other]


# --- The clock


def clock(*eth: str, joined: bool = True, pause: int = 120) -> Replay:
    """A replay at its first step, with nobody in trouble."""
    found = dataclasses.replace(series(*eth, pause=pause), is_joined=joined)
    node = SimpleNamespace(time=1_000, queue=[])
    config = SimpleNamespace(default_procedure=SimpleNamespace(auction_duration=120))
    venue = SimpleNamespace(
        node=node, due=0, prices=found.at(0), deployment=SimpleNamespace(config=config)
    )
    return Replay(venue, None, found, 1, began=1_000, next_step=1_000 + pause)


def seen(**changes: int) -> SimpleNamespace:
    usual = {"stage": 0, "since": 0, "assessed_equity": 5, "assessed_maintenance": 1}
    return SimpleNamespace(**(usual | changes))


def test_nobody_looks_while_nothing_moves_and_nobody_is_called():
    assert clock("2000", "2009")._next_look(60) == 1_120
    assert clock("2000", "1000", joined=False)._next_look(60) == 1_120


def test_everybody_looks_when_the_feeds_report_half_a_percent():
    replay = clock("2000", "2100")  # 5 % in ten blocks
    assert replay._next_look(60) == 1_012 + 12
    replay.venue.prices = replay.series.along(0, 24)
    replay.venue.node.time = 1_024
    assert replay._next_look(60) == 1_048


def test_called_accounts_are_looked_at_once_a_minute():
    replay = clock("2000", "2009")
    replay.rows = {7: seen(stage=1)}
    assert replay._next_look(60) == 1_060
    replay.rows = {7: seen(assessed_equity=0)}  # below maintenance margin, and nobody can act
    assert replay._next_look(60) == 1_060


def test_every_block_is_looked_at_while_a_discount_rises():
    replay = clock("2000", "2009")
    replay.venue.due = 1_012
    replay.rows = {7: seen(stage=2, since=990)}
    assert replay._next_look(60) == 1_012
    replay.rows = {7: seen(stage=2, since=800)}  # has risen
    assert replay._next_look(60) == 1_060


def test_what_was_changed_is_looked_at_again_at_once():
    replay = clock("2000", "2009")
    replay.again = True
    assert replay._next_look(60) == 1_000


@pytest.mark.parametrize(("now", "block"), [(1_000, 1_012), (1_011, 1_012), (1_012, 1_024)])
def test_blocks_are_twelve_seconds_apart(now, block):
    assert clock("2000", "2009")._block_after(now) == block


# --- What is refused


def test_usable_prices_are_accepted():
    check_series(series("2000", "1900", "100"), CONFIG)


@pytest.mark.parametrize("price", ["5", "10", "100000", "200000"])
def test_price_that_no_feed_would_report_is_refused(price):
    with pytest.raises(DemoError, match=r"mine: ETH .* outside the bounds .*: 10 to 100000"):
        check_series(series("2000", price), CONFIG)


def test_steps_too_long_to_bridge_are_refused():
    with pytest.raises(DemoError, match=r"mine: 8 days without a price"):
        check_series(series("2000", "1900", pause=8 * DAY), CONFIG)


def test_price_of_a_file_is_named_by_its_line():
    whole = series("2000", "5")
    found = PriceSeries("mine", whole.times, whole.prices, ("my.csv:2", "my.csv:4"))
    with pytest.raises(DemoError, match=r"my\.csv:4: ETH 5 "):
        check_series(found, CONFIG)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"scenario": ""}, "--scenario: is empty; known: black-thursday, "),
        ({"scenario": "may-2021", "prices": Path("x.csv")}, "give one of them"),
        ({"prices": Path("x.csv"), "step": "5m"}, "its own steps"),
        ({"count": FEWEST_ACCOUNTS - 1}, "allowed: 40 to 200"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_chain_starts(asked, reason):
    with pytest.raises(DemoError, match=reason):
        tell(None, None, None, None, Wish(**asked))


def rows_file(path: Path, rows: int) -> Path:
    path.write_text("time,ETH\n" + "1700000000,2000\n" * rows)
    return path


def test_a_file_is_estimated_before_it_is_read(tmp_path):
    path = rows_file(tmp_path / "mine.csv", 4_000)
    assert Wish(prices=path).estimate() == f"{path}: 4,000 rows, about 6 minutes with 48 accounts"


def test_a_file_that_takes_for_ever_is_refused_with_a_way_to_thin_it(tmp_path):
    path = rows_file(tmp_path / "mine.csv", 1_000_000)
    with pytest.raises(DemoError) as caught:
        Wish(prices=path).estimate()
    said = str(caught.value)
    assert "1,000,000 rows, about 25 hours with 48 accounts" in said
    assert f"awk 'NR == 1 || NR % 500 == 2' {path} > {tmp_path}/mine-thin.csv" in said
    assert "about 25 hours" in Wish(prices=path, is_long=True).estimate()


# --- What the report says of a run


@pytest.mark.parametrize(
    ("wish", "command"),
    [
        (Wish(), 'make demo ARGS="--accounts 48 --seed 1"'),
        (
            Wish(scenario="may-2021", step="5m", count=120, seed=3, charity=True),
            'make demo SCENARIO=may-2021 ARGS="--step 5m --accounts 120 --seed 3 --charity"',
        ),
        (
            Wish(prices=Path("x.csv"), is_long=True),
            'make demo PRICES=x.csv ARGS="--accounts 48 --seed 1 --long"',
        ),
    ],
)
def test_the_command_makes_the_same_report_again(wish, command):
    assert wish.command == command


def test_a_run_names_commit_seed_and_parameters():
    run = run_of(Wish(seed=5), CONFIG, cast(48, 5, ASSETS), series("2000", "1900"))
    assert run.seed == 5
    assert run.commit
    assert "auction duration 2m" in run.parameters["Terms of a default"]
    assert "charge cap" in run.parameters["Waterfall"]
    assert "no charity" in run.parameters["Keepers"]
    charity = run_of(Wish(charity=True), CONFIG, cast(48, 5, ASSETS), series("2000", "1900"))
    assert "takes what does not pay" in charity.parameters["Keepers"]


def test_prices_are_named_for_what_they_are():
    scenario = load_scenario("may-2021")
    text = source_of(scenario.series("2m"), scenario, None)
    assert text.startswith("52 control points, joined by straight lines in log price (")
    text = source_of(series("2000", "1900"), None, Path("a/mine.csv"))
    assert text == "2 rows of mine.csv, each held until the next one"


def test_progress_fits_eighty_columns():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    news = "ETH 100,000  BTC 2,000,000  120 called 120 sold"
    with progress_bar(console) as bar:
        bar.update(bar.add_task("", total=20_000, news=news), completed=19_999)
    lines = re.sub(r"\x1b\[[0-9?]*[a-zA-Z]", "", console.file.getvalue())
    shown = re.split(r"[\r\n]+", lines)[-2]
    assert len(shown) <= 80
    assert "19999/20000" in shown
    assert news in shown


def test_keepers_are_charitable_only_where_that_is_asked_for():
    plain, charity = clock("2000", "1900"), clock("2000", "1900")
    charity.charity = True
    assert not any(plain._policy(n).backstop or plain._policy(n).bid_at_mark for n in range(4))
    assert [charity._policy(n).bid_at_mark for n in range(4)] == [False, False, False, True]
    assert [plain._policy(n).calls for n in range(4)] == [True, False, False, False]


# --- What is told and recorded


def stage(**balances: int) -> tuple[Recorder, list[str]]:
    """A recorder that knows one account, and a narrator's lines."""
    reads = [balances.get("insurance", 0), (balances.get("members", 0), 0), 0]
    contracts = dict.fromkeys(("InsuranceFund", "DefaultFund", "Clearinghouse"))
    venue = SimpleNamespace(
        node=SimpleNamespace(listeners=[], read_many=lambda calls: reads),
        contracts=contracts | {"InsuranceFund": SimpleNamespace(address="0xInsurance")},
        decimals=lambda symbol: 6,
        cash_symbol="USDC",
        worth=lambda token, amount: amount,
    )
    venue.repaid = lambda log: Venue.repaid(venue, log)
    recorder, lines = Recorder(venue, None), []
    nothing = {"added": Decimal(0), "taken_out": Decimal(0)}
    recorder.people = {7: SimpleNamespace(label="bold-1", is_trader=True, **nothing)}
    Narrator(venue, recorder, lines.append)
    return recorder, lines


def hear(recorder: Recorder, name: str, **fields: int) -> None:
    for listener in recorder.venue.node.listeners:
        listener(Log(name, "0x", 1_600_000_000, fields))


def paid(account: int = 7, **tiers: int) -> dict[str, int]:
    names = ("own", "reserve", "insurance", "contributions", "assessments", "charged", "to_hole")
    amounts = {name: wad(Decimal(tiers.get(name, 0))) for name in names}
    return {"account": account, "shortfall": sum(amounts.values()), **amounts}


def test_a_shortfall_is_recorded_and_told_tier_by_tier():
    recorder, lines = stage()
    hear(recorder, "ShortfallPaid", **paid(own=5, insurance=7, to_hole=9))
    assert recorder.tiers == Tiers(own=5, insurance=7, hole=9)
    assert recorder.lacked == {"bold-1": 21}
    (event,) = recorder.events
    assert event.kind is EventKind.DRAW
    assert event.amounts == {"shortfall": 21, "own": 5, "insurance": 7, "hole": 9}
    assert lines == [
        "13 Sep 12:26  bold-1 lacked $21: own contribution $5, insurance fund $7, hole $9"
    ]


def test_a_version_of_the_event_without_a_reserve_is_understood():
    recorder, _ = stage()
    event = paid(insurance=7)
    del event["reserve"]
    hear(recorder, "ShortfallPaid", **event)
    hear(recorder, "ShortfallPaid", **paid(reserve=2, charged=1))
    assert recorder.tiers == Tiers(reserve=2, insurance=7, charge=1)


def test_what_is_left_is_drawn_after_a_large_shortfall():
    recorder, lines = stage(insurance=50_000 * 10**6)
    hear(recorder, "ShortfallPaid", **paid(insurance=20_000))
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert f"insurance {'█' * WIDTH} $50k" in lines[1]
    assert f"contributions {'░' * WIDTH} $0" in lines[1]


def test_nothing_is_told_before_the_story_begins():
    recorder, lines = stage()
    recorder.people = {}
    hear(recorder, "WindDownBegan", hole=1, held=1)
    assert lines == []


def test_tear_ups_are_counted_by_account_and_notional():
    recorder, _ = stage()
    for size in (3, -4):
        hear(recorder, "TornUp", account=7, size=size * 10**18, price=2 * 10**18, market=1, value=0)
    hear(recorder, "ClosedOut", account=7, fraction=10**18, cash=-(10**18))
    assert (recorder.tear_ups.accounts, recorder.tear_ups.notional) == (1, 14)
    assert recorder.counts["bold-1"][EventKind.TEAR_UP] == 1


def test_late_deposits_and_withdrawals_are_told_apart_from_results():
    recorder, _ = stage()
    (person,) = recorder.people.values()
    hear(recorder, "Deposited", account=7, token="0xcash", credited=wad(Decimal(50)))
    hear(recorder, "Withdrawn", account=7, token="0xcash", debited=wad(Decimal(20)))
    assert (person.added, person.taken_out) == (50, 20)
    assert recorder.totals["late_deposits"] == 50
    assert recorder.events == []  # nobody was in default
    recorder.in_default = {7}
    hear(recorder, "Deposited", account=7, token="0xcash", credited=wad(Decimal(5)))
    assert recorder.totals["topped_up"] == 5
    assert recorder.counts["bold-1"][EventKind.TOP_UP] == 1


def test_where_fees_go_is_recorded():
    recorder, _ = stage()
    hear(recorder, "FeesCollected", market=1, to_hole=0, to_reserve=wad(Decimal(9)), hole=0)
    hear(recorder, "PremiumPaid", fund="0xinsurance", asked=5_000_000, paid=4_000_000)
    hear(recorder, "PremiumPaid", fund="0xmembers", asked=3_000_000, paid=3_000_000)
    names = ("fees_to_reserve", "fees_to_insurance", "fees_to_members")
    assert [recorder.totals[name] for name in names] == [9, 4, 3]


def test_what_bids_cost_a_defaulter_is_summed():
    recorder, _ = stage()
    recorder.people |= {8: SimpleNamespace(label="keeper-1")}
    amounts = {"discount": wad(Decimal(9)), "fee": wad(Decimal(1)), "fraction": 10**18}
    hear(recorder, "Bid", account=7, bidder=8, **amounts)
    hear(recorder, "RemainderSold", account=7, bidder=8, fraction=1, discount=wad(Decimal(2)))
    assert recorder.totals["users_loss"] == 12
    assert recorder.totals["bonus_paid"] == 11


# --- Liquidators


def books(**exposure: int) -> tuple[Liquidators, list[tuple]]:
    """One keeper with an ETH position and collateral, in a market at 2,000."""
    trades: list[tuple] = []
    keeper, maker = SimpleNamespace(account=8, address="0xk"), SimpleNamespace(account=9)
    position = SimpleNamespace(account=8, market=1, size=wad(Decimal(exposure["position"])))
    venue = SimpleNamespace(
        assets={1: "ETH"},
        prices={"ETH": Decimal(2_000)},
        quotes={"ETH": Decimal(1_990)},
        contracts={"Clearinghouse": None},
        deployment=SimpleNamespace(
            collaterals={"WETH": 0},
            config=SimpleNamespace(collateral=[SimpleNamespace(symbol="WETH", asset="ETH")]),
        ),
        node=SimpleNamespace(
            time=5, listeners=[], read_many=lambda calls: [wad(Decimal(exposure["collateral"]))],
            sent_by=Counter({("0xk", "bid"): 2, ("0xk", "checkpoints"): 9}),
        ),
        positions=lambda accounts: [position],
        market=lambda asset: 1,
        trade=lambda *args, **_: trades.append(args),
    )  # fmt: skip
    people = SimpleNamespace(keepers=[keeper], makers=[maker], people=[keeper])
    hedging = Hedging([1])
    hedging.note(0, 1, Decimal(2_000), Decimal(5_000))
    return Liquidators(venue, people, hedging, Decimal(5)), trades


HOLDS = {8: SimpleNamespace(initial=1, readable=True, equity=wad(Decimal(1_000)))}


def test_a_keeper_sells_positions_and_collateral_at_once_below_the_price_outside():
    liquidators, trades = books(position=30, collateral=10)
    liquidators.hedge(HOLDS)
    ((_, _, market, size, at),) = trades
    assert (market, size) == (1, -40)
    assert Decimal(1_970) < at < Decimal(1_990)


@pytest.mark.parametrize("position", [-10, -9])
def test_what_is_hedged_already_is_left(position):
    liquidators, trades = books(position=position, collateral=10)
    liquidators.hedge(HOLDS)
    assert trades == []


def test_a_keepers_result_has_the_hedge_and_the_gas_in_it():
    liquidators, _ = books(position=0, collateral=0)
    (keeper,) = liquidators.cast.keepers
    vars(keeper).update(label="keeper-1", start_equity=Decimal(900), added=Decimal(60))
    vars(keeper).update(taken_out=Decimal(10))
    for name, fields in (
        ("Bid", {"bidder": 8, "discount": wad(Decimal(90))}),
        ("RewardPaid", {"caller_account": 8, "reward": wad(Decimal(3))}),
        ("Novated", {"taker": 8, "market": 1, "price": wad(Decimal(1_998)), "size": 10**19,
                     "taker_fee": 10**18}),
        ("Novated", {"taker": 7, "market": 1, "price": 0, "size": 0, "taker_fee": 10**18}),
    ):  # fmt: skip
        for listener in liquidators.venue.node.listeners:
            listener(Log(name, "0x", 1, fields))
    (record,) = liquidators.records(HOLDS)
    assert (record.paid, record.hedging, record.gas) == (93, 21, 10)
    # Equity grew by 100, 50 of it deposits: 50 less gas.
    assert record.result == 40
    assert record.moves == 50 - 93 + 21


def test_a_repayment_is_recorded_and_told():
    recorder, lines = stage()
    tiers = {f"to_{tier}": 0 for tier in ("assessments", "contributions")}
    hear(
        recorder,
        "DebtRepaid",
        account=7,
        to_hole=wad(Decimal("2.5")),
        to_insurance=10**6,
        to_reserve=0,
        **tiers,
    )
    assert recorder.totals["repaid"] == Decimal("3.5")
    went = {tier: part for tier, part in recorder.recoveries.items() if part}
    assert went == {"hole": Decimal("2.5"), "insurance": 1}
    assert recorder.events[0].amounts == {"amount": Decimal("3.5"), "to hole": Decimal("2.5")} | {
        "to insurance": 1
    }
    assert lines == ["13 Sep 12:26  bold-1 repays hole $2.50, insurance fund $1"]


def test_a_deficit_counts_what_nobody_paid_as_hole():
    recorder, lines = stage()
    amounts = paid(insurance=3)
    amounts |= {"deficit": 10 * 10**18, "reward": 10**17, "to_hole": 9 * 10**18}
    hear(recorder, "DeficitPaid", **amounts)
    assert recorder.tiers == Tiers(insurance=3, hole=7)
    assert recorder.totals["proofs"] == 1
    told = " ".join(lines[0].split())
    assert told.endswith("proven to lack $10: insurance fund $3, hole $7; reward $0.10")


def test_a_deficit_that_collateral_covers_lacks_nothing():
    recorder, lines = stage()
    hear(recorder, "DeficitPaid", **paid(), deficit=0, reward=10**17)
    told = " ".join(lines[0].split())
    assert told.endswith("to owe no more than its collateral is worth; reward $0.10")


def test_an_announced_wind_down_is_told_with_its_day():
    recorder, lines = stage()
    due = recorder.offset + 1_600_086_400
    hear(recorder, "WindDownAnnounced", due=due, hole=5 * 10**18, held=20 * 10**18)
    told = " ".join(lines[0].split())
    assert told.endswith("a wind-down is announced for 14 Sep 12:26: a hole of $5, $20 held")


@pytest.mark.parametrize(("amount", "filled"), [(0, 0), (50, WIDTH // 2), (100, WIDTH)])
def test_bars_are_as_full_as_the_fund(amount, filled):
    assert bar(Decimal(amount), Decimal(100)).count("█") == filled
    assert bar(Decimal(amount), Decimal(0)) == "░" * WIDTH


ROWS = [
    {
        "type": "tuple[]",
        "components": [
            {"name": "account", "type": "uint256"},
            {"name": "cash", "type": "int256"},
            {"name": "valid", "type": "bool"},
        ],
    }
]


@pytest.mark.parametrize(
    "rows", [[], [(2**256 - 1, -1, True)], [(0, -(2**255), False), (5, 2**255 - 1, True)]]
)
def test_rows_of_numbers_are_decoded_as_they_were_encoded(rows):
    data = "0x" + encode(["(uint256,int256,bool)[]"], [rows]).hex()
    found = [(row.account, row.cash, row.valid) for row in _decoded(ROWS, data)]
    assert found == rows


def test_calls_with_a_wrong_number_of_arguments_are_refused():
    contract = Contract("0x", [{"type": "function", "name": "f", "inputs": [], "outputs": []}])
    assert contract.encode("f", ())[0].startswith("0x")
    with pytest.raises(NodeError, match="f does not take 1 arguments"):
        contract.encode("f", (1,))


@pytest.mark.parametrize("assets", [["ETH"], ["BTC"], ["ETH", "BTC"]])
def test_feeds_of_an_asset_that_the_series_lacks_stay_silent(assets):
    whole = series("2000", "1900")
    part = PriceSeries("part", whole.times, {name: whole.prices[name] for name in assets})
    sent = []
    desk = SimpleNamespace(
        feeds=[("ETH", 8, "eth"), ("BTC", 8, "btc")],
        publisher="admin",
        node=SimpleNamespace(add=lambda *call: sent.append(call)),
    )
    Venue.publish(desk, part, 0)
    answers = {"ETH": 2_000 * 10**8, "BTC": 40_000 * 10**8}
    assert sent == [("admin", name.lower(), "set", answers[name]) for name in assets]
