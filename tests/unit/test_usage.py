"""Options that go against each other are refused, not left out of account."""

from __future__ import annotations

import click
import pytest

from sparkify.cli import cli, main
from sparkify.config import ENGINES, LOG_FORMATS
from sparkify.watch.units import KINDS


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("run --dry-run --full-refresh", "--dry-run"),
        ("run --format json", "--format"),
        ("run --since 2018-11-13 --until 2018-11-13", "later than --since"),
        ("create-tables --engine redshift", "--print"),
    ],
)
def test_options_that_do_not_agree(
    words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and the option is named."""
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "option", "known"),
    [
        ("create-tables", "engine", ENGINES),
        ("run", "log_format", LOG_FORMATS),
        ("schedule print", "kind", KINDS),
    ],
)
def test_choices_are_those_there_are(
    words: str, option: str, known: tuple[str, ...]
) -> None:
    """Commands list them without importing who knows them."""
    command: click.Command = cli
    for word in words.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    [found] = [each for each in command.params if each.name == option]
    assert isinstance(found.type, click.Choice)
    assert set(found.type.choices) == set(known)
