"""The periods before the asked one, as charts count them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sparkify.metrics import Period
from sparkify.metrics.period import earlier_periods

ZONES = ("UTC", "America/New_York")
DAY = timedelta(days=1)


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
