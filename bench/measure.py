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


def cost(command: Command) -> Cost:
    """Run a command to its end; its cost. Raises CalledProcessError."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(
        time.monotonic() - began,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def compare(
    commands: Mapping[str, Command],
    rounds: int,
    before: Callable[[], None] = lambda: None,
) -> dict[str, Cost]:
    """Run the commands in turn, `rounds` times; the median cost of each.

    `before` is called before every command. Prints a table with the ratio of CPU, the
    median of the ratios within the rounds, against the first command.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before()
            costs[name].append(cost(command))
    floor = next(iter(costs.values()))
    print(f"\n| {'what':40} | wall s | CPU s | peak MiB | × CPU |")
    print("|---|---|---|---|---|")
    medians = {}
    for name, each in costs.items():
        ratio = statistics.median(
            one.cpu / base.cpu for one, base in zip(each, floor, strict=True)
        )
        medians[name] = Cost(
            statistics.median(one.wall for one in each),
            statistics.median(one.cpu for one in each),
            statistics.median(one.memory for one in each),
        )
        median = medians[name]
        print(
            f"| {name:40} | {median.wall:.2f} | {median.cpu:.2f} "
            f"| {median.memory:.0f} | {ratio:.2f} |"
        )
        sys.stdout.flush()
    return medians
