"""Charts as Plotly draws them: plain data, colours by the names of the style sheet.

Text of the data is escaped, since Plotly takes text for markup; templates are
constants. Nothing here makes a request: no maps, no tiles.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import date

from sparkify.metrics import Result
from sparkify.report.document import WEEKDAYS, whole

Figure = dict[str, object]

# A square per state, about where it lies: column by row.
_TILES = (
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. .. .. .. .. VT NH",
    "WA ID MT ND MN IL WI MI NY RI MA",
    "OR NV WY SD IA IN OH PA NJ CT ..",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. ..",
)
STATES = tuple(sorted(s for row in _TILES for s in row.split() if s != ".."))


def activity(result: Result) -> Figure:
    """DAU, WAU and MAU by day; days that are not complete are dashed."""
    days = result.records
    complete = [day for day in days if day["is_complete"]]
    # the dashes begin where the line ends
    rest = days[max(len(complete) - 1, 0) :]
    traces: list[Figure] = []
    for number, name in enumerate(("mau", "wau", "dau"), start=1):
        for some, dash in ((complete, "solid"), (rest, "dot")):
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers" if len(some) == 1 else "lines",
                    "name": name.upper(),
                    "showlegend": dash == "solid",
                    "x": _texts(day["day"] for day in some),
                    "y": [day[name] for day in some],
                    "line": {"dash": dash, "width": 2, "color": f"--series-{number}"},
                }
            )
    return _figure(traces, yaxis={"rangemode": "tozero", "title": "listeners"})


def days(result: Result, name: str) -> Figure:
    """A column by day, as bars."""
    return _figure(
        [
            {
                "type": "bar",
                "name": name,
                "x": _texts(row["day"] for row in result.records),
                "y": [row[name] for row in result.records],
                "marker": {"color": "--series-1"},
            }
        ],
        yaxis={"rangemode": "tozero", "title": name},
        showlegend=False,
    )


def growth(result: Result) -> Figure:
    """Who came above the line, who left below."""
    weeks = result.records
    shown = (
        ("retained", "retained", 1, 1),
        ("resurrected", "back", 2, 1),
        ("new_listeners", "new", 3, 1),
        ("churned", "left", 4, -1),
    )
    traces: list[Figure] = [
        {
            "type": "bar",
            "name": name,
            "x": _texts(week["week_start"] for week in weeks),
            "y": [_signed(week[column], sign) for week in weeks],
            "marker": {"color": f"--series-{number}"},
        }
        for column, name, number, sign in shown
    ]
    return _figure(
        traces, barmode="relative", xaxis=_categories(), yaxis={"title": "listeners"}
    )


def retention(result: Result) -> Figure | None:
    """Cohorts from the top, weeks to the right; blank where not complete.

    None while no week after the first is complete.
    """
    cohorts = list(dict.fromkeys(_text(row["cohort_week"]) for row in result.records))
    longest = max((whole(row["week_number"]) for row in result.records), default=0)
    if not longest:
        return None
    cells = {
        (_text(row["cohort_week"]), whole(row["week_number"])): row["retention"]
        for row in result.records
    }
    return _heatmap(
        x=[f"week {number}" for number in range(longest + 1)],
        y=cohorts,
        z=[
            [cells.get((cohort, number)) for number in range(longest + 1)]
            for cohort in cohorts
        ],
        template="%{y}, %{x}: %{z:.0%}<extra></extra>",
        labels="%{z:.0%}",
    )


def week_hours(result: Result) -> Figure:
    """Weekdays from Monday at the top, hours to the right."""
    cells = {
        (whole(row["weekday"]), whole(row["hour"])): row["plays_per_day"]
        for row in result.records
    }
    return _heatmap(
        x=[str(hour) for hour in range(24)],
        y=list(WEEKDAYS),
        z=[[cells.get((day, hour), 0) for hour in range(24)] for day in range(7)],
        template="%{y} %{x}:00: %{z:.1f} plays<extra></extra>",
    )


def groups(result: Result) -> Figure:
    """Activity of the groups of people, 100 as listeners overall."""
    rows = result.records[::-1]
    return _bars(
        [f"{row['gender']}, {row['level']}" for row in rows],
        [row["activity_index"] for row in rows],
        "activity index",
    )


def ranking(result: Result, name: str, most: int = 8) -> Figure:
    """The first groups by listeners, the largest at the top."""
    ranked = sorted(result.records, key=lambda row: whole(row["listeners"]))
    rows = ranked[-most:]
    return _bars(
        [str(row[name]) for row in rows],
        [row["listeners"] for row in rows],
        "listeners",
    )


def states(result: Result) -> Figure:
    """A tile per state; the scale is that of the square root, or one state is all."""
    listeners = {str(row["state"]): whole(row["listeners"]) for row in result.records}
    rows = [row.split() for row in _TILES]
    figure = _heatmap(
        x=[str(number) for number in range(len(rows[0]))],
        y=[str(number) for number in range(len(rows))],
        z=[
            [None if s == ".." else listeners.get(s, 0) ** 0.5 for s in row]
            for row in rows
        ],
        template="%{text}: %{customdata} listeners<extra></extra>",
        labels="%{text}",
    )
    figure["data"][0] |= {  # type: ignore[index]  # made just now
        "text": [["" if s == ".." else s for s in row] for row in rows],
        "customdata": [[listeners.get(s, 0) for s in row] for row in rows],
        "xgap": 2,
        "ygap": 2,
    }
    figure["layout"] |= {  # type: ignore[operator]  # likewise
        "xaxis": {"visible": False, "fixedrange": True},
        "yaxis": {"visible": False, "autorange": "reversed", "fixedrange": True},
    }
    return figure


def funnel(result: Result, name: str) -> Figure:
    """The steps of one funnel, the first at the top."""
    rows = [row for row in result.records if row["funnel"] == name][::-1]
    return _bars(
        [str(row["what"]) for row in rows], [row["users"] for row in rows], "users"
    )


def _bars(names: list[str], values: list[object], what: str) -> Figure:
    return _figure(
        [
            {
                "type": "bar",
                "orientation": "h",
                "x": values,
                "y": [html.escape(name, quote=False) for name in names],
                "texttemplate": "%{x:,.0f}",
                "marker": {"color": "--series-1"},
                "hovertemplate": "%{y}: %{x:,.0f}<extra></extra>",
            }
        ],
        showlegend=False,
        xaxis={"rangemode": "tozero", "title": what},
        # few bars stay as thin as many
        yaxis={
            "automargin": True,
            "type": "category",
            "range": [min(-0.5, len(names) - 4.5), len(names) - 0.5],
        },
    )


def _heatmap(
    x: list[str], y: list[str], z: list[list[object]], template: str, labels: str = ""
) -> Figure:
    trace: Figure = {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": z,
        "showscale": False,
        "hoverongaps": False,
        "hovertemplate": template,
        "colorscale": [[0, "--ramp-low"], [1, "--ramp-high"]],
    }
    if labels:
        trace["texttemplate"] = labels
    return _figure(
        [trace],
        xaxis=_categories() | {"side": "top"},
        yaxis=_categories() | {"autorange": "reversed", "automargin": True},
    )


def _figure(traces: list[Figure], **layout: object) -> Figure:
    return {"data": traces, "layout": layout}


def _categories() -> Figure:
    # else texts that look like numbers or dates become an axis of such
    return {"type": "category"}


def _texts(values: Iterable[object]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _signed(value: object, sign: int) -> object:
    return sign * value if isinstance(value, int) else None
