"""Options that go against each other are refused, not left out of account."""

from __future__ import annotations

import pytest

from sparkify.cli import main


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
