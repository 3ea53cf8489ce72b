"""Metrics for Prometheus: a text file after each run, or an endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    start_http_server,
    write_to_textfile,
)

from sparkify.errors import ConfigError
from sparkify.events import (
    Event,
    LoadCommitted,
    LoadFailed,
    RunFinished,
    RunStarted,
    StepDone,
)

OUTCOMES = ("loaded", "nothing", "refused", "failed", "interrupted")
_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)


class Metrics:
    """A listener that keeps the metrics.

    What the last run did are gauges: a file can tell them, though each run may be a
    process of its own. Counters and the histogram are of this process, and stand at the
    endpoint alone.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._last = CollectorRegistry()
        self._all = CollectorRegistry()
        self._all.register(self._last)
        self._of_run = _LastRun(self._last)
        self._of_process = _Process(self._all)

    def __call__(self, event: Event) -> None:
        """Count; write the file when a run has ended."""
        self._of_run.take(event)
        self._of_process.take(event)
        if isinstance(event, RunFinished) and self._file:
            # Whole or not at all: it is renamed into place.
            write_to_textfile(str(self._file), self._last)

    def serve(self, listen: str) -> Callable[[], None]:
        """Serve them at `host:port`; what ends that. Raises ConfigError."""
        host, _, port = listen.rpartition(":")
        try:
            server, thread = start_http_server(
                int(port),
                host or "0.0.0.0",  # noqa: S104  # as asked for
                self._all,
            )
        except OSError as error:
            raise ConfigError(
                f"[OBSERVE] METRICS_LISTEN: cannot listen at {listen}: "
                f"{error.strerror}; choose another address."
            ) from None

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return close


class _LastRun:
    """What the last run did."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"sparkify_{name}", what, labels, registry=registry)

        self.outcome = gauge(
            "last_run_outcome", "1 for how the last run ended, 0 for others.", "outcome"
        )
        self.ended = gauge("last_run_timestamp_seconds", "When the last run ended.")
        self.seconds = gauge("last_run_duration_seconds", "How long it took.")
        self.loads = gauge("last_run_loads", "Loads it committed.")
        self.discovered = gauge("last_run_discovered_files", "Files in the sources.")
        self.files = gauge("last_run_files", "Files it loaded.")
        self.refused = gauge("last_run_refused_files", "Files it refused as a whole.")
        self.bytes = gauge("last_run_bytes", "Bytes of the files it loaded.")
        self.records = gauge("last_run_records", "Records it read.")
        self.rejected = gauge("last_run_rejected_records", "Records it kept aside.")
        self.warnings = gauge("last_run_warnings", "Checks that warned.")
        self.step = gauge("last_run_step_seconds", "How long a step took.", "step")
        self.changed = gauge("last_run_changed_rows", "Rows it changed.", "table")
        self.newest = gauge(
            "last_load_timestamp_seconds",
            "When the newest load in the warehouse began; 0 before the first.",
        )
        self.sums = (
            *(self.loads, self.files, self.refused, self.bytes),
            *(self.records, self.rejected, self.warnings),
        )

    def take(self, event: Event) -> None:
        match event:
            case RunStarted():
                for each in self.sums:
                    each.set(0)
                self.step.clear()
                self.changed.clear()
            case StepDone():
                self.step.labels(event.step).inc(event.seconds)
            case LoadCommitted():
                self.loads.inc()
                self.files.inc(event.files)
                self.refused.inc(len(event.refused))
                self.bytes.inc(event.bytes)
                self.records.inc(event.records)
                self.rejected.inc(event.rejected)
                self.warnings.inc(len(event.warnings))
                for table, rows in event.changed.items():
                    self.changed.labels(table).inc(rows)
            case RunFinished():
                for outcome in OUTCOMES:
                    self.outcome.labels(outcome).set(outcome == event.outcome)
                self.ended.set(time.time())
                self.seconds.set(event.seconds)
                self.discovered.set(event.discovered)
                if event.head:
                    self.newest.set(event.head / 1e6)


class _Process:
    """What the runs of this process did together."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"sparkify_{name}", what, labels, registry=registry)

        self.runs = counter("runs", "Runs that ended.", "outcome")
        self.failures = counter("load_failures", "Loads that were undone.", "error")
        self.files = counter("files", "Files, loaded or refused.", "state")
        self.bytes = counter("bytes", "Bytes of loaded files.")
        self.records = counter("records", "Records, staged or rejected.", "state")
        self.loads = Histogram(
            "sparkify_load_duration_seconds",
            "How long a committed load took.",
            buckets=_SECONDS,
            registry=registry,
        )

    def take(self, event: Event) -> None:
        match event:
            case LoadCommitted():
                self.loads.observe(event.seconds)
                self.files.labels("loaded").inc(event.files)
                self.files.labels("refused").inc(len(event.refused))
                self.bytes.inc(event.bytes)
                self.records.labels("staged").inc(event.records - event.rejected)
                self.records.labels("rejected").inc(event.rejected)
            case LoadFailed():
                self.failures.labels(event.error).inc()
            case RunFinished():
                self.runs.labels(event.outcome).inc()
