"""The periods before the asked one, as charts count them, and the hours of the data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.metrics import Period
from sparkify.metrics.period import earlier_periods, stretches

ZONES = ("UTC", "America/New_York")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def _period(first_event_at: datetime | None, days: int) -> Period:
    last = date(2018, 11, 30)
    return Period(last - (days - 1) * DAY, last, last, first_event_at, first_event_at)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("days", [1, 7, 28, 90, 400])
def test_earlier_periods_reach_back_to_the_first_day(zone: str, days: int) -> None:
    """They join without a gap, none twice, and take a bounded number of statements."""
    first = datetime(2017, 3, 5, 4, 30, tzinfo=UTC).replace(tzinfo=None)
    parts = list(earlier_periods(zone, _period(first, days)))
    known = [
        (part["newest_period"], part["oldest_period"], part["periods_start"])
        for part in parts
    ]
    numbers = [
        n for new, old, _ in known for n in range(int(str(new)), int(str(old)) + 1)
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    starts = [part["periods_start"] for part in parts]
    ends = [part["periods_end"] for part in parts]
    assert starts[:-1] == ends[1:]
    assert isinstance(starts[-1], datetime)
    assert starts[-1] <= first < starts[-1] + days * DAY + DAY
    assert len(parts) <= 24


def test_there_is_no_period_before_the_data() -> None:
    """Nothing is counted where nothing can be."""
    assert not list(earlier_periods("UTC", _period(None, 28)))
    within = datetime(2018, 11, 20, tzinfo=UTC).replace(tzinfo=None)
    assert not list(earlier_periods("UTC", _period(within, 28)))


@given(
    # in Casablanca clocks are set back for Ramadan, and on again a month later
    zone=st.sampled_from([*ZONES, "America/Sao_Paulo", "Africa/Casablanca"]),
    days=st.integers(0, 20 * 365),
    minute=st.integers(0, 24 * 60 - 1),
    hours=st.sampled_from([1, 7, 24, 25, 1000, 20_000]),
)
def test_stretches_have_every_hour_by_its_own_clock(
    zone: str, days: int, minute: int, hours: int
) -> None:
    """From the first hour to the last, none twice, each with the offset of its zone."""
    first = datetime.fromisoformat("2005-01-01") + days * DAY + minute * MINUTE
    last = first + (hours - 1) * HOUR
    period = Period(first.date(), last.date(), last.date(), first, last)
    told: list[tuple[datetime, timedelta]] = []
    for stretch in stretches(zone, period):
        start, east = stretch["stretch_start"], int(str(stretch["utc_offset"]))
        assert isinstance(start, datetime)
        told += [
            (start + n * HOUR, east * HOUR)
            for n in range(int(str(stretch["stretch_hours"])))
        ]
    begin = first.replace(minute=0, second=0, microsecond=0)
    assert [hour for hour, _ in told] == [begin + n * HOUR for n in range(hours)]
    for hour, offset in told:
        clock = hour.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert clock.utcoffset() == offset
