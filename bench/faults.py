"""Breaks a run again and again, at every statement; writes docs/reliability.md.

    python -m bench.faults                      1,000 kills, every point in every mode
    python -m bench.faults --minutes 10         as many as there is time for
    python -m bench.faults --write              and write docs/reliability.md

Exits 1 when anything was lost, doubled or left halfway.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRIVER = ROOT / "tests" / "faults" / "driver.py"
KINDS = ROOT / "tests" / "bad_input" / "corpus"
PAGE = ROOT / "docs" / "reliability.md"

KILLS = ("before", "during", "after")
MODES = {
    "before": "killed (SIGKILL) before the statement",
    "during": "killed while the statement runs",
    "after": "killed after the statement",
    "fail": "the statement fails",
    "interrupt": "Ctrl-C at the statement",
    "drop": "the connection drops before the statement",
    "lost": "the connection drops after it, the outcome unknown",
}
AT_ONCE = 14

Found = dict[str, object]


def drive(folder: str, *arguments: object) -> list[Found]:
    """What the driver prints."""
    done = subprocess.run(
        [sys.executable, DRIVER, folder, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def faults(points: int, seed: int) -> Iterator[tuple[int, str]]:
    """Every point in every mode, in the order of chance, again and again."""
    every = [(point, mode) for point in range(points) for mode in MODES]
    while True:
        random.Random(seed).shuffle(every)  # noqa: S311  # nothing to guess
        yield from every
        seed += 1


def break_runs(
    folder: str, points: int, kills: int, minutes: float, jobs: int
) -> list[Found]:
    """Break runs until there are enough kills, or no time is left."""
    deadline = time.monotonic() + minutes * 60
    waiting = faults(points, seed=1)
    found: list[Found] = []
    with ThreadPoolExecutor(jobs) as pool:
        while (
            time.monotonic() < deadline
            and sum(each["mode"] in KILLS for each in found) < kills
        ):
            chunks = [
                [word for fault in islice(waiting, AT_ONCE) for word in fault]
                for _ in range(jobs)
            ]
            for some in pool.map(lambda chunk: drive(folder, *chunk), chunks):
                found += some
            print(f"{len(found):,} faults", file=sys.stderr)
    return found


def try_orders(examples: int) -> bool:
    """Whether the property tests pass with so many examples each."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/invariants", "-m", "not long"],
        cwd=ROOT,
        check=False,
        env=os.environ | {"SPARKIFY_EXAMPLES": str(examples)},
    )
    return done.returncode == 0


def page(statements: list[str], found: list[Found], orders: str) -> str:
    """The text of docs/reliability.md."""
    bad = [each for each in found if each["problem"]]
    killed = [each for each in found if each["mode"] in KILLS]
    points = {each["point"] for each in killed}
    texts = {statements[int(str(point))] for point in points}
    modes = Counter(str(each["mode"]) for each in found)
    states = Counter(str(each["state"]) for each in found)
    rows = "\n".join(f"| {text} | {modes[mode]:,} |" for mode, text in MODES.items())
    left = ", ".join(f"{states[s]:,} after {s}" for s in sorted(states))
    return f"""\
# Reliability

Written by `python -m bench.faults --write` on {datetime.now(UTC):%Y-%m-%d}.

## Runs that were broken

A warehouse with one load is given new logs, late songs, a corrected file, a file with
records that cannot be accepted and one that is refused: three loads of
{len(statements)} statements. The run is broken at one statement; then the warehouse is
opened on a new worker (no temporary file, another folder), compared with the states
before and after each load, and checked; then the next run has to end as if nothing had
happened, row for row: staging, star, quarantine and ledger.

| fault | times |
|---|---|
{rows}

**{len(killed):,} kills at {len(points)} of {len(statements)} points
({len(texts)} different statements): {len(bad)} of {len(found):,} faults lost, doubled
or left anything halfway.**
Loads that were committed when the warehouse was opened again: {left}.

## Orders, and bad input

- {orders}
- {len(list(KINDS.iterdir()))} kinds of bad input meet the end that
  `tests/bad_input/corpus/` describes for each, alone and beside a clean file.

## Run it

`make test-crash` runs all of it; `make test` runs a sample.
"""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sparkify-faults-") as folder:
        [made] = drive(folder, "list")
        statements = made["statements"]
        assert isinstance(statements, list)
        found = break_runs(
            folder, len(statements), options.kills, options.minutes, options.jobs
        )
    orders = "The property tests were not run."
    is_right = True
    if options.examples:
        is_right = try_orders(options.examples)
        orders = (
            f"Property tests of order, batching and repetition: {options.examples:,} "
            f"examples each, {'all passed' if is_right else 'SOME FAILED'}."
        )
    text = page(statements, found, orders)
    print(text)
    if options.write:
        PAGE.write_text(text, "utf-8")
    for each in found:
        if each["problem"]:
            print(each, file=sys.stderr)
            is_right = False
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
