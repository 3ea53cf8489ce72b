"""Whatever statement a run is broken at, the next run makes it good (I2, I8).

`driver.py` breaks runs and looks at what is left; it takes the points from a run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
from conftest import ENGINES
from servers import serve

DRIVER = Path(__file__).parent / "driver.py"
MODES = ("before", "during", "after", "fail", "interrupt", "cut", "drop", "lost")

Fault = tuple[int, str]


@dataclass(frozen=True)
class Scenario:
    """A run to break, in a folder of its own, and its statements."""

    engine: str
    folder: Path
    statements: list[str]

    def problems(self, faults: Iterable[Fault]) -> list[object]:
        """What is not as it must be, after each of the faults on its own."""
        lines = [f"{point} {mode}\n" for point, mode in faults]
        told = drive(self.engine, self.folder, given="".join(lines))
        found = [json.loads(line) for line in told]
        assert len(found) == len(lines)
        return [each for each in found if each["problem"]]


def drive(*arguments: object, given: str = "") -> list[str]:
    """The lines that the driver prints."""
    done = subprocess.run(
        [sys.executable, DRIVER, *map(str, arguments)],
        check=True,
        input=given,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module", params=ENGINES)
def scenario(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Scenario:
    """Warehouses and a run to break, on each engine in turn."""
    folder = tmp_path_factory.mktemp("faults")
    serve(request.param, folder)
    [made] = drive(request.param, folder, "make")
    return Scenario(request.param, folder, json.loads(made))


def test_the_run_to_break_has_all_there_is(scenario: Scenario) -> None:
    """It has several loads, rejects, refused files, and an update of older plays."""
    statements = scenario.statements
    assert statements.count("commit") == 2
    assert statements.count("rollback") >= 2
    assert len(set(statements)) >= 40
    for table in ("control.rejects", "control.attempts", "analytics.songplays"):
        filling = (f"insert into {table} ", f"copy {table} ")
        assert any(each.startswith(filling) for each in statements)


def test_a_run_broken_at_some_statement(scenario: Scenario) -> None:
    """All or nothing of a load is there; then a run ends as if undisturbed (I2, I8)."""
    statements = scenario.statements
    # A fault takes seconds on Redshift.
    modes, share = (MODES, 5) if scenario.engine != "redshift" else (("lost",), 5)
    commits = [n for n, each in enumerate(statements) if each == "commit"]
    around = [(n, mode) for n in commits for mode in modes]
    lost = [(n, "lost") for n, each in enumerate(statements) if each == "rollback"][:2]
    # one of the copies that are tried on Redshift, and undone
    tried = [
        (n, "cut")
        for n, each in enumerate(statements)
        if each.startswith("create temp table sparkify_incoming_")
    ][1:2]
    spread = range(7, len(statements), len(statements) // share)
    assert not scenario.problems(around + lost + tried + [*zip(spread, cycle(MODES))])


@pytest.mark.long
@pytest.mark.parametrize("first", range(4))
def test_a_run_broken_at_every_statement(scenario: Scenario, first: int) -> None:
    """As above at every statement; `make test-crash` does so in every mode (I2, I8)."""
    points = range(first, len(scenario.statements), 4)
    modes = (MODES[(point + first) % len(MODES)] for point in points)
    assert not scenario.problems(zip(points, modes, strict=True))
