"""Rate limits: how many calls pass at once and over time, and what the wait of a refused call is worth."""

from hypothesis import given
from hypothesis import strategies as st

from bot.localslack.rates import LIMITS, MINUTE_S, ONE_A_SECOND, OTHERWISE, RateLimits

POST = "chat.postMessage"
METHODS = st.sampled_from([POST, "chat.update", "users.list", "views.open"])


def passed(limits: RateLimits, method: str, count: int, *, channel: str = "C1", at: float = 0.0) -> int:
    return sum(limits.wait_s(method, channel, at) == 0 for _ in range(count))


def test_nothing_is_limited_until_it_is_switched_on() -> None:
    assert passed(RateLimits(), "users.list", 1000) == 1000


def test_each_tier_lets_a_minutes_worth_pass_at_once() -> None:
    limits = RateLimits(is_on=True)
    assert [passed(limits, method, 1000) for method in ("users.list", "chat.update", "views.open")] == [20, 50, 100]
    assert passed(limits, "auth.test", 1000) == 1000


def test_messages_pass_in_a_short_burst_and_then_one_a_second_in_each_channel() -> None:
    limits = RateLimits(is_on=True)
    assert passed(limits, POST, 10) == 5
    assert passed(limits, POST, 10, channel="C2") == 5
    assert passed(limits, POST, 10, at=1.0) == 1
    assert passed(limits, POST, 10, at=4.0) == 3


def test_a_faster_clock_fills_faster() -> None:
    limits = RateLimits()
    limits.switch(is_on=True, speed=10)
    assert passed(limits, POST, 10) == 5
    assert passed(limits, POST, 10, at=0.5) == 5


def test_switching_anew_begins_with_full_buckets_and_off_limits_nothing() -> None:
    limits = RateLimits(is_on=True)
    passed(limits, POST, 10)
    limits.switch(is_on=True, speed=1)
    assert passed(limits, POST, 10) == 5
    limits.switch(is_on=False, speed=1)
    assert passed(limits, POST, 10) == 10


@given(METHODS, st.lists(st.floats(0, 5), min_size=1, max_size=300), st.floats(0.1, 20))
def test_no_stretch_of_time_lets_more_pass_than_its_worth_and_a_burst(
    method: str, gaps: list[float], speed: float
) -> None:
    limits, limit = RateLimits(), LIMITS.get(method, OTHERWISE)
    limits.switch(is_on=True, speed=speed)
    now, times = 0.0, []
    for gap in gaps:
        now += gap
        if limits.wait_s(method, "C1", now) == 0:
            times.append(now)
    per_second = limit.per_minute / MINUTE_S * speed
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= limit.burst + (times[last] - begin) * per_second + 1e-6


@given(METHODS, st.integers(0, 200), st.floats(0, 3))
def test_a_call_that_waits_as_told_passes(method: str, before: int, at: float) -> None:
    limits = RateLimits(is_on=True)
    passed(limits, method, before)
    wait_s = limits.wait_s(method, "C1", at)
    assert wait_s == 0 or limits.wait_s(method, "C1", at + wait_s) == 0


def test_a_refused_call_costs_nothing() -> None:
    limits = RateLimits(is_on=True)
    passed(limits, POST, ONE_A_SECOND.burst)
    assert [limits.wait_s(POST, "C1", 0.0) for _ in range(100)] == [1] * 100
    assert limits.wait_s(POST, "C1", 1.0) == 0
