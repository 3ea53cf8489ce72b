"""Metrics, read by Prometheus' own parser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observe.tools import sparkify
from sparkify.errors import ConfigError
from sparkify.observe.prometheus import Metrics
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from conftest import Warehouse
ON_DUCKDB = pytest.mark.parametrize("engine_name", ["duckdb"])


def _parsed(text: str) -> dict[str, float]:
    """By name and labels, as `name{label=value}`, the values; each has its help."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sample.labels.items())
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


@ON_DUCKDB
def test_a_file_tells_of_the_last_run(warehouse: Warehouse) -> None:
    """It is there after the run, whole, and says what was loaded and refused."""
    warehouse.write("events", "2018-11-01-events.json", [{}, {"ts": "noon"}])
    warehouse.write_bytes("events", "2018-11-02-events.json", b"{no\n" * 200)
    file = warehouse.folder / "sparkify.prom"
    config = str(warehouse.config)
    ended = sparkify("run", "--config", config, "--metrics-file", str(file))
    assert ended.returncode == 1
    found = _parsed(file.read_text())
    assert found["sparkify_last_run_outcome{outcome=refused}"] == 1
    assert found["sparkify_last_run_outcome{outcome=loaded}"] == 0
    assert found["sparkify_last_run_files"] == 1
    assert found["sparkify_last_run_refused_files"] == 1
    assert found["sparkify_last_run_records"] == 2
    assert found["sparkify_last_run_rejected_records"] == 1
    assert found["sparkify_last_run_changed_rows{table=analytics.songplays}"] == 1
    assert "sparkify_last_run_step_seconds{step=check}" in found
    [(load_id,)] = warehouse.query("select load_id from control.loads")
    newest = found["sparkify_last_load_timestamp_seconds"]
    assert newest == pytest.approx(int(str(load_id)) / 1e6)
    assert [path.name for path in file.parent.glob("sparkify.prom*")] == [file.name]


@ON_DUCKDB
def test_a_run_without_work_keeps_the_time_of_the_last_load(
    warehouse: Warehouse,
) -> None:
    """An idle run is seen, and an alert on old data still knows how old."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    head = warehouse.run().head
    metrics = Metrics(warehouse.folder / "sparkify.prom")
    Pipeline(warehouse.settings, metrics).run()
    found = _parsed((warehouse.folder / "sparkify.prom").read_text())
    assert found["sparkify_last_run_outcome{outcome=nothing}"] == 1
    assert found["sparkify_last_run_records"] == 0
    assert found["sparkify_last_load_timestamp_seconds"] == pytest.approx(head / 1e6)


@ON_DUCKDB
def test_the_endpoint_counts_over_runs(warehouse: Warehouse) -> None:
    """Counters add up over the runs of a process, gauges tell of the last one."""
    metrics = Metrics()
    port = _free_port()
    close = metrics.serve(f"127.0.0.1:{port}")
    try:
        for day in (1, 2):
            warehouse.write(
                "events", f"2018-11-0{day}-events.json", [{"itemInSession": day}]
            )
            Pipeline(warehouse.settings, metrics).run()
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            found = _parsed(answer.read().decode())
    finally:
        close()
    assert found["sparkify_runs_total{outcome=loaded}"] == 2
    assert found["sparkify_records_total{state=staged}"] == 2
    assert found["sparkify_load_duration_seconds_count"] == 2
    assert found["sparkify_last_run_records"] == 1
    with socket.create_server(("127.0.0.1", port)):
        pass  # it was given back


def test_an_address_in_use_is_told() -> None:
    """The sentence names the option."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match="METRICS_LISTEN: cannot listen at"):
            Metrics().serve(f"127.0.0.1:{port}")


@ON_DUCKDB
def test_watch_serves_them(warehouse: Warehouse) -> None:
    """`sparkify watch` answers at METRICS_LISTEN with what its runs did."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    port = _free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SPARKIFY_")}
    watch = subprocess.Popen(
        [sys.executable, "-m", "sparkify", "watch", "--config", str(warehouse.config)],
        env=clean | {"SPARKIFY_OBSERVE_METRICS_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        found: dict[str, float] = {}
        deadline = time.monotonic() + 60
        while not found.get("sparkify_runs_total{outcome=loaded}"):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
            with (
                suppress(OSError),
                urlopen(f"http://127.0.0.1:{port}/metrics") as answer,
            ):
                found = _parsed(answer.read().decode())
        assert found["sparkify_last_run_records"] == 1
    finally:
        watch.terminate()
        watch.wait(60)


@ON_DUCKDB
def test_a_file_that_cannot_be_written_breaks_no_load(warehouse: Warehouse) -> None:
    """The run says so, and is committed."""
    warehouse.write("events", "2018-11-01-events.json", [{}])
    nowhere = Path("/no-such-folder/sparkify.prom")
    config = str(warehouse.config)
    ended = sparkify("run", "--config", config, METRICS_FILE=str(nowhere))
    assert ended.returncode == 0
    assert "Metrics failed at RunFinished" in ended.stderr
    assert warehouse.query("select count(*) from analytics.songplays") == [(1,)]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
