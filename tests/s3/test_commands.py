"""`sparkify ls` and `run --dry-run`: what would be done, without doing it."""

from __future__ import annotations

import gzip
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from s3.proxy import Fault, hangs
from s3.stores import BUCKET, load, settings_for
from sparkify import cli
from sparkify.pipeline import Pipeline

if TYPE_CHECKING:
    from s3.proxy import Proxy
    from s3.stores import Store
    from sparkify.config import Settings

LOG = "log_data/2018/11/2018-11-01-events.json"


@pytest.fixture
def loaded(tmp_path: Path, seaweed_store: Store, proxy: Proxy, tree: Path) -> Settings:
    """A load is done; one log is new, one has changed."""
    seaweed_store.empty()
    seaweed_store.upload(tree)
    settings = settings_for(tmp_path / "s3", seaweed_store.through(proxy.url))
    load(settings)
    seaweed_store.put(LOG, b'{"ts": 1}\n')
    seaweed_store.put("log_data/2019-01-02-events.json", b"{}")
    return settings


def said(capsys: pytest.CaptureFixture[str], settings: Settings, *words: str) -> str:
    """What a command prints."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--config", str(settings.file)])
    assert not ended.value.code
    return capsys.readouterr().out


def test_ls_lists_what_would_be_loaded(
    loaded: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """State, data, date, bytes and file, as a table."""
    lines = said(capsys, loaded, "ls").splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["changed", "events", "2018-11-01", "10", f"s3://{BUCKET}/{LOG}"],
        [
            "new",
            "events",
            "2019-01-02",
            "2",
            f"s3://{BUCKET}/log_data/2019-01-02-events.json",
        ],
    ]
    assert lines[3] == "2 of 17 files would be loaded, 12 bytes."
    assert len(said(capsys, loaded, "ls", "--all").splitlines()) == 19


def test_ls_tells_what_was_refused(
    loaded: Settings, seaweed_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no longer pending, and was not loaded."""
    seaweed_store.put("log_data/2019-01-03-events.json", gzip.compress(b"{}")[:-3])
    Pipeline(loaded).run()
    lines = said(capsys, loaded, "ls", "--all").splitlines()
    assert [line.split()[2] for line in lines if line.startswith("refused")] == [
        "2019-01-03"
    ]
    assert lines[-1] == "0 of 18 files would be loaded, 0 bytes."


def test_ls_as_json(loaded: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """For machines."""
    found = json.loads(said(capsys, loaded, "ls", "--format", "json"))
    assert (found["files"], found["pending"], found["pending_bytes"]) == (17, 2, 12)
    assert [each["state"] for each in found["listed"]] == ["changed", "new"]


def test_a_dry_run_tells_and_writes_nothing(
    loaded: Settings, capsys: pytest.CaptureFixture[str], proxy: Proxy
) -> None:
    """Loads, files, bytes, statements; no object is read, no file written."""
    proxy.requests.clear()
    before = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in loaded.path.parent.iterdir()
    }
    text = said(capsys, loaded, "run", "--dry-run")
    found = json.loads(said(capsys, loaded, "run", "--dry-run", "--format", "json"))
    assert before == {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in loaded.path.parent.iterdir()
    }
    assert all("list-type" in path for _, path, _ in proxy.requests)
    assert "-- load 1 of 2: 1 files, 2 bytes, 2019-01-02\n" in text
    assert "-- load 2 of 2: 1 files, 10 bytes, 2018-11-01, version 2\n" in text
    assert "insert into analytics.songplays" in text
    assert [load["files"] for load in found["loads"]] == [1, 1]
    assert any("staging.events" in statement for statement in found["statements"])


def test_a_dry_run_tells_the_loads_that_a_run_does(
    loaded: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """One for one; then there is nothing to do."""
    plan = json.loads(said(capsys, loaded, "run", "--dry-run", "--format", "json"))
    done = Pipeline(loaded).run()
    assert [(len(each.load.files), each.load.revision) for each in done.loads] == [
        (each["files"], each["revision"]) for each in plan["loads"]
    ]
    assert said(capsys, loaded, "run", "--dry-run").startswith(
        "Nothing to do: none of 17"
    )


@pytest.mark.parametrize("key", ["list-type", LOG])
def test_an_interrupted_run_ends_soon(
    tmp_path: Path, seaweed_store: Store, proxy: Proxy, tree: Path, key: str
) -> None:
    """Though the store does not answer; nothing is left in the spool."""
    seaweed_store.empty()
    seaweed_store.upload(tree)
    settings = settings_for(tmp_path, seaweed_store.through(proxy.url))
    Pipeline(settings).create_tables()
    proxy.faults.append(Fault(hangs(20), key))
    command = [sys.executable, "-m", "sparkify", "run", "--config", str(settings.file)]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not proxy.faults[0].seen:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = run.communicate()
    assert run.returncode == 130
    assert "interrupted" in said
    assert time.monotonic() - began < 8
    assert not list(tmp_path.glob("sparkify-spool-*"))
