"""The shapes of correlated subquery that Redshift cannot decorrelate, and refuses.

Only a qualified column tells that it belongs to an outer query: whose an unqualified
one is, the catalogue knows and the text does not.
"""

from __future__ import annotations

from sqlglot import exp

from redshift_server.errors import RedshiftError
from redshift_server.functions import AGGREGATES
from redshift_server.tables import is_system_table

_QUERIES = (exp.Select, exp.Update, exp.Delete, exp.Merge)


def check(select: exp.Select) -> None:
    """Refuse a query that holds, or is, such a subquery."""
    for key in _group_keys(select):
        if any(_outer_columns(inner) for inner in key.find_all(exp.Select)):
            raise _refusal("its result is a column of GROUP BY")
    outer = _outer_columns(select)
    if not outer or select.find_ancestor(*_QUERIES) is None:
        return
    if select.args.get("limit") is not None or select.args.get("offset") is not None:
        raise _refusal("it has LIMIT or OFFSET")
    if any(window.parent_select is select for window in select.find_all(exp.Window)):
        raise _refusal("it has a window function")
    beyond = _names_beyond(select)
    if any(column.table in beyond for column in outer):
        raise _refusal("it refers to a query further out than the next")
    if _in_outer_join(select):
        raise _refusal("it stands in the ON clause of an outer join")
    membership = _membership(select)
    if membership is not None:
        _check_membership(select, negated=isinstance(membership.parent, exp.Not))


def _check_membership(select: exp.Select, *, negated: bool) -> None:
    """Look at a correlated subquery under IN."""
    if negated and any(map(is_system_table, select.find_all(exp.Table))):
        raise _refusal("it is under NOT IN and reads a system table")
    if select.args.get("group") is not None and any(
        str(call.this).lower() in AGGREGATES - {"min", "max"}
        for item in select.expressions
        for call in item.find_all(exp.Anonymous)
    ):
        raise _refusal("it is under IN and has GROUP BY and an aggregate")


def _group_keys(select: exp.Select) -> list[exp.Expr]:
    """Return the terms of GROUP BY, names and positions resolved."""
    group = select.args.get("group")
    items = select.expressions
    by_name = {item.alias: item for item in items if isinstance(item, exp.Alias)}
    keys: list[exp.Expr] = []
    for key in group.expressions if group is not None else ():
        if isinstance(key, exp.Column) and not key.table and key.name in by_name:
            keys.append(by_name[key.name])
        elif isinstance(key, exp.Literal) and key.is_int:
            keys += items[int(key.this) - 1 : int(key.this)]
        else:
            keys.append(key)
    return keys


def _outer_columns(select: exp.Select) -> list[exp.Column]:
    """Return the columns that belong to none of the subquery's own tables."""
    inner = {table.alias_or_name for table in select.find_all(exp.Table)}
    inner |= {sub.alias for sub in select.find_all(exp.Subquery) if sub.alias}
    return [
        column
        for column in select.find_all(exp.Column)
        if column.table and column.table not in inner
    ]


def _names_beyond(select: exp.Select) -> set[str]:
    """Return the names that only queries beyond the next enclosing one know."""
    enclosing = []
    query = select.find_ancestor(*_QUERIES)
    while query is not None:
        enclosing.append(_names(query))
        query = query.find_ancestor(*_QUERIES)
    nearest, *others = enclosing
    return set[str]().union(*others) - nearest


def _names(query: exp.Expr) -> set[str]:
    """Return the names of what a query reads from."""
    if isinstance(query, exp.Select):
        clauses = [query.args.get("from_"), *(query.args.get("joins") or ())]
        return {clause.this.alias_or_name for clause in clauses if clause is not None}
    return {table.alias_or_name for table in query.find_all(exp.Table)}


def _in_outer_join(select: exp.Select) -> bool:
    join = select.find_ancestor(exp.Join, *_QUERIES)
    return isinstance(join, exp.Join) and bool(join.side)


def _membership(select: exp.Select) -> exp.In | None:
    parent = select.parent
    while isinstance(parent, exp.Subquery):
        parent = parent.parent
    return parent if isinstance(parent, exp.In) else None


def _refusal(why: str) -> RedshiftError:
    return RedshiftError(
        "0A000",
        "This type of correlated subquery pattern is not supported yet",
        hint=f"redshift_server: {why}.",
    )
