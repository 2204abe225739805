"""Prices, feeds and time; checkpoints and outages."""

from __future__ import annotations

from verification.engine.evm import ADMIN
from verification.fuzz.action import action, move
from verification.fuzz.domains import ASSET, MARKET, PERSON, Choice, Either, Whole
from verification.fuzz.stage import Call, Stage

BOUNDS = {"ETH": (50, 60_000), "BTC": (500, 900_000), "ODD": (2, 60)}  # where prices stay
WAD = 10**18
SMALL, LARGE = Whole(-150, 150), Whole(-900, 900)


def _moved(stage: Stage, asset: str, bps: int) -> int:
    low, high = BOUNDS[asset]
    if asset == "ODD":
        bps //= 4  # its second feed never moves
    price = max(stage.answer(asset), WAD) * (10_000 + bps) // 10_000
    if asset == "ODD":
        low, high = 9, 11
    return min(max(price, low * WAD), high * WAD)


@move("prices", 4, asset=ASSET, bps=Either((SMALL, SMALL, LARGE)))
def move_price(stage: Stage, asset: str, bps: int) -> None:
    """Both feeds move."""
    stage.publish(asset, _moved(stage, asset, bps))


@move("gaps", 1, asset=ASSET, bps=Whole(-3_000, 3_000))
def gap(stage: Stage, asset: str, bps: int) -> None:
    """Both feeds jump."""
    stage.publish(asset, _moved(stage, asset, bps))
    stage.stale()


@move("outages", 1, asset=ASSET, bps=Choice((-900, -300, 150, 300, 900)))
def disagree(stage: Stage, asset: str, bps: int) -> None:
    """The second feed goes its own way."""
    price = stage.answer(asset)
    stage.publish(asset, price, price * (10_000 + bps) // 10_000)


@move("outages", 0.7, asset=ASSET, answer=Choice((0, -1, 1, 10**30)), is_second=Choice((0, 1)))
def break_feed(stage: Stage, asset: str, answer: int, is_second: int) -> None:
    """A feed answers nonsense."""
    feed = stage.world.deployment.feeds[asset][is_second]
    if hasattr(feed, "set"):
        feed.set(answer, sender=ADMIN)
    stage.stale()


@move(
    "outages",
    0.7,
    asset=ASSET,
    seconds=Choice((-100, 3_000, 4_000, 9_000, 400_000)),
    is_second=Choice((0, 1)),
)
def age_feed(stage: Stage, asset: str, seconds: int, is_second: int) -> None:
    """A feed claims to have answered long ago, or in the future."""
    feed = stage.world.deployment.feeds[asset][is_second]
    if hasattr(feed, "set_answer"):
        feed.set_answer(feed.latestRoundData()[1], stage.now() - seconds, sender=ADMIN)
    stage.stale()


@move("outages", 0.5, mode=Choice((0, 0, 0, 1, 3, 4, 5, 6, 7)))
def hostile_feed(stage: Stage, mode: int) -> None:
    """The hostile feed reverts, lies, bombs or works hard."""
    stage.world.deployment.feeds["ODD"][1].set_mode(mode, sender=ADMIN)
    stage.stale()


@move("mending", 2, asset=ASSET)
def mend(stage: Stage, asset: str) -> None:
    """Both feeds agree again, near where they were."""
    low, high = BOUNDS[asset]
    price = min(max(stage.answer(asset), low * WAD), high * WAD)
    if asset == "ODD":
        price = 10 * WAD
        stage.world.deployment.feeds["ODD"][1].set_mode(0, sender=ADMIN)
    stage.publish(asset, price)


@move("time", 3, seconds=Either((Whole(1, 600), Whole(600, 4_000), Whole(4_000, 100_000))))
def wait(stage: Stage, seconds: int) -> None:
    """Time passes; feeds keep reporting what they said."""
    stage.world.chain.mine(seconds)
    stage.refresh()


@move("silence", 0.3, seconds=Either((Whole(1, 4_000), Whole(4_000, 300_000))))
def wait_in_silence(stage: Stage, seconds: int) -> None:
    """Time passes and no feed says anything."""
    stage.world.chain.mine(seconds)
    stage.stale()


@move("sequencer", 0.3, is_up=Choice((True, True, False)))
def sequencer(stage: Stage, is_up: bool) -> None:
    """The sequencer stops, or is back."""
    address = stage.world.price_oracle.sequencer_feed()
    if int(address, 16):
        stage.world.chain.attach("TestSequencerFeed", address).set_status(is_up, sender=ADMIN)
    stage.stale()


@action("oracle", {"price oracle: price not valid"}, 1, market=MARKET, caller=PERSON)
def checkpoint(stage: Stage, market: int, caller: int) -> Call:
    """Anyone notes a VALID price."""
    return Call("risk_engine", "checkpoint", (8 + market,), stage.people[caller])


@action("oracle", set(), 0.5, caller=PERSON)
def checkpoints(stage: Stage, caller: int) -> Call:
    """All at once, what is not VALID passed over."""
    return Call("risk_engine", "checkpoints", ([9, 10, 11, 1, 2, 3],), stage.people[caller])


OUTAGE = {
    "price oracle: price is valid",
    "price oracle: sequencer outage",
    "price memory: outage already shown",
}


@action("oracle", OUTAGE, 1, market=MARKET, caller=PERSON)
def report_outage(stage: Stage, market: int, caller: int) -> Call:
    """Anyone notes that a price is dead."""
    return Call("risk_engine", "report_outage", (8 + market,), stage.people[caller])


@action(
    "oracle",
    OUTAGE | {"price oracle: price not valid"},
    0.4,
    market=MARKET,
    caller=PERSON,
    function=Choice(("checkpoint", "report_outage")),
)
def ask_oracle(stage: Stage, market: int, caller: int, function: str) -> Call:
    """The same without the engine: it writes the caller's own memory."""
    w0, w1, w2, _ = stage.world.risk_engine.row_words(8 + market)
    w3 = stage.world.risk_engine.witness_words(market)
    words = (w0, w1 & (1 << 160) - 1, w2, w3)
    return Call("price_oracle", function, words, stage.people[caller])
