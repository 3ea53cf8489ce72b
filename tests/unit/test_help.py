"""Help is to be read by people."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sparkify.cli import cli

ROOT = Path(__file__).parents[2]


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield *before, name
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)


@pytest.mark.parametrize("words", [(), *_commands(cli)], ids=" ".join)
def test_examples_stand_on_lines_of_their_own(words: tuple[str, ...]) -> None:
    """No sign of the formatter is left, and each example begins its line."""
    shown = CliRunner().invoke(cli, [*words, "--help"]).output
    assert "\\b" not in shown
    assert "\b" not in shown
    for line in shown.partition("Options:")[0].splitlines():
        assert line.count("sparkify ") <= 1


def test_a_closed_pipe_is_no_refused_data(tmp_path: Path) -> None:
    """Exit 1 is for data; who stops reading gets another."""
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "sparkify", "metrics"],
        stdout=write,
        stderr=subprocess.DEVNULL,
        check=False,
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    os.close(write)
    assert ended.returncode == 2
