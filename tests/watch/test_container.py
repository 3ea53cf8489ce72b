"""The container's definition: linted, and what it names is there. No image is built."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from sparkify import __version__
from sparkify.cli import cli

ROOT = Path(__file__).parents[2]
FILE = ROOT / "infra" / "Dockerfile"
TEXT = FILE.read_text("utf-8")


def lint(text: str) -> list[str]:
    """The rules that a definition breaks."""
    command = [str(Path(sys.executable).with_name("hadolint")), "--format", "json", "-"]
    ended = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False
    )
    return [each["code"] for each in json.loads(ended.stdout)]


def test_definition_is_clean() -> None:
    """The linter finds nothing, and finds what is put in."""
    assert lint(TEXT) == []
    assert "DL3007" in lint(TEXT.replace("python:3.13-slim-bookworm", "python:latest"))


def test_what_is_copied_is_there_and_is_let_in() -> None:
    """Each source of a COPY is in the repository, and .dockerignore lets it in."""
    let_in = (ROOT / ".dockerignore").read_text().splitlines()
    sources = re.findall(r"^COPY (?!--from)(\S+) ", TEXT, re.MULTILINE)
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in


def test_it_runs_as_nobody_special() -> None:
    """The last user is a number that is not root's, as Kubernetes asks for."""
    assert re.findall(r"^USER (\S+)$", TEXT, re.MULTILINE)[-1] == "10001"


def test_packages_are_locked() -> None:
    """All of them by their hashes, and those of the extras among them."""
    assert "--require-hashes" in TEXT
    lock = (ROOT / "infra" / "requirements.lock").read_text()
    for name in ("duckdb", "obstore", "boto3", "psycopg2-binary", "cronsim"):
        assert re.search(rf"^{name}==\S+.*\\\n +--hash=sha256:", lock, re.MULTILINE), (
            name
        )


def test_versions_agree() -> None:
    """The image is named as the package."""
    assert f"--tag sparkify:{__version__} " in TEXT


def test_commands_are_ours() -> None:
    """What starts, and what asks for its health, are commands with these options."""
    [start] = re.findall(r"^CMD (\[.*\])$", TEXT, re.MULTILINE)
    health = re.findall(r"-m sparkify (\w+) --config \S+ (--[a-z-]+)", TEXT)
    assert json.loads(start)[0] == "watch"
    assert health == [("status", "--max-age")]
    for name in ("watch", "status"):
        shown = CliRunner().invoke(cli, [name, "--help"])
        assert shown.exit_code == 0
