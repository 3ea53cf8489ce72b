"""Which tables a statement names, and whose they are."""

from __future__ import annotations

from sqlglot import exp

_SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}
_SYSTEM_PREFIXES = ("pg_", "stl_", "stv_", "svl_", "svv_", "sys_", "svcs_")


def is_system_table(table: exp.Table) -> bool:
    """Say whether a name is one of Redshift's own tables or views."""
    if table.db:
        return table.db.lower() in _SYSTEM_SCHEMAS
    return table.name.lower().startswith(_SYSTEM_PREFIXES)


def named_tables(tree: exp.Expr) -> list[exp.Table]:
    """Return the tables that a statement names, CTEs left out."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier)
        and not (table.name in ctes and not table.db)
    ]


def user_tables(tree: exp.Expr) -> list[exp.Table]:
    """Return the tables of users that a statement names."""
    return [table for table in named_tables(tree) if not is_system_table(table)]
