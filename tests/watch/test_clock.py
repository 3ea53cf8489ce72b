"""When a watcher looks, in the hours that a change of clocks leaves out or repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.config import Settings
from sparkify.errors import ConfigError
from sparkify.watch import clock, make_watcher

BERLIN = "Europe/Berlin"
SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the hour from 2:00 on is left out
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)  # the hour from 2:00 on comes twice


def times(expression: str, after: datetime, count: int) -> list[str]:
    """The next moments of an expression in Berlin, in UTC."""
    when = clock.cron(expression, BERLIN)

    def following(moment: datetime):  # type: ignore[no-untyped-def]  # a generator
        while True:
            moment = when(moment)
            yield f"{moment:%d %H:%M}"

    return list(islice(following(after), count))


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        # 2:30 does not exist: it comes when the clocks have changed, at 3:00.
        ("30 2 * * *", SPRING, ["29 01:00", "30 00:30", "31 00:30"]),
        ("0 3 * * *", SPRING, ["29 01:00", "30 01:00"]),
        ("@daily", SPRING, ["28 23:00", "29 22:00", "30 22:00"]),
        # 2:30 comes twice: it counts the first time.
        ("30 2 * * *", AUTUMN, ["25 00:30", "26 01:30", "27 01:30"]),
        ("0 3 * * *", AUTUMN, ["25 02:00", "26 02:00"]),
        ("@daily", AUTUMN, ["24 22:00", "25 23:00"]),
        # Sunday is 0 and 7; the first of a month or a Sunday.
        ("0 12 1 * 0", AUTUMN, ["25 11:00", "01 11:00", "08 11:00"]),
        ("0 12 * * 7", AUTUMN, ["25 11:00", "01 11:00", "08 11:00"]),
        ("0 12 * * SUN", AUTUMN, ["25 11:00", "01 11:00", "08 11:00"]),
    ],
)
def test_fixed_times_come_once_a_day(
    expression: str, after: datetime, expected: list[str]
) -> None:
    """Whatever the clocks do, a time of the day comes once on it."""
    assert times(expression, after, len(expected)) == expected


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
@pytest.mark.parametrize(
    ("expression", "minutes"), [("*/15 * * * *", 15), ("@hourly", 60)]
)
def test_regular_times_come_as_regularly_as_ever(
    night: datetime, expression: str, minutes: int
) -> None:
    """What goes by the hour or the minute knows no change of clocks."""
    when = clock.cron(expression, BERLIN)
    moment = night
    for _ in range(24 * 60 // minutes):
        following = when(moment)
        assert following - moment == timedelta(minutes=minutes)
        moment = following


@given(
    st.sampled_from(
        ["30 2 * * *", "*/7 2 * * *", "0 2-3 * * *", "15 * * * *", "@daily"]
    ),
    st.sampled_from([SPRING, AUTUMN]),
    st.integers(0, 24 * 60),
)
def test_next_look_is_always_to_come(
    expression: str, night: datetime, minutes: int
) -> None:
    """From whatever moment: else a watcher would look without a pause."""
    moment = night + timedelta(minutes=minutes, seconds=20)
    assert clock.cron(expression, BERLIN)(moment) > moment


def test_every_counts_from_the_look_before() -> None:
    """The time between two looks is as asked for, later by the jitter at most."""
    assert clock.every(90)(SPRING) - SPRING == timedelta(seconds=90)
    late = clock.jittered(clock.every(90), 10)
    waits = {(late(SPRING) - SPRING).total_seconds() for _ in range(50)}
    assert len(waits) > 1
    assert all(90 <= wait <= 100 for wait in waits)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("61 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("* * 0 * *", "bad day-of-month"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("* * * 13 *", "bad month"),
        ("* * * * 8", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("* * * *", "wrong number of fields"),
        ("0 * * * * *", "wrong number of fields"),
        ("@fortnightly", "wrong number of fields"),
        ("", "wrong number of fields"),
    ],
)
def test_wrong_expression_is_one_sentence(expression: str, says: str) -> None:
    """It says what is wrong, and how it is written rightly."""
    with pytest.raises(ConfigError) as refused:
        clock.cron(expression)
    assert says in str(refused.value)
    assert "@daily" in str(refused.value)
    assert refused.value.exit_code == 2


def test_unknown_zone_is_one_sentence() -> None:
    """A zone that is none is named."""
    with pytest.raises(ConfigError, match="no time zone 'Mars/Base'"):
        clock.cron("@daily", "Mars/Base")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"every": "5x"}, "--every '5x' is not a time"),
        ({"every": "0s"}, "--every '0s' is too short"),
        ({"every": "5m", "cron": "@daily"}, "one of --every and --cron"),
        ({"full_every": "now"}, "--full-every 'now' is not a time"),
        ({"jitter": "-1s"}, "--jitter '-1s' is not a time"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict[str, str], says: str) -> None:
    """Each names the option."""
    with pytest.raises(ConfigError, match=says):
        make_watcher(Settings(), tell=lambda _: None, **options)
