"""From any state: a keeper with cash brings every default to an end, and who is flat can leave.

Feeds are repaired and pauses run out first: INV-13 promises no more. In a wind-down everything is
settled, proven and redeemed (INV-12).
"""

from __future__ import annotations

from typing import Any

from verification.engine.evm import ADMIN, Reverted
from verification.engine.world import HEALTHY, NEVER, WAD
from verification.fuzz.actions.reasons import MISSING
from verification.fuzz.laws import REDEMPTION, RUNNING, check_books, require
from verification.fuzz.stage import IDLE_PLACE, KEEPER, Stage
from verification.machines.model import PPM

ROUNDS = 12
BATCH = 8
PAUSE = 86_400 + 4_201  # the longest pause, and the time after in which nobody leaves
KEEPERS_CASH = 10**9
HOUR, FRESH = 3_600, 600  # how long the limit of outflow and what is won lately are remembered


def check_liveness(stage: Stage) -> None:
    """Bring everything to an end, or say what cannot be."""
    _repair(stage)
    if stage.world.clearinghouse.phase() == RUNNING:
        _end_defaults(stage)
        check_books(stage)
        _leave(stage)
    else:
        _wind_down(stage)
    check_books(stage)


def _try(stage: Stage, function: Any, *args: Any, sender: Any) -> str:
    """Call; return the reason of a refusal."""
    try:
        receipt = function(*args, sender=sender)
    except Reverted as refused:
        return refused.reason or "no reason"
    if stage.gang:
        stage.gang.note(receipt)
    return ""


def _repair(stage: Stage) -> None:
    """Let pauses and silence end, the feeds agree and the tokens behave."""
    chain, done = stage.world.chain, stage.world.deployment
    sequencer = stage.world.price_oracle.sequencer_feed()
    if int(sequencer, 16):
        chain.attach("TestSequencerFeed", sequencer).set_status(True, sender=ADMIN)
    token = done.tokens["ODD"]
    token.set_behaviour(0, sender=ADMIN)
    token.set_fee(0, sender=ADMIN)
    token.set_hook("0x" + "00" * 20, b"", False, sender=ADMIN)
    done.feeds["ODD"][1].set_mode(0, sender=ADMIN)
    chain.mine(PAUSE)
    for asset, (low, high) in {"ETH": (50, 60_000), "BTC": (500, 900_000), "ODD": (10, 10)}.items():
        stage.publish(asset, min(max(stage.answer(asset), low * WAD), high * WAD))


def _end_defaults(stage: Stage) -> None:
    """Calls, auctions, bids and tear-ups until nobody is below maintenance margin."""
    manager, lens = stage.world.default_manager, stage.world.lens
    keeper = stage.people[KEEPER]
    purse = stage.world.open(keeper, KEEPERS_CASH)
    stage.accounts.append((KEEPER, purse))
    if stage.gang:
        stage.gang.receive(KEEPERS_CASH * WAD)
    refusals: list[str] = []
    for _ in range(ROUNDS):
        rows = [row for row in lens.accounts(stage.ids) if row.account != purse]
        due = [row for row in rows if row.assessed_equity < row.assessed_maintenance]
        due += [row for row in rows if row.stage == 3 and row not in due and _is_open(stage, row)]
        if not due:
            return
        refusals = []
        for row in due:
            account = row.account
            refusals += [
                _try(stage, manager.call_margin, account, purse, sender=keeper),
                _try(stage, manager.open_auction, account, sender=keeper),
                _try(stage, manager.tear_up, [account], purse, sender=keeper),
                _try(stage, manager.bid, account, WAD, purse, 1, 0, NEVER, sender=keeper),
                _try(stage, manager.cure, account, sender=keeper),
            ]
        stage.world.chain.mine(90_000)
        stage.refresh()
    require(False, "INV-13: a default does not end", sorted(set(refusals)))


def _is_open(stage: Stage, row: Any) -> bool:
    """Whether a keeper has something to do: a position that was in doubt is left."""
    return bool(stage.world.header(row.account).markets)


def _leave(stage: Stage) -> None:
    """Those without a position take out all they have, unless money is missing: a hole, or others'
    negative cash."""
    ledger, done = stage.world.clearinghouse, stage.world.deployment
    for market in done.markets.values():
        _try(stage, ledger.convert_positions, market, stage.ids, 0, sender=ADMIN)
    for who, account in stage.accounts:
        _try(stage, ledger.recover, account, sender=stage.people[who])
        _try(stage, stage.world.default_manager.cure, account, sender=stage.people[who])
    stage.world.chain.mine(FRESH)
    for place, (who, account) in enumerate(stage.accounts):
        if place == IDLE_PLACE:
            continue  # so that the last look at the books still knows them
        owner = stage.people[who]
        header = stage.world.header(account)
        if header.markets or header.cash < 0 or header.is_indebted or ledger.hole():
            continue
        require(header.stage == HEALTHY, "a flat account stays under a stage", place)
        for symbol, token in done.tokens.items():
            units = _units(stage, account, symbol)
            if units:
                reason = _try(stage, ledger.withdraw, account, token, units, owner, sender=owner)
                if reason == "exits: outflow limit":
                    # A part of them, an hour later.
                    stage.world.chain.mine(HOUR)
                    held = token.balanceOf(ledger)
                    part = min(units, held * ledger.outflow()[0] // PPM)
                    args = account, token, part, owner
                    reason = _try(stage, ledger.withdraw, *args, sender=owner) if part else ""
                # Debts that collateral backs are cash which is not there yet, up to their cap.
                is_owed = symbol == "USDC" and reason == MISSING and ledger.negative_cash()
                kind = "an owner without positions cannot leave"
                require(is_owed or not reason, kind, f"{place}: {reason}")


def _units(stage: Stage, account: int, symbol: str) -> int:
    """Return what an account holds of a token, in whole units."""
    done = stage.world.deployment
    if symbol == "USDC":
        return stage.world.cash(account) // 10**12
    held = stage.world.clearinghouse.collateral(account, done.collaterals[symbol])
    return held // 10 ** (18 - done.tokens[symbol].decimals())


def _wind_down(stage: Stage) -> None:
    """Settle, prove and redeem: everybody gets their part, in any order (INV-12)."""
    ledger, manager = stage.world.clearinghouse, stage.world.default_manager
    keeper = stage.people[KEEPER]
    for market in stage.world.deployment.markets.values():
        _try(stage, ledger.settle_market, market, sender=keeper)
        _try(stage, ledger.convert_positions, market, stage.ids, 0, sender=keeper)
    if ledger.phase() < REDEMPTION:
        for account in stage.ids:
            _try(stage, manager.prove_deficit, account, sender=keeper)
        stage.world.chain.mine(ledger.proof_window() + 1)
        reason = _try(stage, ledger.begin_redemption, sender=keeper)
        require(not reason, "INV-12: redemption does not begin", reason)
    are_proven = all(stage.world.cash(account) >= 0 for account in stage.ids)
    for who, account in reversed(stage.accounts):
        reason = _try(stage, ledger.redeem, account, stage.people[who], sender=keeper)
        allowed = {"", "wind down: nothing to redeem"}
        if not are_proven:
            allowed.add("wind down: account has a deficit")
        require(reason in allowed, "INV-12: an account cannot redeem", reason)
        kept = stage.world.header(account).collateral_bitmap
        require(reason or not kept, "INV-12: collateral cannot be redeemed", kept)
