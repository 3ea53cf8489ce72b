"""Whatever statement a run is broken at, the next run makes it good (I2, I8).

`driver.py` breaks runs and looks at what is left; it takes the points from a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "driver.py"
KILLS = ("before", "during", "after")
MODES = (*KILLS, "fail", "interrupt", "drop", "lost")

Fault = tuple[int, str]


def drive(*arguments: object) -> list[dict[str, object]]:
    """What the driver prints."""
    done = subprocess.run(
        [sys.executable, DRIVER, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a warehouse and a run to break."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def statements(scenario: Path) -> list[str]:
    """The statements of the undisturbed run."""
    [made] = drive(scenario, "list")
    found = made["statements"]
    assert isinstance(found, list)
    return found


def problems(scenario: Path, faults: Iterable[Fault]) -> list[object]:
    """What is not as it must be, after each of the faults on its own."""
    pairs = [word for fault in faults for word in fault]
    found = drive(scenario, *pairs)
    assert len(found) == len(pairs) // 2
    return [each for each in found if each["problem"]]


def test_the_run_to_break_has_all_there_is(statements: list[str]) -> None:
    """It has several loads, rejects, refused files, and an update of older plays."""
    assert statements.count("commit") == 4
    assert statements.count("rollback") == 3
    assert len(set(statements)) >= 40
    for table in ("control.rejects", "control.attempts", "analytics.songplays"):
        assert any(each.startswith(f"insert into {table} ") for each in statements)


def test_a_run_broken_at_some_statement(scenario: Path, statements: list[str]) -> None:
    """All or nothing of a load is there; then a run ends as if undisturbed (I2, I8)."""
    commits = [n for n, each in enumerate(statements) if each == "commit"]
    around = [(n, mode) for n in commits for mode in ("before", "during", "after")]
    edges = [(0, "after"), (len(statements) - 1, "lost"), (commits[0], "lost")]
    spread = range(7, len(statements), len(statements) // 11)
    assert not problems(
        scenario, around + edges + [*zip(spread, cycle(MODES))]
    )  # modes go round


@pytest.mark.long
@pytest.mark.parametrize("first", range(4))
def test_a_run_broken_at_every_statement(
    scenario: Path, statements: list[str], first: int
) -> None:
    """As above at every statement; `make test-crash` does so in every mode (I2, I8)."""
    points = range(first, len(statements), 4)
    modes = (MODES[(point + first) % len(MODES)] for point in points)
    assert not problems(scenario, zip(points, modes, strict=True))
