"""The documentation says what the tables say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import rules
from steps_refused import REFUSALS
from test_steps import STEPS

ROOT = Path(__file__).parents[1]


def test_rules_page_is_current() -> None:
    assert rules.PAGE.read_text() == rules.page(), "run: python tests/rules.py"


def test_every_rule_has_a_page() -> None:
    for step in [*STEPS, *REFUSALS]:
        assert step.page.endswith(".html"), step.name


def test_readme_example_runs(tmp_path: Path) -> None:
    """The first two Python blocks of the README are a conftest and a test."""
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    (tmp_path / "conftest.py").write_text(blocks[0])
    (tmp_path / "test_readme.py").write_text(blocks[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_fault_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for name in (
        "drop_connection",
        "fail",
        "serialization_failure",
        "delay",
        "expire_session",
    ):
        assert f"faults.{name}(" in text, name
