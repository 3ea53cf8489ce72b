"""Breaks a run again and again, at every statement; writes the page of an engine.

    python -m bench.faults                      1,000 kills, every point in every mode
    python -m bench.faults --minutes 10         as many as there is time for
    python -m bench.faults --write              and write docs/reliability.md
    python -m bench.faults --engine redshift    on the test server; postgres: on one;
                                                each engine has a page of its own
    python -m bench.faults --modes cut lost     these faults alone

Exits 1 when anything was lost, doubled or left halfway.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRIVER = ROOT / "tests" / "faults" / "driver.py"
KINDS = ROOT / "tests" / "bad_input" / "corpus"
PAGES = {
    "duckdb": ("DuckDB", "reliability.md"),
    "postgres": ("PostgreSQL", "reliability-postgres.md"),
    "redshift": ("the Redshift test server", "reliability-redshift.md"),
}
"""Of each engine, what the page calls it, and the page's name in docs/."""

ORDERS = (
    *("-m", "pytest", "tests/invariants", "-k", "duckdb", "-m", "not long"),
    "--hypothesis-show-statistics",
)
KILLS = ("before", "during", "after")
MODES = {
    "before": "killed (SIGKILL) before the statement",
    "during": "killed while the statement runs",
    "after": "killed after the statement",
    "fail": "the statement fails",
    "interrupt": "Ctrl-C at the statement",
    "cut": "Ctrl-C before it, which takes the connection with it",
    "drop": "the connection drops before the statement",
    "lost": "the connection drops after it, the outcome unknown",
}
Found = dict[str, object]
Fault = tuple[int, str]


def make_scenario(engine: str, folder: str) -> list[str]:
    """Make the run to break; its statements."""
    done = subprocess.run(
        [sys.executable, DRIVER, engine, folder, "make"],
        check=True,
        stdout=subprocess.PIPE,
    )
    made: list[str] = json.loads(done.stdout)
    return made


def _serve(engine: str, folder: Path) -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    from servers import serve

    serve(engine, folder)


def faults(points: int, kills: int) -> list[Fault]:
    """Every point in every mode, in the order of chance; kills first, and enough."""
    chance = random.Random(1)  # noqa: S311  # nothing to guess
    killed = [(point, mode) for point in range(points) for mode in KILLS]
    while len(killed) < kills:
        killed.append((chance.randrange(points), chance.choice(KILLS)))
    others = [(p, mode) for p in range(points) for mode in MODES if mode not in KILLS]
    chance.shuffle(killed)
    chance.shuffle(others)
    return killed + others


def break_runs(
    engine: str, folder: str, waiting: list[Fault], minutes: float, jobs: int
) -> list[Found]:
    """Break a run for each fault, several side by side, while there is time."""
    deadline = time.monotonic() + minutes * 60
    left = iter(waiting)
    found: list[Found] = []

    def work() -> None:
        with subprocess.Popen(
            [sys.executable, DRIVER, engine, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as driver:
            assert driver.stdin
            assert driver.stdout
            while time.monotonic() < deadline and (fault := next(left, None)):
                driver.stdin.write(f"{fault[0]} {fault[1]}\n")
                driver.stdin.flush()
                found.append(json.loads(driver.stdout.readline()))
                if len(found) % 100 == 0:
                    print(f"{len(found):,} of {len(waiting):,}", file=sys.stderr)

    with ThreadPoolExecutor(jobs) as pool:
        for worker in [pool.submit(work) for _ in range(jobs)]:
            worker.result()
    return found


def try_orders(examples: int, jobs: int) -> tuple[int, bool]:
    """How many worlds the property test has tried, and whether all were right."""
    with ThreadPoolExecutor(jobs) as pool:
        each = -(-examples // jobs)
        tried = [*pool.map(try_some_orders, [each] * jobs, range(jobs))]
    return sum(passing for passing, _ in tried), all(right for _, right in tried)


def try_some_orders(examples: int, seed: int) -> tuple[int, bool]:
    """Likewise, in a process of its own."""
    done = subprocess.run(
        [sys.executable, *ORDERS, f"--hypothesis-seed={seed}"],
        cwd=ROOT,
        check=False,
        env=os.environ | {"SPARKIFY_EXAMPLES": str(examples)},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    passing = re.findall(r"(\d+) passing examples", done.stdout)
    return sum(map(int, passing)), done.returncode == 0


def page(engine: str, statements: list[str], found: list[Found], orders: str) -> str:
    """The text of an engine's page."""
    bad = [each for each in found if each["problem"]]
    killed = [each for each in found if each["mode"] in KILLS]
    points = {each["point"] for each in killed}
    texts = {statements[int(str(point))] for point in points}
    modes = Counter(str(each["mode"]) for each in found)
    states = Counter(str(each["state"]) for each in found)
    rows = "\n".join(f"| {text} | {modes[mode]:,} |" for mode, text in MODES.items())
    left = ", ".join(f"{states[s]:,} after {s}" for s in sorted(states))
    known = sum(bool(each["seen_before"]) for each in found)
    repeated = (
        f"{known:,} faults left the files of the warehouse byte for byte as another\n"
        "had left them, mostly as before the load: the next run was that one's.\n"
    )
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"""\
# Reliability on {PAGES[engine][0]}

Written by one run of `python -m bench.faults{_option(engine)}` on {today}.

## Runs that were broken

A warehouse with one load is given new logs, late songs, a corrected file, a file with
records that cannot be accepted and one that is refused: {len(statements)} statements in
{statements.count("commit")} loads. A run is broken at one statement; then the warehouse
is opened on a new worker (no temporary file, another folder) and has to be, in every
row of every table, as it was before the load or after it; then the next run has to end
as if nothing had happened: staging, star, quarantine, ledger, attempts and results of
the checks.

| fault | times |
|---|---|
{rows}

**{len(killed):,} kills at {len(points)} of {len(statements)} points
({len(texts)} different statements): {len(bad)} of {len(found):,} faults lost, doubled
or left anything halfway.**
Loads that were committed when the warehouse was opened again: {left}.
{repeated if known else ""}
## Orders, and bad input

- {orders}
- {len(list(KINDS.iterdir()))} kinds of bad input meet the end that
  `tests/bad_input/corpus/` describes for each, alone and beside a clean file.

## Run it

`make test-crash` runs all of it on DuckDB, the command above on this engine;
`make test` runs a sample on every engine.
"""


def _option(engine: str) -> str:
    return "" if engine == "duckdb" else f" --engine {engine}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=PAGES, default="duckdb")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sparkify-faults-") as folder:
        _serve(options.engine, Path(folder))
        statements = make_scenario(options.engine, folder)
        waiting = [
            fault
            for fault in faults(len(statements), options.kills)
            if fault[1] in options.modes
        ]
        found = break_runs(
            options.engine, folder, waiting, options.minutes, options.jobs
        )
    orders = "Order, batching and repetition: see the [page of DuckDB](reliability.md)."
    is_right = True
    if options.examples:
        tried, is_right = try_orders(options.examples, options.jobs)
        orders = (
            f"Property test of order, batching and repetition: {tried:,} worlds of "
            f"files, {'all right' if is_right else 'SOME WRONG'}."
        )
    text = page(options.engine, statements, found, orders)
    print(text)
    if options.write:
        (ROOT / "docs" / PAGES[options.engine][1]).write_text(text, "utf-8")
    for each in found:
        if each["problem"]:
            print(each, file=sys.stderr)
            is_right = False
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
