"""Runs commands in turn and compares what they cost."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Command = Sequence[str]


@dataclass(frozen=True)
class Cost:
    """What one process took: seconds, CPU seconds, peak memory in MiB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Command, server: Callable[[], float] = lambda: 0.0) -> Cost:
    """Run a command to its end; its cost. Raises CalledProcessError.

    `server` tells the CPU seconds that a server has taken until now: what it takes
    meanwhile counts.
    """
    began, served = time.monotonic(), server()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(
        time.monotonic() - began,
        usage.ru_utime + usage.ru_stime + server() - served,
        usage.ru_maxrss / 1024,
    )


def compare(
    commands: Mapping[str, Command],
    rounds: int,
    before: Callable[[], None] = lambda: None,
    server: Callable[[], float] = lambda: 0.0,
) -> dict[str, Cost]:
    """Run the commands in turn, `rounds` times; the median cost of each.

    `before` is called before every command, `server` as in `cost`. Prints a table with
    the ratios of CPU and of time, the medians of the ratios within the rounds, against
    the first command.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before()
            costs[name].append(cost(command, server))
    floor = next(iter(costs.values()))
    print(f"\n{heading(rounds)}\n")
    print(f"| {'what':40} | wall s | CPU s | peak MiB | × CPU | × wall |")
    print("|---|---|---|---|---|---|")
    medians = {}
    for name, each in costs.items():
        pairs = list(zip(each, floor, strict=True))
        medians[name] = median = Cost(
            statistics.median(one.wall for one in each),
            statistics.median(one.cpu for one in each),
            statistics.median(one.memory for one in each),
        )
        print(
            f"| {name:40} | {median.wall:.2f} | {median.cpu:.2f} "
            f"| {median.memory:.0f} "
            f"| {statistics.median(one.cpu / base.cpu for one, base in pairs):.2f} "
            f"| {statistics.median(one.wall / base.wall for one, base in pairs):.2f} |"
        )
        sys.stdout.flush()
    return medians


def heading(rounds: int) -> str:
    """How it was measured, to stand above a table."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{rounds} rounds; load {load} (1, 5 and 15 minutes)"
