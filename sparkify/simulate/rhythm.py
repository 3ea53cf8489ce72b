"""The week of the listeners: when they start a session, by hour and weekday (UTC)."""

from bisect import bisect
from itertools import accumulate

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY

_MORNING = (15, 13, 11, 12, 14, 17, 18, 20, 25, 30, 33, 33)
_AFTERNOON = (34, 42, 48, 53, 52, 48, 40, 35, 29, 23, 20, 17)
_FROM_MONDAY = (21, 22, 25, 22, 25, 13, 9)

_WEIGHTS = [day * hour for day in _FROM_MONDAY for hour in _MORNING + _AFTERNOON]
_BEFORE = list(accumulate(_WEIGHTS, initial=0))
_TOTAL = _BEFORE[-1]
_THURSDAY = 3 * DAY  # how far the epoch is into its week


def later(ts: int, hours: float) -> int:
    """Return the moment so many hours of average activity after ts (epoch ms).

    Such an hour passes fast when the week is busy and slowly at night, so waits of
    any length end where it is busy.
    """
    week, rest = divmod(ts + _THURSDAY, WEEK)
    hour, part = divmod(rest, HOUR)
    activity = _BEFORE[hour] + _WEIGHTS[hour] * part / HOUR
    weeks, activity = divmod(activity + hours * _TOTAL / len(_WEIGHTS), _TOTAL)
    hour = bisect(_BEFORE, activity) - 1
    part = round((activity - _BEFORE[hour]) / _WEIGHTS[hour] * HOUR)
    return (week + int(weeks)) * WEEK + hour * HOUR + part - _THURSDAY
