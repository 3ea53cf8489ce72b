"""The runbook has a section for each error and alert, and no other."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click
import pytest

import sparkify
from sparkify import errors, runbook
from sparkify.cli import cli
from sparkify.models import load_models

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text("utf-8")
PARTS = ("What happened", "Look", "Do")
OTHERS = {text for name, text in vars(runbook).items() if name.isupper()}
# Those that are raised as one of their kinds alone.
FAMILIES = {errors.SparkifyError, errors.DataRefused, errors.PermanentError}


def _kinds() -> Iterator[type[errors.SparkifyError]]:
    """Every error that the package defines, those of engines and sources too."""
    for module in walk_packages(sparkify.__path__, "sparkify."):
        if module.name != "sparkify.__main__":
            import_module(module.name)
    queue: list[type[errors.SparkifyError]] = [errors.SparkifyError]
    while queue:
        kind = queue.pop()
        queue += kind.__subclasses__()
        yield kind


def _named() -> set[str]:
    """The sections that a message can name."""
    found = {runbook.section_of(kind) for kind in _kinds() if kind not in FAMILIES}
    found |= {
        runbook.section_of_check(check.name)
        for check in load_models().checks()
        if check.severity == "warn"
    }
    return found | OTHERS


def _sections() -> dict[str, str]:
    """The text of each section, by its anchor."""
    parts = re.split(r"^### (.*)$", TEXT, flags=re.MULTILINE)[1:]
    return {
        title.lower().replace(" ", "-"): text.split("\n## ")[0]
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_each_error_and_alert_has_a_section_and_no_section_is_left() -> None:
    """Whatever a message names is there, and whatever is there some message names."""
    assert set(_sections()) == _named()


@pytest.mark.parametrize("section", sorted(_sections()))
def test_section_says_what_happened_how_to_look_and_what_to_do(section: str) -> None:
    """All three, in this order."""
    found = re.findall(r"^\*\*([A-Z][a-z ]+)\.\*\* \S", _sections()[section], re.M)
    assert tuple(found) == PARTS


@pytest.mark.parametrize("kind", [errors.WarehouseBusy, errors.CheckFailed])
def test_message_names_its_section(
    kind: type[errors.SparkifyError], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the command prints of an error ends with where to read on."""
    section = runbook.section_of(kind)
    _fail_with(kind("Something happened."))
    told = capsys.readouterr().err
    assert told == f"sparkify: Something happened. See the runbook: {section}.\n"


@pytest.mark.parametrize(
    ("error", "section"),
    [(MemoryError(), "little-memory"), (OSError(28, "No room", "f"), "local-file")],
)
def test_failure_of_the_machine_names_its_section(
    error: Exception, section: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no error of ours has a section, too."""
    _fail_with(error)
    assert capsys.readouterr().err.endswith(f" See the runbook: {section}.\n")


def _fail_with(error: Exception) -> None:
    from sparkify.cli import main

    @click.command("fail")
    def fail() -> None:
        raise error

    cli.add_command(fail)
    try:
        with pytest.raises(SystemExit):
            main(["fail"])
    finally:
        del cli.commands["fail"]


def _commands() -> list[str]:
    return sorted(set(re.findall(r"`(sparkify [a-z][^`]*)`", TEXT)))


@pytest.mark.parametrize("line", _commands())
def test_command_of_the_runbook_is_one(line: str) -> None:
    """Whoever is woken at night can type what stands there."""
    _, name, *words = shlex.split(line)
    known = {option for each in cli.commands[name].params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= {"--help", *known}
