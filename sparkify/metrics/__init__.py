"""What people ask of the warehouse: each metric is a select in `sql/metrics/`.

Report, dashboard and exports take their figures from here, so that each has one
definition. To ask:

    with open_metrics(settings, Filters(level="paid")) as metrics:
        metrics.period.first_day, metrics.period.data_through
        result = metrics.ask("songs")     # a Result
        result.records                    # [{"chart_rank": 1, "song": …}, …]

`SECTIONS` names all metrics, in the order of a page; `find_metric` tells what each is.
A `Metrics` has one set of filters and one open session; what its metrics share (the
calendar, the plays that pass the filters) is made once, when the first of them needs
it. Ask as many metrics as a page has within one block, and close it: an open DuckDB
file keeps a load waiting.
"""

from __future__ import annotations

from sparkify.metrics.ask import Metrics, Result, answer, open_metrics
from sparkify.metrics.catalogue import (
    REPORT,
    SECTIONS,
    Metric,
    all_metrics,
    find_metric,
)
from sparkify.metrics.period import Filters, Period

__all__ = [
    "REPORT",
    "SECTIONS",
    "Filters",
    "Metric",
    "Metrics",
    "Period",
    "Result",
    "all_metrics",
    "answer",
    "find_metric",
    "open_metrics",
]
