"""Dependencies point one way, and some things are done in one place only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sparkify.config import ENGINES
from sparkify.models import load_models, without_comments

ROOT = Path(__file__).parents[2]
SCRIPTS = ("create_tables.py", "etl.py")
PACKAGE = ROOT / "sparkify"

# A part may import from those of later lines, and from itself.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("dashboard",),
    ("report", "simulate"),
    ("watch",),
    ("pipeline", "plan", "metrics", "observe"),
    ("ledger", "checks", "gates", "lookups", "schema", "steps"),
    ("engines",),
    ("sources",),
    ("models", "config"),
    ("errors", "events", "garbage", "runbook"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# What is done in one place only, by part; the reason stands where there are several.
PRINTS = {"cli", "report"}  # a report prints its results
EXITS = {"cli"}
READS_ENVIRONMENT = {"config"}
OPENS_TRANSACTIONS = {"pipeline", "schema"}  # creating tables is one, without a load
STATES_TRANSACTIONS = {"engines"}

# What gives an engine: an object of it, or its class.
MAKERS = {"sparkify.engines.make_engine", "sparkify.engines.engine_class"}

MODULES = sorted(PACKAGE.rglob("*.py"))
STAR = [table for table in load_models().tables if table.schema != "work"]


def _part(path: Path) -> str:
    """The module right below the package, such as `engines` or `cli`."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _imports(path: Path) -> Iterator[str]:
    """Full names of the modules and names that a module imports."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _own_parts(path: Path) -> set[str]:
    """The parts of the package that a module imports."""
    names = (name.split(".") for name in _imports(path))
    found = {name[1] for name in names if name[0] == "sparkify" and len(name) > 1}
    return found - {"__version__"}


def _names(path: Path) -> Iterator[str]:
    """Every name that a module reads or calls, with its attributes: `os.environ`."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node)


def _texts(path: Path) -> Iterator[str]:
    """Every text of a module but its docstrings."""
    tree = _tree(path)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docs:
            yield ast.literal_eval(node)


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_imports_go_one_way(path: Path) -> None:
    """A module imports from the layers below its own, or from its own part."""
    part = _part(path)
    if part == "__init__":
        assert not _own_parts(path)
        return
    assert part in RANK, f"say in LAYERS where {part} stands"
    above = {
        other
        for other in _own_parts(path)
        if other != part and RANK[other] <= RANK[part]
    }
    assert not above, f"{part} imports {above}"


def test_simulate_stands_alone() -> None:
    """What makes data knows nothing of what loads it."""
    for path in (PACKAGE / "simulate").glob("*.py"):
        assert _own_parts(path) <= {"simulate"}, path


def test_scripts_call_the_command_alone() -> None:
    """The scripts at the root are thin."""
    for name in SCRIPTS:
        assert _own_parts(ROOT / name) == {"cli"}


def test_rules_of_the_core_know_engines_by_their_contract() -> None:
    """Outside of engines/, a module knows the contract and the maker, no product.

    What writes files is none: it knows rows alone.
    """
    for path in MODULES:
        if _part(path) != "engines":
            known = {name for name in _imports(path) if name.startswith("sparkify.eng")}
            assert all(
                name.startswith(("sparkify.engines.base.", "sparkify.engines.files."))
                or name in MAKERS
                for name in known
            ), path


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_one_place_for_each(path: Path) -> None:
    """Only some parts print, exit, read the environment, or open a transaction."""
    part = _part(path)
    names = set(_names(path))
    last = {name.rsplit(".", 1)[-1] for name in names}
    if part not in PRINTS:
        assert not names & {"print", "click.echo", "sys.stdout", "sys.stderr"}
    if part not in EXITS:
        assert not names & {"sys.exit", "os._exit", "SystemExit", "exit", "quit"}
    if part not in READS_ENVIRONMENT:
        assert not names & {"os.environ", "os.environb", "os.getenv"}
    if part not in OPENS_TRANSACTIONS | STATES_TRANSACTIONS:
        assert "transaction" not in last
    if part not in STATES_TRANSACTIONS:
        statements = (text.lower().split(maxsplit=1)[:1] for text in _texts(path))
        assert not any(
            first in (["begin"], ["commit"], ["rollback"]) for first in statements
        )


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("engines/*.py")), ids=_id)
def test_engines_name_no_table(path: Path) -> None:
    """An engine is handed its tables, and names none."""
    names = "|".join(table.name for table in STAR)
    table = re.compile(
        rf"\b(analytics|staging|control)\b|\b(from|into|join|update|table) ({names})\b",
        re.IGNORECASE,
    )
    assert not [text for text in _texts(path) if table.search(text)]


def test_sql_names_no_engine() -> None:
    """No statement says for which engine it is; a comment may say why it is so."""
    for path in PACKAGE.glob("sql/**/*.sql"):
        statements = without_comments(path.read_text("utf-8")).lower()
        assert not [name for name in ENGINES if name in statements], path
