"""`python -m bench.shares CONFIG`: a run, and the CPU seconds of its steps as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from pathlib import Path

from sparkify.config import load_settings
from sparkify.events import Event, StepDone
from sparkify.pipeline import Pipeline


class Meter:
    """A listener: what the process takes from one event to the end of a step is its."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = defaultdict(float)
        self._before = time.process_time()

    def __call__(self, event: Event) -> None:
        """Count."""
        now = time.process_time()
        name = event.step if isinstance(event, StepDone) else "between"
        self.steps[name] += now - self._before
        self._before = now


def main(config: str) -> None:
    """Run, and print; `whole` is all that the process has taken."""
    meter = Meter()
    Pipeline(load_settings(Path(config)), meter).run()
    print(json.dumps({**meter.steps, "whole": time.process_time()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
