"""The metrics give the reference answers on the real data.

They were computed apart, from the definitions; the last day's file is final.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

from sparkify.metrics import Filters, Result, open_metrics
from sparkify.metrics.model import MEASURES

if TYPE_CHECKING:
    from conftest import Warehouse

NOVEMBER = Filters(
    first_day=date(2018, 11, 1),
    last_day=date(2018, 11, 30),
    complete_through=date(2018, 11, 30),
)
CHART_WEEK = Filters(first_day=date(2018, 11, 19), last_day=date(2018, 11, 25))
TOP = "You're The One"

Ask = Callable[..., Result]


@pytest.fixture
def ask(loaded: Callable[[str], Warehouse], engine_name: str) -> Ask:
    """Asks for one metric."""

    def of(name: str, filters: Filters = NOVEMBER) -> Result:
        with open_metrics(loaded(engine_name).settings, filters) as metrics:
            return metrics.ask(name)

    return of


def _rounded(result: Result, *names: str) -> list[tuple[object, ...]]:
    return [
        tuple(round(v, 2) if isinstance(v, float) else v for v in row)
        for row in result.select(*names)
    ]


def test_summary(ask: Ask) -> None:
    """Plays, listeners, hours, sessions and daily users of the month."""
    current, previous = _rounded(
        ask("summary"),
        *("plays", "listeners", "hours", "heard_hours", "sessions"),
        *("listening_sessions", "songs_per_session", "mean_dau", "is_covered"),
    )
    # the data begins in the evening of its first day
    assert current == (6820, 96, 467.99, 461.42, 911, 776, 8.79, 20.93, False)
    assert previous == (0, 0, 0.0, 0.0, 0, 0, None, None, False)


def test_active_users(ask: Ask) -> None:
    """DAU, WAU, MAU and stickiness on the last day, and the extremes of DAU."""
    activity = ask("activity")
    last = activity.records[-1]
    assert (last["dau"], last["wau"], last["mau"]) == (22, 70, 95)
    assert last["stickiness"] == pytest.approx(0.227, abs=0.0005)
    by_dau = sorted(activity.select("dau", "day"))
    assert by_dau[0][0] == 4
    assert by_dau[-1] == (34, date(2018, 11, 28))
    assert [day for (day,) in activity.select("days_of_data")] == list(range(1, 31))


def test_sessions(ask: Ask) -> None:
    """Lengths of sessions, and plays that lasted."""
    names = ("mean_minutes", "median_minutes", "mean_listening_minutes")
    [lengths] = ask("sessions").select(*names)
    assert lengths == pytest.approx((33.1, 7.9, 38.9), abs=0.05)
    assert ask("sessions").select("plays", "qualified_plays") == [(6820, 6728)]
    assert ask("gap_sessions").rows == [(911, 909)]


def test_top_songs(ask: Ask) -> None:
    """The most played songs; one play in all is known to the catalogue."""
    songs = ask("songs")
    assert songs.select("chart_rank", "song", "artist", "plays")[:3] == [
        (1, TOP, "Dwight Yoakam", 37),
        (2, "Undo", "Björk", 28),
        (3, "Revelry", "Kings Of Leon", 27),
    ]
    assert not any(matched for (matched,) in songs.select("is_matched"))
    assert ask("artists").select("artist", "plays")[:3] == [
        ("Coldplay", 58),
        ("Kings Of Leon", 55),
        ("Dwight Yoakam", 38),
    ]


def test_chart_of_a_week(ask: Ask) -> None:
    """The chart of the last complete week, and how it moves against the one before."""
    names = ("chart_rank", "song", "plays", "listeners", "movement", "charts")
    assert ask("songs", CHART_WEEK).select(*names)[:5] == [
        (1, TOP, 8, 6, "SAME", 4),
        (2, "Undo", 8, 5, "UP", 3),
        (3, "Revelry", 7, 4, "DOWN", 3),
        (4, "Float On", 6, 5, "NEW", 1),
        (5, "Canada", 5, 5, "SAME", 3),
    ]


def test_growth(ask: Ask) -> None:
    """Where the listeners of each week come from, and who left."""
    assert _rounded(ask("growth"), *ask("growth").names) == [
        (date(2018, 10, 29), False, 41, 41, 0, 0, None, None),
        (date(2018, 11, 5), True, 69, 34, 35, 0, 6, 5.67),
        (date(2018, 11, 12), True, 60, 9, 48, 3, 21, 0.57),
        (date(2018, 11, 19), True, 74, 7, 50, 17, 10, 2.40),
        (date(2018, 11, 26), False, 62, 5, 49, 8, 25, 0.52),
    ]


def test_retention(ask: Ask) -> None:
    """The first cohort week by week, and who comes back the next day."""
    first = [row for row in ask("retention").records if row["cohort"] == 41]
    shares = [float(str(row["retention"])) for row in first]
    assert shares == pytest.approx([1, 0.854, 0.829, 0.854], abs=0.0005)
    names = ("days_later", "eligible", "returned")
    assert ask("day_retention").select(*names)[0] == (1, 96, 25)
    usual = Filters(first_day=date(2018, 11, 1), last_day=date(2018, 11, 30))
    assert ask("day_retention", usual).select(*names)[0] == (1, 95, 25)


def test_subscriptions(ask: Ask) -> None:
    """Changes of level, and as many submitted forms; the steps to them."""
    names = ("upgrades", "downgrades", "submitted_upgrades", "submitted_downgrades")
    assert ask("subscriptions").select(*names, "cancellations")[0] == (8, 1, 8, 1, 0)
    steps: dict[object, list[object]] = {}
    for funnel, users in ask("funnels").select("funnel", "users"):
        steps.setdefault(funnel, []).append(users)
    assert steps == {
        "upgrade": [83, 15, 7, 7],
        "downgrade": [17, 1],
        "cancellation": [0, 0],
    }


def test_demographics(ask: Ask) -> None:
    """Women on level paid are the most active by both readings."""
    names = ("gender", "level", "listeners", "plays", "plays_per_listener")
    groups = ask("demographics")
    assert [
        (gender, level, users, plays, round(float(str(each)), 1))
        for gender, level, users, plays, each in groups.select(*names)
    ] == [
        ("F", "paid", 15, 4357, 290.5),
        ("M", "paid", 7, 1348, 192.6),
        ("M", "free", 34, 585, 17.2),
        ("F", "free", 40, 530, 13.2),
    ]
    medians = groups.select("median_plays")
    assert medians == [(213.0,), (223.0,), (10.5,), (8.5,)]
    indexes = [round(float(str(index))) for (index,) in groups.select("activity_index")]
    assert indexes == [409, 271, 24, 19]


def test_levels(ask: Ask) -> None:
    """Plays by level add up; listeners of both levels count in both."""
    assert ask("levels").select("level", "plays", "listeners") == [
        ("free", 1229, 82),
        ("paid", 5591, 22),
    ]


def test_small_groups_stay_hidden(ask: Ask) -> None:
    """Maine, one user with 665 plays, is on no list; all lists are of five or more."""
    for name in ("states", "metros", "platforms", "browsers", "devices"):
        found = ask(name)
        assert found.rows
        assert all(int(str(users)) >= 5 for (users,) in found.select("listeners"))
    assert "ME" not in [state for (state,) in ask("states").select("state")]


def test_hours_of_the_week(ask: Ask) -> None:
    """All cells stand in the grid, and hold all plays; the afternoon is the busiest."""
    grid = ask("week_hours")
    assert len(grid.rows) == 168
    assert sum(int(str(plays)) for (plays,) in grid.select("plays")) == 6820
    by_hour = [0] * 24
    for hour, plays in grid.select("hour", "plays"):
        by_hour[int(str(hour))] += int(str(plays))
    assert by_hour.index(max(by_hour)) == 16
    assert max(by_hour) == 542


def test_match_rate(ask: Ask) -> None:
    """One play of 6,820 finds its song, exactly; some more find their artist."""
    found = ask("match_rate").select("method", "finds_song", "plays")
    assert [row for row in found if row[1]] == [("exact", True, 1)]
    assert sum(int(str(plays)) for _, _, plays in found) == 6820


@pytest.mark.parametrize("level", ["", "free", "paid"])
@pytest.mark.parametrize("gender", ["", "F", "M"])
def test_filters_take_plays_apart(ask: Ask, level: str, gender: str) -> None:
    """A filter leaves the plays that its own count has, in every metric that counts."""
    want = {
        ("", ""): 6820,
        ("free", ""): 1229,
        ("paid", ""): 5591,
        ("", "F"): 4887,
        ("", "M"): 1933,
        ("free", "F"): 593,
        ("paid", "F"): 4294,
        ("free", "M"): 636,
        ("paid", "M"): 1297,
    }[level, gender]
    filters = Filters(
        first_day=date(2018, 11, 1),
        last_day=date(2018, 11, 30),
        level=level,
        gender=gender,
        depth=10_000,
    )
    for name in ("songs", "artists", "activity", "week_hours", "match_rate", "levels"):
        found = ask(name, filters)
        assert sum(int(str(plays)) for (plays,) in found.select("plays")) == want, name
    assert ask("summary", filters).select("plays")[0] == (want,)


def test_filters_on_place_and_platform(ask: Ask) -> None:
    """A state and a platform leave the plays that their own row tells."""
    for name, column in (("states", "state"), ("platforms", "platform")):
        for value, plays in ask(name).select(column, "plays"):
            chosen = Filters(
                first_day=date(2018, 11, 1),
                last_day=date(2018, 11, 30),
                **{column: str(value)},  # type: ignore[arg-type]  # both are texts
            )
            assert ask("summary", chosen).select("plays")[0] == (plays,), value


def test_time_zone_shifts_days_and_hours(ask: Ask) -> None:
    """In New York the same plays lie four hours earlier, five from 4 November on."""
    filters = Filters(days=None, time_zone="America/New_York")
    grid, utc = ask("week_hours", filters), ask("week_hours", Filters(days=None))
    assert sum(int(str(n)) for (n,) in grid.select("plays")) == 6820
    assert sorted(grid.select("plays")) != sorted(utc.select("plays"))
    days = ask("activity", filters).select("day", "plays")
    assert sum(int(str(n)) for _, n in days) == 6820
    assert days[0][0] == date(2018, 11, 1)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_measures_of_the_semantic_model(
    loaded: Callable[[str], Warehouse], engine_name: str, ask: Ask, measure: object
) -> None:
    """What a BI tool computes by the model is what the metrics say."""
    assert measure in MEASURES
    found = next(each for each in MEASURES if each is measure)
    table = found.expression.partition(".")[0].rpartition("(")[2].split()[-1]
    [(value,)] = loaded(engine_name).query(
        f"select {found.expression} from analytics.{table}"
    )
    [want, *_] = [row[0] for row in ask(found.metric).select(found.column)]
    assert float(str(value)) == pytest.approx(float(str(want)))
