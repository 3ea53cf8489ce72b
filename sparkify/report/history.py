"""What loads did: how much, how fast, and whether that is usual."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sparkify import schema
from sparkify.config import Settings
from sparkify.engines import make_engine
from sparkify.metrics import answer
from sparkify.models import load_models
from sparkify.report.text import console, print_table, safe

# How many earlier loads tell what is usual, and how few are too few to.
USUAL = 20
_LEAST = 3

Record = dict[str, Any]


@dataclass(frozen=True)
class StepOfLoad:
    """A step: rows it changed, None where it changes none, and how long it took."""

    step: str
    changed: int | None
    seconds: float
    rows_per_second: float | None


@dataclass(frozen=True)
class LoadOfHistory:
    """A load that was tried.

    `outcome` is `loaded`, `refused` when files of it were, or `failed` when it was
    undone; `message` says why. `trend` is its speed as a share of the median of the
    loads of its kind before it, at most USUAL; None when there are too few.
    """

    run_id: int
    load_id: int
    kind: str
    outcome: str
    at: datetime
    files: int
    refused_files: int
    records: int
    rejected: int
    seconds: float | None
    records_per_second: float | None
    trend: float | None
    message: str | None
    steps: list[StepOfLoad]


def ask(settings: Settings, limit: int) -> list[LoadOfHistory]:
    """The newest loads, failed ones too, the newest first. Raises SparkifyError."""
    engine = make_engine(settings)
    models = load_models(settings.schema_prefix)
    deep, asked = {"depth": limit + USUAL}, {"depth": limit}
    with engine.session(read_only=True):
        schema.verify(engine, models)
        loads: list[Record] = answer(engine, models, "loads", deep).records
        steps: list[Record] = answer(engine, models, "load_steps", asked).records
        failed = answer(engine, models, "failed_loads", asked).records
    of_load: dict[int, list[Record]] = {}
    for step in steps:
        of_load.setdefault(step["load_id"], []).append(step)
    speeds: dict[str, deque[float]] = {}
    found = []
    for load in reversed(loads):
        usual = speeds.setdefault(load["kind"], deque(maxlen=USUAL))
        found.append(_loaded(load, usual, of_load.get(load["load_id"], [])))
        if speed := found[-1].records_per_second:
            usual.append(speed)
    found += map(_undone, failed)
    return sorted(found, key=lambda each: each.load_id, reverse=True)[:limit]


def _loaded(
    load: Record, usual: Collection[float], steps: list[Record]
) -> LoadOfHistory:
    """A load, measured against the speeds that are usual."""
    speed = _speed(load["records"], load["seconds"])
    return LoadOfHistory(
        load["run_id"],
        load["load_id"],
        load["kind"],
        "refused" if load["refused_files"] else "loaded",
        load["finished_at"],
        load["files"],
        load["refused_files"],
        load["records"],
        load["rejected"],
        load["seconds"],
        speed,
        speed / median(usual) if speed and len(usual) >= _LEAST else None,
        load["message"],
        [
            StepOfLoad(
                step["step"],
                step["changed"],
                step["seconds"],
                _speed(step["changed"], step["seconds"]),
            )
            for step in steps
        ],
    )


def _undone(load: Record) -> LoadOfHistory:
    return LoadOfHistory(
        load["run_id"],
        load["load_id"],
        "load",
        "failed",
        load["failed_at"],
        0,
        0,
        0,
        0,
        None,
        None,
        None,
        load["message"],
        [],
    )


def _speed(rows: int | None, seconds: float | None) -> float | None:
    return rows / seconds if rows and seconds else None


def show(loads: list[LoadOfHistory], format_: str, *, steps: bool) -> None:
    """Print the loads; `steps` also prints those of the newest load."""
    if format_ == "json":
        print(json.dumps([asdict(each) for each in loads], default=str, indent=2))
        return
    if not loads:
        print("No loads yet.")
        return
    print_table(
        "",
        ["at (UTC)", "load", "outcome", "files", "records", "s", "records/s", "trend"],
        [
            (
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                str(each.load_id),
                each.outcome if each.kind == "load" else each.kind,
                each.files,
                each.records,
                _shown(each.seconds, ",.2f"),
                _shown(each.records_per_second, ",.0f"),
                _shown(each.trend, ".0%"),
            )
            for each in loads
        ],
    )
    for each in loads:
        if each.message:
            console().print(f"{each.load_id}: {safe(each.message)}", markup=False)
    if steps:
        _show_steps(loads)


def _show_steps(loads: list[LoadOfHistory]) -> None:
    newest = next((each for each in loads if each.steps), None)
    if newest:
        print_table(
            f"Steps of load {newest.load_id}",
            ["step", "rows", "s", "rows/s"],
            [
                (
                    step.step,
                    _shown(step.changed, ",d"),
                    _shown(step.seconds, ",.3f"),
                    _shown(step.rows_per_second, ",.0f"),
                )
                for step in newest.steps
            ],
        )


def _shown(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)
