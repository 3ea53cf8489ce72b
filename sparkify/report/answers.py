"""The three questions, answered in short."""

from __future__ import annotations

from dataclasses import dataclass

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.engines.base import Row
from sparkify.models import load_models, metric
from sparkify.report.text import console, print_table

_BARS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Answers:
    """Rows of sql/metrics/."""

    top_songs: list[Row]
    daily_plays: list[Row]
    active_groups: list[Row]


def ask(settings: Settings) -> Answers:
    """Read the answers from the warehouse. Raises SparkifyError."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    with engine.session(read_only=True):
        schema.verify(engine, models)
        rows = [
            engine.query(models.in_schema(metric(name)))
            for name in ("top_songs", "daily_plays", "active_groups")
        ]
    return Answers(*rows)


def show(answers: Answers) -> None:
    """Print the answers."""
    if not answers.daily_plays:
        console().print("No plays yet.")
        return
    print_table(
        "Which songs are listened to the most?",
        ["song", "artist", "plays", "listeners"],
        answers.top_songs,
    )
    _show_days(answers.daily_plays)
    print_table(
        "Which demographics are the most active?",
        ["gender", "level", "listeners", "plays", "plays per listener"],
        [
            (gender, level, users, plays, round(int(str(plays)) / int(str(users)), 1))
            for gender, level, users, plays in answers.active_groups
        ],
    )


def _show_days(days: list[Row]) -> None:
    plays = [int(str(row[1])) for row in days]
    most = max(plays)
    bars = "".join(_BARS[max(1, round(count / most * 8))] for count in plays)
    out = console()
    out.print(" [bold]How does engagement change over time?[/bold]")
    out.print(f" plays per day, {days[0][0]} to {days[-1][0]} (UTC)")
    out.print(f" {bars}")
    out.print(
        f" {sum(plays):,} plays on {len(plays)} days: "
        f"{sum(plays) / len(plays):,.0f} a day, {min(plays):,} to {most:,}\n"
    )
