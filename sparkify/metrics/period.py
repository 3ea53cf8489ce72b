"""Of which plays a metric is asked, and in which time zone days begin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sparkify.errors import BadQuestion

WEEK_STARTS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEVELS = ("free", "paid")
GENDERS = ("F", "M", "unknown")
USUAL_DAYS = 28

_MONDAY = date(1900, 1, 1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MOST_HOURS = 10_000  # as many as the numbers in sql/metrics/scope/hours.sql
_MOST_PARTS = 24  # statements that count the songs of earlier periods
_MOST_DAYS = 36_600  # a century
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)  # as accepted from files


@dataclass(frozen=True)
class Filters:
    """What is asked: a period, and whose plays. Raises BadQuestion for what is none.

    Without `last_day` the period ends with the last complete day; without `first_day`
    it has `days` days, both ends counted. With `days` None and neither of them it is
    all of the data, its last day complete or not. A day is complete when the data
    reaches into a later one, or by `complete_through`. An empty text is no filter.
    `depth` is that of charts; groups under `least_group` users are left out.
    """

    first_day: date | None = None
    last_day: date | None = None
    days: int | None = USUAL_DAYS
    level: str = ""
    gender: str = ""
    state: str = ""
    platform: str = ""
    time_zone: str = "UTC"
    week_start: str = "mon"
    complete_through: date | None = None
    depth: int = 50
    least_group: int = 5

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        _one_of("level", self.level, ("", *LEVELS))
        _one_of("gender", self.gender, ("", *GENDERS))
        _one_of("week start", self.week_start, WEEK_STARTS)
        if self.state and not re.fullmatch("[A-Z]{2}|unknown", self.state):
            raise BadQuestion(
                f"The state {self.state!r} is not two capital letters, or unknown."
            )
        if self.days is not None and not 1 <= self.days <= _MOST_DAYS:
            raise BadQuestion(f"{self.days} days are no period; give 1 or more.")
        for day in filter(None, (self.first_day, self.last_day, self.complete_through)):
            if not _FIRST <= day <= _LAST:
                raise BadQuestion(f"{day} is not a day from {_FIRST} to {_LAST}.")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise BadQuestion(
                f"The period begins on {self.first_day}, after its end on "
                f"{self.last_day}."
            )
        if not self.platform.isprintable():
            raise BadQuestion(f"The platform {self.platform!r} is no text.")
        find_zone(self.time_zone)

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that leave something out."""
        names = ("level", "gender", "state", "platform")
        return {name: value for name in names if (value := getattr(self, name))}


@dataclass(frozen=True)
class Period:
    """The period that is asked, and how far the data reaches.

    Days are those of the time zone, times are UTC. `data_through` and `first_event_at`
    are None without data.
    """

    first_day: date
    last_day: date
    complete_through: date
    first_event_at: datetime | None
    data_through: datetime | None

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def previous_first_day(self) -> date:
        """First day of the period before, of as many days."""
        return self.first_day - self.days * _DAY

    @property
    def is_complete(self) -> bool:
        """Whether all its days are complete."""
        return self.last_day <= self.complete_through


def find_period(
    filters: Filters, first_event_at: datetime | None, data_through: datetime | None
) -> Period:
    """The period that the filters ask of data that reaches from when to when."""
    zone = find_zone(filters.time_zone)
    newest = _local_day(data_through or datetime.now(UTC), zone)
    oldest = _local_day(first_event_at, zone) if first_event_at else newest
    complete = filters.complete_through or newest - _DAY
    last = filters.last_day
    if not last:
        # of one day alone, the day itself is asked, complete or not
        whole = filters.days is None and not filters.first_day
        last = newest if whole else max(complete, filters.first_day or oldest)
    days = filters.days or (last - oldest).days + 1
    first = filters.first_day or last - (days - 1) * _DAY
    return Period(min(first, last), last, complete, first_event_at, data_through)


def find_zone(name: str) -> tzinfo:
    """The time zone of a name such as America/New_York. Raises BadQuestion."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadQuestion(
            f"There is no time zone {name!r}; a name is such as America/New_York."
        ) from None


def parameters(filters: Filters, period: Period) -> dict[str, object]:
    """What the selects are bound to."""
    zone = find_zone(filters.time_zone)
    return {
        "first_day": period.first_day,
        "last_day": period.last_day,
        "previous_first_day": period.previous_first_day,
        "period_days": period.days,
        "period_start": _begin(period.first_day, zone),
        "period_end": _begin(period.last_day + _DAY, zone),
        "previous_start": _begin(period.previous_first_day, zone),
        "complete_through": period.complete_through,
        "week_anchor": _MONDAY + WEEK_STARTS.index(filters.week_start) * _DAY,
        "level": filters.level,
        "gender": filters.gender,
        "state": filters.state,
        "platform": filters.platform,
        "depth": filters.depth,
        "least_group": filters.least_group,
        # of no song and no artist, until one is asked for
        "song_key": None,
        "credit_key": None,
    }


def stretches(time_zone: str, period: Period) -> Iterator[dict[str, object]]:
    """The stretches of the data without a change of the clock, for scope/hours.sql."""
    if not period.first_event_at or not period.data_through:
        return
    zone = find_zone(time_zone)
    begin = _hour(period.first_event_at)
    end = _hour(period.data_through) + _HOUR
    changes = [*_changes(begin, end, zone), end]
    for start, until in pairwise(changes):
        offset = _offset(start, zone)
        if offset % _HOUR:
            raise BadQuestion(
                f"The time zone {time_zone} is not whole hours from UTC, and plays are "
                "counted by the hour; choose another."
            )
        hours = (until - start) // _HOUR
        for done in range(0, hours, _MOST_HOURS):
            yield {
                "stretch_start": start + done * _HOUR,
                "stretch_hours": min(_MOST_HOURS, hours - done),
                "utc_offset": offset // _HOUR,
            }


def earlier_periods(time_zone: str, period: Period) -> Iterator[dict[str, object]]:
    """The periods before, back to the first of the data, for scope/song_history.sql.

    One at a time, or some at a time where there are many.
    """
    if not period.first_event_at:
        return
    zone = find_zone(time_zone)
    days = (period.first_day - _local_day(period.first_event_at, zone)).days
    periods = max(0, -(-days // period.days))
    at_once = max(1, -(-periods // _MOST_PARTS))
    for newest in range(1, periods + 1, at_once):
        oldest = min(newest + at_once - 1, periods)
        end_day = period.first_day - (newest - 1) * period.days * _DAY
        start_day = period.first_day - oldest * period.days * _DAY
        yield {
            "newest_period": newest,
            "oldest_period": oldest,
            "periods_start": _begin(start_day, zone),
            "periods_end": _begin(end_day, zone),
        }


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _changes(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """`begin`, and the hours before `end` in which the zone's clock is set.

    A clock is not set twice within a day: only a day that ends otherwise than it began
    is looked through.
    """
    yield begin
    day = begin
    while day < end:
        next_day = min(day + _DAY, end)
        before = _offset(day, zone)
        if _offset(next_day, zone) != before:
            hour = day
            while _offset(hour, zone) == before:
                hour += _HOUR
            if hour < end:
                yield hour
        day = next_day


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()


def _local_day(moment: datetime, zone: tzinfo) -> date:
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def _begin(day: date, zone: tzinfo) -> datetime:
    """When a day begins, UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadQuestion(
            f"The {what} {value!r} is not one of {', '.join(filter(None, known))}."
        )
