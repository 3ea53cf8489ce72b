"""Active users, growth, retention and charts are what they are defined as.

Hypothesis makes the plays of some users; a model in Python, written from the
definitions with sets and loops, tells what the metrics have to be. The plays stand in
the star and its mart, without files. SPARKIFY_EXAMPLES is the number of worlds.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparkify.metrics import Filters, Metrics, open_metrics

if TYPE_CHECKING:
    from conftest import Warehouse

EXAMPLES = int(os.environ.get("SPARKIFY_EXAMPLES", "12"))
START = datetime(2018, 9, 28, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = ("UTC", "America/New_York", "Australia/Perth")

# hours after START; around the changes of New York's clock, and weeks apart
hours = st.one_of(
    st.integers(0, 70 * 24),
    st.sampled_from([36 * 24 + 23, 37 * 24 + 4, 37 * 24 + 5, 37 * 24 + 6]),
)
plays = st.lists(
    st.tuples(st.integers(1, 6), hours, st.integers(1, 4)), min_size=1, max_size=60
)
Play = tuple[int, int, int]


@pytest.fixture(scope="module")
def shared(new_warehouse: Callable[[str], Warehouse]) -> Callable[[str], Warehouse]:
    """A warehouse of an engine, whose star each example fills anew."""
    made: dict[str, Warehouse] = {}
    return lambda engine: made.setdefault(engine, new_warehouse(engine))


def fill(warehouse: Warehouse, world: list[Play]) -> None:
    """Put the plays into the star, and into its mart by the mart's own statement."""
    rows = ", ".join(
        f"('{n}', timestamp '{START + hour * timedelta(hours=1):%Y-%m-%d %H}:30:00', "
        f"{user}, 'free', {n}, 0, 'Song {song}', 'A', {song}, 1.0, 1000)"
        for n, (user, hour, song) in enumerate(world)
    )
    models = warehouse.pipeline.models
    _, insert = models.table("analytics.user_hours").load
    names = ("songplays", "user_hours", "song_texts")
    warehouse.execute(
        *(f"delete from analytics.{name}" for name in names),
        "insert into analytics.songplays (songplay_id, start_time, user_id, level, "
        "session_id, item_in_session, song, artist, song_key, length, length_ms) "
        f"values {rows}",
        "insert into analytics.song_texts (delivered_song, delivered_artist, song, "
        "artist, song_key, credit_key, rule_version) select distinct "
        "song, artist, song, artist, song_key, 1, 1 from analytics.songplays",
        "create temp table touched_hours as select distinct user_id as user_key, "
        "date_trunc('hour', start_time) as hour_start from analytics.songplays",
        insert,
    )


class Model:
    """What the definitions say of a world, in a time zone."""

    def __init__(self, world: list[Play], zone: str, week_start: int) -> None:
        self.days: dict[date, set[int]] = defaultdict(set)
        self.songs: dict[date, list[tuple[int, int]]] = defaultdict(list)
        self.week_start = week_start
        for user, hour, song in world:
            moment = START + hour * timedelta(hours=1)
            day = moment.astimezone(ZoneInfo(zone)).date()
            self.days[day].add(user)
            self.songs[day].append((song, user))
        self.first, self.last = min(self.days), max(self.days)

    def active(self, last: date, days: int) -> set[int]:
        """The users active in so many days up to `last`."""
        return {
            user
            for day, users in self.days.items()
            if last - days * DAY < day <= last
            for user in users
        }

    def week(self, day: date) -> date:
        """The first day of its week."""
        return day - (day.weekday() - self.week_start) % 7 * DAY

    def weeks(self) -> Iterator[tuple[date, set[int]]]:
        """Every week of the data, and who is active."""
        every = (self.first + n * DAY for n in range((self.last - self.first).days + 1))
        for week, days in groupby(every, self.week):
            yield week, set().union(*(self.days.get(day, set()) for day in days))

    def chart(self, last: date, days: int, depth: int) -> list[int]:
        """The songs of a period by plays, listeners and key."""
        found = [
            play
            for day, heard in self.songs.items()
            if last - days * DAY < day <= last
            for play in heard
        ]
        count = Counter(song for song, _ in found)
        listeners = Counter(song for song, _ in set(found))
        ranked = sorted(count, key=lambda s: (-count[s], -listeners[s], s))
        return ranked[:depth]


def expect_activity(metrics: Metrics, model: Model) -> None:
    """DAU, WAU, MAU are the sizes of sets; no day is left out."""
    rows = metrics.ask("activity").select("day", "dau", "wau", "mau")
    days = (model.last - model.first).days + 1
    assert rows == [
        (day, *(len(model.active(day, span)) for span in (1, 7, 28)))
        for day in (model.first + n * DAY for n in range(days))
    ]


def expect_growth(metrics: Metrics, model: Model) -> None:
    """The parts of each week are those of the model, and the identities hold."""
    found = metrics.ask("growth").records
    weeks = list(model.weeks())
    assert [row["week_start"] for row in found] == [week for week, _ in weeks]
    seen: set[int] = set()
    before: set[int] = set()
    active_before = 0
    for row, (_, active) in zip(found, weeks, strict=True):
        counts = {name: int(str(row[name] or 0)) for name in list(row)[2:7]}
        assert counts == {
            "active": len(active),
            "new_listeners": len(active - seen),
            "retained": len(active & before),
            "resurrected": len((active & seen) - before),
            "churned": len(before - active),
        }
        came = counts["new_listeners"] + counts["resurrected"]
        assert counts["active"] == came + counts["retained"]
        assert counts["active"] - active_before == came - counts["churned"]
        seen, before, active_before = seen | active, active, counts["active"]


def expect_retention(metrics: Metrics, model: Model) -> None:
    """Each cohort in each complete week; cohorts take all users apart."""
    weeks = dict(model.weeks())
    cohorts: dict[date, set[int]] = defaultdict(set)
    for user in range(1, 7):
        own = [week for week, active in weeks.items() if user in active]
        if own:
            cohorts[own[0]].add(user)
    complete = metrics.period.complete_through
    want = [
        (cohort, (week - cohort).days // 7, len(users), len(users & weeks[week]))
        for cohort, users in sorted(cohorts.items())
        for week in weeks
        if week == cohort or (week > cohort and week + 6 * DAY <= complete)
    ]
    names = ("cohort_week", "week_number", "cohort", "listeners")
    assert metrics.ask("retention").select(*names) == want
    assert sum(map(len, cohorts.values())) == len(set().union(*weeks.values()))


def expect_chart(metrics: Metrics, model: Model, depth: int) -> None:
    """Ranks, and the movement against all charts before."""
    last, days = metrics.period.last_day, metrics.period.days
    charts = []
    while last >= model.first:
        charts.append(model.chart(last, days, depth))
        last -= days * DAY
    now, *before = charts
    want = []
    for place, song in enumerate(now, 1):
        ranks = [chart.index(song) + 1 if song in chart else 0 for chart in before]
        if not any(ranks):
            movement = "NEW"
        elif not ranks[0]:
            movement = "RE"
        else:
            movement = ["SAME", "UP", "DOWN"][(ranks[0] > place) - (ranks[0] < place)]
        peak = min([place, *filter(None, ranks)])
        want.append((place, song, movement, peak, 1 + sum(map(bool, ranks))))
    names = ("chart_rank", "song_key", "movement", "peak_rank", "charts")
    assert metrics.ask("songs").select(*names) == want


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    world=plays,
    zone=st.sampled_from(ZONES),
    week_start=st.integers(0, 6),
    days=st.sampled_from([1, 7, 10]),
    depth=st.integers(1, 4),
)
def test_metrics_are_what_they_are_defined_as(
    shared: Callable[[str], Warehouse],
    engine_name: str,
    world: list[Play],
    zone: str,
    week_start: int,
    days: int,
    depth: int,
) -> None:
    """The select of each metric and its definition with sets agree, on all plays."""
    warehouse = shared(engine_name)
    fill(warehouse, world)
    model = Model(world, zone, week_start)
    name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[week_start]
    whole = Filters(days=None, time_zone=zone, week_start=name)
    with open_metrics(warehouse.settings, whole) as metrics:
        assert (metrics.period.first_day, metrics.period.last_day) == (
            model.first,
            model.last,
        )
        expect_activity(metrics, model)
        expect_growth(metrics, model)
        expect_retention(metrics, model)
    latest = Filters(last_day=model.last, days=days, time_zone=zone, depth=depth)
    with open_metrics(warehouse.settings, latest) as metrics:
        expect_chart(metrics, model, depth)
