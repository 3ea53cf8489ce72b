"""The docs say what is so."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from sparkify import errors
from sparkify.cli import cli
from sparkify.config import OPTIONS
from sparkify.models import load_models

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
README = (ROOT / "README.md").read_text("utf-8")
EXIT_CODES = {0, 1, 2, 3, 130}

_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(
    r"(?:\.ci|bench|docs|sample|sparkify|tests)/[\w./*-]*|\w+\.(?:py|cfg|toml|md)"
)


def _text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def _prose(page: str) -> str:
    """A page without what stands in fences."""
    return _FENCE.sub("", _text(page))


def _anchors(page: Path) -> set[str]:
    """What a link may name after #, as GitHub makes it of headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def _commands() -> Mapping[str, click.Command]:
    return cli.commands


def _lines_of_shell() -> Iterator[str]:
    """The commands of README: what is typed, in fences of sh and after $ in text."""
    for language, body in _FENCE.findall(README):
        for line in body.splitlines():
            if language == "sh":
                yield line.split("#")[0].strip()
            elif line.startswith("$ "):
                yield line[2:]


def test_schema_page_is_current() -> None:
    """docs/schema.md is what `make docs` writes."""
    make = runpy.run_path(str(ROOT / "docs" / "make_schema.py"))
    current = _text("docs/schema.md") == make["document"]()
    assert current, "docs/schema.md is not current: run `make docs`"


def test_page_of_metrics_is_current() -> None:
    """docs/metrics.md is what `make docs` writes."""
    make = runpy.run_path(str(ROOT / "docs" / "make_metrics.py"))
    current = _text("docs/metrics.md") == make["document"]()
    assert current, "docs/metrics.md is not current: run `make docs`"


def test_schema_page_has_every_table_and_check() -> None:
    """Each table, column and check stands on the page."""
    page = _text("docs/schema.md")
    for table in load_models().tables:
        assert f"### {table.full_name}\n" in page
        assert all(f"| `{column.name}` |" in page for column in table.columns)
        assert all(f"| `{check.name}` |" in page for check in table.checks)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Each link within the project names a file, and a heading that is there."""
    for target in _LINK.findall(_prose(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        place = (ROOT / page).parent / name if name else ROOT / page
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), target


@pytest.mark.parametrize("page", PAGES)
def test_places_in_code_exist(page: str) -> None:
    """A path within the project that a page names in code is there."""
    for code in _CODE.findall(_prose(page)):
        if _PLACE.fullmatch(code) and "*" not in code:
            name = code.rstrip("/")
            found = (ROOT / name).exists() or any(ROOT.glob(f"sparkify/**/{name}"))
            assert found, code


@pytest.mark.parametrize("page", PAGES)
def test_page_names_no_machine(page: str) -> None:
    """No path of somebody's machine stands in the docs."""
    assert not re.search(r"(?<!\w)/(home|root|tmp|work|Users)/", _text(page))


@pytest.mark.parametrize("line", list(_lines_of_shell()))
def test_command_of_readme_is_one(line: str) -> None:
    """A command line of README has a target, script or command, and known options."""
    first, *rest = shlex.split(line)
    if first == "make":
        targets = re.findall(r"^([a-z0-9-]+):", _text("Makefile"), re.MULTILINE)
        assert set(rest) <= set(targets)
    elif first == "python":
        assert [(ROOT / name).is_file() for name in rest] == [True]
    else:
        assert first == "sparkify"
        command = _commands()[rest[0]]
        known = {name for option in command.params for name in option.opts}
        assert {word for word in rest if word.startswith("-")} <= known


def test_readme_shows_both_commands() -> None:
    """A newcomer needs two commands, and sees what they print."""
    assert {"make run", "make test"} <= set(_lines_of_shell())
    assert re.search(r"^\d+ passed", README, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(_commands()))
def test_command_has_help_and_an_example(name: str) -> None:
    """A command says in a sentence what it does; help or README shows how."""
    command = _commands()[name]
    assert command.help
    assert re.match(r"[A-Z].*[.;:]", command.help, re.DOTALL)
    taught = "\n".join([cli.epilog or "", command.help, README])
    assert re.search(rf"^.*\bsparkify {name}\b", taught, re.MULTILINE)


def _errors() -> set[type[errors.SparkifyError]]:
    """The errors that are raised: the leaves of the tree."""
    found: set[type[errors.SparkifyError]] = set()
    queue = [errors.SparkifyError]
    while queue:
        error = queue.pop()
        queue += error.__subclasses__()
        if error.__module__ == errors.__name__:
            found.add(error)
    families = {
        errors.SparkifyError,
        errors.DataRefused,
        errors.PermanentError,
        errors.TransientError,
    }
    return found - families


def _exits() -> dict[int, set[str]]:
    """The table of exit codes in README: the errors of each."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \|([^|]*)\|$", README, re.MULTILINE)
    return {int(code): set(_CODE.findall(names)) for code, names in rows}


def test_exit_codes_of_readme_are_those_of_the_errors() -> None:
    """Each error stands in README beside its exit code, and no other does."""
    wanted: dict[int, set[str]] = {code: set() for code in EXIT_CODES}
    for error in _errors():
        wanted[error.exit_code].add(error.__name__)
    assert _exits() == wanted


def test_invariants_are_proved_where_it_is_said() -> None:
    """Each invariant of ARCHITECTURE.md that tests prove is named by them, and back."""
    told = dict(
        re.findall(r"^\| (I\d+) \|.*\| (.*) \|$", _text("ARCHITECTURE.md"), re.M)
    )
    named: dict[str, set[str]] = {}
    for test in (ROOT / "tests").rglob("*.py"):
        for code in re.findall(r"\bI\d+\b", test.read_text("utf-8")):
            named.setdefault(code, set()).add(test.relative_to(ROOT).as_posix())
    assert set(named) == {code for code, by in told.items() if "tests/" in by}
    for code, by in told.items():
        for place in re.findall(r"\]\((tests/[^)]*)\)", by):
            assert any(name.startswith(place) for name in named[code]), code


def test_exit_codes_of_help_are_those_of_readme() -> None:
    """`sparkify --help` tells the same codes."""
    told = re.search(r"Exit codes:(.*)", cli.epilog or "", re.DOTALL)
    assert told
    assert {int(code) for code in re.findall(r"\b\d+\b", told[1])} == EXIT_CODES


def test_tree_of_errors_is_drawn() -> None:
    """The picture at the top of errors.py has every error."""
    assert errors.__doc__
    drawn = set(re.findall(r"\b[A-Z]\w+(?= |$)", errors.__doc__, re.MULTILINE))
    assert {error.__name__ for error in _errors()} <= drawn


def test_options_of_readme_exist() -> None:
    """The dwh.cfg that README shows has options that are known."""
    [shown] = [body for language, body in _FENCE.findall(README) if language == "ini"]
    section = ""
    known = {(option.section, option.name) for option in OPTIONS}
    for line in filter(None, shown.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        else:
            assert (section, line.split("=")[0].strip()) in known


def test_ci_run_is_executable() -> None:
    """`.ci/run` can be run as it is."""
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_variables_of_readme_exist() -> None:
    """A variable that README sets overrides an option."""
    known = {option.variable for option in OPTIONS}
    named = set(re.findall(r"\bSPARKIFY_[A-Z_]+[A-Z]\b", README))
    assert named <= known, json.dumps(sorted(named - known))


def test_each_option_is_told() -> None:
    """The page of the configuration has every option, below its section."""
    sections = _text("docs/configuration.md").split("\n## ")[1:]
    for option in OPTIONS:
        told = [each for each in sections if f"[{option.section}]" in each[:30]]
        assert f"`{option.name}`" in "".join(told), option
