"""Two feeds, one judgement (docs/specification.md, section 4)."""

from __future__ import annotations

from typing import NamedTuple

from verification.reference.rounding import BPS, WAD, clamp, down, exponential, require, up
from verification.reference.state import Asset, State
from verification.reference.terms import DAY, HOUR

VALID, STALE, DIVERGENT, HALTED = 0, 1, 2, 3
TRUST = 100 * HOUR  # 1 % for every hour: after this, old evidence says nothing
MAX_AHEAD = 15  # seconds by which a feed's clock may be ahead
SHOW_AGAIN = 6 * HOUR  # the longest time between two reports of one outage
ANSWER_LIMIT = 2**180  # no feed answers that; what does, is no answer


class Price(NamedTuple):
    """What a price is known to be: an interval, and a point when it is VALID, with the second
    answer that agrees."""

    low: int
    high: int
    status: int
    second: int = 0

    @property
    def is_valid(self) -> bool:
        """Whether it may be acted on."""
        return self.status == VALID

    def end(self, upper: bool) -> int:
        """One end of the interval."""
        return self.high if upper else self.low


class Evidence(NamedTuple):
    """What one source says: a price, by how long it is overdue, and what it allows at the bounds.

    `price` 0: none. `overdue` None: fresh.
    """

    price: int = 0
    overdue: int | None = None
    may_be_least: bool = False
    may_be_greatest: bool = False


NOTHING = Evidence(overdue=0)


def judge(w: State, name: str) -> Price:
    """Say what an asset costs now."""
    asset = w.assets[name]
    primary, secondary = (_answer(w, asset, place) for place in (0, 1))
    if primary.price and secondary.price and primary.overdue is None and secondary.overdue is None:
        low, high = sorted((primary.price, secondary.price))
        if (high - low) * BPS <= low * asset.terms.deviation:
            return Price(primary.price, primary.price, VALID, secondary.price)
        return Price(low, high, DIVERGENT)
    status = STALE if primary.price else HALTED
    return Price(*_interval(w, asset, primary, secondary), status)


def _answer(w: State, asset: Asset, place: int) -> Evidence:
    feed, terms = asset.feeds[place], asset.terms
    if not 0 < feed.answer < ANSWER_LIMIT or not 0 < feed.updated_at <= w.now + MAX_AHEAD:
        return NOTHING
    decimals = terms.decimals[place]
    price = feed.answer * 10**18 // 10**decimals
    if price == 0:
        return NOTHING
    if price <= terms.least:
        return Evidence(overdue=0, may_be_least=True)
    if price >= terms.greatest:
        return Evidence(overdue=0, may_be_greatest=True)
    overdue = w.now - feed.updated_at - terms.heartbeats[place]
    return Evidence(price, None if overdue <= 0 else overdue)


def _interval(w: State, asset: Asset, *answers: Evidence) -> tuple[int, int]:
    """Enclose the evidence: both answers, or one and the checkpoint, or the checkpoint."""
    least, greatest = asset.terms.least, asset.terms.greatest
    evidence = list(answers)
    if not all(answer.price for answer in answers):
        if asset.checkpoint_price:
            age = w.now - asset.checkpoint_time
            evidence.append(Evidence(asset.checkpoint_price, age))
        else:
            evidence.append(Evidence(may_be_least=True, may_be_greatest=True))
    lows, highs = [greatest], [least]
    for source in evidence:
        if source.price:
            spread = up(source.price * (source.overdue or 0), TRUST)
            lows.append(source.price - min(spread, source.price))
            highs.append(source.price + spread)
        if source.may_be_least:
            lows.append(least)
        if source.may_be_greatest:
            highs.append(greatest)
    low, high = min(lows), max(highs)
    low -= up(low * asset.terms.deviation, BPS)
    high += up(high * asset.terms.deviation, BPS)
    low = min(max(low, least), greatest - 1)
    return low, max(min(high, greatest), low + 1)


# MEMORY -------------------------------------------------------------------------------------------


def set_answer(w: State, asset: str, place: int, answer: int, updated_at: int) -> None:
    """A feed gives another answer."""
    feed = w.assets[asset].feeds[place]
    feed.answer, feed.updated_at = answer, updated_at


def take_checkpoint(w: State, name: str) -> None:
    """Remember a VALID price, move the average, end an outage."""
    price = judge(w, name)
    require(price.is_valid, "price oracle: price not valid")
    asset = w.assets[name]
    asset.average = _averaged(w, asset, asset.average, price.low, HOUR)
    asset.day_average = _averaged(w, asset, asset.day_average, price.low, DAY)
    asset.checkpoint_price, asset.checkpoint_time = price.low, w.now
    asset.outage_since = asset.outage_shown = 0


def _averaged(w: State, asset: Asset, old: int, price: int, window: int) -> int:
    """An average that forgets what is as old as its window to 1 / e."""
    if asset.checkpoint_time == 0:
        return price
    kept = exponential(-down((w.now - asset.checkpoint_time) * WAD, window))
    middle = down(asset.checkpoint_price + price, 2)
    return down(old * kept + middle * (WAD - kept), WAD)


def report_outage(w: State, name: str) -> None:
    """Put on record that a price is not VALID, or show that it still is not, every six hours. An
    outage of silence is as old as the silence at most."""
    price, asset = judge(w, name), w.assets[name]
    require(not price.is_valid, "price oracle: price is valid")
    require(asset.outage_shown != w.now, "price memory: outage already shown")
    if w.now > asset.outage_shown + SHOW_AGAIN:
        asset.outage_since = w.now
    answers = [_answer(w, asset, place) for place in (0, 1)]
    if price.status == STALE and all(answer.price for answer in answers):
        silent = max(answer.overdue or 0 for answer in answers)
        asset.outage_since = max(asset.outage_since, w.now - silent)
    asset.outage_shown = w.now


def settlement_price(w: State, name: str) -> tuple[int, int]:
    """The price at which a market of this asset would be settled, and its kind: 0 in doubt, 1
    VALID, 2 final."""
    price, asset = judge(w, name), w.assets[name]
    if price.is_valid:
        return price.low, 1
    average = asset.average or down(price.low + price.high, 2)
    since, shown = asset.outage_since, asset.outage_shown
    is_shown = since != 0 and w.now <= shown + SHOW_AGAIN
    is_final = is_shown and w.now >= since + asset.terms.settle_after
    return clamp(average, price.low, price.high), 2 if is_final else 0
