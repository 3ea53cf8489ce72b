"""The three questions, answered in short: how a run ends."""

from __future__ import annotations

from sparkify.config import Settings
from sparkify.metrics import Filters, Metrics, open_metrics
from sparkify.report.text import console, glyphs, print_table

_SONGS = ("song", "artist", "plays", "listeners")
_GROUPS = ("gender", "level", "listeners", "plays", "plays_per_listener")


def show(settings: Settings) -> None:
    """Print the answers for all of the data. Raises SparkifyError."""
    with open_metrics(settings, Filters(days=None, depth=10)) as metrics:
        if not metrics.period.data_through:
            console().print("No plays yet.")
            return
        _show(metrics)


def _show(metrics: Metrics) -> None:
    songs, days, groups = (
        metrics.ask(name) for name in ("songs", "activity", "demographics")
    )
    print_table(songs.metric.question, _SONGS, songs.select(*_SONGS))
    plays = [int(str(count)) for (count,) in days.select("plays")]
    period, out = metrics.period, console()
    out.print(f" [bold]{days.metric.question}[/bold]")
    out.print(f" plays per day, {period.first_day} to {period.last_day} (UTC)")
    out.print(f" {glyphs(out.encoding).sparkline(plays)}")
    of_days = "1 day" if len(plays) == 1 else f"{len(plays)} days"
    out.print(
        f" {sum(plays):,} plays on {of_days}: "
        f"{sum(plays) / len(plays):,.0f} a day, {min(plays):,} to {max(plays):,}\n"
    )
    print_table(groups.metric.question, _GROUPS, groups.select(*_GROUPS))
