"""Writes sparkify/observe/columns.json: from which columns each column is made.

Found in the SQL, through the work tables, so that a run needs no parser of SQL to tell
it to OpenLineage. Run by `make docs`; a test says when the file is not current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from sparkify.models import Models, Table, load_models

TARGET = Path(__file__).parents[1] / "sparkify" / "observe" / "columns.json"

Column = tuple[str, str]
"""A table and one of its columns. A table that does not stay is of `work`."""

Origins = dict[str, dict[str, list[Column]]]
"""By table that stays and column, the columns that its values come from."""


@dataclass
class _Finder:
    """What is known of the columns, as one statement after the other is read."""

    schema: dict[str, dict[str, dict[str, str]]]
    origins: dict[Column, set[Column]] = field(default_factory=dict)

    def read(self, sql: str) -> None:
        """Take in what a statement makes columns of."""
        tree = sqlglot.parse_one(sql, read="postgres")
        for target, columns, select in _made(tree):
            schema, outputs = target.db or "work", select.named_selects
            for name, output in zip(columns or outputs, outputs, strict=True):
                made = (f"{schema}.{target.name}", name)
                found = self.find(output, select)
                self.origins.setdefault(made, set()).update(found - {made})
                known = self.schema.setdefault(schema, {})
                known.setdefault(target.name, {}).setdefault(name, "text")

    def read_lookup(self, table: Table) -> None:
        """Take in a lookup: its rows are made in Python of the values that are new."""
        select = sqlglot.parse_one(table.new, read="postgres")
        assert isinstance(select, exp.Query)
        found = {name: self.find(name, select) for name in select.named_selects}
        for column in table.columns:
            if column.name != "rule_version":
                origins = found.get(column.name) or set().union(*found.values())
                self.origins[table.full_name, column.name] = origins

    def find(self, output: str, select: exp.Query) -> set[Column]:
        """The columns of tables that stay which a column of a select is made of."""
        self._qualify(select)
        tree = lineage(output, select.copy(), schema=self.schema, dialect="postgres")
        found: set[Column] = set()
        for node in tree.walk():
            if isinstance(node.source, exp.Table) and node.source.db:
                table = f"{node.source.db}.{node.source.name}"
                leaf = (table, node.name.rpartition(".")[2])
                found |= self.origins[leaf] if node.source.db == "work" else {leaf}
        return found

    def _qualify(self, select: exp.Query) -> None:
        """Give work tables a schema, so that a common table expression is none."""
        for table in select.find_all(exp.Table):
            if not table.db and table.name in self.schema.get("work", {}):
                table.set("db", exp.to_identifier("work"))


def _made(tree: exp.Expr) -> Iterator[tuple[exp.Table, list[str], exp.Query]]:
    """The table that a statement fills, which columns, and the select that does."""
    target = tree.find(exp.Table)
    assert target
    match tree:
        case exp.Create():
            yield target, [], tree.expression
        case exp.Insert():
            yield target, [each.name for each in tree.this.expressions], tree.expression
        case exp.Update():
            set_ = {each.this.name: each.expression for each in tree.expressions}
            select = exp.select(*(exp.alias_(v, k) for k, v in set_.items()))
            source = tree.args["from_"].this
            yield target, list(set_), select.from_(source).join(target, on="true")
        case _:
            assert isinstance(tree, exp.Delete), tree


def find_origins(models: Models) -> Origins:
    """By table of the star and column, the columns its values come from."""
    finder = _Finder({})
    for table in models.tables:
        columns = {column.name: column.type for column in table.columns}
        finder.schema.setdefault(table.schema, {})[table.name] = columns
    for table in models.transform:
        for sql in table.load:
            finder.read(sql)
        if table.new:
            finder.read_lookup(table)
    found: Origins = {}
    for (name, column), origins in sorted(finder.origins.items()):
        if not name.startswith("work.") and origins:
            found.setdefault(name, {})[column] = sorted(origins)
    return found


def written(origins: Origins) -> str:
    """The whole file: a line a column."""
    tables = []
    for table, columns in origins.items():
        lines = (f'  "{name}": {json.dumps(each)}' for name, each in columns.items())
        tables.append(f' "{table}": {{\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(tables) + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(written(find_origins(load_models())), "utf-8")
