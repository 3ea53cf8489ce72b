"""Runs the cases of this folder: TABLE/CASE/ holds given files and the expected rows.

A given file is `LOAD.DATASET[.NAME].jsonl`: files of one number are one load, loaded in
the order of numbers. `LOAD.DATASET.correction-of-FIRST[-NAME].jsonl` is a newer version
of `FIRST.DATASET[.NAME].jsonl`: the same path, written again. Keys that a given row
leaves out come from defaults.json; expected.jsonl may leave out columns.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Warehouse

HERE = Path(__file__).parent
TABLES = (
    *("users", "user_levels", "user_agents", "places", "songs", "artists", "time"),
    *("songplays", "song_texts", "song_names", "page_views", "sessions", "user_hours"),
)
LEAST_CASES = 6

_GIVEN = re.compile(
    r"(?P<load>\d+)\.(?P<dataset>events|songs)"
    r"(?:\.correction-of-(?P<first>[a-z0-9-]+)|\.(?P<name>[a-z0-9]+))?\.jsonl"
)


@dataclass(frozen=True)
class Given:
    """A version of a source file; `path` is that of all its versions."""

    load: int
    dataset: str
    path: str
    is_correction: bool
    rows: tuple[dict[str, object], ...]


def given(case: Path) -> list[Given]:
    """The given files of a case, in order."""
    return sorted(
        (_given(file) for file in case.iterdir() if file.name != "expected.jsonl"),
        key=lambda each: (each.load, each.path),
    )


def _given(file: Path) -> Given:
    found = _GIVEN.fullmatch(file.name)
    assert found, f"{file}: a given file is LOAD.DATASET[.NAME].jsonl"
    name = "-".join(filter(None, (found["load"], found["name"])))
    return Given(
        load=int(found["load"]),
        dataset=found["dataset"],
        path=f"{found['first'] or name}.json",
        is_correction=found["first"] is not None,
        rows=tuple(rows(file)),
    )


def rows(file: Path) -> Iterator[dict[str, object]]:
    """The JSON objects of a file, one a line."""
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def cases() -> list[Path]:
    """The folders of all cases."""
    return sorted(path for path in HERE.glob("*/*/") if path.parent.name in TABLES)


def _id(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


EVERY = cases()
OF_ANY_ORDER = [
    case
    for case in EVERY
    if not any(each.is_correction for each in given(case))
    and len({each.load for each in given(case)}) > 1
]


def _expect(warehouse: Warehouse, case: Path) -> None:
    """The table holds exactly the expected rows."""
    expected = list(rows(case / "expected.jsonl"))
    columns = list(expected[0]) if expected else None
    assert all(list(row) == list(expected[0]) for row in expected), "columns differ"
    found = warehouse.bag(f"analytics.{case.parent.name}", columns)
    assert found == Counter(tuple(row.values()) for row in expected)


@pytest.mark.parametrize("case", EVERY, ids=_id)
def test_loads_in_order(warehouse: Warehouse, case: Path) -> None:
    """Loaded one after another, the files make the expected rows and no offenders."""
    files = given(case)
    for load in sorted({each.load for each in files}):
        for each in files:
            if each.load == load:
                warehouse.write(each.dataset, each.path, each.rows)
        assert len(warehouse.run().loads) == 1
    _expect(warehouse, case)
    assert not warehouse.offenders()


@pytest.mark.parametrize("case", OF_ANY_ORDER, ids=_id)
def test_all_in_one_load(warehouse: Warehouse, case: Path) -> None:
    """Loaded all at once, the given files make the same rows."""
    for each in given(case):
        warehouse.write(each.dataset, each.path, each.rows)
    assert len(warehouse.run().loads) == 1
    _expect(warehouse, case)


@pytest.mark.long
@pytest.mark.parametrize("case", OF_ANY_ORDER, ids=_id)
def test_file_by_file_newest_first(warehouse: Warehouse, case: Path) -> None:
    """Loaded one by one in the reverse order, the given files make the same rows."""
    for each in reversed(given(case)):
        warehouse.write(each.dataset, each.path, each.rows)
        assert len(warehouse.run().loads) == 1
    _expect(warehouse, case)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_cases(table: str) -> None:
    """A table of the star has cases, and each expects something of given files."""
    own = [case for case in EVERY if case.parent.name == table]
    assert len(own) >= LEAST_CASES
    assert all(given(case) and (case / "expected.jsonl").is_file() for case in own)
